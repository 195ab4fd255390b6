//! What can be wrong with a node, as values: named, parsed, printed, decided. Nothing here does
//! anything to an answer; that is `serve`'s.
//!
//! A [`Fault`] is a kind with one value and conditions on when it strikes. Whether it strikes a given
//! checkpoint, stream or call is a function of the seed and of that checkpoint's, stream's or call's
//! number, so runs repeat. `catalog` lists all kinds with what a client sees and what it must do.

mod catalog;
mod decide;
mod draw;
mod parse;

use std::time::Duration;

pub use catalog::FaultKind;
pub(crate) use decide::{Site, mix};
pub use draw::Faults;
pub use parse::FaultError;

/// One way in which a node misbehaves, written as `cut:30s,every=2,times=5`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What goes wrong.
    pub kind: FaultKind,
    /// How much of it: what follows the colon.
    pub value: Value,
    /// Which part of an answer it strikes. Where none is named, one way is usual (`cut`, `wrong-chain`,
    /// `misplace-tx`, `forge-amount`), all are struck (`hide-match`), or the seed picks one.
    pub part: Option<&'static str>,
    /// When it strikes.
    pub when: When,
}

/// The measure of a fault; each kind takes one form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// Nothing to measure.
    None,
    /// A time.
    Duration(Duration),
    /// A number of checkpoints.
    Count(u64),
    /// Bytes, or bytes per second.
    Bytes(u64),
    /// So many requests in so long.
    Rate(u64, Duration),
}

/// Conditions on when a fault strikes. All must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct When {
    /// One in so many checkpoints, streams or calls, picked by the seed; 1 strikes all.
    pub every: u64,
    /// The first checkpoint, stream or call that may be struck.
    pub from: u64,
    /// Strikes no more than so often, then it is healed. Of faults that last, how many periods.
    pub times: Option<u64>,
    /// Begins so long after it was set.
    pub after: Duration,
    /// Is over so long after it began.
    pub lasts: Option<Duration>,
    /// Begins again at this interval.
    pub period: Option<Duration>,
}

impl Fault {
    /// The fault with the values that its kind has by default.
    pub fn new(kind: FaultKind) -> Self {
        let entry = kind.entry();
        Self {
            kind,
            value: entry.takes.default_value(),
            part: None,
            when: When {
                every: entry.every,
                from: 0,
                times: None,
                after: Duration::ZERO,
                lasts: None,
                period: None,
            },
        }
    }

    /// The same, striking no more than so often.
    pub fn times(mut self, times: u64) -> Self {
        self.when.times = Some(times);
        self
    }

    /// The same, over after this long.
    pub fn lasting(mut self, lasts: Duration) -> Self {
        self.when.lasts = Some(lasts);
        self
    }

    /// Whether a client that only tries again gets through in the end.
    pub fn heals(&self) -> bool {
        self.kind.is_passable() || self.when.times.is_some() || self.lasts().is_some()
    }

    /// How long it lasts once it has begun. Some kinds measure just that.
    pub(crate) fn lasts(&self) -> Option<Duration> {
        let measured = self.duration().filter(|_| self.kind.measures_its_end());
        self.when.lasts.or(measured)
    }

    pub(crate) fn duration(&self) -> Option<Duration> {
        match self.value {
            Value::Duration(duration) => Some(duration),
            _ => None,
        }
    }

    pub(crate) fn count(&self) -> u64 {
        match self.value {
            Value::Count(count) | Value::Bytes(count) | Value::Rate(count, _) => count,
            Value::None | Value::Duration(_) => 0,
        }
    }

    /// Whether the fault strikes this part, chosen or left open.
    pub(crate) fn strikes_part(&self, part: &str) -> bool {
        self.part.is_none_or(|chosen| chosen == part)
    }
}
