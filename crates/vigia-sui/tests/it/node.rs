//! Simulated nodes and the sources that read them.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::StreamExt;
use futures::stream::BoxStream;
use sui_sdk_types::CheckpointData;
use vigia_core::SystemClock;
use vigia_devnet::{Devnet, DevnetConfig};
use vigia_sui::{ProviderConfig, Providers, RosterPolicy, SourceError, StreamLimits, StreamNotice};

/// Long enough for anything that happens at all.
pub(crate) const PATIENCE: Duration = Duration::from_secs(40);

/// A source, and how often it has said that something failed.
pub(crate) fn source(url: &str) -> (Providers, Arc<Mutex<usize>>) {
    let troubles = Arc::new(Mutex::new(0));
    let count = Arc::clone(&troubles);
    let notice = move |notice| {
        if matches!(notice, StreamNotice::Retrying { .. }) {
            *count.lock().expect("nobody panics with it") += 1;
        }
    };
    let config = ProviderConfig::new(url);
    let source = Providers::one(&config, Arc::new(SystemClock), notice).expect("an address");
    (source, troubles)
}

/// Providers of one chain, most preferred first, that go back to a preferred one after a second.
pub(crate) fn providers(urls: &[&str], limits: StreamLimits) -> Providers {
    let configs: Vec<ProviderConfig> = urls.iter().copied().map(ProviderConfig::new).collect();
    let policy = RosterPolicy {
        return_after_ms: 1_000,
        ..RosterPolicy::default()
    };
    let clock = Arc::new(SystemClock);
    Providers::new(&configs, policy, limits, clock, |_| {}).expect("addresses")
}

pub(crate) async fn next<T>(
    stream: &mut BoxStream<'static, Result<T, SourceError>>,
) -> Result<T, SourceError> {
    let item = tokio::time::timeout(PATIENCE, stream.next()).await;
    item.expect("in time").expect("a live stream never ends")
}

pub(crate) async fn replay(checkpoints: &[CheckpointData], listen: Option<SocketAddr>) -> Devnet {
    let mut config = DevnetConfig::default();
    if let Some(address) = listen {
        config.listen = address;
    }
    let node = Devnet::replay(checkpoints.to_vec(), &config).await;
    node.expect("the port is free")
}

pub(crate) fn address_of(node: &Devnet) -> SocketAddr {
    let url = node.url();
    let text = url.strip_prefix("http://").expect("plain text");
    text.parse().expect("an address")
}

/// Polls until the stream has told of trouble, by an error or a notice. Nothing may come.
pub(crate) async fn trouble<T>(
    stream: &mut BoxStream<'static, Result<T, SourceError>>,
    troubles: &Mutex<usize>,
) {
    let waiting = async {
        loop {
            let item = tokio::time::timeout(Duration::from_millis(50), stream.next()).await;
            match item {
                Ok(Some(Err(_))) => return,
                Ok(other) => panic!("nobody is there, and still: {:?}", other.map(|i| i.is_ok())),
                Err(_) if *troubles.lock().expect("nobody panics with it") > 0 => return,
                Err(_) => {}
            }
        }
    };
    tokio::time::timeout(PATIENCE, waiting)
        .await
        .expect("it tells of trouble");
}
