//! Balances: a baseline that a node stated, and what transactions did since.
//!
//! A balance is a sum made on reading: the amounts that are true through a checkpoint, and the balance
//! effects of watched transactions above it. So it moves in the commit that brings a transaction, whatever
//! order commits arrive in and however often they come (I-2), and history that is imported below the
//! baseline never counts. Effects that nothing can come before any more are folded into the amounts, so that
//! few are left to add up.

use async_trait::async_trait;
use vigia_core::Address;

use crate::Result;

/// How far a balance is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BalanceState {
    /// No node has said yet what there was to begin with.
    Waiting,
    /// It agrees with what nodes say, or was not compared yet.
    Known,
    /// A node says otherwise, and did so again: not to be relied on.
    Differs,
}

/// Comparisons in a row that have to find a difference before it counts.
pub const DIFFERS_AFTER: u32 = 2;
/// Balance effects that are folded in one transaction, which writes that read balances wait for.
pub const FOLD_EFFECTS_MAX: u32 = 10_000;
/// Addresses that are looked up at once.
pub const BALANCES_MAX: u32 = 200;

/// What a node said of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BalanceObservation {
    /// The address.
    pub address: Address,
    /// The newest checkpoint of the node before it was asked.
    pub from: u64,
    /// The newest checkpoint after it had answered.
    pub to: u64,
    /// Coin types in canonical text and what there was of each; a coin that is not here was not there.
    pub held: Vec<(String, i128)>,
    /// Whether all has to be proven, which a node's word about a balance never is.
    pub unproven: bool,
}

/// What became of an observation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Observed {
    /// It is the baseline now.
    Baseline,
    /// The balance agrees with it.
    Equal,
    /// The balance does not, by these coins and what the node has more.
    Differs(Vec<(String, i128)>),
    /// A transaction touched the address while it was asked about, so for which checkpoint the node
    /// spoke is not known.
    Touched,
    /// Not everything up to then is committed yet, or the address was not watched from then on.
    TooEarly,
    /// Nobody watches the address any more.
    NotWatched,
}

/// What an account has of a coin at an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BalanceAmount {
    /// The coin, in canonical text.
    pub coin_type: String,
    /// How much, in minor units.
    pub amount: i128,
    /// What a node had more when they were compared last, where it had.
    pub difference: Option<i128>,
    /// What contracts hold of it until something is settled; not in `amount`.
    pub pending: i128,
    /// What contracts hold that is to come to it if something comes of it; not in `amount`.
    pub incoming: i128,
}

/// The balances of a watched address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BalanceRow {
    /// Key of its watch, ascending; pass the last one to read on.
    pub id: i64,
    /// The address.
    pub address: Address,
    /// External id and name of the account that holds it.
    pub account: (String, String),
    /// How far it is.
    pub state: BalanceState,
    /// For which checkpoint the node's word was that it began with; none while waiting.
    pub baseline: Option<u64>,
    /// Through which checkpoint it agreed with a node's last.
    pub agreed: Option<u64>,
    /// Whether it began with a node's word where all was to be proven.
    pub unproven: bool,
    /// When it was compared with a node's last.
    pub compared_at_ms: Option<u64>,
    /// By coin type; none while waiting. A coin that is down to nothing is left out.
    pub amounts: Vec<BalanceAmount>,
}

/// Most hours that a history is read of: those of 366 days.
pub const BALANCE_HOURS_MAX: u32 = 366 * 24;

/// What moved a balance, hour by hour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BalanceHistory {
    /// How much there is after all that `hours` says; none while there is no baseline. What was committed in the last
    /// moments is not in either.
    pub amount: Option<i128>,
    /// Since when nothing that moved it is missing: what there was earlier cannot be told.
    pub known_from_ms: u64,
    /// When an hour began and by how much the balance moved in it, the oldest first; hours without a move are left out.
    pub hours: Vec<(u64, i128)>,
}

/// How many balances are how far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BalanceCounts {
    /// Without a baseline, as far as they are enlisted.
    pub waiting: u64,
    /// In agreement, as far as is known.
    pub known: u64,
    /// Not in agreement.
    pub differs: u64,
}

/// A correction by hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adjustment {
    /// Whose balance.
    pub address: Address,
    /// Of which coin, in canonical text.
    pub coin_type: String,
    /// What to add, in minor units.
    pub amount: i128,
    /// Who says so.
    pub author: String,
    /// Why.
    pub reason: String,
}

/// Balances of watched addresses.
#[async_trait]
pub trait BalanceStore: Send + Sync {
    /// Enlists up to `limit` watched addresses that are new; returns how many. They wait for a baseline,
    /// also where an earlier watch of the address had one: nobody saw what happened in between.
    async fn balance_enlist(&self, limit: u32) -> Result<u64>;

    /// Addresses whose time has come, the longest due first: those that wait for a baseline, or for any
    /// other state those that are in doubt.
    async fn balance_due(&self, state: BalanceState, limit: u32) -> Result<Vec<Address>>;

    /// Addresses with a baseline, going round: each call goes on where the last one ended.
    async fn balance_sample(&self, limit: u32) -> Result<Vec<Address>>;

    /// Takes what a node said: as baseline where there is none, else to compare with.
    async fn balance_observe(&self, observation: &BalanceObservation) -> Result<Observed>;

    /// Leaves addresses alone until a time.
    async fn balance_postpone(&self, addresses: &[Address], until_ms: u64) -> Result<()>;

    /// Balances of one address; none where it is not watched.
    async fn balance_find(&self, address: &Address) -> Result<Option<BalanceRow>>;

    /// Adds to a balance by hand; false where it has no baseline.
    async fn balance_adjust(&self, adjustment: &Adjustment) -> Result<bool>;

    /// Adds to the amounts what transactions did up to the watermark, `effects_max` of it or those of one
    /// checkpoint if they are more; whether there is more to fold.
    async fn balance_fold(&self, effects_max: u32) -> Result<bool>;

    /// Notes `requests` to a node today; returns how many there were today.
    async fn balance_requests(&self, requests: u64) -> Result<u64>;
}

impl BalanceState {
    /// The word stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Known => "known",
            Self::Differs => "differs",
        }
    }
}

impl std::str::FromStr for BalanceState {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        match text {
            "waiting" => Ok(Self::Waiting),
            "known" => Ok(Self::Known),
            "differs" => Ok(Self::Differs),
            _ => Err(format!("{text:?} is no state of a balance")),
        }
    }
}
