//! `vigia audit`: reads a part of the chain again, proves it, and compares what is stored with it.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use futures::StreamExt;
use vigia_store::{AuditStore, IngestStore, SqlStore};
use vigia_sui::{Link, Providers};

use super::backfill::progress::Progress;
use super::backfill::{PlaceArgs, source};
use super::stop::StopSignal;
use super::{open_existing_store, providers_of, quorum_of};
use crate::audit::{Audit, Findings, Report, Watched};
use crate::cli::Common;
use crate::config::{Overrides, Settings};
use crate::exit::{self, Exit};
use crate::history::HistorySource;
use crate::trust::QuorumError;

/// Checkpoints that are compared at once.
const PART_CHECKPOINTS: usize = 64;
/// Transactions of them at which a part is full.
const PART_TRANSACTIONS: usize = 20_000;
/// Watches read at once.
const WATCHES_PAGE: u32 = 10_000;
/// Findings of a kind that people are shown.
const SHOWN_MAX: usize = 20;

/// Flags of `vigia audit`.
#[derive(Debug, Args)]
pub struct AuditArgs {
    /// First checkpoint
    #[arg(long, value_name = "N")]
    from: u64,
    /// Last checkpoint, included
    #[arg(long, value_name = "M")]
    to: u64,
    #[command(flatten)]
    place: PlaceArgs,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub async fn run(common: &Common, args: AuditArgs) -> anyhow::Result<ExitCode> {
    let mut overrides = Overrides::default();
    overrides.set("provider.url", args.place.provider.as_ref());
    let settings = common.settings(overrides)?;
    let (from, to) = (args.from, args.to);
    if from > to {
        return Err(Exit::bad_input(format!("--from {from} is above --to {to}")).into());
    }
    let mut stop = StopSignal::listen()?;
    let providers = providers_of(&settings, |_| {})?;
    let source = source(&settings, &args.place, providers.as_ref())?;
    let store = open_existing_store(&settings).await?;
    let report = tokio::select! {
        report = audit(&settings, &args, &store, source, providers) => report,
        () = stop.received() => Err(Exit::stopped("stopped before the end; nothing is known of the rest").into()),
    };
    store.close().await;
    let report = report?;
    match args.json {
        true => println!("{}", serde_json::to_string(&report)?),
        false => print!("{}", text(&report)),
    }
    Ok(ExitCode::from(match report.is_clean() {
        true => exit::OK,
        false => exit::FAILED,
    }))
}

async fn audit(
    settings: &Settings,
    args: &AuditArgs,
    store: &Arc<SqlStore>,
    source: HistorySource,
    providers: Option<Providers>,
) -> anyhow::Result<Report> {
    let (from, to) = (args.from, args.to);
    if let (Some(providers), Some(chain)) = (&providers, store.chain().await?) {
        providers.bind(chain);
    }
    let quorum = quorum_of(settings, store, providers.as_ref()).await?;
    if let Some((quorum, _)) = &quorum {
        let provable = quorum.provable_from().await.map_err(QuorumError::plain)?;
        if from < provable {
            return Err(Exit::bad_input(format!(
                "--from {from} is before the trust root: what is before checkpoint {provable} cannot be \
                 proven"
            ))
            .into());
        }
    } else {
        eprintln!(
            "warning: [proof] trust is \"provider\": nothing is proven, only compared with what a provider \
             says now"
        );
    }
    let proving = quorum.map(|(_, proving)| proving);
    let source = match &proving {
        Some(proving) => source.proven_as(proving),
        None => source,
    };
    let ranges = store.audit_ranges(from, to).await?;
    let horizon = store.audit_horizon().await?;
    let mut audit = Audit::new((from, to), watched(store).await?, &ranges, horizon);
    let source = source.with_all_amounts(audit.has_coins());
    let (mut link, mut progress) = (Link::new(from), Progress::new(from, to));
    let mut stream = source.checkpoints(from, to);
    while link.next() <= to {
        let (mut part, mut transactions) = (Vec::new(), 0);
        while part.len() < PART_CHECKPOINTS && transactions < PART_TRANSACTIONS && link.next() <= to
        {
            let next = link.next();
            let item = stream.next().await;
            let item = item.ok_or_else(|| {
                Exit::unavailable(format!("{} ends before checkpoint {next}", source.place()))
            })?;
            let checkpoint = link.check(item?)?;
            transactions += checkpoint.transactions.len();
            part.push(checkpoint);
        }
        let (Some(first), Some(last)) = (part.first(), part.last()) else {
            break;
        };
        let (first, last) = (first.header.sequence, last.header.sequence);
        let stored = store.audit_transactions(first, last).await?;
        if let Some(proving) = &proving {
            let mut open = Audit::to_prove(&mut part, &stored);
            if !open.is_empty() {
                proving.prove_amounts(&mut open).await?;
            }
        }
        audit.compare(&part, &stored);
        progress.show(link.next());
    }
    progress.finish();
    Ok(audit.report)
}

async fn watched(store: &SqlStore) -> anyhow::Result<Watched> {
    let (mut spans, mut after) = (Vec::new(), 0);
    loop {
        let page = store.audit_watches(after, WATCHES_PAGE).await?;
        let Some(last) = page.last() else {
            return Ok(Watched::new(spans));
        };
        after = last.id;
        spans.extend(page);
    }
}

/// As people read it.
fn text(report: &Report) -> String {
    let Report {
        from,
        to,
        checkpoints,
        relevant,
        stored,
        evidence_expired,
        gaps,
        missing,
        differing,
        unproven,
    } = report;
    let mut text = format!(
        "checkpoints {from} to {to}: {checkpoints} read again, {relevant} relevant transactions, {stored} \
         stored, {evidence_expired} with expired evidence\n"
    );
    for gap in gaps.iter().take(SHOWN_MAX) {
        text += &format!(
            "gap: checkpoints {} to {} were never committed\n",
            gap.from, gap.to
        );
    }
    for (word, findings) in [
        ("missing", missing),
        ("differing", differing),
        ("unproven", unproven),
    ] {
        text += &lines(word, findings);
    }
    text += &format!(
        "gaps {}, missing {}, differing {}, unproven {}\n",
        gaps.len(),
        missing.count,
        differing.count,
        unproven.count
    );
    text
}

fn lines(word: &str, findings: &Findings) -> String {
    let mut text = String::new();
    for finding in findings.named.iter().take(SHOWN_MAX) {
        let place = match finding.index {
            Some(index) => format!("{}/{index}", finding.checkpoint),
            None => finding.checkpoint.to_string(),
        };
        text += &format!("{word}: {place} {}: {}\n", finding.digest, finding.problem);
    }
    let more = findings.count.saturating_sub(SHOWN_MAX as u64);
    if more > 0 {
        text += &format!("{word}: and {more} more, see --json\n");
    }
    text
}
