//! Announcements: transactions that an application has just submitted and the chain has not shown yet.
//!
//! An announcement is shown to one account until its transaction has landed, and is then that activity's note: it is
//! no activity itself, so that there is never a second entry. That nothing was seen is no evidence that nothing will be: only
//! the end of the last epoch in which a transaction may be executed is.

use sui_sdk_types::{Address, Digest, Transaction, TransactionExpiration};

use crate::Direction;
use crate::input::text_problem;

/// Longest note in bytes (I-13).
pub const ANNOUNCEMENT_NOTE_BYTES_MAX: usize = 1_000;
/// Longest word for what it is in bytes (I-13).
pub const ANNOUNCEMENT_KIND_BYTES_MAX: usize = 64;
/// How long a transaction is waited for unless its announcement says otherwise, in milliseconds.
pub const ANNOUNCEMENT_WAIT_MS: u64 = 600_000;
/// The longest that one may be waited for, in milliseconds: a week.
pub const ANNOUNCEMENT_WAIT_MS_MAX: u64 = 7 * 86_400_000;

/// What an application says of a transaction that it has submitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// The digest of the transaction.
    pub digest: Digest,
    /// What it is to be called, as kinds of activities are.
    pub kind: String,
    /// Which way money is to go.
    pub direction: Direction,
    /// In which coin, in canonical text.
    pub coin_type: Option<String>,
    /// How much, in minor units; above nothing.
    pub amount: Option<i128>,
    /// The other party.
    pub counterparty: Option<Address>,
    /// The application's own note, for this account alone; it stays with the activity.
    pub note: String,
    /// The last epoch in which it may be executed, where it says one.
    pub last_epoch: Option<u64>,
    /// How long it is waited for before it is shown as expired, in milliseconds.
    pub wait_ms: u64,
}

impl Announcement {
    /// What is wrong with it, where something is.
    pub fn problem(&self) -> Option<String> {
        let texts = [
            ("note", &*self.note, ANNOUNCEMENT_NOTE_BYTES_MAX),
            ("kind", &*self.kind, ANNOUNCEMENT_KIND_BYTES_MAX),
        ];
        if let Some(problem) = text_problem(&texts) {
            return Some(problem);
        }
        if self.kind.is_empty() {
            return Some("the kind is empty".to_owned());
        }
        if self.amount.is_some_and(|amount| amount <= 0) {
            return Some("the amount is nothing, and nothing makes no activity".to_owned());
        }
        if self.amount.is_some() && self.coin_type.is_none() {
            return Some("the amount has no coin".to_owned());
        }
        let wait_ms = self.wait_ms;
        (!(1_000..=ANNOUNCEMENT_WAIT_MS_MAX).contains(&wait_ms)).then(|| {
            format!("{wait_ms} ms cannot be waited: expected 1000 to {ANNOUNCEMENT_WAIT_MS_MAX}")
        })
    }
}

/// The digest of a transaction, and the last epoch in which it may be executed, where it says one.
pub fn submitted(bcs_bytes: &[u8]) -> Result<(Digest, Option<u64>), bcs::Error> {
    let transaction: Transaction = bcs::from_bytes(bcs_bytes)?;
    let last_epoch = match transaction.expiration {
        TransactionExpiration::Epoch(epoch) => Some(epoch),
        TransactionExpiration::ValidDuring { max_epoch, .. }
        | TransactionExpiration::Validity { max_epoch, .. } => max_epoch,
        // Another kind may end in another way: then only the wait says.
        _ => None,
    };
    Ok((transaction.digest(), last_epoch))
}

/// What became of a transaction that was announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AnnouncementState {
    /// It has not been seen.
    Pending,
    /// It was executed, and did what it was to.
    Completed,
    /// It was executed, and failed.
    Failed,
    /// It has not been seen for as long as it was to be waited for. It may still land.
    Late,
    /// It can no longer be executed.
    Expired,
}

impl AnnouncementState {
    /// The word shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Late => "late",
            Self::Expired => "expired",
        }
    }

    /// Of a transaction: `landed` says whether it succeeded, once it was executed; `is_over`, whether all of the
    /// last epoch in which it may be executed is committed without it.
    pub fn of(landed: Option<bool>, is_over: bool, waited_until_ms: u64, now_ms: u64) -> Self {
        match landed {
            Some(true) => Self::Completed,
            Some(false) => Self::Failed,
            None if is_over => Self::Expired,
            None if waited_until_ms < now_ms => Self::Late,
            None => Self::Pending,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn announcement() -> Announcement {
        Announcement {
            digest: Digest::ZERO,
            kind: "transfer".to_owned(),
            direction: Direction::Out,
            coin_type: Some("0x2::sui::SUI".to_owned()),
            amount: Some(1),
            counterparty: None,
            note: String::new(),
            last_epoch: None,
            wait_ms: ANNOUNCEMENT_WAIT_MS,
        }
    }

    #[test]
    fn limits_are_tested_at_their_edge() {
        let of = |change: &dyn Fn(&mut Announcement)| {
            let mut announcement = announcement();
            change(&mut announcement);
            announcement.problem()
        };
        for right in [
            &(|_: &mut Announcement| {}) as &dyn Fn(&mut Announcement),
            &|a| a.note = "n".repeat(ANNOUNCEMENT_NOTE_BYTES_MAX),
            &|a| a.kind = "k".repeat(ANNOUNCEMENT_KIND_BYTES_MAX),
            &|a| a.wait_ms = 1_000,
            &|a| a.wait_ms = ANNOUNCEMENT_WAIT_MS_MAX,
            &|a| a.amount = None,
        ] {
            assert_eq!(of(right), None);
        }
        for wrong in [
            &(|a: &mut Announcement| a.note = "n".repeat(ANNOUNCEMENT_NOTE_BYTES_MAX + 1))
                as &dyn Fn(&mut Announcement),
            &|a| a.kind = "k".repeat(ANNOUNCEMENT_KIND_BYTES_MAX + 1),
            &|a| a.kind.clear(),
            &|a| a.note = "\0".to_owned(),
            &|a| a.wait_ms = 999,
            &|a| a.wait_ms = ANNOUNCEMENT_WAIT_MS_MAX + 1,
            &|a| a.amount = Some(0),
            &|a| a.amount = Some(-1),
            &|a| a.coin_type = None,
        ] {
            assert!(of(wrong).is_some());
        }
    }

    #[test]
    fn absence_is_no_evidence() {
        use AnnouncementState::{Completed, Expired, Failed, Late, Pending};
        assert_eq!(AnnouncementState::of(None, false, 5, 5), Pending);
        assert_eq!(AnnouncementState::of(None, false, 5, 6), Late);
        assert_eq!(AnnouncementState::of(None, true, 5, 4), Expired);
        // Whatever was thought before, what landed has landed.
        assert_eq!(AnnouncementState::of(Some(true), true, 5, 6), Completed);
        assert_eq!(AnnouncementState::of(Some(false), false, 5, 6), Failed);
    }

    #[test]
    fn what_is_no_transaction_is_refused() {
        assert!(submitted(b"").is_err());
        assert!(submitted(&[7; 40]).is_err());
    }
}
