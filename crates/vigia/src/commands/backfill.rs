//! `vigia backfill`: imports a range of history. It tells nobody (I-16), moves no watermark, and goes
//! on where it was interrupted.

pub(super) mod progress;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use vigia_contracts::{Interpreter, PackageIds};
use vigia_core::{ChainId, SystemClock};
use vigia_store::{BackfillStore, IngestStore, RangeProgress, SqlStore};
use vigia_sui::{Link, NodeInfo, Providers, SourceError, StreamNotice};

use super::stop::StopSignal;
use super::{declare_coins, open_store, process_name, providers_of, quorum_of, watch_contracts};
use crate::cli::Common;
use crate::config::{Overrides, Settings};
use crate::contracts::Declared;
use crate::exit::{self, Exit};
use crate::history::{HistorySource, Import, ImportError, Imported, Step};
use crate::pipeline::{Backoff, ProviderWatch};
use crate::trust::{Quorum, QuorumError};
use progress::Progress;

/// How long a node has to show a checkpoint that a bucket's or file's is compared with.
const COMPARE_PATIENCE: Duration = Duration::from_secs(10);

/// Times a provider is asked about itself.
const ASK_TRIES_MAX: u32 = 4;

/// Flags of `vigia backfill`.
#[derive(Debug, Args)]
pub struct BackfillArgs {
    /// First checkpoint
    #[arg(long, value_name = "N")]
    from: u64,
    /// Last checkpoint, included
    #[arg(long, value_name = "M")]
    to: u64,
    #[command(flatten)]
    place: PlaceArgs,
    /// Chain that a bucket or files are of: its id, which they do not name
    #[arg(long, value_name = "ID")]
    chain: Option<ChainId>,
    /// Print one JSON object at the end
    #[arg(long)]
    json: bool,
}

/// Flags about where checkpoints come from.
#[derive(Debug, Args)]
pub struct PlaceArgs {
    /// Where checkpoints come from [default: the bucket where one is set, else grpc]
    #[arg(long, value_enum)]
    source: Option<SourceKind>,
    /// Folder with checkpoint files, for --source files
    #[arg(value_name = "PATH", required_if_eq("source", "files"))]
    files: Option<PathBuf>,
    /// Address of a Sui full node's gRPC service
    #[arg(long, value_name = "URL")]
    pub(super) provider: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum SourceKind {
    /// The providers
    Grpc,
    /// The bucket that the settings name
    Bucket,
    /// A folder of checkpoint files
    Files,
}

/// Runs the command.
pub async fn run(common: &Common, args: BackfillArgs) -> anyhow::Result<ExitCode> {
    let mut overrides = Overrides::default();
    overrides.set("provider.url", args.place.provider.as_ref());
    let settings = common.settings(overrides)?;
    if args.from > args.to {
        let (from, to) = (args.from, args.to);
        return Err(Exit::bad_input(format!("--from {from} is above --to {to}")).into());
    }
    let mut stop = StopSignal::listen()?;
    let providers = providers_of(&settings, |notice| match notice {
        StreamNotice::Retrying { problem } => tracing::warn!(problem, "trying again"),
        StreamNotice::Recovered => tracing::info!("it works again"),
    })?;
    let source = source(&settings, &args.place, providers.as_ref())?;
    let store = open_store(&settings).await?;
    let spending = providers
        .clone()
        .map(|providers| Spending::count(providers, &store));
    let outcome = tokio::select! {
        outcome = import(&settings, &args, &store, source, providers) => Some(outcome),
        () = stop.received() => None,
    };
    if let Some(spending) = spending {
        spending.finish().await;
    }
    store.close().await;
    match outcome {
        Some(done) => {
            report(&args, &done?);
            Ok(ExitCode::SUCCESS)
        }
        None => {
            eprintln!("stopped; run the same command again to go on where this ended");
            Ok(ExitCode::from(exit::FAILED))
        }
    }
}

/// What this command asks of providers counts against their budgets as any other process's does.
struct Spending {
    over: CancellationToken,
    counting: JoinHandle<()>,
}

impl Spending {
    fn count(providers: Providers, store: &Arc<SqlStore>) -> Self {
        let watch = ProviderWatch {
            providers,
            store: Arc::clone(store) as _,
            clock: Arc::new(SystemClock),
            holder: process_name(),
            probe_interval: None,
        };
        let over = CancellationToken::new();
        let until = over.clone();
        let counting = tokio::spawn(async move { watch.run(until).await });
        Self { over, counting }
    }

    async fn finish(self) {
        self.over.cancel();
        // What it did not record is missing in the budget, no more.
        let _ = self.counting.await;
    }
}

pub(super) fn source(
    settings: &Settings,
    args: &PlaceArgs,
    providers: Option<&Providers>,
) -> anyhow::Result<HistorySource> {
    let bucket = settings.bucket()?;
    let kind = args.source.unwrap_or(match (&bucket, &args.files) {
        (_, Some(_)) => SourceKind::Files,
        (Some(_), None) => SourceKind::Bucket,
        (None, None) => SourceKind::Grpc,
    });
    let missing = |what: &str| anyhow::Error::from(Exit::bad_input(what));
    match (kind, &args.files) {
        (SourceKind::Files, Some(folder)) => Ok(HistorySource::files(folder)?),
        (SourceKind::Files, None) => Err(missing("name the folder: --source files PATH")),
        (_, Some(_)) => Err(missing("a folder goes with --source files alone")),
        (SourceKind::Bucket, None) => {
            let bucket = bucket.map(HistorySource::Bucket);
            bucket.ok_or_else(|| missing("no bucket is set: set history.bucket_url"))
        }
        (SourceKind::Grpc, None) => {
            let grpc = providers.map(|providers| HistorySource::Grpc(providers.clone()));
            grpc.ok_or_else(|| {
                missing(
                    "no provider is set: name a Sui full node with --provider URL or in the \
                     configuration, or set history.bucket_url",
                )
            })
        }
    }
}

/// What an import came to.
struct Done {
    source: HistorySource,
    imported: Imported,
    /// Where it went on; none where it began.
    resumed_at: Option<u64>,
    /// Whether the watch list changed since it began.
    list_changed: bool,
}

async fn import(
    settings: &Settings,
    args: &BackfillArgs,
    store: &Arc<SqlStore>,
    source: HistorySource,
    providers: Option<Providers>,
) -> anyhow::Result<Done> {
    let declared = Declared::new(settings, &PackageIds::new())?;
    let registry = declared.open(store, providers.as_ref()).await?.get();
    check_range(args, &**store, &source).await?;
    let quorum = quorum_of(settings, store, providers.as_ref()).await?;
    let source = match &quorum {
        Some((quorum, proving)) => {
            check_provable(args, quorum).await?;
            source.proven_as(proving)
        }
        None => source,
    };
    bind_chain(args, store, &source, providers.as_ref()).await?;
    declare_coins(store, &registry).await?;
    watch_contracts(&**store, &registry).await?;
    let (from, to) = (args.from, args.to);
    let known = store.backfill_range_find(from, to).await?;
    let link = match &known {
        Some(known) => Link::resume(known.position, known.last_digest),
        None => Link::new(from),
    };
    let interpreter = Arc::new(Interpreter::new(registry));
    let mut import = Import::range(
        Arc::clone(store) as _,
        interpreter,
        source.clone(),
        link,
        to,
    )
    .await?;
    let resumed_at = known.as_ref().map(|known| known.position);
    let watch_version = known.map_or(import.watch_version(), |known| known.watch_version);
    let mut progress = Progress::new(resumed_at.unwrap_or(from), to);
    let mut imported = Imported::default();
    while let Some(step) = import.step().await.map_err(plain)? {
        imported += step.imported;
        record(&**store, (from, to), step, watch_version).await?;
        progress.show(step.position);
    }
    progress.finish();
    store.backfill_range_finish(from, to).await?;
    Ok(Done {
        source,
        imported,
        resumed_at,
        list_changed: import.watch_version() != watch_version,
    })
}

/// The error underneath, which says with which code to exit.
fn plain(error: ImportError) -> anyhow::Error {
    match error {
        ImportError::Source(error) => error.into(),
        ImportError::Store(error) => error.into(),
        ended => ended.into(),
    }
}

async fn record(
    store: &dyn BackfillStore,
    (from, to): (u64, u64),
    step: Step,
    watch_version: u64,
) -> anyhow::Result<()> {
    let progress = RangeProgress {
        position: step.position,
        last_digest: Some(step.last_digest),
        watch_version,
    };
    Ok(store.backfill_range_record(from, to, &progress).await?)
}

/// What the live lane has not committed yet it has to commit first, since it tells people of it.
async fn check_range(
    args: &BackfillArgs,
    store: &dyn IngestStore,
    source: &HistorySource,
) -> anyhow::Result<()> {
    let to = args.to;
    if let Some(watermark) = store.watermark().await?
        && to > watermark.checkpoint
    {
        let committed = watermark.checkpoint;
        return Err(Exit::bad_input(format!(
            "--to {to} is above checkpoint {committed}, up to which the chain is followed: what comes \
             after it comes by itself; give --to {committed} at most"
        ))
        .into());
    }
    if let HistorySource::Grpc(providers) = source {
        let tip = ask(providers).await?.tip;
        if to > tip {
            let problem = format!("--to {to} is above the newest checkpoint there is, {tip}");
            return Err(Exit::bad_input(problem).into());
        }
    }
    Ok(())
}

/// What is before the trust root nobody can prove.
async fn check_provable(args: &BackfillArgs, quorum: &Quorum) -> anyhow::Result<()> {
    let provable = quorum.provable_from().await.map_err(QuorumError::plain)?;
    let from = args.from;
    if from < provable {
        return Err(Exit::bad_input(format!(
            "--from {from} is before the trust root, from whose epoch on checkpoints can be proven: give \
             --from {provable} at least, or an earlier root (proof.genesis_file, proof.committee)"
        ))
        .into());
    }
    Ok(())
}

/// Asks a provider about itself, again where an answer is lost on the way.
async fn ask(providers: &Providers) -> Result<NodeInfo, SourceError> {
    let mut backoff = Backoff::default();
    for _ in 1..ASK_TRIES_MAX {
        match providers.info().await {
            Err(error) if !matches!(error, SourceError::WrongChain { .. }) => {
                tracing::debug!(%error, "asking again");
                backoff.wait().await;
            }
            answer => return answer,
        }
    }
    providers.info().await
}

/// Ties source and database to one chain, as far as that can be known.
async fn bind_chain(
    args: &BackfillArgs,
    store: &SqlStore,
    source: &HistorySource,
    providers: Option<&Providers>,
) -> anyhow::Result<()> {
    if let Some(chain) = args.chain {
        store.chain_bind(chain).await?;
    }
    if let (Some(providers), Some(chain)) = (providers, store.chain().await?) {
        providers.bind(chain);
    }
    match (source, providers) {
        (HistorySource::Grpc(providers), _) => {
            store.chain_bind(ask(providers).await?.chain).await?;
        }
        (other, Some(providers)) => compare(args.to, store, other, providers).await?,
        (other, None) => not_compared(other, "no provider is set"),
    }
    Ok(())
}

/// A bucket or file has to hold what a node has. All others are linked to the one that is compared.
async fn compare(
    sequence: u64,
    store: &SqlStore,
    source: &HistorySource,
    providers: &Providers,
) -> anyhow::Result<()> {
    let asked = tokio::time::timeout(COMPARE_PATIENCE, async {
        let chain = providers.info().await?.chain;
        Ok::<_, SourceError>((chain, providers.fetch(sequence).await?))
    });
    let (chain, node) = match asked.await {
        Ok(Ok(found)) => found,
        Ok(Err(error)) => {
            not_compared(source, &error.to_string());
            return Ok(());
        }
        Err(_) => {
            not_compared(source, "no provider answers");
            return Ok(());
        }
    };
    store.chain_bind(chain).await?;
    let found = source.checkpoint(sequence).await?;
    vigia_sui::check_binding(&node.header, &found)?;
    Ok(())
}

fn not_compared(source: &HistorySource, why: &str) {
    eprintln!(
        "warning: nothing shows that {} is of the right chain: {why}",
        source.place()
    );
}

fn report(args: &BackfillArgs, done: &Done) {
    let Imported {
        checkpoints,
        relevant,
        raw_transactions_new,
        activities_new,
    } = done.imported;
    let there = relevant.saturating_sub(raw_transactions_new);
    if args.json {
        let report = serde_json::json!({
            "from": args.from,
            "to": args.to,
            "source": done.source.word(),
            "resumedAt": done.resumed_at,
            "checkpoints": checkpoints,
            "relevant": relevant,
            "rawTransactionsNew": raw_transactions_new,
            "alreadyThere": there,
            "activitiesNew": activities_new,
            "watchListChanged": done.list_changed,
        });
        println!("{report}");
    } else {
        println!(
            "{checkpoints} checkpoints read from {}, {relevant} relevant transactions: \
             {raw_transactions_new} are new, {there} were there already; {activities_new} activities \
             are new",
            done.source.place()
        );
        if let Some(position) = done.resumed_at {
            println!("what is below checkpoint {position} was imported before");
        }
    }
    if done.list_changed {
        eprintln!(
            "the watch list changed since this import began: addresses that were added have their \
             history fetched by themselves; for contracts and coins, run it again"
        );
    }
}
