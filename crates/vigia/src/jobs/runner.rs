//! Looks each second for jobs that are due, and runs those that this process gets.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, Hasher};
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use futures::FutureExt;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use vigia_core::{Clock, Schedule, error_chain};
use vigia_store::{
    LeaseStore, Result, ScheduleRow, ScheduleRun, ScheduleSpec, ScheduleStore, schedule_lease,
};

use super::{Job, JobDone, LeaseKeeper, LeaseTimes};
use crate::pipeline::{Backoff, Trouble};

/// How often the database is asked for what is due.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// A job that runs as often as this is logged where it changed something.
const OFTEN_MS: u64 = 300_000;

/// What became of a job that was asked for.
#[derive(Debug, PartialEq, Eq)]
pub enum RanNow {
    /// It ran: what it did, or why it failed.
    Here(std::result::Result<String, String>),
    /// It runs already, in this process or another.
    Elsewhere,
    /// It ran, but its lease was lost on the way and another process runs it again.
    Lost,
}

/// Runs jobs.
pub struct JobRunner {
    jobs: Vec<Arc<dyn Job>>,
    schedules: Arc<dyn ScheduleStore>,
    leases: Arc<dyn LeaseStore>,
    clock: Arc<dyn Clock>,
    times: LeaseTimes,
    /// What this process is called among all, with a number that no other has.
    process: String,
    claims: AtomicU64,
    running: Mutex<BTreeSet<&'static str>>,
}

impl JobRunner {
    /// A runner of `jobs`.
    pub fn new<S: ScheduleStore + LeaseStore + 'static>(
        jobs: Vec<Arc<dyn Job>>,
        store: Arc<S>,
        clock: Arc<dyn Clock>,
        times: LeaseTimes,
    ) -> Self {
        let host = std::env::var("HOSTNAME").unwrap_or_else(|_| "host".to_owned());
        // Processes in containers are all number 1.
        let random = std::hash::RandomState::new().build_hasher().finish();
        Self {
            jobs,
            schedules: store.clone(),
            leases: store,
            clock,
            times,
            process: format!("{host}/{}/{random:016x}", std::process::id()),
            claims: AtomicU64::new(0),
            running: Mutex::default(),
        }
    }

    /// Runs what is due until `shutdown` is asked. What runs then is left to other processes.
    pub async fn run(self, shutdown: CancellationToken) {
        let runner = Arc::new(self);
        let mut tasks = JoinSet::new();
        let mut backoff = Backoff::default();
        let trouble = Trouble::new("cannot look for jobs");
        let mut declared = false;
        loop {
            let looked = match declared {
                true => runner.look(&mut tasks, &shutdown).await,
                false => runner.declare_all().await.map(|()| declared = true),
            };
            let pause = async {
                match &looked {
                    Ok(()) => {
                        backoff.reset();
                        trouble.well();
                        tokio::time::sleep(LOOK_INTERVAL).await;
                    }
                    Err(error) => {
                        trouble.failing(error);
                        backoff.wait().await;
                    }
                }
            };
            tokio::select! {
                () = shutdown.cancelled() => break,
                () = pause => {}
            }
            while tasks.try_join_next().is_some() {}
        }
        while tasks.join_next().await.is_some() {}
    }

    /// Runs a job now, whatever its schedule says; none where there is no job of this name.
    pub async fn run_now(
        &self,
        name: &str,
        shutdown: &CancellationToken,
    ) -> anyhow::Result<Option<RanNow>> {
        let Some(job) = self.jobs.iter().find(|job| job.name() == name) else {
            return Ok(None);
        };
        self.declare(&**job).await?;
        let Some(keeper) = self.claim(&**job).await? else {
            return Ok(Some(RanNow::Elsewhere));
        };
        let outcome = self.run_under(&**job, &keeper, None, shutdown).await;
        if let Err(error) = keeper.release().await {
            tracing::warn!(error = %error_chain(&error), "cannot give a lease back, it will run out");
        }
        Ok(Some(outcome.map_or(RanNow::Lost, RanNow::Here)))
    }

    /// Names of all jobs.
    pub fn names(&self) -> Vec<&'static str> {
        self.jobs.iter().map(|job| job.name()).collect()
    }

    async fn declare_all(&self) -> Result<()> {
        for job in &self.jobs {
            match self.declare(&**job).await {
                Ok(()) => {}
                Err(error) => match error.downcast::<vigia_store::StoreError>() {
                    Ok(error) => return Err(error),
                    // Only its own schedule is wrong; the others run.
                    Err(error) => {
                        tracing::error!(job = job.name(), error = %error_chain(error.as_ref()), "job cannot be scheduled")
                    }
                },
            }
        }
        Ok(())
    }

    async fn declare(&self, job: &dyn Job) -> anyhow::Result<()> {
        let schedule = schedule_of(job)?;
        let begins_ms = self.clock.now_ms().saturating_sub(job.begins_ago_ms());
        let spec = ScheduleSpec {
            name: job.name().to_owned(),
            pattern: job.pattern().to_owned(),
            time_zone: job.time_zone().to_owned(),
            missed: job.missed(),
            next_at_ms: schedule.next_after(begins_ms),
        };
        Ok(self.schedules.schedule_declare(&spec).await?)
    }

    /// Starts every job that is due and does not run here.
    async fn look(
        self: &Arc<Self>,
        tasks: &mut JoinSet<()>,
        shutdown: &CancellationToken,
    ) -> Result<()> {
        let rows = self.schedules.schedule_list().await?;
        let now_ms = self.clock.now_ms();
        for job in &self.jobs {
            let Some(row) = rows.iter().find(|row| row.name == job.name()) else {
                continue;
            };
            if !is_due(row, now_ms) || !self.begin(job.name()) {
                continue;
            }
            let (runner, job, shutdown) = (Arc::clone(self), Arc::clone(job), shutdown.clone());
            tasks.spawn(async move {
                if let Err(error) = runner.run_due(&*job, &shutdown).await {
                    tracing::warn!(job = job.name(), error = %error_chain(error.as_ref()), "cannot run a job");
                }
                runner.end(job.name());
            });
        }
        Ok(())
    }

    /// Claims the job and its tick, and runs it where both are had.
    async fn run_due(&self, job: &dyn Job, shutdown: &CancellationToken) -> anyhow::Result<()> {
        let Some(keeper) = self.claim(job).await? else {
            return Ok(());
        };
        let tick_ms = self.tick(job).await;
        if let Ok(Some(tick_ms)) = tick_ms {
            self.run_under(job, &keeper, Some(tick_ms), shutdown).await;
        }
        keeper.release().await?;
        tick_ms.map(|_| ())
    }

    async fn claim(&self, job: &dyn Job) -> Result<Option<LeaseKeeper>> {
        // A name for each claim: a second one must not take the lease from the first.
        let claim = self.claims.fetch_add(1, Ordering::Relaxed);
        let holder = format!("{}/{claim}", self.process);
        let lease = schedule_lease(job.name());
        LeaseKeeper::claim(Arc::clone(&self.leases), &lease, &holder, self.times).await
    }

    /// The tick to run, with the lease held: the one that somebody left unfinished, or else the next,
    /// if it is due and this process fires it.
    async fn tick(&self, job: &dyn Job) -> anyhow::Result<Option<u64>> {
        // Asked again: before the lease was had, another process may have run it.
        let rows = self.schedules.schedule_list().await?;
        let now_ms = self.clock.now_ms();
        let row = rows.into_iter().find(|row| row.name == job.name());
        let Some(row) = row.filter(|row| is_due(row, now_ms)) else {
            return Ok(None);
        };
        if row.unfinished {
            tracing::warn!(
                job = job.name(),
                tick_ms = row.last_at_ms,
                "taking over an unfinished job"
            );
            return Ok(row.last_at_ms);
        }
        let Some(expected_ms) = row.next_at_ms else {
            return Ok(None);
        };
        let dealt_with = expected_ms.saturating_sub(1);
        let firings = schedule_of(job)?.firings(dealt_with, now_ms, job.missed(), 1);
        let tick_ms = firings.due.first().copied();
        let fired = self
            .schedules
            .schedule_fire(job.name(), expected_ms, firings.next_ms, tick_ms)
            .await?;
        Ok(tick_ms.filter(|_| fired))
    }

    /// Runs the job and records how it went; none where it was dropped half-way, or where the lease
    /// was lost before that was recorded.
    async fn run_under(
        &self,
        job: &dyn Job,
        keeper: &LeaseKeeper,
        tick_ms: Option<u64>,
        shutdown: &CancellationToken,
    ) -> Option<std::result::Result<String, String>> {
        let lost = keeper.lost();
        // A job owns nothing that a panic could leave half-changed: its writes are transactions.
        let running = AssertUnwindSafe(job.run()).catch_unwind();
        let ran = tokio::select! {
            () = shutdown.cancelled() => return None,
            () = lost.cancelled() => return None,
            ran = running => ran,
        };
        let outcome = match ran {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(error)) => Err(error_chain(error.as_ref())),
            Err(_) => Err("it panicked".to_owned()),
        };
        self.log(job, &outcome);
        let outcome = outcome.map(|done| done.words);
        let run = ScheduleRun { tick_ms, outcome };
        let recorded = tokio::select! {
            () = lost.cancelled() => false,
            recorded = self.record(job, keeper, &run) => recorded,
        };
        recorded.then_some(run.outcome)
    }

    fn log(&self, job: &dyn Job, outcome: &std::result::Result<JobDone, String>) {
        match outcome {
            Ok(done) if is_routine(job, done, self.clock.now_ms()) => {
                tracing::debug!(job = job.name(), done = done.words, "job done");
            }
            Ok(done) => tracing::info!(job = job.name(), done = done.words, "job done"),
            Err(error) => tracing::error!(job = job.name(), error, "job failed"),
        }
    }

    /// Tries until the database answers.
    async fn record(&self, job: &dyn Job, keeper: &LeaseKeeper, run: &ScheduleRun) -> bool {
        let mut backoff = Backoff::default();
        loop {
            let finished = self
                .schedules
                .schedule_finish(job.name(), keeper.fence(), run);
            match finished.await {
                Ok(finished) => return finished,
                Err(error) => {
                    tracing::warn!(job = job.name(), error = %error_chain(&error), "cannot record a job yet");
                    backoff.wait().await;
                }
            }
        }
    }

    fn begin(&self, name: &'static str) -> bool {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.insert(name)
    }

    fn end(&self, name: &'static str) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.remove(name);
    }
}

/// Paused means that nothing is begun, not even what another process left unfinished.
fn is_due(row: &ScheduleRow, now_ms: u64) -> bool {
    !row.paused && (row.unfinished || row.next_at_ms.is_some_and(|next| next <= now_ms))
}

/// Whether a run is one of many, and nothing came of it: nobody wants to read of each.
fn is_routine(job: &dyn Job, done: &JobDone, now_ms: u64) -> bool {
    let interval_ms = || {
        let schedule = schedule_of(job).ok()?;
        let next_ms = schedule.next_after(now_ms)?;
        Some(schedule.next_after(next_ms)? - next_ms)
    };
    !done.changed && interval_ms().is_some_and(|interval_ms| interval_ms <= OFTEN_MS)
}

fn schedule_of(job: &dyn Job) -> anyhow::Result<Schedule> {
    Schedule::parse(job.pattern(), job.time_zone())
        .with_context(|| format!("the schedule of job {}", job.name()))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Scheduled(&'static str);

    #[async_trait::async_trait]
    impl Job for Scheduled {
        fn name(&self) -> &'static str {
            "scheduled"
        }

        fn pattern(&self) -> &str {
            self.0
        }

        async fn run(&self) -> anyhow::Result<JobDone> {
            unreachable!("only its schedule is asked for")
        }
    }

    #[test]
    fn frequent_runs_that_changed_nothing_are_routine() {
        let nothing = JobDone::unchanged("nothing to do");
        let is_routine_at = |pattern| is_routine(&Scheduled(pattern), &nothing, 1_700_000_000_000);
        for often in ["every 60s", "every 5m", "*/5 * * * *"] {
            assert!(is_routine_at(often), "{often}");
        }
        for seldom in ["every 301s", "15 * * * *", "0 2 * * *", "no schedule"] {
            assert!(!is_routine_at(seldom), "{seldom}");
        }
        let something = JobDone::changed("three removed");
        assert!(!is_routine(&Scheduled("every 60s"), &something, 0));
    }
}
