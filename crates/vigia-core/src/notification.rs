//! Notifications: messages for people about activities.

use std::fmt;

use serde::{Deserialize, Serialize};
use sui_sdk_types::{Address, Digest, hash::Hasher};

use crate::{AccountId, Direction, Locale, Place, Slot, UserId};

/// Identifies a notification for ever: a function of (digest, account, slot) (I-10), and of the transaction's
/// place, which follows from the digest. The place comes first, so that ids are in the order of the chain: an index
/// of them grows at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NotificationId([u8; 16]);

impl NotificationId {
    /// The id of the notification about what transaction `digest`, at `place`, meant for `account` in `slot`: 6 bytes
    /// of the checkpoint, 2 of the index, 8 of a hash.
    pub fn of_activity(place: Place, digest: &Digest, account: AccountId, slot: &Slot) -> Self {
        let mut hasher = Hasher::new();
        // Domain separation: a later kind of cause must not collide with this one.
        hasher.update(b"vigia.notification.activity.v2\0");
        hasher.update(digest.inner());
        hasher.update(account.0.to_be_bytes());
        hasher.update(slot.to_string());
        let hash = hasher.finalize().into_inner();
        let mut id = [0; 16];
        id[..6].copy_from_slice(&place.checkpoint.to_be_bytes()[2..]);
        id[6..8].copy_from_slice(&place.index.to_be_bytes()[2..]);
        id[8..].copy_from_slice(&hash[..8]);
        Self(id)
    }

    /// The id of a notification that no transaction caused: a function of whom it is for and of a cause that never
    /// comes again (a sign-in, a broadcast). No place on the chain begins like it.
    pub fn of_cause(user: UserId, cause: &str) -> Self {
        let mut hasher = Hasher::new();
        hasher.update(b"vigia.notification.cause.v1\0");
        hasher.update(user.0.to_be_bytes());
        hasher.update(cause);
        let hash = hasher.finalize().into_inner();
        let mut id = [0xff; 16];
        id[1..].copy_from_slice(&hash[..15]);
        Self(id)
    }

    /// From the bytes stored.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes stored.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl std::str::FromStr for NotificationId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut bytes = [0; 16];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| {
            format!("{text:?} is not the id of a notification: expected 32 hexadecimal digits")
        })?;
        Ok(Self(bytes))
    }
}

impl fmt::Display for NotificationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// Identifies a delivery for ever: what it is about and where it goes (I-10).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeliveryId([u8; 16]);

impl DeliveryId {
    /// The id of telling endpoint `endpoint` of what a notification would be about: its first 8 bytes, the place on the
    /// chain, and 8 of a hash.
    pub fn to_endpoint(about: NotificationId, endpoint: i64) -> Self {
        Self::to(b"vigia.delivery.endpoint.v1\0", about, endpoint)
    }

    /// The id of telling device `device` of a notification.
    pub fn to_device(about: NotificationId, device: i64) -> Self {
        Self::to(b"vigia.delivery.device.v1\0", about, device)
    }

    fn to(domain: &[u8], about: NotificationId, target: i64) -> Self {
        let mut hasher = Hasher::new();
        hasher.update(domain);
        hasher.update(about.as_bytes());
        hasher.update(target.to_be_bytes());
        let hash = hasher.finalize().into_inner();
        let mut id = [0; 16];
        id[..8].copy_from_slice(&about.as_bytes()[..8]);
        id[8..].copy_from_slice(&hash[..8]);
        Self(id)
    }

    /// From the bytes stored.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes stored.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl std::str::FromStr for DeliveryId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut bytes = [0; 16];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| {
            format!("{text:?} is not the id of a delivery: expected 32 hexadecimal digits")
        })?;
        Ok(Self(bytes))
    }
}

/// Which message it is, as applications know it: `SEND_RECEIVED`, `PAYMENT_SENT`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NotificationKind(pub String);

impl NotificationKind {
    /// A kind by its name.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// Its name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A value that a text shows beside what every notification has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextArg<'a> {
    /// Shown as it is; never a template.
    Text(&'a str),
    /// How many: written as the language writes numbers, and what singular and plural follow.
    Count(u64),
    /// A moment in milliseconds since 1970, written as the language writes dates.
    TimeMs(u64),
}

/// What the text of a notification is made from. Begin with [`RenderInput::new`], and name what is known.
#[derive(Clone, Debug)]
pub struct RenderInput<'a> {
    /// Which message.
    pub kind: &'a NotificationKind,
    /// Which way money went.
    pub direction: Direction,
    /// The amount with its symbol, ready to show: `5.00 cUSD`.
    pub money: Option<String>,
    /// The other party's name, where it is known.
    pub counterparty_name: Option<&'a str>,
    /// The other party's address.
    pub counterparty: Option<Address>,
    /// The business id.
    pub business_id: Option<&'a str>,
    /// The name of the account that it is for.
    pub account_name: Option<&'a str>,
    /// What else the message shows, by the names that it has for them: `count`, `time`, `client`.
    pub args: &'a [(&'a str, TextArg<'a>)],
    /// Whether amounts stay out, as on a lock screen.
    pub hides_amounts: bool,
    /// The IANA name of the zone whose clocks times are shown on; UTC where there is none.
    pub time_zone: Option<&'a str>,
}

impl<'a> RenderInput<'a> {
    /// A message of which nothing but its kind is known.
    pub fn new(kind: &'a NotificationKind) -> Self {
        Self {
            kind,
            direction: Direction::Neutral,
            money: None,
            counterparty_name: None,
            counterparty: None,
            business_id: None,
            account_name: None,
            args: &[],
            hides_amounts: false,
            time_zone: None,
        }
    }
}

/// Renders a notification's text; never fails.
///
/// Texts are rendered on reading, in the reader's language, so that neither a changed language nor
/// a mended text leaves old messages behind.
pub trait NotificationText: Send + Sync {
    /// The message in `locale`; without amounts where the input hides them.
    fn render(&self, input: &RenderInput<'_>, locale: Locale) -> String;

    /// The first line of a push, in `locale`: short, and without an amount of its own.
    fn title(&self, input: &RenderInput<'_>, locale: Locale) -> String;

    /// How often a text could not be made as it is written, and another stood in, since the start.
    fn fallbacks(&self) -> u64 {
        0
    }
}
