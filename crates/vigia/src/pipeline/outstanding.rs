//! What a poller has sent and the database does not have yet: pure.
//!
//! A broker may lose, and a worker drops what was matched with an old watch list. So what is not
//! committed in time is sent again, from the watermark on (I-3).

use std::time::{Duration, Instant};

/// How long workers may take to commit what was matched with a list that has changed since, before it
/// is matched again: most of it is on its way and needs no second time.
const STALE_GRACE: Duration = Duration::from_millis(500);
/// Times that the bound doubles while nothing moves: workers that are away for hours are not sent
/// everything every ten seconds.
const DOUBLINGS_MAX: u32 = 5;

/// Watches the watermark catch up with what was sent.
#[derive(Debug)]
pub struct Outstanding {
    resend_after: Duration,
    doublings: u32,
    sent: Option<u64>,
    watermark: Option<u64>,
    moved_at: Instant,
    version: u64,
    /// Last checkpoint that may have been matched with an older list, and since when that is known.
    stale: Option<(u64, Instant)>,
}

/// Why to go back to the watermark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resend {
    /// Nothing was committed for too long.
    Overdue,
    /// The watch list has changed under what is out.
    Stale,
}

impl Outstanding {
    pub(crate) fn new(resend_after: Duration, version: u64, now: Instant) -> Self {
        Self {
            resend_after,
            doublings: 0,
            sent: None,
            watermark: None,
            moved_at: now,
            version,
            stale: None,
        }
    }

    /// Begins again: what is sent from here on is all that is out.
    pub(crate) fn restart(&mut self, now: Instant) {
        self.sent = None;
        self.stale = None;
        self.moved_at = now;
    }

    /// A checkpoint was sent.
    pub(crate) fn sent(&mut self, sequence: u64, now: Instant) {
        if self.sent <= self.watermark {
            self.moved_at = now;
        }
        self.sent = self.sent.max(Some(sequence));
    }

    /// The watermark and the version of the watch list are these; whether to send again.
    pub(crate) fn observe(
        &mut self,
        watermark: Option<u64>,
        version: u64,
        now: Instant,
    ) -> Option<Resend> {
        if watermark > self.watermark {
            self.watermark = watermark;
            self.moved_at = now;
            self.doublings = 0;
        }
        let sent = self.sent.filter(|_| self.sent > self.watermark);
        if version > self.version {
            self.version = version;
            self.stale = sent.map(|sent| (sent, now));
        }
        let Some(_out) = sent else {
            self.stale = None;
            return None;
        };
        if let Some((sequence, since)) = self.stale {
            if self.watermark >= Some(sequence) {
                self.stale = None;
            } else if now.duration_since(since) >= STALE_GRACE {
                return Some(Resend::Stale);
            }
        }
        if now.duration_since(self.moved_at) < self.resend_after * (1 << self.doublings) {
            return None;
        }
        self.doublings = (self.doublings + 1).min(DOUBLINGS_MAX);
        Some(Resend::Overdue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AFTER: Duration = Duration::from_secs(10);

    fn at(begun: Instant, ms: u64) -> Instant {
        begun + Duration::from_millis(ms)
    }

    #[test]
    fn what_is_committed_in_time_is_not_sent_again() {
        let begun = Instant::now();
        let mut out = Outstanding::new(AFTER, 1, begun);
        // Nothing was sent for long: that is no delay.
        assert_eq!(out.observe(None, 1, at(begun, 60_000)), None);
        for sequence in 0..100 {
            let now = at(begun, 60_000 + sequence * 9_000);
            out.sent(sequence, now);
            assert_eq!(out.observe(Some(sequence), 1, now), None);
        }
    }

    #[test]
    fn what_is_not_is_sent_again_ever_more_rarely() {
        let begun = Instant::now();
        let mut out = Outstanding::new(AFTER, 1, begun);
        let (mut now_ms, mut waits) = (0, vec![]);
        for _ in 0..7 {
            out.restart(at(begun, now_ms));
            out.sent(5, at(begun, now_ms));
            let since = now_ms;
            while out.observe(Some(4), 1, at(begun, now_ms)).is_none() {
                now_ms += 1_000;
            }
            waits.push((now_ms - since) / 1_000);
        }
        assert_eq!(waits, [10, 20, 40, 80, 160, 320, 320]);
        // Movement starts over.
        out.restart(at(begun, now_ms));
        out.sent(7, at(begun, now_ms));
        assert_eq!(out.observe(Some(6), 1, at(begun, now_ms)), None);
        let overdue = out.observe(Some(6), 1, at(begun, now_ms + 10_000));
        assert_eq!(overdue, Some(Resend::Overdue));
    }

    #[test]
    fn a_changed_list_sends_again_what_stays_out() {
        let begun = Instant::now();
        let mut out = Outstanding::new(AFTER, 1, begun);
        out.sent(5, begun);
        assert_eq!(out.observe(Some(3), 2, at(begun, 10)), None);
        out.sent(6, at(begun, 20));
        assert_eq!(out.observe(Some(4), 2, at(begun, 400)), None, "in grace");
        assert_eq!(out.observe(Some(4), 2, at(begun, 510)), Some(Resend::Stale));
        // Committed after all: 6 was matched with the new list.
        out.restart(at(begun, 600));
        out.sent(5, at(begun, 600));
        out.sent(6, at(begun, 600));
        assert_eq!(out.observe(Some(5), 2, at(begun, 5_000)), None);
        // Nothing out: nothing to send again.
        assert_eq!(out.observe(Some(6), 3, at(begun, 6_000)), None);
        assert_eq!(out.observe(Some(6), 3, at(begun, 60_000)), None);
    }
}
