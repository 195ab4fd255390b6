//! Faults since they were set, with what each has used up.

use std::{
    collections::BTreeSet,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use tokio::time::Instant;

use crate::fault::{Fault, FaultKind, Faults, Value};

/// Faults since they were set.
pub(super) struct Plan {
    pub(super) seed: u64,
    pub(super) since: Instant,
    pub(super) armed: Vec<Armed>,
}

/// One fault and what it has used up.
pub(super) struct Armed {
    pub(super) fault: Fault,
    strikes: AtomicU64,
    /// When the current window of a limit on requests began, and how many it has had.
    window: Mutex<(Instant, u64)>,
    /// Places, by what was rolled for them, where it strikes until it is over.
    pub(super) going: Mutex<BTreeSet<u64>>,
}

impl Plan {
    pub(super) fn new(faults: Faults) -> Self {
        let now = Instant::now();
        let armed = faults.list.into_iter().map(|fault| Armed {
            fault,
            strikes: AtomicU64::new(0),
            window: Mutex::new((now, 0)),
            going: Mutex::default(),
        });
        Self {
            seed: faults.seed,
            since: now,
            armed: armed.collect(),
        }
    }

    /// Faults of a kind that are on now.
    pub(super) fn on(&self, kind: FaultKind) -> impl Iterator<Item = &Armed> {
        let armed = self.armed.iter();
        armed.filter(move |armed| {
            armed.fault.kind == kind && armed.fault.phase(self.since.elapsed()).on
        })
    }

    /// When a fault begins or ends next.
    pub(super) fn next_edge(&self) -> Option<Instant> {
        let elapsed = self.since.elapsed();
        let phases = self.armed.iter().map(|armed| armed.fault.phase(elapsed));
        let next = phases.filter_map(|phase| phase.until).min();
        next.map(|next| self.since + next)
    }
}

impl Armed {
    /// Uses up one strike, if there is one left.
    pub(super) fn spend(&self) -> bool {
        let max = self.fault.strikes_max();
        let spent = self
            .strikes
            .fetch_update(Relaxed, Relaxed, |n| (n < max).then_some(n + 1));
        spent.is_ok()
    }

    pub(super) fn is_over_limit(&self) -> bool {
        let Value::Rate(requests, length) = self.fault.value else {
            return false;
        };
        let mut window = self.window.lock().expect("nothing panics in here");
        if window.0.elapsed() >= length {
            *window = (Instant::now(), 0);
        }
        window.1 += 1;
        window.1 > requests
    }
}
