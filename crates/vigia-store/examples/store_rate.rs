//! Prints how fast the SQLite store takes commits and registrations, and how fast all of it is copied
//! into an empty Postgres database where one is named. Nothing is asserted: the figures are for a person
//! to compare.
//!
//! `cargo run --release -p vigia-store --example store_rate -- [raw transactions] [addresses] [postgres://..]`

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use vigia_core::{
    AccountId, AccountKind, Activity, Address, AddressBook, BalanceEffect, BusinessEvent,
    BusinessFolder, BusinessKey, BusinessOutcome, CheckpointHeader, CheckpointRange, Commit,
    Digest, Direction, Lane, Locale, MatchReason, NotificationKind, Place, RawTransaction,
    ReasonKind, Slot, Status, SystemClock, WatchTarget,
};
use vigia_store::{
    AccountSpec, CopyLimits, CopyOutcome, CopyProgress, CopyStage, Durability, IngestStore,
    PostgresOptions, SqlStore, SqliteOptions, UserSpec, WatchEntry, WatchStore,
};

/// Relevant transactions per commit, and per checkpoint.
const BATCH: u64 = 500;
const PER_CHECKPOINT: u64 = 10;
/// Addresses per registration.
const REGISTRATION: u64 = 5_000;
/// What evidence of one transaction weighs, split over its three parts.
const BCS_BYTES: usize = 800;
const COIN: &str = "0x0000000000000000000000000000000000000000000000000000000000000abc::cusd::CUSD";

type Anything<T> = Result<T, Box<dyn std::error::Error>>;

#[tokio::main]
async fn main() -> Anything<()> {
    let mut arguments = std::env::args().skip(1);
    let transactions = arguments.next().map_or(Ok(50_000), |text| text.parse())?;
    let addresses = arguments.next().map_or(Ok(100_000), |text| text.parse())?;
    let mut postgres = arguments.next();
    for durability in [Durability::PowerLoss, Durability::ProcessExit] {
        let directory = tempfile::tempdir()?;
        let mut options = SqliteOptions::new(directory.path().join("rate.db"));
        options.durability = durability;
        let store = SqlStore::open(options, Arc::new(SystemClock)).await?;
        println!("durability: {durability:?}");
        report(
            "addresses registered",
            addresses,
            register(&store, addresses).await?,
        );
        report(
            "raw transactions committed",
            transactions,
            ingest(&store, transactions).await?,
        );
        if let Some(url) = postgres.take() {
            copy(&store, &url).await?;
        }
        store.close().await;
    }
    Ok(())
}

async fn copy(store: &SqlStore, url: &str) -> Anything<()> {
    let target = SqlStore::open_copy_target(PostgresOptions::new(url)?, Arc::new(SystemClock));
    let target = target.await?;
    let started = Instant::now();
    let mut compared = None;
    let mut observer = |now: CopyProgress| {
        if now.stage == CopyStage::Checking {
            compared.get_or_insert_with(Instant::now);
        }
        ControlFlow::Continue(())
    };
    let outcome = store
        .copy_to(&target, CopyLimits::default(), &mut observer)
        .await?;
    target.close().await;
    let CopyOutcome::Finished(copied) = outcome else {
        return Ok(());
    };
    let compared = compared.unwrap_or(started);
    report("rows copied", copied.rows_copied, compared - started);
    report("rows compared", copied.rows_copied, compared.elapsed());
    println!("  equal: {}", copied.is_equal());
    Ok(())
}

fn report(what: &str, count: u64, took: Duration) {
    let per_second = u128::from(count) * 1_000 / took.as_millis().max(1);
    println!("  {count} {what} in {took:.2?}: {per_second}/s");
}

/// An address that falls on no particular index page.
fn address(n: u64) -> Address {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    bytes[24..].copy_from_slice(&n.to_be_bytes());
    Address::new(bytes)
}

async fn register(store: &SqlStore, addresses: u64) -> Anything<Duration> {
    let started = Instant::now();
    for first in (0..addresses).step_by(usize::try_from(REGISTRATION)?) {
        let batch: Vec<WatchEntry> = (first..addresses.min(first + REGISTRATION))
            .map(entry)
            .collect();
        store.watch_add(&batch).await?;
    }
    Ok(started.elapsed())
}

fn entry(n: u64) -> WatchEntry {
    WatchEntry {
        target: WatchTarget::Address(address(n)),
        account: Some(AccountSpec {
            external_id: format!("account-{n}"),
            kind: AccountKind::Personal,
            display_name: format!("Person {n}"),
            members: vec![UserSpec {
                external_id: format!("user-{n}"),
                display_name: format!("Person {n}"),
                locale: Locale::Es,
            }],
        }),
    }
}

async fn ingest(store: &SqlStore, transactions: u64) -> Anything<Duration> {
    let started = Instant::now();
    for first in (0..transactions).step_by(usize::try_from(BATCH)?) {
        store.commit_apply(&commit(first)?, &NoObjects).await?;
    }
    Ok(started.elapsed())
}

/// Transfers between neighbours: two activities, two balances and one notification each.
fn commit(first: u64) -> Anything<Commit> {
    let mut commit = Commit {
        lane: Lane::Live,
        ranges: vec![range(
            first / PER_CHECKPOINT,
            (first + BATCH) / PER_CHECKPOINT - 1,
        )],
        raw_transactions: Vec::new(),
        activities: Vec::new(),
        balance_effects: Vec::new(),
        business_events: Vec::new(),
    };
    for n in first..first + BATCH {
        let place = Place {
            checkpoint: n / PER_CHECKPOINT,
            index: u32::try_from(n % PER_CHECKPOINT)?,
        };
        commit.raw_transactions.push(raw(n, place));
        for (who, direction, minor) in [(0, Direction::Out, -5), (1, Direction::In, 5)] {
            let account = AccountId(i64::try_from((n + who) % 1_000)? + 1);
            commit
                .activities
                .push(activity(n, place, account, direction));
            commit.balance_effects.push(BalanceEffect {
                place,
                address: address((n + who) % 1_000),
                coin_type: COIN.to_owned(),
                amount: minor,
            });
        }
    }
    Ok(commit)
}

fn range(from: u64, last: u64) -> CheckpointRange {
    CheckpointRange {
        from,
        last: CheckpointHeader {
            sequence: last,
            digest: Digest::ZERO,
            previous_digest: None,
            epoch: 1,
            timestamp_ms: last,
        },
        watch_version: u64::from(u32::MAX),
    }
}

fn raw(n: u64, place: Place) -> RawTransaction {
    let bytes = bytes::Bytes::from(vec![7; BCS_BYTES]);
    RawTransaction {
        place,
        digest: Digest::new(address(n).into_inner()),
        timestamp_ms: n,
        epoch: 1,
        sender: address(n % 1_000),
        package: Some(Address::TWO),
        module: Some("pay".to_owned()),
        function: Some("split_and_transfer".to_owned()),
        failure: None,
        gas_cost: 1_000_000,
        reasons: vec![MatchReason {
            kind: ReasonKind::Sender,
            target: address(n % 1_000).to_string(),
        }],
        transaction_bcs: bytes.clone(),
        effects_bcs: bytes.clone(),
        events_bcs: Some(bytes),
        balance_changes: Vec::new(),
        proof: vigia_core::Proof::unasked(),
        processing_error: None,
    }
}

fn activity(n: u64, place: Place, account: AccountId, direction: Direction) -> Activity {
    Activity {
        place,
        account,
        slot: Slot::Coin(COIN.to_owned()),
        kind: "transfer".to_owned(),
        direction,
        status: Status::Completed,
        address: Some(address(n % 1_000)),
        coin_type: Some(COIN.to_owned()),
        amount: Some(5),
        counterparty: Some(address((n + 1) % 1_000)),
        contract: None,
        business_id: None,
        details: serde_json::json!({}),
        notify: (direction == Direction::In).then(|| NotificationKind::new("SEND_RECEIVED")),
        suppressed: None,
    }
}

/// No business objects occur here.
struct NoObjects;

impl BusinessFolder for NoObjects {
    fn parties(&self, _: &BusinessKey, _: &[BusinessEvent]) -> Vec<Address> {
        Vec::new()
    }

    fn fold(&self, _: &BusinessKey, _: &[BusinessEvent], _: &AddressBook) -> BusinessOutcome {
        BusinessOutcome {
            state: String::new(),
            data: serde_json::Value::Null,
            activities: Vec::new(),
            ..BusinessOutcome::default()
        }
    }
}
