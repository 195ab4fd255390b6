//! Tells who sends that there is something to send, and to whom.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

/// Endpoints that have something to be told.
#[derive(Debug, Default)]
pub struct Wake {
    endpoints: Mutex<BTreeSet<i64>>,
    told: Notify,
}

impl Wake {
    /// Says so of some.
    pub fn tell(&self, endpoints: impl IntoIterator<Item = i64>) {
        let mut all = self
            .endpoints
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        all.extend(endpoints);
        self.told.notify_one();
    }

    /// Those that were said since it was asked last.
    pub(super) fn take(&self) -> BTreeSet<i64> {
        std::mem::take(
            &mut *self
                .endpoints
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    /// Waits until something was said.
    pub(super) async fn told(&self) {
        self.told.notified().await;
    }
}
