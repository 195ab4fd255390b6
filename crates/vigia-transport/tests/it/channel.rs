//! The conformance suite on the channel within one process.

use std::sync::Arc;
use std::time::Duration;

use vigia_transport::{
    ChannelReceiver, ChannelSender, FrameReceiver, FrameSender, Limits, channel,
};

use crate::suite::{Fixture, transport_conformance_suite};
use crate::support::MemoryDepot;

struct ChannelFixture {
    sender: ChannelSender,
    receiver: ChannelReceiver,
    depot: MemoryDepot,
}

impl Fixture for ChannelFixture {
    async fn start() -> Option<Self> {
        let (sender, receiver) = channel(Limits::default());
        Some(Self {
            sender,
            receiver,
            depot: MemoryDepot::default(),
        })
    }

    async fn sender(&self) -> Arc<dyn FrameSender> {
        Arc::new(self.sender.clone())
    }

    async fn receiver(&self) -> Box<dyn FrameReceiver> {
        Box::new(self.receiver.clone())
    }

    async fn receiver_within(&self, _hold_max: Duration) -> Option<Box<dyn FrameReceiver>> {
        None
    }

    fn patience(&self) -> Duration {
        Duration::from_millis(100)
    }

    async fn put(&self, _message: &[u8]) -> bool {
        false
    }

    async fn is_empty(&self) -> bool {
        self.receiver.is_empty()
    }

    fn depot(&self) -> &MemoryDepot {
        &self.depot
    }
}

transport_conformance_suite!(ChannelFixture);
