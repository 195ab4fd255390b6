//! `/metrics`: figures in Prometheus' text format (exposition format 0.0.4), for operators.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use vigia_store::{
    BalanceCounts, BalanceState, RECONCILED_WITHIN_MS, StatusReport, WatchReconciliation,
};

use crate::app::App;
use crate::pages::{ErrorPage, internal_error};
use crate::reader::Reader;

const TEXT_FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A figure that goes up and down: its name, what it is, and its value for one poller.
type Gauge = (
    &'static str,
    &'static str,
    fn(&WatchReconciliation, u64) -> u64,
);

/// What comparing watch lists in memory with the database's has shown, by poller.
const WATCH_GAUGES: [Gauge; 4] = [
    (
        "vigia_watch_entries",
        "Targets in the database's watch list when the poller last compared.",
        |found, _| found.entries,
    ),
    (
        "vigia_watch_missing",
        "Targets that the poller did not have in memory then; they were repaired.",
        |found, _| found.missing,
    ),
    (
        "vigia_watch_extra",
        "Targets that the poller had in memory and the database did not; they were repaired.",
        |found, _| found.extra,
    ),
    (
        "vigia_watch_compared_age_seconds",
        "Seconds since the poller last compared.",
        |_, age_ms| age_ms / 1000,
    ),
];

/// Serves the figures.
pub(crate) async fn metrics(State(app): State<Arc<App>>, reader: Reader) -> Response {
    if !reader.principal.is_operator() {
        return ErrorPage {
            status: StatusCode::NOT_FOUND,
            locale: reader.locale,
            detail: None,
        }
        .into_response();
    }
    let store = &app.context.store;
    let found = async {
        let watch = store.watch_reconciliations(RECONCILED_WITHIN_MS).await?;
        Ok((watch, store.balance_counts().await?, store.status().await?))
    };
    match found.await {
        Ok((watch, balances, status)) => {
            let fallbacks = fallback_text(app.context.text.fallbacks());
            let text =
                watch_text(&watch) + &balance_text(balances) + &unread_text(&status) + &fallbacks;
            ([(CONTENT_TYPE, TEXT_FORMAT)], text).into_response()
        }
        Err(error) => internal_error(reader.locale, &error),
    }
}

fn balance_text(counts: BalanceCounts) -> String {
    let mut text = "# HELP vigia_balances Addresses whose balances are kept, by state.\n\
                    # TYPE vigia_balances gauge\n"
        .to_owned();
    let states = [
        (BalanceState::Waiting, counts.waiting),
        (BalanceState::Known, counts.known),
        (BalanceState::Differs, counts.differs),
    ];
    for (state, addresses) in states {
        let state = state.as_str();
        let _ = writeln!(text, "vigia_balances{{state=\"{state}\"}} {addresses}");
    }
    text
}

fn unread_text(status: &StatusReport) -> String {
    let (failed, unread) = (status.failed, status.unread);
    format!(
        "# HELP vigia_failed_transactions Transactions that could not be interpreted.\n\
         # TYPE vigia_failed_transactions gauge\nvigia_failed_transactions {failed}\n\
         # HELP vigia_unread_amounts Activities with an amount that could not be told.\n\
         # TYPE vigia_unread_amounts gauge\nvigia_unread_amounts {unread}\n"
    )
}

/// What this process could not say as it is written.
fn fallback_text(fallbacks: u64) -> String {
    format!(
        "# HELP vigia_text_fallbacks_total Texts that could not be made as written; others stood in.\n\
         # TYPE vigia_text_fallbacks_total counter\nvigia_text_fallbacks_total {fallbacks}\n"
    )
}

fn watch_text(found: &[(WatchReconciliation, u64)]) -> String {
    let mut text = String::new();
    for (name, help, value) in WATCH_GAUGES {
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge");
        for (found, age_ms) in found {
            let poller = escaped(&found.holder);
            let value = value(found, *age_ms);
            let _ = writeln!(text, "{name}{{poller=\"{poller}\"}} {value}");
        }
    }
    text
}

/// A label's value as the format wants it.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_poller_has_its_line() {
        let found = WatchReconciliation {
            holder: "host/\"7\"\\".to_owned(),
            entries: 12,
            missing: 1,
            extra: 2,
        };
        let text = watch_text(&[(found, 4_900)]);
        for line in [
            "# TYPE vigia_watch_missing gauge",
            r#"vigia_watch_entries{poller="host/\"7\"\\"} 12"#,
            r#"vigia_watch_missing{poller="host/\"7\"\\"} 1"#,
            r#"vigia_watch_extra{poller="host/\"7\"\\"} 2"#,
            r#"vigia_watch_compared_age_seconds{poller="host/\"7\"\\"} 4"#,
        ] {
            assert!(text.lines().any(|found| found == line), "{line}: {text}");
        }
    }
}
