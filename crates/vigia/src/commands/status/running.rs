//! Which processes run, and whether they agree.

use serde_json::{Value, json};
use vigia_core::{Clock, SystemClock};
use vigia_store::{ProcessRow, ProcessStore, SqlStore};

use crate::processes::{GONE_AFTER_MS, disagreements};

/// Processes that said something just now.
pub(super) struct Processes {
    rows: Vec<ProcessRow>,
    now_ms: u64,
}

impl Processes {
    pub(super) async fn read(store: &SqlStore) -> anyhow::Result<Self> {
        let now_ms = SystemClock.now_ms();
        let since_ms = now_ms.saturating_sub(GONE_AFTER_MS);
        Ok(Self {
            rows: store.process_list(since_ms).await?,
            now_ms,
        })
    }

    pub(super) fn to_json(&self) -> Value {
        let rows = self.rows.iter().map(|row| {
            json!({
                "process": row.holder,
                "role": row.role,
                "version": row.version,
                "commit": row.build,
                "settings": row.settings,
                "startedAtMs": row.started_at_ms,
                "problem": row.problem,
            })
        });
        rows.collect()
    }

    pub(super) fn disagreements(&self) -> Vec<String> {
        disagreements(&self.rows)
    }

    pub(super) fn to_text(&self) -> String {
        let mut text = String::new();
        if self.rows.is_empty() {
            text += "processes          none runs\n";
        }
        for row in &self.rows {
            let name = format!("vigia {}", row.role);
            let (holder, version, build) = (&row.holder, &row.version, &row.build);
            let running = age(self.now_ms.saturating_sub(row.started_at_ms));
            let state = match &row.problem {
                None => "ready".to_owned(),
                Some(problem) => format!("NOT READY: {problem}"),
            };
            text += &format!("{name:<18} {holder}, {version} ({build}), for {running}, {state}\n");
        }
        for problem in self.disagreements() {
            text += &format!("PROBLEM            {problem}\n");
        }
        text
    }
}

fn age(ms: u64) -> String {
    let minutes = ms / 60_000;
    match (minutes / 1_440, minutes / 60, minutes) {
        (0, 0, 0) => format!("{} s", ms / 1_000),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {} min", minutes % 60),
        (days, hours, _) => format!("{days} d {} h", hours % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_told_in_two_words() {
        for (ms, expected) in [
            (59_999, "59 s"),
            (60_000, "1 min"),
            (3_600_000 + 120_000, "1 h 2 min"),
            (49 * 3_600_000, "2 d 1 h"),
        ] {
            assert_eq!(age(ms), expected);
        }
    }
}
