//! Activities: what one transaction meant for one account.

use std::fmt;

use serde::{Deserialize, Serialize};
use sui_sdk_types::Address;

use crate::{AccountId, NotificationKind, Place};

/// Which meaning of a transaction an activity is, stable under changed rules (I-2).
///
/// Never an ordinal over what was emitted: that would shift when a contract file changes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Slot {
    /// The event with this index in the transaction.
    Event(u32),
    /// The plain movement of this coin type.
    Coin(String),
    /// The transaction itself: it failed, or did something with no other name.
    Transaction,
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Event(index) => write!(f, "event/{index}"),
            Self::Coin(coin_type) => write!(f, "coin/{coin_type}"),
            Self::Transaction => write!(f, "transaction"),
        }
    }
}

impl std::str::FromStr for Slot {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let error = || format!("{text:?} is not a slot (event/N, coin/TYPE, transaction)");
        match text.split_once('/') {
            None if text == "transaction" => Ok(Self::Transaction),
            Some(("event", index)) => index.parse().map(Self::Event).map_err(|_| error()),
            Some(("coin", coin_type)) => Ok(Self::Coin(coin_type.to_owned())),
            _ => Err(error()),
        }
    }
}

/// Which way money went, seen from the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// To the account.
    In,
    /// From the account.
    Out,
    /// Between addresses of the account, or nothing moved.
    Neutral,
}

impl Direction {
    /// The word stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
            Self::Neutral => "neutral",
        }
    }
}

impl std::str::FromStr for Direction {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "in" => Ok(Self::In),
            "out" => Ok(Self::Out),
            "neutral" => Ok(Self::Neutral),
            _ => Err(format!("{text:?} is not a direction (in, out, neutral)")),
        }
    }
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Executed.
    Completed,
    /// Executed and failed: only gas was charged.
    Failed,
}

impl Status {
    /// The word stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Failed => "failed",
        }
    }
}

impl std::str::FromStr for Status {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "completed" => Ok(Self::Completed),
            "failed" => Ok(Self::Failed),
            _ => Err(format!("{text:?} is not a status (completed, failed)")),
        }
    }
}

/// Why nobody is told of what people would be told of otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Suppressed {
    /// A coin that nobody declared or allowed was received.
    UnknownCoin,
    /// Less of a coin was received than is worth telling.
    Dust,
}

impl Suppressed {
    /// The word stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UnknownCoin => "unknown_coin",
            Self::Dust => "dust",
        }
    }
}

impl std::str::FromStr for Suppressed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "unknown_coin" => Ok(Self::UnknownCoin),
            "dust" => Ok(Self::Dust),
            _ => Err(format!(
                "{text:?} is no reason to tell nobody (unknown_coin, dust)"
            )),
        }
    }
}

/// What one transaction meant for one account, written once per (place, account, slot).
#[derive(Clone, Debug, PartialEq)]
pub struct Activity {
    /// Where the transaction stands.
    pub place: Place,
    /// For whom.
    pub account: AccountId,
    /// Which meaning.
    pub slot: Slot,
    /// What it was: `transfer`, `payment`, or a word of a declared contract.
    pub kind: String,
    /// Which way money went.
    pub direction: Direction,
    /// How it ended.
    pub status: Status,
    /// The address of the account that took part, where one did.
    pub address: Option<Address>,
    /// Coin type in canonical form, where a coin moved.
    pub coin_type: Option<String>,
    /// Minor units, never negative: the direction says which way.
    pub amount: Option<i128>,
    /// The other party, where there is exactly one.
    pub counterparty: Option<Address>,
    /// Name of the declared contract that explains it.
    pub contract: Option<String>,
    /// Business id in that contract: a payment, trade or invitation.
    pub business_id: Option<String>,
    /// Everything else worth showing, as a JSON object.
    pub details: serde_json::Value,
    /// The message it causes for the account's members, where it causes one.
    pub notify: Option<NotificationKind>,
    /// Why it causes none, where one like it does.
    pub suppressed: Option<Suppressed>,
}
