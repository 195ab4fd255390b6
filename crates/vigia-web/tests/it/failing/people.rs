//! The same for what people are told.

use async_trait::async_trait;
use vigia_core::{DeliveryId, NotificationId, Platform, Preferences, UserId};
use vigia_store::{
    Action, ActionRow, ActionStore, ApplicationChange, ApplicationReceipt, ApplicationStore,
    AttemptRow, BroadcastRow, BroadcastSpec, BroadcastStore, ClaimedPush, DeliveryState,
    DeliveryStats, DeviceRow, DeviceSpec, InboxQuery, InboxStore, Notice, NotificationRow,
    PushCompletion, PushLane, PushRow, PushSettings, PushStore,
};

use super::store::{FailingStore, Result};

#[async_trait]
impl InboxStore for FailingStore {
    async fn notification_page(
        &self,
        _: &InboxQuery,
        _: Option<i64>,
        _: u32,
    ) -> Result<Vec<NotificationRow>> {
        self.fail()
    }

    async fn notification_since(
        &self,
        _: &InboxQuery,
        _: i64,
        _: u32,
    ) -> Result<Vec<NotificationRow>> {
        self.fail()
    }

    async fn notification_last(&self) -> Result<i64> {
        self.fail()
    }

    async fn notification_wait(&self, _: i64) -> Result<i64> {
        self.fail()
    }

    async fn notification_audience(&self, _: i64, _: i64) -> Result<Vec<UserId>> {
        self.fail()
    }

    async fn notification_unread(&self, _: UserId, _: u64) -> Result<u32> {
        self.fail()
    }

    async fn notification_read(&self, _: UserId, _: &NotificationId) -> Result<bool> {
        self.fail()
    }

    async fn notification_read_all(&self, _: UserId, _: i64) -> Result<()> {
        self.fail()
    }

    async fn notification_tell(&self, _: &[Notice]) -> Result<u64> {
        self.fail()
    }

    async fn preference_find(&self, _: UserId) -> Result<Preferences> {
        self.fail()
    }

    async fn preference_set(&self, _: UserId, _: &Preferences) -> Result<()> {
        self.fail()
    }

    async fn notification_prune(&self, _: u64, _: u32) -> Result<u64> {
        self.fail()
    }
}

#[async_trait]
impl PushStore for FailingStore {
    async fn device_register(&self, _: UserId, _: &DeviceSpec) -> Result<(DeviceRow, bool)> {
        self.fail()
    }

    async fn device_list(&self, _: Option<UserId>, _: i64, _: u32) -> Result<Vec<DeviceRow>> {
        self.fail()
    }

    async fn device_remove(&self, _: Option<UserId>, _: i64, _: &str) -> Result<bool> {
        self.fail()
    }

    async fn push_sequence(&self, _: &PushSettings) -> Result<u64> {
        self.fail()
    }

    async fn push_claim(
        &self,
        _: &str,
        _: Platform,
        _: PushLane,
        _: u32,
        _: u64,
    ) -> Result<Vec<ClaimedPush>> {
        self.fail()
    }

    async fn push_renew(&self, _: &str, _: &[DeliveryId], _: u64) -> Result<u64> {
        self.fail()
    }

    async fn push_complete(&self, _: &[PushCompletion]) -> Result<u64> {
        self.fail()
    }

    async fn push_next_due(&self) -> Result<Option<u64>> {
        self.fail()
    }

    async fn push_page(
        &self,
        _: Option<DeliveryState>,
        _: Option<(u64, DeliveryId)>,
        _: u32,
    ) -> Result<Vec<PushRow>> {
        self.fail()
    }

    async fn push_find(&self, _: &DeliveryId) -> Result<Option<(PushRow, Vec<AttemptRow>)>> {
        self.fail()
    }

    async fn push_retry(&self, _: &DeliveryId) -> Result<bool> {
        self.fail()
    }

    async fn push_cancel(&self, _: &DeliveryId) -> Result<bool> {
        self.fail()
    }

    async fn push_counts(&self) -> Result<Vec<(Platform, DeliveryState, u64)>> {
        self.fail()
    }

    async fn push_stats(&self, _: u64) -> Result<Vec<(Platform, DeliveryStats)>> {
        self.fail()
    }

    async fn push_last_attempts(&self, _: &[DeliveryId]) -> Result<Vec<(DeliveryId, AttemptRow)>> {
        self.fail()
    }

    async fn device_counts(&self) -> Result<Vec<(Platform, u64)>> {
        self.fail()
    }

    async fn push_prune(&self, _: u64, _: u32) -> Result<u64> {
        self.fail()
    }
}

#[async_trait]
impl BroadcastStore for FailingStore {
    async fn broadcast_begin(&self, _: &BroadcastSpec) -> Result<i64> {
        self.fail()
    }

    async fn broadcast_list(&self, _: u32) -> Result<Vec<BroadcastRow>> {
        self.fail()
    }

    async fn broadcast_stop(&self, _: i64) -> Result<bool> {
        self.fail()
    }

    async fn broadcast_step(&self, _: &PushSettings, _: u32) -> Result<u64> {
        self.fail()
    }
}

#[async_trait]
impl ActionStore for FailingStore {
    async fn action_record(&self, _: &Action) -> Result<()> {
        self.fail()
    }

    async fn action_page(&self, _: Option<&str>, _: Option<i64>, _: u32) -> Result<Vec<ActionRow>> {
        self.fail()
    }

    async fn action_prune(&self, _: u64, _: u32) -> Result<u64> {
        self.fail()
    }
}

#[async_trait]
impl ApplicationStore for FailingStore {
    async fn application_apply(&self, _: &[ApplicationChange]) -> Result<ApplicationReceipt> {
        self.fail()
    }
}
