//! What people and machines read.

use async_trait::async_trait;
use vigia_core::{
    Account, AccountId, Activity, Address, BalanceEffect, ChainId, CoinInfo, Digest, Direction,
    EpochInfo, Label, Place, RawTransaction, Scope, User, UserId,
};

use crate::{
    BalanceCounts, BalanceHistory, BalanceRow, ProviderReport, Result, ShardRow, Watermark,
};

/// The state of the system at a glance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusReport {
    /// The chain the database belongs to.
    pub chain: Option<ChainId>,
    /// First checkpoint of the live lane.
    pub first_checkpoint: Option<u64>,
    /// How far it is committed.
    pub watermark: Option<Watermark>,
    /// How the poller is doing.
    pub provider: Option<ProviderReport>,
    /// The newest epoch heard of.
    pub epoch: Option<EpochInfo>,
    /// Relevant transactions kept.
    pub raw_transactions: u64,
    /// Activities written.
    pub activities: u64,
    /// Notifications written.
    pub notifications: u64,
    /// Raw transactions that could not be interpreted.
    pub failed: u64,
    /// Activities with an amount that could not be told.
    pub unread: u64,
    /// Addresses watched.
    pub watched_addresses: u64,
    /// Contracts and coins watched.
    pub watched_contracts: u64,
    /// Version of the watch list.
    pub watch_version: u64,
}

impl StatusReport {
    /// Newest checkpoint known of: the poller's word, or the watermark where that is newer, since
    /// the poller reports now and then.
    pub fn tip(&self) -> Option<u64> {
        let reported = self.provider.as_ref().and_then(|provider| provider.tip);
        reported.max(self.watermark.map(|watermark| watermark.checkpoint))
    }

    /// Checkpoints between the watermark and the tip.
    pub fn lag_checkpoints(&self) -> Option<u64> {
        Some(self.tip()? - self.watermark?.checkpoint)
    }
}

/// Position in a feed that is sorted newest first by chain order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ActivityCursor {
    /// Place of the activity's transaction.
    pub place: Place,
    /// Its id, which decides within a transaction.
    pub id: i64,
}

/// Which activities to read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ActivityFilter {
    /// Only those in which this address of an account took part.
    pub address: Option<Address>,
    /// Only those of this transaction.
    pub digest: Option<Digest>,
    /// What else they are like; not together with a transaction.
    pub search: ActivitySearch,
}

/// What activities are like; what is empty asks for nothing in particular. Reading goes through the reader's activities until a
/// page is full.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ActivitySearch {
    /// External id of an account.
    pub account: Option<String>,
    /// One of these kinds.
    pub kinds: Vec<String>,
    /// Of one of these coins, types in canonical form.
    pub coins: Vec<String>,
    /// Which way money went.
    pub direction: Option<Direction>,
    /// At this time or later, in milliseconds since 1970.
    pub from_ms: Option<u64>,
    /// Before this time.
    pub before_ms: Option<u64>,
    /// The other party.
    pub counterparty: Option<Address>,
    /// In the application's reference, the note, or what the other party is called; the case of ASCII letters does not matter.
    pub text: Option<String>,
}

impl ActivitySearch {
    /// Whether it asks for nothing in particular.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// An activity with what is needed to show it.
#[derive(Clone, Debug, PartialEq)]
pub struct ActivityRow {
    /// Key in this database; rises in order of commit.
    pub id: i64,
    /// The activity (its `notify` is not read back).
    pub activity: Activity,
    /// Digest of its transaction.
    pub digest: Digest,
    /// Time of its checkpoint.
    pub timestamp_ms: u64,
    /// The account it is for.
    pub account: Account,
    /// Its coin, where one moved and something is known about it.
    pub coin: Option<CoinInfo>,
    /// Name of the account that held the counterparty's address then, where one did.
    pub counterparty_account: Option<String>,
    /// The label of the counterparty's address, where it has one.
    pub counterparty_label: Option<Label>,
    /// What the application noted when it announced the transaction.
    pub note: Option<String>,
}

impl ActivityRow {
    /// Its position in a feed.
    pub fn cursor(&self) -> ActivityCursor {
        ActivityCursor {
            place: self.activity.place,
            id: self.id,
        }
    }

    /// What everybody may call the counterparty: the name of the account that held its address then, else
    /// the label of the address.
    pub fn counterparty_name(&self) -> Option<&str> {
        let account = self.counterparty_account.as_deref();
        let label = || Some(&*self.counterparty_label.as_ref()?.name);
        account.filter(|name| !name.is_empty()).or_else(label)
    }

    /// Whether the counterparty, where there is one, was nobody's account here.
    pub fn counterparty_is_external(&self) -> Option<bool> {
        let is_external = self.counterparty_account.is_none();
        self.activity.counterparty.map(|_| is_external)
    }
}

/// A raw transaction with its effects on watched balances.
#[derive(Clone, Debug)]
pub struct RawTransactionRow {
    /// The transaction as kept.
    pub raw: RawTransaction,
    /// What it did to watched balances.
    pub balance_effects: Vec<BalanceEffect>,
}

/// What stays of a transaction whose evidence was older than its retention.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransactionRemains {
    /// Where it stands.
    pub place: Place,
    /// Time of its checkpoint.
    pub timestamp_ms: u64,
    /// What it did to watched balances.
    pub balance_effects: Vec<BalanceEffect>,
}

/// The read side. Every read of users' data takes a scope (I-14).
#[async_trait]
pub trait ReadStore: Send + Sync {
    /// The state of the system.
    async fn status(&self) -> Result<StatusReport>;

    /// The shards of each division of the chain in use, held or not; where nobody polls, of the one
    /// that was polled last. None where a poller has the whole chain by itself, without leases.
    async fn shard_list(&self) -> Result<Vec<ShardRow>>;

    /// Runs of checkpoints, both ends included, that are missing between the watermark and what is committed above it: the
    /// first `limit`. None where the live lane has not begun.
    async fn gap_list(&self, limit: u32) -> Result<Vec<(u64, u64)>>;

    /// Activities below `before` in the feed, newest first, at most `limit`.
    async fn activity_page(
        &self,
        scope: &Scope,
        filter: &ActivityFilter,
        before: Option<ActivityCursor>,
        limit: u32,
    ) -> Result<Vec<ActivityRow>>;

    /// Activities with an id above `after_id`, in order of id, at most `limit`: what is new.
    async fn activity_since(
        &self,
        scope: &Scope,
        after_id: i64,
        limit: u32,
    ) -> Result<Vec<ActivityRow>>;

    /// Id of the newest activity; 0 when there is none.
    async fn activity_last_id(&self) -> Result<i64>;

    /// Returns as soon as an activity with an id above `seen` exists; at once for commits of this
    /// process, within 500 ms for those of others.
    async fn activity_wait(&self, seen: i64) -> Result<i64>;

    /// Users who may read what happens to these accounts, with the account.
    async fn account_readers(&self, accounts: &[AccountId]) -> Result<Vec<(AccountId, UserId)>>;

    /// A raw transaction, where the scope holds an account that it concerns.
    async fn raw_transaction(
        &self,
        scope: &Scope,
        digest: &Digest,
    ) -> Result<Option<RawTransactionRow>>;

    /// What stays of a transaction that is not kept any more, by its activities, where the scope holds
    /// an account that it concerns. Ask `raw_transaction` first: evidence may go at any time.
    async fn transaction_remains(
        &self,
        scope: &Scope,
        digest: &Digest,
    ) -> Result<Option<TransactionRemains>>;

    /// How many balances are how far.
    async fn balance_counts(&self) -> Result<BalanceCounts>;

    /// Balances in `scope` of watched addresses whose watch has an id above `after_id`, in order of id, at
    /// most `limit`.
    async fn balance_page(
        &self,
        scope: &Scope,
        after_id: i64,
        limit: u32,
    ) -> Result<Vec<BalanceRow>>;

    /// The balance of a watched address of the scope; none where it is none.
    async fn balance_of(&self, scope: &Scope, address: &Address) -> Result<Option<BalanceRow>>;

    /// What moved a balance of a watched address of the scope from the hour of `from_ms` on, of at most the newest
    /// [`BALANCE_HOURS_MAX`](crate::BALANCE_HOURS_MAX) hours; none where it is none.
    async fn balance_history(
        &self,
        scope: &Scope,
        address: &Address,
        coin_type: &str,
        from_ms: u64,
    ) -> Result<Option<BalanceHistory>>;

    /// The user with this external id: what an authenticator turns a name into.
    async fn user_find(&self, external_id: &str) -> Result<Option<User>>;

    /// All that is known about coins.
    async fn coin_list(&self) -> Result<Vec<CoinInfo>>;
}
