//! Devices, and what they are told: notifications become pushes as activities become deliveries, in order and once.

use async_trait::async_trait;
use vigia_core::{BundleSettings, DeliveryId, Locale, Platform, UserId};

use crate::{AttemptRow, DeliveryState, DeliveryStats, NotificationRow, Result};

/// Notifications that are turned into pushes at once (I-13).
pub const PUSHES_SEQUENCED_MAX: u32 = 500;
/// Active devices of a user; with one more the one registered longest ago is let go.
pub const DEVICES_MAX: u32 = 20;
/// Longest token of a device in bytes.
pub const DEVICE_TOKEN_BYTES_MAX: usize = 4_096;
/// Longest version of an application in bytes.
pub const APP_VERSION_BYTES_MAX: usize = 100;
/// Refused pushes in a row after which a device is told nothing more.
pub const DEVICE_FAILURES_MAX: u32 = 5;
/// Notifications of a bundle that a message is made of; the others are counted.
pub const BUNDLE_SHOWN_MAX: u32 = 100;

/// A device as its application registers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceSpec {
    /// Who brings pushes to it.
    pub platform: Platform,
    /// What the platform knows it by.
    pub token: String,
    /// Its language; the user's unless it says.
    pub locale: Option<Locale>,
    /// The application's version.
    pub app_version: String,
}

/// A device as kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceRow {
    /// Its key in this database.
    pub id: i64,
    /// Whose it is.
    pub user: UserId,
    /// What it is.
    pub spec: DeviceSpec,
    /// Whether it is told anything.
    pub is_active: bool,
    /// Why it is not.
    pub reason: Option<String>,
    /// Pushes in a row that the provider refused.
    pub failures: u32,
    /// When it was registered first.
    pub created_at_ms: u64,
    /// When it was registered last.
    pub registered_at_ms: u64,
    /// When a push arrived last.
    pub delivered_at_ms: Option<u64>,
}

/// A push as kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushRow {
    /// Its id for ever.
    pub id: DeliveryId,
    /// The device's key.
    pub device: i64,
    /// External id of the user.
    pub user: String,
    /// Who brings it.
    pub platform: Platform,
    /// Position of the notification.
    pub notification: i64,
    /// The first push of those it comes together with.
    pub bundle: DeliveryId,
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

/// How notifications become pushes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushSettings {
    /// When pushes come together.
    pub bundles: BundleSettings,
    /// Platforms that can be sent to; devices of others are told nothing.
    pub platforms: Vec<Platform>,
    /// What is older when it is looked at is not pushed at all: it stands in the inbox.
    pub age_ms_max: u64,
}

/// Pushes in the order in which they are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PushLane {
    /// As it happens.
    Live,
    /// To many, when there is room.
    Bulk,
}

impl PushLane {
    /// The number stored.
    pub(crate) fn number(self) -> i64 {
        match self {
            Self::Live => 0,
            Self::Bulk => 1,
        }
    }
}

/// One message that a worker has taken to send: pushes of one device that come together.
#[derive(Clone, Debug, PartialEq)]
pub struct ClaimedPush {
    /// Where to.
    pub device: DeviceRow,
    /// External id of its user.
    pub user: String,
    /// In which lane.
    pub lane: PushLane,
    /// In which language.
    pub locale: Locale,
    /// Whether it is to say no amounts.
    pub hides_amounts: bool,
    /// The first push of the bundle: messages with the same replace each other.
    pub bundle: DeliveryId,
    /// What is completed with it, each with its fence.
    pub pushes: Vec<(PushRow, i64)>,
    /// How many of them somebody had before who was lost.
    pub rescued: u32,
    /// What it tells of, what messages of the same bundle told before included, the oldest first: at most [`BUNDLE_SHOWN_MAX`].
    /// Empty where the user is not to be told any more.
    pub notifications: Vec<NotificationRow>,
    /// How many it tells of.
    pub count: u32,
}

/// What an attempt means for a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PushEnd {
    /// It arrived.
    Delivered,
    /// It is to be tried again at this time.
    Retry {
        /// Milliseconds since 1970.
        at_ms: u64,
    },
    /// It was tried often enough; that says nothing about the device.
    Dead,
    /// The provider refuses it: too many of these in a row, and the device is told nothing more.
    Refused,
    /// The provider says that the device is gone.
    Gone {
        /// Since when, where it says so: a device that was registered later is not the one.
        since_ms: Option<u64>,
    },
    /// There is nothing to be sent any more.
    Cancelled,
}

/// That a worker has tried a push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushCompletion {
    /// Which.
    pub id: DeliveryId,
    /// The device.
    pub device: i64,
    /// The fence under which it was taken.
    pub fence: i64,
    /// What came of it.
    pub end: PushEnd,
    /// The attempt; none where nothing was sent.
    pub attempt: Option<AttemptRow>,
}

/// Devices and pushes.
#[async_trait]
pub trait PushStore: Send + Sync {
    /// Registers a device of a user, or says again what it is and that it is there; returns it, and whether it is new.
    async fn device_register(&self, user: UserId, spec: &DeviceSpec) -> Result<(DeviceRow, bool)>;

    /// A user's devices, or everybody's above a key, in order of key, at most `limit`.
    async fn device_list(
        &self,
        user: Option<UserId>,
        after: i64,
        limit: u32,
    ) -> Result<Vec<DeviceRow>>;

    /// Tells a device nothing more; false where the user has no active device of this key. For any user's: `user` none.
    async fn device_remove(&self, user: Option<UserId>, id: i64, reason: &str) -> Result<bool>;

    /// Turns up to [`PUSHES_SEQUENCED_MAX`] notifications into pushes; returns how many notifications. Nothing while
    /// another process does.
    async fn push_sequence(&self, settings: &PushSettings) -> Result<u64>;

    /// Takes up to `limit` pushes of a lane whose time has come for `holder`, until `lease_ms` from now, as messages.
    async fn push_claim(
        &self,
        holder: &str,
        platform: Platform,
        lane: PushLane,
        limit: u32,
        lease_ms: u64,
    ) -> Result<Vec<ClaimedPush>>;

    /// Holds on to those of `ids` that `holder` has taken, for `lease_ms` from now.
    async fn push_renew(&self, holder: &str, ids: &[DeliveryId], lease_ms: u64) -> Result<u64>;

    /// Writes what came of attempts, and what they say about devices; returns how many counted.
    async fn push_complete(&self, completions: &[PushCompletion]) -> Result<u64>;

    /// When the next pending push is due, claimed or not.
    async fn push_next_due(&self) -> Result<Option<u64>>;

    /// Pushes in a state, or in any, newest first, time of making and id below `before`; at most `limit`.
    async fn push_page(
        &self,
        state: Option<DeliveryState>,
        before: Option<(u64, DeliveryId)>,
        limit: u32,
    ) -> Result<Vec<PushRow>>;

    /// A push with its last attempts.
    async fn push_find(&self, id: &DeliveryId) -> Result<Option<(PushRow, Vec<AttemptRow>)>>;

    /// Has a push sent again at once, whatever became of it; false where there is none.
    async fn push_retry(&self, id: &DeliveryId) -> Result<bool>;

    /// Says that a pending push is not to be sent; false where it is not pending.
    async fn push_cancel(&self, id: &DeliveryId) -> Result<bool>;

    /// How many pushes of each platform are in each state.
    async fn push_counts(&self) -> Result<Vec<(Platform, DeliveryState, u64)>>;

    /// How attempts over each platform went that began at `since_ms` or later, of the newest
    /// [`STATS_ATTEMPTS_MAX`](crate::STATS_ATTEMPTS_MAX).
    async fn push_stats(&self, since_ms: u64) -> Result<Vec<(Platform, DeliveryStats)>>;

    /// The last attempts of these pushes, where there were any.
    async fn push_last_attempts(&self, ids: &[DeliveryId])
    -> Result<Vec<(DeliveryId, AttemptRow)>>;

    /// How many active devices each platform has.
    async fn device_counts(&self) -> Result<Vec<(Platform, u64)>>;

    /// Removes pushes that ended before `before_ms`, with their attempts; at most `limit`. Returns how many.
    async fn push_prune(&self, before_ms: u64, limit: u32) -> Result<u64>;
}

impl PushRow {
    /// Whether it stands in for others.
    pub fn is_first(&self) -> bool {
        self.bundle == self.id
    }
}
