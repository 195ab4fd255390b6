//! What can be asked.

use async_graphql::connection::Connection;
use async_graphql::{Context, ID, Object, Result};
use vigia_core::{BusinessKey, Scope};
use vigia_store::{
    ActivityRow, AnnouncementRow, ApplicationScope, BalanceRow, BusinessRow, DeliveryRow,
    FailedRow, InvoiceRow, LabelRow, WatchRow,
};

use super::activity::{Activity, ActivityFilterInput, filtered};
use super::address::WatchedAddress;
use super::announcement::Announcement;
use super::balance::{self, Balance};
use super::business::{self, BusinessObject};
use super::delivery::{self, Delivery, DeliveryState};
use super::error::{forbidden, internal};
use super::failed::{self, FailedTransaction, check_operator, digest_of};
use super::invoice::{self, Invoice};
use super::kept::{self, Transaction};
use super::label::AddressLabel;
use super::page;
use super::status::{Extra, Status};
use super::transaction::RawTransaction;
use crate::reader::Reader;
use crate::{WebContext, cursor};

/// The greater part of the root of queries.
#[derive(Default)]
pub(crate) struct ReadQuery;

/// What resolvers read from.
pub(super) fn web<'c>(ctx: &Context<'c>) -> &'c WebContext {
    ctx.data_unchecked()
}

/// Who asks.
pub(super) fn reader<'c>(ctx: &Context<'c>) -> &'c Reader {
    ctx.data_unchecked()
}

/// Refuses those who may only read.
pub(super) fn check_writer(ctx: &Context<'_>) -> Result<()> {
    match reader(ctx).may_write {
        true => Ok(()),
        false => Err(forbidden(
            "this token may only read: it takes one of scope full",
        )),
    }
}

/// Refuses those who may not do this for an application: neither its token nor an operator.
pub(super) fn check_application(ctx: &Context<'_>, scope: ApplicationScope) -> Result<()> {
    let reader = reader(ctx);
    let is_operator = reader.principal.is_operator() && reader.may_write;
    match is_operator || reader.application.contains(scope) {
        true => Ok(()),
        false => Err(forbidden(&format!(
            "this takes an application's token with the scope {}, or an operator",
            scope.as_str()
        ))),
    }
}

/// For which accounts who asks may change this: an application's token with the scope for all, else those who may write for theirs.
pub(super) fn writes(ctx: &Context<'_>, scope: ApplicationScope) -> Result<Scope> {
    let reader = reader(ctx);
    if reader.application.contains(scope) {
        return Ok(Scope::All);
    }
    check_writer(ctx)?;
    Ok(reader.scope())
}

/// What can be asked. Everybody sees their own accounts, the operator sees all.
#[Object]
impl ReadQuery {
    /// The state of the system.
    async fn status(&self, ctx: &Context<'_>) -> Result<Status> {
        let web = web(ctx);
        let report = web.store.status().await.map_err(internal)?;
        let is_operator = reader(ctx).principal.is_operator();
        // Only where asked for: they cost a read of their own.
        let shards = match is_operator && ctx.look_ahead().field("shards").exists() {
            true => Some(web.store.shard_list().await.map_err(internal)?),
            false => None,
        };
        let providers = match is_operator && ctx.look_ahead().field("providers").exists() {
            true => Some(web.store.provider_list().await.map_err(internal)?),
            false => None,
        };
        let histories = match is_operator && ctx.look_ahead().field("histories").exists() {
            true => Some(web.store.backfill_counts().await.map_err(internal)?),
            false => None,
        };
        let extra = Extra {
            shards,
            providers,
            histories,
        };
        Ok(Status::new(report, extra, is_operator, web.version))
    }

    /// Activities, newest first in the order of the chain.
    #[graphql(complexity = "page::cost(first, child_complexity)")]
    async fn activities(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Page size, 1 to 100; 20 unless given.")] first: Option<i32>,
        #[graphql(desc = "Cursor of the last activity of the page before.")] after: Option<String>,
        #[graphql(desc = "Only those in which this address of an account took part.")]
        address: Option<String>,
        #[graphql(desc = "Only those that are like this.")] filter: Option<ActivityFilterInput>,
    ) -> Result<Connection<String, Activity>> {
        let size = page::size(first)?;
        let before = page::after(after.as_deref(), cursor::to_activity)?;
        let filter = filtered(ctx, address, filter)?;
        let rows = web(ctx)
            .store
            .activity_page(&reader(ctx).scope(), &filter, before, size + 1)
            .await
            .map_err(internal)?;
        let cursor = |row: &ActivityRow| cursor::of_activity(row.cursor());
        Ok(page::connection(rows, size, cursor, Activity::from))
    }

    /// Watched addresses of the reader's accounts, in the order in which they were added.
    #[graphql(complexity = "page::cost(first, child_complexity)")]
    async fn addresses(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Page size, 1 to 100; 20 unless given.")] first: Option<i32>,
        #[graphql(desc = "Cursor of the last address of the page before.")] after: Option<String>,
    ) -> Result<Connection<String, WatchedAddress>> {
        let size = page::size(first)?;
        let after = page::after(after.as_deref(), cursor::to_watch)?;
        let rows = web(ctx)
            .store
            .address_page(&reader(ctx).scope(), after.unwrap_or(0), size + 1)
            .await
            .map_err(internal)?;
        let cursor = |row: &WatchRow| cursor::of_watch(row.id);
        Ok(page::connection(rows, size, cursor, WatchedAddress::from))
    }

    /// What the addresses of the reader's accounts have, in the order in which they were added.
    #[graphql(complexity = "page::cost(first, child_complexity)")]
    async fn balances(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Page size, 1 to 100; 20 unless given.")] first: Option<i32>,
        #[graphql(desc = "Cursor of the last address of the page before.")] after: Option<String>,
    ) -> Result<Connection<String, Balance>> {
        let size = page::size(first)?;
        let after = page::after(after.as_deref(), cursor::to_watch)?;
        let store = &web(ctx).store;
        let rows = store
            .balance_page(&reader(ctx).scope(), after.unwrap_or(0), size + 1)
            .await
            .map_err(internal)?;
        let coins = balance::coins(&**store, &rows).await?;
        let cursor = |row: &BalanceRow| cursor::of_watch(row.id);
        let node = |row| Balance::new(row, &coins);
        Ok(page::connection(rows, size, cursor, node))
    }

    /// A relevant transaction by its digest; null where it is not kept or concerns none of the
    /// reader's accounts.
    #[graphql(complexity = "child_complexity + 50")]
    async fn raw_transaction(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Digest in base58.")] digest: String,
    ) -> Result<Option<RawTransaction>> {
        kept::raw(ctx, &digest_of(&digest)?).await
    }

    /// A relevant transaction by its digest, also when its evidence was older than its retention and
    /// only what it meant stays; null where it is not known or concerns none of the reader's accounts.
    #[graphql(complexity = "child_complexity + 50")]
    async fn transaction(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Digest in base58.")] digest: String,
    ) -> Result<Option<Transaction>> {
        kept::find(ctx, &digest_of(&digest)?).await
    }

    /// Transactions that could not be interpreted and that nobody discarded, in the order of the
    /// chain. For operators.
    #[graphql(complexity = "page::cost(first, child_complexity)")]
    async fn failed_transactions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Page size, 1 to 100; 20 unless given.")] first: Option<i32>,
        #[graphql(desc = "Cursor of the last transaction of the page before.")] after: Option<
            String,
        >,
    ) -> Result<Connection<String, FailedTransaction>> {
        check_operator(ctx)?;
        let size = page::size(first)?;
        let after = page::after(after.as_deref(), cursor::to_failed)?;
        let rows = web(ctx)
            .store
            .failed_list(after, size + 1)
            .await
            .map_err(internal)?;
        let cursor = |row: &FailedRow| cursor::of_failed(row.place);
        Ok(page::connection(
            rows,
            size,
            cursor,
            FailedTransaction::from,
        ))
    }

    /// A transaction that could not be interpreted, discarded or not; null where it is not kept, or
    /// interpreted. For operators.
    async fn failed_transaction(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Digest in base58.")] digest: String,
    ) -> Result<Option<FailedTransaction>> {
        check_operator(ctx)?;
        failed::find(ctx, &digest_of(&digest)?).await
    }

    /// Labels of addresses, those of the configuration too, in the order of the addresses. For operators.
    #[graphql(complexity = "page::cost(first, child_complexity)")]
    async fn labels(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Page size, 1 to 100; 20 unless given.")] first: Option<i32>,
        #[graphql(desc = "Cursor of the last label of the page before.")] after: Option<String>,
    ) -> Result<Connection<String, AddressLabel>> {
        check_operator(ctx)?;
        let size = page::size(first)?;
        let after = page::after(after.as_deref(), cursor::to_label)?;
        let rows = web(ctx)
            .store
            .label_list(after, size + 1)
            .await
            .map_err(internal)?;
        let cursor = |row: &LabelRow| cursor::of_label(row.label.address);
        Ok(page::connection(rows, size, cursor, AddressLabel::from))
    }

    /// Trades, invitations and whatever else goes through several states, in which the reader's accounts take
    /// part: the newest first, in the order in which they were learnt of.
    #[graphql(complexity = "page::cost(first, child_complexity)")]
    async fn business_objects(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Page size, 1 to 100; 20 unless given.")] first: Option<i32>,
        #[graphql(desc = "Cursor of the last object of the page before.")] after: Option<String>,
    ) -> Result<Connection<String, BusinessObject>> {
        let size = page::size(first)?;
        let before = page::after(after.as_deref(), cursor::to_business)?;
        let rows = web(ctx)
            .store
            .business_page(&reader(ctx).scope(), before, size + 1)
            .await
            .map_err(internal)?;
        let cursor = |row: &BusinessRow| cursor::of_business(row.id);
        Ok(page::connection(rows, size, cursor, BusinessObject))
    }

    /// A business object of any kind; null where there is none, or none of its events concerns the reader's
    /// accounts.
    async fn business_object(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Name of the declared contract.")] contract: String,
        #[graphql(desc = "What it is: `payment`, `trade`, `invitation`.")] object: String,
        #[graphql(desc = "Its id in the contract.")] business_id: String,
    ) -> Result<Option<BusinessObject>> {
        let key = BusinessKey {
            contract,
            object,
            id: business_id,
        };
        business::find(ctx, key).await
    }

    /// Transactions that the application announced for the reader's accounts and that have not landed, newest first.
    /// Once one has, it is an activity, and no longer here.
    #[graphql(complexity = "page::cost(first, child_complexity)")]
    async fn announcements(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Page size, 1 to 100; 20 unless given.")] first: Option<i32>,
        #[graphql(desc = "Cursor of the last announcement of the page before.")] after: Option<
            String,
        >,
    ) -> Result<Connection<String, Announcement>> {
        let size = page::size(first)?;
        let before = page::after(after.as_deref(), cursor::to_announcement)?;
        let web = web(ctx);
        let rows = web
            .store
            .announcement_page(&reader(ctx).scope(), before, size + 1)
            .await
            .map_err(internal)?;
        let now_ms = web.clock.now_ms();
        let cursor = |row: &AnnouncementRow| cursor::of_announcement(row.id);
        let node = |row| Announcement { row, now_ms };
        Ok(page::connection(rows, size, cursor, node))
    }

    /// What the application announced of a transaction for the reader's accounts, landed or not.
    async fn announced(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Digest in base58.")] digest: String,
    ) -> Result<Vec<Announcement>> {
        let web = web(ctx);
        let scope = reader(ctx).scope();
        let rows = web
            .store
            .announcement_find(&scope, &digest_of(&digest)?)
            .await;
        let rows = rows.map_err(internal)?.into_iter();
        let now_ms = web.clock.now_ms();
        Ok(rows.map(|row| Announcement { row, now_ms }).collect())
    }

    /// Invoices of the reader's accounts, newest first.
    #[graphql(complexity = "page::cost(first, child_complexity)")]
    async fn invoices(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Page size, 1 to 100; 20 unless given.")] first: Option<i32>,
        #[graphql(desc = "Cursor of the last invoice of the page before.")] after: Option<String>,
    ) -> Result<Connection<String, Invoice>> {
        let size = page::size(first)?;
        let before = page::after(after.as_deref(), cursor::to_invoice)?;
        let web = web(ctx);
        let rows = web
            .store
            .invoice_page(&reader(ctx).scope(), before, size + 1)
            .await
            .map_err(internal)?;
        let cursor = |row: &InvoiceRow| cursor::of_invoice(row.id);
        Ok(page::connection(rows, size, cursor, |row| {
            Invoice::new(row, web)
        }))
    }

    /// An invoice; null where the reader's accounts have none of this id.
    async fn invoice(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Invoice>> {
        let (id, web) = (invoice::id_of(&id)?, web(ctx));
        let found = web.store.invoice_find(&reader(ctx).scope(), id).await;
        Ok(found.map_err(internal)?.map(|row| Invoice::new(row, web)))
    }

    /// What endpoints were told or are to be told, newest first. For operators.
    #[graphql(complexity = "page::cost(first, child_complexity)")]
    async fn deliveries(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Page size, 1 to 100; 20 unless given.")] first: Option<i32>,
        #[graphql(desc = "Cursor of the last delivery of the page before.")] after: Option<String>,
        #[graphql(desc = "Only those of the endpoint of this name.")] endpoint: Option<String>,
        #[graphql(desc = "Only those in this state.")] state: Option<DeliveryState>,
    ) -> Result<Connection<String, Delivery>> {
        check_operator(ctx)?;
        let size = page::size(first)?;
        let before = page::after(after.as_deref(), cursor::to_delivery)?;
        let endpoint = match endpoint {
            Some(name) => Some(delivery::endpoint_id(ctx, &name).await?),
            None => None,
        };
        let rows = web(ctx)
            .store
            .delivery_page(endpoint, state.map(Into::into), before, size + 1)
            .await
            .map_err(internal)?;
        let cursor = |row: &DeliveryRow| cursor::of_delivery(row.created_at_ms, row.id);
        Ok(page::connection(rows, size, cursor, Delivery))
    }

    /// A delivery by its id; null where it is not kept. For operators.
    async fn delivery(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its id.")] id: String,
    ) -> Result<Option<Delivery>> {
        delivery::find(ctx, &id).await
    }
}
