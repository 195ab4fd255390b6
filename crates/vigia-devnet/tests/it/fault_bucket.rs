//! Checkpoint files over HTTP: what a bucket holds, and how it misbehaves.

use std::{fs, time::Duration};

use prost::Message;
use sui_rpc::proto::sui::rpc::v2::Checkpoint;
use sui_sdk_types::CheckpointData;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, timeout},
};
use vigia_devnet::{
    Bucket, Devnet, DevnetFace, FaultKind, Faults, FileFormat, generate, write_checkpoint,
};

use crate::{
    proof::problems,
    support::{self, chain_config, faults, soon},
};

/// Status, promised length and body of an answer.
struct Answer {
    status: u16,
    length: Option<usize>,
    body: Vec<u8>,
}

/// Asks for a file over HTTP/1.1 and reads until the connection ends.
async fn fetch(url: &str, file: &str) -> Answer {
    let address = url.trim_start_matches("http://");
    let mut connection = TcpStream::connect(address).await.unwrap();
    let request = format!("GET /{file} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = vec![];
    // A bucket that breaks off may reset the connection.
    let _ = connection.read_to_end(&mut bytes).await;
    let end = bytes.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(bytes[..end].to_vec())
        .unwrap()
        .to_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    Answer {
        status: head[9..12].parse().unwrap(),
        length: length.map(|length| length.parse().unwrap()),
        body: bytes[end + 4..].to_vec(),
    }
}

fn chk(body: &[u8]) -> CheckpointData {
    assert_eq!(body[0], 1);
    bcs::from_bytes(&body[1..]).unwrap()
}

fn binpb(body: &[u8]) -> Checkpoint {
    Checkpoint::decode(&zstd::decode_all(body).unwrap()[..]).unwrap()
}

async fn bucket(devnet: &mut Devnet, specs: &[&str]) -> DevnetFace {
    let any = "127.0.0.1:0".parse().unwrap();
    devnet.also_bucket(any, faults(specs)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_is_there_as_files_of_both_kinds() {
    let mut devnet = support::manual(10).await;
    let bucket = bucket(&mut devnet, &[]).await;
    let committee = devnet.genesis_committee().unwrap();
    for number in [1, 9] {
        let file = fetch(&bucket.url(), &format!("{number}.chk")).await;
        assert_eq!((file.status, file.length), (200, Some(file.body.len())));
        assert_eq!(chk(&file.body), devnet.checkpoint(number).unwrap());
        let file = fetch(&bucket.url(), &format!("some/path/{number}.binpb.zst")).await;
        assert_eq!(problems(&binpb(&file.body), &committee).len(), 0);
    }
    for missing in ["10.chk", "x.chk", "9.bcs", "", "../9.chk.bak"] {
        assert_eq!(fetch(&bucket.url(), missing).await.status, 404, "{missing}");
    }
    devnet.advance(1);
    assert_eq!(fetch(&bucket.url(), "10.chk").await.status, 200);
    devnet.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_is_served_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    for data in generate(chain_config()).take(3) {
        for format in [FileFormat::Chk, FileFormat::BinpbZst] {
            write_checkpoint(directory.path(), data.clone(), format).unwrap();
        }
    }
    fs::write(directory.path().join("secret.txt"), "x").unwrap();
    let any = "127.0.0.1:0".parse().unwrap();
    let served = Bucket::serve(directory.path().to_owned(), any, Faults::none())
        .await
        .unwrap();
    for name in ["2.chk", "2.binpb.zst"] {
        let file = fetch(&served.url(), name).await;
        assert_eq!(file.body, fs::read(directory.path().join(name)).unwrap());
    }
    assert_eq!(fetch(&served.url(), "secret.txt").await.status, 404);
    assert_eq!(fetch(&served.url(), "3.chk").await.status, 404);
    for name in ["2.chk", "2.binpb.zst"] {
        served.face().set_faults(faults(&["flip,every=1,times=1"]));
        let flipped = fetch(&served.url(), name).await.body;
        assert_ne!(flipped, fs::read(directory.path().join(name)).unwrap());
    }
    assert_eq!(served.struck()["flip"], 2);
    let address = served.url().trim_start_matches("http://").to_owned();
    served.shutdown().await.unwrap();
    std::net::TcpListener::bind(address).unwrap();
    let missing = directory.path().join("nothing");
    assert!(Bucket::serve(missing, any, Faults::none()).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_refused_broken_off_and_late() {
    let mut devnet = support::manual(10).await;
    let bucket = bucket(&mut devnet, &["not-found,every=1,times=1"]).await;
    let ask = async || fetch(&bucket.url(), "9.chk").await;
    assert_eq!([ask().await.status, ask().await.status], [404, 200]);
    bucket.set_faults(faults(&["unavailable:1h,times=1"]));
    assert_eq!([ask().await.status, ask().await.status], [503, 200]);
    bucket.set_faults(faults(&["rate-limit:1/1h"]));
    assert_eq!([ask().await.status, ask().await.status], [200, 429]);

    bucket.set_faults(faults(&["truncate,every=1,times=1"]));
    let broken = ask().await;
    assert_eq!(broken.status, 200);
    assert!(broken.body.len() < broken.length.unwrap());
    let whole = ask().await;
    assert_eq!(whole.length, Some(whole.body.len()));
    assert_eq!(broken.body, whole.body[..broken.body.len()]);

    bucket.set_faults(faults(&["slow-drip:200KB"]));
    let begun = Instant::now();
    assert_eq!(ask().await.body, whole.body);
    let least = u64::try_from(whole.body.len() / 200 / 2).unwrap();
    assert!(begun.elapsed() > Duration::from_millis(least));

    for (spec, kind) in [
        ("stall", FaultKind::Stall),
        ("half-open:1h", FaultKind::HalfOpen),
    ] {
        bucket.set_faults(faults(&[spec]));
        let url = bucket.url();
        let asking = tokio::spawn(async move { fetch(&url, "9.chk").await });
        soon(bucket.wait_until_struck(kind, 1)).await;
        assert!(!asking.is_finished());
        bucket.heal();
        assert_eq!(soon(asking).await.unwrap().body, whole.body);
    }
    timeout(support::LIVE, devnet.shutdown())
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn files_lie_as_answers_do() {
    let mut devnet = support::manual(10).await;
    let committee = devnet.genesis_committee().unwrap();
    let bucket = bucket(&mut devnet, &["omit-tx,every=1"]).await;
    let made = devnet.checkpoint(9).unwrap();
    let told = chk(&fetch(&bucket.url(), "9.chk").await.body);
    assert_eq!(told.transactions.len(), made.transactions.len() - 1);
    assert_eq!(told.checkpoint_contents, made.checkpoint_contents);
    let told = binpb(&fetch(&bucket.url(), "9.binpb.zst").await.body);
    assert!(problems(&told, &committee).contains("completeness"));

    bucket.set_faults(faults(&["forge-signature,every=1"]));
    let told = chk(&fetch(&bucket.url(), "9.chk").await.body);
    assert_ne!(
        told.checkpoint_summary.signature,
        made.checkpoint_summary.signature
    );
    bucket.set_faults(faults(&["flip,every=1"]));
    let flipped = fetch(&bucket.url(), "9.chk").await.body;
    bucket.heal();
    let honest = fetch(&bucket.url(), "9.chk").await.body;
    let bits = flipped
        .iter()
        .zip(&honest)
        .map(|(a, b)| (a ^ b).count_ones());
    assert_eq!(bits.sum::<u32>(), 1);
    bucket.set_faults(faults(&["lag:3", "prune:2"]));
    devnet.advance(5);
    for (number, status) in [(9, 404), (10, 200), (11, 200), (12, 404)] {
        let file = fetch(&bucket.url(), &format!("{number}.chk")).await;
        assert_eq!(file.status, status, "{number}");
    }
}
