//! What can be followed.

use std::sync::Arc;

use async_graphql::{Context, Error, ErrorExtensions, ID, Result, Subscription as Root};
use futures::{Stream, StreamExt as _};
use tokio::sync::Semaphore;

use super::activity::Activity;
use super::error::{UNAVAILABLE, bad_input, internal};
use super::query::{reader, web};
use crate::app::Stopping;
use crate::feed;

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
        let slots: &Slots = ctx.data_unchecked();
        let slot = slots.free.clone().try_acquire_owned().map_err(|_| {
            let why = format!("a connection has at most {} subscriptions", slots.max);
            Error::new(why).extend_with(|_, extensions| extensions.set("code", UNAVAILABLE))
        })?;
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
        Ok(feed::new_activities(store, scope, after)
            .map(move |row| {
                let _held = &slot;
                row.map(Activity).map_err(internal)
            })
            .take_until(stopping.clone().stopped()))
    }
}
