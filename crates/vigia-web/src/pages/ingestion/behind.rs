//! What is missing and what is fetched afterwards: gaps of the live lane, and histories under way.

use maud::{Markup, html};
use vigia_store::BackfillRow;

use crate::reader::Reader;
use crate::text::{count, ingestion_words};

/// Gaps and histories that are shown.
pub(super) const SHOWN_MAX: u32 = 20;

/// The runs of checkpoints that are missing below what is committed.
pub(super) fn gap_list(gaps: &[(u64, u64)], reader: &Reader) -> Markup {
    let (words, locale) = (ingestion_words(reader.locale), reader.locale);
    let all = crate::text::words(locale);
    html! {
        section {
            h2 { (words.gaps) }
            @if gaps.is_empty() { p.note data-gaps="none" { (words.no_gaps) } }
            ul.balances.shards {
                @for (from, to) in gaps {
                    li data-gap={ (from) "-" (to) } {
                        span.what {
                            span.title { (count(*from, locale)) " " (words.to) " " (count(*to, locale)) }
                        }
                        span.amount {
                            (count(to.saturating_sub(*from).saturating_add(1), locale))
                            span.meta { (all.checkpoints) }
                        }
                    }
                }
            }
        }
    }
}

/// What is being fetched, and how far that is.
pub(super) fn histories(rows: &[BackfillRow], reader: &Reader) -> Markup {
    let words = ingestion_words(reader.locale);
    html! {
        section {
            h2 { (words.under_way) }
            @if rows.is_empty() { p.note data-histories="none" { (words.none_under_way) } }
            ul.balances.targets {
                @for row in rows { (history(row, reader)) }
            }
        }
    }
}

fn history(row: &BackfillRow, reader: &Reader) -> Markup {
    let (words, locale) = (ingestion_words(reader.locale), reader.locale);
    let all = crate::text::words(locale);
    let length = row.to_exclusive.saturating_sub(row.from).max(1);
    let done = row.position.saturating_sub(row.from).min(length);
    html! {
        li data-history-of=(row.from) {
            span.title {
                @match row.addresses {
                    Some(addresses) => { (count(addresses, locale)) " " (words.addresses) }
                    None => (words.range),
                }
            }
            span.meta {
                span { (count(row.from, locale)) " " (words.to) " " (count(row.to_exclusive.saturating_sub(1), locale)) }
                span { (count(done, locale)) " " (all.of) " " (count(length, locale)) }
            }
            progress value=(done) max=(length) aria-label=(words.under_way) {}
            @if let Some(reason) = &row.reason { p.problem { (reason) } }
        }
    }
}
