//! What providers have pruned, from a bucket: up to where they begin, and what is wrong with a bucket.

use std::path::Path;
use std::time::Duration;

use vigia_devnet::{
    Bucket, ChainConfig, Devnet, DevnetConfig, FaultKind, Faults, FileFormat, Pace, generate,
    write_checkpoint,
};
use vigia_sui::{
    Archived, BucketConfig, BucketLimits, BucketSource, CheckpointSource, CheckpointStream,
    SourceError, Start, StreamLimits,
};

use crate::node::{next, providers, replay};
use crate::support::{CHAIN, chain_config};

const HERE: std::net::SocketAddr =
    std::net::SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);
/// The first that the node of most of these tests keeps, by its index.
const LOWEST_INDEX: usize = 8;
const LOWEST: u64 = LOWEST_INDEX as u64;

fn archived(node: &str, bucket: &str) -> Archived {
    let limits = BucketLimits {
        pause: Duration::from_millis(10),
        ..BucketLimits::default()
    };
    let bucket = BucketSource::new(&BucketConfig {
        url: bucket.to_owned(),
        ca_pem: None,
        limits,
    });
    let providers = providers(&[node], StreamLimits::default());
    Archived::new(providers, bucket.expect("an address"))
}

fn fill(folder: &Path) {
    for data in CHAIN.iter() {
        write_checkpoint(folder, data.clone(), FileFormat::BinpbZst).expect("a file");
    }
}

async fn serve(folder: &Path) -> Bucket {
    let bucket = Bucket::serve(folder.to_owned(), HERE, Faults::none()).await;
    bucket.expect("a bucket")
}

/// Reads up to the checkpoint before `end`, each the one of the chain.
async fn read(stream: &mut CheckpointStream, from: u64, end: u64) {
    for expected in from..end {
        let header = next(stream).await.expect("a checkpoint").header;
        let there = &CHAIN[usize::try_from(expected).expect("it is small")];
        let digest = there.checkpoint_summary.checkpoint.digest();
        assert_eq!((header.sequence, header.digest), (expected, digest));
    }
}

async fn refused(stream: &mut CheckpointStream) -> String {
    match next(stream).await {
        Err(error @ SourceError::PrunedAndNotInBucket { lowest, .. }) => {
            assert_eq!(lowest, LOWEST);
            error.to_string()
        }
        other => panic!("{:?}", other.map(|checkpoint| checkpoint.header)),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_growing_node_keeps_no_more_comes_from_the_bucket() {
    let config = DevnetConfig {
        chain: ChainConfig {
            transactions: None,
            ..chain_config()
        },
        history: 60,
        pace: Pace::Manual,
        ..DevnetConfig::default()
    };
    let mut node = Devnet::start(config).await.unwrap();
    let prune = Faults::parse(1, ["prune:20"]).unwrap();
    let pruned = node.also_listen(HERE, prune).await.unwrap();
    let bucket = node.also_bucket(HERE, Faults::none()).await.unwrap();
    let source = archived(&pruned.url(), &bucket.url());
    let mut stream = source.stream(Start::Checkpoint(3));
    for expected in 3..140 {
        // What is its lowest now is gone with the next one.
        node.advance(u64::from(expected < 120));
        let header = next(&mut stream).await.unwrap().header;
        let there = node.checkpoint(expected).unwrap().checkpoint_summary;
        assert_eq!(header.sequence, expected);
        assert_eq!(header.digest, there.checkpoint.digest());
    }
    assert!(pruned.struck().contains_key(FaultKind::Prune.name()));
    // What is not pruned is the providers' to bring.
    assert!(source.pruned_run(150).await.unwrap().is_none());
    node.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_missing_or_damaged_is_named_until_it_is_mended() {
    let node = replay(&CHAIN[LOWEST_INDEX..], None).await;
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path());
    let bucket = serve(folder.path()).await;
    let missing = folder.path().join("3.binpb.zst");
    let damaged = folder.path().join("5.binpb.zst");
    let bytes = std::fs::read(&damaged).unwrap();
    std::fs::remove_file(&missing).unwrap();
    std::fs::write(&damaged, &bytes[..bytes.len() / 2]).unwrap();
    let mut stream = archived(&node.url(), &bucket.url()).stream(Start::Checkpoint(0));
    read(&mut stream, 0, 3).await;
    let told = refused(&mut stream).await;
    assert!(told.contains("checkpoint 3 is not there"), "{told}");
    for choice in ["keep 8 and later", "\"archive\"", "--from 8"] {
        assert!(told.contains(choice), "{told}");
    }
    let mended = CHAIN[3].clone();
    write_checkpoint(folder.path(), mended, FileFormat::BinpbZst).unwrap();
    read(&mut stream, 3, 5).await;
    let told = refused(&mut stream).await;
    assert!(told.contains("checkpoint 5"), "{told}");
    std::fs::write(&damaged, &bytes).unwrap();
    read(&mut stream, 5, CHAIN.len() as u64).await;
    node.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_of_another_chain_or_that_ends_too_early_brings_nothing() {
    let node = replay(&CHAIN[LOWEST_INDEX..], None).await;
    let other = tempfile::tempdir().unwrap();
    for data in generate(ChainConfig {
        seed: 2,
        ..chain_config()
    }) {
        write_checkpoint(other.path(), data, FileFormat::Chk).unwrap();
    }
    let bucket = serve(other.path()).await;
    let mut stream = archived(&node.url(), &bucket.url()).stream(Start::Checkpoint(0));
    let told = refused(&mut stream).await;
    assert!(told.contains("digest"), "{told}");

    let short = tempfile::tempdir().unwrap();
    fill(short.path());
    for sequence in LOWEST - 2..CHAIN.len() as u64 {
        std::fs::remove_file(short.path().join(format!("{sequence}.binpb.zst"))).unwrap();
    }
    let bucket = serve(short.path()).await;
    let mut stream = archived(&node.url(), &bucket.url()).stream(Start::Checkpoint(0));
    let told = refused(&mut stream).await;
    assert!(
        told.contains("past the newest that the bucket has"),
        "{told}"
    );
    node.shutdown().await.unwrap();
}
