//! The binary.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
    time::{SystemTime, UNIX_EPOCH},
};

use serde_json::Value;
use sui_rpc::Client;
use vigia_devnet::{Chain, ChainConfig, Packages, read_chk_directory, verify_chain};

fn devnet(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vigia-devnet"));
    command.args(arguments);
    command
}

fn stdout(arguments: &[&str]) -> String {
    let output = devnet(arguments).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn generate_writes_a_chain_that_verifies() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("new").display().to_string();
    let summary = stdout(&[
        "generate",
        "--out",
        &out,
        "--checkpoints",
        "30",
        "--tps",
        "20",
        "--seed",
        "9",
        "--json",
    ]);
    let summary: Value = serde_json::from_str(&summary).unwrap();
    assert_eq!(summary["checkpoints"], 30);
    let checkpoints = read_chk_directory(out.as_ref()).unwrap();
    let config = ChainConfig {
        seed: 9,
        tps: 20,
        ..ChainConfig::default()
    };
    let committee = Chain::new(config).genesis_committee();
    assert_eq!(verify_chain(committee, checkpoints).unwrap(), 30);
}

#[test]
fn users_are_those_of_the_seed() {
    let csv = stdout(&["users", "--seed", "4", "--users", "3"]);
    let lines: Vec<_> = csv.lines().collect();
    assert_eq!(lines[0], "address,account,name");
    assert_eq!(lines.len(), 4);
    let config = ChainConfig {
        seed: 4,
        users: 3,
        ..ChainConfig::default()
    };
    let user = &Chain::new(config).users()[2];
    assert_eq!(lines[3], format!("{},2,{}", user.address, user.name));
}

#[test]
fn packages_are_constants() {
    let packages: Value = serde_json::from_str(&stdout(&["packages"])).unwrap();
    let ids = Packages::declared();
    assert_eq!(packages["packages"]["pay"], ids.pay.to_string());
    let cusd = format!("{}::cusd::CUSD", ids.cusd);
    assert_eq!(packages["coins"]["cUSD"], cusd);
}

#[tokio::test(flavor = "multi_thread")]
async fn serve_shows_the_wallet_at_work_and_stops_when_asked() {
    let mut command = devnet(&[
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--json",
        "--interval-ms",
        "50",
    ]);
    let mut node = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    let mut output = BufReader::new(node.stdout.take().unwrap());
    output.read_line(&mut line).unwrap();
    let started: Value = serde_json::from_str(&line).unwrap();

    let mut client = Client::new(started["url"].as_str().unwrap()).unwrap();
    let users = Chain::new(ChainConfig::default()).users();
    let users: Vec<_> = users.iter().map(|user| user.address.to_string()).collect();
    // Whatever is made from here on is heard of.
    let mut request = sui_rpc::proto::sui::rpc::v2::SubscribeCheckpointsRequest::default();
    request.read_mask = Some(prost_types::FieldMask {
        paths: vec!["sequence_number".to_owned()],
    });
    let mut subscriptions = client.subscription_client();
    let made = subscriptions.subscribe_checkpoints(request).await;
    let mut made = made.unwrap().into_inner();
    let mut next = 1;
    let activity = loop {
        let mut request =
            sui_rpc::proto::sui::rpc::v2::GetCheckpointRequest::by_sequence_number(next);
        request.read_mask = Some(prost_types::FieldMask {
            paths: vec!["summary.timestamp".to_owned(), "transactions".to_owned()],
        });
        let Ok(response) = client.ledger_client().get_checkpoint(request).await else {
            made.message().await.unwrap().expect("it never ends");
            continue;
        };
        let checkpoint = response.into_inner().checkpoint.unwrap();
        let concerned = checkpoint
            .transactions
            .iter()
            .flat_map(|t| &t.balance_changes);
        if concerned
            .into_iter()
            .any(|c| users.contains(&c.address().to_owned()))
        {
            break checkpoint;
        }
        next += 1;
        assert!(next < 25, "no activity in the first second");
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let made = u64::try_from(activity.summary().timestamp.unwrap().seconds).unwrap();
    assert!(now.as_secs().abs_diff(made) < 5);

    let interrupted = Command::new("kill")
        .args(["-INT", &node.id().to_string()])
        .status();
    assert!(interrupted.unwrap().success());
    assert!(node.wait().unwrap().success());
}
