//! How much is sent to one target at once and after what: a breaker, a throttle and a limit on what is in flight, one of each
//! for every endpoint or provider. Pure: time is handed in and nobody waits here, so that whoever drives them may keep
//! them in memory or in the database.

mod breaker;
mod concurrency;
mod throttle;

pub use breaker::{Admission, BREAKER_WINDOW_MAX, Breaker, BreakerSettings};
pub use concurrency::{Concurrency, ConcurrencySettings};
pub use throttle::{PACE_FULL_PERMILLE, Throttle, ThrottleSettings};

use crate::{Attempt, ErrorClass, Outcome};

/// What an attempt says about the health of its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// It works.
    Good,
    /// It works badly or asks for less: the rate goes down, and it counts as a failure.
    Overloaded,
    /// It does not work.
    Failing,
    /// Nothing: what went wrong is about this one message, or the target is gone for good.
    Neutral,
}

impl Attempt {
    /// What it says about the health of its target.
    pub fn signal(&self) -> Signal {
        match (self.outcome, self.error) {
            (Outcome::Delivered, _) => Signal::Good,
            (Outcome::SlowDown { .. }, _) | (_, Some(ErrorClass::Timeout)) => Signal::Overloaded,
            (Outcome::Retry { .. }, _) => Signal::Failing,
            (Outcome::Refused(_) | Outcome::Gone, _) => Signal::Neutral,
        }
    }
}
