//! Several providers of one chain: who is read from, and what happens when one is no good.

use std::net::TcpListener;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use futures::StreamExt;
use vigia_core::ChainId;
use vigia_devnet::{ChainConfig, generate};
use vigia_sui::{
    CheckpointSource, CheckpointStream, ProviderConfig, ProviderRoles, Providers, RosterPolicy,
    SourceError, Standing, Start, StreamLimits,
};

use crate::node::{PATIENCE, address_of, providers, replay};
use crate::proxy::Proxy;
use crate::support::{CHAIN, chain_config};

/// The next checkpoint, past whatever is reported meanwhile.
async fn brought(stream: &mut CheckpointStream) -> u64 {
    let reading = async {
        loop {
            if let Ok(checkpoint) = stream.next().await.expect("a live stream never ends") {
                return checkpoint.header.sequence;
            }
        }
    };
    tokio::time::timeout(PATIENCE, reading)
        .await
        .expect("in time")
}

fn current(providers: &Providers) -> Option<usize> {
    providers.states().iter().position(|state| state.is_current)
}

#[tokio::test(flavor = "multi_thread")]
async fn when_one_goes_the_next_goes_on_and_the_first_comes_back() {
    let first = replay(&CHAIN[..6], None).await;
    let address = address_of(&first);
    let second = replay(&CHAIN[..9], None).await;
    let both = providers(&[&first.url(), &second.url()], StreamLimits::default());
    let mut stream = both.stream(Start::Checkpoint(0));
    for expected in 0..6 {
        assert_eq!(brought(&mut stream).await, expected);
    }
    assert_eq!(current(&both), Some(0));
    first.shutdown().await.unwrap();
    let begun = Instant::now();
    for expected in 6..9 {
        assert_eq!(brought(&mut stream).await, expected);
    }
    let took = begun.elapsed();
    println!(
        "the second brought the next one {} ms after the first was gone",
        took.as_millis()
    );
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert_eq!(current(&both), Some(1));

    // Back it is preferred, once it has been well for a second.
    let first = replay(&CHAIN, Some(address)).await;
    let returning = async {
        loop {
            both.probe_standbys(false).await;
            // The way back takes its time; meanwhile the second has nothing more to bring.
            let coming = tokio::time::timeout(Duration::from_millis(100), stream.next());
            if let Ok(Some(Ok(checkpoint))) = coming.await {
                return checkpoint.header.sequence;
            }
        }
    };
    let next = tokio::time::timeout(PATIENCE, returning).await.unwrap();
    assert_eq!(next, 9);
    assert_eq!(current(&both), Some(0));
    first.shutdown().await.unwrap();
    second.shutdown().await.unwrap();
}

/// Accepts connections and says nothing: neither TCP nor HTTP fails.
fn half_open() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("it is bound"));
    (listener, url)
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_answers_nothing_is_left_within_five_seconds() {
    let (_listener, silent) = half_open();
    let node = replay(&CHAIN, None).await;
    let both = providers(&[&silent, &node.url()], StreamLimits::default());
    let begun = Instant::now();
    let mut stream = both.stream(Start::Checkpoint(3));
    assert_eq!(brought(&mut stream).await, 3);
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "{:?}",
        begun.elapsed()
    );
    let states = both.states();
    assert!(states[1].is_current && states[1].bytes > 0 && states[1].requests > 1);
    let Standing::Resting { problem, .. } = &states[0].standing else {
        panic!("{:?}", states[0]);
    };
    assert!(problem.contains("no answer within 1500 ms"), "{problem}");
    node.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn another_chain_is_named_and_never_read() {
    let other = generate(ChainConfig {
        seed: 2,
        ..chain_config()
    });
    let wrong = replay(&other.collect::<Vec<_>>(), None).await;
    let right = replay(&CHAIN, None).await;
    let both = providers(&[&wrong.url(), &right.url()], StreamLimits::default());
    both.bind(ChainId(right.chain_id().unwrap()));
    assert_eq!(
        both.info().await.unwrap().chain.0,
        right.chain_id().unwrap()
    );
    let mut stream = both.stream(Start::Checkpoint(0));
    for expected in 0..CHAIN.len() as u64 {
        let checkpoint = loop {
            match stream.next().await.unwrap() {
                Ok(checkpoint) => break checkpoint,
                Err(error) => assert!(matches!(error, SourceError::WrongChain { .. }), "{error}"),
            }
        };
        assert_eq!(checkpoint.header.sequence, expected);
    }
    let states = both.states();
    assert!(matches!(states[0].standing, Standing::WrongChain { .. }));
    assert!(states[0].standing.to_string().contains("another chain"));

    let alone = providers(&[&wrong.url()], StreamLimits::default());
    alone.bind(ChainId(right.chain_id().unwrap()));
    let error = alone.info().await.unwrap_err();
    assert!(matches!(error, SourceError::WrongChain { .. }), "{error}");
    wrong.shutdown().await.unwrap();
    right.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_pruned_comes_from_an_archive_or_is_said() {
    let pruned = replay(&CHAIN[8..], None).await;
    let archive = replay(&CHAIN[2..], None).await;
    let config = |url: String, roles| ProviderConfig {
        roles,
        ..ProviderConfig::new(url)
    };
    let archive_only = ProviderRoles {
        live: false,
        history: false,
        archive: true,
    };
    let configs = [
        config(pruned.url(), ProviderRoles::default()),
        config(archive.url(), archive_only),
    ];
    let policy = RosterPolicy::default();
    let clock = std::sync::Arc::new(vigia_core::SystemClock);
    let both = Providers::new(&configs, policy, StreamLimits::default(), clock, |_| {});
    let both = both.unwrap();
    // Replayed nodes name their chain by what they have.
    assert_eq!(both.pruned(1).await, Some(2));
    assert_eq!(both.pruned(2).await, None);
    let run: Vec<_> = both.fetch_run(2, 9).collect().await;
    let run: Vec<u64> = run
        .into_iter()
        .map(|c| c.unwrap().header.sequence)
        .collect();
    assert_eq!(run, (2..=9).collect::<Vec<u64>>());
    let states = both.states();
    assert_eq!((states[0].lowest, states[1].lowest), (Some(8), Some(2)));

    let mut stream = both.stream(Start::Checkpoint(1));
    let error = loop {
        match stream.next().await.unwrap() {
            Ok(checkpoint) => panic!("{:?} is not what was asked for", checkpoint.header),
            Err(error @ SourceError::Pruned { .. }) => break error,
            Err(_) => {}
        }
    };
    assert!(error.to_string().contains("keeps 2 and later"), "{error}");
    pruned.shutdown().await.unwrap();
    archive.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn probes_tell_what_is_served() {
    let node = replay(&CHAIN, None).await;
    let proxy = Proxy::start(&node.url()).await;
    proxy.conduct.lists.store(false, Ordering::SeqCst);
    let both = providers(&[&node.url(), &proxy.url], StreamLimits::default());
    for probe in both.probe(true).await {
        assert_eq!(probe.info.unwrap().tip, CHAIN.len() as u64 - 1);
    }
    let states = both.states();
    let served = |index: usize| states[index].capabilities.clone().unwrap();
    let all: Vec<_> = served(0)
        .all()
        .into_iter()
        .map(|(_, served)| served)
        .collect();
    assert_eq!(all, [Some(true); 3]);
    assert_eq!(served(1).list_checkpoints, Some(false));
    assert_eq!(served(0).to_string(), "all methods");
    assert!(served(1).to_string().starts_with("without ListCheckpoints"));
    node.shutdown().await.unwrap();
}
