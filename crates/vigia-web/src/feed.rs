//! New activities as a stream: what subscriptions and event streams are made of.
//!
//! Pulled, never pushed: at most one page waits for a slow reader, and the database remembers the
//! rest.

use std::collections::VecDeque;
use std::sync::Arc;

use futures::stream::{self, Stream};
use vigia_core::Scope;
use vigia_store::{ActivityRow, Store, StoreError};

/// Rows read ahead of a reader.
const PAGE: u32 = 50;

struct Position {
    store: Arc<dyn Store>,
    scope: Scope,
    /// Everything in scope up to this id has been read.
    after: i64,
    /// An id that is known to exist.
    known: i64,
    read_ahead: VecDeque<ActivityRow>,
}

/// Activities in scope with an id above `after`, in order of id, without end. An error ends it.
pub(crate) fn new_activities(
    store: Arc<dyn Store>,
    scope: Scope,
    after: i64,
) -> impl Stream<Item = Result<ActivityRow, StoreError>> + Send {
    let position = Position {
        store,
        scope,
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

impl Position {
    async fn read_on(&mut self) -> Result<(), StoreError> {
        if self.known <= self.after {
            self.known = self.store.activity_wait(self.after).await?;
        }
        let rows = self
            .store
            .activity_since(&self.scope, self.after, PAGE)
            .await?;
        let read_to = rows.last().map_or(self.after, |row| row.id);
        // A short page holds all that was in scope when it was read, which was after `known`.
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
