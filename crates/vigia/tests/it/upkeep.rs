//! What jobs do: epochs of the chain, pollers that fell silent, and what is left behind by those gone.

use std::sync::Arc;

use vigia::jobs::{AddressReconcile, EpochTracking, Job, JobDone, Kept, StaleRows};
use vigia_core::{ChainId, Digest, EpochInfo, Fence, ShardPlan, SystemClock};
use vigia_devnet::Pace;
use vigia_store::{
    EpochStore, IngestStore, LeaseStore, ReadStore, SqlStore, WatchReconciliation, WatchStore,
    poller_leases,
};
use vigia_sui::{ProviderConfig, Providers};

use crate::app::App;
use crate::jobs::{DAY_MS, MINUTE_MS, Machine, START_MS, settings};
use crate::node::{busy_chain, start};

/// The store with this poller announced, who holds its lease for so long.
async fn announced(machine: &Machine, poller: &str, ttl_ms: u64) -> Arc<SqlStore> {
    let store = machine.open().await;
    let lease = format!("{}{poller}", poller_leases(ShardPlan::new(4).unwrap()));
    let claimed = store.lease_claim(&lease, poller, ttl_ms).await.unwrap();
    assert!(claimed.is_some());
    store
}

fn found(poller: &str, missing: u64) -> WatchReconciliation {
    WatchReconciliation {
        holder: poller.to_owned(),
        entries: 7,
        missing,
        extra: 1,
    }
}

#[tokio::test]
async fn pollers_that_stopped_comparing_are_raised() {
    let machine = Machine::new();
    let store = announced(&machine, "a-1", DAY_MS).await;
    announced(&machine, "dead-1", 0).await;
    let poll = settings(90, 2).poll;
    let job = AddressReconcile::new(&poll, store.clone());
    let silent = job.run().await.unwrap_err().to_string();
    assert!(silent.contains("for 300 s: a-1;"), "{silent}");
    store.watch_reconciled(&found("a-1", 2)).await.unwrap();
    // One without a lease, as on SQLite, is expected to do nothing.
    store.watch_reconciled(&found("file-1", 0)).await.unwrap();
    let heard = "2 pollers compared 7 entries and repaired 4";
    assert_eq!(job.run().await.unwrap().words, heard);
    machine.clock.set(START_MS + 5 * MINUTE_MS);
    assert_eq!(job.run().await.unwrap().words, heard);
    machine.clock.set(START_MS + 5 * MINUTE_MS + 1);
    let silent = job.run().await.unwrap_err().to_string();
    assert!(silent.contains("a-1;"), "{silent}");
}

#[tokio::test]
async fn what_pollers_left_behind_is_removed_after_a_day() {
    let machine = Machine::new();
    // The lease's clock is the database's and cannot be set; one given back counts as long gone.
    let store = announced(&machine, "gone-1", DAY_MS).await;
    let lease = format!("{}gone-1", poller_leases(ShardPlan::new(4).unwrap()));
    assert!(store.lease_release(&lease, Fence(1)).await.unwrap());
    announced(&machine, "alive-1", DAY_MS).await;
    store.watch_reconciled(&found("gone-1", 0)).await.unwrap();
    machine.clock.set(START_MS + DAY_MS);
    let kept = Kept {
        inbox_ms: u64::MAX,
        actions_ms: u64::MAX,
    };
    let job = StaleRows::new(store.clone(), machine.clock(), kept);
    let removed = |leases, reports| {
        format!(
            "removed {leases} leases and {reports} reports of processes that are gone, and 0 \
             announced transactions that were never seen, 0 old deliveries, 0 notifications and 0 actions"
        )
    };
    let done = job.run().await.unwrap();
    assert_eq!(done, JobDone::changed(removed(1, 0)));
    machine.clock.set(START_MS + DAY_MS + 1);
    let done = job.run().await.unwrap();
    assert_eq!(done, JobDone::changed(removed(0, 1)));
    let done = job.run().await.unwrap();
    assert_eq!(done, JobDone::unchanged(removed(0, 0)));
    assert_eq!(store.lease_list("poller:").await.unwrap().len(), 1);
}

/// A node that has seen several epochs, and one of another chain.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn epochs_are_followed() {
    let node = start(busy_chain(2_000), Pace::Complete, 1).await;
    let machine = Machine::new();
    let store = machine.open().await;
    let config = ProviderConfig::new(node.url());
    let source = Providers::one(&config, Arc::new(SystemClock), |_| {}).unwrap();
    let job = EpochTracking::new(store.clone(), source.clone());
    assert_eq!((job.name(), job.pattern()), ("epoch_tracking", "every 30m"));
    assert_eq!(
        job.run().await.unwrap().words,
        "the database has no chain yet"
    );
    let chain = source.info().await.unwrap().chain;
    store.chain_bind(chain).await.unwrap();
    let current = source.epoch(None).await.unwrap().unwrap();
    assert!(current.epoch > 0, "{current:?}");
    let done = format!("epoch {} goes on", current.epoch);
    assert_eq!(job.run().await.unwrap(), JobDone::changed(&done));
    assert_eq!(job.run().await.unwrap(), JobDone::unchanged(&done));
    let rows = store.epoch_list(9).await.unwrap();
    assert_eq!(
        rows.len(),
        1,
        "history before the first run is not asked for"
    );
    assert_eq!(rows[0].epoch, current.epoch);
    assert!(rows[0].committee_members > Some(0) && rows[0].reference_gas_price > Some(0));
    assert_eq!(rows[0].end_ms, None);

    // As if the last run had been in epoch 0.
    let before = EpochInfo {
        epoch: 0,
        ..rows[0].clone()
    };
    let machine = Machine::new();
    let store = machine.open().await;
    store.chain_bind(chain).await.unwrap();
    store.epoch_record(&[before]).await.unwrap();
    let job = EpochTracking::new(store.clone(), source.clone());
    for changed in [true, false] {
        let words = done.clone();
        assert_eq!(job.run().await.unwrap(), JobDone { words, changed });
        let rows = store.epoch_list(99).await.unwrap();
        assert_eq!(rows.len() as u64, current.epoch + 1);
        let ended = rows.iter().skip(1).all(|row| row.last_checkpoint.is_some());
        assert!(ended, "{rows:?}");
    }
    assert_eq!(
        store.status().await.unwrap().epoch.unwrap().epoch,
        current.epoch
    );

    let other = Machine::new().open().await;
    other
        .chain_bind(ChainId(Digest::new([1; 32])))
        .await
        .unwrap();
    let refused = EpochTracking::new(other, source).run().await.unwrap_err();
    assert!(
        refused.to_string().contains("the database belongs to"),
        "{refused}"
    );
    node.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn status_shows_the_epoch() {
    let node = start(busy_chain(800), Pace::Complete, 1).await;
    let app = App::with_config(&format!("[provider]\nurl = \"{}\"\n", node.url()));
    app.ok(&["poll", "--once", "--from", "0"]);
    assert!(app.status()["epoch"].is_null());
    let ran = app.ok(&["schedules", "run", "epoch_tracking"]);
    let epoch = app.status()["epoch"].clone();
    assert_eq!(ran, format!("epoch {} goes on\n", epoch["epoch"]));
    assert!(epoch["committeeMembers"].as_u64() > Some(0), "{epoch}");
    let shown = app.ok(&["status"]);
    let line = shown.lines().find(|line| line.starts_with("epoch "));
    let line = line.expect("a line");
    assert!(
        line.contains(" since 20") && line.ends_with(", gas at 1000 MIST"),
        "{line}"
    );
    node.shutdown().await.unwrap();
}
