//! Waiting for faults to change.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

use super::plan::Plan;
use crate::fault::FaultKind;

/// Waits for faults to change: others are set, or one begins or ends.
pub(crate) struct Changes(pub(super) watch::Receiver<Arc<Plan>>);

impl Changes {
    /// Resolves when other faults are set.
    pub(crate) async fn changed(&mut self) {
        if self.0.changed().await.is_err() {
            // The face is gone, and so is whoever waits for it.
            std::future::pending().await
        }
    }

    /// Resolves at the next change; may resolve without one.
    pub(crate) async fn next(&mut self) {
        let edge = self.0.borrow_and_update().next_edge();
        let at_edge = async {
            match edge {
                Some(edge) => sleep_until(edge).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = at_edge => {}
            () = self.changed() => {}
        }
    }

    /// Waits for so long, or until a fault of the kind is on no more.
    pub(crate) async fn sleep_while(&mut self, kind: FaultKind, length: Option<Duration>) {
        let deadline = length.map(|length| Instant::now() + length);
        loop {
            let set_at = self.0.borrow().since;
            let is_on = self.0.borrow().on(kind).next().is_some();
            if !is_on {
                return;
            }
            tokio::select! {
                () = at(deadline) => return,
                () = self.next() => {}
            }
            if self.0.borrow().since != set_at {
                // Other faults were set: whatever they are, this one is over.
                return;
            }
        }
    }
}

async fn at(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
