//! Copies from one database into another, whichever they are (`SqlStore::copy_to`).
//!
//! Stamped on all four pairs of backends: what a copy promises is the same for each.

mod refusals;

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};

use serde_json::json;
use vigia_core::{
    Activity, Commit, Direction, ManualClock, MissedPolicy, RawTransaction, Scope, Suppressed,
    parse_watch_target,
};
use vigia_store::{
    CommitteeStore, CopyLimits, CopyOutcome, CopyProgress, CopyReport, CopyStage, EpochStore,
    InboxStore, IngestStore, MessageStore, ProviderReport, ProviderStore, ProviderUsage, ReadStore,
    ScheduleSpec, ScheduleStore, SqlStore, StoreError, WatchEntry, WatchStore,
};

use crate::postgres::PostgresFixture;
use crate::sample::{
    self, Trades, activity, address, balance, imported, place, raw, trade_event, transfer,
};
use crate::sqlite::SqliteFixture;
use crate::suite::{Applied, Db, Fixture};
use refusals::{changed_sources_are_refused, unknown_tables_are_refused, used_targets_are_refused};

/// Pages of one row, so that everything is between two transactions somewhere: the bytes are full with
/// the first of the rows that are asked for.
const SMALLEST: CopyLimits = CopyLimits { rows: 50, bytes: 1 };

/// A backend whose rows can be tampered with.
pub(crate) trait Tampered: Fixture {
    /// Runs a statement as its owner, with `{}` standing for what is before a table's name.
    async fn execute(&self, statement: &str);

    /// Opens the database while a copy may be under way.
    async fn open_copy_target(&self) -> SqlStore;

    /// Opens the database as any process would.
    async fn try_open(&self, clock: Arc<ManualClock>) -> vigia_store::Result<SqlStore>;
}

/// A store with rows in every table, and with some that were ended.
async fn filled<F: Fixture>() -> Db<F> {
    let db = Db::<F>::with_people().await;
    let (ana, beto) = (db.account(1).await, db.account(2).await);
    db.store.chain_bind(sample::chain(1)).await.unwrap();
    let report = ProviderReport {
        url: "http://node".to_owned(),
        tip: Some(9),
        error: Some("late".to_owned()),
        at_ms: 5,
    };
    db.store.provider_report(&report).await.unwrap();
    let schedule = ScheduleSpec {
        name: "clean".to_owned(),
        pattern: "0 2 * * *".to_owned(),
        time_zone: "UTC".to_owned(),
        missed: MissedPolicy::Once,
        next_at_ms: Some(7),
    };
    db.store.schedule_declare(&schedule).await.unwrap();
    let epochs = [crate::suite::epoch::epoch(4)];
    db.store.epoch_record(&epochs).await.unwrap();
    let used = ProviderUsage {
        day: 20_000,
        provider: "first".to_owned(),
        requests: 7,
        bytes: 1 << 40,
    };
    db.store.provider_record("a", &[], &[used]).await.unwrap();
    let committees = [3, 4].map(crate::suite::committee::committee);
    db.store.committee_add(&committees).await.unwrap();
    crate::suite::sign_in::fill(&*db.store).await;
    crate::suite::contract::fill(&db.store).await;
    crate::suite::label::fill(&*db.store).await;
    crate::suite::application::fill(&*db.store, 1).await;
    for checkpoint in 0..6 {
        let commit = Commit {
            balance_effects: vec![balance(place(checkpoint, 0), 1, i128::MIN + 7)],
            ..transfer(checkpoint, &[ana, beto])
        };
        db.apply(&commit).await;
    }
    for commit in [
        trade_event(6, "t-1", "Offered", json!({ "party": 1 })),
        trade_event(7, "t-1", "Accepted", json!({ "party": 2 })),
    ] {
        db.apply_folding(&commit, &Trades).await;
    }
    crate::suite::invoice::fill(&db).await;
    crate::suite::announcement::fill(&db).await;
    crate::suite::delivery::fill(&db).await;
    crate::suite::push::fill(&db).await;
    crate::suite::balance::fill(&*db.store, 5).await;
    crate::suite::backfill::fill(&db.store).await;
    crate::suite::correction::fill(&db.store, ana).await;
    odd_rows(&db).await;
    people_come_and_go(&db).await;
    db
}

/// Texts that want quoting, nulls, failures, evidence of a megabyte, another part of the table.
async fn odd_rows<F: Fixture>(db: &Db<F>) {
    let ana = db.account(1).await;
    let at = place(2_500_000, 3);
    let odd = RawTransaction {
        package: None,
        module: None,
        failure: Some("MoveAbort, \"café\" ☕ \u{1f}".to_owned()),
        processing_error: Some("unknown layout".to_owned()),
        events_bcs: Some(vec![0xff; 1 << 20].into()),
        ..raw(at)
    };
    let told = Activity {
        direction: Direction::Out,
        amount: Some(i128::MAX),
        counterparty: Some(address(2)),
        details: json!({ "memo": "línea\n\"dos\"" }),
        suppressed: Some(Suppressed::UnknownCoin),
        ..activity(at, ana)
    };
    let commit = Commit {
        raw_transactions: vec![odd],
        activities: vec![told],
        ..sample::commit(2_500_000, 2_500_000)
    };
    db.apply(&imported(commit)).await;
    db.store.message_blob_put("a", &[0, 1, 255]).await.unwrap();
    let unreadable = db.store.message_set_aside("redis", "bad magic", &[0, 7]);
    unreadable.await.unwrap();
}

async fn people_come_and_go<F: Fixture>(db: &Db<F>) {
    db.unwatch(2).await;
    db.watch(2, "carla").await;
    db.watch(3, "ana").await;
    let contract = WatchEntry {
        target: parse_watch_target("0x2::pay").unwrap(),
        account: None,
    };
    db.store.watch_add(&[contract]).await.unwrap();
    db.store.coin_upsert(&[sample::cusd()]).await.unwrap();
}

/// Goes on to the end, whatever it is told on the way.
fn go_on(_: CopyProgress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

async fn copy(source: &SqlStore, target: &SqlStore, limits: CopyLimits) -> CopyReport {
    match source.copy_to(target, limits, &mut go_on).await.unwrap() {
        CopyOutcome::Finished(report) => report,
        CopyOutcome::Stopped => panic!("nobody asked it to stop"),
    }
}

/// Copies until all rows are there and not yet compared.
async fn copy_uncompared(source: &SqlStore, target: &SqlStore) {
    let mut until_compared = |progress: CopyProgress| match progress.stage {
        CopyStage::Copying => ControlFlow::Continue(()),
        CopyStage::Checking => ControlFlow::Break(()),
    };
    let limits = CopyLimits::default();
    let outcome = source.copy_to(target, limits, &mut until_compared).await;
    assert!(matches!(outcome.unwrap(), CopyOutcome::Stopped));
}

/// What the next commits do, here as there: activities, a notification, an account, a watch.
async fn go_on_committing(store: &SqlStore) {
    let book = store.address_book(&[address(1)], &[]).await.unwrap();
    let ana = book.account_at(&address(1), u64::MAX).unwrap();
    let commit = transfer(8, &[ana]);
    let outcome = store.commit_apply(&commit, &sample::NoObjects).await;
    assert_eq!(applied(outcome.unwrap()), Applied(1, 1, 1));
    let receipt = store.watch_add(&[sample::entry(9, "nueva")]).await.unwrap();
    assert_eq!(receipt.changed, 1);
    let unreadable = store.message_set_aside("redis", "again", &[1]);
    unreadable.await.unwrap();
}

fn applied(outcome: vigia_core::CommitOutcome) -> Applied {
    match outcome {
        vigia_core::CommitOutcome::Applied {
            raw_transactions_new,
            activities_new,
            notifications_new,
        } => Applied(raw_transactions_new, activities_new, notifications_new),
        stale => panic!("refused: {stale:?}"),
    }
}

/// Ids and times of writing too, which `dump_rows` leaves out.
async fn ids(store: &SqlStore) -> Vec<String> {
    let activities = store.activity_since(&Scope::All, 0, 1_000).await.unwrap();
    let inbox = store
        .notification_page(&crate::suite::inbox_of(&Scope::All), None, 1_000)
        .await;
    let watched = store.watch_page(0, 1_000).await.unwrap();
    let mut ids: Vec<String> = Vec::new();
    ids.extend(activities.iter().map(|row| format!("{row:?}")));
    ids.extend(inbox.unwrap().iter().map(|row| format!("{row:?}")));
    ids.extend(watched.iter().map(|row| format!("{row:?}")));
    ids
}

pub(crate) async fn everything_goes_over<A: Fixture, B: Tampered>() {
    let from = filled::<A>().await;
    let fixture = B::create().await;
    let target = fixture.open_copy_target().await;
    let report = copy(&from.store, &target, CopyLimits::default()).await;
    assert!(report.is_equal() && !report.resumed, "{report:?}");
    let rows: u64 = report.tables.iter().map(|check| check.source.rows).sum();
    assert_eq!(report.rows_copied, rows);
    let empty: Vec<&str> = report
        .tables
        .iter()
        .filter(|check| check.source.rows == 0)
        .map(|check| check.table)
        .collect();
    assert_eq!(empty, [""; 0], "the samples put rows into every table");
    assert_eq!(target.dump_rows().await.unwrap(), from.dump().await);
    assert_eq!(ids(&target).await, ids(&from.store).await);
    assert_eq!(
        target.status().await.unwrap(),
        from.store.status().await.unwrap()
    );

    // Another process opens it, and goes on as the source would.
    let opened = fixture.open(from.clock.clone()).await;
    opened.set_fetches_history(true);
    go_on_committing(&from.store).await;
    go_on_committing(&opened).await;
    assert_eq!(opened.dump_rows().await.unwrap(), from.dump().await);
    assert_eq!(ids(&opened).await, ids(&from.store).await);
}

pub(crate) async fn stopped_copies_go_on<A: Fixture, B: Tampered>() {
    let from = filled::<A>().await;
    let fixture = B::create().await;
    let mut runs = 0;
    let report = loop {
        // Another process each time, ended after some transactions.
        let target = fixture.open_copy_target().await;
        let mut left = 7;
        let mut until = |_: CopyProgress| {
            left -= 1;
            match left {
                0 => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            }
        };
        runs += 1;
        // What is copied stays copied; comparing begins anew each time, so it is left to come to its end.
        let limits = if runs < 8 {
            SMALLEST
        } else {
            CopyLimits::default()
        };
        let outcome = match runs < 9 {
            true => from.store.copy_to(&target, limits, &mut until).await,
            false => from.store.copy_to(&target, limits, &mut go_on).await,
        };
        target.close().await;
        match outcome.unwrap() {
            CopyOutcome::Finished(report) => break report,
            CopyOutcome::Stopped => refused_while_unfinished(&fixture, &from).await,
        }
    };
    assert_eq!(runs, 9);
    assert!(report.is_equal() && report.resumed, "{report:?}");
    let all: u64 = report.tables.iter().map(|check| check.source.rows).sum();
    assert!((1..all - 49).contains(&report.rows_copied), "{report:?}");
    let opened = fixture.open(from.clock.clone()).await;
    assert_eq!(opened.dump_rows().await.unwrap(), from.dump().await);
    assert_eq!(ids(&opened).await, ids(&from.store).await);
}

async fn refused_while_unfinished<A: Fixture, B: Tampered>(fixture: &B, from: &Db<A>) {
    let refused = fixture.try_open(from.clock.clone()).await.err().unwrap();
    assert!(matches!(refused, StoreError::CopyUnfinished), "{refused}");
}

pub(crate) async fn tampered_rows_are_found<A: Fixture, B: Tampered>() {
    let from = filled::<A>().await;
    for (table, statement) in [
        (
            "activity",
            "UPDATE {}activity SET details = '{\"memo\":\"x\"}' WHERE checkpoint = 2500000",
        ),
        (
            "balance_effect",
            "DELETE FROM {}balance_effect WHERE checkpoint = 3",
        ),
        (
            "watch_log",
            "INSERT INTO {}watch_log (version, effective_from, at_ms) VALUES (77, 1, 1)",
        ),
        (
            "raw_transaction",
            "UPDATE {}raw_transaction SET module = '' WHERE module IS NULL",
        ),
    ] {
        let fixture = B::create().await;
        let target = fixture.open_copy_target().await;
        copy_uncompared(&from.store, &target).await;
        fixture.execute(statement).await;
        let report = copy(&from.store, &target, CopyLimits::default()).await;
        let different: Vec<&str> = report
            .tables
            .iter()
            .filter(|check| !check.is_equal())
            .map(|check| check.table)
            .collect();
        assert_eq!(different, [table]);
        assert_eq!(report.rows_copied, 0);
        target.close().await;
        refused_while_unfinished(&fixture, &from).await;
    }
}

pub(crate) async fn commits_wait_for_the_end<A: Fixture, B: Tampered>() {
    let from = filled::<A>().await;
    let before = from.dump().await;
    let fixture = B::create().await;
    let target = fixture.open_copy_target().await;
    let store = &from.store;
    let committed = Arc::new(AtomicBool::new(false));
    let mut committing = None;
    // Told of every row, with many statements in between: one that is not held up is done long before the
    // last.
    let mut observer = |_: CopyProgress| {
        if committing.is_none() {
            let (store, committed) = (Arc::clone(store), Arc::clone(&committed));
            let (begins, begun) = mpsc::channel();
            committing = Some(tokio::spawn(async move {
                begins.send(()).unwrap();
                go_on_committing(&store).await;
                committed.store(true, Ordering::SeqCst);
            }));
            begun.recv().unwrap();
        }
        assert!(!committed.load(Ordering::SeqCst), "it is not held up");
        ControlFlow::Continue(())
    };
    let outcome = store.copy_to(&target, SMALLEST, &mut observer).await;
    let CopyOutcome::Finished(report) = outcome.unwrap() else {
        panic!("nobody asked it to stop");
    };
    assert!(report.is_equal(), "{report:?}");
    assert_eq!(target.dump_rows().await.unwrap(), before);
    committing.expect("it was told of rows").await.unwrap();
    assert_ne!(from.dump().await, before, "it was only held up");
}

/// Stamps the tests on a pair of backends.
macro_rules! copies {
    ($($pair:ident: $from:ident => $to:ident,)*) => {$(
        mod $pair {
            use crate::copy::{$from as From, $to as To};

            crate::copy::copies!(@stamp [
                everything_goes_over, stopped_copies_go_on, tampered_rows_are_found,
                commits_wait_for_the_end, used_targets_are_refused, changed_sources_are_refused,
                unknown_tables_are_refused,
            ]);
        }
    )*};
    (@stamp [$($name:ident),* $(,)?]) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            if <From as crate::suite::Fixture>::is_at_hand()
                && <To as crate::suite::Fixture>::is_at_hand()
            {
                crate::copy::$name::<From, To>().await;
            }
        })*
    };
}
use copies;

copies! {
    sqlite_to_postgres: SqliteFixture => PostgresFixture,
    sqlite_to_sqlite: SqliteFixture => SqliteFixture,
    postgres_to_postgres: PostgresFixture => PostgresFixture,
    postgres_to_sqlite: PostgresFixture => SqliteFixture,
}
