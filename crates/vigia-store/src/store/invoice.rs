//! `BusinessStore`: business objects as people look for them, and invoices.

use std::collections::HashMap;

use async_trait::async_trait;
use vigia_core::{AccountId, Address, BusinessKey, Escrow, Invoice, Permissions, Receipts, Scope};

use super::codec::{amount, int};
use super::read::user_of;
use super::{SqlStore, business};
use crate::business::{Held, Holder, add_held};
use crate::db::{Row, Tx, byte_strings, get, get_opt, parsed, query};
use crate::sql::{Sql, sql, sql_text};
use crate::{
    BusinessDetail, BusinessRow, BusinessStore, InvoiceOutcome, InvoiceRow, InvoiceSpec, Result,
};

/// A query for invoices that goes on with the WHERE of the named file.
macro_rules! invoice_sql {
    (dialects $name:literal) => {
        Sql {
            sqlite: concat!(sql_text!("invoice_columns"), sql_text!("sqlite/", $name)),
            postgres: concat!(sql_text!("invoice_columns"), sql_text!("postgres/", $name)),
        }
    };
    ($name:literal) => {{
        const TEXT: &str = concat!(sql_text!("invoice_columns"), sql_text!($name));
        Sql {
            sqlite: TEXT,
            postgres: TEXT,
        }
    }};
}
pub(super) use invoice_sql;

#[async_trait]
impl BusinessStore for SqlStore {
    async fn business_page(
        &self,
        scope: &Scope,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<BusinessRow>> {
        let user = user_of(scope);
        let sql = match user {
            Some(_) => sql!(dialects "business_page_member"),
            None => sql!("business_page"),
        };
        let mut query = query(sql).bind(before.unwrap_or(i64::MAX)).bind(limit);
        if user.is_some() {
            query = query.bind(user);
        }
        let rows = query.fetch_all(&mut self.database.read().await?).await?;
        rows.iter().map(object).collect()
    }

    async fn business_find(
        &self,
        scope: &Scope,
        key: &BusinessKey,
    ) -> Result<Option<BusinessDetail>> {
        let mut tx = self.database.read().await?;
        let row = query(sql!("business_find"))
            .bind(key.contract.clone())
            .bind(key.object.clone())
            .bind(key.id.clone())
            .bind(user_of(scope))
            .fetch_optional(&mut tx)
            .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(BusinessDetail {
            row: object(&row)?,
            events: business::events_of(&mut tx, [key].into()).await?,
        }))
    }

    async fn invoice_create(&self, scope: &Scope, spec: &InvoiceSpec) -> Result<InvoiceOutcome> {
        let mut tx = self.database.write().await?;
        let invoice = &spec.invoice;
        let holder = holder(&mut tx, scope, &spec.account, &invoice.address).await?;
        let account = match holder {
            Some(holder) if holder.may_read => match holder {
                Holder {
                    may_invoice: false, ..
                } => return Ok(InvoiceOutcome::NotAllowed),
                Holder { holds: false, .. } => return Ok(InvoiceOutcome::NotHeld),
                Holder { account, .. } => account,
            },
            _ => return Ok(InvoiceOutcome::NoAccount),
        };
        let due = invoice.due_at_ms.map(|due| int("due time", due));
        query(sql!("invoice_insert"))
            .bind(account.0)
            .bind(invoice.contract.clone())
            .bind(invoice.object.clone())
            .bind(invoice.business_id.clone())
            .bind(invoice.address.as_bytes().to_vec())
            .bind(invoice.coin_type.clone())
            .bind(amount(invoice.amount))
            .bind(invoice.note.clone())
            .bind(due.transpose()?)
            .bind(int("time", self.clock.now_ms())?)
            .execute(&mut tx)
            .await?;
        let row = query(invoice_sql!("invoice_find_key"))
            .bind(account.0)
            .bind(invoice.contract.clone())
            .bind(invoice.object.clone())
            .bind(invoice.business_id.clone())
            .fetch_one(&mut tx)
            .await?;
        tx.commit().await?;
        let row = Box::new(to_invoice(&row)?);
        let wanted = Invoice {
            account,
            ..invoice.clone()
        };
        Ok(match row.invoice == wanted {
            true => InvoiceOutcome::There(row),
            false => InvoiceOutcome::Taken(row),
        })
    }

    async fn invoice_cancel(&self, scope: &Scope, id: i64) -> Result<Option<InvoiceRow>> {
        let mut tx = self.database.write().await?;
        if !may_cancel(&mut tx, scope, id).await? {
            return Ok(None);
        }
        query(sql!("invoice_cancel"))
            .bind(id)
            .bind(int("time", self.clock.now_ms())?)
            .execute(&mut tx)
            .await?;
        let cancelled = find(&mut tx, scope, id).await?;
        tx.commit().await?;
        Ok(cancelled)
    }

    async fn invoice_may_cancel(&self, scope: &Scope, id: i64) -> Result<bool> {
        may_cancel(&mut self.database.read().await?, scope, id).await
    }

    async fn invoice_page(
        &self,
        scope: &Scope,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<InvoiceRow>> {
        let user = user_of(scope);
        let sql = match user {
            Some(_) => invoice_sql!(dialects "invoice_page_member"),
            None => invoice_sql!("invoice_page"),
        };
        let mut query = query(sql).bind(before.unwrap_or(i64::MAX)).bind(limit);
        if user.is_some() {
            query = query.bind(user);
        }
        let rows = query.fetch_all(&mut self.database.read().await?).await?;
        rows.iter().map(to_invoice).collect()
    }

    async fn invoice_find(&self, scope: &Scope, id: i64) -> Result<Option<InvoiceRow>> {
        find(&mut self.database.read().await?, scope, id).await
    }
}

async fn may_cancel(tx: &mut Tx, scope: &Scope, id: i64) -> Result<bool> {
    let Some(found) = find(tx, scope, id).await? else {
        return Ok(false);
    };
    let holder = holder(tx, scope, &found.account.0, &found.invoice.address).await?;
    Ok(holder.is_some_and(|holder| holder.may_invoice))
}

async fn find(tx: &mut Tx, scope: &Scope, id: i64) -> Result<Option<InvoiceRow>> {
    let row = query(invoice_sql!("invoice_find"))
        .bind(id)
        .bind(user_of(scope))
        .fetch_optional(tx)
        .await?;
    row.as_ref().map(to_invoice).transpose()
}

/// The account of an external id, as somebody may act for it.
async fn holder(
    tx: &mut Tx,
    scope: &Scope,
    external_id: &str,
    address: &Address,
) -> Result<Option<Holder>> {
    let row = query(sql!("account_holder"))
        .bind(external_id.to_owned())
        .bind(user_of(scope))
        .bind(address.as_bytes().to_vec())
        .fetch_optional(tx)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let permissions: Option<String> = get_opt(&row, "permissions")?;
    let permissions: Option<Permissions> = permissions
        .map(|text| parsed("permissions", text.parse()))
        .transpose()?;
    let may = |allows: fn(&Permissions) -> bool| match scope {
        Scope::All => true,
        Scope::MemberOf(_) => permissions.as_ref().is_some_and(allows),
    };
    Ok(Some(Holder {
        account: AccountId(get(&row, "id")?),
        holds: get::<i64>(&row, "holds")? == 1,
        may_invoice: may(Permissions::may_invoice),
        may_read: may(Permissions::may_read),
    }))
}

pub(super) fn object(row: &Row) -> Result<BusinessRow> {
    Ok(BusinessRow {
        id: get(row, "id")?,
        key: BusinessKey {
            contract: get(row, "contract")?,
            object: get(row, "object")?,
            id: get(row, "object_id")?,
        },
        state: get(row, "state")?,
        data: get(row, "data")?,
        deadline_ms: get_opt(row, "deadline_ms")?,
        escrow: escrow(row)?,
    })
}

fn escrow(row: &Row) -> Result<Option<Escrow>> {
    let Some(from) = get_opt(row, "escrow_from")? else {
        return Ok(None);
    };
    Ok(Some(Escrow {
        from,
        to: get_opt(row, "escrow_to")?,
        coin_type: get(row, "escrow_coin")?,
        amount: get(row, "escrow_amount")?,
    }))
}

pub(super) fn to_invoice(row: &Row) -> Result<InvoiceRow> {
    let data: Option<serde_json::Value> = get_opt(row, "data")?;
    Ok(InvoiceRow {
        id: get(row, "id")?,
        invoice: Invoice {
            contract: get(row, "contract")?,
            object: get(row, "object")?,
            business_id: get(row, "object_id")?,
            account: get(row, "account_id")?,
            address: get(row, "address")?,
            coin_type: get(row, "coin_type")?,
            amount: get(row, "amount")?,
            note: get(row, "note")?,
            due_at_ms: get_opt(row, "due_at_ms")?,
        },
        account: (get(row, "external_id")?, get(row, "display_name")?),
        created_at_ms: get(row, "created_at_ms")?,
        cancelled_at_ms: get_opt(row, "cancelled_at_ms")?,
        receipts: data.as_ref().map(Receipts::of_data).unwrap_or_default(),
    })
}

/// What contracts hold of the coins of addresses, and for them, by address and coin type.
pub(super) async fn held(
    tx: &mut Tx,
    addresses: &[Address],
) -> Result<HashMap<Address, HashMap<String, Held>>> {
    let rows = query(sql!(dialects "escrow_list"))
        .bind(byte_strings(addresses.iter().map(Address::as_bytes)))
        .fetch_all(tx)
        .await?;
    let mut held = HashMap::<Address, HashMap<String, Held>>::new();
    for row in &rows {
        let Some(escrow) = escrow(row)? else { continue };
        let to = escrow.to.filter(|to| *to != escrow.from);
        for address in [Some(escrow.from), to].into_iter().flatten() {
            let of_coin = held.entry(address).or_default();
            let of_coin = of_coin.entry(escrow.coin_type.clone()).or_default();
            add_held(of_coin, &escrow, &address);
        }
    }
    Ok(held)
}
