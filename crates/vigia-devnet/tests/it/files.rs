//! Checkpoints as files, and a node that serves them.

use std::{fs, path::PathBuf};

use sui_rpc::{
    Client,
    proto::sui::rpc::v2::{Checkpoint, GetCheckpointRequest, GetTransactionRequest},
};
use sui_sdk_types::CheckpointData;
use vigia_devnet::{
    Devnet, DevnetConfig, FileFormat, generate, read_chk, read_chk_directory, write_checkpoint,
};

use crate::support::chain_config;

fn some_checkpoints() -> Vec<CheckpointData> {
    // Not adjacent, as downloaded samples are not.
    generate(chain_config()).take(40).step_by(13).collect()
}

#[test]
fn chk_files_read_back_as_they_were() {
    let directory = tempfile::tempdir().unwrap();
    let made = some_checkpoints();
    for data in made.iter().cloned() {
        write_checkpoint(directory.path(), data, FileFormat::Chk).unwrap();
    }
    assert_eq!(read_chk_directory(directory.path()).unwrap(), made);
    fs::write(directory.path().join("14.chk"), [2, 0, 0]).unwrap();
    let error = read_chk_directory(directory.path()).unwrap_err();
    assert!(format!("{error:#}").contains("14.chk: does not begin"));
}

#[test]
fn binpb_files_hold_the_full_message() {
    use prost::Message;
    let directory = tempfile::tempdir().unwrap();
    let data = some_checkpoints().remove(1);
    write_checkpoint(directory.path(), data.clone(), FileFormat::BinpbZst).unwrap();
    let bytes = fs::read(directory.path().join("13.binpb.zst")).unwrap();
    let bytes = zstd::decode_all(&bytes[..]).unwrap();
    let message = Checkpoint::decode(&bytes[..]).unwrap();
    assert_eq!(message.sequence_number(), 13);
    assert_eq!(message.transactions().len(), data.transactions.len());
}

async fn assert_serves(checkpoints: Vec<CheckpointData>) {
    let config = DevnetConfig::default();
    let devnet = Devnet::replay(checkpoints.clone(), &config).await.unwrap();
    let mut client = Client::new(devnet.url()).unwrap();
    let mut ledger = client.ledger_client();
    for data in checkpoints {
        let number = data.checkpoint_summary.checkpoint.sequence_number;
        let request = GetCheckpointRequest::by_sequence_number(number).with_read_mask(
            prost_types::FieldMask {
                paths: vec!["*".to_owned()],
            },
        );
        let response = ledger.get_checkpoint(request).await.unwrap();
        let message = response.into_inner().checkpoint.unwrap();
        let digest = data.checkpoint_summary.checkpoint.digest();
        assert_eq!(message.digest(), digest.to_string());
        assert_eq!(message.transactions().len(), data.transactions.len());
        let digest = data.transactions[0].effects.transaction_digest();
        let request = GetTransactionRequest::new(digest);
        ledger.get_transaction(request).await.unwrap();
    }
    devnet.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn replay_serves_checkpoints_with_gaps() {
    assert_serves(some_checkpoints()).await;
}

/// Real checkpoints are not part of the project. They are read from `VIGIA_CHAIN_DATA`, or from
/// where they usually are beside it.
#[tokio::test(flavor = "multi_thread")]
async fn replay_serves_real_checkpoints() {
    let usual = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/chain-data");
    let root = std::env::var_os("VIGIA_CHAIN_DATA").unwrap_or_else(|| usual.into());
    let directory = PathBuf::from(root).join("checkpoints/mainnet");
    if !directory.exists() {
        let required = std::env::var_os("VIGIA_REQUIRE_CHAIN_DATA").is_some_and(|v| v == "1");
        assert!(!required, "no chain data at {}", directory.display());
        println!("skipped: no chain data at {}", directory.display());
        return;
    }
    assert_serves(read_chk_directory(&directory).unwrap()).await;
    read_chk(&directory.join("100000017.chk")).unwrap();
}
