//! Pushes, for operators alone: they are of everybody.

use async_graphql::connection::Connection;
use async_graphql::{Context, ID, Object, Result};
use vigia_core::DeliveryId;
use vigia_store::PushRow;

use super::delivery::{DeliveryAttempt, DeliveryState, id_of};
use super::device::Platform;
use super::error::internal;
use super::failed::check_operator;
use super::loaders::{PushAttemptsOf, read};
use super::page;
use super::query::{check_writer, web};
use super::scalar::UInt53;
use crate::cursor;

struct Push(PushRow);

/// One notification to one device.
#[Object]
impl Push {
    /// Its id for ever.
    async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// External id of the user.
    async fn user(&self) -> &str {
        &self.0.user
    }

    /// Key of the device.
    async fn device(&self) -> ID {
        self.0.device.into()
    }

    /// Who brings it.
    async fn platform(&self) -> Platform {
        self.0.platform.into()
    }

    /// The first push of those it comes together with as one message; itself where it comes alone.
    async fn bundle(&self) -> ID {
        self.0.bundle.to_string().into()
    }

    /// How far it is.
    async fn state(&self) -> DeliveryState {
        self.0.state.into()
    }

    /// How often it was tried.
    async fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// When it is to be tried next, in milliseconds since 1970, where it is pending.
    async fn due_at_ms(&self) -> UInt53 {
        UInt53(self.0.due_at_ms)
    }

    /// When it was made, in milliseconds since 1970.
    async fn created_at_ms(&self) -> UInt53 {
        UInt53(self.0.created_at_ms)
    }

    /// When it ended, in milliseconds since 1970.
    async fn finished_at_ms(&self) -> Option<UInt53> {
        self.0.finished_at_ms.map(UInt53)
    }

    /// Its attempts, the first one first.
    #[graphql(complexity = "10 * child_complexity")]
    async fn log(&self, ctx: &Context<'_>) -> Result<Vec<DeliveryAttempt>> {
        let attempts = read(ctx, PushAttemptsOf(self.0.id)).await?;
        let attempts = attempts.unwrap_or_default().into_iter();
        Ok(attempts.map(DeliveryAttempt::from).collect())
    }
}

async fn find(ctx: &Context<'_>, id: &DeliveryId) -> Result<Option<Push>> {
    let found = web(ctx).store.push_find(id).await;
    Ok(found.map_err(internal)?.map(|(row, _)| Push(row)))
}

/// The part of queries about pushes.
#[derive(Default)]
pub(crate) struct PushQueries;

/// What can be asked of pushes.
#[Object]
impl PushQueries {
    /// What devices were told or are to be told, newest first. For operators.
    #[graphql(complexity = "page::cost(first, child_complexity)")]
    async fn pushes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Page size, 1 to 100; 20 unless given.")] first: Option<i32>,
        #[graphql(desc = "Cursor of the last push of the page before.")] after: Option<String>,
        #[graphql(desc = "Only those in this state.")] state: Option<DeliveryState>,
    ) -> Result<Connection<String, Push>> {
        check_operator(ctx)?;
        let size = page::size(first)?;
        let before = page::after(after.as_deref(), cursor::to_delivery)?;
        let state = state.map(Into::into);
        let rows = web(ctx).store.push_page(state, before, size + 1).await;
        let cursor = |row: &PushRow| cursor::of_delivery(row.created_at_ms, row.id);
        Ok(page::connection(
            rows.map_err(internal)?,
            size,
            cursor,
            Push,
        ))
    }

    /// A push by its id; null where it is not kept. For operators.
    async fn push(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its id.")] id: String,
    ) -> Result<Option<Push>> {
        check_operator(ctx)?;
        find(ctx, &id_of(&id)?).await
    }
}

/// Mutations of pushes.
#[derive(Default)]
pub(crate) struct PushMutation;

/// What can be changed of pushes.
#[Object]
impl PushMutation {
    /// Has a push sent again at once, under the same id, whatever became of it; null where there is none. For operators.
    async fn retry_push(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its id.")] id: String,
    ) -> Result<Option<Push>> {
        check_operator(ctx)?;
        check_writer(ctx)?;
        let id = id_of(&id)?;
        web(ctx).store.push_retry(&id).await.map_err(internal)?;
        find(ctx, &id).await
    }

    /// Says that a pending push is not to be sent; one that is not pending stays. Null where there is none. For
    /// operators.
    async fn cancel_push(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its id.")] id: String,
    ) -> Result<Option<Push>> {
        check_operator(ctx)?;
        check_writer(ctx)?;
        let id = id_of(&id)?;
        web(ctx).store.push_cancel(&id).await.map_err(internal)?;
        find(ctx, &id).await
    }
}
