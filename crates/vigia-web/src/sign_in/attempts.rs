//! How often a name was tried with a wrong password: guessing has to be slow, in all web processes together where counts
//! are shared.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use crate::shared::Shared;

/// Wrong passwords of one name within [`WINDOW_MS`] before it has to wait.
const FAILURES_MAX: u32 = 5;
/// How long they count.
const WINDOW_MS: u64 = 5 * 60 * 1000;
/// Names that are remembered; beyond, those whose time is up are forgotten first, then all (I-13).
const NAMES_MAX: usize = 10_000;

/// The failures of names.
pub(super) struct Attempts {
    here: AttemptsHere,
    shared: Shared,
}

impl Attempts {
    pub(super) fn new(shared: Shared) -> Self {
        Self {
            here: AttemptsHere::default(),
            shared,
        }
    }

    /// How long a name has to wait; none: it may be tried.
    pub(super) async fn wait(&self, name: &str, now_ms: u64) -> Option<Duration> {
        let here = self.here.wait_ms(name, now_ms).map(Duration::from_millis);
        let (count, left) = self.shared.failures(&key(name)).await;
        let everywhere = (count >= FAILURES_MAX && !left.is_zero()).then_some(left);
        here.max(everywhere)
    }

    /// A wrong password.
    pub(super) async fn failed(&self, name: &str, now_ms: u64) {
        self.here.failed(name, now_ms);
        let window = Duration::from_millis(WINDOW_MS);
        self.shared.fail(&key(name), window).await;
    }

    /// The right one.
    pub(super) async fn succeeded(&self, name: &str) {
        self.here.succeeded(name);
        self.shared.forget(&key(name)).await;
    }
}

/// What the shared counts know a name by: they hold no names.
fn key(name: &str) -> String {
    let hash = Sha256::digest(name.as_bytes());
    format!("password/{}", hex::encode(hash))
}

/// The failures of names, in this process.
#[derive(Default)]
struct AttemptsHere(Mutex<HashMap<String, Failures>>);

#[derive(Clone, Copy)]
struct Failures {
    count: u32,
    until_ms: u64,
}

impl AttemptsHere {
    fn wait_ms(&self, name: &str, now_ms: u64) -> Option<u64> {
        let names = self.names();
        let failures = names.get(name)?;
        let waits = failures.count >= FAILURES_MAX && now_ms < failures.until_ms;
        waits.then(|| failures.until_ms - now_ms)
    }

    fn failed(&self, name: &str, now_ms: u64) {
        let mut names = self.names();
        if names.len() >= NAMES_MAX && !names.contains_key(name) {
            names.retain(|_, failures| now_ms < failures.until_ms);
            if names.len() >= NAMES_MAX {
                names.clear();
            }
        }
        let until_ms = now_ms.saturating_add(WINDOW_MS);
        let failures = names
            .entry(name.to_owned())
            .or_insert(Failures { count: 0, until_ms });
        if now_ms >= failures.until_ms {
            failures.count = 0;
        }
        failures.count += 1;
        failures.until_ms = until_ms;
    }

    fn succeeded(&self, name: &str) {
        self.names().remove(name);
    }

    fn names(&self) -> MutexGuard<'_, HashMap<String, Failures>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sixth_within_the_window_waits() {
        let attempts = AttemptsHere::default();
        for n in 0..5 {
            assert_eq!(attempts.wait_ms("ana", n), None);
            attempts.failed("ana", n);
        }
        assert_eq!(attempts.wait_ms("ana", 4), Some(WINDOW_MS));
        assert_eq!(attempts.wait_ms("ana", 3 + WINDOW_MS), Some(1));
        assert_eq!(attempts.wait_ms("ana", 4 + WINDOW_MS), None);
        assert_eq!(attempts.wait_ms("beto", 4), None);
        // It begins anew.
        attempts.failed("ana", 4 + WINDOW_MS);
        assert_eq!(attempts.wait_ms("ana", 4 + WINDOW_MS), None);
    }

    #[test]
    fn the_right_password_makes_up_for_wrong_ones() {
        let attempts = AttemptsHere::default();
        for _ in 0..4 {
            attempts.failed("ana", 0);
        }
        attempts.succeeded("ana");
        for _ in 0..4 {
            attempts.failed("ana", 0);
        }
        assert_eq!(attempts.wait_ms("ana", 0), None);
    }

    #[test]
    fn names_have_a_number() {
        let attempts = AttemptsHere::default();
        for n in 0..NAMES_MAX {
            attempts.failed(&n.to_string(), 0);
        }
        attempts.failed("0", WINDOW_MS);
        attempts.failed("one more", WINDOW_MS);
        assert_eq!(
            attempts.names().len(),
            2,
            "those whose time was up are gone"
        );
        for n in 2..=NAMES_MAX {
            attempts.failed(&n.to_string(), WINDOW_MS);
        }
        assert_eq!(attempts.names().len(), 1, "all others are in time");
    }
}
