//! `GET /v1/activities`: the reader's activities as a file, streamed page by page, newest first.

use std::sync::Arc;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use futures::stream;
use serde_json::json;
use vigia_core::{DECIMALS_MAX, Direction, Scope, format_minor_units};
use vigia_store::{ActivityCursor, ActivityFilter, ActivityRow, Store, StoreError};

use crate::app::App;
use crate::event::activity_value;
use crate::reader::Reader;
use crate::search::{Said, Unreadable};
use crate::text::time_machine;

/// Rows that are read and sent at once.
const PART: u32 = 500;
/// Columns of the table.
const COLUMNS: [&str; 19] = [
    "time",
    "timestampMs",
    "checkpoint",
    "transactionIndex",
    "digest",
    "account",
    "kind",
    "direction",
    "status",
    "address",
    "coinType",
    "coin",
    "amount",
    "amountMinor",
    "counterparty",
    "counterpartyName",
    "businessId",
    "note",
    "suppressed",
];
/// What a reader who found no place is told to wait.
const RETRY_SECONDS: &str = "10";

/// In which form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    /// RFC 4180, with a line of names.
    Csv,
    /// An activity a line, as webhooks carry it.
    Jsonl,
}

/// Answers with all activities that are as asked.
pub(crate) async fn activities(State(app): State<Arc<App>>, reader: Reader, uri: Uri) -> Response {
    let read = asked(uri.query().unwrap_or_default()).and_then(|(said, format)| {
        let filter = said.read(&app.context.registry.get())?;
        Ok((filter, format))
    });
    let (filter, format) = match read {
        Ok(read) => read,
        Err(Unreadable {
            what,
            problem,
            expected,
        }) => {
            let error = json!({ "error": format!("{what}: {problem}"), "expected": expected });
            return (StatusCode::BAD_REQUEST, Json(error)).into_response();
        }
    };
    // A file may take long, so that it is bounded as live readers are.
    let Some(place) = app.live_reader() else {
        let error = json!({ "error": "too many read files or live streams at this moment" });
        let retry = [(RETRY_AFTER, RETRY_SECONDS)];
        return (StatusCode::SERVICE_UNAVAILABLE, retry, Json(error)).into_response();
    };
    let export = Export {
        store: app.context.store.clone(),
        scope: reader.scope(),
        filter,
        format,
        before: None,
        is_over: false,
        begins: format == Format::Csv,
    };
    let parts = stream::unfold((export, place), async |(mut export, place)| {
        let part = export.next().await?;
        Some((part, (export, place)))
    });
    let (kind, name) = match format {
        Format::Csv => ("text/csv; charset=utf-8; header=present", "activities.csv"),
        Format::Jsonl => ("application/jsonl", "activities.jsonl"),
    };
    let headers = [
        (CONTENT_TYPE, kind.to_owned()),
        (
            CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ),
    ];
    (headers, Body::from_stream(parts)).into_response()
}

/// What the query says.
fn asked(query: &str) -> Result<(Said, Format), Unreadable> {
    let (mut said, mut format) = (Said::default(), Format::Csv);
    for (key, value) in form_urlencoded::parse(query.as_bytes()) {
        let value = value.into_owned();
        match &*key {
            "format" => {
                format = match &*value {
                    "csv" => Format::Csv,
                    "jsonl" => Format::Jsonl,
                    _ => return Err(unreadable("format", &value, "csv or jsonl")),
                };
            }
            "account" => said.account = Some(value),
            "address" => said.address = Some(value),
            "kind" => said.kinds.push(value),
            "coin" => said.coins.push(value),
            "direction" => said.direction = Some(direction(&value)?),
            "fromMs" => said.from_ms = Some(time("fromMs", &value)?),
            "beforeMs" => said.before_ms = Some(time("beforeMs", &value)?),
            "counterparty" => said.counterparty = Some(value),
            "text" => said.text = Some(value),
            "lang" => {}
            other => {
                let expected = "format, account, address, kind, coin, direction, fromMs, beforeMs, \
                                counterparty or text";
                return Err(unreadable("the query", other, expected));
            }
        }
    }
    Ok((said, format))
}

fn direction(text: &str) -> Result<Direction, Unreadable> {
    let all = [Direction::In, Direction::Out, Direction::Neutral];
    let mut all = all.into_iter();
    let found = all.find(|direction| direction.as_str() == text);
    found.ok_or_else(|| unreadable("direction", text, "in, out or neutral"))
}

fn time(what: &'static str, text: &str) -> Result<u64, Unreadable> {
    let expected = "milliseconds since 1970";
    // Signed first: the database holds 63 bits.
    let time = text
        .parse::<i64>()
        .ok()
        .and_then(|time| u64::try_from(time).ok());
    time.ok_or_else(|| unreadable(what, text, expected))
}

fn unreadable(what: &'static str, found: &str, expected: &'static str) -> Unreadable {
    Unreadable {
        what,
        problem: format!("{found:?} is not known here"),
        expected,
    }
}

/// A file that is being read.
struct Export {
    store: Arc<dyn Store>,
    scope: Scope,
    filter: ActivityFilter,
    format: Format,
    before: Option<ActivityCursor>,
    is_over: bool,
    /// Whether the line of names is still to come.
    begins: bool,
}

impl Export {
    /// The next part; none at the end. Where the database fails the connection breaks off, so that nobody takes a part for the whole.
    async fn next(&mut self) -> Option<Result<Bytes, StoreError>> {
        if self.is_over {
            return None;
        }
        let page = self
            .store
            .activity_page(&self.scope, &self.filter, self.before, PART);
        let rows = match page.await {
            Ok(rows) => rows,
            Err(error) => {
                let log: &dyn std::error::Error = &error;
                tracing::error!(error = log, "a file breaks off");
                self.is_over = true;
                return Some(Err(error));
            }
        };
        self.is_over = rows.len() < usize::try_from(PART).unwrap_or(usize::MAX);
        self.before = rows.last().map(ActivityRow::cursor);
        let begins = std::mem::take(&mut self.begins);
        Some(Ok(match self.format {
            Format::Csv => csv_part(&rows, begins).into(),
            Format::Jsonl => jsonl_part(&rows).into(),
        }))
    }
}

fn jsonl_part(rows: &[ActivityRow]) -> String {
    rows.iter()
        .map(|row| activity_value(row).to_string() + "\n")
        .collect()
}

fn csv_part(rows: &[ActivityRow], begins: bool) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    // A vector takes whatever is written.
    if begins {
        let _ = writer.write_record(COLUMNS);
    }
    for row in rows {
        let _ = writer.write_record(record(row));
    }
    writer.into_inner().unwrap_or_default()
}

fn record(row: &ActivityRow) -> [String; 19] {
    let activity = &row.activity;
    let coin = row.coin.as_ref();
    let decimals = coin.and_then(|coin| coin.decimals);
    let decimals = decimals.filter(|decimals| *decimals <= DECIMALS_MAX);
    let amount = activity.amount.zip(decimals);
    let amount = amount.map(|(minor, decimals)| format_minor_units(minor, decimals));
    let text = |text: Option<&str>| text.map(harmless).unwrap_or_default();
    [
        time_machine(row.timestamp_ms),
        row.timestamp_ms.to_string(),
        activity.place.checkpoint.to_string(),
        activity.place.index.to_string(),
        row.digest.to_string(),
        harmless(&row.account.external_id),
        harmless(&activity.kind),
        activity.direction.as_str().to_owned(),
        activity.status.as_str().to_owned(),
        activity
            .address
            .map(|address| address.to_string())
            .unwrap_or_default(),
        activity.coin_type.clone().unwrap_or_default(),
        text(coin.map(|coin| &*coin.symbol)),
        amount.unwrap_or_default(),
        activity
            .amount
            .map(|minor| minor.to_string())
            .unwrap_or_default(),
        activity
            .counterparty
            .map(|address| address.to_string())
            .unwrap_or_default(),
        text(row.counterparty_name()),
        text(activity.business_id.as_deref()),
        text(row.note.as_deref()),
        activity
            .suppressed
            .map_or("", vigia_core::Suppressed::as_str)
            .to_owned(),
    ]
}

/// A text that spreadsheets take for one: what others wrote may look like a formula (CWE-1236).
fn harmless(text: &str) -> String {
    match text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        true => format!("'{text}"),
        false => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_read() {
        let (said, format) = asked("format=jsonl&kind=a&kind=b&fromMs=1&text=a%20b").unwrap();
        assert_eq!(format, Format::Jsonl);
        assert_eq!(said.kinds, ["a", "b"]);
        assert_eq!((said.from_ms, said.text.as_deref()), (Some(1), Some("a b")));
        assert_eq!(asked("").unwrap().1, Format::Csv);
        for (query, what) in [
            ("format=xml", "format"),
            ("direction=up", "direction"),
            ("fromMs=-1", "fromMs"),
            ("beforeMs=9223372036854775808", "beforeMs"),
            ("limit=5", "the query"),
        ] {
            assert_eq!(asked(query).unwrap_err().what, what, "{query}");
        }
    }

    #[test]
    fn a_formula_is_a_text() {
        assert_eq!(harmless("=1+1"), "'=1+1");
        assert_eq!(harmless("@cmd"), "'@cmd");
        assert_eq!(harmless("a=1"), "a=1");
        assert_eq!(harmless(""), "");
    }
}
