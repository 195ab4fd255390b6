//! How far a copy is: a bar on a terminal, else a line every few seconds.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use vigia_store::{CopyProgress, CopyStage};

/// How often a line is written where there is no terminal.
const LINE_INTERVAL: Duration = Duration::from_secs(5);

/// Shows progress on stderr.
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    stage: Option<Stage>,
    last_line: Option<Instant>,
}

/// Where and when a stage began in this run.
struct Stage {
    stage: CopyStage,
    begun: Instant,
    rows_before: u64,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self {
            bar: std::io::stderr().is_terminal().then(progress_bar),
            stage: None,
            last_line: None,
        }
    }

    pub(super) fn show(&mut self, now: CopyProgress) {
        if self.stage.as_ref().map(|stage| stage.stage) != Some(now.stage) {
            self.begin(now);
        }
        let Some(stage) = &self.stage else { return };
        if let Some(bar) = &self.bar {
            bar.set_position(now.rows_done);
            bar.set_message(now.table);
        } else if self
            .last_line
            .is_none_or(|last| last.elapsed() >= LINE_INTERVAL)
        {
            self.last_line = Some(Instant::now());
            let rows = now.rows_done.saturating_sub(stage.rows_before);
            eprintln!("{}", line(now, rows, stage.begun.elapsed()));
        }
    }

    fn begin(&mut self, now: CopyProgress) {
        if let Some(bar) = &self.bar {
            bar.reset();
            bar.set_length(now.rows_total);
            bar.set_position(now.rows_done);
            bar.set_prefix(word(now.stage));
        }
        self.last_line = None;
        self.stage = Some(Stage {
            stage: now.stage,
            begun: Instant::now(),
            rows_before: now.rows_done,
        });
    }

    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn word(stage: CopyStage) -> &'static str {
    match stage {
        CopyStage::Copying => "copied",
        CopyStage::Checking => "compared",
    }
}

/// One line: how far, how fast, and how long it will take at that rate.
fn line(now: CopyProgress, rows: u64, took: Duration) -> String {
    let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX).max(1);
    let rate = rows.saturating_mul(1_000) / milliseconds;
    let left = now.rows_total.saturating_sub(now.rows_done);
    let seconds = left.checked_div(rate).map_or_else(
        || "time left not known yet".to_owned(),
        |seconds| format!("{seconds} s left"),
    );
    format!(
        "{} {} of {} rows, {rate}/s, {seconds} (table {})",
        word(now.stage),
        now.rows_done,
        now.rows_total,
        now.table
    )
}

fn progress_bar() -> ProgressBar {
    let style = ProgressStyle::with_template(
        "{prefix} {bar:30} {pos} of {len} rows  {per_sec}  {eta} left  {msg}",
    )
    .expect("the template is valid");
    ProgressBar::new(0).with_style(style)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_say_rows_rate_and_time_left() {
        let now = CopyProgress {
            stage: CopyStage::Copying,
            table: "activity",
            rows_done: 3_000,
            rows_total: 9_000,
        };
        assert_eq!(
            line(now, 2_000, Duration::from_secs(4)),
            "copied 3000 of 9000 rows, 500/s, 12 s left (table activity)"
        );
        let unknown = line(now, 0, Duration::ZERO);
        assert!(
            unknown.contains("0/s, time left not known yet"),
            "{unknown}"
        );
    }
}
