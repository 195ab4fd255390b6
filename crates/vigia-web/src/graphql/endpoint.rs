//! Endpoints of accounts: what their members let other systems be told. Operators manage them too.

use async_graphql::connection::Connection;
use async_graphql::{Context, Enum, InputObject, Json, Object, Result, SimpleObject};
use vigia_store::{DeliveryRow, EndpointRow};

use super::delivery::{Delivery, DeliveryState};
use super::error::{bad_input, forbidden, internal};
use super::loaders::{DeliveriesOf, DeliveryPage, read};
use super::page;
use super::query::{check_writer, reader, web};
use super::scalar::UInt53;
use crate::cursor;
use crate::event::event_value;
use crate::events::may_follow;
use crate::own_endpoints::{EndpointRefusal, EndpointWish, NO_KEEPER, OwnEndpoints};

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
        own(ctx).public_keys(&self.row).map_err(refused)
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
        let of = DeliveriesOf {
            endpoint: self.row.id,
            page: DeliveryPage {
                state: state.map(Into::into),
                before,
                limit: size + 1,
            },
        };
        let rows = read(ctx, of).await?.unwrap_or_default();
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

impl From<AccountEndpointInput> for EndpointWish {
    fn from(input: AccountEndpointInput) -> Self {
        Self {
            url: input.url,
            label: input.label,
            kinds: input.kinds,
            coins: input.coins,
            minimum_units: input.minimum_units,
            per_second: input.per_second,
        }
    }
}

/// The endpoints that the reader may manage.
fn own<'c>(ctx: &'c Context<'_>) -> OwnEndpoints<'c> {
    OwnEndpoints::new(web(ctx), &reader(ctx).principal)
}

/// What a client learns of a refusal.
fn refused(refusal: EndpointRefusal) -> async_graphql::Error {
    match refusal {
        EndpointRefusal::Store(error) => internal(error),
        EndpointRefusal::Wrong(wrong) => bad_input(wrong.argument, wrong.problem, &wrong.expected),
        EndpointRefusal::NoKeeper => forbidden(NO_KEEPER),
        EndpointRefusal::Keys => async_graphql::Error::new(
            "the keys of this endpoint cannot be used; the server's log says why",
        ),
    }
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
        let rows = own(ctx).list().await.map_err(internal)?.into_iter();
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
        let hmac = algorithm == Some(SigningAlgorithm::HmacSha256);
        let created = own(ctx).create(&account, input.into(), hmac).await;
        let (row, secret) = created.map_err(refused)?;
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
        let row = own(ctx).update(&name, input.into()).await;
        let row = row.map_err(refused)?;
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
        let hmac = algorithm == Some(SigningAlgorithm::HmacSha256);
        let own = own(ctx);
        own.keeper().map_err(refused)?;
        let row = own.find(&name).await.map_err(refused)?;
        let rotated = own.rotate(&row, hmac, drops_old).await;
        let (row, secret) = rotated.map_err(refused)?;
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
        let row = own(ctx).enable(&name, enabled).await;
        let row = row.map_err(refused)?;
        Ok(AccountEndpoint { row, secret: None })
    }

    /// Removes an endpoint: it is told nothing more, and its keys are forgotten.
    async fn remove_account_endpoint(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its name.")] name: String,
    ) -> Result<bool> {
        check_writer(ctx)?;
        own(ctx).remove(&name).await.map_err(refused)
    }

    /// Sends an endpoint an event `endpoint.test`, to find out whether it is reached; null where it is disabled.
    async fn test_account_endpoint(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its name.")] name: String,
    ) -> Result<Option<Delivery>> {
        check_writer(ctx)?;
        let Some(id) = own(ctx).test(&name).await.map_err(refused)? else {
            return Ok(None);
        };
        let store = &web(ctx).store;
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
        let replayed = own(ctx).replay(&name, (from.0, to.0), only_dead).await;
        replayed.map(UInt53).map_err(refused)
    }
}
