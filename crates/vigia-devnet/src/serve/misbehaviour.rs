//! The faults in force on one face: asked by whoever gives an answer, changed while it runs.
//!
//! Decides nothing by itself: `fault` does, from numbers that are counted here. What has struck is
//! counted by kind and survives a change of faults.

mod changes;
mod plan;

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use tokio::{sync::watch, time::Instant};

pub(crate) use changes::Changes;
use plan::Plan;

use crate::fault::{Fault, FaultKind, Faults, Site};

/// The faults of a face and what became of them.
pub(crate) struct Misbehaviour {
    plan: watch::Sender<Arc<Plan>>,
    struck: watch::Sender<BTreeMap<&'static str, u64>>,
    streams: AtomicU64,
    calls: AtomicU64,
}

/// A fault that strikes, and the number that decides what else is left to chance.
#[derive(Clone, Debug)]
pub(crate) struct Strike {
    pub(crate) fault: Fault,
    pub(crate) roll: u64,
}

impl Misbehaviour {
    pub(crate) fn new(faults: Faults) -> Self {
        Self {
            plan: watch::Sender::new(Arc::new(Plan::new(faults))),
            struck: watch::Sender::new(BTreeMap::new()),
            streams: AtomicU64::new(0),
            calls: AtomicU64::new(0),
        }
    }

    /// Replaces all faults; times and strikes begin anew.
    pub(crate) fn set(&self, faults: Faults) {
        self.plan.send_replace(Arc::new(Plan::new(faults)));
    }

    fn plan(&self) -> Arc<Plan> {
        self.plan.borrow().clone()
    }

    /// When the faults in force were set.
    pub(crate) fn set_at(&self) -> Instant {
        self.plan.borrow().since
    }

    /// How often each kind has struck so far.
    pub(crate) fn struck(&self) -> watch::Receiver<BTreeMap<&'static str, u64>> {
        self.struck.subscribe()
    }

    pub(crate) fn next_stream(&self) -> u64 {
        self.streams.fetch_add(1, Relaxed)
    }

    pub(crate) fn next_call(&self) -> u64 {
        self.calls.fetch_add(1, Relaxed)
    }

    /// Whether there is a fault of the kind at all.
    pub(crate) fn is_set(&self, kind: FaultKind) -> bool {
        let plan = self.plan.borrow();
        plan.armed.iter().any(|armed| armed.fault.kind == kind)
    }

    /// Whether anything is wrong with what is said, rather than with how it is carried.
    pub(crate) fn alters_answers(&self) -> bool {
        let plan = self.plan.borrow();
        plan.armed
            .iter()
            .any(|armed| armed.fault.kind.alters_answers())
    }

    /// Whether frames are to be told apart: some fault counts, swaps or repeats them.
    pub(crate) fn carries_badly(&self) -> bool {
        !self.plan.borrow().armed.is_empty()
    }

    /// The fault of a kind that is on now. Costs next to nothing where there are no faults.
    pub(crate) fn ongoing(&self, kind: FaultKind) -> Option<Fault> {
        let plan = self.plan.borrow();
        let armed = plan.on(kind).next()?;
        Some(armed.fault.clone())
    }

    /// Notes that an ongoing fault made a difference.
    pub(crate) fn note(&self, kind: FaultKind) {
        self.struck
            .send_modify(|struck| *struck.entry(kind.name()).or_default() += 1);
    }

    /// Strikes this place if a fault of the kind is on, chooses it, and has strikes left.
    pub(crate) fn strike(&self, kind: FaultKind, site: Site) -> Option<Strike> {
        self.strike_if(kind, site, |_, _| true)
    }

    /// The same, where the fault also has to apply to what is there.
    pub(crate) fn strike_if(
        &self,
        kind: FaultKind,
        site: Site,
        applies: impl Fn(&Fault, u64) -> bool,
    ) -> Option<Strike> {
        if !self.is_set(kind) {
            return None;
        }
        let plan = self.plan();
        let strike = plan.on(kind).find_map(|armed| {
            let roll = armed.fault.roll(plan.seed, site)?;
            let strikes = applies(&armed.fault, roll) && armed.spend();
            strikes.then(|| Strike {
                fault: armed.fault.clone(),
                roll,
            })
        })?;
        self.note(kind);
        Some(strike)
    }

    /// Strikes once and goes on at that place for as long as the fault is on.
    pub(crate) fn keeps_striking(&self, kind: FaultKind, site: Site) -> bool {
        let plan = self.plan();
        let mut chosen = plan.on(kind).filter_map(|armed| {
            let roll = armed.fault.roll(plan.seed, site)?;
            Some((armed, roll))
        });
        let Some((armed, roll)) = chosen.next() else {
            return false;
        };
        let mut going = armed.going.lock().expect("nothing panics in here");
        if going.contains(&roll) {
            return true;
        }
        let begins = armed.spend();
        if begins {
            going.insert(roll);
            self.note(kind);
        }
        begins
    }

    /// Counts a request against the limit on requests; says whether it is one too many.
    pub(crate) fn is_over_limit(&self, call: u64) -> bool {
        let plan = self.plan();
        let mut limits = plan.on(FaultKind::RateLimit);
        let over = limits.any(|armed| {
            armed.fault.roll(plan.seed, Site::Call(call)).is_some()
                && armed.is_over_limit()
                && armed.spend()
        });
        if over {
            self.note(FaultKind::RateLimit);
        }
        over
    }

    /// Follows changes of faults.
    pub(crate) fn changes(&self) -> Changes {
        Changes(self.plan.subscribe())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn of(specs: &[&str]) -> Misbehaviour {
        Misbehaviour::new(Faults::parse(1, specs.iter().copied()).unwrap())
    }

    #[tokio::test]
    async fn strikes_are_counted_and_run_out() {
        let faults = of(&["omit-tx,every=1,times=2", "duplicate,every=1"]);
        let strike = |n| {
            faults
                .strike(FaultKind::OmitTx, Site::Checkpoint(n))
                .is_some()
        };
        assert_eq!([0, 1, 2, 3].map(strike), [true, true, false, false]);
        assert!(
            faults
                .strike(FaultKind::Flip, Site::Checkpoint(0))
                .is_none()
        );
        assert_eq!(faults.struck().borrow()["omit-tx"], 2);
        faults.set(Faults::none());
        assert!(
            faults
                .strike(FaultKind::Duplicate, Site::Frame(0, 0))
                .is_none()
        );
        assert_eq!(faults.struck().borrow().len(), 1);
    }

    #[tokio::test]
    async fn what_does_not_apply_spends_nothing() {
        let faults = of(&["flip,every=1,times=1"]);
        let site = Site::Checkpoint(3);
        assert!(
            faults
                .strike_if(FaultKind::Flip, site, |_, _| false)
                .is_none()
        );
        assert!(faults.strike(FaultKind::Flip, site).is_some());
    }

    #[tokio::test(flavor = "current_thread")]
    async fn limits_begin_anew_with_each_window() {
        let faults = of(&["rate-limit:2/20ms"]);
        let over = |_| faults.is_over_limit(0);
        assert_eq!([0, 1, 2].map(over), [false, false, true]);
        let mut changes = faults.changes();
        changes
            .sleep_while(FaultKind::RateLimit, Some(Duration::from_millis(25)))
            .await;
        assert!(!faults.is_over_limit(0));
    }

    #[tokio::test]
    async fn waiting_ends_when_faults_are_healed() {
        let faults = Arc::new(of(&["stall"]));
        let mut changes = faults.changes();
        let waiting =
            tokio::spawn(async move { changes.sleep_while(FaultKind::Stall, None).await });
        faults.set(Faults::none());
        waiting.await.unwrap();
    }
}
