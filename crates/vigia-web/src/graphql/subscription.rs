//! What can be followed.

use std::sync::Arc;
use std::time::Duration;

use async_graphql::{
    Context, Error, ErrorExtensions, ID, Result, SimpleObject, Subscription as Root,
};
use futures::{Stream, StreamExt as _};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use vigia_core::{BusinessKey, Scope};
use vigia_store::{ActivityRow, Store};

use super::activity::Activity;
use super::balance::{self, Balance};
use super::business::BusinessObject;
use super::error::{UNAVAILABLE, bad_input, internal};
use super::notification::{Locale, Notification};
use super::page;
use super::query::{reader, web};
use super::status::{Extra, KeptStatus, Status};
use crate::app::Stopping;
use crate::feed::Feeds;
use crate::{WebContext, cursor};

/// How often the state of the system is looked at.
const STATUS_EVERY: Duration = Duration::from_secs(1);

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
        Ok(followed(ctx, after).await?.map(|row| row.map(Activity)))
    }

    /// Balances of the reader's addresses as activities change them, each as it is when it is told: of several changes at once the
    /// last may be told more than once. With `after` no change is missed over reconnects.
    async fn balance_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Id of the last activity told of; from now on unless given.")]
        after: Option<ID>,
    ) -> Result<impl Stream<Item = Result<BalanceChange>>> {
        let (store, scope) = (web(ctx).store.clone(), reader(ctx).scope());
        Ok(followed(ctx, after).await?.filter_map(move |row| {
            let (store, scope) = (store.clone(), scope.clone());
            async move { balance_change(&*store, &scope, row).await.transpose() }
        }))
    }

    /// Trades, invitations and whatever else goes through several states, in which the reader's accounts take part, as something
    /// happens to them. With `after` none is missed over reconnects.
    async fn trade_updated(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Id of the last activity told of; from now on unless given.")]
        after: Option<ID>,
    ) -> Result<impl Stream<Item = Result<TradeUpdate>>> {
        let (web, scope) = (web(ctx).clone(), reader(ctx).scope());
        Ok(followed(ctx, after).await?.filter_map(move |row| {
            let (web, scope) = (web.clone(), scope.clone());
            async move { trade_update(&web, &scope, row).await.transpose() }
        }))
    }

    /// The state of the system now, and whenever it is another, at most once a second.
    async fn status_changed(
        &self,
        ctx: &Context<'_>,
    ) -> Result<impl Stream<Item = Result<Status>>> {
        let (web, reader) = (web(ctx).clone(), reader(ctx));
        let is_operator = reader.principal.is_operator();
        let slot = slot(ctx)?;
        let stopping: &Stopping = ctx.data_unchecked();
        let kept: &Arc<KeptStatus> = ctx.data_unchecked();
        let begin = (web, Arc::clone(kept), None);
        let told = futures::stream::try_unfold(begin, move |(web, kept, last)| async move {
            loop {
                let report = kept.get(&*web.store, STATUS_EVERY).await;
                let report = report.map_err(internal)?;
                if last.as_ref() != Some(&report) {
                    let extra = Extra::default();
                    let status = Status::new(report.clone(), extra, is_operator, web.version);
                    return Ok(Some((status, (web, kept, Some(report)))));
                }
                tokio::time::sleep(STATUS_EVERY).await;
            }
        });
        let held = told.map(move |status| {
            let _held = &slot;
            status
        });
        Ok(held.take_until(stopping.clone().stopped()))
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
        let feeds: &Arc<Feeds> = ctx.data_unchecked();
        let rows = feeds.notifications(reader.inbox(web), after);
        let locale = locale.map_or(reader.locale, Into::into);
        let texts = web.text.clone();
        let stopping: &Stopping = ctx.data_unchecked();
        Ok(rows
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

/// A balance, and by what it changed.
#[derive(SimpleObject)]
struct BalanceChange {
    /// Id of the activity that changed it: to go on from.
    cursor: ID,
    /// The balance as it is.
    balance: Balance,
}

/// A trade or invitation, and by what it changed.
#[derive(SimpleObject)]
struct TradeUpdate {
    /// Id of the activity that changed it: to go on from.
    cursor: ID,
    /// The object as it is.
    trade: BusinessObject,
}

/// Activities of the reader from an id on, holding a place among the subscriptions of a connection.
async fn followed(
    ctx: &Context<'_>,
    after: Option<ID>,
) -> Result<impl Stream<Item = Result<Arc<ActivityRow>>> + use<>> {
    let (store, scope) = (web(ctx).store.clone(), reader(ctx).scope());
    let slot = slot(ctx)?;
    let after = match after {
        Some(id) => id.parse().map_err(|_| {
            let problem = format!("{:?} is not an id", *id);
            bad_input("after", problem, "the id of an activity")
        })?,
        None => store.activity_last_id().await.map_err(internal)?,
    };
    let stopping: &Stopping = ctx.data_unchecked();
    let feeds: &Arc<Feeds> = ctx.data_unchecked();
    Ok(feeds
        .activities(scope, after)
        .map(move |row| {
            let _held = &slot;
            row.map_err(internal)
        })
        .take_until(stopping.clone().stopped()))
}

/// None where no coins of a watched address moved.
async fn balance_change(
    store: &dyn Store,
    scope: &Scope,
    row: Result<Arc<ActivityRow>>,
) -> Result<Option<BalanceChange>> {
    let row = row?;
    let moved = row.activity.coin_type.is_some();
    let Some(address) = row.activity.address.filter(|_| moved) else {
        return Ok(None);
    };
    let found = store.balance_of(scope, &address).await.map_err(internal)?;
    let Some(found) = found else { return Ok(None) };
    let coins = balance::coins(store, std::slice::from_ref(&found)).await?;
    Ok(Some(BalanceChange {
        cursor: row.id.into(),
        balance: Balance::new(found, &coins),
    }))
}

/// None where it is about nothing that goes through several states.
async fn trade_update(
    web: &WebContext,
    scope: &Scope,
    row: Result<Arc<ActivityRow>>,
) -> Result<Option<TradeUpdate>> {
    let row = row?;
    let (Some(contract), Some(id)) = (&row.activity.contract, &row.activity.business_id) else {
        return Ok(None);
    };
    let registry = web.registry.get();
    for object in registry.staged_objects(contract) {
        let key = BusinessKey {
            contract: contract.clone(),
            object: object.to_owned(),
            id: id.clone(),
        };
        let found = web.store.business_find(scope, &key).await;
        if let Some(found) = found.map_err(internal)? {
            return Ok(Some(TradeUpdate {
                cursor: row.id.into(),
                trade: BusinessObject(found.row),
            }));
        }
    }
    Ok(None)
}

/// A place among the subscriptions of a connection.
fn slot(ctx: &Context<'_>) -> Result<OwnedSemaphorePermit> {
    let slots: &Slots = ctx.data_unchecked();
    slots.free.clone().try_acquire_owned().map_err(|_| {
        let why = format!("a connection has at most {} subscriptions", slots.max);
        Error::new(why).extend_with(|_, extensions| extensions.set("code", UNAVAILABLE))
    })
}
