//! Showing by a signature that an address is one's own: what was asked to be signed, and whose an address is.

use async_trait::async_trait;
use vigia_core::{Address, UserId};

use crate::{EpochStore, Login, Result, SecretHash};

/// Most challenges that are open at once (I-13): anybody may ask for one.
pub const CHALLENGES_MAX: u32 = 5_000;

/// What a signature is to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChallengePurpose {
    /// Who signs in.
    SignIn,
    /// That a user may have an address watched for one of their accounts.
    Link {
        /// Who asks.
        user: UserId,
        /// External id of the account.
        account: String,
    },
}

/// What was asked to be signed, but for its nonce.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WalletChallenge {
    /// The address that is to sign.
    pub address: Address,
    /// The name of the site that asked.
    pub domain: String,
    /// The chain it was for, as the message names it.
    pub chain: String,
    /// What for.
    pub purpose: ChallengePurpose,
    /// When it was made.
    pub issued_at_ms: u64,
    /// When it ends.
    pub expires_at_ms: u64,
}

/// Challenges, each good for one try, and what an address is to whom.
#[async_trait]
pub trait WalletStore: EpochStore {
    /// Keeps a challenge under the hash of its nonce, and forgets those that have ended; false where
    /// [`CHALLENGES_MAX`] are open.
    async fn challenge_begin(
        &self,
        nonce_hash: &SecretHash,
        challenge: &WalletChallenge,
    ) -> Result<bool>;

    /// Takes a challenge that has not ended: whoever comes second finds none.
    async fn challenge_take(&self, nonce_hash: &SecretHash) -> Result<Option<WalletChallenge>>;

    /// The user whose personal account holds an address now. None where nobody's does, or where the account has
    /// several readers, so that it does not say which of them signs.
    async fn wallet_user(&self, address: &Address) -> Result<Option<Login>>;

    /// External id and name of the personal accounts that a user reads, at most `limit`, by external id.
    async fn wallet_account_list(&self, user: UserId, limit: u32) -> Result<Vec<(String, String)>>;

    /// Whether this is the external id of a personal account that a user reads.
    async fn wallet_account(&self, user: UserId, account: &str) -> Result<bool>;
}
