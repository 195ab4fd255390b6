//! When a job is due: cron patterns in a time zone, and plain intervals.
//!
//! Computation only: which tick was the last, and who fires the next, is kept in the database. Time
//! zones come from the database that jiff compiles in, never from the machine: containers often have
//! none, and processes that share a schedule have to agree on its ticks. New rules of a government
//! come with a new jiff.
//!
//! Across daylight-saving changes croner's rules hold. A pattern with one time of day fires once per
//! day that it names: at the first moment after the gap where the clock skips that time, at the first
//! of two where it repeats. Patterns with several times (`*/15 * * * *`, `0 2,14 * * *`) follow the
//! clock on the wall: what it skips is not fired, what it repeats is fired twice.

use croner::Cron;
use jiff::tz::{TimeZone, TimeZoneDatabase};

mod local;

use local::Local;

/// The longest pattern, in bytes.
pub const SCHEDULE_BYTES_MAX: usize = 200;

/// The shortest and the longest interval of `every`.
pub const INTERVAL_MS_MIN: u64 = 1_000;
/// See [`INTERVAL_MS_MIN`].
pub const INTERVAL_MS_MAX: u64 = 31 * 86_400_000;

/// A tick that is this late was missed: no process was there to fire it.
pub const MISSED_AFTER_MS: u64 = 60_000;

/// The most ticks that one call of [`Schedule::firings`] returns.
pub const FIRINGS_MAX: usize = 1_000;

/// No zone ever skipped more than this.
const GAP_HOURS_MAX: u64 = 48;
const HOUR_MS: u64 = 3_600_000;

/// A schedule that cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// The pattern says nothing that can be scheduled.
    #[error(
        "{pattern:?} is not a schedule: {problem}; expected a cron pattern such as \"0 2 * * *\" \
         (daily at 02:00) or an interval such as \"every 60s\""
    )]
    Pattern {
        /// What was given.
        pattern: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The zone is not in the database.
    #[error("{zone:?} is not a time zone; expected a name such as \"America/Bogota\" or \"UTC\"")]
    TimeZone {
        /// What was given.
        zone: String,
    },
}

/// What to do about ticks that were missed while no process was there to fire them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MissedPolicy {
    /// Nothing: wait for the next tick.
    Skip,
    /// Fire once, for the last of them.
    Once,
    /// Fire for each of them, the oldest first.
    All,
}

/// What is due now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Firings {
    /// Ticks to run, ascending.
    pub due: Vec<u64>,
    /// What to keep as the next tick. It has passed already where more ticks are due than one call
    /// returns, and there is none where the pattern names no more.
    pub next_ms: Option<u64>,
}

/// A parsed schedule. All times are milliseconds since 1970.
#[derive(Clone, Debug)]
pub struct Schedule(Kind);

#[derive(Clone, Debug)]
enum Kind {
    /// At the multiples of an interval, so that processes agree on them without a starting point.
    Every { interval_ms: u64 },
    /// At the times of a pattern, on the clocks of a zone.
    Cron { cron: Box<Cron>, zone: TimeZone },
}

impl Schedule {
    /// Reads a cron pattern of five fields, of six with seconds first, or a nickname such as
    /// `@daily`, on the clocks of `time_zone`; or an interval, `every 60s`, with one of the units
    /// s, m, h and d.
    pub fn parse(pattern: &str, time_zone: &str) -> Result<Self, ScheduleError> {
        let zone = TimeZoneDatabase::bundled().get(time_zone);
        let zone = zone.map_err(|_| ScheduleError::TimeZone {
            zone: time_zone.chars().take(SCHEDULE_BYTES_MAX).collect(),
        })?;
        let kind = if pattern.len() > SCHEDULE_BYTES_MAX {
            Err(format!("it is longer than {SCHEDULE_BYTES_MAX} bytes"))
        } else if pattern.trim().is_empty() {
            Err("it is empty".to_owned())
        } else if let Some(interval) = pattern.trim().strip_prefix("every ") {
            parse_interval(interval.trim()).map(|interval_ms| Kind::Every { interval_ms })
        } else {
            parse_cron(pattern.trim(), zone)
        };
        kind.map(Self).map_err(|problem| ScheduleError::Pattern {
            pattern: pattern.chars().take(SCHEDULE_BYTES_MAX).collect(),
            problem,
        })
    }

    /// The first tick after `now_ms`; none where the pattern names no more.
    pub fn next_after(&self, now_ms: u64) -> Option<u64> {
        match &self.0 {
            Kind::Every { interval_ms } => (now_ms / interval_ms + 1).checked_mul(*interval_ms),
            Kind::Cron { cron, zone } => next_in_zone(cron, zone, now_ms),
        }
    }

    /// What is due at `now_ms`, when all ticks up to `last_ms` have been dealt with: fired, or left
    /// out by the policy. With a stored next tick, `last_ms` is the millisecond before it.
    ///
    /// A clock that goes back fires nothing again: no tick at or before `last_ms` is ever due.
    /// `limit` is cut to 1 to [`FIRINGS_MAX`].
    pub fn firings(
        &self,
        last_ms: u64,
        now_ms: u64,
        policy: MissedPolicy,
        limit: usize,
    ) -> Firings {
        let Some(first) = self.next_after(last_ms).filter(|tick| *tick <= now_ms) else {
            return Firings {
                due: vec![],
                next_ms: self.next_after(last_ms),
            };
        };
        if policy == MissedPolicy::All {
            return self.all_from(first, now_ms, limit.clamp(1, FIRINGS_MAX));
        }
        let last = self.last_until(first, now_ms);
        let is_missed = now_ms - last >= MISSED_AFTER_MS;
        let fires = policy == MissedPolicy::Once || !is_missed;
        Firings {
            due: fires.then_some(last).into_iter().collect(),
            next_ms: self.next_after(now_ms),
        }
    }

    fn all_from(&self, first: u64, now_ms: u64, limit: usize) -> Firings {
        let mut due = vec![];
        let mut next_ms = Some(first);
        while let Some(tick) = next_ms.filter(|tick| *tick <= now_ms && due.len() < limit) {
            due.push(tick);
            next_ms = self.next_after(tick);
        }
        Firings { due, next_ms }
    }

    /// The last tick up to `now_ms`, when `first` is one of them. Halves the time between instead of
    /// walking over what may be a year of seconds.
    fn last_until(&self, first: u64, now_ms: u64) -> u64 {
        let (mut last, mut until) = (first, now_ms);
        while last < until {
            let middle = last + (until - last) / 2;
            match self.next_after(middle) {
                Some(tick) if tick <= until => last = tick,
                _ => until = middle,
            }
        }
        last
    }
}

/// Croner's search gives up where a zone skips more than two hours, as Samoa did a whole day in
/// 2011. The search is begun again behind such a gap.
fn next_in_zone(cron: &Cron, zone: &TimeZone, now_ms: u64) -> Option<u64> {
    let start = Local::new(now_ms, zone)?;
    if let Ok(next) = cron.find_next_occurrence(&start, false) {
        return next.milliseconds();
    }
    (1..=GAP_HOURS_MAX).find_map(|hours| {
        let start = Local::new(now_ms.checked_add(hours * HOUR_MS)?, zone)?;
        let next = cron.find_next_occurrence(&start, true).ok()?;
        next.milliseconds()
    })
}

fn parse_cron(pattern: &str, zone: TimeZone) -> Result<Kind, String> {
    let cron: Cron = pattern
        .parse()
        .map_err(|error: croner::errors::CronError| fragment(&error.to_string()))?;
    // 30 February parses, and would be looked for in vain for ever.
    let utc = Local::new(0, &TimeZone::UTC).ok_or("1970 is out of range")?;
    if cron.find_next_occurrence(&utc, true).is_err() {
        return Err("no day of the calendar is like that".to_owned());
    }
    Ok(Kind::Cron {
        cron: Box::new(cron),
        zone,
    })
}

fn parse_interval(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit_ms = match text[digits.len()..].trim() {
        "s" => 1_000,
        "m" => 60_000,
        "h" => HOUR_MS,
        "d" => 24 * HOUR_MS,
        "" => return Err("it has no unit: s, m, h or d".to_owned()),
        unit => return Err(format!("{unit:?} is not one of the units s, m, h, d")),
    };
    let number: Option<u64> = digits.parse().ok();
    let interval_ms = number.and_then(|number| number.checked_mul(unit_ms));
    interval_ms
        .filter(|interval| (INTERVAL_MS_MIN..=INTERVAL_MS_MAX).contains(interval))
        .ok_or_else(|| "its interval is not a number from 1s to 31d".to_owned())
}

/// Another library's message as a part of ours: lower case, no full stop, no prefix.
fn fragment(message: &str) -> String {
    let message = message.rsplit_once(": ").map_or(message, |(_, last)| last);
    let mut letters = message.trim_end_matches('.').chars();
    let first = letters.next().map(|letter| letter.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}
