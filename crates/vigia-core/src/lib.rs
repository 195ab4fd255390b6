//! Plain values of vigia and their invariants: no I/O, no async.
//!
//! Every other crate speaks in these words (the table in ARCHITECTURE.md). Addresses, digests and
//! Move types are those of the Sui SDK, re-exported so that nothing else needs to name it.

mod account;
mod activity;
mod amount;
mod announcement;
mod balance;
mod business;
mod canonical;
mod chain;
mod clock;
mod commit;
mod datatype;
mod epoch;
mod error;
mod input;
mod invoice;
mod label;
mod lease;
mod nearest;
mod notification;
mod pace;
mod permission;
mod preference;
mod proof;
mod push;
mod rebalance;
mod schedule;
mod shard;
mod source;
mod usage;
mod watch;

pub use account::{
    Account, AccountId, AccountKind, AddressBook, DISPLAY_NAME_BYTES_MAX, EXTERNAL_ID_BYTES_MAX,
    Holding, Locale, Principal, Scope, User, UserId, UserRole, check_names,
};
pub use activity::{Activity, Direction, Slot, Status, Suppressed};
pub use amount::{
    CoinInfo, DECIMALS_MAX, ICON_URL_BYTES_MAX, format_amount, format_minor_units, icon_url,
};
pub use announcement::{
    ANNOUNCEMENT_KIND_BYTES_MAX, ANNOUNCEMENT_NOTE_BYTES_MAX, ANNOUNCEMENT_WAIT_MS,
    ANNOUNCEMENT_WAIT_MS_MAX, Announcement, AnnouncementState, submitted,
};
pub use balance::{derive_balance_changes, owning_address};
pub use business::{BusinessEvent, BusinessFolder, BusinessKey, BusinessOutcome, Escrow};
pub use canonical::{address_text, struct_text, type_text};
pub use chain::{
    ChainId, Checkpoint, CheckpointHeader, Evidence, ExecutedTransaction, InvalidChainId, Place,
    ScannedAt,
};
pub use clock::{Clock, ManualClock, SystemClock};
pub use commit::{
    BalanceEffect, CheckpointRange, Commit, CommitOutcome, Frame, Lane, RawTransaction, Relevant,
};
pub use datatype::{
    Datatype, DatatypeField, DatatypeName, DatatypeShape, DatatypeVariant, FIELD_TYPE_DEPTH_MAX,
    FieldType, PackageVersion,
};
pub use epoch::EpochInfo;
pub use error::error_chain;
pub use input::{InputError, parse_address, parse_coin_type, parse_digest, parse_watch_target};
pub use invoice::{
    INVOICE_ID_BYTES_MAX, INVOICE_NOTE_BYTES_MAX, Invoice, InvoiceState, RECEIVED, Receipts,
    Received, Settlement,
};
pub use label::{LABEL_NAME_BYTES_MAX, Label, LabelKind, Labels};
pub use lease::{
    FENCE_MAX, Fence, LEASE_CLAIM_INTERVAL_MS, LEASE_HEARTBEAT_MS, LEASE_RESCUE_MS_MAX,
    LEASE_TTL_MS, LeaseState,
};
pub use nearest::nearest;
pub use notification::{
    DeliveryId, NotificationId, NotificationKind, NotificationText, RenderInput, TextArg,
};
pub use pace::permits;
pub use permission::Permissions;
pub use preference::{
    Category, Channel, DAY_MINUTES, Muted, Preferences, QuietHours, TIME_ZONE_BYTES_MAX, time_zone,
};
pub use proof::{InvalidProof, PROOF_WHY_BYTES_MAX, Proof, ProofPart, Unproven, Why};
pub use push::{Bundle, BundleKind, BundleSettings, Platform, PushPlan, plan_push};
pub use rebalance::{Rebalance, fair_share, rebalance};
pub use schedule::{
    FIRINGS_MAX, Firings, INTERVAL_MS_MAX, INTERVAL_MS_MIN, MISSED_AFTER_MS, MissedPolicy,
    SCHEDULE_BYTES_MAX, Schedule, ScheduleError,
};
pub use shard::{InvalidShardCount, SHARDS_MAX, STRIDE, ShardPlan, stride_range};
pub use source::{
    SOURCE_COLUMNS, SourceAccount, SourceBuilder, SourceChange, SourceDifference, SourceLimits,
    SourceMember, SourcePlan, SourceRefusal, SourceRowError, SourceShrunk, SourceSnapshot,
    SourceUser,
};
pub use sui_sdk_types::hash::Hasher;
pub use sui_sdk_types::{
    Address, BalanceChange, Digest, Event, Identifier, StructTag, Transaction, TransactionEffects,
    TypeTag,
};
pub use usage::{day_forecast, day_of};
pub use watch::{MatchReason, ReasonKind, WatchChange, WatchOp, WatchTarget};
