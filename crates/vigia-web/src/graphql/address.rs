//! Watched addresses, and how far the history of each is.

use async_graphql::{Enum, SimpleObject};
use vigia_store::{AddressHistory, BackfillState, WatchRow};

use super::scalar::UInt53;

/// An address that is watched for an account.
#[derive(SimpleObject)]
pub(super) struct WatchedAddress {
    /// The address.
    address: String,
    /// The application's key of the account it belongs to.
    account: Option<String>,
    /// Name of the account.
    account_name: Option<String>,
    /// First checkpoint from which on it is watched as the chain goes on.
    live_from: UInt53,
    /// What is below that; null where it is not fetched.
    history: Option<History>,
}

impl From<WatchRow> for WatchedAddress {
    fn from(row: WatchRow) -> Self {
        let (account, account_name) = row.account.unzip();
        Self {
            address: row.target.to_string(),
            account,
            account_name,
            live_from: UInt53(row.live_from),
            history: row.history.map(History::from),
        }
    }
}

/// How far the history of an address is, which is below what is watched live.
#[derive(SimpleObject)]
struct History {
    /// In a word.
    state: HistoryState,
    /// First checkpoint from which on nothing is missing; null while it is fetched.
    complete_from: Option<UInt53>,
    /// While it is fetched: checkpoints below this are done.
    position: Option<UInt53>,
    /// While it is fetched: where it ends.
    to: Option<UInt53>,
    /// Why it is not further.
    reason: Option<String>,
}

impl From<AddressHistory> for History {
    fn from(history: AddressHistory) -> Self {
        let (position, to) = history.position.unzip();
        Self {
            state: history.state.into(),
            complete_from: history.complete_from.map(UInt53),
            position: position.map(UInt53),
            to: to.map(UInt53),
            reason: history.reason,
        }
    }
}

/// How far a history is.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
pub(super) enum HistoryState {
    /// Nobody has begun.
    Waiting,
    /// Some of it is there.
    Running,
    /// All of it is there.
    Complete,
    /// What nobody keeps any more is missing; the rest is there.
    Pruned,
    /// A provider says that it is all, and nothing proves it.
    Unproven,
    /// It cannot be fetched as things are.
    Failed,
}

impl From<BackfillState> for HistoryState {
    fn from(state: BackfillState) -> Self {
        match state {
            BackfillState::Waiting => Self::Waiting,
            BackfillState::Running => Self::Running,
            BackfillState::Complete => Self::Complete,
            BackfillState::Pruned => Self::Pruned,
            BackfillState::Unproven => Self::Unproven,
            BackfillState::Failed => Self::Failed,
        }
    }
}

/// How many addresses have a history in a state.
#[derive(SimpleObject)]
pub(super) struct HistoryCount {
    /// The state.
    state: HistoryState,
    /// How many.
    addresses: UInt53,
}

impl From<(BackfillState, u64)> for HistoryCount {
    fn from((state, addresses): (BackfillState, u64)) -> Self {
        Self {
            state: state.into(),
            addresses: UInt53(addresses),
        }
    }
}
