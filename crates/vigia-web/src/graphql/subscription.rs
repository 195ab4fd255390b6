//! What can be followed.

use std::sync::Arc;

use async_graphql::{Context, Error, ErrorExtensions, ID, Result, Subscription as Root};
use futures::{Stream, StreamExt as _};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::activity::Activity;
use super::error::{UNAVAILABLE, bad_input, internal};
use super::notification::{Locale, Notification};
use super::page;
use super::query::{reader, web};
use crate::app::Stopping;
use crate::cursor;
use crate::feed::{Activities, Notifications, new_rows};

/// The root of subscriptions.
pub(crate) struct Subscription;

/// How many more subscriptions a connection may have.
#[derive(Clone)]
pub(super) struct Slots {
    max: usize,
    free: Arc<Semaphore>,
}

impl Slots {
    pub(super) fn new(max: usize) -> Self {
        Self {
            max,
            free: Arc::new(Semaphore::new(max)),
        }
    }
}

/// What can be followed.
#[Root]
impl Subscription {
    /// Activities as they are committed, in that order. With `after` none is missed or repeated
    /// over reconnects.
    async fn activity_added(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Id of the last activity seen; from now on unless given.")] after: Option<
            ID,
        >,
    ) -> Result<impl Stream<Item = Result<Activity>>> {
        let (store, scope) = (web(ctx).store.clone(), reader(ctx).scope());
        let slot = slot(ctx)?;
        let after = match after {
            Some(id) => id.parse().map_err(|_| {
                bad_input(
                    "after",
                    format!("{:?} is not an id", *id),
                    "the id of an activity",
                )
            })?,
            None => store.activity_last_id().await.map_err(internal)?,
        };
        let stopping: &Stopping = ctx.data_unchecked();
        Ok(new_rows(Activities { store, scope }, after)
            .map(move |row| {
                let _held = &slot;
                row.map(Activity).map_err(internal)
            })
            .take_until(stopping.clone().stopped()))
    }

    /// The reader's notifications as they are written, in that order. With `after` none is missed or repeated over
    /// reconnects. A reader that takes nothing for a while is cut off, and goes on from the last cursor it has.
    async fn notification_added(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Cursor of the last notification seen; from now on unless given.")]
        after: Option<String>,
        #[graphql(desc = "Language of the texts; the request's unless given.")] locale: Option<
            Locale,
        >,
    ) -> Result<impl Stream<Item = Result<Notification>>> {
        let (web, reader) = (web(ctx), reader(ctx));
        let slot = slot(ctx)?;
        let after = match page::after(after.as_deref(), cursor::to_notification)? {
            Some(seq) => seq,
            None => web.store.notification_last().await.map_err(internal)?,
        };
        let log = Notifications {
            store: web.store.clone(),
            inbox: reader.inbox(web),
        };
        let locale = locale.map_or(reader.locale, Into::into);
        let texts = web.text.clone();
        let stopping: &Stopping = ctx.data_unchecked();
        Ok(new_rows(log, after)
            .map(move |row| {
                let _held = &slot;
                let notification = |row| Notification {
                    row,
                    locale,
                    texts: texts.clone(),
                };
                row.map(notification).map_err(internal)
            })
            .take_until(stopping.clone().stopped()))
    }
}

/// A place among the subscriptions of a connection.
fn slot(ctx: &Context<'_>) -> Result<OwnedSemaphorePermit> {
    let slots: &Slots = ctx.data_unchecked();
    slots.free.clone().try_acquire_owned().map_err(|_| {
        let why = format!("a connection has at most {} subscriptions", slots.max);
        Error::new(why).extend_with(|_, extensions| extensions.set("code", UNAVAILABLE))
    })
}
