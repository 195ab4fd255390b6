//! `AnnouncementStore`: what applications said of transactions, joined with what the chain did of them.

use async_trait::async_trait;
use vigia_core::{AccountId, Announcement, Digest, Scope};

use super::codec::{address_opt, amount, int};
use super::read::user_of;
use super::{SqlStore, ranges};
use crate::announcement::ANNOUNCEMENTS_MAX;
use crate::db::{Row, Tx, get, get_opt, query};
use crate::sql::{Sql, sql, sql_text};
use crate::{AnnounceOutcome, AnnouncementRow, AnnouncementStore, Result};

/// A query for announcements that goes on with the WHERE of the named file.
macro_rules! announcement_sql {
    ($name:literal) => {{
        const TEXT: &str = concat!(sql_text!("announcement_columns"), sql_text!($name));
        Sql {
            sqlite: TEXT,
            postgres: TEXT,
        }
    }};
}

#[async_trait]
impl AnnouncementStore for SqlStore {
    async fn announce(
        &self,
        scope: &Scope,
        account: &str,
        announcement: &Announcement,
    ) -> Result<AnnounceOutcome> {
        let mut tx = self.database.write().await?;
        let row = query(sql!("announcement_account"))
            .bind(account.to_owned())
            .bind(user_of(scope))
            .fetch_optional(&mut tx)
            .await?;
        let Some(row) = row else {
            return Ok(AnnounceOutcome::NoAccount);
        };
        let account: AccountId = get(&row, "id")?;
        let there = one(&mut tx, account, &announcement.digest).await?;
        if let Some(there) = there {
            return Ok(AnnounceOutcome::There(Box::new(there)));
        }
        let waiting: u32 = get(&row, "waiting")?;
        if waiting >= ANNOUNCEMENTS_MAX {
            return Ok(AnnounceOutcome::TooMany);
        }
        let last_epoch = announcement.last_epoch.map(|epoch| int("epoch", epoch));
        query(sql!("announcement_insert"))
            .bind(account.0)
            .bind(announcement.digest.inner().to_vec())
            .bind(announcement.kind.clone())
            .bind(announcement.direction.as_str())
            .bind(announcement.coin_type.clone())
            .bind(announcement.amount.map(amount))
            .bind(address_opt(announcement.counterparty.as_ref()))
            .bind(announcement.note.clone())
            .bind(last_epoch.transpose()?)
            .bind(int("wait", announcement.wait_ms)?)
            .bind(int("time", self.clock.now_ms())?)
            .execute(&mut tx)
            .await?;
        let there = one(&mut tx, account, &announcement.digest).await?;
        tx.commit().await?;
        // Another process may have announced it in this moment: then that is there.
        Ok(there.map_or(AnnounceOutcome::NoAccount, |row| {
            AnnounceOutcome::There(Box::new(row))
        }))
    }

    async fn announcement_page(
        &self,
        scope: &Scope,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<AnnouncementRow>> {
        let mut tx = self.database.read().await?;
        let query = query(announcement_sql!("announcement_page"))
            .bind(watermark(&mut tx).await?)
            .bind(user_of(scope))
            .bind(before.unwrap_or(i64::MAX))
            .bind(limit);
        let rows = query.fetch_all(&mut tx).await?;
        rows.iter().map(announced).collect()
    }

    async fn announcement_find(
        &self,
        scope: &Scope,
        digest: &Digest,
    ) -> Result<Vec<AnnouncementRow>> {
        let mut tx = self.database.read().await?;
        let query = query(announcement_sql!("announcement_find"))
            .bind(watermark(&mut tx).await?)
            .bind(user_of(scope))
            .bind(digest.inner().to_vec());
        let rows = query.fetch_all(&mut tx).await?;
        rows.iter().map(announced).collect()
    }

    async fn announcement_prune(&self, before_ms: u64) -> Result<u64> {
        let mut tx = self.database.write().await?;
        let removed = query(sql!("announcement_prune"))
            .bind(int("time", before_ms)?)
            .execute(&mut tx)
            .await?;
        tx.commit().await?;
        Ok(removed)
    }
}

/// The checkpoint of the watermark; -1 before the first.
async fn watermark(tx: &mut Tx) -> Result<i64> {
    let watermark = ranges::watermark(tx).await?;
    watermark.map_or(Ok(-1), |watermark| int("checkpoint", watermark.checkpoint))
}

async fn one(tx: &mut Tx, account: AccountId, digest: &Digest) -> Result<Option<AnnouncementRow>> {
    let row = query(announcement_sql!("announcement_one"))
        .bind(watermark(tx).await?)
        .bind(account.0)
        .bind(digest.inner().to_vec())
        .fetch_optional(tx)
        .await?;
    row.as_ref().map(announced).transpose()
}

fn announced(row: &Row) -> Result<AnnouncementRow> {
    let landed: Option<i64> = get_opt(row, "landed")?;
    Ok(AnnouncementRow {
        id: get(row, "id")?,
        account: (get(row, "external_id")?, get(row, "display_name")?),
        announcement: Announcement {
            digest: get(row, "digest")?,
            kind: get(row, "kind")?,
            direction: get(row, "direction")?,
            coin_type: get_opt(row, "coin_type")?,
            amount: get_opt(row, "amount")?,
            counterparty: get_opt(row, "counterparty")?,
            note: get(row, "note")?,
            last_epoch: get_opt(row, "last_epoch")?,
            wait_ms: get(row, "wait_ms")?,
        },
        announced_at_ms: get(row, "announced_at_ms")?,
        landed: landed.map(|landed| landed == 1),
        is_over: get::<i64>(row, "is_over")? == 1,
    })
}
