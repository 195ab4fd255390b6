//! `SearchStore`: each kind by an index of its own.

use async_trait::async_trait;
use serde_json::Value;
use vigia_core::Scope;

use super::invoice::{invoice_sql, object, to_invoice};
use super::label::{configured, kept};
use super::read::user_of;
use super::sign_in::login;
use super::{SqlStore, business};
use crate::db::{Row, get, query};
use crate::search::{FoundAccount, SEARCH_MAX, SearchStore};
use crate::sql::{Sql, sql, sql_text};
use crate::{BusinessDetail, InvoiceRow, LabelRow, Login, Result};

/// Above every text that begins with another: no text holds the last of all characters in earnest.
const LAST: char = char::MAX;

#[async_trait]
impl SearchStore for SqlStore {
    async fn search_objects(
        &self,
        scope: &Scope,
        kinds: &[(String, String)],
        id: &str,
        limit: u32,
    ) -> Result<Vec<BusinessDetail>> {
        let kinds = kinds.iter().map(|(contract, object)| {
            let kind = [contract, object].map(|word| Value::from(word.as_str()));
            Value::from(kind.to_vec())
        });
        let mut tx = self.database.read().await?;
        let rows = query(sql!(dialects "search_objects"))
            .bind(Value::Array(kinds.collect()).to_string())
            .bind(id.to_owned())
            .bind(user_of(scope))
            .bind(limit.min(SEARCH_MAX))
            .fetch_all(&mut tx)
            .await?;
        let mut found = Vec::with_capacity(rows.len());
        for row in &rows {
            let row = object(row)?;
            let events = business::events_of(&mut tx, [&row.key].into()).await?;
            found.push(BusinessDetail { row, events });
        }
        Ok(found)
    }

    async fn search_invoices(
        &self,
        scope: &Scope,
        business_id: &str,
        limit: u32,
    ) -> Result<Vec<InvoiceRow>> {
        let user = user_of(scope);
        let sql = match user {
            Some(_) => invoice_sql!("search_invoices_member"),
            None => invoice_sql!("search_invoices"),
        };
        let mut query = query(sql)
            .bind(business_id.to_owned())
            .bind(limit.min(SEARCH_MAX));
        if user.is_some() {
            query = query.bind(user);
        }
        let rows = query.fetch_all(&mut self.database.read().await?).await?;
        rows.iter().map(to_invoice).collect()
    }

    async fn search_accounts(
        &self,
        scope: &Scope,
        start: &str,
        limit: u32,
    ) -> Result<Vec<FoundAccount>> {
        let user = user_of(scope);
        let sql = match user {
            Some(_) => sql!("search_accounts_member"),
            None => sql!("search_accounts"),
        };
        let mut query = query(sql)
            .bind(start.to_owned())
            .bind(end_of(start))
            .bind(limit.min(SEARCH_MAX));
        if user.is_some() {
            query = query.bind(user);
        }
        let rows = query.fetch_all(&mut self.database.read().await?).await?;
        let account = |row: &Row| {
            Ok(FoundAccount {
                external_id: get(row, "external_id")?,
                kind: get(row, "kind")?,
                display_name: get(row, "display_name")?,
            })
        };
        rows.iter().map(account).collect()
    }

    async fn search_users(&self, start: &str, limit: u32) -> Result<Vec<Login>> {
        let rows = query(sql!("search_users"))
            .bind(start.to_owned())
            .bind(end_of(start))
            .bind(limit.min(SEARCH_MAX))
            .fetch_all(&mut self.database.read().await?)
            .await?;
        rows.iter().map(login).collect()
    }

    async fn search_labels(&self, start: &str, limit: u32) -> Result<Vec<LabelRow>> {
        let limit = limit.min(SEARCH_MAX);
        let start = start.to_ascii_lowercase();
        let rows = query(sql!("search_labels"))
            .bind(start.clone())
            .bind(end_of(&start))
            .bind(limit)
            .fetch_all(&mut self.database.read().await?)
            .await?;
        let labels = self.labels();
        let begins = |name: &str| name.to_ascii_lowercase().starts_with(&start);
        let declared = labels.values().filter(|label| begins(&label.name));
        let mut found: Vec<LabelRow> = declared.map(configured).collect();
        for row in &rows {
            let row = kept(row)?;
            if !labels.contains_key(&row.label.address) {
                found.push(row);
            }
        }
        found.sort_by_cached_key(|row| (row.label.name.to_ascii_lowercase(), row.label.address));
        found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(found)
    }
}

/// The end of all texts that begin with `start`, in the order of their bytes.
fn end_of(start: &str) -> String {
    format!("{start}{LAST}")
}
