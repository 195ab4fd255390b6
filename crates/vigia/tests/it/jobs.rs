//! Jobs: each tick once however many processes run, taken over from those that died (I-9), and what
//! the clean-up removes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use vigia::config::{Overrides, Settings};
use vigia::jobs::{Job, JobDone, JobRunner, LeaseTimes, MessageBlobCleanup, RanNow, RawCleanup};
use vigia_core::{
    Address, CheckpointHeader, CheckpointRange, Clock, Commit, Digest, Lane, MISSED_AFTER_MS,
    ManualClock, MissedPolicy, Place, RawTransaction,
};
use vigia_store::{
    IngestStore, LeaseStore, MessageStore, ReadStore, ScheduleRow, ScheduleStore, SqlStore,
    SqliteOptions, schedule_lease,
};

use crate::app::{App, PATIENCE, text};

pub(crate) const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;
pub(crate) const DAY_MS: u64 = 86_400_000;
pub(crate) const START_MS: u64 = 20_000 * DAY_MS + 1;

/// A database, opened as several processes would, and the clock of all.
pub(crate) struct Machine {
    folder: TempDir,
    pub(crate) clock: Arc<ManualClock>,
}

impl Machine {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(START_MS));
        Self { folder, clock }
    }

    pub(crate) async fn open(&self) -> Arc<SqlStore> {
        let options = SqliteOptions::new(self.folder.path().join("vigia.db"));
        Arc::new(SqlStore::open(options, self.clock.clone()).await.unwrap())
    }

    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        self.clock.clone()
    }

    /// With leases as they are by default: on a busy machine a short one runs out, and a job that has run is
    /// rightly run again.
    async fn runner(&self, job: &Arc<Probe>) -> JobRunner {
        self.runner_with(job, LeaseTimes::default()).await
    }

    async fn runner_with(&self, job: &Arc<Probe>, times: LeaseTimes) -> JobRunner {
        let jobs: Vec<Arc<dyn Job>> = vec![job.clone()];
        JobRunner::new(jobs, self.open().await, self.clock(), times)
    }
}

const SHORT: LeaseTimes = LeaseTimes {
    ttl: Duration::from_millis(900),
    heartbeat: Duration::from_millis(200),
};

fn start(runner: JobRunner) -> (JoinHandle<()>, CancellationToken) {
    let shutdown = CancellationToken::new();
    let task = tokio::spawn(runner.run(shutdown.clone()));
    (task, shutdown)
}

/// A job that counts its runs, and does in each what the test says.
struct Probe {
    pattern: &'static str,
    missed: MissedPolicy,
    begins_ago_ms: u64,
    runs: AtomicU32,
    alone: AtomicU32,
    behave: fn(u32) -> Behaviour,
}

enum Behaviour {
    Well,
    Fail,
    Panic,
    Hang,
}

impl Probe {
    fn new(behave: fn(u32) -> Behaviour) -> Arc<Self> {
        Arc::new(Self::of("every 1m", MissedPolicy::Once, behave))
    }

    fn hourly(missed: MissedPolicy) -> Arc<Self> {
        Arc::new(Self::of("every 1h", missed, |_| Behaviour::Well))
    }

    fn of(pattern: &'static str, missed: MissedPolicy, behave: fn(u32) -> Behaviour) -> Self {
        Self {
            pattern,
            missed,
            begins_ago_ms: 0,
            runs: AtomicU32::new(0),
            alone: AtomicU32::new(0),
            behave,
        }
    }

    fn runs(&self) -> u32 {
        self.runs.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Job for Probe {
    fn name(&self) -> &'static str {
        "probe"
    }

    fn pattern(&self) -> &str {
        self.pattern
    }

    fn missed(&self) -> MissedPolicy {
        self.missed
    }

    fn begins_ago_ms(&self) -> u64 {
        self.begins_ago_ms
    }

    async fn run(&self) -> anyhow::Result<JobDone> {
        let run = self.runs.fetch_add(1, Ordering::SeqCst) + 1;
        match (self.behave)(run) {
            Behaviour::Well => {
                assert_eq!(
                    self.alone.fetch_add(1, Ordering::SeqCst),
                    0,
                    "one at a time"
                );
                tokio::time::sleep(Duration::from_millis(5)).await;
                self.alone.fetch_sub(1, Ordering::SeqCst);
                Ok(JobDone::changed(format!("run {run}")))
            }
            Behaviour::Fail => anyhow::bail!("the disk is full"),
            Behaviour::Panic => panic!("a bug in a job"),
            Behaviour::Hang => std::future::pending().await,
        }
    }
}

async fn row(store: &SqlStore) -> Option<ScheduleRow> {
    let rows = store.schedule_list().await.unwrap();
    rows.into_iter().find(|row| row.name == "probe")
}

/// The schedule, once it is as it should be.
async fn until(store: &SqlStore, what: &str, is: impl Fn(&ScheduleRow) -> bool) -> ScheduleRow {
    let begun = Instant::now();
    loop {
        let row = row(store).await;
        if let Some(row) = row.as_ref().filter(|row| is(row)) {
            return row.clone();
        }
        assert!(begun.elapsed() < PATIENCE, "never {what}: {row:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_processes_run_each_tick_once() {
    let machine = Machine::new();
    let store = machine.open().await;
    let job = Probe::new(|_| Behaviour::Well);
    let mut running = Vec::new();
    for _ in 0..10 {
        running.push(start(machine.runner(&job).await));
    }
    let first = until(&store, "declared", |row| row.next_at_ms.is_some()).await;
    assert_eq!(job.runs(), 0, "nothing is due yet");
    let mut tick_ms = first.next_at_ms.unwrap();
    for tick in 1..=3 {
        machine.clock.set(tick_ms);
        let done = until(&store, "run", |row| {
            row.last_at_ms == Some(tick_ms) && !row.unfinished
        });
        let done = done.await;
        assert_eq!(done.last_result, Some(format!("run {tick}")));
        assert_eq!(done.next_at_ms, Some(tick_ms + MINUTE_MS));
        tick_ms += MINUTE_MS;
    }
    for (task, shutdown) in running {
        shutdown.cancel();
        task.await.unwrap();
    }
    assert_eq!(job.runs(), 3);
    let leases = store.lease_list("job:").await.unwrap();
    assert!(
        leases.iter().all(|lease| lease.holder.is_none()),
        "{leases:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_process_is_followed() {
    let machine = Machine::new();
    let store = machine.open().await;
    let job = Probe::new(|run| match run {
        1 => Behaviour::Hang,
        _ => Behaviour::Well,
    });
    let (killed, _shutdown) = start(machine.runner_with(&job, SHORT).await);
    let first = until(&store, "declared", |_| true).await;
    let tick_ms = first.next_at_ms.unwrap();
    machine.clock.set(tick_ms);
    until(&store, "begun", |row| row.unfinished).await;
    // Its lease is kept for longer than it holds without.
    let (task, shutdown) = start(machine.runner_with(&job, SHORT).await);
    tokio::time::sleep(2 * SHORT.ttl).await;
    assert_eq!(job.runs(), 1, "the lease is renewed");

    killed.abort();
    let begun = Instant::now();
    let done = until(&store, "taken over", |row| !row.unfinished).await;
    assert!(begun.elapsed() < SHORT.ttl + Duration::from_secs(5));
    assert_eq!(done.last_at_ms, Some(tick_ms));
    assert_eq!(done.last_result.as_deref(), Some("run 2"));
    shutdown.cancel();
    task.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_stops_leaves_its_job_to_others() {
    let machine = Machine::new();
    let store = machine.open().await;
    let job = Probe::new(|run| match run {
        1 => Behaviour::Hang,
        _ => Behaviour::Well,
    });
    let (task, shutdown) = start(machine.runner(&job).await);
    let first = until(&store, "declared", |_| true).await;
    machine.clock.set(first.next_at_ms.unwrap());
    until(&store, "begun", |row| row.unfinished).await;
    shutdown.cancel();
    task.await.unwrap();
    let leases = store.lease_list("job:").await.unwrap();
    assert_eq!(leases[0].holder, None, "given back");
    let (task, shutdown) = start(machine.runner(&job).await);
    until(&store, "taken over", |row| !row.unfinished).await;
    shutdown.cancel();
    task.await.unwrap();
    assert_eq!(job.runs(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failures_are_recorded_and_the_next_tick_comes() {
    let machine = Machine::new();
    let store = machine.open().await;
    let job = Probe::new(|run| match run {
        1 => Behaviour::Fail,
        2 => Behaviour::Panic,
        _ => Behaviour::Well,
    });
    let (task, shutdown) = start(machine.runner(&job).await);
    let mut tick_ms = until(&store, "declared", |_| true)
        .await
        .next_at_ms
        .unwrap();
    for expected in [Some("the disk is full"), Some("it panicked"), None] {
        machine.clock.set(tick_ms);
        let done = until(&store, "run", |row| {
            row.last_at_ms == Some(tick_ms) && !row.unfinished
        });
        assert_eq!(done.await.last_error.as_deref(), expected);
        tick_ms += MINUTE_MS;
    }
    shutdown.cancel();
    task.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn missed_ticks_follow_the_policy() {
    for (missed, expected) in [
        (MissedPolicy::Skip, 0),
        (MissedPolicy::Once, 1),
        (MissedPolicy::All, 4),
    ] {
        let machine = Machine::new();
        let store = machine.open().await;
        let job = Probe::hourly(missed);
        let (task, shutdown) = start(machine.runner(&job).await);
        let first_ms = until(&store, "declared", |_| true)
            .await
            .next_at_ms
            .unwrap();
        shutdown.cancel();
        task.await.unwrap();

        // Four ticks have passed, and the last of them is not young any more.
        let last_ms = first_ms + 3 * HOUR_MS;
        machine.clock.set(last_ms + MISSED_AFTER_MS);
        let (task, shutdown) = start(machine.runner(&job).await);
        until(&store, "caught up", |row| {
            row.next_at_ms == Some(last_ms + HOUR_MS) && !row.unfinished
        })
        .await;
        shutdown.cancel();
        task.await.unwrap();
        assert_eq!(job.runs(), expected, "{missed:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paused_job_runs_only_when_asked() {
    let machine = Machine::new();
    let store = machine.open().await;
    let job = Probe::new(|_| Behaviour::Well);
    let shutdown = CancellationToken::new();
    let asked = machine.runner(&job).await;
    let ran = asked.run_now("probe", &shutdown).await.unwrap();
    assert_eq!(ran, Some(RanNow::Here(Ok("run 1".to_owned()))));
    assert_eq!(asked.run_now("nothing", &shutdown).await.unwrap(), None);

    assert!(store.schedule_pause("probe", true).await.unwrap());
    let due = row(&store).await.unwrap();
    machine.clock.set(due.next_at_ms.unwrap() + 5 * MINUTE_MS);
    let runner = machine.runner(&job).await;
    let (task, stop) = start(runner);
    let ran = asked.run_now("probe", &shutdown).await.unwrap();
    assert_eq!(ran, Some(RanNow::Here(Ok("run 2".to_owned()))));
    let paused = row(&store).await.unwrap();
    assert_eq!(
        (paused.last_at_ms, paused.next_at_ms),
        (None, due.next_at_ms)
    );

    assert!(store.schedule_pause("probe", false).await.unwrap());
    until(&store, "resumed", |row| {
        row.last_at_ms.is_some() && !row.unfinished
    })
    .await;
    stop.cancel();
    task.await.unwrap();
    assert_eq!(job.runs(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_runs_elsewhere_is_not_run_beside_it() {
    let machine = Machine::new();
    let store = machine.open().await;
    let job = Probe::new(|_| Behaviour::Well);
    let lease = schedule_lease("probe");
    let fence = store
        .lease_claim(&lease, "another", MINUTE_MS)
        .await
        .unwrap();
    let runner = machine.runner(&job).await;
    let shutdown = CancellationToken::new();
    let ran = runner.run_now("probe", &shutdown).await.unwrap();
    assert_eq!((ran, job.runs()), (Some(RanNow::Elsewhere), 0));
    assert!(store.lease_release(&lease, fence.unwrap()).await.unwrap());
    let ran = runner.run_now("probe", &shutdown).await.unwrap();
    assert_eq!(ran, Some(RanNow::Here(Ok("run 1".to_owned()))));
}

/// One transaction at the place and time, of no meaning.
pub(crate) fn raw(checkpoint: u64, timestamp_ms: u64) -> Commit {
    let mut digest = [7; 32];
    digest[..8].copy_from_slice(&checkpoint.to_be_bytes());
    let digest = Digest::new(digest);
    let place = Place {
        checkpoint,
        index: 0,
    };
    Commit {
        lane: Lane::Live,
        ranges: vec![CheckpointRange {
            from: checkpoint,
            last: CheckpointHeader {
                sequence: checkpoint,
                digest,
                previous_digest: None,
                epoch: 0,
                timestamp_ms,
            },
            watch_version: 1 << 40,
        }],
        raw_transactions: vec![RawTransaction {
            place,
            digest,
            timestamp_ms,
            epoch: 0,
            sender: Address::TWO,
            package: None,
            module: None,
            function: None,
            failure: None,
            gas_cost: 1,
            reasons: Vec::new(),
            transaction_bcs: Bytes::from_static(b"t"),
            effects_bcs: Bytes::from_static(b"e"),
            events_bcs: None,
            balance_changes: Vec::new(),
            proof: vigia_core::Proof::unasked(),
            processing_error: None,
        }],
        activities: Vec::new(),
        balance_effects: Vec::new(),
        business_events: Vec::new(),
    }
}

/// No business objects occur.
pub(crate) struct Nothing;

impl vigia_core::BusinessFolder for Nothing {
    fn parties(
        &self,
        _: &vigia_core::BusinessKey,
        _: &[vigia_core::BusinessEvent],
    ) -> Vec<Address> {
        Vec::new()
    }

    fn fold(
        &self,
        _: &vigia_core::BusinessKey,
        _: &[vigia_core::BusinessEvent],
        _: &vigia_core::AddressBook,
    ) -> vigia_core::BusinessOutcome {
        unreachable!("no events here")
    }
}

pub(crate) fn settings(retention_days: u64, step: u32) -> Settings {
    let mut overrides = Overrides::default();
    overrides.set("work.retention_days", Some(retention_days));
    overrides.set("work.cleanup_transactions_max", Some(step));
    Settings::load(None, &overrides).unwrap()
}

#[tokio::test]
async fn old_evidence_is_removed_to_the_millisecond() {
    let machine = Machine::new();
    let store = machine.open().await;
    store.live_begin(0).await.unwrap();
    let edge_ms = START_MS - 90 * DAY_MS;
    for (checkpoint, time_ms) in [
        (0, 5),
        (1, edge_ms - 2),
        (2, edge_ms - 1),
        (3, edge_ms),
        (4, START_MS),
    ] {
        store
            .commit_apply(&raw(checkpoint, time_ms), &Nothing)
            .await
            .unwrap();
    }
    let job =
        |days, step| RawCleanup::new(&settings(days, step).work, store.clone(), machine.clock());
    assert_eq!(
        job(0, 1).run().await.unwrap(),
        JobDone::unchanged("raw transactions are kept for ever")
    );
    assert_eq!(store.status().await.unwrap().raw_transactions, 5);
    for removed in [3, 0] {
        let done = job(90, 2).run().await.unwrap();
        let words = format!("removed {removed} raw transactions below checkpoint 3");
        let changed = removed > 0;
        assert_eq!(done, JobDone { words, changed });
        assert_eq!(store.status().await.unwrap().raw_transactions, 2);
    }
    let (pattern, zone) = (job(90, 2), job(90, 2));
    assert_eq!((pattern.pattern(), zone.time_zone()), ("0 2 * * *", "UTC"));
}

#[tokio::test]
async fn old_messages_are_removed() {
    let machine = Machine::new();
    let store = machine.open().await;
    store.message_blob_put("old", &[1]).await.unwrap();
    machine.clock.set(START_MS + 1);
    store.message_blob_put("young", &[2]).await.unwrap();
    machine.clock.set(START_MS + HOUR_MS + 1);
    let job = MessageBlobCleanup::new(store.clone(), machine.clock());
    let done = job.run().await.unwrap();
    assert_eq!(done, JobDone::changed("removed 1 messages"));
    assert_eq!(store.message_blob_get("old").await.unwrap(), None);
    assert_eq!(
        store.message_blob_get("young").await.unwrap(),
        Some(vec![2])
    );
}

/// A job that looks back is run at once where it is new.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_schedule_may_begin_at_once() {
    let machine = Machine::new();
    let store = machine.open().await;
    let job = Arc::new(Probe {
        begins_ago_ms: MINUTE_MS,
        ..Probe::of("every 1m", MissedPolicy::Once, |_| Behaviour::Well)
    });
    let (task, stop) = start(machine.runner(&job).await);
    until(&store, "run", |row| row.last_finished_at_ms.is_some()).await;
    stop.cancel();
    task.await.unwrap();
    assert_eq!(job.runs(), 1);
    let row = row(&store).await.unwrap();
    assert!(row.next_at_ms > Some(START_MS), "{row:?}");
    // Declared again it goes on.
    let (task, stop) = start(machine.runner(&job).await);
    stop.cancel();
    task.await.unwrap();
    assert_eq!(job.runs(), 1);
}

/// The command line, on a database that only `migrate` has seen and then on a running system.
#[test]
fn schedules_are_listed_run_and_paused() {
    let app = App::with_config("[devnet]\nusers = 2\n");
    app.ok(&["migrate"]);
    assert!(app.ok(&["schedules", "list"]).contains("no schedules yet"));
    let unknown = app.run(&["schedules", "run", "nothing"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(text(&unknown.stderr).contains("raw_cleanup, message_blob_cleanup"));
    assert_eq!(
        app.run(&["schedules", "pause", "raw_cleanup"])
            .status
            .code(),
        Some(2)
    );

    assert_eq!(
        app.ok(&["schedules", "run", "message_blob_cleanup"]),
        "removed 0 messages\n"
    );
    let ran = app.ok(&["schedules", "run", "raw_cleanup"]);
    assert_eq!(ran, "removed 0 raw transactions below checkpoint 0\n");
    assert_eq!(
        app.ok(&["schedules", "pause", "raw_cleanup"]),
        "raw_cleanup is paused\n"
    );
    let listed = app.ok(&["schedules", "list", "--json"]);
    let rows: Vec<serde_json::Value> = listed
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let states: Vec<_> = rows
        .iter()
        .map(|row| (&row["name"], &row["state"]))
        .collect();
    assert_eq!(
        states,
        [
            (&"message_blob_cleanup".into(), &"well".into()),
            (&"raw_cleanup".into(), &"paused".into())
        ]
    );
    assert_eq!(rows[1]["pattern"], "0 2 * * *");
    assert!(rows[1]["nextAtMs"].as_u64() > rows[1]["lastFinishedAtMs"].as_u64());
    assert_eq!(
        app.ok(&["schedules", "resume", "raw_cleanup"]),
        "raw_cleanup is on\n"
    );
    let shown = app.ok(&["schedules", "list"]);
    assert!(
        shown.contains("0 2 * * * (UTC)") && shown.contains("state    well"),
        "{shown}"
    );
}

#[test]
fn wrong_schedules_and_zones_are_refused() {
    let app = App::new();
    for (key, value, expected) in [
        ("cleanup_schedule", "0 25 * * *", "cron pattern"),
        ("cleanup_time_zone", "Bogota", "America/Bogota"),
    ] {
        app.configure(&format!("[work]\n{key} = \"{value}\"\n"));
        let refused = app.run(&["config", "check"]);
        let message = text(&refused.stderr);
        assert_eq!(refused.status.code(), Some(2), "{message}");
        assert!(
            message.contains(key) && message.contains(value) && message.contains(expected),
            "{message}"
        );
    }
    app.configure("[work]\ncleanup_transactions_max = 0\n");
    assert_eq!(app.run(&["config", "check"]).status.code(), Some(2));
    app.configure("[work]\nretention_days = 0\ncleanup_time_zone = \"America/Bogota\"\n");
    app.ok(&["config", "check"]);
}
