//! Having an address watched for an account: what pages and GraphQL share. Nobody watches another's address by naming it,
//! so users show by a signature that it is theirs; operators may name any.

use vigia_core::{AccountKind, Address, UserId, WatchTarget};
use vigia_store::{AccountSpec, ChallengePurpose, StoreError, WatchEntry};

use crate::reader::Reader;
use crate::wallet::{Asked, Domain, WalletRefusal, Wallets};
use crate::{SignIn, WebContext};

/// Personal accounts of one user that are offered to link addresses to (I-13).
const ACCOUNTS_MAX: u32 = 100;

/// An address that is watched for an account now.
pub(crate) struct Linked {
    pub(crate) address: Address,
    pub(crate) account: String,
    /// First checkpoint from which on it is watched; none where it was watched before.
    pub(crate) live_from: Option<u64>,
}

/// Why an address is not linked.
pub(crate) enum LinkRefusal {
    /// Who asks may not, or nobody may here; in words.
    Forbidden(&'static str),
    /// It is no personal account of theirs.
    NotOnesOwn,
    /// There is no such account; operators are told.
    NoAccount,
    /// Another account has it; in words for who asks.
    Taken(String),
    /// Too many signatures are being checked.
    Busy,
    /// What wallets are refused for.
    Wallet(WalletRefusal),
    Store(StoreError),
}

impl From<StoreError> for LinkRefusal {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<WalletRefusal> for LinkRefusal {
    fn from(refusal: WalletRefusal) -> Self {
        Self::Wallet(refusal)
    }
}

type Result<T> = std::result::Result<T, LinkRefusal>;

/// Links addresses for one reader, who may write.
pub(crate) struct Linking<'c> {
    web: &'c WebContext,
    domain: &'c Domain,
    reader: &'c Reader,
}

impl<'c> Linking<'c> {
    pub(crate) fn new(web: &'c WebContext, domain: &'c Domain, reader: &'c Reader) -> Self {
        Self {
            web,
            domain,
            reader,
        }
    }

    /// The personal accounts to which the reader may link an address with a wallet; none where no wallets are asked.
    pub(crate) async fn accounts(&self) -> std::result::Result<Vec<(String, String)>, StoreError> {
        match (self.wallets(), self.user(), &self.domain.0) {
            (Ok(wallets), Ok(user), Some(_)) if self.reader.may_write => {
                wallets.accounts(user, ACCOUNTS_MAX).await
            }
            _ => Ok(Vec::new()),
        }
    }

    /// A text for the address to sign, so that it may be watched for a personal account of the reader.
    pub(crate) async fn ask(&self, account: &str, address: Address) -> Result<Asked> {
        let (wallets, user) = (self.wallets()?, self.user()?);
        if !wallets.may_link(user, account).await? {
            return Err(LinkRefusal::NotOnesOwn);
        }
        let account = account.to_owned();
        let purpose = ChallengePurpose::Link { user, account };
        let asked = wallets.ask(self.web, self.domain, address, purpose).await;
        Ok(asked?)
    }

    /// Links an address that has signed what was asked, for the account it was asked for.
    pub(crate) async fn by_proof(
        &self,
        account: String,
        address: Address,
        nonce: &str,
        signature: String,
    ) -> Result<Linked> {
        let (wallets, user) = (self.wallets()?, self.user()?);
        let Some(_turn) = self.sign_in()?.turn().await else {
            return Err(LinkRefusal::Busy);
        };
        let shown = wallets.linked(self.web, self.domain, user, nonce, signature);
        if shown.await? != (address, account.clone()) {
            return Err(WalletRefusal::Wrong.into());
        }
        self.link(address, account).await
    }

    /// Links an address by naming it, to any account there is: for operators.
    pub(crate) async fn by_name(&self, account: String, address: Address) -> Result<Linked> {
        if !self.reader.principal.is_operator() {
            let why = "linking an address takes the proof that it is yours: sign the message of \
                       createAddressChallenge";
            return Err(LinkRefusal::Forbidden(why));
        }
        // No id has a zero byte, and Postgres takes none.
        let has_account = !account.contains('\0');
        if !has_account || self.web.store.account_find(&account).await?.is_none() {
            return Err(LinkRefusal::NoAccount);
        }
        self.link(address, account).await
    }

    async fn link(&self, address: Address, account: String) -> Result<Linked> {
        let entry = WatchEntry {
            target: WatchTarget::Address(address),
            // An account that is there keeps its kind, name and members.
            account: Some(AccountSpec {
                external_id: account.clone(),
                kind: AccountKind::Personal,
                display_name: String::new(),
                members: Vec::new(),
            }),
        };
        let receipt = self.web.store.watch_add(&[entry]).await?;
        if let Some(refused) = receipt.refused.first() {
            // Whose it is nobody else is told.
            let why = match self.reader.principal.is_operator() {
                true => refused.reason.clone(),
                false => "it is watched for another account".to_owned(),
            };
            return Err(LinkRefusal::Taken(why));
        }
        tracing::info!(%address, account, "address linked");
        Ok(Linked {
            address,
            account,
            live_from: (receipt.changed > 0).then_some(receipt.effective_from),
        })
    }

    fn sign_in(&self) -> Result<&'c SignIn> {
        let why = "nobody signs in here, so nothing shows whose an address is";
        let sign_in = self.web.authenticator.sign_in();
        sign_in.ok_or(LinkRefusal::Forbidden(why))
    }

    fn wallets(&self) -> Result<&'c Wallets> {
        let why = "wallets' signatures are not checked here";
        let wallets = self.sign_in()?.wallets();
        wallets.ok_or(LinkRefusal::Forbidden(why))
    }

    fn user(&self) -> Result<UserId> {
        let why = "only users have accounts of their own";
        let user = self.reader.principal.user();
        user.ok_or(LinkRefusal::Forbidden(why))
    }
}
