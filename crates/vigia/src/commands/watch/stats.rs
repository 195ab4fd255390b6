//! `vigia watch stats`: the watch list in numbers.

use std::collections::{BTreeMap, HashSet};

use serde_json::json;
use vigia_store::WatchStore;

use crate::commands::reconciled::Reconciled;

/// Rows read at once.
const PAGE: u32 = 10_000;

/// What is watched, and how far pollers agree.
pub(super) struct Stats {
    version: u64,
    /// Live entries by kind of target.
    entries: BTreeMap<&'static str, u64>,
    accounts: usize,
    reconciled: Reconciled,
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
            reconciled: Reconciled::read(store).await?,
        })
    }

    pub(super) fn to_json(&self) -> String {
        json!({
            "version": self.version,
            "entries": self.entries,
            "accounts": self.accounts,
            "reconciled": self.reconciled.to_json(),
        })
        .to_string()
    }

    pub(super) fn to_text(&self) -> String {
        let mut lines = vec![format!("{:<18} {}", "version", self.version)];
        for (kind, count) in &self.entries {
            lines.push(format!("{:<18} {count}", kind.replace('_', " ")));
        }
        lines.push(format!("{:<18} {}", "accounts", self.accounts));
        let reconciled = self.reconciled.to_text();
        lines.extend(reconciled.lines().map(str::to_owned));
        lines.join("\n")
    }
}
