//! Faults of what a face has: another chain, an older tip, a higher floor, very large checkpoints.

use std::time::{Duration, Instant};

use prost::Message;
use sui_rpc::{
    client::ResponseExt,
    field::{FieldMask, FieldMaskUtil},
    proto::sui::rpc::v2::{
        BatchGetObjectsRequest, GetCheckpointRequest, GetEpochRequest, GetObjectRequest,
        GetServiceInfoRequest, GetServiceInfoResponse, ListBalancesRequest,
    },
};
use sui_sdk_types::{CheckpointSummary, Object};
use tonic::Code;
use vigia_devnet::{ChainConfig, Devnet, DevnetConfig, Faults, Pace, generate, verify_chain};

use crate::{
    proof::problems,
    support::{self, chain_config, client, faults, faulty, get, list, soon},
};

async fn info(url: &str) -> GetServiceInfoResponse {
    let request = GetServiceInfoRequest::default();
    let response = client(url)
        .ledger_client()
        .get_service_info(request)
        .await
        .unwrap();
    assert_eq!(
        response.checkpoint_height(),
        response.get_ref().checkpoint_height
    );
    response.into_inner()
}

fn summary(message: &sui_rpc::proto::sui::rpc::v2::Checkpoint) -> CheckpointSummary {
    message.summary().bcs().deserialize().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn faces_show_one_chain_with_faults_of_their_own() {
    let mut devnet = faulty(10, &["omit-tx,every=1"]).await;
    let any = "127.0.0.1:0".parse().unwrap();
    let other = devnet.also_listen(any, Faults::none()).await.unwrap();
    devnet.advance(5);
    let committee = devnet.genesis_committee().unwrap();
    let (lying, honest) = (get(&devnet.url(), 14).await, get(&other.url(), 14).await);
    let (lying, honest) = (lying.unwrap(), honest.unwrap());
    assert_eq!(lying.summary, honest.summary);
    assert_eq!(problems(&honest, &committee).len(), 0);
    assert_eq!(problems(&lying, &committee).len(), 1);
    assert_eq!(devnet.faces()[0].struck()["omit-tx"], 1);
    assert!(other.struck().is_empty());

    other.set_faults(faults(&["unavailable:1h"]));
    assert_eq!(
        get(&other.url(), 14).await.unwrap_err().code(),
        Code::Unavailable
    );
    assert!(get(&devnet.url(), 14).await.is_ok());
    devnet.heal();
    assert_eq!(get(&other.url(), 14).await.unwrap(), honest);
    assert_eq!(get(&devnet.url(), 14).await.unwrap(), honest);
    devnet.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lagging_node_stands_still_and_then_keeps_its_distance() {
    let devnet = support::manual(30).await;
    let url = devnet.url();
    assert_eq!(info(&url).await.checkpoint_height, Some(29));
    devnet.set_faults(faults(&["lag:5"]));
    devnet.advance(3);
    assert_eq!(
        info(&url).await.checkpoint_height,
        Some(29),
        "it does not go back"
    );
    assert_eq!(get(&url, 30).await.unwrap_err().code(), Code::NotFound);
    devnet.advance(7);
    assert_eq!(info(&url).await.checkpoint_height, Some(34));
    assert_eq!(devnet.faces()[0].tip(), Some(34));
    let listed = list(&url, 20).await.unwrap();
    assert_eq!(listed.last().unwrap().sequence_number, Some(34));
    assert!(devnet.struck()["lag"] > 0);

    let mut client = client(&url);
    let mut frames = support::subscribe(&mut client).await.unwrap();
    devnet.advance(1);
    let mut next = async || soon(frames.message()).await.unwrap().unwrap().cursor;
    assert_eq!(next().await, Some(35));
    devnet.heal();
    for number in 36..=40 {
        assert_eq!(
            next().await,
            Some(number),
            "healing catches up without a gap"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lagging_node_answers_from_the_state_of_its_height() {
    let behind = support::manual(0).await;
    behind.set_faults(faults(&["lag:20"]));
    behind.advance(60);
    let then = support::manual(40).await;
    for user in then.users() {
        let balances = async |url: &str| {
            let request = ListBalancesRequest::default().with_owner(user.address.to_string());
            let response = client(url).state_client().list_balances(request).await;
            response.unwrap().into_inner()
        };
        assert_eq!(balances(&behind.url()).await, balances(&then.url()).await);
        let owned = async |url: &str| {
            let mut request = sui_rpc::proto::sui::rpc::v2::ListOwnedObjectsRequest::default();
            request.owner = Some(user.address.to_string());
            let response = client(url).state_client().list_owned_objects(request).await;
            response.unwrap().into_inner()
        };
        assert_eq!(owned(&behind.url()).await, owned(&then.url()).await);
    }
    let epoch = async |url: &str| {
        let request = GetEpochRequest::latest().with_read_mask(FieldMask::from_str("*"));
        client(url)
            .ledger_client()
            .get_epoch(request)
            .await
            .unwrap()
            .into_inner()
    };
    assert_eq!(epoch(&behind.url()).await, epoch(&then.url()).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_may_end_below_what_subscribers_get() {
    let devnet = faulty(0, &["list-behind-live:4"]).await;
    let url = devnet.url();
    let mut client = client(&url);
    let mut frames = support::subscribe(&mut client).await.unwrap();
    devnet.advance(20);
    for number in 0..20 {
        let frame = soon(frames.message()).await.unwrap().unwrap();
        assert_eq!(frame.cursor, Some(number));
    }
    assert_eq!(info(&url).await.checkpoint_height, Some(19));
    assert_eq!(list(&url, 0).await.unwrap().len(), 16);
    assert_eq!(get(&url, 16).await.unwrap_err().code(), Code::NotFound);
    devnet.advance(1);
    assert!(get(&url, 16).await.is_ok());
    devnet.heal();
    assert_eq!(list(&url, 0).await.unwrap().len(), 21);
}

#[tokio::test(flavor = "multi_thread")]
async fn pruning_moves_the_floor_with_the_tip() {
    let devnet = faulty(30, &["prune:10"]).await;
    let url = devnet.url();
    assert_eq!(info(&url).await.lowest_available_checkpoint, Some(20));
    let error = get(&url, 19).await.unwrap_err();
    assert_eq!(error.code(), Code::NotFound);
    assert_eq!(error.lowest_available_checkpoint(), Some(20));
    assert_eq!(list(&url, 19).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(list(&url, 20).await.unwrap().len(), 10);
    devnet.advance(3);
    assert_eq!(get(&url, 22).await.unwrap_err().code(), Code::NotFound);
    assert!(get(&url, 23).await.is_ok());
    devnet.set_faults(faults(&["prune:1000"]));
    assert_eq!(list(&url, 0).await.unwrap().len(), 33);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_chain_has_another_id_and_other_signers() {
    let devnet = support::manual(10).await;
    let (url, committee) = (devnet.url(), devnet.genesis_committee().unwrap());
    let right = info(&url).await.chain_id;
    devnet.set_faults(faults(&["wrong-chain"]));
    assert_ne!(info(&url).await.chain_id, right);
    let other = list(&url, 0).await.unwrap();
    assert_eq!(other.len(), 10);
    for checkpoint in &other[1..] {
        assert!(problems(checkpoint, &committee).contains("signature"));
    }
    devnet.advance(2);
    assert_eq!(list(&url, 0).await.unwrap().len(), 12);
    devnet.set_faults(faults(&["wrong-chain,keep-id"]));
    assert_eq!(info(&url).await.chain_id, right);
    assert_eq!(get(&url, 5).await.unwrap(), other[5]);
    assert_eq!(devnet.struck()["wrong-chain"], 2);
    devnet.heal();
    assert_eq!(info(&url).await.chain_id, right);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_chain_may_begin_in_the_middle_of_a_stream() {
    let devnet = faulty(3, &["wrong-chain,from=6"]).await;
    let (url, committee) = (devnet.url(), devnet.genesis_committee().unwrap());
    let right = info(&url).await.chain_id;
    let mut client = client(&url);
    let mut frames = support::subscribe(&mut client).await.unwrap();
    devnet.advance(5);
    for number in 3..8 {
        let frame = soon(frames.message()).await.unwrap().unwrap();
        assert_eq!(frame.cursor, Some(number));
        let made = devnet
            .checkpoint(number)
            .unwrap()
            .checkpoint_summary
            .checkpoint
            .digest();
        assert_eq!(frame.checkpoint().digest() == made.to_string(), number < 6);
    }
    assert_ne!(info(&url).await.chain_id, right);
    let listed = list(&url, 5).await.unwrap();
    assert_eq!(problems(&listed[0], &committee).len(), 0);
    assert!(problems(&listed[1], &committee).contains("signature"));
    assert_ne!(
        summary(&listed[1]).previous_digest,
        Some(summary(&listed[0]).digest())
    );
    assert_eq!(
        summary(&listed[2]).previous_digest,
        Some(summary(&listed[1]).digest())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_of_the_chain_are_refused_for_files() {
    let checkpoints: Vec<_> = generate(chain_config()).take(3).collect();
    for spec in ["huge:1MB", "wrong-chain"] {
        let config = DevnetConfig {
            faults: faults(&[spec]),
            ..DevnetConfig::default()
        };
        let refused = Devnet::replay(checkpoints.clone(), &config).await;
        assert!(refused.is_err_and(|error| error.to_string().contains("needs a chain")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn huge_checkpoints_are_thirty_megabytes_and_honest() {
    const BYTES: usize = 30_000_000;
    let config = DevnetConfig {
        chain: ChainConfig {
            tps: 20,
            ..chain_config()
        },
        history: 6,
        pace: Pace::Manual,
        faults: faults(&["huge:30MB,from=4,every=100"]),
        ..DevnetConfig::default()
    };
    let devnet = Devnet::start(config).await.unwrap();
    let told = get(&devnet.url(), 4).await.unwrap();
    let bytes = told.encode_to_vec();
    assert!(bytes.len() > BYTES, "{}", bytes.len());
    let compressed = zstd::encode_all(&bytes[..], 1).unwrap();
    assert!(
        compressed.len() > BYTES,
        "compression does not help: {}",
        compressed.len()
    );
    assert!(
        told.transactions
            .iter()
            .all(|t| t.transaction().bcs().value().len() < 128 << 10)
    );
    let committee = devnet.genesis_committee().unwrap();
    assert_eq!(problems(&told, &committee).len(), 0);
    let made: Vec<_> = (0..6)
        .map(|number| devnet.checkpoint(number).unwrap())
        .collect();
    assert_eq!(verify_chain(committee, made).unwrap(), 6);
    assert!(get(&devnet.url(), 5).await.unwrap().encoded_len() < 1_000_000);
    assert_eq!(devnet.struck()["huge"], 1);

    // Nobody who keeps tonic's limit can read it.
    let narrow = sui_rpc::Client::new(devnet.url()).unwrap();
    let mut narrow = narrow.with_max_decoding_message_size(4 << 20);
    let request = GetCheckpointRequest::by_sequence_number(4)
        .with_read_mask(FieldMask::from_str("transactions.transaction.bcs"));
    let refused = narrow.ledger_client().get_checkpoint(request).await;
    assert_eq!(refused.unwrap_err().code(), Code::OutOfRange);
}

#[tokio::test(flavor = "multi_thread")]
async fn huge_checkpoints_begin_and_end_while_the_chain_runs() {
    let mut devnet = support::manual(2).await;
    let any = "127.0.0.1:0".parse().unwrap();
    let other = devnet.also_listen(any, Faults::none()).await.unwrap();
    other.set_faults(faults(&["huge:300KB,every=1,from=1"]));
    devnet.advance(1);
    other.heal();
    devnet.advance(1);
    let sizes = [2, 3].map(|n| bcs::serialized_size(&devnet.checkpoint(n).unwrap()).unwrap());
    assert!(sizes[0] > 300_000 && sizes[1] < 100_000, "{sizes:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_are_there_in_every_version_that_checkpoints_hold() {
    let config = DevnetConfig {
        chain: chain_config(),
        history: 30,
        pace: Pace::Manual,
        retention: 10,
        ..DevnetConfig::default()
    };
    let devnet = Devnet::start(config).await.unwrap();
    let mut client = client(&devnet.url());
    for number in 20..30 {
        let made = devnet.checkpoint(number).unwrap();
        let objects: Vec<&Object> = made
            .transactions
            .iter()
            .flat_map(|t| t.input_objects.iter().chain(&t.output_objects))
            .collect();
        for objects in objects.chunks(200) {
            let mut batch = BatchGetObjectsRequest::default();
            batch.read_mask = Some(FieldMask::from_str("bcs"));
            batch.requests = objects.iter().map(|o| at(o)).collect();
            let answer = client.ledger_client().batch_get_objects(batch).await;
            let results = answer.unwrap().into_inner().objects;
            assert_eq!(results.len(), objects.len());
            for (result, object) in results.iter().zip(objects) {
                let told: Object = result.object().bcs().deserialize().unwrap();
                assert_eq!(told, **object);
            }
        }
    }
    // A version of the clock that only a pruned checkpoint held is gone.
    let newest = devnet.checkpoint(29).unwrap();
    let clock = &newest.transactions[0].output_objects[0];
    let mut pruned = at(clock);
    pruned.version = Some(clock.version() - 15);
    let error = client.ledger_client().get_object(pruned).await.unwrap_err();
    assert_eq!(error.code(), Code::NotFound);
}

fn at(object: &Object) -> GetObjectRequest {
    let mut request = GetObjectRequest::new(&object.object_id());
    request.version = Some(object.version());
    request
}

#[tokio::test(flavor = "multi_thread")]
async fn states_end_by_themselves() {
    let devnet = support::manual(10).await;
    let begun = Instant::now();
    devnet.set_faults(faults(&["prune:2,for=150ms"]));
    soon(async {
        while get(&devnet.url(), 0).await.is_err() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert!(begun.elapsed() >= Duration::from_millis(150));
}
