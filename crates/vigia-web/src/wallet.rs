//! Showing by a wallet's signature that an address is one's own: to sign in, or to have it watched.
//!
//! What is signed is a text that people can read (after EIP-4361), which names the site, the address, the chain, what it is
//! for and until when. It has a nonce that is good for one try. What is wrong with a try is not told apart, so that
//! nobody learns which addresses are somebody's.

mod message;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use vigia_core::{Address, ChainId, Clock, UserId};
use vigia_store::{ChallengePurpose, Login, StoreError, WalletChallenge, WalletStore};

use crate::WebContext;
use crate::credentials::{Secret, secret_hash};

/// How long a challenge is open: long enough to find one's wallet.
const CHALLENGE_LIFETIME: Duration = Duration::from_secs(5 * 60);

/// A signature to be checked.
#[derive(Clone, Debug)]
pub struct SignedMessage {
    /// The message.
    pub message: String,
    /// The signature as the wallet gave it: base64.
    pub signature: String,
    /// Whose it is to be.
    pub address: Address,
    /// The chain.
    pub chain: ChainId,
    /// The epoch, where it is known.
    pub epoch: Option<u64>,
}

/// Why a signature does not count.
#[derive(Debug, thiserror::Error)]
pub enum WalletError {
    /// It is not the address's over the message; why is for the log.
    #[error("the signature does not count: {0}")]
    Wrong(String),
    /// It is of a kind that cannot be checked here; why is for whoever signs.
    #[error("{0}")]
    Unavailable(String),
}

/// Checks what wallets sign.
#[async_trait]
pub trait WalletVerifier: Send + Sync {
    /// Whether the signature is the address's over the message; away from the threads that serve.
    async fn verify(&self, signed: SignedMessage) -> Result<(), WalletError>;
}

/// The name under which browsers reach this site; none where it is not known, and nothing can be signed for it.
#[derive(Clone, Debug)]
pub(crate) struct Domain(pub(crate) Option<String>);

/// What a wallet is to sign.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) message: String,
    pub(crate) nonce: String,
    pub(crate) expires_at_ms: u64,
}

impl Asked {
    /// As the scripts of pages read it.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::json!({
            "nonce": self.nonce,
            "message": self.message,
            "expiresAtMs": self.expires_at_ms,
        })
    }
}

/// Why nothing is shown.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WalletRefusal {
    /// Whatever is wrong with it.
    #[error("the signature, or what it signs, does not count: ask for a new challenge and sign it")]
    Wrong,
    /// Not here, or not now; in words.
    #[error("{0}")]
    Unavailable(String),
    /// The database failed.
    #[error("it could not be looked up")]
    Store(#[from] StoreError),
}

/// Asks for signatures, and takes them.
pub struct Wallets {
    store: Arc<dyn WalletStore>,
    verifier: Arc<dyn WalletVerifier>,
    clock: Arc<dyn Clock>,
}

impl Wallets {
    /// Keeps what was asked in `store`, and has `verifier` check what was signed.
    pub fn new(
        store: Arc<dyn WalletStore>,
        verifier: Arc<dyn WalletVerifier>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            store,
            verifier,
            clock,
        }
    }

    /// A text for `address` to sign.
    pub(crate) async fn ask(
        &self,
        web: &WebContext,
        domain: &Domain,
        address: Address,
        purpose: ChallengePurpose,
    ) -> Result<Asked, WalletRefusal> {
        let (domain, chain) = known(web, domain).await?;
        let nonce = Secret::generate("").map_err(|error| unavailable(&error.to_string()))?;
        let issued_at_ms = self.clock.now_ms();
        let challenge = WalletChallenge {
            address,
            domain,
            chain: message::chain_name(&chain),
            purpose,
            issued_at_ms,
            expires_at_ms: issued_at_ms.saturating_add(lifetime_ms()),
        };
        match self
            .store
            .challenge_begin(&nonce.hash(), &challenge)
            .await?
        {
            true => Ok(Asked {
                message: message::text(&challenge, nonce.expose()),
                nonce: nonce.expose().to_owned(),
                expires_at_ms: challenge.expires_at_ms,
            }),
            false => Err(unavailable(
                "too many challenges are open; try again in some minutes",
            )),
        }
    }

    /// The user who signs in, if they do.
    pub(crate) async fn signed_in(
        &self,
        web: &WebContext,
        domain: &Domain,
        nonce: &str,
        signature: String,
    ) -> Result<Login, WalletRefusal> {
        let is_asked = |purpose: &ChallengePurpose| *purpose == ChallengePurpose::SignIn;
        let shown = self.shown(web, domain, nonce, signature, is_asked).await?;
        let user = self.store.wallet_user(&shown.address).await?;
        user.ok_or(WalletRefusal::Wrong)
    }

    /// The address that a user has shown to be theirs, and the account it is for.
    pub(crate) async fn linked(
        &self,
        web: &WebContext,
        domain: &Domain,
        user: UserId,
        nonce: &str,
        signature: String,
    ) -> Result<(Address, String), WalletRefusal> {
        let is_asked = |purpose: &ChallengePurpose| matches!(purpose, ChallengePurpose::Link { user: asked, .. } if *asked == user);
        let shown = self.shown(web, domain, nonce, signature, is_asked).await?;
        match shown.purpose {
            // They may have lost the account since.
            ChallengePurpose::Link { account, .. }
                if self.store.wallet_account(user, &account).await? =>
            {
                Ok((shown.address, account))
            }
            _ => Err(WalletRefusal::Wrong),
        }
    }

    /// External id and name of the personal accounts that a user reads.
    pub(crate) async fn accounts(
        &self,
        user: UserId,
        limit: u32,
    ) -> Result<Vec<(String, String)>, StoreError> {
        self.store.wallet_account_list(user, limit).await
    }

    /// Whether an account is a personal one that a user reads.
    pub(crate) async fn may_link(&self, user: UserId, account: &str) -> Result<bool, StoreError> {
        self.store.wallet_account(user, account).await
    }

    /// What was asked, where it was signed. The nonce is gone whatever comes of it.
    async fn shown(
        &self,
        web: &WebContext,
        domain: &Domain,
        nonce: &str,
        signature: String,
        is_asked: impl FnOnce(&ChallengePurpose) -> bool + Send,
    ) -> Result<WalletChallenge, WalletRefusal> {
        let (domain, chain) = known(web, domain).await?;
        let taken = self.store.challenge_take(&secret_hash(nonce)).await?;
        let is_here = |challenge: &WalletChallenge| {
            challenge.domain == domain && challenge.chain == message::chain_name(&chain)
        };
        let challenge = taken.filter(is_here).ok_or(WalletRefusal::Wrong)?;
        if !is_asked(&challenge.purpose) {
            return Err(WalletRefusal::Wrong);
        }
        let epochs = self.store.epoch_list(1).await?;
        let signed = SignedMessage {
            message: message::text(&challenge, nonce),
            signature,
            address: challenge.address,
            chain,
            epoch: epochs.first().map(|epoch| epoch.epoch),
        };
        match self.verifier.verify(signed).await {
            Ok(()) => Ok(challenge),
            Err(WalletError::Unavailable(why)) => Err(unavailable(&why)),
            Err(WalletError::Wrong(why)) => {
                tracing::warn!(reason = %why, "a wallet's signature was refused");
                Err(WalletRefusal::Wrong)
            }
        }
    }
}

/// The name of this site and its chain, without which nothing can be signed for it.
async fn known(web: &WebContext, domain: &Domain) -> Result<(String, ChainId), WalletRefusal> {
    let Some(domain) = domain.0.clone() else {
        return Err(unavailable(
            "the name of this site is not known: its operator has to set web.domain",
        ));
    };
    let chain = web.store.chain().await?;
    let chain = chain.ok_or_else(|| unavailable("no chain has been followed yet"))?;
    Ok((domain, chain))
}

fn unavailable(why: &str) -> WalletRefusal {
    WalletRefusal::Unavailable(why.to_owned())
}

fn lifetime_ms() -> u64 {
    u64::try_from(CHALLENGE_LIFETIME.as_millis()).unwrap_or(u64::MAX)
}
