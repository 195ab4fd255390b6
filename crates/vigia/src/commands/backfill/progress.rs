//! How far an import is: a bar on a terminal, else a line every few seconds.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// How often a line is written where there is no terminal.
const LINE_INTERVAL: Duration = Duration::from_secs(5);

/// Shows progress on stderr.
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    begun: Instant,
    last_line: Instant,
    from: u64,
    to_inclusive: u64,
}

impl Progress {
    /// An import that begins at `from`.
    pub(crate) fn new(from: u64, to_inclusive: u64) -> Self {
        let count = (to_inclusive + 1).saturating_sub(from);
        let now = Instant::now();
        Self {
            bar: std::io::stderr().is_terminal().then(|| progress_bar(count)),
            begun: now,
            last_line: now,
            from,
            to_inclusive,
        }
    }

    /// Everything below `position` is done.
    pub(crate) fn show(&mut self, position: u64) {
        let done = position.saturating_sub(self.from);
        if let Some(bar) = &self.bar {
            bar.set_position(done);
        } else if self.last_line.elapsed() >= LINE_INTERVAL {
            self.last_line = Instant::now();
            let left = (self.to_inclusive + 1).saturating_sub(position);
            eprintln!("{}", line(done, left, self.begun.elapsed()));
        }
    }

    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// One line: how far, how fast, and how long it will take at that rate.
fn line(done: u64, left: u64, took: Duration) -> String {
    let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX).max(1);
    let rate = done.saturating_mul(1_000) / milliseconds;
    let seconds = left.checked_div(rate).map_or_else(
        || "time left not known yet".to_owned(),
        |seconds| format!("{seconds} s left"),
    );
    format!("{done} of {} checkpoints, {rate}/s, {seconds}", done + left)
}

fn progress_bar(checkpoints: u64) -> ProgressBar {
    let style =
        ProgressStyle::with_template("{bar:40} {pos} of {len} checkpoints  {per_sec}  {eta} left")
            .expect("the template is valid");
    ProgressBar::new(checkpoints).with_style(style)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_say_rate_and_time_left() {
        let said = line(2_000, 6_000, Duration::from_secs(4));
        assert_eq!(said, "2000 of 8000 checkpoints, 500/s, 12 s left");
        let unknown = line(0, 5, Duration::ZERO);
        assert!(unknown.contains("time left not known yet"), "{unknown}");
    }
}
