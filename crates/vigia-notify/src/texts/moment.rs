//! Dates and times as people of a language write them.

use std::borrow::Cow;

use fluent_bundle::types::FluentType;
use intl_memoizer::{IntlLangMemoizer, concurrent};
use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use vigia_core::Locale;

/// A moment on the clocks of a zone: `28 nov 2026` and `05:20 UTC`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) date: String,
    pub(super) time: String,
}

impl Moment {
    /// The moment `ms` milliseconds after 1970. Zones are those compiled in, as for schedules; one that is not
    /// known is UTC, which the text says.
    pub(super) fn new(ms: u64, zone: Option<&str>, locale: Locale) -> Self {
        let named = zone.and_then(|zone| TimeZoneDatabase::bundled().get(zone).ok());
        let ms = i64::try_from(ms).unwrap_or(i64::MAX);
        let moment = Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MAX);
        let local = moment.to_zoned_datetime(named.unwrap_or(TimeZone::UTC));
        let at = local.datetime();
        let month = usize::try_from(at.month() - 1).unwrap_or_default();
        Self {
            date: format!("{} {} {}", at.day(), months(locale)[month], at.year()),
            time: format!(
                "{:02}:{:02} {}",
                at.hour(),
                at.minute(),
                offset_name(local.offset().seconds())
            ),
        }
    }
}

impl FluentType for Moment {
    fn duplicate(&self) -> Box<dyn FluentType + Send> {
        Box::new(self.clone())
    }

    fn as_string(&self, _: &IntlLangMemoizer) -> Cow<'static, str> {
        format!("{}, {}", self.date, self.time).into()
    }

    fn as_string_threadsafe(&self, _: &concurrent::IntlLangMemoizer) -> Cow<'static, str> {
        format!("{}, {}", self.date, self.time).into()
    }
}

fn months(locale: Locale) -> [&'static str; 12] {
    match locale {
        Locale::Es => [
            "ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic",
        ],
        Locale::En => [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ],
        Locale::Pt => [
            "jan", "fev", "mar", "abr", "mai", "jun", "jul", "ago", "set", "out", "nov", "dez",
        ],
    }
}

/// `UTC`, `UTC-5`, `UTC+5:30`: zones have no abbreviations that everybody knows.
fn offset_name(seconds: i32) -> String {
    let minutes = seconds.unsigned_abs() / 60;
    let sign = if seconds < 0 { '-' } else { '+' };
    match (minutes / 60, minutes % 60) {
        (0, 0) => "UTC".to_owned(),
        (hours, 0) => format!("UTC{sign}{hours}"),
        (hours, minutes) => format!("UTC{sign}{hours}:{minutes:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-28 05:20:59 UTC.
    const AT_MS: u64 = 1_795_843_259_000;

    fn text(ms: u64, zone: Option<&str>, locale: Locale) -> String {
        let moment = Moment::new(ms, zone, locale);
        format!("{}, {}", moment.date, moment.time)
    }

    #[test]
    fn languages_name_months() {
        assert_eq!(text(AT_MS, None, Locale::Es), "28 nov 2026, 05:20 UTC");
        assert_eq!(text(AT_MS, None, Locale::En), "28 Nov 2026, 05:20 UTC");
        assert_eq!(text(AT_MS, None, Locale::Pt), "28 nov 2026, 05:20 UTC");
        assert_eq!(text(0, None, Locale::Es), "1 ene 1970, 00:00 UTC");
        assert!(text(u64::MAX, None, Locale::Pt).starts_with("30 dez 9999"));
    }

    #[test]
    fn clocks_are_those_of_the_zone() {
        let es = |zone| text(AT_MS, Some(zone), Locale::Es);
        assert_eq!(es("America/Bogota"), "28 nov 2026, 00:20 UTC-5");
        assert_eq!(es("America/Sao_Paulo"), "28 nov 2026, 02:20 UTC-3");
        assert_eq!(es("Asia/Kolkata"), "28 nov 2026, 10:50 UTC+5:30");
        assert_eq!(es("America/St_Johns"), "28 nov 2026, 01:50 UTC-3:30");
        assert_eq!(es("No/Such"), "28 nov 2026, 05:20 UTC");
    }
}
