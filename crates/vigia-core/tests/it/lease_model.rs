//! Leases under every interleaving of three workers on two items (I-9).
//!
//! The model calls the real transitions of `LeaseState`. Workers claim, work, renew, give back and
//! complete; any of them may be stopped (SIGSTOP) and wake up whenever, be killed (SIGKILL) and
//! start again, and time passes at any point. Two of the three have the same name, as a restarted
//! container has. Time is kept relative to now and fences by their order, so there are finitely many
//! states and all are visited. Broken variants of the rules have to be caught.

use vigia_core::{Fence, LeaseState};

use crate::explore::{Counterexample, Explored, Model, explore};

const NAMES: [&str; 3] = ["a", "a", "b"];
const ITEMS: usize = 2;
const TTL: u64 = 2;

/// The rules under test, one function each, so that one at a time can be broken.
struct Rules {
    claim: fn(&LeaseState, &str) -> Option<(LeaseState, Fence)>,
    renew: fn(&LeaseState, &str, Fence) -> Option<LeaseState>,
    may_complete: fn(&LeaseState, &str, Fence) -> bool,
    /// Whether an effect has to come from the last claim, beside coming once.
    of_last_claim: bool,
}

/// The rules as they are; now is always 0.
const SOUND: Rules = Rules {
    claim: |lease, who| lease.claim(0, who, TTL),
    renew: |lease, _, fence| lease.renew(0, fence, TTL),
    may_complete: |lease, _, fence| lease.is_current(fence),
    of_last_claim: true,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct State {
    items: [Item; ITEMS],
    workers: [Worker; 3],
}

/// A thing to be done once, as the database has it, and two facts that only the model knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Item {
    fence: u64,
    holder: Option<&'static str>,
    /// Time until the lease runs out.
    left: u64,
    /// How often its effect was applied.
    effects: u8,
    /// Which worker made the last claim.
    claimant: Option<usize>,
    /// Time until that worker's last sign of life is a ttl old.
    alive_left: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Worker {
    life: Life,
    hold: Option<Hold>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Life {
    Running,
    Stopped,
    Dead,
}

/// What a worker believes it may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Hold {
    item: usize,
    fence: u64,
    worked: bool,
}

#[derive(Clone, Copy, Debug)]
enum Action {
    Tick,
    Claim(usize, usize),
    Work(usize),
    Renew(usize),
    GiveBack(usize),
    Complete(usize),
    Stop(usize),
    Wake(usize),
    Kill(usize),
    Restart(usize),
}

impl Item {
    fn lease(&self) -> LeaseState {
        LeaseState {
            fence: self.fence,
            holder: self.holder.map(ToOwned::to_owned),
            expires_at_ms: self.left,
        }
    }

    /// Writes a lease back; says what no rule may do to one.
    fn store(&mut self, lease: &LeaseState) -> Result<(), String> {
        if lease.fence < self.fence {
            return Err(format!(
                "the fence fell from {} to {}",
                self.fence, lease.fence
            ));
        }
        self.fence = lease.fence;
        self.holder = lease
            .holder
            .as_deref()
            .and_then(|holder| NAMES.into_iter().find(|name| *name == holder));
        self.left = lease.expires_at_ms;
        Ok(())
    }
}

impl Model for Rules {
    type State = State;
    type Action = Action;

    fn initial(&self) -> State {
        State {
            items: [Item {
                fence: 0,
                holder: None,
                left: 0,
                effects: 0,
                claimant: None,
                alive_left: 0,
            }; ITEMS],
            workers: [Worker {
                life: Life::Running,
                hold: None,
            }; 3],
        }
    }

    fn actions(&self, state: &State) -> Vec<Action> {
        let mut actions = vec![Action::Tick];
        for (who, worker) in state.workers.iter().enumerate() {
            match (worker.life, worker.hold) {
                (Life::Dead, _) => actions.push(Action::Restart(who)),
                (Life::Stopped, _) => actions.extend([Action::Wake(who), Action::Kill(who)]),
                (Life::Running, None) => {
                    actions.extend([Action::Stop(who), Action::Kill(who)]);
                    let open = (0..ITEMS).filter(|item| state.items[*item].effects == 0);
                    actions.extend(open.map(|item| Action::Claim(who, item)));
                }
                (Life::Running, Some(hold)) => {
                    actions.extend([Action::Stop(who), Action::Kill(who)]);
                    actions.extend([Action::Renew(who), Action::GiveBack(who)]);
                    actions.push(if hold.worked {
                        Action::Complete(who)
                    } else {
                        Action::Work(who)
                    });
                }
            }
        }
        actions
    }

    fn step(&self, state: &State, action: Action) -> Result<State, String> {
        let mut next = *state;
        match action {
            Action::Tick => tick(&mut next),
            Action::Claim(who, item) => self.claim(&mut next, who, item)?,
            Action::Work(who) => {
                if let Some(hold) = &mut next.workers[who].hold {
                    hold.worked = true;
                }
            }
            Action::Renew(who) => self.renew(&mut next, who)?,
            Action::GiveBack(who) => give_back(&mut next, who)?,
            Action::Complete(who) => self.complete(&mut next, who)?,
            Action::Stop(who) => next.workers[who].life = Life::Stopped,
            Action::Wake(who) | Action::Restart(who) => next.workers[who].life = Life::Running,
            Action::Kill(who) => {
                next.workers[who] = Worker {
                    life: Life::Dead,
                    hold: None,
                };
            }
        }
        check(&next)?;
        for item in 0..ITEMS {
            renumber(&mut next, item);
        }
        Ok(next)
    }

    fn is_goal(&self, state: &State) -> bool {
        state.items.iter().all(|item| item.effects == 1)
    }

    /// As long as one process is left, everything can be finished.
    fn owes_goal(&self, state: &State) -> bool {
        state.workers.iter().any(|worker| worker.life != Life::Dead)
    }

    fn leads_to_goal(&self, action: Action) -> bool {
        !matches!(action, Action::Restart(_))
    }
}

fn tick(state: &mut State) {
    for item in &mut state.items {
        item.left = item.left.saturating_sub(1);
        item.alive_left = item.alive_left.saturating_sub(1);
    }
}

impl Rules {
    fn claim(&self, state: &mut State, who: usize, item: usize) -> Result<(), String> {
        let row = &mut state.items[item];
        let Some((lease, fence)) = (self.claim)(&row.lease(), NAMES[who]) else {
            return Ok(());
        };
        if lease.fence <= row.fence {
            return Err(format!("a claim left the fence at {}", row.fence));
        }
        row.store(&lease)?;
        row.claimant = Some(who);
        row.alive_left = TTL;
        state.workers[who].hold = Some(Hold {
            item,
            fence: fence.0,
            worked: false,
        });
        Ok(())
    }

    fn renew(&self, state: &mut State, who: usize) -> Result<(), String> {
        let Some(hold) = state.workers[who].hold else {
            return Ok(());
        };
        let row = &mut state.items[hold.item];
        match (self.renew)(&row.lease(), NAMES[who], Fence(hold.fence)) {
            Some(lease) => {
                row.store(&lease)?;
                if row.claimant == Some(who) {
                    row.alive_left = TTL;
                }
            }
            // It learns that it has lost.
            None => state.workers[who].hold = None,
        }
        Ok(())
    }

    /// The database transaction that applies the effect and gives the lease back.
    fn complete(&self, state: &mut State, who: usize) -> Result<(), String> {
        let Some(hold) = state.workers[who].hold.take() else {
            return Ok(());
        };
        let row = &mut state.items[hold.item];
        let lease = row.lease();
        if !(self.may_complete)(&lease, NAMES[who], Fence(hold.fence)) {
            return Ok(());
        }
        row.effects += 1;
        if self.of_last_claim && row.claimant != Some(who) {
            return Err(format!(
                "worker {who} finished what another has claimed since"
            ));
        }
        let released = lease.release(Fence(lease.fence)).unwrap_or(lease);
        row.store(&released)
    }
}

fn give_back(state: &mut State, who: usize) -> Result<(), String> {
    let Some(hold) = state.workers[who].hold.take() else {
        return Ok(());
    };
    let row = &mut state.items[hold.item];
    match row.lease().release(Fence(hold.fence)) {
        Some(lease) => row.store(&lease),
        None => Ok(()),
    }
}

fn check(state: &State) -> Result<(), String> {
    for (number, item) in state.items.iter().enumerate() {
        if item.effects > 1 {
            return Err(format!(
                "item {number} was completed {} times",
                item.effects
            ));
        }
        let held = !item.lease().is_free(0);
        if item.effects == 0 && held && item.alive_left == 0 {
            return Err(format!(
                "item {number} is still held a ttl after its worker's last sign of life"
            ));
        }
    }
    Ok(())
}

/// Only the order of fences matters: they are numbered anew without holes.
fn renumber(state: &mut State, item: usize) {
    let shown = state.workers.iter().filter_map(|worker| worker.hold);
    let shown = shown
        .filter(|hold| hold.item == item)
        .map(|hold| hold.fence);
    let mut known: Vec<u64> = shown.chain([0, state.items[item].fence]).collect();
    known.sort_unstable();
    known.dedup();
    let number = |fence: u64| known.partition_point(|other| *other < fence) as u64;
    state.items[item].fence = number(state.items[item].fence);
    for worker in &mut state.workers {
        if let Some(hold) = worker.hold.as_mut().filter(|hold| hold.item == item) {
            hold.fence = number(hold.fence);
        }
    }
}

#[test]
fn every_interleaving_completes_each_item_at_most_once() {
    let explored: Explored = explore(&SOUND).unwrap_or_else(|found| panic!("{found}"));
    println!("leases: {explored}");
    assert!(explored.states > 10_000, "the model shrank: {explored}");
    assert!(explored.goals > 0, "nothing is ever finished: {explored}");
}

fn caught(name: &str, rules: &Rules) -> Counterexample {
    let found = match explore(rules) {
        Ok(explored) => panic!("{name} was not caught: {explored}"),
        Err(found) => found,
    };
    println!("{name}: {found}");
    found
}

#[test]
fn completing_without_a_fence_is_caught() {
    let broken = Rules {
        may_complete: |_, _, _| true,
        ..SOUND
    };
    let found = caught("completion without a fence", &broken);
    assert!(
        found.broken.contains("another has claimed since"),
        "{found}"
    );
}

#[test]
fn completing_twice_is_caught() {
    let broken = Rules {
        may_complete: |_, _, _| true,
        of_last_claim: false,
        ..SOUND
    };
    let found = caught("completion without a fence, whoever claimed last", &broken);
    assert!(found.broken.contains("completed 2 times"), "{found}");
}

#[test]
fn completing_by_name_alone_is_caught() {
    let broken = Rules {
        may_complete: |lease, who, _| lease.holder.as_deref() == Some(who),
        ..SOUND
    };
    let found = caught("completion by name", &broken);
    assert!(
        found.broken.contains("another has claimed since"),
        "{found}"
    );
}

#[test]
fn a_claim_that_keeps_the_fence_is_caught() {
    let broken = Rules {
        claim: |lease, who| {
            let (claimed, _) = lease.claim(0, who, TTL)?;
            let fence = lease.fence.max(1);
            Some((LeaseState { fence, ..claimed }, Fence(fence)))
        },
        ..SOUND
    };
    let found = caught("a claim that keeps the fence", &broken);
    assert!(found.broken.contains("left the fence"), "{found}");
}

#[test]
fn a_renewal_that_takes_the_lease_back_is_caught() {
    let broken = Rules {
        renew: |lease, who, fence| {
            Some(LeaseState {
                fence: fence.0,
                holder: Some(who.to_owned()),
                expires_at_ms: TTL.max(lease.expires_at_ms),
            })
        },
        ..SOUND
    };
    let found = caught("a renewal that takes the lease back", &broken);
    assert!(found.broken.contains("the fence fell"), "{found}");
}

#[test]
fn a_renewal_that_keeps_the_lease_of_another_alive_is_caught() {
    let broken = Rules {
        renew: |lease, _, _| {
            Some(LeaseState {
                expires_at_ms: TTL,
                ..lease.clone()
            })
        },
        ..SOUND
    };
    let found = caught("a renewal without a fence", &broken);
    assert!(found.broken.contains("last sign of life"), "{found}");
}

#[test]
fn leases_that_never_run_out_are_caught() {
    let broken = Rules {
        claim: |lease, who| (lease.holder.is_none()).then(|| lease.claim(0, who, TTL))?,
        ..SOUND
    };
    let found = caught("a claim that waits for the holder", &broken);
    assert!(found.broken.contains("nothing can be finished"), "{found}");
}
