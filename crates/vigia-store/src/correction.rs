//! What is stored, interpreted again: corrections under corrected rules, each with its revision.

use async_trait::async_trait;
use serde_json::{Value, json};
use vigia_core::{
    AccountId, Activity, BusinessEvent, BusinessFolder, Commit, Place, RawTransaction, Slot,
    Suppressed,
};

use crate::Result;

/// Evidence read again, and what is corrected by it.
#[async_trait]
pub trait CorrectionStore: Send + Sync {
    /// Stored transactions in chain order from behind `after` on, up to checkpoint `to`.
    async fn raw_page(
        &self,
        after: Option<Place>,
        to: u64,
        limit: u32,
    ) -> Result<Vec<RawTransaction>>;

    /// Replaces what transactions were said to mean by what they mean now, in one database transaction:
    /// their business events, the objects that those are of, and the activities of all of it. Every
    /// activity that comes out otherwise has a revision; nobody is notified, and a notification of an
    /// activity that is none goes with it. Balance effects rest on no rule and stay.
    ///
    /// Returns what differs. Where the correction does not apply, nothing is written.
    async fn correct(
        &self,
        correction: &Correction<'_>,
        folder: &dyn BusinessFolder,
    ) -> Result<Vec<ActivityChange>>;

    /// Replaces the decoded fields of stored events of business objects where they come out otherwise, and
    /// the objects' states with them; returns how many did. Activities stay: what they should be now, a
    /// correction says.
    async fn business_event_redecode(
        &self,
        events: &[BusinessEvent],
        folder: &dyn BusinessFolder,
    ) -> Result<u64>;

    /// Revisions from behind an id on.
    async fn activity_revision_list(&self, after: i64, limit: u32)
    -> Result<Vec<ActivityRevision>>;
}

/// What some stored transactions mean now.
#[derive(Clone, Copy, Debug)]
pub struct Correction<'a> {
    /// The transactions, those that mean nothing any more among them.
    pub places: &'a [Place],
    /// Their activities and business events.
    pub meaning: &'a Commit,
    /// Why, for the revisions.
    pub reason: &'a str,
    /// Whether it is written, rather than only compared.
    pub applies: bool,
}

/// An activity that is not what it was.
#[derive(Clone, Debug, PartialEq)]
pub struct ActivityChange {
    /// The transaction.
    pub place: Place,
    /// Whose activity.
    pub account: AccountId,
    /// Which of the transaction's.
    pub slot: Slot,
    /// What was stored.
    pub before: Option<Activity>,
    /// What is stored now.
    pub after: Option<Activity>,
}

/// A correction that was written: the event `activity.corrected`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActivityRevision {
    /// Rises with each.
    pub id: i64,
    /// The transaction.
    pub place: Place,
    /// Whose activity.
    pub account: AccountId,
    /// Which of the transaction's.
    pub slot: Slot,
    /// What was stored, as [`activity_json`] has it.
    pub before: Option<Value>,
    /// What is stored from then on.
    pub after: Option<Value>,
    /// Why.
    pub reason: String,
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
}

/// An activity as revisions keep it, and as it is printed: what rules decide of it.
pub fn activity_json(activity: &Activity) -> Value {
    json!({
        "kind": activity.kind,
        "direction": activity.direction.as_str(),
        "status": activity.status.as_str(),
        "address": activity.address.map(|address| address.to_string()),
        "coinType": activity.coin_type,
        "amount": activity.amount.map(|amount| amount.to_string()),
        "counterparty": activity.counterparty.map(|address| address.to_string()),
        "contract": activity.contract,
        "businessId": activity.business_id,
        "details": activity.details,
        "suppressed": activity.suppressed.map(Suppressed::as_str),
    })
}
