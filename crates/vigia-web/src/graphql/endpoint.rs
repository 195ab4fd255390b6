//! Endpoints of accounts: what their members let other systems be told. Operators manage them too.

use std::sync::Arc;

use async_graphql::connection::Connection;
use async_graphql::{Context, Enum, InputObject, Json, Object, Result, SimpleObject};
use vigia_core::{AccountId, parse_coin_type, type_text};
use vigia_store::{
    ACCOUNT_ENDPOINTS_MAX, AccountEndpoint as NewEndpoint, DeliveryRow, EndpointFilter,
    EndpointRow, EndpointSpec,
};

use super::delivery::{Delivery, DeliveryState};
use super::error::{bad_input, forbidden, internal};
use super::page;
use super::query::{check_writer, reader, web};
use super::scalar::UInt53;
use crate::event::event_value;
use crate::events::may_follow;
use crate::{EndpointKeeper, EndpointKeys, cursor};

/// Kinds, coins and other words of a filter (I-13).
const WORDS_MAX: usize = 100;
/// Longest label in bytes.
const LABEL_BYTES_MAX: usize = 100;
/// Deliveries that one replay sends again.
const REPLAY_MAX: u32 = 100_000;

/// How webhooks are signed.
#[derive(Clone, Copy, Enum, Eq, PartialEq)]
enum SigningAlgorithm {
    /// `v1a`: receivers hold a public key, which cannot sign.
    Ed25519,
    /// `v1`: the receiver holds the same secret, for libraries that know nothing else.
    #[graphql(name = "HMAC_SHA256")]
    HmacSha256,
}

/// Whether an endpoint is told anything.
#[derive(Clone, Copy, Enum, Eq, PartialEq)]
#[graphql(name = "AccountEndpointState", remote = "vigia_store::EndpointState")]
enum State {
    /// It is.
    Enabled,
    /// It said that it is gone, failed for too long, or was disabled. What happens is kept for it.
    Disabled,
    /// It was removed.
    Removed,
}

/// An endpoint of an account, with a secret where one was made just now.
pub(super) struct AccountEndpoint {
    row: EndpointRow,
    secret: Option<String>,
}

/// A receiver of webhooks that is told of one account.
#[Object]
impl AccountEndpoint {
    /// Its name, for ever.
    async fn name(&self) -> &str {
        &self.row.spec.name
    }

    /// What its owner calls it.
    async fn label(&self) -> &str {
        &self.row.label
    }

    /// Where it is.
    async fn url(&self) -> &str {
        &self.row.spec.url
    }

    /// The application's key of the account.
    async fn account(&self) -> &str {
        self.row.account.as_ref().map_or("", |(_, name)| name)
    }

    /// Kinds of activities that it is told of; empty: all.
    async fn kinds(&self) -> &[String] {
        &self.row.spec.filter.kinds
    }

    /// Types of coins that it is told of; empty: all.
    async fn coins(&self) -> &[String] {
        &self.row.spec.filter.coins
    }

    /// The least amount in minor units.
    async fn minimum_units(&self) -> Option<String> {
        let minimum = self.row.spec.filter.minimum_units;
        minimum.map(|units| units.to_string())
    }

    /// Attempts in a second, at most.
    async fn per_second(&self) -> Option<u32> {
        self.row.spec.per_second
    }

    /// Whether it is told anything.
    async fn state(&self) -> State {
        self.row.state.into()
    }

    /// Why it is not.
    async fn reason(&self) -> Option<&String> {
        self.row.reason.as_ref()
    }

    /// The number of its last delivery; they begin at 1 and have no gap.
    async fn sequence(&self) -> UInt53 {
        UInt53(self.row.sequence)
    }

    /// Since when every attempt has failed, in milliseconds since 1970; null where the last one did not.
    async fn failing_since_ms(&self) -> Option<UInt53> {
        self.row.failing_since_ms.map(UInt53)
    }

    /// When it was made, in milliseconds since 1970.
    async fn created_at_ms(&self) -> UInt53 {
        UInt53(self.row.created_at_ms)
    }

    /// What receivers verify with (`whpk_`), the newest first; none where the secret is shared.
    async fn public_keys(&self, ctx: &Context<'_>) -> Result<Vec<String>> {
        let sealed = self.row.secrets.as_deref().unwrap_or_default();
        let public = keeper(ctx)?.public(&self.row.spec.name, sealed);
        public.map_err(unusable)
    }

    /// The secret of a new HMAC key: here and now, and never again.
    async fn secret(&self) -> Option<&String> {
        self.secret.as_ref()
    }

    /// What it was told or is to be told, newest first.
    #[graphql(complexity = "page::cost(first, child_complexity)")]
    async fn deliveries(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Page size, 1 to 100; 20 unless given.")] first: Option<i32>,
        #[graphql(desc = "Cursor of the last delivery of the page before.")] after: Option<String>,
        #[graphql(desc = "Only those in this state.")] state: Option<DeliveryState>,
    ) -> Result<Connection<String, Delivery>> {
        let size = page::size(first)?;
        let before = page::after(after.as_deref(), cursor::to_delivery)?;
        let (store, state) = (&web(ctx).store, state.map(Into::into));
        let rows = store.delivery_page(Some(self.row.id), state, before, size + 1);
        let rows = rows.await.map_err(internal)?;
        let cursor = |row: &DeliveryRow| cursor::of_delivery(row.created_at_ms, row.id);
        Ok(page::connection(rows, size, cursor, Delivery))
    }
}

/// What an endpoint of an account is to be.
#[derive(InputObject)]
struct AccountEndpointInput {
    /// Where it is: HTTPS on the public internet.
    url: String,
    /// What its owner calls it, at most 100 bytes.
    #[graphql(default)]
    label: String,
    /// Kinds of activities that it is told of; empty: all.
    #[graphql(default)]
    kinds: Vec<String>,
    /// Types of coins that it is told of; empty: all.
    #[graphql(default)]
    coins: Vec<String>,
    /// The least amount in minor units, as a decimal text.
    minimum_units: Option<String>,
    /// Attempts in a second at most; as many as the operator allows unless given.
    per_second: Option<u32>,
}

fn keeper(ctx: &Context<'_>) -> Result<Arc<dyn EndpointKeeper>> {
    let keeper = web(ctx).endpoints.clone();
    keeper.ok_or_else(|| {
        forbidden(
            "accounts have no endpoints here: the operator has to set delivery.secret_key_files",
        )
    })
}

fn unusable(problem: String) -> async_graphql::Error {
    tracing::error!(problem, "keys of an endpoint cannot be used");
    async_graphql::Error::new("the keys of this endpoint cannot be used; the server's log says why")
}

/// Accounts whose endpoints the reader may manage; none for operators: all of them.
async fn owned(ctx: &Context<'_>) -> Result<Option<Vec<(AccountId, String)>>> {
    let principal = &reader(ctx).principal;
    match principal.user() {
        Some(user) if !principal.is_operator() => {
            let owned = web(ctx).store.endpoint_owned(user).await;
            Ok(Some(owned.map_err(internal)?))
        }
        _ => Ok(None),
    }
}

/// Accounts' endpoints that the reader may manage.
async fn visible(ctx: &Context<'_>) -> Result<Vec<EndpointRow>> {
    let owned = owned(ctx).await?;
    let mut rows = web(ctx).store.endpoint_list().await.map_err(internal)?;
    rows.retain(|row| {
        let Some((account, _)) = &row.account else {
            return false;
        };
        let is_owned = owned.as_ref();
        let is_owned = is_owned.is_none_or(|owned| owned.iter().any(|(id, _)| id == account));
        is_owned && row.state != vigia_store::EndpointState::Removed
    });
    Ok(rows)
}

async fn find(ctx: &Context<'_>, name: &str) -> Result<EndpointRow> {
    let mut rows = visible(ctx).await?.into_iter();
    rows.find(|row| row.spec.name == name).ok_or_else(|| {
        let problem = format!("there is no endpoint {name:?} of your accounts");
        bad_input("name", problem, "a name from `accountEndpoints`")
    })
}

fn spec_of(
    input: AccountEndpointInput,
    name: String,
    keeper: &dyn EndpointKeeper,
) -> Result<(EndpointSpec, String)> {
    keeper.check_url(&input.url).map_err(|problem| {
        bad_input("url", problem, "an https:// address on the public internet")
    })?;
    if input.label.len() > LABEL_BYTES_MAX || input.label.contains('\0') {
        let problem = format!("it has {} bytes", input.label.len());
        return Err(bad_input("label", problem, "at most 100 bytes"));
    }
    let is_short = |word: &String| (1..=200).contains(&word.len()) && !word.contains('\0');
    if input.kinds.len() > WORDS_MAX || !input.kinds.iter().all(is_short) {
        return Err(bad_input(
            "kinds",
            "there are too many, or one is too long",
            "at most 100 words",
        ));
    }
    if input.coins.len() > WORDS_MAX {
        return Err(bad_input(
            "coins",
            "there are too many",
            "at most 100 types",
        ));
    }
    let coins = input.coins.iter().map(|coin| {
        let parsed = parse_coin_type(coin).map(|parsed| type_text(&parsed));
        parsed.map_err(|problem| bad_input("coins", problem, "types such as 0x2::sui::SUI"))
    });
    let coins = coins.collect::<Result<Vec<_>>>()?;
    let minimum_units = input.minimum_units.map(|text| {
        let parsed = text.parse();
        parsed.map_err(|_| bad_input("minimumUnits", format!("{text:?} is none"), "minor units"))
    });
    let per_second_max = keeper.per_second_max();
    let per_second = input.per_second.unwrap_or(per_second_max);
    if !(1..=per_second_max).contains(&per_second) {
        let expected = format!("1 to {per_second_max}");
        return Err(bad_input(
            "perSecond",
            format!("{per_second} is not possible"),
            &expected,
        ));
    }
    let spec = EndpointSpec {
        name,
        url: input.url,
        filter: EndpointFilter {
            kinds: input.kinds,
            accounts: Vec::new(),
            coins,
            minimum_units: minimum_units.transpose()?,
        },
        per_second: Some(per_second),
    };
    Ok((spec, input.label))
}

/// The part of queries about accounts' endpoints.
#[derive(Default)]
pub(crate) struct EndpointQueries;

/// What can be asked of accounts' endpoints.
#[Object]
impl EndpointQueries {
    /// Endpoints of the accounts whose webhooks the reader may manage (the permission `webhook`), in the order in
    /// which they were made; of operators all accounts'.
    #[graphql(complexity = "20 * child_complexity")]
    async fn account_endpoints(&self, ctx: &Context<'_>) -> Result<Vec<AccountEndpoint>> {
        let rows = visible(ctx).await?.into_iter();
        Ok(rows
            .map(|row| AccountEndpoint { row, secret: None })
            .collect())
    }

    /// Events of an endpoint with a number above `after`, in order, as `GET /v1/events` has them. For operators, and of
    /// endpoints of accounts for those who may manage them.
    #[graphql(complexity = "page::cost(first, child_complexity)")]
    async fn endpoint_events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its name.")] endpoint: String,
        #[graphql(desc = "The number of the last event that is known; 0 unless given.")]
        after: Option<UInt53>,
        #[graphql(desc = "How many, 1 to 100; 20 unless given.")] first: Option<i32>,
    ) -> Result<EndpointEvents> {
        let size = page::size(first)?;
        let (context, principal) = (web(ctx), &reader(ctx).principal);
        let may_follow = may_follow(context, principal, &endpoint).await;
        if !may_follow.map_err(internal)? {
            return Err(forbidden("this endpoint is not of your accounts"));
        }
        let after = after.map_or(0, |after| after.0);
        let found = context.store.delivery_events(&endpoint, after, size + 1);
        let mut found = found.await.map_err(internal)?.ok_or_else(|| {
            let problem = format!("there is no endpoint {endpoint:?}");
            bad_input("endpoint", problem, "the name of an endpoint")
        })?;
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let more = found.len() > size;
        found.truncate(size);
        Ok(EndpointEvents {
            last: UInt53(found.last().map_or(after, |event| event.row.sequence)),
            events: found.iter().map(event_value).map(Json).collect(),
            more,
        })
    }
}

/// What an endpoint was told or is to be told, for whoever catches up.
#[derive(SimpleObject)]
struct EndpointEvents {
    /// The bodies of its webhooks, in order: JSON by docs/schemas/activity-v1.json.
    events: Vec<Json<serde_json::Value>>,
    /// The number of the last of them: `after` of the next page.
    last: UInt53,
    /// Whether there are more.
    more: bool,
}

/// Mutations of accounts' endpoints.
#[derive(Default)]
pub(crate) struct EndpointMutation;

/// What can be changed of accounts' endpoints.
#[Object]
impl EndpointMutation {
    /// Makes an endpoint that is told of an account from now on. Takes the permission `webhook` for the account, or an
    /// operator.
    async fn create_account_endpoint(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The application's key of the account.")] account: String,
        #[graphql(desc = "What it is to be.")] input: AccountEndpointInput,
        #[graphql(desc = "How webhooks are signed; ed25519 unless given.")] algorithm: Option<
            SigningAlgorithm,
        >,
    ) -> Result<AccountEndpoint> {
        check_writer(ctx)?;
        let keeper = keeper(ctx)?;
        let id = account_of(ctx, &account).await?;
        let name = keeper.name_new().map_err(unusable)?;
        let (spec, label) = spec_of(input, name.clone(), &*keeper)?;
        let hmac = algorithm == Some(SigningAlgorithm::HmacSha256);
        let EndpointKeys { sealed, secret, .. } = keeper.keys_new(&name, hmac).map_err(unusable)?;
        let endpoint = NewEndpoint {
            spec,
            account: id,
            label,
            secrets: sealed,
        };
        let created = web(ctx).store.endpoint_create(&endpoint).await;
        if created.map_err(internal)?.is_none() {
            let problem =
                format!("account {account:?} has {ACCOUNT_ENDPOINTS_MAX} endpoints already");
            return Err(bad_input("account", problem, "an account with fewer"));
        }
        let row = find(ctx, &name).await?;
        Ok(AccountEndpoint { row, secret })
    }

    /// Changes an endpoint. At another address it is enabled again.
    async fn update_account_endpoint(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its name.")] name: String,
        #[graphql(desc = "What it is to be: all of it.")] input: AccountEndpointInput,
    ) -> Result<AccountEndpoint> {
        check_writer(ctx)?;
        find(ctx, &name).await?;
        let (spec, label) = spec_of(input, name.clone(), &*keeper(ctx)?)?;
        let updated = web(ctx).store.endpoint_update(&spec, &label).await;
        updated.map_err(internal)?;
        let row = find(ctx, &name).await?;
        Ok(AccountEndpoint { row, secret: None })
    }

    /// Makes a new key, with which the newest webhooks are signed beside the ones there are: up to four. Once receivers know
    /// it, the same with `dropsOld` leaves it alone.
    async fn rotate_account_endpoint_key(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its name.")] name: String,
        #[graphql(desc = "How it signs; ed25519 unless given.")] algorithm: Option<
            SigningAlgorithm,
        >,
        #[graphql(desc = "Makes none, and drops all but the newest.", default)] drops_old: bool,
    ) -> Result<AccountEndpoint> {
        check_writer(ctx)?;
        let keeper = keeper(ctx)?;
        let before = find(ctx, &name).await?.secrets.unwrap_or_default();
        let hmac = algorithm == Some(SigningAlgorithm::HmacSha256);
        let keys = keeper.keys_rotated(&name, &before, hmac, !drops_old);
        let keys = keys.map_err(unusable)?;
        let replaced = web(ctx)
            .store
            .endpoint_secrets(&name, &before, &keys.sealed);
        if !replaced.await.map_err(internal)? {
            let problem = "its keys were changed in this moment";
            return Err(bad_input("name", problem, "the same once more"));
        }
        let row = find(ctx, &name).await?;
        let secret = keys.secret;
        Ok(AccountEndpoint { row, secret })
    }

    /// Enables an endpoint, which is then told what happened meanwhile, or disables it.
    async fn set_account_endpoint_enabled(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its name.")] name: String,
        #[graphql(desc = "Whether it is to be told.")] enabled: bool,
    ) -> Result<AccountEndpoint> {
        check_writer(ctx)?;
        find(ctx, &name).await?;
        let set = web(ctx).store.endpoint_enable(&name, enabled).await;
        set.map_err(internal)?;
        let row = find(ctx, &name).await?;
        Ok(AccountEndpoint { row, secret: None })
    }

    /// Removes an endpoint: it is told nothing more, and its keys are forgotten.
    async fn remove_account_endpoint(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its name.")] name: String,
    ) -> Result<bool> {
        check_writer(ctx)?;
        find(ctx, &name).await?;
        let removed = web(ctx).store.endpoint_remove(&name).await;
        removed.map_err(internal)
    }

    /// Sends an endpoint an event `endpoint.test`, to find out whether it is reached; null where it is disabled.
    async fn test_account_endpoint(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its name.")] name: String,
    ) -> Result<Option<Delivery>> {
        check_writer(ctx)?;
        find(ctx, &name).await?;
        let store = &web(ctx).store;
        let Some(id) = store.endpoint_test(&name).await.map_err(internal)? else {
            return Ok(None);
        };
        let found = store.delivery_find(&id).await.map_err(internal)?;
        Ok(found.map(|(row, _)| Delivery(row)))
    }

    /// Sends deliveries of an endpoint again, behind what happens meanwhile, under the same ids: those with numbers
    /// `from` to `to` that have ended, or the dead among them alone. Returns how many, at most 100,000.
    async fn replay_account_endpoint(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its name.")] name: String,
        #[graphql(desc = "The first number.")] from: UInt53,
        #[graphql(desc = "The last number.")] to: UInt53,
        #[graphql(desc = "Only those that were given up.", default = true)] only_dead: bool,
    ) -> Result<UInt53> {
        check_writer(ctx)?;
        let row = find(ctx, &name).await?;
        let store = &web(ctx).store;
        let replayed = store.delivery_replay(row.id, from.0, to.0, only_dead, REPLAY_MAX);
        Ok(UInt53(replayed.await.map_err(internal)?))
    }
}

/// The key of an account whose endpoints the reader may manage.
async fn account_of(ctx: &Context<'_>, external_id: &str) -> Result<AccountId> {
    let unknown = || {
        let problem = format!("there is no account {external_id:?} whose webhooks you may manage");
        bad_input(
            "account",
            problem,
            "the application's key of one of your accounts",
        )
    };
    match owned(ctx).await? {
        Some(owned) => {
            let mut owned = owned.into_iter();
            let found = owned.find(|(_, name)| name == external_id);
            found.map(|(id, _)| id).ok_or_else(unknown)
        }
        None => {
            let found = web(ctx).store.account_find(external_id).await;
            found.map_err(internal)?.ok_or_else(unknown)
        }
    }
}
