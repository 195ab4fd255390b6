//! Which commits are written in bulk.

use std::sync::atomic::{AtomicU32, Ordering};

use vigia_core::Commit;

use crate::db::Database;

/// Raw transactions from which on a commit is: with fewer, a trip more costs more than it saves.
const TRANSACTIONS_MIN: usize = 200;
/// Commits after one that was there already that are not: what comes again comes with others.
const CAREFUL_COMMITS: u32 = 64;

/// Whether commits are taken for new.
#[derive(Default)]
pub(super) struct Bulk {
    /// How many more are not.
    careful: AtomicU32,
}

impl Bulk {
    /// Whether this commit is to be written in bulk.
    pub(super) fn is_worth(&self, database: &Database, commit: &Commit) -> bool {
        let is_large = commit.raw_transactions.len() >= TRANSACTIONS_MIN;
        if !is_large || !matches!(database, Database::Postgres(_)) {
            return false;
        }
        let one_less = |left: u32| left.checked_sub(1);
        let (now, then) = (Ordering::Relaxed, Ordering::Relaxed);
        self.careful.fetch_update(now, then, one_less).is_err()
    }

    /// That one was there, at least in part.
    pub(super) fn found_duplicates(&self) {
        self.careful.store(CAREFUL_COMMITS, Ordering::Relaxed);
    }
}
