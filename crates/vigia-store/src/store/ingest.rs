//! `IngestStore`: one transaction per method.

use std::collections::BTreeMap;

use async_trait::async_trait;
use vigia_core::{
    Address, AddressBook, BusinessFolder, ChainId, CoinInfo, Commit, CommitOutcome, Digest,
};

use super::codec::int;
use super::{SqlStore, book, commit, contract, ranges};
use crate::db::{Lock, get, insert, query};
use crate::sql::sql;
use crate::{IngestStore, ProviderReport, Result, StoreError, Watermark};

#[async_trait]
impl IngestStore for SqlStore {
    async fn chain_bind(&self, chain: ChainId) -> Result<()> {
        let mut tx = self.database.write().await?;
        let row = query(sql!("chain_bind"))
            .bind(chain.0.inner().to_vec())
            .fetch_one(&mut tx)
            .await?;
        let database = ChainId(get::<Digest>(&row, "chain_id")?);
        if database != chain {
            return Err(StoreError::ChainMismatch {
                database,
                provider: chain,
            });
        }
        tx.commit().await
    }

    async fn chain(&self) -> Result<Option<ChainId>> {
        let row = query(sql!("chain"))
            .fetch_optional(&mut self.database.read().await?)
            .await?;
        row.map(|row| get(&row, "chain_id").map(ChainId))
            .transpose()
    }

    async fn live_begin(&self, first_checkpoint: u64) -> Result<u64> {
        let mut tx = self.database.write().await?;
        let row = query(sql!("live_begin"))
            .bind(int("first checkpoint", first_checkpoint)?)
            .fetch_one(&mut tx)
            .await?;
        tx.commit().await?;
        get(&row, "first_checkpoint")
    }

    async fn watermark(&self) -> Result<Option<Watermark>> {
        ranges::watermark(&mut self.database.read().await?).await
    }

    async fn range_list(&self) -> Result<Vec<(u64, u64)>> {
        ranges::live(&mut self.database.read().await?).await
    }

    async fn address_book(&self, addresses: &[Address], targets: &[String]) -> Result<AddressBook> {
        book::book(&self.database, addresses, targets).await
    }

    async fn commit_apply(
        &self,
        commit: &Commit,
        folder: &dyn BusinessFolder,
    ) -> Result<CommitOutcome> {
        self.partitions_create(&commit.raw_transactions).await?;
        self.trying(|| self.commit_once(commit, folder)).await
    }

    async fn provider_report(&self, report: &ProviderReport) -> Result<()> {
        let tip = report.tip.map(|tip| int("tip", tip)).transpose()?;
        let mut tx = self.database.write().await?;
        query(sql!("provider_report"))
            .bind(report.url.clone())
            .bind(tip)
            .bind(report.error.clone())
            .bind(int("time of report", report.at_ms)?)
            .execute(&mut tx)
            .await?;
        tx.commit().await
    }

    async fn coin_unknown(&self, limit: u32) -> Result<Vec<String>> {
        let rows = query(sql!("coin_unknown"))
            .bind(limit)
            .fetch_all(&mut self.database.read().await?)
            .await?;
        rows.iter().map(|row| get(row, "coin_type")).collect()
    }

    async fn coin_upsert(&self, coins: &[CoinInfo]) -> Result<()> {
        // The last of two about one coin wins, and a statement may touch a row only once.
        let coins: BTreeMap<&str, &CoinInfo> =
            coins.iter().map(|coin| (&*coin.coin_type, coin)).collect();
        let coins: Vec<&CoinInfo> = coins.into_values().collect();
        let mut tx = self.database.write().await?;
        insert(&mut tx, sql!("coin_upsert"), &coins, |coin| {
            Ok(vec![
                coin.coin_type.clone().into(),
                coin.decimals.into(),
                coin.symbol.clone().into(),
                coin.name.clone().into(),
                coin.icon_url.clone().into(),
            ])
        })
        .await?;
        tx.commit().await
    }
}

impl SqlStore {
    async fn commit_once(
        &self,
        commit: &Commit,
        folder: &dyn BusinessFolder,
    ) -> Result<CommitOutcome> {
        let mut tx = self.database.write().await?;
        Lock::WatchListShared.take(&mut tx).await?;
        let bounds = commit::Bounds::read(&mut tx, &commit.ranges).await?;
        if let Some(version_min) = bounds.version_min {
            return Ok(CommitOutcome::StaleWatchList { version_min });
        }
        let now_ms = self.clock.now_ms();
        let written = commit::write(&mut tx, commit, &bounds, folder, now_ms).await?;
        // Commits take turns from the end of that on, so two never wait for one another here.
        let new_types = self.wanted_types.new_of(&commit.raw_transactions);
        contract::want(&mut tx, &new_types).await?;
        tx.commit().await?;
        self.wanted_types.remember(new_types);
        self.signals.activity.raise(written.last_activity_id);
        if written.notifications > 0 {
            self.signals.notification.look();
        }
        Ok(CommitOutcome::Applied {
            raw_transactions_new: written.raw_transactions,
            activities_new: written.activities,
            notifications_new: written.notifications,
        })
    }
}
