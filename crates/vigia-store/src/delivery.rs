//! Deliveries to endpoints: who is to be told of an activity, how often that was tried, and how it ended.
//!
//! The log of activities is the outbox: a commit writes nothing more. One transaction at a time turns activities, in
//! the order of their ids, into rows for each endpoint that wants them, numbers those without a gap, and remembers how far it is.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use vigia_core::{AccountId, DeliveryId, UserId};

use crate::{ActivityRevision, ActivityRow, DeliveryStats, Result};

/// Activities that are turned into deliveries at once (I-13).
pub const SEQUENCED_MAX: u32 = 500;
/// How long endpoints are kept in memory where nothing is known to have changed about them: processes of the version before do not
/// say so.
pub const ENDPOINTS_KEPT_MS: u64 = 10_000;
/// Endpoints of an account.
pub const ACCOUNT_ENDPOINTS_MAX: u32 = 10;
/// Attempts of a delivery that are shown.
pub const ATTEMPTS_MAX: u32 = 100;

/// Which activities an endpoint is told of; what is empty asks for nothing in particular.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EndpointFilter {
    /// Kinds of activities.
    pub kinds: Vec<String>,
    /// External ids of accounts.
    pub accounts: Vec<String>,
    /// Coin types in canonical form.
    pub coins: Vec<String>,
    /// The least amount in minor units; activities without an amount pass.
    pub minimum_units: Option<u64>,
}

impl EndpointFilter {
    /// Whether it lets an activity pass.
    pub fn passes(&self, row: &ActivityRow) -> bool {
        let activity = &row.activity;
        self.passes_parts(
            &row.account.external_id,
            &activity.kind,
            activity.coin_type.as_deref(),
            activity.amount,
        )
    }

    /// Whether it lets an activity of an account pass that a revision has as JSON.
    pub(crate) fn passes_json(&self, account: &str, activity: &Value) -> bool {
        let amount = activity["amount"].as_str();
        self.passes_parts(
            account,
            activity["kind"].as_str().unwrap_or_default(),
            activity["coinType"].as_str(),
            amount.and_then(|amount| amount.parse().ok()),
        )
    }

    fn passes_parts(
        &self,
        account: &str,
        kind: &str,
        coin_type: Option<&str>,
        amount: Option<i128>,
    ) -> bool {
        let wants = |wanted: &[String], has: Option<&str>| {
            wanted.is_empty() || has.is_some_and(|has| wanted.iter().any(|want| want == has))
        };
        let minimum = self.minimum_units.map_or(0, i128::from);
        wants(&self.kinds, Some(kind))
            && wants(&self.accounts, Some(account))
            && wants(&self.coins, coin_type)
            && amount.is_none_or(|amount| amount >= minimum)
    }
}

/// An endpoint as settings declare it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointSpec {
    /// Its name, by which it stays itself when its address changes.
    pub name: String,
    /// Where it is.
    pub url: String,
    /// What it is told of.
    pub filter: EndpointFilter,
    /// Attempts in a second, of all processes together, at most; none: as many as there are.
    pub per_second: Option<u32>,
}

/// An endpoint of an account, as its members make it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountEndpoint {
    /// What it is; its name is nobody else's.
    pub spec: EndpointSpec,
    /// Whose it is: it is told of nothing else.
    pub account: AccountId,
    /// What its owner calls it.
    pub label: String,
    /// Its signing keys, encrypted.
    pub secrets: String,
}

/// Whether an endpoint is told anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndpointState {
    /// It is.
    Enabled,
    /// It said that it is gone, or failed for too long. What happens meanwhile is kept for it.
    Disabled,
    /// No setting names it any more.
    Removed,
}

impl EndpointState {
    /// The word stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
            Self::Removed => "removed",
        }
    }
}

impl std::str::FromStr for EndpointState {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        match text {
            "enabled" => Ok(Self::Enabled),
            "disabled" => Ok(Self::Disabled),
            "removed" => Ok(Self::Removed),
            _ => Err(format!(
                "{text:?} is not a state of endpoints (enabled, disabled, removed)"
            )),
        }
    }
}

/// An endpoint as kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointRow {
    /// Its key in this database.
    pub id: i64,
    /// What it is.
    pub spec: EndpointSpec,
    /// Whether it is told anything.
    pub state: EndpointState,
    /// Why it is not, where it is not.
    pub reason: Option<String>,
    /// The number of its last delivery; they begin at 1 and have no gap.
    pub sequence: u64,
    /// Since when every attempt has failed, where the last one did.
    pub failing_since_ms: Option<u64>,
    /// The account whose it is, with its external id; none: the operator's.
    pub account: Option<(AccountId, String)>,
    /// What its owner calls it.
    pub label: String,
    /// Its signing keys, encrypted; none: they are in files.
    pub secrets: Option<String>,
    /// When it was made; 0 where nobody remembers.
    pub created_at_ms: u64,
}

/// What an endpoint is told of an activity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryKind {
    /// That it is there.
    Created,
    /// That it is not what it was said to be.
    Corrected,
    /// That it was none.
    Withdrawn,
    /// Nothing: somebody tries whether the endpoint is reached.
    Test,
}

impl DeliveryKind {
    /// The word stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Corrected => "corrected",
            Self::Withdrawn => "withdrawn",
            Self::Test => "test",
        }
    }
}

impl std::str::FromStr for DeliveryKind {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        match text {
            "created" => Ok(Self::Created),
            "corrected" => Ok(Self::Corrected),
            "withdrawn" => Ok(Self::Withdrawn),
            "test" => Ok(Self::Test),
            _ => Err(format!(
                "{text:?} is nothing that endpoints are told (created, corrected, withdrawn, test)"
            )),
        }
    }
}

/// How far a delivery is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeliveryState {
    /// It is to be tried, now or later.
    Pending,
    /// It arrived.
    Delivered,
    /// It was given up.
    Dead,
    /// Somebody said that it is not to be sent.
    Cancelled,
}

impl DeliveryState {
    /// The word stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Dead => "dead",
            Self::Cancelled => "cancelled",
        }
    }
}

impl std::str::FromStr for DeliveryState {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        match text {
            "pending" => Ok(Self::Pending),
            "delivered" => Ok(Self::Delivered),
            "dead" => Ok(Self::Dead),
            "cancelled" => Ok(Self::Cancelled),
            _ => Err(format!(
                "{text:?} is not a state of deliveries (pending, delivered, dead, cancelled)"
            )),
        }
    }
}

/// A delivery as kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryRow {
    /// Its id for ever.
    pub id: DeliveryId,
    /// The endpoint's key.
    pub endpoint: i64,
    /// Its number at the endpoint.
    pub sequence: u64,
    /// What it tells of the activity.
    pub kind: DeliveryKind,
    /// The activity it is about; 0 for a test.
    pub activity: i64,
    /// The correction it is about, where it is about one.
    pub revision: Option<i64>,
    /// How far it is.
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is to be tried next, where it is pending.
    pub due_at_ms: u64,
    /// When it was made.
    pub created_at_ms: u64,
    /// When it ended, where it did.
    pub finished_at_ms: Option<u64>,
}

/// What an endpoint is told.
#[derive(Clone, Debug, PartialEq)]
pub struct DeliveryEvent {
    /// The delivery.
    pub row: DeliveryRow,
    /// What it is about; none where a correction has withdrawn that.
    pub about: Option<ActivityRow>,
    /// The correction it is about.
    pub revision: Option<ActivityRevision>,
    /// Whether that was before its address was live: history, that nobody was notified of.
    pub is_historical: bool,
}

/// A delivery that a worker has taken to try.
#[derive(Clone, Debug, PartialEq)]
pub struct ClaimedDelivery {
    /// What is to be told, with the attempts before this one.
    pub event: DeliveryEvent,
    /// Counts who has taken it: completing needs the last one (I-9).
    pub fence: i64,
    /// Whether somebody had it before who was lost.
    pub is_rescued: bool,
}

/// What has not arrived over one channel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutboxBacklog {
    /// `webhook`, or a platform of pushes.
    pub channel: String,
    /// To be tried, now or later.
    pub pending: u64,
    /// Given up.
    pub dead: u64,
    /// When the first of those to be tried is due, in milliseconds since 1970.
    pub oldest_due_ms: Option<u64>,
}

/// One attempt, as kept and shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptRow {
    /// When it began, in milliseconds since 1970.
    pub started_at_ms: u64,
    /// How long it took.
    pub duration_ms: u64,
    /// The HTTP status, where an answer came.
    pub status: Option<u16>,
    /// What went wrong, in a word.
    pub error: Option<String>,
    /// How the answer began.
    pub response_head: String,
}

/// What an attempt means for its delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryEnd {
    /// It arrived.
    Delivered,
    /// It is to be tried again at this time.
    Retry {
        /// Milliseconds since 1970.
        at_ms: u64,
    },
    /// It is given up.
    Dead,
    /// It is given up, and its endpoint told nothing more: it says that it is gone.
    Gone,
    /// There is nothing to be sent any more.
    Cancelled,
}

/// That a worker has tried a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// Which.
    pub id: DeliveryId,
    /// The fence under which it was taken.
    pub fence: i64,
    /// What came of it.
    pub end: DeliveryEnd,
    /// The attempt; none where nothing was sent.
    pub attempt: Option<AttemptRow>,
}

/// What one step of making deliveries did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sequenced {
    /// Activities and corrections that were looked at.
    pub read: u64,
    /// Endpoints that have something to be told.
    pub endpoints: Vec<i64>,
}

/// Deliveries to endpoints.
#[async_trait]
pub trait DeliveryStore: Send + Sync {
    /// Makes the endpoints those that settings declare: new ones are told of what happens from now on, changed ones
    /// stay themselves, those named no longer are removed. One that was disabled is enabled where its address has changed.
    async fn endpoint_declare(&self, endpoints: &[EndpointSpec]) -> Result<()>;

    /// Makes an endpoint of an account, told of what happens from now on; returns its key, none where the account has
    /// [`ACCOUNT_ENDPOINTS_MAX`] already.
    async fn endpoint_create(&self, endpoint: &AccountEndpoint) -> Result<Option<i64>>;

    /// Changes an endpoint of an account; false where there is none of this name. At another address it begins anew.
    async fn endpoint_update(&self, spec: &EndpointSpec, label: &str) -> Result<bool>;

    /// Replaces an endpoint's keys where they are still `before`; false where they are not.
    async fn endpoint_secrets(&self, name: &str, before: &str, after: &str) -> Result<bool>;

    /// Removes an endpoint: it is told nothing more, and its keys are forgotten. False where there is none.
    async fn endpoint_remove(&self, name: &str) -> Result<bool>;

    /// Accounts whose endpoints a user may manage, with their external ids.
    async fn endpoint_owned(&self, user: UserId) -> Result<Vec<(AccountId, String)>>;

    /// The account with this external id.
    async fn account_find(&self, external_id: &str) -> Result<Option<AccountId>>;

    /// Has an endpoint told that this is a test; none where there is no enabled one of this name.
    async fn endpoint_test(&self, name: &str) -> Result<Option<DeliveryId>>;

    /// All endpoints, in order of key.
    async fn endpoint_list(&self) -> Result<Vec<EndpointRow>>;

    /// How often something about endpoints has changed: while it stays the same, what was listed does (but for numbers, and since
    /// when one fails).
    async fn endpoint_changes(&self) -> Result<u64>;

    /// Enables or disables an endpoint by its name; false where there is none.
    async fn endpoint_enable(&self, name: &str, enabled: bool) -> Result<bool>;

    /// Turns up to [`SEQUENCED_MAX`] activities, and as many corrections of them, into deliveries. Nothing while another
    /// process does.
    async fn delivery_sequence(&self) -> Result<Sequenced>;

    /// Up to where a log is turned into deliveries (`activity`) or pushes (`notification`).
    async fn delivery_position(&self, log: &str) -> Result<i64>;

    /// Takes deliveries whose time has come for `holder`, until `lease_ms` from now: at most `each_max` of each of these
    /// endpoints, where that is more than one as many again of what is sent again, and of a throttled one what all
    /// processes together may try now. Who gets fewer has no more that may be tried. Those of a worker that has not renewed in time are taken over.
    async fn delivery_claim(
        &self,
        holder: &str,
        endpoints: &[i64],
        each_max: u32,
        lease_ms: u64,
    ) -> Result<Vec<ClaimedDelivery>>;

    /// Holds on to those of `ids` that `holder` has taken, for `lease_ms` from now.
    async fn delivery_renew(&self, holder: &str, ids: &[DeliveryId], lease_ms: u64) -> Result<u64>;

    /// Writes what came of attempts. One under an old fence changes nothing but is kept among the attempts, since it was made.
    /// An endpoint whose every attempt has failed for `disable_after_ms` is disabled. Returns how many counted.
    async fn delivery_complete(
        &self,
        completions: &[Completion],
        disable_after_ms: u64,
    ) -> Result<u64>;

    /// When the next pending delivery is due, claimed or not; none where there is none.
    async fn delivery_next_due(&self) -> Result<Option<u64>>;

    /// Deliveries of an endpoint, or of all, in a state, or in any: the newest first, `sequence` of one endpoint or
    /// time of making below `before`; at most `limit`.
    async fn delivery_page(
        &self,
        endpoint: Option<i64>,
        state: Option<DeliveryState>,
        before: Option<(u64, DeliveryId)>,
        limit: u32,
    ) -> Result<Vec<DeliveryRow>>;

    /// The same of several endpoints at once: at most `each_max` of each, by endpoint.
    async fn delivery_heads(
        &self,
        endpoints: &[i64],
        state: Option<DeliveryState>,
        before: Option<(u64, DeliveryId)>,
        each_max: u32,
    ) -> Result<Vec<DeliveryRow>>;

    /// What an endpoint was told or is to be told, with a number above `after`: in order, at most `limit`. None where
    /// there is no endpoint of this name.
    async fn delivery_events(
        &self,
        endpoint: &str,
        after: u64,
        limit: u32,
    ) -> Result<Option<Vec<DeliveryEvent>>>;

    /// Removes deliveries that ended before `before_ms`, with their attempts; at most `limit`. Returns how many.
    async fn delivery_prune(&self, before_ms: u64, limit: u32) -> Result<u64>;

    /// A delivery with its attempts, the last [`ATTEMPTS_MAX`].
    async fn delivery_find(
        &self,
        id: &DeliveryId,
    ) -> Result<Option<(DeliveryRow, Vec<AttemptRow>)>>;

    /// Has a delivery sent again at once, whatever became of it; false where there is none.
    async fn delivery_retry(&self, id: &DeliveryId) -> Result<bool>;

    /// Has deliveries of an endpoint sent again that have ended, those with a number from `from` up to `to`, or the dead
    /// among them alone, at most `limit`: behind what happens meanwhile. Returns how many.
    async fn delivery_replay(
        &self,
        endpoint: i64,
        from: u64,
        to: u64,
        only_dead: bool,
        limit: u32,
    ) -> Result<u64>;

    /// Says that a pending delivery is not to be sent; false where it is not pending.
    async fn delivery_cancel(&self, id: &DeliveryId) -> Result<bool>;

    /// How many deliveries of each endpoint are in each state.
    async fn delivery_counts(&self) -> Result<Vec<(i64, DeliveryState, u64)>>;

    /// What has not arrived, by channel: `webhook`, and the platforms that there is something for.
    async fn outbox_backlog(&self) -> Result<Vec<OutboxBacklog>>;

    /// How attempts at each endpoint went that began at `since_ms` or later, of the newest
    /// [`STATS_ATTEMPTS_MAX`](crate::STATS_ATTEMPTS_MAX).
    async fn delivery_stats(&self, since_ms: u64) -> Result<Vec<(i64, DeliveryStats)>>;

    /// Deliveries in this order with what they are about and their last attempts.
    async fn delivery_details(
        &self,
        rows: Vec<DeliveryRow>,
    ) -> Result<Vec<(DeliveryEvent, Option<AttemptRow>)>>;
}
