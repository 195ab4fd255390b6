//! Another process on the same Redis, for tests that need one: to kill it, or to give it another
//! environment. Built with the tests; no part of what is released.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use vigia_core::{CheckpointHeader, Digest, Frame};
use vigia_transport::{
    Depot, DepotError, FrameReceiver, FrameSender, RedisConfig, RedisReceiver, RedisSender,
};

/// Frames that are sent and have to come back.
const FRAMES: u64 = 3;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["hold", url, claim_after_ms] => hold(url, claim_after_ms.parse()?).await,
        ["exchange", url] => exchange(url).await,
        _ => Err("usage: redis-peer hold URL CLAIM_AFTER_MS | redis-peer exchange URL".into()),
    }
}

/// Takes a delivery, says so, and keeps it until killed, or until whoever started it is gone.
async fn hold(url: &str, claim_after_ms: u64) -> Result<(), Box<dyn Error>> {
    let mut config = RedisConfig::new(url, "test");
    config.claim_after = Duration::from_millis(claim_after_ms);
    let mut receiver = RedisReceiver::start(&config, Arc::new(NoDepot))?;
    let _in_hand = receiver.receive().await?;
    println!("a delivery is in hand");
    tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink()))
        .await??;
    Ok(())
}

/// Sends frames and waits for them to come back.
async fn exchange(url: &str) -> Result<(), Box<dyn Error>> {
    let mut config = RedisConfig::new(url, "test");
    config.send_patience = Duration::ZERO;
    let sender = RedisSender::new(&config)?;
    sender.send((0..FRAMES).map(frame).collect()).await?;
    let mut receiver = RedisReceiver::start(&config, Arc::new(NoDepot))?;
    let mut missing = FRAMES;
    while missing > 0 {
        let delivery = receiver.receive().await?;
        missing -= delivery.frames.len() as u64;
        receiver.acknowledge(vec![delivery.receipt]).await?;
    }
    Ok(())
}

fn frame(sequence: u64) -> Frame {
    Frame {
        header: CheckpointHeader {
            sequence,
            digest: Digest::new([1; 32]),
            previous_digest: None,
            epoch: 0,
            timestamp_ms: 0,
        },
        watch_version: 0,
        relevant: Vec::new(),
    }
}

/// Nothing here is too large or unreadable.
struct NoDepot;

#[async_trait]
impl Depot for NoDepot {
    async fn blob_put(&self, _id: &str, _bytes: &[u8]) -> Result<(), DepotError> {
        Err("no message is too large here".into())
    }

    async fn blob_get(&self, _id: &str) -> Result<Option<Vec<u8>>, DepotError> {
        Err("no message is too large here".into())
    }

    async fn set_aside(&self, _: &str, reason: &str, _: &[u8]) -> Result<(), DepotError> {
        Err(reason.into())
    }
}
