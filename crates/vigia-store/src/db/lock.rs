//! Locks by name, held until the end of the transaction that takes them.
//!
//! On SQLite a write is alone anyway, so there they are nothing. On Postgres they are advisory locks
//! of the transaction, which work through a pooler too. A transaction takes them in the order in
//! which they are declared here, so that no two wait for one another.

use super::Tx;
use super::query::query;
use crate::Result;
use crate::sql::{Sql, sql};

/// What is locked.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Lock {
    /// One process brings the schema up to date.
    Migration,
    /// One process makes parts of a table.
    Partitions,
    /// The watch list stays as it is: held by every commit (I-7).
    WatchListShared,
    /// The watch list changes, while nobody commits.
    WatchList,
    /// Amounts of balances change, which only what folds, compares, adjusts or repairs them does.
    Balances,
    /// Commits take turns from here on: what they number rises in the order in which they become
    /// visible, and neighbouring ranges merge.
    CommitOrder,
}

impl Lock {
    /// Waits for the lock.
    pub(crate) async fn take(self, tx: &mut Tx) -> Result<()> {
        if matches!(tx, Tx::Postgres { .. }) {
            query(self.sql()).execute(tx).await?;
        }
        Ok(())
    }

    pub(super) fn sql(self) -> Sql {
        match self {
            Self::Migration => sql!("postgres/lock_migration"),
            Self::Partitions => sql!("postgres/lock_partitions"),
            Self::WatchListShared => sql!("postgres/lock_watch_list_shared"),
            Self::WatchList => sql!("postgres/lock_watch_list"),
            Self::Balances => sql!("postgres/lock_balances"),
            Self::CommitOrder => sql!("postgres/lock_commit_order"),
        }
    }
}
