//! When a poller sends again what it has sent.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::time::MissedTickBehavior;

use super::Poller;
use crate::pipeline::outstanding::{Outstanding, Resend};

/// How often the watermark is compared with what was sent.
const OUTSTANDING_INTERVAL: Duration = Duration::from_millis(250);

/// How far commits were behind a poller's last stream.
pub type OutstandingMemory = Mutex<Option<Outstanding>>;

/// Compares the watermark with what was sent, at an interval; for ever where the transport cannot lose.
pub(super) struct OutstandingWatch<'p> {
    poller: &'p Poller,
    out: Option<Outstanding>,
    interval: tokio::time::Interval,
}

impl<'p> OutstandingWatch<'p> {
    pub(super) fn new(poller: &'p Poller, version: u64) -> Self {
        let mut interval = tokio::time::interval(OUTSTANDING_INTERVAL);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut kept = poller
            .outstanding
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let out = poller.resend_after.map(|after| {
            let now = Instant::now();
            let mut out = kept
                .take()
                .unwrap_or_else(|| Outstanding::new(after, version, now));
            out.restart(now);
            out
        });
        Self {
            poller,
            out,
            interval,
        }
    }

    pub(super) fn sent(&mut self, sequence: u64) {
        if let Some(out) = &mut self.out {
            out.sent(sequence, Instant::now());
        }
    }

    /// Resolves when what is out has to be sent again.
    pub(super) async fn resend(&mut self) {
        let Some(out) = &mut self.out else {
            return std::future::pending().await;
        };
        loop {
            self.interval.tick().await;
            // A database that is away commits nothing either: nothing is sent again for that.
            let Ok(watermark) = self.poller.committed().await else {
                continue;
            };
            let version = self.poller.watch.list().read().version();
            match out.observe(watermark, version, Instant::now()) {
                None => {}
                Some(Resend::Stale) => {
                    tracing::info!(
                        watch.version = version,
                        "watch list changed under way, matching again"
                    );
                    return;
                }
                Some(Resend::Overdue) => {
                    tracing::warn!(
                        watermark,
                        "what was sent is not committed, sending it again"
                    );
                    return;
                }
            }
        }
    }
}

impl Drop for OutstandingWatch<'_> {
    fn drop(&mut self) {
        // How long nothing has moved is remembered beyond one stream.
        let kept = self.poller.outstanding.lock();
        *kept.unwrap_or_else(PoisonError::into_inner) = self.out.take();
    }
}
