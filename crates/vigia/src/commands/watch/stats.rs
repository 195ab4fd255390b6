//! `vigia watch stats`: the watch list in numbers.

use std::collections::{BTreeMap, HashSet};

use serde_json::json;
use vigia_store::{WatchReconciliation, WatchStore};

/// Rows read at once.
const PAGE: u32 = 10_000;
/// Reports of pollers that are older than this are of processes that are gone.
const RECONCILED_WITHIN_MS: u64 = 10 * 60 * 1000;

/// What is watched, and how far pollers agree.
pub(super) struct Stats {
    version: u64,
    /// Live entries by kind of target.
    entries: BTreeMap<&'static str, u64>,
    accounts: usize,
    /// What pollers found when they last compared their lists, and how many milliseconds ago.
    reconciled: Vec<(WatchReconciliation, u64)>,
}

impl Stats {
    pub(super) async fn read(store: &dyn WatchStore) -> anyhow::Result<Self> {
        let version = store.watch_version().await?;
        let mut entries = BTreeMap::new();
        let mut accounts = HashSet::new();
        let mut after_id = 0;
        loop {
            let rows = store.watch_page(after_id, PAGE).await?;
            let Some(last) = rows.last() else { break };
            after_id = last.id;
            for row in rows {
                *entries.entry(row.target.kind()).or_default() += 1;
                accounts.extend(row.account.map(|(external_id, _)| external_id));
            }
        }
        Ok(Self {
            version,
            entries,
            accounts: accounts.len(),
            reconciled: store.watch_reconciliations(RECONCILED_WITHIN_MS).await?,
        })
    }

    pub(super) fn to_json(&self) -> String {
        let reconciled = self.reconciled.iter().map(|(found, age_ms)| {
            json!({
                "poller": found.holder,
                "entries": found.entries,
                "missing": found.missing,
                "extra": found.extra,
                "ageMs": age_ms,
            })
        });
        json!({
            "version": self.version,
            "entries": self.entries,
            "accounts": self.accounts,
            "reconciled": reconciled.collect::<Vec<_>>(),
        })
        .to_string()
    }

    pub(super) fn to_text(&self) -> String {
        let mut lines = vec![format!("{:<18} {}", "version", self.version)];
        for (kind, count) in &self.entries {
            lines.push(format!("{:<18} {count}", kind.replace('_', " ")));
        }
        lines.push(format!("{:<18} {}", "accounts", self.accounts));
        for (found, age_ms) in &self.reconciled {
            let verdict = match found.missing + found.extra {
                0 => "has them all".to_owned(),
                differences => format!("had {differences} differences, repaired"),
            };
            lines.push(format!(
                "{:<18} {} {verdict}, {} s ago",
                "poller",
                found.holder,
                age_ms / 1000
            ));
        }
        lines.join("\n")
    }
}
