//! When jobs are due, shared by all processes that may run them.

use async_trait::async_trait;
use vigia_core::{Fence, MissedPolicy};

use crate::Result;

/// Jobs and their ticks. When a tick is, `vigia_core::Schedule` says; here is which is next, and that
/// each is fired once.
#[async_trait]
pub trait ScheduleStore: Send + Sync {
    /// Adds a schedule, or brings it up to date. The next tick stays while pattern and time zone do;
    /// what is paused stays paused.
    async fn schedule_declare(&self, spec: &ScheduleSpec) -> Result<()>;

    /// All schedules, by name.
    async fn schedule_list(&self) -> Result<Vec<ScheduleRow>>;

    /// Fires a tick: sets the next one from `expected_ms` to `next_ms`, and notes `tick_ms` as fired
    /// and unfinished; none where the policy leaves out what is due. False where another was faster, or
    /// where the schedule is paused.
    async fn schedule_fire(
        &self,
        name: &str,
        expected_ms: u64,
        next_ms: Option<u64>,
        tick_ms: Option<u64>,
    ) -> Result<bool>;

    /// Records how a run went, where `fence` is still the current one of the lease
    /// [`schedule_lease`]; false, and nothing is recorded, where it is not (I-9).
    async fn schedule_finish(&self, name: &str, fence: Fence, run: &ScheduleRun) -> Result<bool>;

    /// Pauses or resumes a schedule; false where there is none of this name. On resuming, ticks that
    /// passed meanwhile count as missed.
    async fn schedule_pause(&self, name: &str, paused: bool) -> Result<bool>;
}

/// The lease under which a job runs, so that it runs in one place at a time.
pub fn schedule_lease(name: &str) -> String {
    format!("job:{name}")
}

/// A schedule as the program declares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduleSpec {
    /// Name of the job.
    pub name: String,
    /// When, as `vigia_core::Schedule` reads it.
    pub pattern: String,
    /// On the clocks of which zone.
    pub time_zone: String,
    /// What to do about missed ticks.
    pub missed: MissedPolicy,
    /// The next tick, for a schedule that is new or has a new pattern.
    pub next_at_ms: Option<u64>,
}

/// A schedule as it stands. Times are milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduleRow {
    /// Name of the job.
    pub name: String,
    /// When, as `vigia_core::Schedule` reads it.
    pub pattern: String,
    /// On the clocks of which zone.
    pub time_zone: String,
    /// What to do about missed ticks.
    pub missed: MissedPolicy,
    /// Whether an operator paused it.
    pub paused: bool,
    /// The next tick; none where the pattern names no more.
    pub next_at_ms: Option<u64>,
    /// The last tick that was fired.
    pub last_at_ms: Option<u64>,
    /// Whether that tick's run has not been recorded yet: it runs, or its process is gone.
    pub unfinished: bool,
    /// When a run was last recorded.
    pub last_finished_at_ms: Option<u64>,
    /// What that run did.
    pub last_result: Option<String>,
    /// Why that run failed.
    pub last_error: Option<String>,
}

/// How a run went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduleRun {
    /// The tick it was for; none where somebody asked for it.
    pub tick_ms: Option<u64>,
    /// What it did, or why it failed.
    pub outcome: std::result::Result<String, String>,
}
