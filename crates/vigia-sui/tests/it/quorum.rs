//! Streams and fetches of which every byte has to be proven, from nodes that lie.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt;
use sui_sdk_types::CheckpointData;
use vigia_core::{Checkpoint, Digest, ProofPart, error_chain};
use vigia_devnet::{
    Chain, ChainConfig, Devnet, DevnetConfig, FileFormat, Pace, generate, write_checkpoint,
};
use vigia_sui::{
    Announced, CheckpointSource, CommitteeKeeper, CommitteePin, Committees, FileSource, Prover,
    Providers, SourceError, Standing, Start, StreamLimits, TrustRoot, committee_digest,
};

use crate::node::{next, providers, replay};
use crate::support;

/// Epochs of seven checkpoints: runs of linked ones cross their ends.
fn chain_config() -> ChainConfig {
    ChainConfig {
        epoch_checkpoints: 7,
        transactions: Some(450),
        ..support::chain_config()
    }
}

static CHAIN: LazyLock<Vec<CheckpointData>> =
    LazyLock::new(|| generate(chain_config()).take(45).collect());

struct Forgetful;

#[async_trait]
impl CommitteeKeeper for Forgetful {
    async fn keep(&self, _: &Announced, _: u64, _: u64) -> Result<(), String> {
        Ok(())
    }
}

fn prover() -> Prover {
    let committee = Chain::new(chain_config()).genesis_committee();
    let pin = CommitteePin {
        epoch: 0,
        digest: committee_digest(&committee),
    };
    let root = TrustRoot::from_pin(pin, committee).unwrap();
    Prover::new(Committees::new(&root), Arc::new(Forgetful))
}

/// Providers whose every word has to be proven, who are subscribed to near the tip alone.
fn proving(nodes: &[&Devnet], all_amounts: bool) -> Providers {
    let urls: Vec<String> = nodes.iter().map(|node| node.url()).collect();
    let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
    let limits = StreamLimits {
        subscribe_within: 2,
        ..StreamLimits::default()
    };
    let providers = providers(&urls, limits);
    providers.demand_proof();
    providers.prove_with(prover());
    providers.with_all_amounts(all_amounts)
}

/// The first checkpoints of a stream, whatever is reported in between.
async fn read(providers: &Providers, count: usize) -> Vec<Checkpoint> {
    let mut stream = providers.stream(Start::Checkpoint(0));
    let mut read = Vec::new();
    while read.len() < count {
        if let Ok(checkpoint) = next(&mut stream).await {
            read.push(checkpoint);
        }
    }
    read
}

/// What was read is the true chain, each transaction proven by the committee of its epoch or, where it is
/// linked, of a later one.
fn assert_true(read: &[Checkpoint]) {
    for (checkpoint, data) in read.iter().zip(CHAIN.iter()) {
        let summary = &data.checkpoint_summary.checkpoint;
        assert_eq!(checkpoint.header.digest, summary.digest());
        assert_eq!(checkpoint.transactions.len(), data.transactions.len());
        for (transaction, original) in checkpoint.transactions.iter().zip(&data.transactions) {
            assert_eq!(transaction.transaction, original.transaction.transaction);
            assert_eq!(transaction.effects, original.effects);
            let vigia_core::Proof::Committee { epoch, .. } = &transaction.proof else {
                panic!("{}", transaction.proof);
            };
            assert!((summary.epoch..=summary.epoch + 5).contains(epoch));
            assert!(transaction.proof.proves(ProofPart::Owners));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_of_a_stream_is_proven() {
    let node = replay(&CHAIN, None).await;
    let count = CHAIN.len();
    let without = read(&proving(&[&node], false), count).await;
    assert_true(&without);
    let all = without
        .iter()
        .flat_map(|checkpoint| &checkpoint.transactions);
    for transaction in all {
        assert!(transaction.balance_changes.is_empty());
        assert_eq!(
            transaction.proof.to_string().split_once(", ").unwrap().1,
            "except amounts (its objects were not asked for)"
        );
    }
    // And amounts of all where they are wanted, as the chain has them.
    let with = read(&proving(&[&node], true), count).await;
    assert_true(&with);
    let mut moved = 0;
    for transaction in with.iter().flat_map(|checkpoint| &checkpoint.transactions) {
        assert!(transaction.proof.is_whole(), "{}", transaction.proof);
        moved += transaction.balance_changes.len();
    }
    assert!(moved > 100, "{moved}");
    node.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_comes_before_there_is_a_root() {
    let node = replay(&CHAIN, None).await;
    let url = node.url();
    let waiting = providers(&[&url], StreamLimits::default());
    waiting.demand_proof();
    let mut stream = waiting.stream(Start::Checkpoint(0));
    let error = next(&mut stream).await.unwrap_err();
    assert!(matches!(error, SourceError::NoRoot), "{error}");
    assert!(!matches!(
        waiting.states()[0].standing,
        Standing::Resting { .. }
    ));
    node.shutdown().await.unwrap();
}

type Lie = (&'static str, fn(&mut CheckpointData));

/// Each with what it is refused for.
const LIES: [Lie; 6] = [
    ("its contents list", |data| drop(data.transactions.pop())),
    ("effects 1 has digest", |data| {
        let earlier = data.transactions[0].effects.clone();
        data.transactions[1].effects = earlier;
    }),
    ("is not signed by the committee of epoch", |data| {
        data.checkpoint_summary.checkpoint.timestamp_ms += 1;
    }),
    ("is not signed by the committee of epoch", |data| {
        let other = CHAIN[3].checkpoint_summary.signature.signature;
        data.checkpoint_summary.signature.signature = other;
    }),
    ("is not signed by the committee of epoch", |data| {
        data.checkpoint_summary.checkpoint.previous_digest = Some(Digest::new([7; 32]));
    }),
    ("its contents are not those its summary names", |data| {
        data.checkpoint_contents = CHAIN[4].checkpoint_contents.clone();
    }),
];

/// In the middle of a run, at the end of an epoch, and the last of a run.
const PLACES: [usize; 3] = [11, 13, 31];

#[tokio::test(flavor = "multi_thread")]
async fn a_lie_in_a_run_is_refused_and_another_one_asked() {
    let honest = replay(&CHAIN, None).await;
    let mut cases = 0;
    for (reason, lie) in LIES {
        for place in PLACES {
            let mut lying = CHAIN.clone();
            lie(&mut lying[place]);
            let liar = replay(&lying, None).await;
            let both = proving(&[&liar, &honest], false);
            let mut stream = both.stream(Start::Checkpoint(0));
            let (mut read, mut refused) = (Vec::new(), Vec::new());
            while read.len() < CHAIN.len() {
                match next(&mut stream).await {
                    Ok(checkpoint) => read.push(checkpoint),
                    Err(error) => refused.push(error_chain(&error)),
                }
            }
            assert_true(&read);
            // A signature is asked for of the last of a run alone: inside one it may be any.
            let is_signature = std::ptr::fn_addr_eq(lie, LIES[3].1);
            if !is_signature {
                let told = refused.iter().any(|error| error.contains(reason));
                assert!(told, "{reason} at {place}: {refused:?}");
            }
            // Alone it gets no further than the truth.
            if !is_signature {
                let alone = proving(&[&liar], false);
                let mut stream = alone.stream(Start::Checkpoint(0));
                let mut read = Vec::new();
                let error = loop {
                    match next(&mut stream).await {
                        Ok(checkpoint) => read.push(checkpoint),
                        Err(error) => break error_chain(&error),
                    }
                };
                assert!(error.contains(reason), "{reason} at {place}: {error}");
                assert_eq!(read.len(), place);
                assert_true(&read);
            }
            liar.shutdown().await.unwrap();
            cases += 1;
        }
    }
    println!("{cases} lies refused");
    honest.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_are_proven_and_bind_what_is_fetched() {
    let mut lying = CHAIN.clone();
    lying[11].checkpoint_summary.checkpoint.timestamp_ms += 1;
    let (liar, honest) = (replay(&lying, None).await, replay(&CHAIN, None).await);
    let both = proving(&[&liar, &honest], false);
    let mut stream = both.headers(Start::Checkpoint(0));
    let mut headers = Vec::new();
    while headers.len() < CHAIN.len() {
        if let Ok(header) = next(&mut stream).await {
            headers.push(header);
        }
    }
    for (header, data) in headers.iter().zip(CHAIN.iter()) {
        assert_eq!(header.digest, data.checkpoint_summary.checkpoint.digest());
    }
    let fetched = both.fetch_bound(headers).collect::<Vec<_>>().await;
    let fetched: Result<Vec<_>, _> = fetched.into_iter().collect();
    assert_true(&fetched.unwrap());
    liar.shutdown().await.unwrap();
    honest.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_streamed_live_is_proven() {
    let config = DevnetConfig {
        chain: chain_config(),
        pace: Pace::Manual,
        ..DevnetConfig::default()
    };
    let node = Devnet::start(config).await.unwrap();
    let live = proving(&[&node], false);
    let mut stream = live.stream(Start::Checkpoint(0));
    let mut proven = 0;
    while proven < 40 {
        let checkpoint = next(&mut stream).await.unwrap();
        assert_eq!(checkpoint.header.sequence, proven);
        for transaction in &checkpoint.transactions {
            assert!(transaction.proof.proves(ProofPart::Completeness));
        }
        proven += 1;
        node.advance(1);
    }
    node.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_proven_by_their_own_signatures() {
    let folder = tempfile::tempdir().unwrap();
    for (place, data) in CHAIN.iter().take(20).enumerate() {
        let mut data = data.clone();
        if place == 9 {
            let other = CHAIN[3].checkpoint_summary.signature.signature;
            data.checkpoint_summary.signature.signature = other;
        }
        let format = [FileFormat::Chk, FileFormat::BinpbZst][place % 2];
        write_checkpoint(folder.path(), data, format).unwrap();
    }
    let node = replay(&CHAIN, None).await;
    let files = FileSource::index(folder.path(), &mut |error| panic!("{error}")).unwrap();
    let files = files.proven_as(&proving(&[&node], false));
    let read: Vec<_> = files.stream(Start::Checkpoint(0)).collect().await;
    assert_eq!(read.len(), 20);
    for (place, read) in read.into_iter().enumerate() {
        match read {
            Ok(checkpoint) => {
                let mut proofs = checkpoint.transactions.iter().map(|t| &t.proof);
                assert!(proofs.all(|proof| *proof == vigia_core::Proof::whole(place as u64 / 7)));
            }
            Err(error) => {
                assert_eq!(place, 9);
                assert!(error.to_string().contains("is not signed by"), "{error}");
            }
        }
    }
    // Without a root nothing is taken for proven, and no file is blamed.
    let waiting = providers(&[&node.url()], StreamLimits::default());
    waiting.demand_proof();
    let files = FileSource::index(folder.path(), &mut |error| panic!("{error}")).unwrap();
    let mut stream = files.proven_as(&waiting).stream(Start::Checkpoint(0));
    let first = tokio::time::timeout(Duration::from_secs(10), stream.next()).await;
    let error = first.unwrap().unwrap().unwrap_err();
    assert!(matches!(error, SourceError::NoRoot), "{error}");
    node.shutdown().await.unwrap();
}
