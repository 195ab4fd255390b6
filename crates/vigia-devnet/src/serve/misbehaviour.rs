//! The faults in force on one face: asked by whoever gives an answer, changed while it runs.
//!
//! Decides nothing by itself: `fault` does, from numbers that are counted here. What has struck is
//! counted by kind and survives a change of faults.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

use crate::fault::{Fault, FaultKind, Faults, Site, Value};

/// The faults of a face and what became of them.
pub(crate) struct Misbehaviour {
    plan: watch::Sender<Arc<Plan>>,
    struck: watch::Sender<BTreeMap<&'static str, u64>>,
    streams: AtomicU64,
    calls: AtomicU64,
}

/// Faults since they were set.
struct Plan {
    seed: u64,
    since: Instant,
    armed: Vec<Armed>,
}

struct Armed {
    fault: Fault,
    strikes: AtomicU64,
    /// When the current window of a limit on requests began, and how many it has had.
    window: Mutex<(Instant, u64)>,
    /// Places, by what was rolled for them, where it strikes until it is over.
    going: Mutex<BTreeSet<u64>>,
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

impl Plan {
    fn new(faults: Faults) -> Self {
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
    fn on(&self, kind: FaultKind) -> impl Iterator<Item = &Armed> {
        let armed = self.armed.iter();
        armed.filter(move |armed| {
            armed.fault.kind == kind && armed.fault.phase(self.since.elapsed()).on
        })
    }

    /// When a fault begins or ends next.
    fn next_edge(&self) -> Option<Instant> {
        let elapsed = self.since.elapsed();
        let phases = self.armed.iter().map(|armed| armed.fault.phase(elapsed));
        let next = phases.filter_map(|phase| phase.until).min();
        next.map(|next| self.since + next)
    }
}

impl Armed {
    /// Uses up one strike, if there is one left.
    fn spend(&self) -> bool {
        let max = self.fault.strikes_max();
        let spent = self
            .strikes
            .fetch_update(Relaxed, Relaxed, |n| (n < max).then_some(n + 1));
        spent.is_ok()
    }

    fn is_over_limit(&self) -> bool {
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

/// Waits for faults to change: others are set, or one begins or ends.
pub(crate) struct Changes(watch::Receiver<Arc<Plan>>);

impl Changes {
    /// Resolves when other faults are set.
    pub(crate) async fn changed(&mut self) {
        if self.0.changed().await.is_err() {
            // The face is gone, and so is whoever waits for it.
            std::future::pending().await
        }
    }

    /// Resolves at the next change; may resolve without one.
    pub(crate) async fn next(&mut self) {
        let edge = self.0.borrow_and_update().next_edge();
        let at_edge = async {
            match edge {
                Some(edge) => sleep_until(edge).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = at_edge => {}
            () = self.changed() => {}
        }
    }

    /// Waits for so long, or until a fault of the kind is on no more.
    pub(crate) async fn sleep_while(&mut self, kind: FaultKind, length: Option<Duration>) {
        let deadline = length.map(|length| Instant::now() + length);
        loop {
            let set_at = self.0.borrow().since;
            let is_on = self.0.borrow().on(kind).next().is_some();
            if !is_on {
                return;
            }
            tokio::select! {
                () = at(deadline) => return,
                () = self.next() => {}
            }
            if self.0.borrow().since != set_at {
                // Other faults were set: whatever they are, this one is over.
                return;
            }
        }
    }
}

async fn at(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
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
