//! Buckets over HTTP: both layouts, everything that may be wrong with one, and its limits.

use std::path::Path;
use std::time::Duration;

use futures::StreamExt;
use vigia_core::Checkpoint;
use vigia_devnet::write_checkpoint;
use vigia_devnet::{Bucket, Devnet, DevnetConfig, DevnetFace, Faults, FileFormat, Pace};
use vigia_sui::{BucketConfig, BucketLimits, BucketSource, SourceError};

use crate::support::{CHAIN, chain_config, comparable, read_folder};
use crate::tls::TlsFront;

const HERE: std::net::SocketAddr =
    std::net::SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

fn source(url: &str, limits: BucketLimits) -> BucketSource {
    let config = BucketConfig {
        url: url.to_owned(),
        ca_pem: None,
        limits,
    };
    BucketSource::new(&config).expect("an address")
}

fn impatient() -> BucketLimits {
    BucketLimits {
        silence_max: Duration::from_millis(500),
        pause: Duration::from_millis(10),
        ..BucketLimits::default()
    }
}

async fn node_with_bucket(faults: &str) -> (Devnet, DevnetFace) {
    let config = DevnetConfig {
        chain: chain_config(),
        pace: Pace::Complete,
        ..DevnetConfig::default()
    };
    let mut node = Devnet::start(config).await.expect("a node");
    let faults = Faults::parse(5, faults.split_whitespace()).expect("faults");
    let face = node.also_bucket(HERE, faults).await.expect("a bucket");
    (node, face)
}

async fn read(source: &BucketSource, from: u64, to: u64) -> Result<Vec<Checkpoint>, SourceError> {
    let mut stream = source.fetch_run(from, to);
    let mut read = Vec::new();
    while let Some(item) = stream.next().await {
        read.push(item?);
    }
    Ok(read)
}

fn tip() -> u64 {
    CHAIN.len() as u64 - 1
}

async fn files(folder: &Path, format: FileFormat) -> Vec<Checkpoint> {
    for data in CHAIN.iter() {
        write_checkpoint(folder, data.clone(), format).expect("a file");
    }
    let (checkpoints, errors) = read_folder(folder).await;
    assert!(errors.is_empty(), "{errors:?}");
    checkpoints
}

#[tokio::test]
async fn both_layouts_bring_what_files_hold() {
    for format in [FileFormat::Chk, FileFormat::BinpbZst] {
        let folder = tempfile::tempdir().unwrap();
        let expected = files(folder.path(), format).await;
        let bucket = Bucket::serve(folder.path().to_owned(), HERE, Faults::none()).await;
        let bucket = bucket.expect("a bucket");
        let source = source(&format!("{}/", bucket.url()), BucketLimits::default());
        let found = read(&source, 0, tip()).await.unwrap();
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(&expected) {
            assert_eq!(comparable(found), comparable(expected));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_broken_or_not_at_all_is_asked_for_again() {
    for faults in [
        "unavailable:300ms",
        "truncate,every=4",
        "not-found,every=5",
        "rate-limit:6/300ms",
        "stall,every=9",
        "gone:200ms",
        "unavailable,every=3 truncate,every=5",
    ] {
        let (node, face) = node_with_bucket(faults).await;
        let source = source(&face.url(), impatient());
        let found = read(&source, 0, tip()).await;
        let found = found.unwrap_or_else(|error| panic!("{faults}: {error}"));
        assert_eq!(found.len() as u64, tip() + 1, "{faults}");
        assert!(!face.struck().is_empty(), "{faults} never struck");
        node.shutdown().await.expect("the node stops");
    }
}

#[tokio::test]
async fn what_is_not_there_is_an_error_that_says_so() {
    let (node, face) = node_with_bucket("").await;
    let source = source(&face.url(), impatient());
    let mut stream = source.fetch_run(tip() - 1, tip() + 2);
    assert!(stream.next().await.unwrap().is_ok());
    assert!(stream.next().await.unwrap().is_ok());
    let error = stream.next().await.unwrap().unwrap_err();
    assert!(
        matches!(error, SourceError::BucketAbsent { sequence, .. } if sequence == tip() + 1),
        "{error}"
    );
    assert!(stream.next().await.is_none(), "an error is the end");
    node.shutdown().await.expect("the node stops");
}

#[tokio::test]
async fn altered_files_are_refused() {
    for part in ["transaction", "effects", "contents", "summary"] {
        let (node, face) = node_with_bucket(&format!("flip:{part},from=6")).await;
        let source = source(&face.url(), impatient());
        let error = read(&source, 0, tip()).await.unwrap_err();
        assert!(!error.may_pass(), "{part}: {error}");
        node.shutdown().await.expect("the node stops");
    }
}

#[tokio::test]
async fn a_bucket_of_another_chain_breaks_the_link() {
    let (node, face) = node_with_bucket("wrong-chain,from=5").await;
    let source = source(&face.url(), impatient());
    let error = read(&source, 0, tip()).await.unwrap_err();
    assert!(error.to_string().contains("it follows"), "{error}");
    node.shutdown().await.expect("the node stops");
}

#[tokio::test]
async fn checkpoints_larger_than_their_share_are_got_alone() {
    let chain = vigia_devnet::ChainConfig {
        transactions: Some(60),
        ..chain_config()
    };
    let config = DevnetConfig {
        chain,
        pace: Pace::Complete,
        faults: Faults::parse(5, ["huge:5MB,every=4"]).expect("faults"),
        ..DevnetConfig::default()
    };
    let mut node = Devnet::start(config).await.expect("a node");
    let face = node.also_bucket(HERE, Faults::none()).await;
    let face = face.expect("a bucket");
    let tip = node.tip().expect("a chain");
    let limits = BucketLimits {
        buffer_bytes: 8 * 1024 * 1024,
        ..impatient()
    };
    let found = read(&source(&face.url(), limits), 0, tip).await.unwrap();
    assert_eq!(found.len() as u64, tip + 1);
    node.shutdown().await.expect("the node stops");
}

#[tokio::test]
async fn addresses_are_refused_that_cannot_be_and_none_shows_a_secret() {
    for (url, word) in [
        ("ftp://host/", "http"),
        ("checkpoints", "http"),
        ("", "http"),
    ] {
        let config = BucketConfig {
            url: url.to_owned(),
            ca_pem: None,
            limits: BucketLimits::default(),
        };
        let error = BucketSource::new(&config)
            .err()
            .expect("refused")
            .to_string();
        assert!(error.contains(word), "{error}");
    }
    let source = source("http://user:hush@127.0.0.1:9/hush?key=hush", impatient());
    assert_eq!(source.url(), "http://127.0.0.1:9");
    let error = source.fetch(1).await.unwrap_err();
    assert!(error.may_pass(), "{error}");
    assert!(!format!("{error} {error:?}").contains("hush"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_tls_the_authority_that_is_named_is_trusted_and_no_other() {
    let (node, face) = node_with_bucket("").await;
    let front = TlsFront::start(&face.url()).await;
    let with = |ca_pem: Option<String>| {
        let config = BucketConfig {
            url: front.url.clone(),
            ca_pem: ca_pem.map(String::into_bytes),
            limits: impatient(),
        };
        BucketSource::new(&config)
    };
    let named = with(Some(front.ca_pem.clone())).unwrap();
    assert_eq!(read(&named, 0, 3).await.unwrap().len(), 4);
    let other = TlsFront::start(&face.url()).await;
    for ca_pem in [None, Some(other.ca_pem.clone())] {
        let error = with(ca_pem).unwrap().fetch(0).await.unwrap_err();
        assert!(error.to_string().contains("certificate"), "{error}");
    }
    let broken = with(Some("-----BEGIN CERTIFICATE-----\nnone\n".to_owned()));
    let error = broken.err().unwrap().to_string();
    assert!(error.contains("certificate authority"), "{error}");
    node.shutdown().await.unwrap();
}
