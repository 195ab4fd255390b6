//! Balances: what nodes said of addresses, and what is summed up of what transactions did to them.

use super::Kind::{Bytes, Int, Money, Text};
use super::Table;

/// The tables of balances.
pub(super) const BALANCES: &[Table] = &[
    Table {
        name: "balance_address",
        columns: &[
            ("address", Bytes),
            ("state", Text),
            ("checkpoint", Int),
            ("doubts", Int),
            ("compared_at_ms", Int),
            ("retry_at_ms", Int),
            ("agreed_checkpoint", Int),
            ("unproven", Int),
        ],
        key: &["address"],
        identity: None,
        seeded: false,
    },
    Table {
        name: "balance_amount",
        columns: &[
            ("address", Bytes),
            ("coin_type", Text),
            ("amount", Money),
            ("difference", Money),
        ],
        key: &["address", "coin_type"],
        identity: None,
        seeded: false,
    },
    Table {
        name: "balance_hour",
        columns: &[
            ("address", Bytes),
            ("coin_type", Text),
            ("hour", Int),
            ("amount", Money),
        ],
        key: &["address", "coin_type", "hour"],
        identity: None,
        seeded: false,
    },
    Table {
        name: "balance_adjustment",
        columns: &[
            ("id", Int),
            ("address", Bytes),
            ("coin_type", Text),
            ("amount", Money),
            ("checkpoint", Int),
            ("at_ms", Int),
            ("author", Text),
            ("reason", Text),
        ],
        key: &["id"],
        identity: Some("id"),
        seeded: false,
    },
    Table {
        name: "balance_progress",
        columns: &[("name", Text), ("position", Int)],
        key: &["name"],
        identity: None,
        seeded: false,
    },
    Table {
        name: "balance_usage",
        columns: &[("day", Int), ("requests", Int)],
        key: &["day"],
        identity: None,
        seeded: false,
    },
];
