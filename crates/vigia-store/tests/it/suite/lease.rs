//! Leases: the SQL does what `vigia_core::LeaseState` says, and of many that claim one wins (I-9).
//!
//! The database's clock cannot be set. A lease of 0 ms has run out when it is given, one of a year has
//! not: with only these two, the model needs no clock either.

use std::collections::BTreeSet;
use std::sync::Arc;

use rand::{Rng, SeedableRng};
use vigia_core::{Fence, LeaseState};
use vigia_store::{LeaseStore, SqlStore};

use crate::suite::{Db, Fixture};

const YEAR_MS: u64 = 365 * 86_400_000;
const STEPS: usize = 300;
const HOLDERS: [&str; 3] = ["a", "b", "c"];

/// One step on the model; nothing changes where it says no.
fn set<T>(state: &mut LeaseState, next: Option<(LeaseState, T)>) -> Option<T> {
    let (next, value) = next?;
    *state = next;
    Some(value)
}

pub(crate) async fn random_steps_agree_with_the_model<F: Fixture>() {
    let db = Db::<F>::empty().await;
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(0x1ea5e);
    let mut state = LeaseState::default();
    let (mut given, mut refused) = (vec![Fence(0)], 0);
    for step in 0..STEPS {
        let ttl_ms = [0, YEAR_MS][random.random_range(0..2)];
        let holder = HOLDERS[random.random_range(0..HOLDERS.len())];
        let newest = given.len() - 1;
        let fence = match random.random_bool(0.5) {
            true => given[newest],
            false => given[random.random_range(0..=newest)],
        };
        match random.random_range(0..4) {
            0 | 1 => {
                let expected = state.claim(0, holder, ttl_ms);
                let expected = set(&mut state, expected);
                let claimed = db.store.lease_claim("l", holder, ttl_ms).await.unwrap();
                assert_eq!(claimed, expected, "step {step}");
                given.extend(claimed);
                refused += u32::from(claimed.is_none());
            }
            2 => {
                let expected = state.renew(0, fence, ttl_ms).map(|next| (next, ()));
                let expected = set(&mut state, expected).is_some();
                let renewed = db.store.lease_renew("l", fence, ttl_ms).await.unwrap();
                assert_eq!(renewed, expected, "step {step}");
            }
            _ => {
                let expected = state.release(fence).map(|next| (next, ()));
                let expected = set(&mut state, expected).is_some();
                let released = db.store.lease_release("l", fence).await.unwrap();
                assert_eq!(released, expected, "step {step}");
            }
        }
        compare(&db.store, &state).await;
    }
    assert!(given.len() > 50 && refused > 20, "both were tried often");
}

async fn compare(store: &SqlStore, state: &LeaseState) {
    let rows = store.lease_list("l").await.unwrap();
    let Some(row) = rows.first() else {
        assert_eq!(*state, LeaseState::default());
        return;
    };
    assert_eq!(
        (row.fence.0, &row.holder),
        (state.fence, &state.holder),
        "fence and holder"
    );
    assert_eq!(
        row.remaining_ms == 0,
        state.is_free(0),
        "whether it is free"
    );
}

/// Eight tasks of two processes claim at the same time, over and over.
pub(crate) async fn one_of_many_claims<F: Fixture>() {
    let db = Db::<F>::empty().await;
    let other = Arc::new(db.fixture.open(db.clock.clone()).await);
    let mut last = Fence(0);
    for round in 0..10 {
        let claims = (0..8).map(|n| {
            let store = [&db.store, &other][n % 2].clone();
            tokio::spawn(async move {
                let holder = format!("holder {n}");
                let claim = store.lease_claim("l", &holder, YEAR_MS);
                claim.await.unwrap()
            })
        });
        let mut won = Vec::new();
        for claim in claims.collect::<Vec<_>>() {
            won.extend(claim.await.unwrap());
        }
        assert_eq!(won.len(), 1, "round {round}: {won:?}");
        assert!(won[0] > last, "fences rise");
        last = won[0];
        assert!(other.lease_release("l", last).await.unwrap());
    }
}

/// Leases that run out at once: every claim wins, and no fence comes twice.
pub(crate) async fn claims_go_on_after_the_end<F: Fixture>() {
    let db = Db::<F>::empty().await;
    let other = Arc::new(db.fixture.open(db.clock.clone()).await);
    let claims = (0..8).map(|n| {
        let store = [&db.store, &other][n % 2].clone();
        tokio::spawn(async move {
            let mut mine = Vec::new();
            for _ in 0..5 {
                let holder = format!("holder {n}");
                let claim = store.lease_claim("l", &holder, 0);
                mine.push(claim.await.unwrap().unwrap());
            }
            assert!(mine.is_sorted_by(|a, b| a < b), "{mine:?}");
            mine
        })
    });
    let mut all = BTreeSet::new();
    for claim in claims.collect::<Vec<_>>() {
        all.extend(claim.await.unwrap());
    }
    assert_eq!(all, (1..=40).map(Fence).collect());
}

pub(crate) async fn lists_by_prefix<F: Fixture>() {
    let db = Db::<F>::empty().await;
    for name in ["shard:1", "job:x", "job:%", "jo"] {
        db.store.lease_claim(name, "me", YEAR_MS).await.unwrap();
    }
    let names = |rows: Vec<vigia_store::LeaseRow>| -> Vec<String> {
        rows.into_iter().map(|row| row.name).collect()
    };
    let jobs = db.store.lease_list("job:").await.unwrap();
    let remaining_ms = jobs[0].remaining_ms;
    assert!(remaining_ms > YEAR_MS - 600_000 && remaining_ms <= YEAR_MS);
    assert_eq!(names(jobs), ["job:%", "job:x"]);
    assert_eq!(
        names(db.store.lease_list("job:%").await.unwrap()),
        ["job:%"]
    );
    assert_eq!(db.store.lease_list("").await.unwrap().len(), 4);
}

pub(crate) async fn what_ran_out_long_ago_is_pruned<F: Fixture>() {
    let db = Db::<F>::empty().await;
    let claim = async |name: &str, ttl_ms| {
        let claimed = db.store.lease_claim(name, "me", ttl_ms).await.unwrap();
        claimed.unwrap()
    };
    claim("poller:held", YEAR_MS).await;
    claim("poller:out", 0).await;
    let given_back = claim("poller:back", YEAR_MS).await;
    assert!(
        db.store
            .lease_release("poller:back", given_back)
            .await
            .unwrap()
    );
    claim("job:out", 0).await;
    // One that ran out just now is kept; one given back says no time and goes.
    let pruned = db.store.lease_prune("poller:", YEAR_MS).await.unwrap();
    assert_eq!(pruned, 1);
    // The clock is the database's: until it has moved on.
    let mut pruned = 0;
    while pruned == 0 {
        pruned = db.store.lease_prune("poller:", 0).await.unwrap();
    }
    assert_eq!(pruned, 1);
    let left = db.store.lease_list("").await.unwrap();
    let names: Vec<_> = left.iter().map(|row| &*row.name).collect();
    assert_eq!(names, ["job:out", "poller:held"]);
}
