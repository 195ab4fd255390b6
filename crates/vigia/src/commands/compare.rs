//! `vigia compare`: what vigia has recorded beside the ledger of another system, before that is switched off.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};
use vigia_core::{Scope, Status};
use vigia_store::{ActivityCursor, ActivityFilter, ActivityRow, ReadStore as _, SqlStore};

use super::{open_existing_store, time_text};
use crate::cli::Common;
use crate::compare::{Comparison, Differences, Entry, Key};
use crate::config::{Overrides, Settings};
use crate::exit::{self, Exit};

/// Activities read at once.
const PAGE: u32 = 1_000;

/// Flags of `vigia compare`.
#[derive(Debug, Args)]
pub struct CompareArgs {
    /// A file with one SELECT on the other ledger: digest, and account, amount (minor units) and `timestamp_ms` where it has them
    #[arg(long, value_name = "FILE")]
    query: PathBuf,
    /// A file with the address of its database, postgres://... [default: source.url]
    #[arg(long, value_name = "FILE")]
    url_file: Option<PathBuf>,
    /// From this time on, in milliseconds since 1970 [default: vigia's first activity]
    #[arg(long, value_name = "MS")]
    since: Option<u64>,
    /// Up to this time [default: what vigia has committed]
    #[arg(long, value_name = "MS")]
    until: Option<u64>,
    /// Differences of each kind that are printed
    #[arg(long, default_value_t = 20, value_name = "COUNT")]
    limit: usize,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub async fn run(common: &Common, args: CompareArgs) -> anyhow::Result<ExitCode> {
    let settings = common.settings(Overrides::default())?;
    let rows = ledger(&settings, &args).await?;
    let store = open_existing_store(&settings).await?;
    let compared = compare(&store, &args, rows).await;
    store.close().await;
    let (differences, window, outside) = compared?;
    let is_equal = differences.is_empty();
    match args.json {
        true => println!("{}", report(&differences, window, outside, args.limit)),
        false => print(&differences, window, outside, args.limit),
    }
    Ok(ExitCode::from(if is_equal {
        exit::OK
    } else {
        exit::FAILED
    }))
}

/// The rows of the other ledger.
async fn ledger(settings: &Settings, args: &CompareArgs) -> anyhow::Result<Vec<Entry>> {
    let read = |path: &PathBuf| {
        std::fs::read_to_string(path)
            .map_err(|error| Exit::bad_input(format!("cannot read {}: {error}", path.display())))
    };
    let query = read(&args.query)?;
    let url = args.url_file.as_ref().map(read).transpose()?;
    let reader = settings.ledger_reader(url.as_deref(), &query)?;
    let reader = reader.ok_or_else(|| {
        Exit::bad_input("pass --url-file FILE with the address of the other ledger's database, or set source.url")
    })?;
    let mut entries = Vec::new();
    let mut wrong = None;
    reader
        .read_rows(&mut |row| {
            let entry = Entry::parse(row);
            match entry {
                Ok(entry) => entries.push(entry),
                Err(problem) => {
                    wrong.get_or_insert(format!("row {}: {problem}", entries.len() + 1));
                }
            }
        })
        .await?;
    match wrong {
        Some(problem) => Err(Exit::bad_input(problem).into()),
        None => Ok(entries),
    }
}

type Window = (u64, u64);

/// Compares them; with the time that is compared, and how many rows of the other ledger are outside of it.
async fn compare(
    store: &SqlStore,
    args: &CompareArgs,
    rows: Vec<Entry>,
) -> anyhow::Result<(Differences, Window, u64)> {
    let status = store.status().await?;
    let mark = status.watermark.ok_or_else(|| {
        Exit::bad_input("vigia has committed nothing yet: let it run beside the other for a while")
    })?;
    let until_ms = args.until.unwrap_or(mark.timestamp_ms);
    let mut recorded = Vec::new();
    let mut before = None;
    loop {
        let filter = ActivityFilter::default();
        let page = store
            .activity_page(&Scope::All, &filter, before, PAGE)
            .await?;
        let Some(last) = page.last() else { break };
        before = Some(ActivityCursor {
            place: last.activity.place,
            id: last.id,
        });
        let is_over = args.since.is_some_and(|since| last.timestamp_ms < since);
        recorded.extend(page.iter().filter_map(entry));
        if is_over {
            break;
        }
    }
    let first_ms = recorded.iter().filter_map(|entry| entry.timestamp_ms).min();
    let since_ms = args.since.or(first_ms).unwrap_or(until_ms);
    let is_within = |entry: &Entry| {
        let at_ms = entry.timestamp_ms;
        at_ms.is_none_or(|at_ms| (since_ms..=until_ms).contains(&at_ms))
    };
    let mut comparison = Comparison::default();
    let mut outside = 0;
    for row in rows {
        match is_within(&row) {
            true => comparison.there(row).map_err(Exit::bad_input)?,
            false => outside += 1,
        }
    }
    for row in recorded.into_iter().filter(is_within) {
        comparison.here(row);
    }
    Ok((comparison.differences(), (since_ms, until_ms), outside))
}

/// An activity as the other ledger would have it; what failed on the chain moved nothing.
fn entry(row: &ActivityRow) -> Option<Entry> {
    let is_failed = row.activity.status == Status::Failed;
    (!is_failed).then(|| Entry {
        digest: row.digest,
        account: Some(row.account.external_id.clone()),
        amount: row.activity.amount.map(i128::unsigned_abs),
        timestamp_ms: Some(row.timestamp_ms),
    })
}

fn report(found: &Differences, window: Window, outside: u64, limit: usize) -> Value {
    let key = |(digest, account): &Key| json!({ "digest": digest.to_string(), "account": account });
    let keys = |keys: &[Key]| json!({ "count": keys.len(), "first": keys.iter().take(limit).map(key).collect::<Vec<_>>() });
    let texts = |amounts: &[u128]| amounts.iter().map(u128::to_string).collect::<Vec<_>>();
    let amounts = found.amounts.iter().take(limit).map(|(place, there, here)| {
        json!({ "of": key(place), "there": texts(there), "here": texts(here) })
    });
    json!({
        "sinceMs": window.0,
        "untilMs": window.1,
        "outside": outside,
        "same": found.same,
        "onlyThere": keys(&found.only_there),
        "onlyHere": keys(&found.only_here),
        "amountsDiffer": { "count": found.amounts.len(), "first": amounts.collect::<Vec<_>>() },
        "equal": found.is_empty(),
    })
}

fn print(found: &Differences, (since_ms, until_ms): Window, outside: u64, limit: usize) {
    println!("from {} to {}", time_text(since_ms), time_text(until_ms));
    if outside > 0 {
        println!("{outside} rows of the other ledger are of another time and not compared");
    }
    println!("{} are the same", found.same);
    let shown = |(digest, account): &Key| match account {
        Some(account) => format!("{digest}  {account}"),
        None => digest.to_string(),
    };
    for (keys, words) in [
        (&found.only_there, "are only in the other ledger"),
        (&found.only_here, "are only here"),
    ] {
        if !keys.is_empty() {
            println!("{} {words}:", keys.len());
            keys.iter()
                .take(limit)
                .for_each(|key| println!("  {}", shown(key)));
        }
    }
    if !found.amounts.is_empty() {
        println!("{} have other amounts:", found.amounts.len());
        for (key, there, here) in found.amounts.iter().take(limit) {
            println!("  {}: {there:?} there, {here:?} here", shown(key));
        }
    }
    if found.is_empty() {
        println!("they agree");
    }
}
