//! Telling endpoints of activities: what is new becomes deliveries, workers take and send them (I-9, I-10).
//!
//! Data goes one way: activities, in the order of their ids, are numbered for each endpoint
//! ([`Sequencer`]); what is due is taken, sent and completed ([`Deliverer`]). All state is in the database, so any number of
//! processes do it, and what one that is killed had in hand is sent again by another, under the same id.

mod crash;
mod endpoints;
mod flow;
mod keeper;
mod places;
mod push;
mod recorder;
mod sender;
mod wake;

pub use flow::EndpointFlow;
pub use keeper::SealedKeys;
pub use push::{Broadcaster, PushChannel, PushLimits, PushSender, PushSequencer, Pusher, compose};
pub use sender::{Deliverer, DeliveryLimits, DeliveryTargets};
pub use wake::Wake;

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use vigia_store::{DeliveryStore, ReadStore};

use crate::pipeline::{Backoff, Trouble};

/// How long nothing is asked for where nothing is heard of: another process may have taken what is new.
const IDLE: Duration = Duration::from_secs(1);
/// How often what is due is looked for where nothing is heard of, and how long what could not be written waits.
const LOOK: Duration = Duration::from_millis(500);
/// How long sends may take to end when the process stops; what has not is sent again by another.
const FINISH_WITHIN: Duration = Duration::from_secs(5);

/// Turns activities into deliveries as they are committed.
pub struct Sequencer<S> {
    store: Arc<S>,
    wake: Arc<Wake>,
}

impl<S: DeliveryStore + ReadStore> Sequencer<S> {
    /// Says to `wake` whom it has made some for.
    pub fn new(store: Arc<S>, wake: Arc<Wake>) -> Self {
        Self { store, wake }
    }

    /// Runs until `shutdown`.
    pub async fn run(&self, shutdown: CancellationToken) {
        let trouble = Trouble::new("cannot make deliveries, trying again");
        let mut backoff = Backoff::default();
        let mut seen = 0;
        while !shutdown.is_cancelled() {
            match self.step(seen).await {
                Ok(newest) => {
                    seen = newest;
                    trouble.well();
                    backoff.reset();
                }
                Err(error) => {
                    trouble.failing(&error);
                    tokio::select! {
                        () = backoff.wait() => {}
                        () = shutdown.cancelled() => {}
                    }
                    continue;
                }
            }
            tokio::select! {
                waited = tokio::time::timeout(IDLE, self.store.activity_wait(seen)) => {
                    // What went wrong, the next step finds out.
                    let _ = waited;
                }
                () = shutdown.cancelled() => {}
            }
        }
    }

    /// Makes what there is; returns the newest activity there was before.
    async fn step(&self, seen: i64) -> vigia_store::Result<i64> {
        let newest = self.store.activity_last_id().await?.max(seen);
        loop {
            crash::point("sequencing");
            let sequenced = self.store.delivery_sequence().await?;
            crash::point("sequenced");
            if sequenced.read == 0 {
                return Ok(newest);
            }
            if !sequenced.endpoints.is_empty() {
                self.wake.tell(sequenced.endpoints);
            }
        }
    }
}
