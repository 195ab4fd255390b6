//! Transactions that applications have announced.

use async_trait::async_trait;
use vigia_core::{Announcement, AnnouncementState, Digest, Scope};

use crate::Result;

/// Announcements of one account that have not landed (I-13).
pub const ANNOUNCEMENTS_MAX: u32 = 200;

/// An announcement as kept.
#[derive(Clone, Debug, PartialEq)]
pub struct AnnouncementRow {
    /// Its key in this database, rising in the order in which they were made.
    pub id: i64,
    /// External id and name of the account it is shown to.
    pub account: (String, String),
    /// What the application said.
    pub announcement: Announcement,
    /// When, in milliseconds since 1970.
    pub announced_at_ms: u64,
    /// Whether its transaction succeeded, once it has landed.
    pub landed: Option<bool>,
    /// Whether all of the last epoch in which it may be executed is committed.
    pub is_over: bool,
}

impl AnnouncementRow {
    /// What became of it, at `now_ms`.
    pub fn state(&self, now_ms: u64) -> AnnouncementState {
        let until_ms = self
            .announced_at_ms
            .saturating_add(self.announcement.wait_ms);
        AnnouncementState::of(self.landed, self.is_over, until_ms, now_ms)
    }
}

/// What became of something that was to be announced.
#[derive(Clone, Debug, PartialEq)]
pub enum AnnounceOutcome {
    /// It is there: new, or as it was, whatever is said of it now.
    There(Box<AnnouncementRow>),
    /// There is no such account, as far as who asks may know.
    NoAccount,
    /// The account waits for [`ANNOUNCEMENTS_MAX`] already.
    TooMany,
}

/// Announcements: each is an account's own (I-14).
#[async_trait]
pub trait AnnouncementStore: Send + Sync {
    /// Keeps an announcement for the account of this external id. It moves nothing and tells nobody.
    async fn announce(
        &self,
        scope: &Scope,
        account: &str,
        announcement: &Announcement,
    ) -> Result<AnnounceOutcome>;

    /// Announcements that have not landed, with an id below `before`: newest first, at most `limit`.
    async fn announcement_page(
        &self,
        scope: &Scope,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<AnnouncementRow>>;

    /// What the scope's accounts announced of a transaction.
    async fn announcement_find(
        &self,
        scope: &Scope,
        digest: &Digest,
    ) -> Result<Vec<AnnouncementRow>>;

    /// Removes announcements made before `before_ms` that have not landed; returns how many.
    async fn announcement_prune(&self, before_ms: u64) -> Result<u64>;
}
