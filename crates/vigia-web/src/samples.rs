//! How ingestion went in the last minutes, as this process saw it: what the state of the system was, every few seconds, in a
//! ring that never grows. Another process has its own; a restart begins anew.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use vigia_store::StatusReport;

use crate::app::App;

/// How far back samples go, in milliseconds.
pub(crate) const WINDOW_MS: u64 = 15 * 60 * 1_000;
/// The least that two samples are apart, in milliseconds.
pub(crate) const APART_MS: u64 = 5_000;
/// Most samples that are kept: both ends of the window too.
const SAMPLES_MAX: usize = 181;
const _: () = assert!(SAMPLES_MAX as u64 == WINDOW_MS / APART_MS + 1);

/// The state at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sample {
    /// When.
    pub(crate) at_ms: u64,
    /// The watermark, and its time.
    pub(crate) watermark: Option<(u64, u64)>,
    /// Checkpoints between it and the tip.
    pub(crate) lag_checkpoints: Option<u64>,
    /// Relevant transactions kept until then.
    pub(crate) transactions: u64,
}

impl Sample {
    fn new(report: &StatusReport, at_ms: u64) -> Self {
        Self {
            at_ms,
            watermark: report
                .watermark
                .map(|mark| (mark.checkpoint, mark.timestamp_ms)),
            lag_checkpoints: report.lag_checkpoints(),
            transactions: report.raw_transactions,
        }
    }

    /// How old the newest committed checkpoint was.
    pub(crate) fn lag_seconds(&self) -> Option<u64> {
        let (_, timestamp_ms) = self.watermark?;
        Some(self.at_ms.saturating_sub(timestamp_ms) / 1_000)
    }

    /// Checkpoints and transactions in a second since `before`, in tenths; none where that is no time before.
    pub(crate) fn rates(&self, before: &Self) -> Option<(u64, u64)> {
        let ms = self.at_ms.checked_sub(before.at_ms).filter(|ms| *ms > 0)?;
        let tenths = |now: u64, then: u64| now.saturating_sub(then).saturating_mul(10_000) / ms;
        let checkpoint = |sample: &Self| sample.watermark.map_or(0, |(checkpoint, _)| checkpoint);
        let checkpoints = match before.watermark {
            Some(_) => tenths(checkpoint(self), checkpoint(before)),
            // Whatever was done before the first watermark was not done since then.
            None => 0,
        };
        Some((checkpoints, tenths(self.transactions, before.transactions)))
    }
}

/// The samples, and who waits for the next one.
pub(crate) struct Samples {
    ring: Mutex<VecDeque<Sample>>,
    taken: watch::Sender<u64>,
}

impl Default for Samples {
    fn default() -> Self {
        Self {
            ring: Mutex::new(VecDeque::with_capacity(SAMPLES_MAX)),
            taken: watch::Sender::new(0),
        }
    }
}

impl Samples {
    /// Takes a sample of what was read anyway, unless the last one is too near.
    pub(crate) fn note(&self, report: &StatusReport, now_ms: u64) {
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        match ring.back().map(|last| last.at_ms) {
            // A clock that was set back: what was is of another time.
            Some(last_ms) if last_ms > now_ms => ring.clear(),
            Some(last_ms) if now_ms - last_ms < APART_MS => return,
            _ => {}
        }
        if ring.len() == SAMPLES_MAX {
            ring.pop_front();
        }
        ring.push_back(Sample::new(report, now_ms));
        drop(ring);
        self.taken.send_modify(|taken| *taken += 1);
    }

    /// Those of the window that ends now, the oldest first.
    pub(crate) fn list(&self, now_ms: u64) -> Vec<Sample> {
        let ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let from_ms = now_ms.saturating_sub(WINDOW_MS);
        ring.iter()
            .filter(|sample| sample.at_ms >= from_ms)
            .copied()
            .collect()
    }

    /// Tells of each sample that is taken from now on.
    pub(crate) fn follow(&self) -> watch::Receiver<u64> {
        let mut taken = self.taken.subscribe();
        taken.mark_unchanged();
        taken
    }
}

/// Takes samples until the server stops, so that a page that is opened in trouble shows how that began.
pub(crate) async fn keep(app: Arc<App>) {
    let apart = Duration::from_millis(APART_MS);
    let mut ticks = tokio::time::interval_at(Instant::now() + apart, apart);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let sampling = async {
        loop {
            ticks.tick().await;
            match app.context.store.status().await {
                Ok(report) => app.samples.note(&report, app.context.clock.now_ms()),
                // Pages say that the database is away; the chart has a gap there.
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::debug!(error, "no sample of the state");
                }
            }
        }
    };
    tokio::select! {
        () = app.stopping.clone().stopped() => {}
        () = sampling => {}
    }
}

#[cfg(test)]
mod tests {
    use vigia_core::Digest;
    use vigia_store::Watermark;

    use super::*;

    fn report(checkpoint: Option<u64>, transactions: u64) -> StatusReport {
        StatusReport {
            chain: None,
            first_checkpoint: Some(0),
            watermark: checkpoint.map(|checkpoint| Watermark {
                checkpoint,
                digest: Digest::new([7; 32]),
                timestamp_ms: checkpoint * 250,
            }),
            provider: None,
            epoch: None,
            raw_transactions: transactions,
            activities: 0,
            notifications: 0,
            failed: 0,
            unread: 0,
            watched_addresses: 0,
            watched_contracts: 0,
            watch_version: 0,
        }
    }

    #[test]
    fn the_ring_has_a_limit_and_a_window() {
        let samples = Samples::default();
        for n in 0..1_000 {
            samples.note(&report(Some(n), n), n * APART_MS);
            samples.note(&report(Some(n), n), n * APART_MS + APART_MS - 1);
        }
        let now_ms = 999 * APART_MS;
        let kept = samples.list(now_ms);
        assert_eq!(kept.len(), SAMPLES_MAX);
        assert_eq!(
            (kept[0].at_ms, kept[180].at_ms),
            (now_ms - WINDOW_MS, now_ms)
        );
        assert_eq!(samples.list(now_ms + WINDOW_MS).len(), 1);
        // A clock that is set back begins anew.
        samples.note(&report(Some(5), 5), 7);
        assert_eq!(samples.list(7).len(), 1);
    }

    #[test]
    fn rates_are_what_was_done_in_between() {
        let at =
            |at_ms, checkpoint, transactions| Sample::new(&report(checkpoint, transactions), at_ms);
        let (first, second) = (at(10_000, Some(4), 10), at(15_000, Some(24), 11));
        assert_eq!(second.rates(&first), Some((40, 2)));
        assert_eq!(first.rates(&second), None, "not backwards");
        assert_eq!(second.rates(&second), None);
        assert_eq!(
            second.rates(&at(0, None, 11)),
            Some((0, 0)),
            "no watermark is not 0"
        );
        let replaced = at(20_000, Some(1), 0);
        assert_eq!(replaced.rates(&second), Some((0, 0)));
        assert_eq!(second.lag_seconds(), Some(9));
        assert_eq!(at(0, None, 0).lag_seconds(), None);
    }

    #[tokio::test]
    async fn who_follows_learns_of_each() {
        let samples = Samples::default();
        samples.note(&report(None, 0), 0);
        let mut taken = samples.follow();
        assert!(!taken.has_changed().unwrap());
        samples.note(&report(None, 0), APART_MS);
        taken.changed().await.unwrap();
    }
}
