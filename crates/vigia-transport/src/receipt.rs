//! What a receiver shows when a delivery is committed, and where it is kept in the meantime.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::TransportError;

/// Stands for one delivery. While it exists the transport keeps the delivery from others, within
/// the bound that its settings name; dropped, the delivery goes to somebody again.
pub struct Receipt {
    desk: Arc<dyn Desk>,
    /// None once it was shown.
    id: Option<u64>,
}

/// Where receipts are shown.
pub(crate) trait Desk: Send + Sync {
    /// The receipt was dropped without being shown.
    fn abandoned(&self, id: u64);
}

impl Receipt {
    pub(crate) fn new(desk: Arc<dyn Desk>, id: u64) -> Self {
        Self { desk, id: Some(id) }
    }

    /// The delivery it stands for, if `desk` handed it out; it is not abandoned any more.
    fn show(mut self, desk: &Arc<dyn Desk>) -> Option<u64> {
        if !Arc::ptr_eq(&self.desk, desk) {
            return None;
        }
        self.id.take()
    }
}

impl Drop for Receipt {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            self.desk.abandoned(id);
        }
    }
}

impl fmt::Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Receipt").field(&self.id).finish()
    }
}

/// The deliveries that receipts stand for. A foreign receipt is abandoned and fails all.
pub(crate) fn show_all(
    receipts: Vec<Receipt>,
    desk: &Arc<dyn Desk>,
) -> Result<Vec<u64>, TransportError> {
    receipts
        .into_iter()
        .map(|receipt| receipt.show(desk).ok_or(TransportError::ForeignReceipt))
        .collect()
}

/// A broker's messages that were received and not yet acknowledged, by the broker's handle for
/// each. Their number is bounded by the receiver's queue and by what its worker takes at once.
#[derive(Default)]
pub(crate) struct Held(Mutex<HeldState>);

#[derive(Default)]
struct HeldState {
    next: u64,
    messages: BTreeMap<u64, HeldMessage>,
    handles: HashSet<String>,
}

struct HeldMessage {
    handle: String,
    since: Instant,
    expired: bool,
}

impl Held {
    /// Keeps a message until its id is released. None if it is held already.
    pub(crate) fn hold(&self, handle: &str) -> Option<u64> {
        let mut state = self.state();
        if !state.handles.insert(handle.to_owned()) {
            return None;
        }
        let id = state.next;
        state.next += 1;
        let message = HeldMessage {
            handle: handle.to_owned(),
            since: Instant::now(),
            expired: false,
        };
        state.messages.insert(id, message);
        Some(id)
    }

    /// Keeps it no longer.
    pub(crate) fn release(&self, id: u64) -> Option<String> {
        let mut state = self.state();
        let handle = state.messages.remove(&id)?.handle;
        state.handles.remove(&handle);
        Some(handle)
    }

    /// Messages to keep from others for longer, and how many have just been kept for `hold_max`
    /// and are left to others from now on; they can still be acknowledged.
    pub(crate) fn to_extend(&self, hold_max: Duration) -> (Vec<String>, u64) {
        let mut expired = 0;
        let mut handles = Vec::new();
        for held in self.state().messages.values_mut() {
            if held.expired {
                continue;
            }
            if held.since.elapsed() >= hold_max {
                held.expired = true;
                expired += 1;
            } else {
                handles.push(held.handle.clone());
            }
        }
        (handles, expired)
    }

    fn state(&self) -> MutexGuard<'_, HeldState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Desk for Held {
    fn abandoned(&self, id: u64) {
        self.release(id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_message_is_kept_up_to_the_bound() {
        let held = Held::default();
        let bound = Duration::from_secs(10);
        let id = held.hold("1-0").unwrap();
        assert_eq!(held.hold("1-0"), None, "what comes again is held already");
        tokio::time::advance(bound - Duration::from_millis(1)).await;
        assert_eq!(held.to_extend(bound), (vec!["1-0".to_owned()], 0));
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(held.to_extend(bound), (vec![], 1));
        assert_eq!(held.to_extend(bound), (vec![], 0), "it expires once");
        assert_eq!(
            held.release(id).as_deref(),
            Some("1-0"),
            "and can be acknowledged late"
        );
    }

    #[test]
    fn a_dropped_receipt_lets_go_and_a_shown_one_does_not() {
        let held = Arc::new(Held::default());
        let desk: Arc<dyn Desk> = held.clone();
        let receipt = |handle| Receipt::new(desk.clone(), held.hold(handle).unwrap());
        drop(receipt("1-0"));
        assert_eq!(held.release(0), None);
        let shown = show_all(vec![receipt("2-0")], &desk).unwrap();
        assert_eq!(held.release(shown[0]).as_deref(), Some("2-0"));
        let other: Arc<dyn Desk> = Arc::new(Held::default());
        let foreign = show_all(vec![receipt("3-0")], &other);
        assert!(matches!(foreign, Err(TransportError::ForeignReceipt)));
    }
}
