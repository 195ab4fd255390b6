//! What is new as a stream: what subscriptions and event streams are made of.
//!
//! Pulled, never pushed: at most one page waits for a slow reader, and the database remembers the
//! rest.

use std::collections::VecDeque;
use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::{self, Stream};
use vigia_core::Scope;
use vigia_store::{ActivityRow, InboxQuery, NotificationRow, Store, StoreError};

/// Rows read ahead of a reader.
const PAGE: u32 = 50;

/// A log that is read on from a position.
#[async_trait]
pub(crate) trait Log: Send {
    /// What it is a log of.
    type Row: Send;

    /// Returns as soon as there is anything above a position, whoever may read it: the newest position.
    async fn wait(&self, seen: i64) -> Result<i64, StoreError>;

    /// What its reader may read above a position, in order, at most so many.
    async fn since(&self, after: i64, limit: u32) -> Result<Vec<Self::Row>, StoreError>;

    /// Where a row stands.
    fn position(row: &Self::Row) -> i64;
}

/// Activities in a scope.
pub(crate) struct Activities {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) scope: Scope,
}

#[async_trait]
impl Log for Activities {
    type Row = ActivityRow;

    async fn wait(&self, seen: i64) -> Result<i64, StoreError> {
        self.store.activity_wait(seen).await
    }

    async fn since(&self, after: i64, limit: u32) -> Result<Vec<ActivityRow>, StoreError> {
        self.store.activity_since(&self.scope, after, limit).await
    }

    fn position(row: &ActivityRow) -> i64 {
        row.id
    }
}

/// Notifications of an inbox.
pub(crate) struct Notifications {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) inbox: InboxQuery,
}

#[async_trait]
impl Log for Notifications {
    type Row = NotificationRow;

    async fn wait(&self, seen: i64) -> Result<i64, StoreError> {
        self.store.notification_wait(seen).await
    }

    async fn since(&self, after: i64, limit: u32) -> Result<Vec<NotificationRow>, StoreError> {
        let store = &self.store;
        store.notification_since(&self.inbox, after, limit).await
    }

    fn position(row: &NotificationRow) -> i64 {
        row.seq
    }
}

struct Position<L: Log> {
    log: L,
    /// Everything up to here has been read.
    after: i64,
    /// A position that is known to exist.
    known: i64,
    read_ahead: VecDeque<L::Row>,
}

/// Rows of a log above `after`, in order, without end. An error ends it.
pub(crate) fn new_rows<L: Log>(
    log: L,
    after: i64,
) -> impl Stream<Item = Result<L::Row, StoreError>> + Send {
    let position = Position {
        log,
        after,
        known: after,
        read_ahead: VecDeque::new(),
    };
    stream::try_unfold(position, |mut position| async move {
        loop {
            if let Some(row) = position.read_ahead.pop_front() {
                return Ok(Some((row, position)));
            }
            position.read_on().await?;
        }
    })
}

impl<L: Log> Position<L> {
    async fn read_on(&mut self) -> Result<(), StoreError> {
        if self.known <= self.after {
            self.known = self.log.wait(self.after).await?;
        }
        let rows = self.log.since(self.after, PAGE).await?;
        let read_to = rows.last().map_or(self.after, L::position);
        // A short page holds all that could be read when it was, which was after `known`.
        let whole = rows.len() < usize::try_from(PAGE).unwrap_or(usize::MAX);
        self.after = if whole {
            read_to.max(self.known)
        } else {
            read_to
        };
        self.read_ahead = rows.into();
        Ok(())
    }
}
