//! A store that fails, method by method.

use async_trait::async_trait;
use vigia_core::{
    AccountId, Address, AddressBook, Announcement, BusinessFolder, BusinessKey, ChainId, CoinInfo,
    Commit, CommitOutcome, DeliveryId, Digest, Label, Place, Scope, User, UserId, WatchChange,
    WatchTarget,
};
use vigia_store::{
    AccountEndpoint, ActivityCursor, ActivityFilter, ActivityRow, AlertRow, AlertStore,
    AnnounceOutcome, AnnouncementRow, AnnouncementStore, AttemptRow, BackfillBatch, BackfillGuard,
    BackfillOutcome, BackfillRow, BackfillState, BackfillStore, BalanceCounts, BalanceHistory,
    BalanceRow, BusinessDetail, BusinessRow, BusinessStore, ClaimedDelivery, Completion,
    DeliveryEvent, DeliveryRow, DeliveryState, DeliveryStats, DeliveryStore, EndpointRow,
    EndpointSpec, FailedRetry, FailedRow, FailedStore, FailedTransaction, IngestStore,
    InvoiceOutcome, InvoiceRow, InvoiceSpec, LabelRow, LabelStore, OutboxBacklog, ProcessRow,
    ProcessStore, ProviderReport, ProviderRow, ProviderStore, ProviderUsage, RangeProgress,
    RawTransactionRow, ReadStore, Sequenced, ShardRow, StatusReport, StoreError, TargetVisitor,
    TransactionRemains, WatchEntry, WatchFilter, WatchReceipt, WatchReconciliation, WatchRow,
    WatchStore, Watermark,
};

use super::Failure;

pub(super) type Result<T> = std::result::Result<T, StoreError>;

/// A store of which every method fails.
pub(super) struct FailingStore(pub(super) Failure);

impl FailingStore {
    pub(super) fn fail<T>(&self) -> Result<T> {
        Err(self.0.error())
    }
}

#[async_trait]
impl ReadStore for FailingStore {
    async fn status(&self) -> Result<StatusReport> {
        self.fail()
    }

    async fn activity_page(
        &self,
        _: &Scope,
        _: &ActivityFilter,
        _: Option<ActivityCursor>,
        _: u32,
    ) -> Result<Vec<ActivityRow>> {
        self.fail()
    }

    async fn activity_since(&self, _: &Scope, _: i64, _: u32) -> Result<Vec<ActivityRow>> {
        self.fail()
    }

    async fn activity_last_id(&self) -> Result<i64> {
        self.fail()
    }

    async fn activity_wait(&self, _: i64) -> Result<i64> {
        self.fail()
    }

    async fn account_readers(&self, _: &[AccountId]) -> Result<Vec<(AccountId, UserId)>> {
        self.fail()
    }

    async fn raw_transaction(&self, _: &Scope, _: &Digest) -> Result<Option<RawTransactionRow>> {
        self.fail()
    }

    async fn gap_list(&self, _: u32) -> Result<Vec<(u64, u64)>> {
        self.fail()
    }

    async fn shard_list(&self) -> Result<Vec<ShardRow>> {
        self.fail()
    }

    async fn transaction_remains(
        &self,
        _: &Scope,
        _: &Digest,
    ) -> Result<Option<TransactionRemains>> {
        self.fail()
    }

    async fn balance_counts(&self) -> Result<BalanceCounts> {
        self.fail()
    }

    async fn balance_page(&self, _: &Scope, _: i64, _: u32) -> Result<Vec<BalanceRow>> {
        self.fail()
    }

    async fn balance_of(&self, _: &Scope, _: &Address) -> Result<Option<BalanceRow>> {
        self.fail()
    }

    async fn balance_history(
        &self,
        _: &Scope,
        _: &Address,
        _: &str,
        _: u64,
    ) -> Result<Option<BalanceHistory>> {
        self.fail()
    }

    async fn user_find(&self, _: &str) -> Result<Option<User>> {
        self.fail()
    }

    async fn coin_list(&self) -> Result<Vec<CoinInfo>> {
        self.fail()
    }
}

#[async_trait]
impl LabelStore for FailingStore {
    async fn label_set(&self, _: &Label) -> Result<Option<Label>> {
        self.fail()
    }

    async fn label_remove(&self, _: &Address) -> Result<bool> {
        self.fail()
    }

    async fn label_find(&self, _: &Address) -> Result<Option<LabelRow>> {
        self.fail()
    }

    async fn label_list(&self, _: Option<Address>, _: u32) -> Result<Vec<LabelRow>> {
        self.fail()
    }
}

#[async_trait]
impl BusinessStore for FailingStore {
    async fn business_page(&self, _: &Scope, _: Option<i64>, _: u32) -> Result<Vec<BusinessRow>> {
        self.fail()
    }

    async fn business_find(&self, _: &Scope, _: &BusinessKey) -> Result<Option<BusinessDetail>> {
        self.fail()
    }

    async fn invoice_create(&self, _: &Scope, _: &InvoiceSpec) -> Result<InvoiceOutcome> {
        self.fail()
    }

    async fn invoice_cancel(&self, _: &Scope, _: i64) -> Result<Option<InvoiceRow>> {
        self.fail()
    }

    async fn invoice_page(&self, _: &Scope, _: Option<i64>, _: u32) -> Result<Vec<InvoiceRow>> {
        self.fail()
    }

    async fn invoice_may_cancel(&self, _: &Scope, _: i64) -> Result<bool> {
        self.fail()
    }

    async fn invoice_find(&self, _: &Scope, _: i64) -> Result<Option<InvoiceRow>> {
        self.fail()
    }
}

#[async_trait]
impl AnnouncementStore for FailingStore {
    async fn announce(&self, _: &Scope, _: &str, _: &Announcement) -> Result<AnnounceOutcome> {
        self.fail()
    }

    async fn announcement_page(
        &self,
        _: &Scope,
        _: Option<i64>,
        _: u32,
    ) -> Result<Vec<AnnouncementRow>> {
        self.fail()
    }

    async fn announcement_find(&self, _: &Scope, _: &Digest) -> Result<Vec<AnnouncementRow>> {
        self.fail()
    }

    async fn announcement_prune(&self, _: u64) -> Result<u64> {
        self.fail()
    }
}

#[async_trait]
impl DeliveryStore for FailingStore {
    async fn endpoint_create(&self, _: &AccountEndpoint) -> Result<Option<i64>> {
        self.fail()
    }

    async fn endpoint_update(&self, _: &EndpointSpec, _: &str) -> Result<bool> {
        self.fail()
    }

    async fn endpoint_secrets(&self, _: &str, _: &str, _: &str) -> Result<bool> {
        self.fail()
    }

    async fn endpoint_remove(&self, _: &str) -> Result<bool> {
        self.fail()
    }

    async fn endpoint_owned(&self, _: UserId) -> Result<Vec<(AccountId, String)>> {
        self.fail()
    }

    async fn account_find(&self, _: &str) -> Result<Option<AccountId>> {
        self.fail()
    }

    async fn endpoint_test(&self, _: &str) -> Result<Option<DeliveryId>> {
        self.fail()
    }

    async fn delivery_replay(&self, _: i64, _: u64, _: u64, _: bool, _: u32) -> Result<u64> {
        self.fail()
    }

    async fn delivery_position(&self, _: &str) -> Result<i64> {
        self.fail()
    }

    async fn endpoint_declare(&self, _: &[EndpointSpec]) -> Result<()> {
        self.fail()
    }

    async fn endpoint_list(&self) -> Result<Vec<EndpointRow>> {
        self.fail()
    }

    async fn endpoint_changes(&self) -> Result<u64> {
        self.fail()
    }

    async fn endpoint_enable(&self, _: &str, _: bool) -> Result<bool> {
        self.fail()
    }

    async fn delivery_sequence(&self) -> Result<Sequenced> {
        self.fail()
    }

    async fn delivery_claim(
        &self,
        _: &str,
        _: &[i64],
        _: u32,
        _: u64,
    ) -> Result<Vec<ClaimedDelivery>> {
        self.fail()
    }

    async fn delivery_renew(&self, _: &str, _: &[DeliveryId], _: u64) -> Result<u64> {
        self.fail()
    }

    async fn delivery_complete(&self, _: &[Completion], _: u64) -> Result<u64> {
        self.fail()
    }

    async fn delivery_next_due(&self) -> Result<Option<u64>> {
        self.fail()
    }

    async fn delivery_page(
        &self,
        _: Option<i64>,
        _: Option<DeliveryState>,
        _: Option<(u64, DeliveryId)>,
        _: u32,
    ) -> Result<Vec<DeliveryRow>> {
        self.fail()
    }

    async fn outbox_backlog(&self) -> Result<Vec<OutboxBacklog>> {
        self.fail()
    }

    async fn delivery_heads(
        &self,
        _: &[i64],
        _: Option<DeliveryState>,
        _: Option<(u64, DeliveryId)>,
        _: u32,
    ) -> Result<Vec<DeliveryRow>> {
        self.fail()
    }

    async fn delivery_events(&self, _: &str, _: u64, _: u32) -> Result<Option<Vec<DeliveryEvent>>> {
        self.fail()
    }

    async fn delivery_prune(&self, _: u64, _: u32) -> Result<u64> {
        self.fail()
    }

    async fn delivery_find(
        &self,
        _: &DeliveryId,
    ) -> Result<Option<(DeliveryRow, Vec<AttemptRow>)>> {
        self.fail()
    }

    async fn delivery_retry(&self, _: &DeliveryId) -> Result<bool> {
        self.fail()
    }

    async fn delivery_cancel(&self, _: &DeliveryId) -> Result<bool> {
        self.fail()
    }

    async fn delivery_counts(&self) -> Result<Vec<(i64, DeliveryState, u64)>> {
        self.fail()
    }

    async fn delivery_stats(&self, _: u64) -> Result<Vec<(i64, DeliveryStats)>> {
        self.fail()
    }

    async fn delivery_details(
        &self,
        _: Vec<DeliveryRow>,
    ) -> Result<Vec<(DeliveryEvent, Option<AttemptRow>)>> {
        self.fail()
    }
}

#[async_trait]
impl FailedStore for FailingStore {
    async fn failed_list(&self, _: Option<Place>, _: u32) -> Result<Vec<FailedRow>> {
        self.fail()
    }

    async fn failed_find(&self, _: &Digest) -> Result<Option<FailedTransaction>> {
        self.fail()
    }

    async fn failed_retry(&self, _: &Commit, _: &dyn BusinessFolder) -> Result<FailedRetry> {
        self.fail()
    }

    async fn failed_discard(&self, _: &Digest) -> Result<bool> {
        self.fail()
    }
}

#[async_trait]
impl WatchStore for FailingStore {
    async fn watch_add(&self, _: &[WatchEntry]) -> Result<WatchReceipt> {
        self.fail()
    }

    async fn watch_remove(&self, _: &[WatchTarget]) -> Result<WatchReceipt> {
        self.fail()
    }

    async fn watch_version(&self) -> Result<u64> {
        self.fail()
    }

    async fn watch_visit(&self, _: &mut dyn TargetVisitor) -> Result<()> {
        self.fail()
    }

    async fn watch_filtered(&self, _: &WatchFilter, _: u32) -> Result<Vec<WatchRow>> {
        self.fail()
    }

    async fn watch_page(&self, _: i64, _: u32) -> Result<Vec<WatchRow>> {
        self.fail()
    }

    async fn address_page(&self, _: &Scope, _: i64, _: u32) -> Result<Vec<WatchRow>> {
        self.fail()
    }

    async fn watch_changes(&self, _: u64) -> Result<Vec<WatchChange>> {
        self.fail()
    }

    async fn watch_reconciled(&self, _: &WatchReconciliation) -> Result<()> {
        self.fail()
    }

    async fn watch_reconciliations(&self, _: u64) -> Result<Vec<(WatchReconciliation, u64)>> {
        self.fail()
    }

    async fn watch_reconciliation_prune(&self, _: u64) -> Result<u64> {
        self.fail()
    }

    async fn watch_wait(&self, _: u64) -> Result<u64> {
        self.fail()
    }
}

#[async_trait]
impl IngestStore for FailingStore {
    async fn chain_bind(&self, _: ChainId) -> Result<()> {
        self.fail()
    }

    async fn chain(&self) -> Result<Option<ChainId>> {
        self.fail()
    }

    async fn live_begin(&self, _: u64) -> Result<u64> {
        self.fail()
    }

    async fn watermark(&self) -> Result<Option<Watermark>> {
        self.fail()
    }

    async fn range_list(&self) -> Result<Vec<(u64, u64)>> {
        self.fail()
    }

    async fn address_book(&self, _: &[Address], _: &[String]) -> Result<AddressBook> {
        self.fail()
    }

    async fn commit_apply(&self, _: &Commit, _: &dyn BusinessFolder) -> Result<CommitOutcome> {
        self.fail()
    }

    async fn provider_report(&self, _: &ProviderReport) -> Result<()> {
        self.fail()
    }

    async fn coin_unknown(&self, _: u32) -> Result<Vec<String>> {
        self.fail()
    }

    async fn coin_upsert(&self, _: &[CoinInfo]) -> Result<()> {
        self.fail()
    }
}

#[async_trait]
impl AlertStore for FailingStore {
    async fn alert_list(&self) -> Result<Vec<AlertRow>> {
        self.fail()
    }

    async fn alert_record(&self, _: &AlertRow) -> Result<()> {
        self.fail()
    }

    async fn alert_end(&self, _: &str) -> Result<()> {
        self.fail()
    }
}

#[async_trait]
impl ProcessStore for FailingStore {
    async fn process_record(&self, _: &ProcessRow) -> Result<()> {
        self.fail()
    }

    async fn process_list(&self, _: u64) -> Result<Vec<ProcessRow>> {
        self.fail()
    }

    async fn process_forget(&self, _: &str) -> Result<()> {
        self.fail()
    }

    async fn process_prune(&self, _: u64) -> Result<u64> {
        self.fail()
    }
}

#[async_trait]
impl ProviderStore for FailingStore {
    async fn provider_record(&self, _: &str, _: &[ProviderRow], _: &[ProviderUsage]) -> Result<()> {
        self.fail()
    }

    async fn provider_list(&self) -> Result<Vec<ProviderRow>> {
        self.fail()
    }

    async fn provider_usage(&self, _: u64) -> Result<Vec<ProviderUsage>> {
        self.fail()
    }

    async fn provider_prune(&self, _: u64, _: u64) -> Result<u64> {
        self.fail()
    }
}

#[async_trait]
impl BackfillStore for FailingStore {
    async fn backfill_next(&self, _: u32) -> Result<Option<BackfillBatch>> {
        self.fail()
    }

    async fn backfill_begin(
        &self,
        _: &BackfillGuard,
        _: &BackfillBatch,
        _: u64,
        _: u64,
    ) -> Result<bool> {
        self.fail()
    }

    async fn backfill_progress(&self, _: &BackfillGuard, _: i64, _: u64, _: u64) -> Result<bool> {
        self.fail()
    }

    async fn backfill_postpone(
        &self,
        _: &BackfillGuard,
        _: i64,
        _: &str,
        _: u64,
        _: u64,
    ) -> Result<bool> {
        self.fail()
    }

    async fn backfill_settle(&self, _: &BackfillGuard, _: u32) -> Result<u64> {
        self.fail()
    }

    async fn backfill_finish(
        &self,
        _: &BackfillGuard,
        _: i64,
        _: &BackfillOutcome,
    ) -> Result<bool> {
        self.fail()
    }

    async fn backfill_reopen(&self) -> Result<u64> {
        self.fail()
    }

    async fn backfill_requests(&self, _: u64) -> Result<u64> {
        self.fail()
    }

    async fn backfill_list(&self, _: u32) -> Result<Vec<BackfillRow>> {
        self.fail()
    }

    async fn backfill_counts(&self) -> Result<Vec<(BackfillState, u64)>> {
        self.fail()
    }

    async fn backfill_range_find(&self, _: u64, _: u64) -> Result<Option<RangeProgress>> {
        self.fail()
    }

    async fn backfill_range_record(&self, _: u64, _: u64, _: &RangeProgress) -> Result<()> {
        self.fail()
    }

    async fn backfill_range_finish(&self, _: u64, _: u64) -> Result<()> {
        self.fail()
    }
}
