//! Schedules across daylight-saving changes, missed ticks, and clocks that go back.

use jiff::civil::Date;
use jiff::tz::TimeZoneDatabase;
use jiff::{Timestamp, ZonedDateTime};
use proptest::prelude::*;
use vigia_core::{
    FIRINGS_MAX, Firings, MISSED_AFTER_MS, MissedPolicy, SCHEDULE_BYTES_MAX, Schedule,
    ScheduleError,
};

const HOUR: u64 = 3_600_000;
const DAY: u64 = 24 * HOUR;

fn schedule(pattern: &str, zone: &str) -> Schedule {
    Schedule::parse(pattern, zone).unwrap_or_else(|error| panic!("{error}"))
}

fn at(text: &str) -> u64 {
    let timestamp: Timestamp = text.parse().expect("a moment");
    u64::try_from(timestamp.as_millisecond()).expect("after 1970")
}

fn local(ms: u64, zone: &str) -> ZonedDateTime {
    let zone = TimeZoneDatabase::bundled().get(zone).expect("a zone");
    let timestamp = Timestamp::from_millisecond(i64::try_from(ms).expect("in range"));
    timestamp.expect("in range").to_zoned_datetime(zone)
}

fn ticks(schedule: &Schedule, from: u64, to: u64) -> Vec<u64> {
    let next = |last: &u64| schedule.next_after(*last).filter(|tick| *tick <= to);
    std::iter::successors(schedule.next_after(from).filter(|t| *t <= to), next).collect()
}

fn shown(schedule: &Schedule, zone: &str, from: &str, to: &str) -> Vec<String> {
    let ticks = ticks(schedule, at(from), at(to));
    let show = |tick: &u64| local(*tick, zone).strftime("%d %H:%M %z").to_string();
    ticks.iter().map(show).collect()
}

#[test]
fn a_daily_job_fires_once_per_local_day() {
    let zones = [
        "America/Santiago",
        "America/Sao_Paulo",
        "America/New_York",
        "America/Asuncion",
        "America/Havana",
        "Europe/Madrid",
        "Australia/Lord_Howe",
        "Africa/Cairo",
        "UTC",
    ];
    let patterns = ["0 2 * * *", "0 0 * * *", "30 0 * * *", "30 2 * * *"];
    let mut changes = 0;
    for (zone, pattern) in zones.iter().flat_map(|zone| patterns.map(|p| (*zone, p))) {
        let (from, to) = (at("2014-12-31T18:00:00Z"), at("2027-01-02T00:00:00Z"));
        let days = ticks(&schedule(pattern, zone), from, to);
        let dates: Vec<Date> = days.iter().map(|tick| local(*tick, zone).date()).collect();
        for (pair, ticks) in dates.windows(2).zip(days.windows(2)) {
            assert_eq!(pair[0].tomorrow().unwrap(), pair[1], "{pattern} in {zone}");
            changes += usize::from(ticks[1] - ticks[0] != DAY);
        }
        assert!(
            days.len() >= 12 * 365,
            "{pattern} in {zone}: {}",
            days.len()
        );
    }
    println!("{changes} days were not 24 hours long");
    assert!(changes > 500, "{changes}");
}

#[test]
fn a_time_that_is_skipped_fires_at_the_end_of_the_gap() {
    for (zone, pattern, from, to, wanted) in [
        (
            "America/New_York",
            "30 2 * * *",
            "2026-03-07T12:00:00Z",
            "2026-03-09T12:00:00Z",
            ["08 03:00 -0400", "09 02:30 -0400"],
        ),
        (
            "Europe/Madrid",
            "0 2 * * *",
            "2026-03-28T12:00:00Z",
            "2026-03-30T12:00:00Z",
            ["29 03:00 +0200", "30 02:00 +0200"],
        ),
        // These change at midnight, so that the day begins at 01:00.
        (
            "America/Santiago",
            "0 0 * * *",
            "2026-09-05T12:00:00Z",
            "2026-09-07T12:00:00Z",
            ["06 01:00 -0300", "07 00:00 -0300"],
        ),
        (
            "America/Sao_Paulo",
            "0 0 * * *",
            "2018-11-03T12:00:00Z",
            "2018-11-05T12:00:00Z",
            ["04 01:00 -0200", "05 00:00 -0200"],
        ),
        (
            "America/Asuncion",
            "15 0 * * *",
            "2023-09-30T12:00:00Z",
            "2023-10-02T12:00:00Z",
            ["01 01:00 -0300", "02 00:15 -0300"],
        ),
    ] {
        assert_eq!(shown(&schedule(pattern, zone), zone, from, to), wanted);
    }
}

#[test]
fn a_time_that_is_repeated_fires_at_the_first() {
    for (zone, pattern, from, to, wanted) in [
        (
            "America/New_York",
            "30 1 * * *",
            "2026-10-31T12:00:00Z",
            "2026-11-02T12:00:00Z",
            ["01 01:30 -0400", "02 01:30 -0500"],
        ),
        (
            "Europe/Madrid",
            "0 2 * * *",
            "2026-10-24T12:00:00Z",
            "2026-10-26T12:00:00Z",
            ["25 02:00 +0200", "26 02:00 +0100"],
        ),
        (
            "America/Santiago",
            "30 23 * * *",
            "2026-04-04T12:00:00Z",
            "2026-04-06T12:00:00Z",
            ["04 23:30 -0300", "05 23:30 -0400"],
        ),
    ] {
        assert_eq!(shown(&schedule(pattern, zone), zone, from, to), wanted);
    }
}

#[test]
fn several_times_a_day_follow_the_clock_on_the_wall() {
    let zone = "Europe/Madrid";
    let half_hours = schedule("*/30 * * * *", zone);
    let spring = shown(
        &half_hours,
        zone,
        "2026-03-29T00:29:00Z",
        "2026-03-29T01:31:00Z",
    );
    let wanted = ["29 01:30 +0100", "29 03:00 +0200", "29 03:30 +0200"];
    assert_eq!(spring, wanted);
    let autumn = shown(
        &half_hours,
        zone,
        "2026-10-25T00:00:00Z",
        "2026-10-25T01:31:00Z",
    );
    let wanted = ["25 02:30 +0200", "25 02:00 +0100", "25 02:30 +0100"];
    assert_eq!(autumn, wanted);
}

#[test]
fn a_day_that_a_country_skips_stops_nothing() {
    // Samoa went from 29 to 31 December 2011.
    let zone = "Pacific/Apia";
    let daily = schedule("0 2 * * *", zone);
    let wanted = ["29 02:00 -1000", "31 02:00 +1400", "01 02:00 +1400"];
    let found = shown(&daily, zone, "2011-12-29T00:00:00Z", "2011-12-31T12:00:00Z");
    assert_eq!(found, wanted);
}

#[test]
fn patterns_end_and_seconds_and_nicknames_count() {
    let once = schedule("0 0 0 1 1 * 2030", "UTC");
    let moment = at("2030-01-01T00:00:00Z");
    assert_eq!(once.next_after(at("2026-11-25T00:00:00Z")), Some(moment));
    assert_eq!(once.next_after(moment), None);
    let fired = once.firings(moment - 1, moment, MissedPolicy::Skip, 1);
    let last = Firings {
        due: vec![moment],
        next_ms: None,
    };
    assert_eq!(fired, last);
    assert_eq!(
        schedule("*/10 * * * * *", "UTC").next_after(20_001),
        Some(30_000)
    );
    assert_eq!(schedule("@daily", "utc").next_after(1), Some(DAY));
    assert_eq!(schedule("* * * * *", "UTC").next_after(u64::MAX), None);
}

#[test]
fn intervals_tick_at_their_multiples() {
    let minute = schedule("every 60s", "UTC");
    assert_eq!(minute.next_after(0), Some(60_000));
    assert_eq!(minute.next_after(59_999), Some(60_000));
    assert_eq!(minute.next_after(60_000), Some(120_000));
    assert_eq!(minute.next_after(u64::MAX), None);
    assert_eq!(
        schedule(" every 30 m ", "UTC").next_after(1),
        Some(HOUR / 2)
    );
    assert_eq!(schedule("every 1s", "UTC").next_after(0), Some(1_000));
    assert_eq!(schedule("every 31d", "UTC").next_after(0), Some(31 * DAY));
}

#[test]
fn errors_say_what_where_and_how() {
    for (pattern, problem) in [
        (" ", "it is empty"),
        ("61 * * * *", "out of bounds"),
        ("hello", "fields"),
        ("0 0 30 2 *", "no day of the calendar"),
        ("every 0s", "1s to 31d"),
        ("every 32d", "1s to 31d"),
        ("every 99999999999999999999s", "1s to 31d"),
        ("every s", "1s to 31d"),
        ("every 60", "it has no unit"),
        ("every 5 weeks", "\"weeks\" is not one of the units"),
        ("every ñ", "\"ñ\" is not one of the units"),
    ] {
        let message = Schedule::parse(pattern, "UTC").unwrap_err().to_string();
        println!("{message}");
        assert!(message.starts_with(&format!("{pattern:?} is not a schedule: ")));
        assert!(message.contains(problem), "{message}");
        assert!(message.contains("\"0 2 * * *\"") && message.contains("\"every 60s\""));
    }
    for zone in ["America/Limma", "", "../etc/passwd", "/etc/localtime"] {
        let error = Schedule::parse("0 2 * * *", zone).unwrap_err();
        assert_eq!(
            error,
            ScheduleError::TimeZone {
                zone: zone.to_owned()
            }
        );
        assert!(error.to_string().contains("America/Bogota"), "{error}");
    }
    let longest = format!("{:>SCHEDULE_BYTES_MAX$}", "0 2 * * *");
    assert!(Schedule::parse(&longest, "UTC").is_ok());
    let error = Schedule::parse(&format!(" {longest}"), "UTC").unwrap_err();
    assert!(error.to_string().contains("200 bytes"), "{error}");
}

#[test]
fn missed_ticks_follow_the_policy() {
    let hourly = schedule("0 * * * *", "UTC");
    let last = 10 * HOUR;
    let fire = |now, policy, limit| {
        let firings = hourly.firings(last, now, policy, limit);
        (firings.due, firings.next_ms.unwrap())
    };
    use MissedPolicy::{All, Once, Skip};
    for policy in [Skip, Once, All] {
        assert_eq!(fire(11 * HOUR - 1, policy, 9), (vec![], 11 * HOUR));
        // Somebody looked a little late.
        let on_time = 11 * HOUR + MISSED_AFTER_MS - 1;
        assert_eq!(fire(on_time, policy, 9), (vec![11 * HOUR], 12 * HOUR));
    }
    let late = 11 * HOUR + MISSED_AFTER_MS;
    assert_eq!(fire(late, Skip, 9), (vec![], 12 * HOUR));
    assert_eq!(fire(late, Once, 9), (vec![11 * HOUR], 12 * HOUR));
    assert_eq!(fire(late, All, 9), (vec![11 * HOUR], 12 * HOUR));
    // Nobody was there for three hours.
    let late = 13 * HOUR + HOUR / 2;
    assert_eq!(fire(late, Skip, 9), (vec![], 14 * HOUR));
    assert_eq!(fire(late, Once, 9), (vec![13 * HOUR], 14 * HOUR));
    let all = vec![11 * HOUR, 12 * HOUR, 13 * HOUR];
    assert_eq!(fire(late, All, 9), (all, 14 * HOUR));
    // What does not fit comes with the next call.
    assert_eq!(fire(late, All, 2), (vec![11 * HOUR, 12 * HOUR], 13 * HOUR));
    assert_eq!(fire(late, All, 0), (vec![11 * HOUR], 12 * HOUR));
    // Several missed, but the last of them is on time.
    assert_eq!(fire(13 * HOUR, Skip, 9), (vec![13 * HOUR], 14 * HOUR));
}

#[test]
fn a_year_of_missed_seconds_is_bounded() {
    let secondly = schedule("* * * * * *", "America/Santiago");
    let (last, now) = (at("2025-11-25T00:00:00Z"), at("2026-11-25T00:00:00Z"));
    let all = secondly.firings(last, now, MissedPolicy::All, usize::MAX);
    assert_eq!(all.due.len(), FIRINGS_MAX);
    assert_eq!(all.next_ms, Some(last + (FIRINGS_MAX as u64 + 1) * 1_000));
    let once = secondly.firings(last, now, MissedPolicy::Once, usize::MAX);
    assert_eq!((once.due, once.next_ms), (vec![now], Some(now + 1_000)));
}

fn some_schedule() -> impl Strategy<Value = Schedule> {
    let pattern = prop::sample::select(vec![
        "0 2 * * *",
        "30 1 * * *",
        "*/15 * * * *",
        "0 */5 * * *",
        "15,45 1-3 * * SUN",
        "0 0 L * *",
        "*/7 * * * * *",
        "every 60s",
        "every 5m",
        "every 7d",
    ]);
    let zone = prop::sample::select(vec![
        "America/Santiago",
        "America/New_York",
        "Europe/Madrid",
        "America/Asuncion",
        "Australia/Lord_Howe",
        "Pacific/Apia",
    ]);
    (pattern, zone).prop_map(|(pattern, zone)| schedule(pattern, zone))
}

proptest! {
    #[test]
    fn ticks_ascend(schedule in some_schedule(), start in 0u64..2_500_000_000_000) {
        let mut last = start;
        for _ in 0..20 {
            let next = schedule.next_after(last).expect("they never end");
            prop_assert!(next > last);
            // Nothing lies between: asking from anywhere in between gives the same.
            prop_assert_eq!(schedule.next_after(last + (next - last) / 2), Some(next));
            prop_assert_eq!(schedule.next_after(next - 1), Some(next));
            last = next;
        }
    }

    /// A clock that jumps about, ten processes that look at any time: each tick fires once, in
    /// order, and with `All` none is left out.
    #[test]
    fn no_tick_fires_twice(
        schedule in some_schedule(),
        start in 1_400_000_000_000u64..1_900_000_000_000,
        jumps in prop::collection::vec(-2 * 86_400_000i64..3 * 86_400_000, 1..25),
        policy in prop::sample::select(vec![MissedPolicy::Skip, MissedPolicy::Once, MissedPolicy::All]),
    ) {
        let mut next_ms = schedule.next_after(start).expect("they never end");
        let (first, mut now, mut latest) = (next_ms, start, start);
        let mut fired: Vec<u64> = vec![];
        for jump in jumps {
            now = now.checked_add_signed(jump).expect("after 1970");
            latest = latest.max(now);
            let firings = schedule.firings(next_ms - 1, now, policy, 50);
            prop_assert!(firings.due.len() <= 50);
            prop_assert!(firings.due.iter().all(|tick| (next_ms..=now).contains(tick)));
            fired.extend(firings.due);
            let next = firings.next_ms.expect("they never end");
            prop_assert!(next >= next_ms);
            next_ms = next;
        }
        prop_assert!(fired.windows(2).all(|pair| pair[0] < pair[1]));
        prop_assert!(fired.iter().all(|tick| *tick < next_ms));
        if policy == MissedPolicy::All && !fired.is_empty() {
            prop_assert_eq!(fired, ticks(&schedule, first - 1, next_ms - 1));
        }
    }
}
