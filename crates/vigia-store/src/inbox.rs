//! The inbox: notifications of a user's accounts and their own, what is read of them, and how they want to be told.

use async_trait::async_trait;
use serde_json::Value;
use vigia_core::{Category, NotificationId, NotificationKind, Preferences, Scope, UserId};

use crate::{ActivityRow, Result};

/// Unread notifications that are counted; there may be more (I-13).
pub const UNREAD_MAX: u32 = 100;

/// A notification as somebody reads it.
#[derive(Clone, Debug, PartialEq)]
pub struct NotificationRow {
    /// Position, rising; pass the last one to read on.
    pub seq: i64,
    /// Its id for ever.
    pub id: NotificationId,
    /// Which message.
    pub kind: NotificationKind,
    /// What group of kinds it is of.
    pub category: Category,
    /// When it was written.
    pub created_at_ms: u64,
    /// The activity it is about; where the reader may be told of the account but not read it, without amounts and names.
    pub about: Option<ActivityRow>,
    /// What its text is made of, where that is no activity: a JSON object.
    pub details: Value,
    /// Whether the reader has read it.
    pub is_read: bool,
    /// Whether the reader may see the account it is about.
    pub may_read: bool,
}

/// Whose inbox, and how far back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxQuery {
    /// Which accounts.
    pub scope: Scope,
    /// Who reads, where that is a user.
    pub reader: Option<UserId>,
    /// What is older has expired.
    pub not_before_ms: u64,
}

/// What a user is told that no transaction caused.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    /// Whom.
    pub user: UserId,
    /// Which message.
    pub kind: NotificationKind,
    /// What caused it, and never will again: the same cause tells once.
    pub cause: String,
    /// What its text is made of: a JSON object.
    pub details: Value,
}

/// Inboxes.
#[async_trait]
pub trait InboxStore: Send + Sync {
    /// Notifications with a position below `before`, newest first, at most `limit`.
    async fn notification_page(
        &self,
        inbox: &InboxQuery,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<NotificationRow>>;

    /// Notifications with a position above `after`, in order, at most `limit`: what is new. Positions rise in the order
    /// in which they become visible, so none is missed.
    async fn notification_since(
        &self,
        inbox: &InboxQuery,
        after: i64,
        limit: u32,
    ) -> Result<Vec<NotificationRow>>;

    /// The position of the newest notification of anybody; 0 where there is none.
    async fn notification_last(&self) -> Result<i64>;

    /// Returns as soon as there is one above `seen`; at once for those of this process, within 500 ms for others.
    async fn notification_wait(&self, seen: i64) -> Result<i64>;

    /// Users who have any notification above `after` and up to `up_to` in their inbox.
    async fn notification_audience(&self, after: i64, up_to: i64) -> Result<Vec<UserId>>;

    /// How many a user has not read, at most [`UNREAD_MAX`].
    async fn notification_unread(&self, user: UserId, not_before_ms: u64) -> Result<u32>;

    /// Remembers that a user has read a notification; false where they have none of this id.
    async fn notification_read(&self, user: UserId, id: &NotificationId) -> Result<bool>;

    /// Remembers that a user has read all there is up to a position.
    async fn notification_read_all(&self, user: UserId, up_to: i64) -> Result<()>;

    /// Tells users what no transaction caused, each cause once; returns how many were new.
    async fn notification_tell(&self, notices: &[Notice]) -> Result<u64>;

    /// How a user wants to be told.
    async fn preference_find(&self, user: UserId) -> Result<Preferences>;

    /// Says how.
    async fn preference_set(&self, user: UserId, preferences: &Preferences) -> Result<()>;

    /// Removes notifications older than `before_ms`, at most `limit`; returns how many.
    async fn notification_prune(&self, before_ms: u64, limit: u32) -> Result<u64>;
}
