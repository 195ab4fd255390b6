//! What is done when, and how it went, for operators.

use async_graphql::{Context, Object, Result};
use vigia_store::ScheduleRow;

use super::error::{bad_input, internal};
use super::failed::check_operator;
use super::query::{check_writer, web};
use super::scalar::UInt53;

/// A job.
struct Schedule(ScheduleRow);

/// Something that is done at times.
#[Object]
impl Schedule {
    /// Its name.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// When it is done: a pattern of cron with five fields.
    async fn pattern(&self) -> &str {
        &self.0.pattern
    }

    /// In which time zone that is meant.
    async fn time_zone(&self) -> &str {
        &self.0.time_zone
    }

    /// Whether it is left undone until somebody says otherwise.
    async fn is_paused(&self) -> bool {
        self.0.paused
    }

    /// Whether it has begun and not ended: it runs, or whoever ran it was ended.
    async fn is_running(&self) -> bool {
        self.0.unfinished
    }

    /// When it is done next, in milliseconds since 1970; null where it is not.
    async fn next_at_ms(&self) -> Option<UInt53> {
        self.0.next_at_ms.map(UInt53)
    }

    /// When it ended last, in milliseconds since 1970; null where it never did.
    async fn last_finished_at_ms(&self) -> Option<UInt53> {
        self.0.last_finished_at_ms.map(UInt53)
    }

    /// What came of that.
    async fn last_result(&self) -> Option<&String> {
        self.0.last_result.as_ref()
    }

    /// Why it failed then; null where it did not.
    async fn last_error(&self) -> Option<&String> {
        self.0.last_error.as_ref()
    }
}

/// The part of queries about schedules.
#[derive(Default)]
pub(crate) struct ScheduleQueries;

/// What can be asked of schedules.
#[Object]
impl ScheduleQueries {
    /// What is done when, by name. For operators.
    #[graphql(complexity = "20 * child_complexity")]
    async fn schedules(&self, ctx: &Context<'_>) -> Result<Vec<Schedule>> {
        check_operator(ctx)?;
        let rows = web(ctx).store.schedule_list().await.map_err(internal)?;
        Ok(rows.into_iter().map(Schedule).collect())
    }
}

/// Mutations of schedules.
#[derive(Default)]
pub(crate) struct ScheduleMutation;

/// What can be changed of schedules.
#[Object]
impl ScheduleMutation {
    /// Leaves a job undone until it is resumed, or resumes it. For operators.
    async fn set_schedule_paused(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its name.")] name: String,
        #[graphql(desc = "Whether it is to be left undone.")] paused: bool,
    ) -> Result<Schedule> {
        check_operator(ctx)?;
        check_writer(ctx)?;
        let store = &web(ctx).store;
        let unknown = || {
            let problem = format!("there is no schedule {name:?}");
            bad_input("name", problem, "a name from `schedules`")
        };
        if name.contains('\0')
            || !store
                .schedule_pause(&name, paused)
                .await
                .map_err(internal)?
        {
            return Err(unknown());
        }
        let rows = store.schedule_list().await.map_err(internal)?;
        let found = rows.into_iter().find(|row| row.name == name);
        found.map(Schedule).ok_or_else(unknown)
    }
}
