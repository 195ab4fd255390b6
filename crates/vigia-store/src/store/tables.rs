//! Every table of the schema, column by column: what a copy into another database carries.
//!
//! What is missing here would be lost on moving up, so a copy begins by comparing this list with what
//! both databases hold, and refuses where they differ. A migration that adds a table or a column adds
//! it here.

/// How a column is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Int,
    Text,
    Bytes,
    Money,
}
use Kind::{Bytes, Int, Money, Text};

/// A table that is copied.
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) columns: &'static [(&'static str, Kind)],
    /// Columns of the primary key, in its order: rows are read along it.
    pub(super) key: &'static [&'static str],
    /// The column that the database numbers.
    pub(super) identity: Option<&'static str>,
    /// Whether migrations put rows into it, which a copy replaces.
    pub(super) seeded: bool,
}

/// Tables that say something about the database itself or its processes, and stay with it.
pub(super) const NOT_COPIED: &[&str] = &[
    "schema_info",
    "store_copy",
    "store_copy_table",
    "watch_reconciliation",
];

/// The copied tables. One that refers to another comes after it; those that hold the watermark are
/// last, so that it never claims what is not there yet.
pub(super) const TABLES: &[Table] = &[
    Table {
        name: "app_user",
        columns: &[
            ("id", Int),
            ("external_id", Text),
            ("display_name", Text),
            ("locale", Text),
            ("created_at_ms", Int),
        ],
        key: &["id"],
        identity: Some("id"),
        seeded: false,
    },
    Table {
        name: "account",
        columns: &[
            ("id", Int),
            ("external_id", Text),
            ("kind", Text),
            ("display_name", Text),
            ("created_at_ms", Int),
        ],
        key: &["id"],
        identity: Some("id"),
        seeded: false,
    },
    Table {
        name: "account_member",
        columns: &[("user_id", Int), ("account_id", Int)],
        key: &["user_id", "account_id"],
        identity: None,
        seeded: false,
    },
    Table {
        name: "watch_log",
        columns: &[("version", Int), ("effective_from", Int), ("at_ms", Int)],
        key: &["version"],
        identity: None,
        seeded: false,
    },
    Table {
        name: "watch",
        columns: &[
            ("id", Int),
            ("kind", Text),
            ("target", Bytes),
            ("account_id", Int),
            ("live_from", Int),
            ("live_to", Int),
            ("added_version", Int),
            ("removed_version", Int),
        ],
        key: &["id"],
        identity: Some("id"),
        seeded: false,
    },
    Table {
        name: "coin",
        columns: &[
            ("coin_type", Text),
            ("known", Int),
            ("decimals", Int),
            ("symbol", Text),
            ("name", Text),
        ],
        key: &["coin_type"],
        identity: None,
        seeded: false,
    },
    Table {
        name: "raw_transaction",
        columns: &[
            ("checkpoint", Int),
            ("tx_index", Int),
            ("digest", Bytes),
            ("timestamp_ms", Int),
            ("epoch", Int),
            ("sender", Bytes),
            ("package", Bytes),
            ("module", Text),
            ("function", Text),
            ("failure", Text),
            ("gas_cost", Money),
            ("reasons", Text),
            ("transaction_bcs", Bytes),
            ("effects_bcs", Bytes),
            ("events_bcs", Bytes),
            ("balance_changes", Bytes),
            ("processing_error", Text),
            ("discarded_at_ms", Int),
        ],
        key: &["checkpoint", "tx_index"],
        identity: None,
        seeded: false,
    },
    Table {
        name: "balance_effect",
        columns: &[
            ("checkpoint", Int),
            ("tx_index", Int),
            ("address", Bytes),
            ("coin_type", Text),
            ("amount", Money),
        ],
        key: &["checkpoint", "tx_index", "address", "coin_type"],
        identity: None,
        seeded: false,
    },
    Table {
        name: "activity",
        columns: &[
            ("id", Int),
            ("checkpoint", Int),
            ("tx_index", Int),
            ("account_id", Int),
            ("slot", Text),
            ("digest", Bytes),
            ("timestamp_ms", Int),
            ("kind", Text),
            ("direction", Text),
            ("status", Text),
            ("address", Bytes),
            ("coin_type", Text),
            ("amount", Money),
            ("counterparty", Bytes),
            ("contract", Text),
            ("business_id", Text),
            ("details", Text),
        ],
        key: &["id"],
        identity: Some("id"),
        seeded: false,
    },
    Table {
        name: "notification",
        columns: &[
            ("seq", Int),
            ("id", Bytes),
            ("activity_id", Int),
            ("account_id", Int),
            ("kind", Text),
            ("created_at_ms", Int),
        ],
        key: &["seq"],
        identity: Some("seq"),
        seeded: false,
    },
    Table {
        name: "business_event",
        columns: &[
            ("contract", Text),
            ("object", Text),
            ("object_id", Text),
            ("checkpoint", Int),
            ("tx_index", Int),
            ("event_index", Int),
            ("name", Text),
            ("fields", Text),
            ("digest", Bytes),
            ("timestamp_ms", Int),
        ],
        key: &[
            "contract",
            "object",
            "object_id",
            "checkpoint",
            "tx_index",
            "event_index",
        ],
        identity: None,
        seeded: false,
    },
    Table {
        name: "business_object",
        columns: &[
            ("contract", Text),
            ("object", Text),
            ("object_id", Text),
            ("state", Text),
            ("data", Text),
        ],
        key: &["contract", "object", "object_id"],
        identity: None,
        seeded: false,
    },
    Table {
        name: "message_blob",
        columns: &[("id", Text), ("bytes", Bytes), ("created_at_ms", Int)],
        key: &["id"],
        identity: None,
        seeded: false,
    },
    Table {
        name: "message_set_aside",
        columns: &[
            ("id", Int),
            ("transport", Text),
            ("reason", Text),
            ("bytes", Bytes),
            ("at_ms", Int),
        ],
        key: &["id"],
        identity: Some("id"),
        seeded: false,
    },
    Table {
        name: "lease",
        columns: &[
            ("name", Text),
            ("fence", Int),
            ("holder", Text),
            ("expires_at_ms", Int),
        ],
        key: &["name"],
        identity: None,
        seeded: false,
    },
    Table {
        name: "job_schedule",
        columns: &[
            ("name", Text),
            ("pattern", Text),
            ("time_zone", Text),
            ("missed", Text),
            ("paused", Int),
            ("next_at_ms", Int),
            ("last_at_ms", Int),
            ("unfinished", Int),
            ("fence", Int),
            ("last_finished_at_ms", Int),
            ("last_result", Text),
            ("last_error", Text),
        ],
        key: &["name"],
        identity: None,
        seeded: false,
    },
    Table {
        name: "provider_report",
        columns: &[
            ("singleton", Int),
            ("url", Text),
            ("tip", Int),
            ("error", Text),
            ("at_ms", Int),
        ],
        key: &["singleton"],
        identity: None,
        seeded: false,
    },
    Table {
        name: "counter",
        columns: &[("name", Text), ("value", Int)],
        key: &["name"],
        identity: None,
        seeded: true,
    },
    Table {
        name: "ingest_range",
        columns: &[
            ("lane", Text),
            ("lo", Int),
            ("hi", Int),
            ("hi_digest", Bytes),
            ("hi_timestamp_ms", Int),
        ],
        key: &["lane", "lo"],
        identity: None,
        seeded: false,
    },
    Table {
        name: "chain",
        columns: &[
            ("singleton", Int),
            ("chain_id", Bytes),
            ("first_checkpoint", Int),
            ("retention_horizon", Int),
        ],
        key: &["singleton"],
        identity: None,
        seeded: false,
    },
];
