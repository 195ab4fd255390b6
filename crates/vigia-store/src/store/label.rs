//! `LabelStore`: the table of labels under what settings declare.

use std::ops::Bound;

use async_trait::async_trait;
use vigia_core::{Address, Label};

use super::SqlStore;
use super::codec::int;
use crate::Result;
use crate::db::{Row, get, query};
use crate::label::{LABELS_MAX, LabelOrigin, LabelRow, LabelStore};
use crate::sql::sql;

#[async_trait]
impl LabelStore for SqlStore {
    async fn label_set(&self, label: &Label) -> Result<Option<Label>> {
        if let Some(declared) = self.labels().get(&label.address) {
            return Ok(Some(declared.clone()));
        }
        let mut tx = self.database.write().await?;
        query(sql!("label_set"))
            .bind(label.address.as_bytes().to_vec())
            .bind(&*label.name)
            .bind(label.kind.as_str())
            .bind(int("time", self.clock.now_ms())?)
            .execute(&mut tx)
            .await?;
        tx.commit().await?;
        Ok(None)
    }

    async fn label_remove(&self, address: &Address) -> Result<bool> {
        let mut tx = self.database.write().await?;
        let removed = query(sql!("label_remove"))
            .bind(address.as_bytes().to_vec())
            .execute(&mut tx)
            .await?;
        tx.commit().await?;
        Ok(removed > 0)
    }

    async fn label_find(&self, address: &Address) -> Result<Option<LabelRow>> {
        if let Some(declared) = self.labels().get(address) {
            return Ok(Some(configured(declared)));
        }
        let row = query(sql!("label_find"))
            .bind(address.as_bytes().to_vec())
            .fetch_optional(&mut self.database.read().await?)
            .await?;
        row.as_ref().map(kept).transpose()
    }

    async fn label_list(&self, after: Option<Address>, limit: u32) -> Result<Vec<LabelRow>> {
        let limit = limit.min(LABELS_MAX);
        let rows = query(sql!("label_list"))
            .bind(after.map_or_else(Vec::new, |after| after.as_bytes().to_vec()))
            .bind(limit)
            .fetch_all(&mut self.database.read().await?)
            .await?;
        let size = usize::try_from(limit).unwrap_or(usize::MAX);
        let above = after.map_or(Bound::Unbounded, Bound::Excluded);
        let labels = self.labels();
        let declared = labels.range((above, Bound::Unbounded)).take(size);
        let mut list: Vec<LabelRow> = declared.map(|(_, label)| configured(label)).collect();
        for row in &rows {
            let row = kept(row)?;
            if !labels.contains_key(&row.label.address) {
                list.push(row);
            }
        }
        // A page of each holds whatever belongs to a page of both.
        list.sort_unstable_by_key(|row| row.label.address);
        list.truncate(size);
        Ok(list)
    }
}

pub(super) fn configured(label: &Label) -> LabelRow {
    LabelRow {
        label: label.clone(),
        origin: LabelOrigin::Configuration,
    }
}

pub(super) fn kept(row: &Row) -> Result<LabelRow> {
    let label = Label {
        address: get(row, "address")?,
        name: get(row, "name")?,
        kind: get(row, "kind")?,
    };
    Ok(LabelRow {
        label,
        origin: LabelOrigin::Database,
    })
}
