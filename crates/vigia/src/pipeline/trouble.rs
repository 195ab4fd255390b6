//! Says what goes on failing: at once as a warning, then every half minute as an error, and when it is
//! over. What is tried again every second must not fill the log while a database is away for an hour.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use vigia_core::error_chain;

/// How often what goes on failing is said again.
const AGAIN_AFTER: Duration = Duration::from_secs(30);

/// One thing that is tried again and again, and whether it fails.
#[derive(Debug)]
pub struct Trouble {
    what: &'static str,
    now: Mutex<Option<Failing>>,
}

#[derive(Debug)]
struct Failing {
    since: Instant,
    said_at: Instant,
    failures: u64,
    problem: String,
}

impl Trouble {
    /// `what` says in the log what does not work, such as "cannot commit, trying again".
    pub fn new(what: &'static str) -> Self {
        Self {
            what,
            now: Mutex::new(None),
        }
    }

    /// It failed.
    pub fn failing(&self, error: &dyn std::error::Error) {
        self.failing_as(error_chain(error));
    }

    /// It failed, and this says why.
    pub fn failing_as(&self, problem: String) {
        let Some((failures, since)) = self.note(problem.clone(), Instant::now()) else {
            return;
        };
        let seconds = since.as_secs();
        match since < AGAIN_AFTER {
            true => tracing::warn!(error = %problem, failures, seconds, "{}", self.what),
            false => tracing::error!(error = %problem, failures, seconds, "{}", self.what),
        }
    }

    /// It worked.
    pub fn well(&self) {
        if let Some(failing) = self.lock().take() {
            tracing::info!(
                failures = failing.failures,
                seconds = failing.since.elapsed().as_secs(),
                "works again: {}",
                self.what
            );
        }
    }

    /// Remembers a failure; how many there were and for how long, where that is to be said.
    fn note(&self, problem: String, now: Instant) -> Option<(u64, Duration)> {
        let mut state = self.lock();
        let is_new = state.is_none();
        let failing = state.get_or_insert_with(|| Failing {
            since: now,
            said_at: now,
            failures: 0,
            problem: problem.clone(),
        });
        failing.failures += 1;
        let differs = failing.problem != problem;
        let is_due = now.duration_since(failing.said_at) >= AGAIN_AFTER;
        // One server that goes down is several problems in turn: no more of them than one a second.
        let may = now.duration_since(failing.said_at) >= Duration::from_secs(1);
        if !(is_new || is_due || differs && may) {
            return None;
        }
        failing.said_at = now;
        failing.problem = problem;
        Some((failing.failures, now.duration_since(failing.since)))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Failing>> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_on_is_said_twice_a_minute() {
        let trouble = Trouble::new("cannot write");
        let begun = Instant::now();
        let said = |at_s: u64, problem: &str| {
            let now = begun + Duration::from_secs(at_s);
            trouble.note(problem.to_owned(), now).is_some()
        };
        assert!(said(0, "away"));
        let times = (1..=60).filter(|at_s| said(*at_s, "away")).count();
        assert_eq!(times, 2);
        assert!(said(62, "full"), "another problem is news");
        assert!(!said(62, "away"), "but not twice in a second");
        trouble.well();
        assert!(said(63, "away"));
    }
}
