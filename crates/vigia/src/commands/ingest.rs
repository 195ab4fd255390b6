//! `vigia ingest --files DIR`: imports history from checkpoint files. It tells nobody (I-16), moves no
//! watermark, and leaves out what the chain is not followed up to yet.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use futures::StreamExt;
use indicatif::{ProgressBar, ProgressStyle};
use vigia_contracts::{Interpreter, PackageIds};
use vigia_core::{ChainId, CommitOutcome, Lane};
use vigia_store::{IngestStore, ReadStore, SqlStore, Store};
use vigia_sui::{CheckpointSource, FileSource, Start};

use super::stop::StopSignal;
use super::{declare_coins, open_store, providers_of, quorum_of};
use crate::cli::Common;
use crate::config::Overrides;
use crate::contracts::Declared;
use crate::exit::{self, Exit};
use crate::pipeline::{Rewind, WatchSync, Worker, WorkerLimits, match_checkpoint};

/// Flags of `vigia ingest`.
#[derive(Debug, Args)]
pub struct IngestArgs {
    /// Folder with checkpoint files; its subfolders are searched too
    #[arg(long, value_name = "DIR")]
    files: PathBuf,
    /// Chain the files are of: its id, which the files themselves do not name
    #[arg(long, value_name = "ID")]
    chain: Option<ChainId>,
    /// Print one JSON object at the end
    #[arg(long)]
    json: bool,
}

#[derive(Default)]
struct Counts {
    checkpoints: u64,
    refused: u64,
    /// Files of checkpoints that the live lane has to commit first.
    left_out: u64,
    raw_transactions_new: u64,
    activities_new: u64,
}

/// Runs the command.
pub async fn run(common: &Common, args: IngestArgs) -> anyhow::Result<ExitCode> {
    let settings = common.settings(Overrides::default())?;
    let declared = Declared::new(&settings, &PackageIds::new())?;
    let mut counts = Counts::default();
    let source = FileSource::index(&args.files, &mut |error| {
        counts.refused += 1;
        eprintln!("refused {error}");
    })?;
    if source.files().is_empty() && counts.refused == 0 {
        return Err(Exit::bad_input(format!(
            "there are no checkpoint files (.chk, .bcs, .binpb, .binpb.zst) in {}",
            args.files.display()
        ))
        .into());
    }
    let store = open_store(&settings).await?;
    if let Some(chain) = args.chain {
        store.chain_bind(chain).await?;
    }
    let registry = declared.open(&store, None).await?.get();
    declare_coins(&store, &registry).await?;
    let providers = providers_of(&settings, |_| {})?;
    let quorum = quorum_of(&settings, &store, providers.as_ref()).await?;
    let source = match &quorum {
        Some((_, proving)) => source.proven_as(proving),
        None => source,
    };
    let files = source.files();
    let end = live_end(&store).await?;
    let wanted = end.map_or(files.len(), |end| {
        files.partition_point(|file| file.sequence < end)
    });
    counts.left_out = (files.len() - wanted) as u64;
    if let (Some(end), Some(first)) = (end, files.get(wanted)) {
        eprintln!(
            "left out {} files, from checkpoint {} on: what comes from {end} on comes by itself while the \
             chain is followed, and people are told of it",
            counts.left_out, first.sequence
        );
    }
    let importer = Importer::new(Arc::clone(&store) as Arc<dyn Store>, registry).await?;
    let mut stop = StopSignal::listen()?;
    tokio::select! {
        imported = importer.import(&source, wanted, &mut counts) => imported?,
        () = stop.received() => eprintln!("stopped; running it again goes on where this ended"),
    }
    store.close().await;
    report(&counts, args.json);
    Ok(ExitCode::from(if counts.refused == 0 {
        exit::OK
    } else {
        exit::BAD_INPUT
    }))
}

/// The first checkpoint that the live lane has still to commit; none where it has not begun. What an
/// import wrote first, the live lane would find there and tell nobody of.
async fn live_end(store: &SqlStore) -> anyhow::Result<Option<u64>> {
    Ok(match store.watermark().await? {
        Some(watermark) => Some(watermark.checkpoint.saturating_add(1)),
        None => store.status().await?.first_checkpoint,
    })
}

struct Importer {
    watch: WatchSync,
    worker: Worker,
}

impl Importer {
    async fn new(
        store: Arc<dyn Store>,
        registry: Arc<vigia_contracts::Registry>,
    ) -> anyhow::Result<Self> {
        let limits = WorkerLimits::ONE_BY_ONE;
        let interpreter = Arc::new(Interpreter::new(registry));
        Ok(Self {
            watch: WatchSync::load(Arc::clone(&store)).await?,
            worker: Worker::new(store, interpreter, limits, Arc::new(Rewind::default())),
        })
    }

    /// One commit a checkpoint: a file is stored whole or not at all.
    async fn import(
        &self,
        source: &FileSource,
        wanted: usize,
        counts: &mut Counts,
    ) -> anyhow::Result<()> {
        let progress = progress_bar(wanted);
        // An item a file, ascending.
        let mut checkpoints = source.stream(Start::Checkpoint(0)).take(wanted);
        while let Some(read) = checkpoints.next().await {
            progress.inc(1);
            let checkpoint = match read {
                Ok(checkpoint) => checkpoint,
                // No fault of the file's.
                Err(error) if !error.is_senders() => return Err(error.into()),
                Err(error) => {
                    counts.refused += 1;
                    progress.suspend(|| eprintln!("refused {error}"));
                    continue;
                }
            };
            loop {
                let frame = match_checkpoint(&self.watch.list().read(), checkpoint.clone());
                match self.worker.commit(Lane::Import, &[frame]).await? {
                    CommitOutcome::Applied {
                        raw_transactions_new,
                        activities_new,
                        ..
                    } => {
                        counts.raw_transactions_new += raw_transactions_new;
                        counts.activities_new += activities_new;
                        break;
                    }
                    CommitOutcome::StaleWatchList { .. } => self.watch.refresh().await?,
                }
            }
            counts.checkpoints += 1;
        }
        progress.finish_and_clear();
        Ok(())
    }
}

fn report(counts: &Counts, json: bool) {
    let Counts {
        checkpoints,
        refused,
        left_out,
        raw_transactions_new,
        activities_new,
    } = counts;
    if json {
        let report = serde_json::json!({
            "checkpoints": checkpoints,
            "refused": refused,
            "leftOut": left_out,
            "rawTransactionsNew": raw_transactions_new,
            "activitiesNew": activities_new,
        });
        println!("{report}");
    } else {
        println!(
            "{checkpoints} checkpoints read, {refused} files refused; \
             {raw_transactions_new} relevant transactions and {activities_new} activities are new"
        );
    }
}

fn progress_bar(files: usize) -> ProgressBar {
    let style =
        ProgressStyle::with_template("{bar:40} {pos}/{len} checkpoints  {per_sec}  {eta} left")
            .expect("the template is valid");
    ProgressBar::new(files as u64).with_style(style)
}
