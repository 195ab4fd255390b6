//! Endpoints of accounts as those manage them who may: what pages and GraphQL share.

use std::sync::Arc;

use vigia_core::{AccountId, DeliveryId, Principal, parse_coin_type, type_text};
use vigia_store::{
    ACCOUNT_ENDPOINTS_MAX, AccountEndpoint, EndpointFilter, EndpointRow, EndpointSpec,
    EndpointState, StoreError,
};

use crate::{EndpointKeeper, EndpointKeys, WebContext};

/// Kinds, coins and other words of a filter (I-13).
const WORDS_MAX: usize = 100;
/// Longest label in bytes.
pub(crate) const LABEL_BYTES_MAX: usize = 100;
/// Deliveries that one replay sends again.
const REPLAY_MAX: u32 = 100_000;
/// Why accounts have no endpoints.
pub(crate) const NO_KEEPER: &str =
    "accounts have no endpoints here: the operator has to set delivery.secret_key_files";

/// What an endpoint of an account is to be.
pub(crate) struct EndpointWish {
    pub(crate) url: String,
    pub(crate) label: String,
    pub(crate) kinds: Vec<String>,
    pub(crate) coins: Vec<String>,
    pub(crate) minimum_units: Option<String>,
    pub(crate) per_second: Option<u32>,
}

/// What is wrong with what was given.
pub(crate) struct WrongWish {
    /// Of what, as GraphQL calls it.
    pub(crate) argument: &'static str,
    pub(crate) problem: String,
    /// What would be right.
    pub(crate) expected: String,
}

/// Why something about an endpoint is not done.
pub(crate) enum EndpointRefusal {
    Store(StoreError),
    Wrong(WrongWish),
    /// Accounts have no endpoints.
    NoKeeper,
    /// Its keys cannot be used; the log says why.
    Keys,
}

impl From<StoreError> for EndpointRefusal {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

type Result<T> = std::result::Result<T, EndpointRefusal>;

fn wrong<T>(argument: &'static str, problem: impl Into<String>, expected: &str) -> Result<T> {
    Err(EndpointRefusal::Wrong(WrongWish {
        argument,
        problem: problem.into(),
        expected: expected.to_owned(),
    }))
}

fn unusable(problem: String) -> EndpointRefusal {
    tracing::error!(problem, "keys of an endpoint cannot be used");
    EndpointRefusal::Keys
}

/// The endpoints that somebody may manage: operators those of all accounts, others those of the accounts whose webhooks are
/// theirs to manage. What they may not is as if it were not there.
pub(crate) struct OwnEndpoints<'c> {
    context: &'c WebContext,
    principal: &'c Principal,
}

impl<'c> OwnEndpoints<'c> {
    pub(crate) fn new(context: &'c WebContext, principal: &'c Principal) -> Self {
        Self { context, principal }
    }

    /// What makes keys.
    pub(crate) fn keeper(&self) -> Result<Arc<dyn EndpointKeeper>> {
        let keeper = self.context.endpoints.clone();
        keeper.ok_or(EndpointRefusal::NoKeeper)
    }

    /// Accounts whose endpoints these are, with their external ids; none for operators: all of them.
    pub(crate) async fn accounts(
        &self,
    ) -> std::result::Result<Option<Vec<(AccountId, String)>>, StoreError> {
        match self.principal.user() {
            Some(user) if !self.principal.is_operator() => {
                self.context.store.endpoint_owned(user).await.map(Some)
            }
            _ => Ok(None),
        }
    }

    /// All that are not removed, in the order in which they were made.
    pub(crate) async fn list(&self) -> std::result::Result<Vec<EndpointRow>, StoreError> {
        let accounts = self.accounts().await?;
        let mut rows = self.context.store.endpoint_list().await?;
        rows.retain(|row| {
            let Some((account, _)) = &row.account else {
                return false;
            };
            let of_theirs = |accounts: &Vec<(AccountId, String)>| {
                let mut accounts = accounts.iter();
                accounts.any(|(id, _)| id == account)
            };
            accounts.as_ref().is_none_or(of_theirs) && row.state != EndpointState::Removed
        });
        Ok(rows)
    }

    /// The one of this name.
    pub(crate) async fn find(&self, name: &str) -> Result<EndpointRow> {
        let mut rows = self.list().await?.into_iter();
        match rows.find(|row| row.spec.name == name) {
            Some(row) => Ok(row),
            None => {
                let problem = format!("there is no endpoint {name:?} of your accounts");
                wrong("name", problem, "a name from `accountEndpoints`")
            }
        }
    }

    /// What receivers of an endpoint verify with, the newest first.
    pub(crate) fn public_keys(&self, row: &EndpointRow) -> Result<Vec<String>> {
        let sealed = row.secrets.as_deref().unwrap_or_default();
        let public = self.keeper()?.public(&row.spec.name, sealed);
        public.map_err(unusable)
    }

    /// Makes one that is told of an account from now on; returns it with its secret, where the receiver needs that too.
    pub(crate) async fn create(
        &self,
        account: &str,
        wish: EndpointWish,
        hmac: bool,
    ) -> Result<(EndpointRow, Option<String>)> {
        let keeper = self.keeper()?;
        let id = self.account(account).await?;
        let name = keeper.name_new().map_err(unusable)?;
        let (spec, label) = spec_of(wish, name.clone(), &*keeper)?;
        let EndpointKeys { sealed, secret, .. } = keeper.keys_new(&name, hmac).map_err(unusable)?;
        let endpoint = AccountEndpoint {
            spec,
            account: id,
            label,
            secrets: sealed,
        };
        let created = self.context.store.endpoint_create(&endpoint).await?;
        if created.is_none() {
            let problem =
                format!("account {account:?} has {ACCOUNT_ENDPOINTS_MAX} endpoints already");
            return wrong("account", problem, "an account with fewer");
        }
        Ok((self.find(&name).await?, secret))
    }

    /// Changes one: all of it.
    pub(crate) async fn update(&self, name: &str, wish: EndpointWish) -> Result<EndpointRow> {
        self.find(name).await?;
        let (spec, label) = spec_of(wish, name.to_owned(), &*self.keeper()?)?;
        self.context.store.endpoint_update(&spec, &label).await?;
        self.find(name).await
    }

    /// Gives one a new key, or leaves it the newest alone; returns it with the new secret, where the receiver needs that too.
    pub(crate) async fn rotate(
        &self,
        row: &EndpointRow,
        hmac: bool,
        drops_old: bool,
    ) -> Result<(EndpointRow, Option<String>)> {
        let (keeper, name) = (self.keeper()?, &*row.spec.name);
        let before = row.secrets.as_deref().unwrap_or_default();
        let keys = keeper.keys_rotated(name, before, hmac, !drops_old);
        let keys = keys.map_err(unusable)?;
        let store = &self.context.store;
        if !store.endpoint_secrets(name, before, &keys.sealed).await? {
            let problem = "its keys were changed in this moment";
            return wrong("name", problem, "the same once more");
        }
        Ok((self.find(name).await?, keys.secret))
    }

    /// Enables or disables one.
    pub(crate) async fn enable(&self, name: &str, enabled: bool) -> Result<EndpointRow> {
        self.find(name).await?;
        self.context.store.endpoint_enable(name, enabled).await?;
        self.find(name).await
    }

    /// Removes one, with its keys.
    pub(crate) async fn remove(&self, name: &str) -> Result<bool> {
        self.find(name).await?;
        Ok(self.context.store.endpoint_remove(name).await?)
    }

    /// Sends one a test; none where it is disabled.
    pub(crate) async fn test(&self, name: &str) -> Result<Option<DeliveryId>> {
        self.find(name).await?;
        Ok(self.context.store.endpoint_test(name).await?)
    }

    /// Sends deliveries with these numbers again, or the dead among them alone; returns how many.
    pub(crate) async fn replay(
        &self,
        name: &str,
        (from, to): (u64, u64),
        only_dead: bool,
    ) -> Result<u64> {
        let row = self.find(name).await?;
        let store = &self.context.store;
        let replayed = store.delivery_replay(row.id, from, to, only_dead, REPLAY_MAX);
        Ok(replayed.await?)
    }

    async fn account(&self, external_id: &str) -> Result<AccountId> {
        let found = match self.accounts().await? {
            Some(accounts) => {
                let mut accounts = accounts.into_iter();
                let found = accounts.find(|(_, name)| name == external_id);
                found.map(|(id, _)| id)
            }
            // No id has a zero byte, and Postgres takes none.
            None if external_id.contains('\0') => None,
            None => self.context.store.account_find(external_id).await?,
        };
        match found {
            Some(id) => Ok(id),
            None => {
                let problem =
                    format!("there is no account {external_id:?} whose webhooks you may manage");
                let expected = "the application's key of one of your accounts";
                wrong("account", problem, expected)
            }
        }
    }
}

/// What is kept of a wish, and the label.
fn spec_of(
    wish: EndpointWish,
    name: String,
    keeper: &dyn EndpointKeeper,
) -> Result<(EndpointSpec, String)> {
    if wish.url.contains('\0') {
        return wrong("url", "it holds a zero byte", "an address without one");
    }
    if let Err(problem) = keeper.check_url(&wish.url) {
        return wrong("url", problem, "an https:// address on the public internet");
    }
    if wish.label.len() > LABEL_BYTES_MAX || wish.label.contains('\0') {
        let problem = format!("it has {} bytes", wish.label.len());
        return wrong("label", problem, "at most 100 bytes");
    }
    let is_short = |word: &String| (1..=200).contains(&word.len()) && !word.contains('\0');
    if wish.kinds.len() > WORDS_MAX || !wish.kinds.iter().all(is_short) {
        let problem = "there are too many, or one is too long";
        return wrong("kinds", problem, "at most 100 words");
    }
    let per_second_max = keeper.per_second_max();
    let per_second = wish.per_second.unwrap_or(per_second_max);
    if !(1..=per_second_max).contains(&per_second) {
        let expected = format!("1 to {per_second_max}");
        let problem = format!("{per_second} is not possible");
        return wrong("perSecond", problem, &expected);
    }
    let spec = EndpointSpec {
        name,
        url: wish.url,
        filter: EndpointFilter {
            kinds: wish.kinds,
            accounts: Vec::new(),
            coins: coins(&wish.coins)?,
            minimum_units: minimum_units(wish.minimum_units.as_deref())?,
        },
        per_second: Some(per_second),
    };
    Ok((spec, wish.label))
}

fn coins(coins: &[String]) -> Result<Vec<String>> {
    if coins.len() > WORDS_MAX {
        return wrong("coins", "there are too many", "at most 100 types");
    }
    let coins = coins.iter().map(|coin| match parse_coin_type(coin) {
        Ok(parsed) => Ok(type_text(&parsed)),
        Err(problem) => wrong("coins", problem.to_string(), "types such as 0x2::sui::SUI"),
    });
    coins.collect()
}

fn minimum_units(text: Option<&str>) -> Result<Option<u64>> {
    let Some(text) = text else { return Ok(None) };
    match text.parse() {
        Ok(units) => Ok(Some(units)),
        Err(_) => wrong("minimumUnits", format!("{text:?} is none"), "minor units"),
    }
}
