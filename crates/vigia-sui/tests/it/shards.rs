//! What sharded pollers read: headers of all checkpoints, and their own in full.

use std::sync::LazyLock;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::BoxStream;
use sui_sdk_types::CheckpointData;
use vigia_core::{Checkpoint, CheckpointHeader, Digest, ShardPlan};
use vigia_devnet::{ChainConfig, Devnet, DevnetConfig, Pace, generate};
use vigia_sui::{CheckpointSource, Providers, SourceError, Start, StreamLimits, check_binding};

use crate::node::{PATIENCE, address_of, next, providers, replay, source, trouble};
use crate::proxy::Proxy;
use crate::support::{CHAIN, chain_config, comparable};

const SHARDS: u32 = 4;

/// Long enough for four shards to have a stride each, and one of them a second one.
static LONG_CHAIN: LazyLock<Vec<CheckpointData>> = LazyLock::new(|| {
    let chain: Vec<CheckpointData> = generate(ChainConfig {
        tps: 16,
        transactions: Some(1_200),
        ..chain_config()
    })
    .collect();
    assert!(chain.len() > 280, "{} checkpoints", chain.len());
    chain
});

fn header(data: &CheckpointData) -> CheckpointHeader {
    let summary = &data.checkpoint_summary.checkpoint;
    CheckpointHeader {
        sequence: summary.sequence_number,
        digest: summary.digest(),
        previous_digest: summary.previous_digest,
        epoch: summary.epoch,
        timestamp_ms: summary.timestamp_ms,
    }
}

fn other_chain() -> Vec<CheckpointData> {
    let config = ChainConfig {
        seed: 2,
        ..chain_config()
    };
    generate(config).collect()
}

/// What a finite stream brings up to its end or its error, which has to be the last.
async fn all<T>(
    mut stream: BoxStream<'static, Result<T, SourceError>>,
) -> (Vec<T>, Option<SourceError>) {
    let mut items = vec![];
    let reading = async {
        while let Some(item) = stream.next().await {
            match item {
                Ok(item) => items.push(item),
                Err(error) => {
                    assert!(stream.next().await.is_none(), "nothing follows an error");
                    return Some(error);
                }
            }
        }
        None
    };
    let error = tokio::time::timeout(PATIENCE, reading).await;
    let error = error.expect("in time");
    (items, error)
}

async fn first<T>(mut stream: BoxStream<'static, Result<T, SourceError>>, count: usize) -> Vec<T> {
    let mut items = vec![];
    while items.len() < count {
        items.push(next(&mut stream).await.expect("no trouble"));
    }
    items
}

fn sequences(checkpoints: &[Checkpoint]) -> Vec<u64> {
    checkpoints.iter().map(|c| c.header.sequence).collect()
}

/// The shard's own of these checkpoints, fetched as a poller does: in runs, bound to headers.
async fn read_own(source: &Providers, headers: &[CheckpointHeader], shard: u32) -> Vec<Checkpoint> {
    let plan = ShardPlan::new(SHARDS).expect("a sensible number");
    let newest = headers.last().expect("there are some").sequence;
    let (mut own, mut from) = (vec![], 0);
    while let Some(run) = plan.next_run(shard, from, newest) {
        from = run.end() + 1;
        let headers = headers.iter().filter(|h| run.contains(&h.sequence));
        let (run, error) = all(source.fetch_bound(headers.cloned().collect())).await;
        assert!(error.is_none(), "{error:?}");
        own.extend(run);
    }
    own
}

fn assert_same(full: &[Checkpoint], mut union: Vec<Checkpoint>) {
    union.sort_by_key(|checkpoint| checkpoint.header.sequence);
    assert_eq!(sequences(full), sequences(&union));
    for (full, own) in full.iter().zip(&union) {
        assert_eq!(comparable(full), comparable(own));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn shards_together_read_what_one_stream_reads_and_each_much_less() {
    let count = LONG_CHAIN.len();
    let node = replay(&LONG_CHAIN, None).await;
    let whole = Proxy::start(&node.url()).await;
    let full = first(source(&whole.url).0.stream(Start::Checkpoint(0)), count).await;
    let mut union = vec![];
    for shard in 0..SHARDS {
        let proxy = Proxy::start(&node.url()).await;
        let (source, _) = source(&proxy.url);
        let headers = first(source.headers(Start::Checkpoint(0)), count).await;
        let of_headers = proxy.bytes();
        union.extend(read_own(&source, &headers, shard).await);
        let (part, all) = (proxy.bytes(), whole.bytes());
        println!("shard {shard} of {SHARDS}: {part} bytes of {all}, {of_headers} for headers");
        assert!(part * 2 < all, "{part} of {all} bytes");
        let calls = proxy.answered();
        assert_eq!(calls, 0, "lists serve the runs");
    }
    assert_same(&full, union);
    node.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_lists_shards_read_the_same_by_calls() {
    let node = replay(&LONG_CHAIN, None).await;
    let (direct, _) = source(&node.url());
    let full = first(direct.stream(Start::Checkpoint(0)), LONG_CHAIN.len()).await;
    let headers: Vec<CheckpointHeader> = full.iter().map(|c| c.header.clone()).collect();
    let proxy = Proxy::start(&node.url()).await;
    proxy.conduct.lists.store(false, Ordering::SeqCst);
    let (source, troubles) = source(&proxy.url);
    let mut union = vec![];
    for shard in 0..SHARDS {
        union.extend(read_own(&source, &headers, shard).await);
    }
    let calls = proxy.answered();
    assert_eq!(calls, LONG_CHAIN.len());
    let list_calls = proxy.conduct.list_calls.load(Ordering::SeqCst);
    assert_eq!(list_calls, 1, "asked once, remembered");
    assert_eq!(*troubles.lock().unwrap(), 0, "it is no trouble");
    assert_same(&full, union);
    node.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_are_those_of_the_full_stream() {
    let node = replay(&CHAIN, None).await;
    let (source, _) = source(&node.url());
    let full = first(source.stream(Start::Checkpoint(3)), CHAIN.len() - 3).await;
    let headers = first(source.headers(Start::Checkpoint(3)), CHAIN.len() - 3).await;
    let wanted: Vec<CheckpointHeader> = full.into_iter().map(|c| c.header).collect();
    assert_eq!(headers, wanted);
    node.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_of_a_growing_chain_come_as_it_grows() {
    let node = Devnet::start(DevnetConfig {
        chain: ChainConfig {
            transactions: None,
            ..chain_config()
        },
        history: 150,
        pace: Pace::Manual,
        ..DevnetConfig::default()
    });
    let node = node.await.unwrap();
    let (source, _) = source(&node.url());
    let mut stream = source.headers(Start::Checkpoint(0));
    let mut seen = vec![];
    let reading = async {
        while seen.len() < 200 {
            // A subscription shows nothing before the chain grows, and when it is there cannot be
            // seen from here: grow until it brings something.
            match tokio::time::timeout(Duration::from_millis(50), stream.next()).await {
                Err(_) => node.advance(1),
                Ok(item) => {
                    seen.push(item.expect("it never ends").expect("no trouble"));
                    if seen.len() >= 150 {
                        node.advance(1);
                    }
                }
            }
        }
    };
    tokio::time::timeout(PATIENCE, reading).await.unwrap();
    for (sequence, seen) in (0..).zip(seen) {
        let made = node.checkpoint(sequence).expect("it is kept");
        assert_eq!(seen, header(&made));
    }
    node.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_follow_a_node_that_comes_back_and_refuse_another_chain() {
    let node = replay(&CHAIN[..6], None).await;
    let address = address_of(&node);
    let (source, troubles) = source(&node.url());
    let mut stream = source.headers(Start::Checkpoint(0));
    for sequence in 0..6 {
        assert_eq!(next(&mut stream).await.unwrap().sequence, sequence);
    }
    node.shutdown().await.unwrap();
    trouble(&mut stream, &troubles).await;

    let node = replay(&other_chain(), Some(address)).await;
    let refused = async {
        loop {
            match next(&mut stream).await {
                Ok(header) => panic!("accepted {header:?}"),
                Err(error) if error.to_string().contains("another chain") => return,
                Err(_) => {}
            }
        }
    };
    tokio::time::timeout(PATIENCE, refused).await.unwrap();
    node.shutdown().await.unwrap();

    let node = replay(&CHAIN, Some(address)).await;
    let mut seen = vec![];
    let reading = async {
        while seen.len() < CHAIN.len() - 6 {
            if let Ok(header) = next(&mut stream).await {
                seen.push(header);
            }
        }
    };
    tokio::time::timeout(PATIENCE, reading).await.unwrap();
    assert_eq!(seen, CHAIN[6..].iter().map(header).collect::<Vec<_>>());
    node.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_waits_for_a_node_that_is_away_and_for_what_is_not_there_yet() {
    let node = replay(&CHAIN[..6], None).await;
    let address = address_of(&node);
    let (source, troubles) = source(&node.url());
    let last = CHAIN.len() as u64 - 1;
    let mut run = source.fetch_run(2, last);
    let mut seen = vec![];
    for _ in 2..6 {
        seen.push(next(&mut run).await.unwrap());
    }
    node.shutdown().await.unwrap();
    trouble(&mut run, &troubles).await;
    let node = replay(&CHAIN, Some(address)).await;
    let (rest, error) = all(run).await;
    assert!(error.is_none(), "{error:?}");
    seen.extend(rest);
    assert_eq!(sequences(&seen), (2..=last).collect::<Vec<_>>());
    node.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_is_fetched_when_it_is_there() {
    let node = Devnet::start(DevnetConfig {
        chain: chain_config(),
        history: 5,
        pace: Pace::Manual,
        ..DevnetConfig::default()
    });
    let node = node.await.unwrap();
    let proxy = Proxy::start(&node.url()).await;
    let (source, troubles) = source(&proxy.url);
    let mut answered = proxy.conduct.answered.subscribe();
    let fetching = tokio::spawn(async move { source.fetch(5).await });
    // It has been asked for, and is not there.
    let asked = answered.wait_for(|count| *count >= 1);
    tokio::time::timeout(PATIENCE, asked)
        .await
        .unwrap()
        .unwrap();
    node.advance(1);
    let fetched = tokio::time::timeout(PATIENCE, fetching).await.unwrap();
    let fetched = fetched.unwrap().unwrap();
    assert_eq!(fetched.header, header(&node.checkpoint(5).unwrap()));
    assert_eq!(*troubles.lock().unwrap(), 0, "a short wait is no trouble");
    node.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_fail_are_tried_again_and_told() {
    let node = replay(&CHAIN, None).await;
    let proxy = Proxy::start(&node.url()).await;
    proxy.conduct.lists.store(false, Ordering::SeqCst);
    proxy.conduct.failures.store(3, Ordering::SeqCst);
    let (source, troubles) = source(&proxy.url);
    let (run, error) = all(source.fetch_run(4, 8)).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(sequences(&run), [4, 5, 6, 7, 8]);
    let told = *troubles.lock().unwrap();
    // Calls beside one that failed are given up with it.
    assert!((1..=3).contains(&told), "{told}");
    assert!(proxy.answered() >= 5 + told);
    node.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_under_way_have_a_limit() {
    let node = replay(&CHAIN, None).await;
    let last = CHAIN.len() as u64 - 1;
    // Four go at once at first; more only once it has shown that it takes them.
    for (concurrency_max, wanted) in [(1, 1), (3, 3), (4, 4), (6, 4)] {
        let proxy = Proxy::start(&node.url()).await;
        proxy.conduct.lists.store(false, Ordering::SeqCst);
        proxy.conduct.is_open.send_replace(false);
        let limits = StreamLimits {
            concurrency_max,
            ..StreamLimits::default()
        };
        let source = providers(&[&proxy.url], limits);
        let run = tokio::spawn(all(source.fetch_run(0, last)));
        let mut under_way = proxy.conduct.under_way.subscribe();
        let full = under_way.wait_for(|count| *count >= wanted);
        tokio::time::timeout(PATIENCE, full).await.unwrap().unwrap();
        let at_once = proxy.conduct.under_way_max.load(Ordering::SeqCst);
        assert_eq!(at_once, wanted, "of {concurrency_max}");
        proxy.conduct.is_open.send_replace(true);
        let (run, error) = run.await.unwrap();
        assert!(error.is_none(), "{error:?}");
        assert_eq!(sequences(&run), (0..=last).collect::<Vec<_>>());
        let most = proxy.conduct.under_way_max.load(Ordering::SeqCst);
        assert!(most <= concurrency_max, "{most} of {concurrency_max}");
    }
    node.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_that_headers_do_not_name_is_refused() {
    let node = replay(&CHAIN, None).await;
    let (source, _) = source(&node.url());
    let mut headers: Vec<CheckpointHeader> = CHAIN[2..8].iter().map(header).collect();
    let right = headers[3].digest;
    headers[3].digest = Digest::new([7; 32]);
    let (run, error) = all(source.fetch_bound(headers.clone())).await;
    assert_eq!(sequences(&run), [2, 3, 4]);
    let Some(SourceError::Unbound {
        sequence,
        expected,
        found,
    }) = &error
    else {
        panic!("{error:?}");
    };
    assert_eq!((*sequence, *found), (5, right));
    assert_eq!(*expected, headers[3].digest);
    let message = error.unwrap().to_string();
    assert!(message.contains("stream of headers"), "{message}");

    // Nodes behind one address that follow different chains.
    let headers: Vec<CheckpointHeader> = other_chain()[2..8].iter().map(header).collect();
    let (run, error) = all(source.fetch_bound(headers.clone())).await;
    assert!(run.is_empty(), "{:?}", sequences(&run));
    assert!(matches!(
        error,
        Some(SourceError::Unbound { sequence: 2, .. })
    ));

    // Another number is not that checkpoint either.
    let fetched = source.fetch(4).await.unwrap();
    assert!(check_binding(&header(&CHAIN[4]), &fetched).is_ok());
    let error = check_binding(&header(&CHAIN[3]), &fetched).unwrap_err();
    assert!(matches!(
        error,
        SourceError::OutOfOrder {
            expected: 3,
            found: 4
        }
    ));
    node.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_begin_and_end_where_they_should() {
    let node = replay(&CHAIN, None).await;
    let (source, _) = source(&node.url());
    let (run, error) = all(source.fetch_run(5, 4)).await;
    assert!(run.is_empty() && error.is_none());
    let (run, error) = all(source.fetch_bound(vec![])).await;
    assert!(run.is_empty() && error.is_none());
    let (run, error) = all(source.fetch_run(5, 5)).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(sequences(&run), [5]);
    let holed = [&CHAIN[2], &CHAIN[4]].map(header).to_vec();
    let (run, error) = all(source.fetch_bound(holed)).await;
    assert!(run.is_empty());
    assert!(matches!(
        error,
        Some(SourceError::OutOfOrder {
            expected: 3,
            found: 4
        })
    ));
    node.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_pruned_is_an_error() {
    let node = Devnet::start(DevnetConfig {
        chain: ChainConfig {
            transactions: None,
            ..chain_config()
        },
        history: 30,
        retention: 10,
        pace: Pace::Manual,
        ..DevnetConfig::default()
    });
    let node = node.await.unwrap();
    let (source, _) = source(&node.url());
    let error = source.fetch(19).await.unwrap_err();
    let pruned = |error: &SourceError| {
        matches!(
            error,
            SourceError::Pruned {
                sequence: 19,
                lowest: 20,
                ..
            }
        )
    };
    assert!(pruned(&error), "{error:?}");
    assert_eq!(source.fetch(20).await.unwrap().header.sequence, 20);
    let (run, error) = all(source.fetch_run(19, 25)).await;
    assert!(run.is_empty());
    assert!(error.as_ref().is_some_and(pruned), "{error:?}");
    node.shutdown().await.unwrap();
}
