//! What is new as a stream: what subscriptions and event streams are made of.
//!
//! One reader of the database for all who follow (`hub`) hands each what concerns them; who is behind reads for
//! themselves until they are not. Pulled, never pushed: at most one page and one seat's worth waits for a slow reader, and
//! the database remembers the rest.

mod hub;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::{self, Stream};
use vigia_core::{AccountId, Scope, UserId};
use vigia_store::{ActivityRow, InboxQuery, NotificationRow, Store, StoreError};

use hub::{Hub, Log, News, Seat, Told};

/// Rows read ahead of a reader who is behind.
const PAGE: u32 = 50;
/// Rows that are handed out at once.
const HANDED_AT_ONCE: u16 = 500;

/// What can be followed.
pub(crate) struct Feeds {
    store: Arc<dyn Store>,
    activities: Arc<Hub<Activities>>,
    notifications: Arc<Hub<Notifications>>,
}

impl Feeds {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        Self {
            activities: Arc::new(Hub::new(Activities(store.clone()))),
            notifications: Arc::new(Hub::new(Notifications(store.clone()))),
            store,
        }
    }

    /// Activities in a scope above an id, in order, without end. An error ends it.
    pub(crate) fn activities(
        &self,
        scope: Scope,
        after: i64,
    ) -> impl Stream<Item = Result<Arc<ActivityRow>, StoreError>> + Send + use<> {
        let own = OwnActivities {
            store: self.store.clone(),
            scope: scope.clone(),
        };
        followed(Arc::clone(&self.activities), scope, own, after)
    }

    /// Notifications of an inbox above a position, in order, without end. An error ends it.
    pub(crate) fn notifications(
        &self,
        inbox: InboxQuery,
        after: i64,
    ) -> impl Stream<Item = Result<NotificationRow, StoreError>> + Send + use<> {
        let (hub, scope) = (Arc::clone(&self.notifications), inbox.scope.clone());
        let own = OwnNotifications {
            store: self.store.clone(),
            inbox,
        };
        followed(hub, scope, own, after)
    }
}

/// What one reader may read of a log.
#[async_trait]
trait Own: Send {
    type Row: Send;

    /// What is above a position, in order, at most so many.
    async fn since(&self, after: i64, limit: u32) -> Result<Vec<Self::Row>, StoreError>;

    /// Where a row stands.
    fn position(row: &Self::Row) -> i64;
}

/// Activities as the database has them; all are read once and handed to whom they concern.
struct Activities(Arc<dyn Store>);

#[async_trait]
impl Log for Activities {
    type Row = Arc<ActivityRow>;

    async fn last(&self) -> Result<i64, StoreError> {
        self.0.activity_last_id().await
    }

    async fn wait(&self, seen: i64) -> Result<i64, StoreError> {
        self.0.activity_wait(seen).await
    }

    async fn news(
        &self,
        after: i64,
        known: i64,
        with_users: bool,
    ) -> Result<News<Self::Row>, StoreError> {
        let rows = self
            .0
            .activity_since(&Scope::All, after, HANDED_AT_ONCE.into());
        let mut rows = rows.await?;
        // What stood at `known` may be withdrawn by now: it is not waited for.
        let position = match rows.last() {
            Some(last) if rows.len() >= usize::from(HANDED_AT_ONCE) => last.id.min(known),
            _ => known,
        };
        rows.retain(|row| row.id <= position);
        let mut readers = HashMap::<AccountId, Vec<UserId>>::new();
        if with_users {
            let accounts: BTreeSet<AccountId> = rows.iter().map(|row| row.account.id).collect();
            let accounts: Vec<AccountId> = accounts.into_iter().collect();
            for (account, user) in self.0.account_readers(&accounts).await? {
                readers.entry(account).or_default().push(user);
            }
        }
        let told = rows.into_iter().map(|row| {
            let users = readers.get(&row.account.id).cloned().unwrap_or_default();
            let position = row.id;
            let row = Some(Arc::new(row));
            (Told { position, row }, users)
        });
        Ok(News {
            told: told.collect(),
            position,
        })
    }
}

/// Notifications: how one reads depends on who reads it, so that whoever has a new one is told that there is one.
struct Notifications(Arc<dyn Store>);

#[async_trait]
impl Log for Notifications {
    type Row = NotificationRow;

    async fn last(&self) -> Result<i64, StoreError> {
        self.0.notification_last().await
    }

    async fn wait(&self, seen: i64) -> Result<i64, StoreError> {
        self.0.notification_wait(seen).await
    }

    async fn news(
        &self,
        after: i64,
        known: i64,
        with_users: bool,
    ) -> Result<News<Self::Row>, StoreError> {
        let position = known.min(after.saturating_add(i64::from(HANDED_AT_ONCE)));
        let users = match with_users {
            true => self.0.notification_audience(after, position).await?,
            false => Vec::new(),
        };
        let told = Told {
            position,
            row: None,
        };
        Ok(News {
            told: vec![(told, users)],
            position,
        })
    }
}

struct OwnActivities {
    store: Arc<dyn Store>,
    scope: Scope,
}

#[async_trait]
impl Own for OwnActivities {
    type Row = Arc<ActivityRow>;

    async fn since(&self, after: i64, limit: u32) -> Result<Vec<Self::Row>, StoreError> {
        let rows = self.store.activity_since(&self.scope, after, limit).await?;
        Ok(rows.into_iter().map(Arc::new).collect())
    }

    fn position(row: &Self::Row) -> i64 {
        row.id
    }
}

struct OwnNotifications {
    store: Arc<dyn Store>,
    inbox: InboxQuery,
}

#[async_trait]
impl Own for OwnNotifications {
    type Row = NotificationRow;

    async fn since(&self, after: i64, limit: u32) -> Result<Vec<Self::Row>, StoreError> {
        let store = &self.store;
        store.notification_since(&self.inbox, after, limit).await
    }

    fn position(row: &NotificationRow) -> i64 {
        row.seq
    }
}

/// Where one reader is.
struct Position<L: Log, O> {
    hub: Arc<Hub<L>>,
    scope: Scope,
    own: O,
    /// None before it is taken, and after it was taken away from who was too slow.
    seat: Option<Seat<L>>,
    /// Everything up to here has been handed on or read ahead.
    after: i64,
    /// Whether the database may have something that the seat was not told.
    is_behind: bool,
    read_ahead: VecDeque<L::Row>,
}

fn followed<L: Log, O: Own<Row = L::Row> + 'static>(
    hub: Arc<Hub<L>>,
    scope: Scope,
    own: O,
    after: i64,
) -> impl Stream<Item = Result<L::Row, StoreError>> + Send {
    let position = Position {
        hub,
        scope,
        own,
        seat: None,
        after,
        is_behind: true,
        read_ahead: VecDeque::new(),
    };
    stream::try_unfold(position, |mut position| async move {
        Ok(Some((position.next().await?, position)))
    })
}

impl<L: Log, O: Own<Row = L::Row>> Position<L, O> {
    async fn next(&mut self) -> Result<L::Row, StoreError> {
        loop {
            if let Some(row) = self.read_ahead.pop_front() {
                return Ok(row);
            }
            let seat = match &mut self.seat {
                Some(seat) => seat,
                // Taken before the database is read: what comes meanwhile is told as well.
                seat => seat.insert(self.hub.join(self.scope.clone()).await?),
            };
            if self.is_behind {
                let rows = self.own.since(self.after, PAGE).await?;
                // A short page holds all that could be read when it was.
                self.is_behind = rows.len() >= usize::try_from(PAGE).unwrap_or(usize::MAX);
                self.after = rows.last().map_or(self.after, O::position);
                self.read_ahead = rows.into();
                continue;
            }
            match seat.told().await {
                None => {
                    self.seat = None;
                    self.is_behind = true;
                }
                Some(told) if told.position <= self.after => {}
                Some(Told { row: None, .. }) => self.is_behind = true,
                Some(Told {
                    row: Some(row),
                    position,
                }) => {
                    self.after = position;
                    return Ok(row);
                }
            }
        }
    }
}
