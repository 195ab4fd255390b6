//! The simulated node, and an app set up to follow its wallet.

use std::time::{Duration, Instant};

use vigia_core::Address;
use vigia_devnet::{ChainConfig, Devnet, DevnetConfig, Pace, Packages};
use vigia_store::{IngestStore, SqlStore};

use crate::app::App;
use crate::walk::{Walked, walk_checkpoint};

/// A chain with a lot going on in every checkpoint.
pub(crate) fn busy_chain(transactions: u64) -> ChainConfig {
    ChainConfig {
        users: 40,
        tps: 800,
        interval_ms: 50,
        relevant_per_mille: 400,
        epoch_checkpoints: 40,
        upgrade_at: Some(30),
        transactions: Some(transactions),
        ..ChainConfig::default()
    }
}

pub(crate) async fn start(chain: ChainConfig, pace: Pace, history: u64) -> Devnet {
    let config = DevnetConfig {
        chain,
        pace,
        history,
        ..DevnetConfig::default()
    };
    Devnet::start(config).await.expect("the node starts")
}

/// The configuration that names the chain's contracts.
pub(crate) fn contracts() -> String {
    let packages = Packages::declared();
    format!(
        "[contracts.packages]\ncusd = \"{}\"\nconfio = \"{}\"\npay = [\"{}\", \"{}\"]\n\
         p2p_trade = \"{}\"\ninvite_send = \"{}\"\n",
        packages.cusd,
        packages.confio,
        packages.pay,
        packages.pay_upgraded,
        packages.p2p_trade,
        packages.invite_send
    )
}

/// An app that watches these users of the node, by their positions, and the wallet's contracts.
pub(crate) fn app_watching(node: &Devnet, users: impl Fn(usize) -> bool) -> App {
    let app = App::with_config(&contracts());
    watch_users(&app, node, users);
    app
}

/// Watches these users of the node for accounts of their own.
pub(crate) fn watch_users(app: &App, node: &Devnet, users: impl Fn(usize) -> bool) {
    let mut lines = String::from("address,account,name,user\n");
    for user in node.users().iter().filter(|user| users(user.index)) {
        let key = format!("user-{}", user.index);
        lines += &format!("{},{key},{},{key}\n", user.address, user.name);
    }
    std::fs::write(app.path("users.csv"), lines).expect("a list of users");
    app.ok(&["watch", "import", "users.csv"]);
}

/// Waits until the chain is finished and committed to its end, then reads all rows.
pub(crate) async fn finished_rows(
    node: &Devnet,
    store: &SqlStore,
    patience: Duration,
) -> Vec<String> {
    let begun = Instant::now();
    loop {
        let end = node.final_tip();
        let watermark = store.watermark().await.expect("a watermark");
        let reached = watermark.map(|watermark| watermark.checkpoint);
        if end.is_some() && reached == end {
            return store.dump_rows().await.expect("rows");
        }
        assert!(
            begun.elapsed() < patience,
            "stands at {reached:?} of {:?}",
            node.tip()
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Everything on the chain that touches `address`, by an independent walk.
pub(crate) fn walk_address(node: &Devnet, address: &Address) -> Vec<Walked> {
    let tip = node.tip().expect("a chain");
    (0..=tip)
        .filter_map(|sequence| node.checkpoint(sequence))
        .flat_map(|data| walk_checkpoint(&data))
        .filter(|walked| walked.addresses.contains(address))
        .collect()
}
