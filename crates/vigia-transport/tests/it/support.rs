//! What tests of all transports need: a depot in memory, waiting with a deadline, missing tools.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;
use vigia_core::Frame;
use vigia_transport::{Delivery, Depot, DepotError, FrameReceiver};

/// Nothing in a test takes so long unless something is wrong.
pub(crate) const DEADLINE: Duration = Duration::from_secs(40);

/// A depot in memory, which fails on request.
#[derive(Default)]
pub(crate) struct MemoryDepot(Mutex<Kept>);

#[derive(Default)]
pub(crate) struct Kept {
    pub(crate) blobs: BTreeMap<String, Vec<u8>>,
    pub(crate) aside: Vec<(String, String, Vec<u8>)>,
    pub(crate) failing: bool,
    pub(crate) failures: u32,
}

impl MemoryDepot {
    pub(crate) fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap()
    }

    fn working(&self) -> Result<MutexGuard<'_, Kept>, DepotError> {
        let mut kept = self.kept();
        if kept.failing {
            kept.failures += 1;
            return Err("the disk is full".into());
        }
        Ok(kept)
    }
}

#[async_trait]
impl Depot for MemoryDepot {
    async fn blob_put(&self, id: &str, bytes: &[u8]) -> Result<(), DepotError> {
        self.working()?.blobs.insert(id.to_owned(), bytes.to_vec());
        Ok(())
    }

    async fn blob_get(&self, id: &str) -> Result<Option<Vec<u8>>, DepotError> {
        Ok(self.working()?.blobs.get(id).cloned())
    }

    async fn set_aside(
        &self,
        transport: &str,
        reason: &str,
        bytes: &[u8],
    ) -> Result<(), DepotError> {
        let entry = (transport.to_owned(), reason.to_owned(), bytes.to_vec());
        self.working()?.aside.push(entry);
        Ok(())
    }
}

/// The value of a variable that says where a tool is; where it is missing the test says so and is
/// skipped, or fails if it has to run.
pub(crate) fn tool(variable: &str, found: Option<OsString>) -> Option<OsString> {
    let value = env::var_os(variable).or(found);
    if value.is_none() {
        let required = env::var_os("VIGIA_REQUIRE_BROKERS").is_some_and(|v| v == "1");
        assert!(!required, "{variable} is not set");
        println!("skipped: {variable} is not set");
    }
    value
}

/// Polls until `condition` holds.
pub(crate) async fn eventually<F: Future<Output = bool>>(what: &str, condition: impl Fn() -> F) {
    let until = Instant::now() + DEADLINE;
    while !condition().await {
        assert!(Instant::now() < until, "never: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The next delivery.
pub(crate) async fn next(receiver: &mut dyn FrameReceiver) -> Delivery {
    let received = tokio::time::timeout(DEADLINE, receiver.receive()).await;
    received.expect("a delivery comes").unwrap()
}

/// Receives and acknowledges until there are `count` frames, in order of their checkpoints.
pub(crate) async fn drain(receiver: &mut dyn FrameReceiver, count: usize) -> Vec<Frame> {
    let mut frames = BTreeMap::new();
    while frames.len() < count {
        let Delivery {
            frames: some,
            receipt,
        } = next(receiver).await;
        receiver.acknowledge(vec![receipt]).await.unwrap();
        frames.extend(some.into_iter().map(|frame| (frame.header.sequence, frame)));
    }
    frames.into_values().map(Arc::unwrap_or_clone).collect()
}
