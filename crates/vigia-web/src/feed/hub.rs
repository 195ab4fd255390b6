//! One reader of a log for all who follow it, so that what is new costs the database as much for thousands of followers as
//! for one.
//!
//! It runs while somebody follows. Positions become visible in their order, so whoever takes a seat first and reads the
//! database then misses nothing: what the database did not have yet, the seat is told.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tokio::sync::{Notify, mpsc};
use vigia_core::{Scope, UserId};
use vigia_store::StoreError;

/// What waits for one reader; who has more waiting loses the seat, and reads the database.
const WAITING_MAX: usize = 64;

/// A log that rises.
#[async_trait]
pub(super) trait Log: Send + Sync + 'static {
    /// What readers get.
    type Row: Clone + Send + Sync + 'static;

    /// The newest position.
    async fn last(&self) -> Result<i64, StoreError>;

    /// Returns as soon as there is anything above a position: the newest.
    async fn wait(&self, seen: i64) -> Result<i64, StoreError>;

    /// What is above `after` and up to `known`, a position that exists; and, where asked for, which users it concerns. What
    /// is above that waits for the next call: whoever takes a seat meanwhile may have been asked about already, and has not
    /// seen it.
    async fn news(
        &self,
        after: i64,
        known: i64,
        with_users: bool,
    ) -> Result<News<Self::Row>, StoreError>;
}

/// What is new, and whom it concerns beside those who may read all.
pub(super) struct News<R> {
    pub(super) told: Vec<(Told<R>, Vec<UserId>)>,
    /// Up to here it is.
    pub(super) position: i64,
}

/// What a seat is told.
#[derive(Clone)]
pub(super) struct Told<R> {
    pub(super) position: i64,
    /// None: the reader has to read it.
    pub(super) row: Option<R>,
}

/// Who follows a log, and what reads it for them.
pub(super) struct Hub<L: Log> {
    log: L,
    seats: Mutex<Seats<L::Row>>,
    left: Notify,
}

struct Seats<R> {
    is_running: bool,
    next: u64,
    all: HashMap<u64, mpsc::Sender<Told<R>>>,
    users: HashMap<UserId, HashMap<u64, mpsc::Sender<Told<R>>>>,
}

/// A place among those who follow; given back when dropped.
pub(super) struct Seat<L: Log> {
    hub: Arc<Hub<L>>,
    scope: Scope,
    number: u64,
    told: mpsc::Receiver<Told<L::Row>>,
}

impl<L: Log> Seat<L> {
    /// What is told next; none once the seat was taken away.
    pub(super) async fn told(&mut self) -> Option<Told<L::Row>> {
        self.told.recv().await
    }
}

impl<L: Log> Drop for Seat<L> {
    fn drop(&mut self) {
        let is_empty = {
            let mut seats = self.hub.seats();
            seats.leave(&self.scope, self.number);
            seats.is_empty()
        };
        if is_empty {
            self.hub.left.notify_one();
        }
    }
}

impl<L: Log> Hub<L> {
    pub(super) fn new(log: L) -> Self {
        Self {
            log,
            seats: Mutex::new(Seats {
                is_running: false,
                next: 0,
                all: HashMap::new(),
                users: HashMap::new(),
            }),
            left: Notify::new(),
        }
    }

    /// Takes a seat: from now on it is told of what becomes visible.
    pub(super) async fn join(self: &Arc<Self>, scope: Scope) -> Result<Seat<L>, StoreError> {
        {
            let mut seats = self.seats();
            if seats.is_running {
                return Ok(self.seat(&mut seats, scope));
            }
        }
        let last = self.log.last().await?;
        let mut seats = self.seats();
        if !seats.is_running {
            seats.is_running = true;
            tokio::spawn(Arc::clone(self).run(last));
        }
        Ok(self.seat(&mut seats, scope))
    }

    fn seat(self: &Arc<Self>, seats: &mut Seats<L::Row>, scope: Scope) -> Seat<L> {
        let (tell, told) = mpsc::channel(WAITING_MAX);
        let number = seats.next;
        seats.next += 1;
        match &scope {
            Scope::All => seats.all.insert(number, tell),
            Scope::MemberOf(user) => seats.users.entry(*user).or_default().insert(number, tell),
        };
        Seat {
            hub: Arc::clone(self),
            scope,
            number,
            told,
        }
    }

    /// Tells everybody what is new, until nobody follows or the log cannot be read: then all lose their seats, and learn why
    /// when they read for themselves.
    async fn run(self: Arc<Self>, mut after: i64) {
        while !self.seats().ends() {
            tokio::select! {
                news = self.news(after) => match news {
                    Ok(news) => {
                        after = news.position;
                        self.seats().tell(news.told);
                    }
                    Err(error) => {
                        let error: &dyn std::error::Error = &error;
                        tracing::warn!(error, "what is new cannot be read");
                        self.seats().end();
                        return;
                    }
                },
                () = self.left.notified() => {}
            }
        }
    }

    async fn news(&self, after: i64) -> Result<News<L::Row>, StoreError> {
        let known = self.log.wait(after).await?;
        let with_users = !self.seats().users.is_empty();
        self.log.news(after, known, with_users).await
    }

    fn seats(&self) -> MutexGuard<'_, Seats<L::Row>> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<R: Clone> Seats<R> {
    fn is_empty(&self) -> bool {
        self.all.is_empty() && self.users.is_empty()
    }

    /// Whether nobody follows any more, and nothing reads for them from now on.
    fn ends(&mut self) -> bool {
        let is_empty = self.is_empty();
        self.is_running = !is_empty;
        is_empty
    }

    fn end(&mut self) {
        self.all.clear();
        self.users.clear();
        self.is_running = false;
    }

    fn leave(&mut self, scope: &Scope, number: u64) {
        match scope {
            Scope::All => {
                self.all.remove(&number);
            }
            Scope::MemberOf(user) => {
                let Some(seats) = self.users.get_mut(user) else {
                    return;
                };
                seats.remove(&number);
                if seats.is_empty() {
                    self.users.remove(user);
                }
            }
        }
    }

    fn tell(&mut self, news: Vec<(Told<R>, Vec<UserId>)>) {
        for (told, users) in news {
            self.all
                .retain(|_, seat| seat.try_send(told.clone()).is_ok());
            for user in users {
                let Some(seats) = self.users.get_mut(&user) else {
                    continue;
                };
                seats.retain(|_, seat| seat.try_send(told.clone()).is_ok());
                if seats.is_empty() {
                    self.users.remove(&user);
                }
            }
        }
    }
}
