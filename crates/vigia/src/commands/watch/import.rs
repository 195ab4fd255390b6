//! `vigia watch import`: a CSV file of addresses, every bad line reported with its number.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use futures::StreamExt as _;
use futures::stream::FuturesOrdered;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Deserialize;
use vigia_core::{AccountKind, Locale, WatchTarget, parse_address};
use vigia_store::{AccountSpec, StoreError, UserSpec, WatchEntry, WatchReceipt, WatchStore};

use crate::exit::{self, Exit};

/// Addresses added in one database transaction.
const BATCH: usize = 5_000;
/// Transactions under way at once: accounts of one batch are made while another's addresses are.
const BATCHES_MAX: usize = 2;
/// Bad lines printed; all are counted.
const PRINTED_MAX: u64 = 1_000;

/// A line of the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    address: String,
    account: Option<String>,
    kind: Option<String>,
    name: Option<String>,
    user: Option<String>,
    locale: Option<String>,
}

/// An opened file whose header is right.
pub(super) struct Import {
    path: PathBuf,
    lines: csv::Reader<File>,
    bytes: u64,
}

/// What became of the lines.
#[derive(Default)]
struct Counts {
    changed: u64,
    unchanged: u64,
    bad: u64,
    effective_from: u64,
}

impl Import {
    pub(super) fn open(path: &Path) -> Result<Self, Exit> {
        let error = |problem: &dyn std::fmt::Display| {
            Exit::bad_input(format!("{}: {problem}", path.display()))
        };
        let file = File::open(path).map_err(|problem| error(&problem))?;
        let bytes = file.metadata().map(|metadata| metadata.len()).unwrap_or(0);
        let mut lines = csv::ReaderBuilder::new()
            .trim(csv::Trim::All)
            .comment(Some(b'#'))
            .from_reader(file);
        let header = lines.headers().map_err(|problem| error(&problem))?;
        let known = ["address", "account", "kind", "name", "user", "locale"];
        if !header.iter().any(|column| column == "address") {
            return Err(error(
                &"its first line must name the columns, address among them",
            ));
        }
        if let Some(column) = header.iter().find(|column| !known.contains(column)) {
            let problem = format!(
                "column {column:?} is not known; there are {}",
                known.join(", ")
            );
            return Err(error(&problem));
        }
        Ok(Self {
            path: path.to_owned(),
            lines,
            bytes,
        })
    }

    pub(super) async fn run(mut self, store: &dyn WatchStore) -> anyhow::Result<ExitCode> {
        let progress = progress_bar(self.bytes);
        let mut counts = Counts::default();
        let mut batch: Vec<(u64, WatchEntry)> = Vec::with_capacity(BATCH);
        let mut adding = FuturesOrdered::new();
        let mut record = csv::StringRecord::new();
        let header = self.lines.headers()?.clone();
        loop {
            let line_number = self.lines.position().line();
            let more = match self.lines.read_record(&mut record) {
                Ok(more) => more,
                Err(error) => {
                    counts.report(&progress, &self.path, line_number, &error.to_string());
                    continue;
                }
            };
            if more {
                let line_number = record.position().map_or(line_number, csv::Position::line);
                match entry(&record, &header) {
                    Ok(entry) => batch.push((line_number, entry)),
                    Err(problem) => counts.report(&progress, &self.path, line_number, &problem),
                }
            }
            if batch.len() == BATCH || (!more && !batch.is_empty()) {
                let batch = std::mem::replace(&mut batch, Vec::with_capacity(BATCH));
                adding.push_back(add(store, batch, self.lines.position().byte()));
            }
            while adding.len() >= if more { BATCHES_MAX } else { 1 } {
                let Some(added) = adding.next().await else {
                    break;
                };
                let added = added?;
                progress.set_position(added.read_to);
                counts.count(&progress, &self.path, &added);
            }
            if !more {
                break;
            }
        }
        progress.finish_and_clear();
        Ok(counts.finish())
    }
}

/// A batch that was added.
struct Added {
    /// The line of each entry.
    numbers: Vec<u64>,
    receipt: WatchReceipt,
    /// Where the file was read to.
    read_to: u64,
}

async fn add(
    store: &dyn WatchStore,
    batch: Vec<(u64, WatchEntry)>,
    read_to: u64,
) -> Result<Added, StoreError> {
    let (numbers, entries): (Vec<u64>, Vec<WatchEntry>) = batch.into_iter().unzip();
    Ok(Added {
        numbers,
        receipt: store.watch_add(&entries).await?,
        read_to,
    })
}

impl Counts {
    fn count(&mut self, progress: &ProgressBar, path: &Path, added: &Added) {
        let receipt = &added.receipt;
        self.changed += receipt.changed;
        self.unchanged += receipt.unchanged;
        self.effective_from = self.effective_from.max(receipt.effective_from);
        for refused in &receipt.refused {
            let number = added.numbers.get(refused.index).copied();
            self.report(progress, path, number.unwrap_or_default(), &refused.reason);
        }
    }

    fn report(&mut self, progress: &ProgressBar, path: &Path, line: u64, problem: &str) {
        self.bad += 1;
        if self.bad <= PRINTED_MAX {
            let text = format!("{}:{line}: {problem}", path.display());
            progress.suspend(|| eprintln!("{text}"));
        }
    }

    fn finish(&self) -> ExitCode {
        if self.bad > PRINTED_MAX {
            eprintln!("... and {} more bad lines", self.bad - PRINTED_MAX);
        }
        let from = match self.effective_from {
            0 => "the first checkpoint".to_owned(),
            from => format!("checkpoint {from}"),
        };
        println!(
            "{} addresses watched from {from} on, {} were so already, {} bad lines",
            self.changed, self.unchanged, self.bad
        );
        ExitCode::from(if self.bad == 0 {
            exit::OK
        } else {
            exit::BAD_INPUT
        })
    }
}

fn entry(record: &csv::StringRecord, header: &csv::StringRecord) -> Result<WatchEntry, String> {
    let line: Line = record
        .deserialize(Some(header))
        .map_err(|error| match error.kind() {
            csv::ErrorKind::Deserialize { err, .. } => err.to_string(),
            _ => error.to_string(),
        })?;
    let address = parse_address(&line.address).map_err(|error| error.to_string())?;
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    let kind = given(line.kind).map_or(Ok(AccountKind::Personal), |kind| kind.parse())?;
    let locale = given(line.locale).map_or(Ok(Locale::default()), |locale| locale.parse())?;
    let name = given(line.name);
    let mut account = AccountSpec::of_address(&address, kind);
    if let Some(external_id) = given(line.account) {
        account = AccountSpec {
            display_name: external_id.clone(),
            external_id,
            ..account
        };
    }
    if let Some(name) = &name {
        account.display_name.clone_from(name);
    }
    account.members = given(line.user)
        .map(|external_id| UserSpec {
            display_name: name.unwrap_or_else(|| external_id.clone()),
            external_id,
            locale,
        })
        .into_iter()
        .collect();
    Ok(WatchEntry {
        target: WatchTarget::Address(address),
        account: Some(account),
    })
}

fn progress_bar(bytes: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {percent}%  {eta} left")
        .expect("the template is valid");
    ProgressBar::new(bytes).with_style(style)
}
