//! What a process says of itself, so that `vigia status` shows each, and that some are of another version or have other settings.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use vigia_core::Clock;
use vigia_store::{ProcessRow, ProcessStore};
use vigia_web::Readiness;

use crate::pipeline::Trouble;

/// How often a process says how it is.
const EVERY: Duration = Duration::from_secs(5);
/// What said nothing for so long is gone.
pub const GONE_AFTER_MS: u64 = 20_000;
/// How long forgetting it at its end may take.
const FORGET_WITHIN: Duration = Duration::from_secs(1);

/// Says how this process is.
pub struct ProcessReporter {
    /// Where it is written.
    pub store: Arc<dyn ProcessStore>,
    /// Whether it can do its work.
    pub readiness: Arc<dyn Readiness>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Its name.
    pub holder: String,
    /// Which command it is.
    pub role: &'static str,
    /// A hash of its settings.
    pub settings: String,
}

impl ProcessReporter {
    /// Says it until `shutdown`, then that it has ended.
    pub async fn run(self, shutdown: CancellationToken) {
        let started_at_ms = self.clock.now_ms();
        let trouble = Trouble::new("cannot say how this process is");
        loop {
            let row = ProcessRow {
                holder: self.holder.clone(),
                role: self.role.to_owned(),
                version: crate::VERSION.to_owned(),
                build: crate::COMMIT.to_owned(),
                settings: self.settings.clone(),
                started_at_ms,
                problem: self.readiness.problem().await,
                seen_at_ms: self.clock.now_ms(),
            };
            match self.store.process_record(&row).await {
                Ok(()) => trouble.well(),
                Err(error) => trouble.failing(&error),
            }
            tokio::select! {
                () = shutdown.cancelled() => break,
                () = tokio::time::sleep(EVERY) => {}
            }
        }
        // What cannot be written now is seen to be gone soon.
        let forgetting = self.store.process_forget(&self.holder);
        let _ = tokio::time::timeout(FORGET_WITHIN, forgetting).await;
    }
}

/// In what processes that run together disagree, in words; none where they do not.
pub fn disagreements(rows: &[ProcessRow]) -> Vec<String> {
    let different = |of: fn(&ProcessRow) -> String| {
        let found: BTreeSet<String> = rows.iter().map(of).collect();
        (found.len() > 1).then(|| found.into_iter().collect::<Vec<_>>().join(", "))
    };
    let builds = different(|row| format!("{} ({})", row.version, row.build));
    let builds = builds.map(|found| {
        format!(
            "processes of different versions run: {found}; start those that were forgotten anew"
        )
    });
    let settings = different(|row| row.settings.clone()).map(|found| {
        format!(
            "processes have different settings (hashes {found}): [labels], [contracts], [coins], [proof], [texts] and [inbox], \
             and contract files, have to be the same everywhere"
        )
    });
    builds.into_iter().chain(settings).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(holder: &str, version: &str, settings: &str) -> ProcessRow {
        ProcessRow {
            holder: holder.to_owned(),
            role: "work".to_owned(),
            version: version.to_owned(),
            build: "c0ffee".to_owned(),
            settings: settings.to_owned(),
            started_at_ms: 0,
            seen_at_ms: 0,
            problem: None,
        }
    }

    #[test]
    fn what_differs_is_named() {
        assert!(disagreements(&[]).is_empty());
        let same = [row("a", "1.0.0", "x"), row("b", "1.0.0", "x")];
        assert!(disagreements(&same).is_empty());
        let other = disagreements(&[row("a", "1.0.0", "x"), row("b", "1.1.0", "y")]);
        assert_eq!(other.len(), 2);
        assert!(
            other[0].contains("1.0.0 (c0ffee), 1.1.0 (c0ffee)"),
            "{}",
            other[0]
        );
        assert!(other[1].contains("x, y"), "{}", other[1]);
    }
}
