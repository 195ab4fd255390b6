//! A moment on the clocks of a zone, in the form that croner searches over.
//!
//! Croner brings this for jiff 0.2 only; with jiff 1 here there is one time library in the binary.

use std::cmp::Ordering;

use croner::errors::CronError;
use croner::time::{CivilDate, CivilDateTime, CivilTime, CronDateTime, Resolution, Weekday};
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp, ZonedDateTime};

/// A moment with its zone.
#[derive(Clone)]
pub(super) struct Local(ZonedDateTime);

impl Local {
    /// None beyond the year 9999.
    pub(super) fn new(ms: u64, zone: &TimeZone) -> Option<Self> {
        let timestamp = Timestamp::from_millisecond(i64::try_from(ms).ok()?).ok()?;
        Some(Self(timestamp.to_zoned_datetime(zone.clone())))
    }

    /// Milliseconds since 1970; none before.
    pub(super) fn milliseconds(&self) -> Option<u64> {
        u64::try_from(self.0.timestamp().as_millisecond()).ok()
    }
}

impl CronDateTime for Local {
    fn to_civil(&self) -> CivilDateTime {
        let local = self.0.datetime();
        CivilDateTime::new(
            CivilDate::from_parts_unchecked(
                i32::from(local.year()),
                part(local.month()),
                part(local.day()),
            ),
            CivilTime::from_parts_unchecked(
                part(local.hour()),
                part(local.minute()),
                part(local.second()),
            ),
        )
    }

    fn civil_weekday(&self) -> Weekday {
        Weekday::from_days_from_sunday(part(self.0.weekday().to_sunday_zero_offset()))
    }

    fn resolve_civil(&self, civil: CivilDateTime) -> Result<Resolution<Self>, CronError> {
        let local = self
            .0
            .time_zone()
            .to_ambiguous_zoned_datetime(to_jiff(civil)?);
        let moment = |zoned: Result<ZonedDateTime, jiff::Error>| {
            zoned.map(Self).map_err(|_| CronError::InvalidTime)
        };
        Ok(match local.offset() {
            AmbiguousOffset::Gap { .. } => Resolution::Gap,
            AmbiguousOffset::Unambiguous { .. } => Resolution::Single(moment(local.unambiguous())?),
            AmbiguousOffset::Fold { .. } => {
                Resolution::Ambiguous(moment(local.clone().earlier())?, moment(local.later())?)
            }
        })
    }

    fn checked_add_seconds(&self, seconds: i64) -> Option<Self> {
        let moved = self.0.checked_add(SignedDuration::from_secs(seconds));
        moved.ok().map(Self)
    }

    fn cmp_instant(&self, other: &Self) -> Ordering {
        self.0.timestamp().cmp(&other.0.timestamp())
    }
}

fn to_jiff(civil: CivilDateTime) -> Result<DateTime, CronError> {
    let year = i16::try_from(civil.year()).map_err(|_| CronError::InvalidDate)?;
    let small = |part: u32| i8::try_from(part).map_err(|_| CronError::InvalidDate);
    DateTime::new(
        year,
        small(civil.month())?,
        small(civil.day())?,
        small(civil.hour())?,
        small(civil.minute())?,
        small(civil.second())?,
        0,
    )
    .map_err(|_| CronError::InvalidDate)
}

/// Parts of a date and of a time of day are never negative.
fn part(value: i8) -> u32 {
    u32::from(value.unsigned_abs())
}
