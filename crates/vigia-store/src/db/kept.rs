//! Connections to Postgres that readers keep between statements.
//!
//! A connection that comes back to sqlx's pool is asked whether it is there still, which for a read of one statement is one of two
//! trips. So what reads keeps its connections here for a while and hands them to the next that reads. Whoever needs one of the
//! pool, for a transaction, is not kept waiting by those: they go back as soon as it waits.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sqlx::Postgres;
use sqlx::pool::PoolConnection;
use sqlx::postgres::PgPool;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::session::Renewal;

/// Of so many of the pool's connections ...
const SHARE_OF: u32 = 4;
/// ... so many at most are the readers', so that a transaction finds one.
const SHARE: u32 = 3;
/// How long one is kept before the pool looks after it again: its age, and whether others want it.
const KEPT_MAX: Duration = Duration::from_secs(60);

/// The readers' connections.
pub(super) struct Kept {
    /// One permit for each that reads.
    places: Semaphore,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    connections: Vec<Reading>,
    /// How many wait for a connection of the pool.
    waiting: usize,
    is_closed: bool,
}

/// A connection that reads, or has.
pub(super) struct Reading {
    pub(super) connection: PoolConnection<Postgres>,
    /// Since when it is not the pool's.
    taken: Instant,
    /// When it was last answered.
    used: Instant,
}

/// Somebody waits for a connection of the pool; until this is dropped none is kept.
struct Waiting<'k>(&'k Kept);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.state().waiting -= 1;
    }
}

impl Kept {
    /// For a pool of so many connections.
    pub(super) fn new(connections: u32) -> Self {
        let places = (connections * SHARE / SHARE_OF).max(1);
        Self {
            places: Semaphore::new(usize::try_from(places).unwrap_or(Semaphore::MAX_PERMITS)),
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many nobody uses.
    pub(super) fn idle(&self) -> usize {
        self.state().connections.len()
    }

    /// Resolves when one more may read.
    pub(super) async fn place(
        &self,
        patience: Duration,
    ) -> Result<SemaphorePermit<'_>, sqlx::Error> {
        match tokio::time::timeout(patience, self.places.acquire()).await {
            Ok(place) => place.map_err(|_| sqlx::Error::PoolClosed),
            Err(_) => Err(sqlx::Error::PoolTimedOut),
        }
    }

    /// A connection to read with; one that was not used for `asked_after` comes from the pool, which asks it first.
    pub(super) async fn take(
        &self,
        pool: &PgPool,
        renewal: &Renewal,
        asked_after: Duration,
    ) -> Result<Reading, sqlx::Error> {
        let kept = self.state().connections.pop();
        if let Some(kept) = kept
            && kept.used.elapsed() < asked_after
            && kept.taken.elapsed() < KEPT_MAX
            && renewal.is_current(kept.taken.elapsed())
        {
            return Ok(kept);
        }
        let connection = self.wait_for_pool(pool, pool.acquire()).await?;
        let taken = Instant::now();
        Ok(Reading {
            connection,
            taken,
            used: taken,
        })
    }

    /// Keeps one that has answered, unless the pool wants it.
    pub(super) fn keep(&self, mut reading: Reading) {
        reading.used = Instant::now();
        let mut state = self.state();
        if state.waiting == 0 && !state.is_closed {
            state.connections.push(reading);
        }
    }

    /// Waits for what needs a connection of the pool. If the pool has none left, one of these is given back.
    pub(super) async fn wait_for_pool<T>(
        &self,
        pool: &PgPool,
        waited: impl Future<Output = T>,
    ) -> T {
        let given_back = {
            let mut state = self.state();
            state.waiting += 1;
            let is_exhausted =
                pool.num_idle() == 0 && pool.size() >= pool.options().get_max_connections();
            is_exhausted.then(|| state.connections.pop()).flatten()
        };
        let _waiting = Waiting(self);
        // Outside the lock: it goes back by a task.
        drop(given_back);
        waited.await
    }

    /// Gives all back, for good.
    pub(super) fn close(&self) {
        let given_back = {
            let mut state = self.state();
            state.is_closed = true;
            std::mem::take(&mut state.connections)
        };
        drop(given_back);
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        // What goes back to the pool does so by a task, for which there has to be a runtime.
        if tokio::runtime::Handle::try_current().is_err() {
            for reading in std::mem::take(&mut self.state().connections) {
                drop(reading.connection.leak());
            }
        }
    }
}
