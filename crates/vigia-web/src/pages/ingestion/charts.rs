//! The last minutes as curves, drawn here, and as a table of the same figures.
//!
//! Whole numbers throughout: a curve is drawn in the units of its picture.

use std::fmt::Write as _;

use maud::{Markup, html};
use vigia_core::{Locale, format_amount};

use crate::samples::{APART_MS, Sample, WINDOW_MS};
use crate::text::{IngestionWords, count, ingestion_words, time_of_day};

/// The picture's width and height, and what is left above the largest value.
const WIDTH: u64 = 300;
const HEIGHT: u64 = 70;
const ABOVE: u64 = 4;
/// Samples that are further apart are of an interruption: the curve has a gap there.
const GAP_MS: u64 = 4 * APART_MS;
/// A row of the table is of so long.
const ROW_MS: u64 = 60_000;

/// What is drawn of a sample and the one before it; none where it is not known.
type Value = fn(&Sample, &Sample) -> Option<u64>;

/// A curve: its name for programs, its label, its value, and how many decimals that has.
struct Curve {
    name: &'static str,
    label: &'static str,
    value: Value,
    decimals: u8,
}

fn curves(words: &IngestionWords) -> [Curve; 4] {
    let curve = |name, label, value, decimals| Curve {
        name,
        label,
        value,
        decimals,
    };
    let lag: Value = |now, _| now.lag_checkpoints;
    let seconds: Value = |now, _| now.lag_seconds();
    let checkpoints: Value = |now, before| Some(now.rates(before)?.0);
    let transactions: Value = |now, before| Some(now.rates(before)?.1);
    [
        curve("lag-checkpoints", words.lag_checkpoints, lag, 0),
        curve("lag-seconds", words.lag_seconds, seconds, 0),
        curve("checkpoints", words.checkpoints_per_second, checkpoints, 1),
        curve(
            "transactions",
            words.transactions_per_second,
            transactions,
            1,
        ),
    ]
}

/// The curves and the table.
pub(super) fn charts(samples: &[Sample], now_ms: u64, locale: Locale) -> Markup {
    let words = ingestion_words(locale);
    html! {
        section data-charts {
            h2 { (words.charts) }
            @if samples.len() < 2 { p.note { (words.no_charts) } }
            @else {
                div.charts {
                    @for curve in &curves(words) { (figure(curve, samples, now_ms, locale)) }
                }
                details #samples {
                    summary { (words.table) }
                    (table(samples, locale))
                }
            }
        }
    }
}

fn figure(curve: &Curve, samples: &[Sample], now_ms: u64, locale: Locale) -> Markup {
    let words = ingestion_words(locale);
    let values: Vec<(u64, Option<u64>)> = samples
        .windows(2)
        .map(|pair| (pair[1].at_ms, (curve.value)(&pair[1], &pair[0])))
        .collect();
    let most = values.iter().filter_map(|(_, value)| *value).max();
    let last = values.last().and_then(|(_, value)| *value);
    let shown = |value: Option<u64>| {
        value.map_or("–".to_owned(), |value| {
            number(value, curve.decimals, locale)
        })
    };
    let (latest, largest) = (shown(last), shown(most));
    let label = format!("{}: {latest}, {} {largest}", curve.label, words.most);
    html! {
        figure.chart data-chart=(curve.name) {
            figcaption {
                span { (curve.label) }
                b data-latest { (latest) }
                span.meta { (words.most) " " (largest) }
            }
            svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label=(label) preserveAspectRatio="none" {
                line.base x1="0" y1=(HEIGHT) x2=(WIDTH) y2=(HEIGHT) {}
                @for points in lines(&values, most.unwrap_or(0), now_ms) {
                    polyline points=(points) {}
                }
            }
            p.meta.ends aria-hidden="true" { span { (words.window) } span { (words.now) } }
        }
    }
}

fn number(value: u64, decimals: u8, locale: Locale) -> String {
    format_amount(value.into(), decimals, locale)
}

/// The points of each run of values without an interruption.
fn lines(values: &[(u64, Option<u64>)], most: u64, now_ms: u64) -> Vec<String> {
    let begin_ms = now_ms.saturating_sub(WINDOW_MS);
    let (mut lines, mut line, mut last_ms) = (Vec::new(), String::new(), 0);
    for (at_ms, value) in values {
        let is_apart = at_ms.saturating_sub(last_ms) > GAP_MS;
        if (value.is_none() || is_apart) && !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        if let Some(value) = value {
            let x = at_ms.saturating_sub(begin_ms).min(WINDOW_MS) * WIDTH / WINDOW_MS;
            let y = HEIGHT - scaled(*value, most);
            // Writing to a text does not fail.
            let _ = write!(line, "{}{x},{y}", if line.is_empty() { "" } else { " " });
        }
        last_ms = *at_ms;
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// How high a value is drawn.
fn scaled(value: u64, most: u64) -> u64 {
    let height = u128::from(value) * u128::from(HEIGHT - ABOVE) / u128::from(most.max(1));
    u64::try_from(height).unwrap_or(HEIGHT)
}

/// The last sample of each minute, the newest first, with the rates of that minute.
fn table(samples: &[Sample], locale: Locale) -> Markup {
    let words = ingestion_words(locale);
    let of_none = || "–".to_owned();
    let rows = minutes(samples).into_iter().rev();
    html! {
        table.samples {
            thead { tr { @for column in words.columns { th scope="col" { (column) } } } }
            tbody {
                @for (last, rates) in rows {
                    tr {
                        th scope="row" { (time_of_day(last.at_ms)) }
                        td { (last.lag_checkpoints.map_or_else(of_none, |lag| count(lag, locale))) }
                        td { (last.lag_seconds().map_or_else(of_none, |lag| count(lag, locale))) }
                        td { (rates.map_or_else(of_none, |(checkpoints, _)| number(checkpoints, 1, locale))) }
                        td { (rates.map_or_else(of_none, |(_, transactions)| number(transactions, 1, locale))) }
                    }
                }
            }
        }
    }
}

/// The last sample of each minute, with the rates since the last one of the minute before.
fn minutes(samples: &[Sample]) -> Vec<(Sample, Option<(u64, u64)>)> {
    let mut lasts: Vec<Sample> = Vec::new();
    for sample in samples {
        match lasts.last_mut() {
            Some(last) if last.at_ms / ROW_MS == sample.at_ms / ROW_MS => *last = *sample,
            _ => lasts.push(*sample),
        }
    }
    let mut before = samples.first().copied();
    let mut rows = Vec::with_capacity(lasts.len());
    for last in lasts {
        let rates = before.and_then(|before| last.rates(&before));
        rows.push((last, rates));
        before = Some(last);
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_are_drawn_in_the_window_with_gaps() {
        let now_ms = WINDOW_MS * 3;
        let begin_ms = now_ms - WINDOW_MS;
        let values = [
            (begin_ms, Some(0)),
            (begin_ms + APART_MS, Some(10)),
            // Nothing is known here,
            (begin_ms + 2 * APART_MS, None),
            (begin_ms + 3 * APART_MS, Some(5)),
            // and nobody looked before this.
            (now_ms - APART_MS, Some(10)),
            (now_ms, Some(10)),
        ];
        assert_eq!(
            lines(&values, 10, now_ms),
            ["0,70 1,4", "5,37", "298,4 300,4"]
        );
        assert_eq!(lines(&[], 0, now_ms), [""; 0]);
        assert_eq!(lines(&[(now_ms, Some(0))], 0, now_ms), ["300,70"]);
        assert_eq!(scaled(u64::MAX, u64::MAX), HEIGHT - ABOVE);
    }

    #[test]
    fn a_row_is_a_minute() {
        let sample = |at_ms, checkpoint| Sample {
            at_ms,
            watermark: Some((checkpoint, at_ms)),
            lag_checkpoints: Some(1),
            transactions: 0,
        };
        let samples = [
            sample(0, 0),
            sample(30_000, 60),
            sample(59_999, 120),
            sample(61_000, 121),
        ];
        let rows = minutes(&samples);
        let said: Vec<_> = rows
            .iter()
            .map(|(last, rates)| (last.at_ms, *rates))
            .collect();
        assert_eq!(said, [(59_999, Some((20, 0))), (61_000, Some((9, 0)))]);
    }
}
