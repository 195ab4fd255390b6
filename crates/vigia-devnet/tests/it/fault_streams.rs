//! Faults of how answers are carried, on the wire.

use std::{collections::BTreeSet, time::Duration};

use futures::StreamExt;
use sui_rpc::{
    Client,
    client::{CheckpointStreamRequest, CheckpointStreamStart},
    field::{FieldMask, FieldMaskUtil},
    proto::sui::rpc::v2::{
        GetCheckpointRequest, GetServiceInfoRequest, SubscribeCheckpointsResponse,
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, timeout},
};
use tonic::{Code, Status, Streaming};
use vigia_devnet::{Devnet, FaultKind, Faults};

use crate::support::{self, LIVE, client, faults, faulty, get, list, soon, subscribe};

type Frames = Streaming<SubscribeCheckpointsResponse>;

/// A silence this long, of something that comes within a millisecond otherwise, is one.
const SILENCE: Duration = Duration::from_millis(250);

async fn next(frames: &mut Frames) -> Result<u64, Status> {
    let frame = soon(frames.message()).await?;
    Ok(frame.expect("the stream does not end").cursor())
}

async fn is_silent(frames: &mut Frames) -> bool {
    timeout(SILENCE, frames.message()).await.is_err()
}

async fn service_info(client: &mut Client) -> Result<(), Status> {
    let request = GetServiceInfoRequest::default();
    client
        .ledger_client()
        .get_service_info(request)
        .await
        .map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn cut_ends_streams_of_that_age() {
    let devnet = faulty(1, &["cut:200ms"]).await;
    let mut client = client(&devnet.url());
    let opened = Instant::now();
    let mut frames = subscribe(&mut client).await.unwrap();
    devnet.advance(1);
    assert_eq!(next(&mut frames).await.unwrap(), 1);
    let cut = next(&mut frames).await.unwrap_err();
    assert_eq!(
        (cut.code(), cut.message()),
        (Code::Unavailable, "stream was cut")
    );
    assert!(opened.elapsed() >= Duration::from_millis(200));
    let mut again = subscribe(&mut client).await.unwrap();
    devnet.advance(1);
    assert_eq!(next(&mut again).await.unwrap(), 2);
    assert_eq!(devnet.struck()["cut"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn cut_can_reset_the_stream_or_its_connection() {
    let devnet = support::manual(1).await;
    for (spec, others_live) in [("cut:1ms,reset", true), ("cut:1ms,connection", false)] {
        devnet.heal();
        let mut client = client(&devnet.url());
        let mut frames = subscribe(&mut client).await.unwrap();
        let mut other = subscribe(&mut client).await.unwrap();
        // Only one stream is struck, the other one shows what became of the connection.
        devnet.set_faults(faults(&[&format!("{spec},times=1")]));
        let (first, second) = soon(async {
            tokio::select! {
                first = frames.message() => (first, None),
                second = other.message() => (second, Some(&mut frames)),
            }
        })
        .await;
        let error = first.unwrap_err();
        assert_ne!(error.message(), "stream was cut");
        devnet.heal();
        let survivor = match second {
            Some(frames) => frames,
            None => &mut other,
        };
        devnet.advance(1);
        assert_eq!(next(survivor).await.is_ok(), others_live, "{spec}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stall_silences_one_stream_and_loses_nothing() {
    let devnet = faulty(1, &["stall"]).await;
    let mut client = client(&devnet.url());
    let mut frames = subscribe(&mut client).await.unwrap();
    let face = devnet.faces().remove(0);
    let (mut seen, mut tip) = (0, 0);
    let stalled = loop {
        devnet.advance(1);
        tip += 1;
        tokio::select! {
            frame = next(&mut frames) => seen = frame.unwrap(),
            () = face.wait_until_struck(FaultKind::Stall, 1) => break seen,
        }
    };
    assert!((1..=8).contains(&stalled), "{stalled}");
    assert!(is_silent(&mut frames).await);
    service_info(&mut client)
        .await
        .expect("the connection is alive");
    devnet.heal();
    for number in stalled + 1..=tip {
        assert_eq!(next(&mut frames).await.unwrap(), number);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stall_ends_after_its_time() {
    let devnet = faulty(1, &["stall:300ms"]).await;
    let mut client = client(&devnet.url());
    let mut frames = subscribe(&mut client).await.unwrap();
    devnet.advance(20);
    for number in 1..=20 {
        assert_eq!(next(&mut frames).await.unwrap(), number);
    }
    assert_eq!(devnet.struck()["stall"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn half_open_answers_nothing_and_closes_nothing() {
    let devnet = support::manual(2).await;
    let mut known = client(&devnet.url());
    service_info(&mut known).await.unwrap();
    devnet.set_faults(faults(&["half-open:1h"]));
    let calling = tokio::spawn(async move { service_info(&mut known).await });
    soon(devnet.faces()[0].wait_until_struck(FaultKind::HalfOpen, 1)).await;

    // New connections are made by the kernel, and nobody says anything on them.
    let url = devnet.url();
    let mut fresh = TcpStream::connect(url.trim_start_matches("http://"))
        .await
        .unwrap();
    fresh
        .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0")
        .await
        .unwrap();
    let silence = timeout(SILENCE, fresh.read(&mut [0; 64])).await;
    assert!(silence.is_err(), "neither bytes nor an end");
    assert!(!calling.is_finished());
    devnet.heal();
    soon(calling)
        .await
        .unwrap()
        .expect("what was sent is answered in the end");
    assert!(soon(fresh.read(&mut [0; 64])).await.unwrap() > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_gone_resets_old_connections_and_new_ones() {
    let devnet = support::manual(2).await;
    let mut client = client(&devnet.url());
    let mut frames = subscribe(&mut client).await.unwrap();
    devnet.set_faults(faults(&["gone:1h"]));
    // Nothing is sent that would make either side look at the connection.
    assert!(next(&mut frames).await.is_err());
    let url = devnet.url();
    let address = url.trim_start_matches("http://");
    let fresh = async {
        let mut connection = TcpStream::connect(address).await?;
        connection.read(&mut [0; 64]).await
    };
    assert!(soon(fresh).await.is_err(), "a reset, no end");
    assert!(get(&url, 1).await.is_err());
    devnet.heal();
    assert!(get(&url, 1).await.is_ok());
    assert!(devnet.struck()["gone"] >= 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn half_open_begins_and_ends_on_time() {
    let devnet = support::manual(2).await;
    let begun = Instant::now();
    devnet.set_faults(faults(&["half-open:300ms"]));
    assert!(soon(get(&devnet.url(), 1)).await.is_ok());
    assert!(begun.elapsed() >= Duration::from_millis(300));
    assert!(devnet.struck()["half-open"] > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_drip_keeps_to_its_rate() {
    let devnet = support::manual(10).await;
    let bytes = prost::Message::encoded_len(&get(&devnet.url(), 9).await.unwrap());
    devnet.set_faults(faults(&["slow-drip:20KB"]));
    let request = GetCheckpointRequest::by_sequence_number(9)
        .with_read_mask(FieldMask::from_str(support::FULL));
    let begun = Instant::now();
    // Most of a checkpoint is digests, which compress to half at best.
    let mut client = client(&devnet.url());
    soon(client.ledger_client().get_checkpoint(request))
        .await
        .unwrap();
    let fastest = Duration::from_millis(u64::try_from(bytes / 20 / 8).unwrap());
    assert!(
        begun.elapsed() > fastest,
        "{bytes} bytes in {:?}",
        begun.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drip_becomes_a_flow_when_healed() {
    let devnet = faulty(10, &["slow-drip:1B"]).await;
    let url = devnet.url();
    let asking = tokio::spawn(async move { get(&url, 9).await });
    soon(devnet.faces()[0].wait_until_struck(FaultKind::SlowDrip, 1)).await;
    assert!(!asking.is_finished());
    devnet.heal();
    assert!(soon(asking).await.unwrap().is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn truncate_breaks_off_in_a_frame() {
    let devnet = faulty(10, &["truncate,every=1,times=2"]).await;
    assert!(get(&devnet.url(), 9).await.is_err());
    assert!(list(&devnet.url(), 0).await.is_err());
    assert!(get(&devnet.url(), 9).await.is_ok());
    assert_eq!(list(&devnet.url(), 0).await.unwrap().len(), 10);
}

/// What a subscriber gets of so many checkpoints, each made by itself.
async fn subscribed(devnet: &Devnet, count: usize) -> Vec<u64> {
    let mut client = client(&devnet.url());
    let mut frames = subscribe(&mut client).await.unwrap();
    for _ in 0..count {
        devnet.advance(1);
    }
    let (mut seen, mut distinct) = (vec![], BTreeSet::new());
    // The last one may wait for a successor, so that it may never come.
    while distinct.len() < count - 1 {
        let number = next(&mut frames).await.unwrap();
        distinct.insert(number);
        seen.push(number);
    }
    while let Ok(frame) = timeout(SILENCE, frames.message()).await {
        seen.push(frame.unwrap().unwrap().cursor());
    }
    seen
}

#[tokio::test(flavor = "multi_thread")]
async fn reorder_swaps_neighbours() {
    let devnet = faulty(1, &["reorder,every=3"]).await;
    let seen = subscribed(&devnet, 40).await;
    let mut sorted = seen.clone();
    sorted.sort_unstable();
    let all: Vec<_> = (1..=40).collect();
    assert!(seen != all && seen.len() >= 39, "{seen:?}");
    assert_eq!(
        sorted,
        all[..sorted.len()].to_vec(),
        "each once, the last may wait for a successor"
    );
    let swapped = (1..).zip(&seen).filter(|(place, number)| place != *number);
    assert!(
        swapped
            .clone()
            .all(|(place, number)| number.abs_diff(place) == 1)
    );

    let again = faulty(1, &["reorder,every=3"]).await;
    assert_eq!(subscribed(&again, 40).await, seen);
}

#[tokio::test(flavor = "multi_thread")]
async fn duplicate_repeats_frames() {
    let devnet = faulty(1, &["duplicate,every=3"]).await;
    let mut seen = subscribed(&devnet, 40).await;
    let repeated = u64::try_from(seen.len()).unwrap() - 40;
    assert_eq!(repeated, devnet.struck()["duplicate"]);
    assert!(seen.is_sorted() && repeated > 5);
    seen.dedup();
    assert_eq!(seen, (1..=40).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_what_they_say() {
    let devnet = support::manual(10).await;
    let url = devnet.url();
    devnet.set_faults(faults(&["unavailable:1h,times=2"]));
    assert_eq!(get(&url, 3).await.unwrap_err().code(), Code::Unavailable);
    assert_eq!(list(&url, 3).await.unwrap_err().code(), Code::Unavailable);
    assert!(get(&url, 3).await.is_ok());
    devnet.set_faults(faults(&["no-list"]));
    assert_eq!(list(&url, 3).await.unwrap_err().code(), Code::Unimplemented);
    assert!(get(&url, 3).await.is_ok());
    devnet.set_faults(faults(&["not-found,every=1,times=1"]));
    let mut client = client(&url);
    service_info(&mut client)
        .await
        .expect("only what is named can be missing");
    assert_eq!(get(&url, 3).await.unwrap_err().code(), Code::NotFound);
    assert!(get(&url, 3).await.is_ok());
    devnet.set_faults(faults(&["rate-limit:2/1h"]));
    assert!(get(&url, 3).await.is_ok() && get(&url, 4).await.is_ok());
    assert_eq!(
        get(&url, 5).await.unwrap_err().code(),
        Code::ResourceExhausted
    );
    devnet.set_faults(faults(&["rate-limit:0/1h"]));
    assert_eq!(
        get(&url, 5).await.unwrap_err().code(),
        Code::ResourceExhausted
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn unavailable_ends_after_its_time() {
    let devnet = support::manual(10).await;
    let begun = Instant::now();
    devnet.set_faults(faults(&["unavailable:150ms"]));
    soon(async {
        while get(&devnet.url(), 3).await.is_err() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert!(begun.elapsed() >= Duration::from_millis(150));
}

#[tokio::test(flavor = "multi_thread")]
async fn shutdown_ends_what_faults_hold_up() {
    for spec in ["stall,every=1", "half-open:1h", "slow-drip:1B"] {
        let devnet = support::manual(5).await;
        let mut client = client(&devnet.url());
        let frames = subscribe(&mut client).await.unwrap();
        devnet.set_faults(faults(&[spec]));
        devnet.advance(20);
        let kind = devnet_kind(spec);
        let pending = tokio::spawn(async move {
            let mut frames = frames;
            while let Ok(Some(_)) = frames.message().await {}
        });
        soon(devnet.faces()[0].wait_until_struck(kind, 1)).await;
        let address = devnet.url().trim_start_matches("http://").to_owned();
        timeout(LIVE, devnet.shutdown()).await.unwrap().unwrap();
        soon(pending).await.unwrap();
        std::net::TcpListener::bind(address).unwrap();
    }
}

fn devnet_kind(spec: &str) -> FaultKind {
    faults(&[spec]).list[0].kind
}

/// What heals is got through by trying again. The SDK's stream does.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_tries_again_gets_through_faults_that_heal() {
    for specs in [
        &["cut:100ms", "unavailable:100ms,period=1s"][..],
        &["rate-limit:3/200ms", "list-behind-live:5"],
        &["cut:150ms,connection,times=3", "stall:400ms,times=2"],
    ] {
        let devnet = support::live(30).await;
        devnet.set_faults(faults(specs));
        let client = Client::new(devnet.url()).unwrap();
        let request = CheckpointStreamRequest::new()
            .with_read_mask(FieldMask::from_str("sequence_number,digest"))
            .with_start(CheckpointStreamStart::Checkpoint(0));
        let stream = client.stream_checkpoints(request);
        let frames = stream.take(60).map(|frame| frame.map(|frame| frame.cursor));
        let seen: Vec<_> = timeout(2 * LIVE, frames.collect()).await.unwrap();
        let seen: Result<Vec<_>, _> = seen.into_iter().collect();
        assert_eq!(seen.unwrap(), (0..60).collect::<Vec<_>>(), "{specs:?}");
        assert!(!devnet.struck().is_empty());
        devnet.shutdown().await.unwrap();
    }
}

/// Every combination lets a client through in the end: it heals, or can be got through as it is.
#[tokio::test(flavor = "multi_thread")]
async fn combinations_heal_within_their_bound() {
    const BOUND: Duration = Duration::from_secs(40);
    let mut devnet = support::live(30).await;
    let mut waiting = vec![];
    for seed in 0..20 {
        let faults = Faults::combination(seed);
        let any = "127.0.0.1:0".parse().unwrap();
        let face = devnet.also_listen(any, faults.clone()).await.unwrap();
        waiting.push(tokio::spawn(async move {
            let reach = async {
                loop {
                    let mut client = client(&face.url());
                    let asked = timeout(Duration::from_secs(2), async {
                        get(&face.url(), 3).await?;
                        let mut frames = subscribe(&mut client).await?;
                        frames.message().await
                    });
                    if let Ok(Ok(Some(_))) = asked.await {
                        return;
                    }
                }
            };
            let reached = timeout(BOUND, reach).await;
            assert!(reached.is_ok(), "seed {seed}: {:?}", faults.list);
        }));
    }
    for waiting in waiting {
        waiting.await.unwrap();
    }
    devnet.shutdown().await.unwrap();
}
