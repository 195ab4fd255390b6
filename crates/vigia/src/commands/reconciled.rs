//! What pollers found when they last compared their watch lists with the database's, as `status` and
//! `watch stats` show it.

use serde_json::{Value, json};
use vigia_store::{RECONCILED_WITHIN_MS, WatchReconciliation, WatchStore};

/// What each poller found, and how many milliseconds ago.
pub(super) struct Reconciled(Vec<(WatchReconciliation, u64)>);

impl Reconciled {
    pub(super) async fn read(store: &dyn WatchStore) -> anyhow::Result<Self> {
        let found = store.watch_reconciliations(RECONCILED_WITHIN_MS).await?;
        Ok(Self(found))
    }

    pub(super) fn to_json(&self) -> Value {
        let found = self.0.iter().map(|(found, age_ms)| {
            json!({
                "poller": found.holder,
                "entries": found.entries,
                "missing": found.missing,
                "extra": found.extra,
                "ageMs": age_ms,
            })
        });
        found.collect()
    }

    /// A line for each poller.
    pub(super) fn to_text(&self) -> String {
        let lines = self.0.iter().map(|(found, age_ms)| {
            let verdict = match found.missing + found.extra {
                0 => format!("has all {} entries", found.entries),
                differences => format!(
                    "had {differences} differences to {} entries, repaired",
                    found.entries
                ),
            };
            let age_s = age_ms / 1_000;
            format!(
                "{:<18} {} {verdict}, {age_s} s ago\n",
                "poller", found.holder
            )
        });
        lines.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_told() {
        let found = |holder: &str, missing, extra| WatchReconciliation {
            holder: holder.to_owned(),
            entries: 7,
            missing,
            extra,
        };
        let reconciled = Reconciled(vec![(found("a-1", 0, 0), 2_999), (found("b-2", 1, 2), 0)]);
        assert_eq!(
            reconciled.to_text(),
            "poller             a-1 has all 7 entries, 2 s ago\n\
             poller             b-2 had 3 differences to 7 entries, repaired, 0 s ago\n"
        );
        assert_eq!(reconciled.to_json()[1]["extra"], 2);
    }
}
