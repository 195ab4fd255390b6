//! Narrow storage traits per stage, SQLite and Postgres behind them.
//!
//! One method is one database transaction, and each has its SQL in a file of the same name. The
//! traits say what every backend promises; `tests/conformance` is the suite that holds them to it.

mod action;
mod alert;
mod announcement;
mod application;
mod audit;
mod backfill;
mod balance;
mod broadcast;
mod business;
mod committee;
mod contract;
mod copy;
mod correction;
mod db;
mod delivery;
mod directory;
mod epoch;
mod error;
mod failed;
mod inbox;
mod ingest;
mod label;
mod lease;
mod message;
mod process;
mod provider;
mod push;
mod read;
mod retention;
mod schedule;
mod search;
mod shard;
mod sign_in;
mod source;
mod source_reader;
mod sql;
mod stats;
mod store;
mod wallet;
mod watch;

pub use action::{ACTIONS_MAX, Action, ActionRow, ActionStore, ActionWay};
pub use alert::{AlertRow, AlertStore};
pub use announcement::{ANNOUNCEMENTS_MAX, AnnounceOutcome, AnnouncementRow, AnnouncementStore};
pub use application::{
    APPLICATION_CHANGES_MAX, ApplicationChange, ApplicationOutcome, ApplicationReceipt,
    ApplicationStore,
};
pub use audit::{AuditStore, CompletedRange, WatchSpan};
pub use backfill::{
    AddressHistory, BackfillBatch, BackfillGuard, BackfillOutcome, BackfillRow, BackfillSpan,
    BackfillState, BackfillStore, BackfillTask, RangeProgress,
};
pub use balance::{
    Adjustment, BALANCE_HOURS_MAX, BALANCES_MAX, BalanceAmount, BalanceCounts, BalanceHistory,
    BalanceObservation, BalanceRow, BalanceState, BalanceStore, DIFFERS_AFTER, FOLD_EFFECTS_MAX,
    Observed,
};
pub use broadcast::{
    BROADCAST_RATE_MAX, BroadcastRow, BroadcastSegment, BroadcastSpec, BroadcastState,
    BroadcastStore, BroadcastText, BroadcastTexts,
};
pub use business::{
    BusinessDetail, BusinessRow, BusinessStore, InvoiceOutcome, InvoiceRow, InvoiceSpec,
};
pub use committee::{COMMITTEES_MAX, CommitteeRow, CommitteeStore};
pub use contract::{ContractKnowledge, ContractStore, DATATYPES_MAX, EVIDENCE_MAX};
pub use copy::{
    CopyLimits, CopyObserver, CopyOutcome, CopyProgress, CopyReport, CopyStage, TableCheck,
    TableSum,
};
pub use correction::{
    ActivityChange, ActivityRevision, Correction, CorrectionStore, activity_json,
};
pub use db::{Durability, PoolSize, PostgresOptions, SqliteOptions, StoreOptions, statements};
pub use delivery::{
    ACCOUNT_ENDPOINTS_MAX, ATTEMPTS_MAX, AccountEndpoint, AttemptRow, ClaimedDelivery, Completion,
    DeliveryEnd, DeliveryEvent, DeliveryKind, DeliveryRow, DeliveryState, DeliveryStore,
    ENDPOINTS_KEPT_MS, EndpointFilter, EndpointRow, EndpointSpec, EndpointState, OutboxBacklog,
    SEQUENCED_MAX, Sequenced,
};
pub use directory::{DirectoryStore, MemberRow, UserRow};
pub use epoch::EpochStore;
pub use error::StoreError;
pub use failed::{FailedRetry, FailedRow, FailedStore, FailedTransaction};
pub use inbox::{InboxQuery, InboxStore, Notice, NotificationRow, UNREAD_MAX};
pub use ingest::{IngestStore, ProviderReport, Watermark};
pub use label::{LABELS_MAX, LabelOrigin, LabelRow, LabelStore};
pub use lease::{LeaseRow, LeaseStore};
pub use message::MessageStore;
pub use process::{ProcessRow, ProcessStore};
pub use provider::{ProviderRow, ProviderStore, ProviderUsage};
pub use push::{
    APP_VERSION_BYTES_MAX, BUNDLE_SHOWN_MAX, ClaimedPush, DEVICE_FAILURES_MAX,
    DEVICE_TOKEN_BYTES_MAX, DEVICES_MAX, DeviceRow, DeviceSpec, PUSHES_SEQUENCED_MAX,
    PushCompletion, PushEnd, PushLane, PushRow, PushSettings, PushStore,
};
pub use read::{
    ActivityCursor, ActivityFilter, ActivityRow, ActivitySearch, RawTransactionRow, ReadStore,
    StatusReport, TransactionRemains,
};
pub use retention::{RetentionStore, Swept};
pub use schedule::{ScheduleRow, ScheduleRun, ScheduleSpec, ScheduleStore, schedule_lease};
pub use search::{FoundAccount, SEARCH_MAX, SearchStore};
pub use shard::{POLLER_LEASES, ShardRow, poller_leases, shard_lease, shard_leases};
pub use sign_in::{
    ApplicationScope, ApplicationScopes, CREDENTIALS_MAX, Login, RoleOutcome, SecretHash,
    SessionRow, SessionSpec, SignInStore, SignedIn, TokenRow, TokenScope, TokenSpec,
    USED_WITHIN_MS,
};
pub use source::{SourceApplied, SourceGuard, SourceOutcome, SourceReport, SourceStore};
pub use source_reader::{SourceReadError, SourceReader};
pub use stats::{DeliveryStats, Latency, STATS_ATTEMPTS_MAX, STATS_WINDOW_MS};
pub use store::SqlStore;
pub use wallet::{CHALLENGES_MAX, ChallengePurpose, WalletChallenge, WalletStore};
pub use watch::{
    AccountSpec, RECONCILED_WITHIN_MS, Refused, TargetVisitor, UserSpec, WatchEntry, WatchFilter,
    WatchReceipt, WatchReconciliation, WatchRow, WatchStore, WatchTargets,
};

/// Result of a store method.
pub type Result<T> = std::result::Result<T, StoreError>;

/// Everything a whole process needs of its database.
pub trait Store:
    IngestStore
    + WatchStore
    + ReadStore
    + FailedStore
    + ProviderStore
    + ProcessStore
    + AlertStore
    + BackfillStore
    + LabelStore
    + BusinessStore
    + AnnouncementStore
    + DeliveryStore
    + InboxStore
    + PushStore
    + BroadcastStore
    + ActionStore
    + ApplicationStore
    + SignInStore
    + ScheduleStore
    + DirectoryStore
    + ContractStore
    + SearchStore
{
}

impl<T> Store for T where
    T: IngestStore
        + WatchStore
        + ReadStore
        + FailedStore
        + ProviderStore
        + ProcessStore
        + AlertStore
        + BackfillStore
        + LabelStore
        + BusinessStore
        + AnnouncementStore
        + DeliveryStore
        + InboxStore
        + PushStore
        + BroadcastStore
        + ActionStore
        + ApplicationStore
        + SignInStore
        + ScheduleStore
        + DirectoryStore
        + ContractStore
        + SearchStore
{
}
