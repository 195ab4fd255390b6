//! Conservation: after a million transactions, with vigia killed over and over and all of it imported once more,
//! every watched account has of every coin what the node says it has, to the last minor unit.
//!
//! The real binary on SQLite. Baselines are taken near the chain's beginning, while it goes on; what a balance
//! is then made of is what vigia committed, and folded between two kills.

#![expect(clippy::cast_precision_loss, reason = "figures for people, not money")]
#![allow(
    unused_crate_dependencies,
    reason = "a bench uses some of the package's dependencies"
)]

mod support;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use sui_rpc::Client;
use sui_rpc::proto::sui::rpc::v2::{GetServiceInfoRequest, ListBalancesRequest};
use support::node::{NodeConfig, NodeProcess};
use support::program::Program;
use support::report::Report;
use support::usage;
use vigia_core::type_text;

/// How long a process lives before it is killed, in milliseconds.
const LIVES_MS: std::ops::Range<u64> = 300..6_000;
/// A chain that has not grown for so long has come to its end.
const ENDED_AFTER: Duration = Duration::from_secs(5);

/// What addresses have of each coin.
type Amounts = BTreeMap<String, BTreeMap<String, i128>>;

fn main() {
    if support::node::served() {
        return;
    }
    usage::watch_processes();
    let transactions = match support::is_quick() {
        true => 40_000,
        false => 1_000_000,
    };
    let node = NodeProcess::start(&NodeConfig {
        per_checkpoint: 800,
        live: true,
        ..NodeConfig::with_transactions(transactions)
    });
    let program = Program::new(&format!(
        "[provider]\nurl = \"{}\"\n[contracts]\nbuilt_in = []\n[balances]\nrequests_per_day = 1000000\n",
        node.ready.url
    ));
    program.run(&["migrate"]);
    watch(&program, &node);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let begun = Instant::now();
    let followed = runtime.block_on(follow(&program, &node));
    let tip = followed.tip.to_string();
    let seconds = begun.elapsed().as_secs_f64();

    let before = listed(&program);
    let again = program.run(&["backfill", "--from", "0", "--to", &tip]);
    program.run(&["schedules", "run", "balance_fold"]);
    let after = listed(&program);
    let told = runtime.block_on(told(&node.ready.url, after.keys()));
    let differing = |ours: &Amounts| {
        let pairs = told
            .iter()
            .filter(|(address, held)| ours.get(*address) != Some(held));
        pairs.count() as f64
    };
    let coins: usize = told.values().map(BTreeMap::len).sum();

    let mut report = Report::new("conservation");
    report.figure("transactions", transactions as f64);
    report.figure("checkpoints", followed.tip as f64);
    report.figure("kills", f64::from(followed.kills));
    report.figure(
        "baselines_at_kills",
        f64::from(followed.kills_with_baselines),
    );
    report.figure("accounts", told.len() as f64);
    report.figure("balances", coins as f64);
    report.figure("followed_s", seconds);
    report.figure("imported_again_s", again.wall.as_secs_f64());
    report.figure("differing", differing(&before));
    report.figure("differing_after_import", differing(&after));
    report.setting("database", "SQLite, WAL, synchronous FULL");
    report.finish();
    let _ = node.stop();
    assert_eq!(before, told, "balances differ from the node's");
    assert_eq!(after, told, "importing all again has changed balances");
}

/// Watches the wallet's users, each with an account of its own.
fn watch(program: &Program, node: &NodeProcess) {
    let mut lines = "address,account,kind,name,user,locale\n".to_owned();
    for (n, address) in node.ready.users.iter().enumerate() {
        let _ = writeln!(lines, "{address},cuenta-{n},personal,Cuenta {n},uid-{n},es");
    }
    std::fs::write(program.path("users.csv"), lines).expect("a file");
    program.run(&["watch", "import", "users.csv"]);
}

/// How a chain was followed to its end.
struct Followed {
    tip: u64,
    kills: u32,
    /// Kills after which baselines were taken of addresses that still had none.
    kills_with_baselines: u32,
}

/// Follows the chain, killed at random, until all of it is committed and every address has its baseline.
async fn follow(program: &Program, node: &NodeProcess) -> Followed {
    let mut client = Client::new(node.ready.url.as_str()).expect("an address");
    let mut random = ChaCha8Rng::seed_from_u64(11);
    let (mut kills, mut kills_with_baselines) = (0, 0);
    let (mut tip, mut grown_at) = (0, Instant::now());
    loop {
        let process = program.start(&["poll", "--from", "0"]);
        tokio::time::sleep(Duration::from_millis(random.random_range(LIVES_MS))).await;
        let waiting = waiting(program);
        if waiting > 0 {
            program.run(&["schedules", "run", "balance_baseline"]);
            kills_with_baselines += 1;
        }
        let now = height(&mut client).await;
        if now > tip {
            (tip, grown_at) = (now, Instant::now());
        }
        if waiting == 0 && grown_at.elapsed() > ENDED_AFTER && committed(program) >= Some(tip) {
            return Followed {
                tip,
                kills,
                kills_with_baselines,
            };
        }
        drop(process);
        kills += 1;
        if kills % 3 == 0 {
            program.run(&["schedules", "run", "balance_fold"]);
        }
    }
}

async fn height(client: &mut Client) -> u64 {
    let info = client
        .ledger_client()
        .get_service_info(GetServiceInfoRequest::default())
        .await;
    let info = info.expect("the node answers").into_inner();
    info.checkpoint_height.expect("a chain")
}

/// The watermark.
fn committed(program: &Program) -> Option<u64> {
    let status: Value =
        serde_json::from_str(&program.output(&["status", "--json"])).expect("a status");
    status["watermark"].as_u64()
}

fn rows(program: &Program) -> Vec<Value> {
    let text = program.output(&["balances", "list", "--json"]);
    text.lines()
        .map(|line| serde_json::from_str(line).expect("a row"))
        .collect()
}

/// How many addresses have no baseline.
fn waiting(program: &Program) -> usize {
    let rows = rows(program);
    rows.iter().filter(|row| row["state"] == "waiting").count()
}

/// What vigia says.
fn listed(program: &Program) -> Amounts {
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    rows(program)
        .iter()
        .map(|row| {
            let amounts = row["amounts"].as_array().expect("amounts").iter();
            let amounts = amounts.map(|amount| {
                let minor = text(&amount["amount"]).parse().expect("a number");
                (text(&amount["coinType"]), minor)
            });
            (text(&row["address"]), amounts.collect())
        })
        .collect()
}

/// What the node says, through the SDK's own client.
async fn told(url: &str, addresses: impl Iterator<Item = &String>) -> Amounts {
    let mut client = Client::new(url).expect("an address");
    let mut amounts = Amounts::new();
    for address in addresses {
        let mut request = ListBalancesRequest::default();
        request.owner = Some(address.clone());
        request.page_size = Some(1_000);
        let listed = client.state_client().list_balances(request).await;
        let listed = listed.expect("the node answers").into_inner();
        assert!(listed.next_page_token.is_none(), "more coins than a page");
        let held = listed.balances.into_iter().map(|balance| {
            let coin = balance.coin_type.expect("a coin").parse().expect("a type");
            let amount = balance.balance.expect("an amount");
            (type_text(&coin), i128::from(amount))
        });
        let held = held.filter(|(_, amount)| *amount != 0);
        amounts.insert(address.clone(), held.collect());
    }
    amounts
}
