//! `IngestStore`: one transaction per method.

use async_trait::async_trait;
use sqlx::Row;
use vigia_core::{
    Address, AddressBook, BusinessFolder, ChainId, CoinInfo, Commit, CommitOutcome, Digest,
};

use super::codec::{get, int};
use super::{SqliteStore, book, commit, ranges, rows, sql};
use crate::{IngestStore, ProviderReport, Result, StoreError, Watermark};

#[async_trait]
impl IngestStore for SqliteStore {
    async fn chain_bind(&self, chain: ChainId) -> Result<()> {
        let mut tx = self.write().await?;
        let row = sqlx::query(sql!("chain_bind"))
            .bind(chain.0.inner().to_vec())
            .fetch_one(&mut *tx)
            .await?;
        let database = ChainId(get::<Digest>(&row, "chain_id")?);
        if database != chain {
            return Err(StoreError::ChainMismatch {
                database,
                provider: chain,
            });
        }
        Ok(tx.commit().await?)
    }

    async fn chain(&self) -> Result<Option<ChainId>> {
        let row = sqlx::query(sql!("chain"))
            .fetch_optional(&self.readers)
            .await?;
        row.map(|row| get(&row, "chain_id").map(ChainId))
            .transpose()
    }

    async fn live_begin(&self, first_checkpoint: u64) -> Result<u64> {
        let mut tx = self.write().await?;
        let row = sqlx::query(sql!("live_begin"))
            .bind(int("first checkpoint", first_checkpoint)?)
            .fetch_one(&mut *tx)
            .await?;
        tx.commit().await?;
        get(&row, "first_checkpoint")
    }

    async fn watermark(&self) -> Result<Option<Watermark>> {
        ranges::watermark(&mut *self.readers.acquire().await?).await
    }

    async fn address_book(&self, addresses: &[Address], targets: &[String]) -> Result<AddressBook> {
        let mut tx = self.read().await?;
        let mut book = AddressBook::default();
        book::holdings(&mut tx, &mut book, addresses).await?;
        book::observers(&mut tx, &mut book, targets).await?;
        Ok(book)
    }

    async fn commit_apply(
        &self,
        commit: &Commit,
        folder: &dyn BusinessFolder,
    ) -> Result<CommitOutcome> {
        let mut tx = self.write().await?;
        if let Some(version_min) = ranges::stale_version(&mut tx, &commit.ranges).await? {
            return Ok(CommitOutcome::StaleWatchList { version_min });
        }
        let written = commit::write(&mut tx, commit, folder, self.clock.now_ms()).await?;
        tx.commit().await?;
        self.activity_signal.raise(written.last_activity_id);
        Ok(CommitOutcome::Applied {
            raw_transactions_new: written.raw_transactions,
            activities_new: written.activities,
            notifications_new: written.notifications,
        })
    }

    async fn provider_report(&self, report: &ProviderReport) -> Result<()> {
        let tip = report.tip.map(|tip| int("tip", tip)).transpose()?;
        let mut tx = self.write().await?;
        sqlx::query(sql!("provider_report"))
            .bind(report.url.clone())
            .bind(tip)
            .bind(report.error.clone())
            .bind(int("time of report", report.at_ms)?)
            .execute(&mut *tx)
            .await?;
        Ok(tx.commit().await?)
    }

    async fn coin_unknown(&self, limit: u32) -> Result<Vec<String>> {
        let rows = sqlx::query(sql!("coin_unknown"))
            .bind(limit)
            .fetch_all(&self.readers)
            .await?;
        rows.iter()
            .map(|row| Ok(row.try_get("coin_type")?))
            .collect()
    }

    async fn coin_upsert(&self, coins: &[CoinInfo]) -> Result<()> {
        let mut tx = self.write().await?;
        rows::insert(&mut tx, sql!("coin_upsert"), coins, |query, coin| {
            Ok(query
                .bind(coin.coin_type.clone())
                .bind(coin.decimals)
                .bind(coin.symbol.clone())
                .bind(coin.name.clone()))
        })
        .await?;
        Ok(tx.commit().await?)
    }
}
