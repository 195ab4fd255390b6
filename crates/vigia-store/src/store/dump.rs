//! All rows as text, to compare two databases, whichever they are in.

use std::fmt::Write;

use super::SqlStore;
use super::tables::Kind::{self, Bytes, Int, Text};
use crate::Result;
use crate::db::{Money, Row, query};
use crate::sql::{Sql, sql};

/// Rows of one kind: the word for it, the statement, and its columns.
struct Part {
    word: &'static str,
    sql: Sql,
    columns: &'static [(&'static str, Kind)],
}

const PARTS: &[Part] = &[
    Part {
        word: "chain",
        sql: sql!("dump/chain"),
        columns: &[("chain_id", Bytes), ("first_checkpoint", Int)],
    },
    Part {
        word: "range",
        sql: sql!("dump/range"),
        columns: &[
            ("lane", Text),
            ("lo", Int),
            ("hi", Int),
            ("hi_digest", Bytes),
            ("hi_timestamp_ms", Int),
        ],
    },
    Part {
        word: "user",
        sql: sql!("dump/user"),
        columns: &[
            ("external_id", Text),
            ("display_name", Text),
            ("locale", Text),
        ],
    },
    Part {
        word: "account",
        sql: sql!("dump/account"),
        columns: &[
            ("external_id", Text),
            ("kind", Text),
            ("display_name", Text),
        ],
    },
    Part {
        word: "member",
        sql: sql!("dump/member"),
        columns: &[
            ("account", Text),
            ("member", Text),
            ("permissions", Text),
            ("source", Text),
        ],
    },
    Part {
        word: "watch",
        sql: sql!("dump/watch"),
        columns: &[
            ("kind", Text),
            ("target", Bytes),
            ("account", Text),
            ("live_from", Int),
            ("live_to", Int),
            ("added_version", Int),
            ("removed_version", Int),
            ("source", Text),
        ],
    },
    Part {
        word: "version",
        sql: sql!("dump/version"),
        columns: &[("version", Int), ("effective_from", Int)],
    },
    Part {
        word: "raw",
        sql: sql!("dump/raw"),
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
            ("gas_cost", Kind::Money),
            ("reasons", Text),
            ("transaction_bcs", Bytes),
            ("effects_bcs", Bytes),
            ("events_bcs", Bytes),
            ("balance_changes", Bytes),
            ("processing_error", Text),
            ("proof", Text),
        ],
    },
    Part {
        word: "balance",
        sql: sql!("dump/balance"),
        columns: &[
            ("checkpoint", Int),
            ("tx_index", Int),
            ("address", Bytes),
            ("coin_type", Text),
            ("amount", Kind::Money),
        ],
    },
    Part {
        word: "activity",
        sql: sql!("dump/activity"),
        columns: &[
            ("checkpoint", Int),
            ("tx_index", Int),
            ("account", Text),
            ("slot", Text),
            ("digest", Bytes),
            ("timestamp_ms", Int),
            ("kind", Text),
            ("direction", Text),
            ("status", Text),
            ("address", Bytes),
            ("coin_type", Text),
            ("amount", Kind::Money),
            ("counterparty", Bytes),
            ("contract", Text),
            ("business_id", Text),
            ("details", Text),
            ("suppressed", Text),
        ],
    },
    Part {
        word: "event",
        sql: sql!("dump/event"),
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
    },
    Part {
        word: "object",
        sql: sql!("dump/object"),
        columns: &[
            ("contract", Text),
            ("object", Text),
            ("object_id", Text),
            ("state", Text),
            ("data", Text),
        ],
    },
    Part {
        word: "notification",
        sql: sql!("dump/notification"),
        columns: &[
            ("checkpoint", Int),
            ("tx_index", Int),
            ("account", Text),
            ("slot", Text),
            ("kind", Text),
        ],
    },
    Part {
        word: "coin",
        sql: sql!("dump/coin"),
        columns: &[
            ("coin_type", Text),
            ("known", Int),
            ("decimals", Int),
            ("symbol", Text),
            ("name", Text),
        ],
    },
    Part {
        word: "counter",
        sql: sql!("dump/counter"),
        columns: &[("name", Text), ("value", Int)],
    },
];

impl SqlStore {
    /// Every row as one line, sorted: what two runs over the same chain must have in common,
    /// however they were interrupted.
    ///
    /// Left out is what depends on when and in which order rows were written: surrogate keys
    /// (accounts appear by their external id), notification ids (which are made from them), times of
    /// writing, the provider's report, leases and what else only coordinates processes. Each line
    /// begins with the word for its kind. Everything is held in memory: for tests and small
    /// databases.
    pub async fn dump_rows(&self) -> Result<Vec<String>> {
        let mut tx = self.database.read().await?;
        let mut lines = Vec::new();
        for part in PARTS {
            for row in &query(part.sql).fetch_all(&mut tx).await? {
                lines.push(line(part, row)?);
            }
        }
        lines.sort_unstable();
        Ok(lines)
    }
}

fn line(part: &Part, row: &Row) -> Result<String> {
    let mut line = part.word.to_owned();
    for (name, kind) in part.columns {
        let text = match kind {
            Int => row.column::<i64>(name)?.map(|value| value.to_string()),
            Text => row
                .column::<String>(name)?
                .map(|value| format!("{value:?}")),
            Bytes => row.column::<Vec<u8>>(name)?.map(hex::encode),
            Kind::Money => row.column::<Money>(name)?.map(|value| value.0.to_string()),
        };
        let text = text.as_deref().unwrap_or("-");
        write!(line, " {text}").expect("a String takes everything");
    }
    Ok(line)
}
