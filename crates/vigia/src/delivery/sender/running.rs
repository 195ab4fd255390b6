//! What a deliverer has under way, and whom it asks about next.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::{JoinError, JoinHandle, JoinSet};
use tokio::time::Instant;
use vigia_core::DeliveryId;
use vigia_notify::{Admission, Attempt, Signal, WebhookSender};
use vigia_store::{ClaimedDelivery, ENDPOINTS_KEPT_MS, EndpointRow};

use super::super::endpoints::{KnownEndpoints, Target};
use super::super::flow::EndpointFlow;
use super::super::places::Places;
use super::super::recorder::Recorder;
use super::{DeliveryLimits, Ended};
use crate::pipeline::Trouble;

/// Endpoints that are looked at together, where there are many.
const LOOK_AT_ONCE: usize = 64;
/// Steps in which all are looked at: with more endpoints than so, more at once.
const LOOK_STEPS_MAX: usize = 20;
/// How often those are asked about that have yet to answer soon: together, since hundreds that time out one after the other
/// would take a turn each from everybody else.
const ASIDE_EVERY: Duration = Duration::from_millis(50);
/// How many of them at most.
const ASIDE_AT_ONCE: usize = 128;

/// Endpoints that are asked about together, and as what each is sent to.
pub(super) struct Asked {
    pub(super) each_max: u32,
    pub(super) admitted: BTreeMap<i64, Admission>,
    /// Whether nobody else waits for the answer: they have yet to answer soon.
    pub(super) is_aside: bool,
}

/// What was taken of those that were asked about.
pub(super) type Taken = (Asked, vigia_store::Result<Vec<ClaimedDelivery>>);

/// Asking about those that have yet to answer soon.
#[derive(Default)]
pub(super) struct Aside {
    asked: Option<Instant>,
    pub(super) asking: Beside<Taken>,
    /// Whether one waits to be asked about.
    is_waiting: bool,
}

impl Aside {
    fn is_due(&self) -> bool {
        !self.asking.goes_on() && self.asked.is_none_or(|at| at.elapsed() >= ASIDE_EVERY)
    }

    /// When it is due, where that is known.
    fn due(&self) -> Option<Instant> {
        let asked = self
            .asked
            .filter(|_| self.is_waiting && !self.asking.goes_on());
        asked.map(|at| at + ASIDE_EVERY)
    }
}

/// Something that is done beside what goes on, one at a time.
pub(super) struct Beside<T>(Option<JoinHandle<T>>);

impl<T> Default for Beside<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Send + 'static> Beside<T> {
    /// Begins it.
    pub(super) fn begin(&mut self, doing: impl Future<Output = T> + Send + 'static) {
        self.0 = Some(tokio::spawn(doing));
    }

    /// Waits until it is done; never ends where nothing was begun. Nothing is lost when it is given up.
    pub(super) async fn done(&mut self) -> T {
        let Some(doing) = &mut self.0 else {
            return std::future::pending().await;
        };
        let joined = doing.await;
        self.0 = None;
        match joined {
            Ok(done) => done,
            // As if it had been done here.
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }

    /// Whether it goes on.
    pub(super) fn goes_on(&self) -> bool {
        self.0.is_some()
    }
}

/// What is under way to an endpoint.
struct Sending {
    flow: EndpointFlow,
    /// One for each that may be sent at once; what was taken ahead waits for one.
    turns: Arc<Semaphore>,
}

/// What is under way.
pub(super) struct Running {
    known: KnownEndpoints,
    turns_max: u32,
    targets: BTreeMap<i64, (Target, Sending)>,
    places: Places,
    /// Endpoints that may have something that is due.
    pub(super) waiting: BTreeSet<i64>,
    /// Where asking goes on, so that nobody always comes first.
    turn: i64,
    /// Where looking goes on.
    look_turn: i64,
    looked: Option<Instant>,
    pub(super) aside: Aside,
    learnt: Option<Instant>,
    /// What was known of changes when endpoints were read, and when that was.
    known_at: Option<(u64, u64)>,
    pub(super) sends: JoinSet<Ended>,
    pub(super) recorder: Recorder<Ended>,
    /// Taken and not completed.
    pub(super) held: BTreeSet<DeliveryId>,
    /// When what is held is to be held on to.
    pub(super) renew_at: Instant,
    pub(super) renewing: Beside<vigia_store::Result<u64>>,
    pub(super) trouble: Trouble,
}

impl Running {
    pub(super) fn new(known: KnownEndpoints, limits: &DeliveryLimits) -> Self {
        Self {
            known,
            turns_max: limits.endpoint_in_flight_max,
            targets: BTreeMap::new(),
            places: Places::new(
                limits.in_flight_max,
                limits.slow_in_flight_max,
                limits.slow_after,
            ),
            waiting: BTreeSet::new(),
            turn: 0,
            look_turn: 0,
            looked: None,
            aside: Aside::default(),
            learnt: None,
            known_at: None,
            sends: JoinSet::new(),
            recorder: Recorder::new(),
            held: BTreeSet::new(),
            renew_at: Instant::now() + limits.lease / 3,
            renewing: Beside::default(),
            trouble: Trouble::new("cannot deliver, trying again"),
        }
    }

    /// Whether it is to be asked if endpoints have changed.
    pub(super) fn is_learning_due(&mut self, every: Duration) -> bool {
        let is_due = self.learnt.is_none_or(|at| at.elapsed() >= every);
        if is_due {
            self.learnt = Some(Instant::now());
        }
        is_due
    }

    /// Whether endpoints are to be read again.
    pub(super) fn is_changed(&self, changes: u64, now_ms: u64) -> bool {
        self.known_at.is_none_or(|(known, at_ms)| {
            known != changes || now_ms.abs_diff(at_ms) >= ENDPOINTS_KEPT_MS
        })
    }

    /// Takes in which endpoints there are.
    pub(super) fn learn(
        &mut self,
        sender: &WebhookSender,
        rows: Vec<EndpointRow>,
        changes: u64,
        now_ms: u64,
    ) {
        let mut flows = std::mem::take(&mut self.targets);
        for (id, target) in self.known.targets(sender, rows) {
            let sending = flows.remove(&id).map(|(_, sending)| sending);
            // Whoever is new is asked about at once.
            if sending.is_none() {
                self.waiting.insert(id);
            }
            let sending = sending.unwrap_or_else(|| Sending {
                flow: EndpointFlow::default(),
                turns: Arc::new(Semaphore::new(
                    usize::try_from(self.turns_max).unwrap_or(Semaphore::MAX_PERMITS),
                )),
            });
            self.targets.insert(id, (target, sending));
        }
        self.known_at = Some((changes, now_ms));
    }

    /// That endpoints may have something, which other processes made or which is due by now: all of them within `every`, some
    /// at a time, since asking about a thousand at once would hold up everybody.
    pub(super) fn look(&mut self, every: Duration) {
        if self
            .looked
            .is_some_and(|at| at.elapsed() < self.look_step(every))
        {
            return;
        }
        let share = self.targets.len().div_ceil(self.look_steps());
        let some = self.targets.range(self.look_turn..);
        let some = some.chain(self.targets.range(..self.look_turn));
        let some: Vec<i64> = some.take(share).map(|(id, _)| *id).collect();
        if let Some(last) = some.last() {
            self.look_turn = last + 1;
        }
        self.waiting.extend(some);
        self.looked = Some(Instant::now());
    }

    fn look_steps(&self) -> usize {
        self.targets
            .len()
            .div_ceil(LOOK_AT_ONCE)
            .clamp(1, LOOK_STEPS_MAX)
    }

    fn look_step(&self, every: Duration) -> Duration {
        every / u32::try_from(self.look_steps()).unwrap_or(u32::MAX)
    }

    /// When to look again at the latest.
    pub(super) fn look_within(&self, every: Duration) -> Duration {
        let looked = self.looked.unwrap_or_else(Instant::now);
        let due = looked + self.look_step(every);
        let due = self.places.slows_at().map_or(due, |slows| due.min(slows));
        let due = self.aside.due().map_or(due, |aside| due.min(aside));
        let due = due.saturating_duration_since(Instant::now());
        self.recorder.pause().map_or(due, |pause| due.min(pause))
    }

    /// Whom to ask about now: those that answer soon and have room, and one of each of the others.
    pub(super) fn asked(&mut self, limits: &DeliveryLimits, now_ms: u64) -> Vec<Asked> {
        let mut room = self.places.free();
        let max = limits.endpoint_in_flight_max;
        let (mut prompt, mut careful) = (BTreeMap::new(), BTreeMap::new());
        let mut prompt_max = u32::MAX;
        let is_aside_due = self.aside.is_due();
        let mut aside = self.places.free_aside();
        self.aside.is_waiting = false;
        let in_turn = self.waiting.range(self.turn..);
        let in_turn: Vec<i64> = in_turn
            .chain(self.waiting.range(..self.turn))
            .copied()
            .collect();
        self.waiting.retain(|id| self.targets.contains_key(id));
        for id in in_turn {
            let Some((_, Sending { flow, .. })) = self.targets.get_mut(&id) else {
                continue;
            };
            let places = match flow.is_prompt() {
                true => &mut room,
                false => &mut aside,
            };
            if *places == 0 {
                continue;
            }
            let is_aside_full = !is_aside_due || careful.len() >= ASIDE_AT_ONCE;
            if is_aside_full && !flow.is_prompt() {
                self.aside.is_waiting |= flow.has_room();
                continue;
            }
            match flow.room(&limits.breaker, max, now_ms) {
                // With less room than that it waits for more, rather than being asked about for each one.
                Some((free, Admission::Send))
                    if flow.is_prompt() && free.saturating_mul(2) >= flow.taken_max(max) =>
                {
                    prompt_max = prompt_max.min(free);
                    prompt.insert(id, Admission::Send);
                }
                // What began before the breaker opened may have gone well since: a probe is one all the same.
                Some((_, admission)) if admission == Admission::Probe || !flow.is_prompt() => {
                    careful.insert(id, admission);
                }
                _ => continue,
            }
            *places -= 1;
            self.turn = id + 1;
            // What is told from now on is another reason to ask.
            self.waiting.remove(&id);
        }
        if !careful.is_empty() {
            self.aside.asked = Some(Instant::now());
        }
        let share = (room + prompt.len()) / prompt.len().max(1);
        let each_max = prompt_max.min(u32::try_from(share).unwrap_or(u32::MAX));
        // As many again may be sent again.
        let each_max = (each_max / 2).max(1);
        let asked = [(each_max, prompt, false), (1, careful, true)];
        let asked = asked
            .into_iter()
            .filter(|(_, admitted, _)| !admitted.is_empty());
        asked
            .map(|(each_max, admitted, is_aside)| Asked {
                each_max,
                admitted,
                is_aside,
            })
            .collect()
    }

    /// What was taken of those that were asked about: who had as much as they might have may have more. `claimed`: none where
    /// there was no answer.
    pub(super) fn answered(
        &mut self,
        limits: &DeliveryLimits,
        asked: &Asked,
        claimed: Option<&[ClaimedDelivery]>,
        now_ms: u64,
    ) {
        let mut counts = BTreeMap::<i64, u32>::new();
        for claimed in claimed.unwrap_or_default() {
            *counts.entry(claimed.event.row.endpoint).or_default() += 1;
        }
        for (id, admission) in &asked.admitted {
            let count = counts.get(id).copied().unwrap_or(0);
            if claimed.is_none() || count >= asked.each_max {
                self.waiting.insert(*id);
            }
            if count == 0
                && *admission == Admission::Probe
                && let Some((_, Sending { flow, .. })) = self.targets.get_mut(id)
            {
                flow.unused(&limits.breaker, Admission::Probe, now_ms);
            }
        }
    }

    /// That a delivery is sent; its number, where to, and what gives it its turn.
    pub(super) fn begin(
        &mut self,
        claimed: &ClaimedDelivery,
    ) -> Option<(u64, Target, Arc<Semaphore>)> {
        let endpoint = claimed.event.row.endpoint;
        let (target, Sending { flow, turns }) = self.targets.get_mut(&endpoint)?;
        let is_prompt = flow.is_prompt();
        flow.begin(1);
        self.held.insert(claimed.event.row.id);
        let number = self.places.begin(endpoint, is_prompt, Instant::now());
        Some((number, target.clone(), Arc::clone(turns)))
    }

    /// Takes the places back of what takes long.
    pub(super) fn slow_down(&mut self) {
        for endpoint in self.places.slowed(Instant::now()) {
            if let Some((_, Sending { flow, .. })) = self.targets.get_mut(&endpoint) {
                flow.slow_down();
            }
        }
    }

    pub(super) fn take(
        &mut self,
        joined: Result<Ended, JoinError>,
        limits: &DeliveryLimits,
        now_ms: u64,
    ) {
        match joined {
            Ok(ended) => {
                let attempt = ended.attempt.as_ref();
                // In a shadow run nobody answers, and soon.
                let nothing = match limits.is_shadow {
                    true => Signal::Good,
                    false => Signal::Neutral,
                };
                let signal = attempt.map_or(nothing, Attempt::signal);
                let was_slow = self.places.end(ended.number);
                let took_ms = attempt.map_or(0, |attempt| attempt.duration_ms);
                let endpoint = ended.claimed.event.row.endpoint;
                if let Some((_, Sending { flow, .. })) = self.targets.get_mut(&endpoint) {
                    let how = (took_ms, was_slow);
                    flow.end(&limits.breaker, ended.admission, signal, how, now_ms);
                }
                self.recorder.add(ended);
            }
            // Its claim runs out, and it is sent again.
            Err(error) => tracing::error!(%error, "a send ended unexpectedly"),
        }
    }

    /// What was written, or why it was not.
    pub(super) fn written(&mut self, written: vigia_store::Result<Vec<Ended>>) {
        match written {
            Ok(batch) => {
                for ended in batch {
                    self.held.remove(&ended.claimed.event.row.id);
                }
            }
            Err(error) => self.trouble.failing(&error),
        }
    }
}
