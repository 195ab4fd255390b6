//! `vigia doctor`: looks for the commonest faults and says the cure.

use std::process::ExitCode;

use clap::Args;
use vigia_contracts::PackageIds;
use vigia_core::{ChainId, Clock, SystemClock, error_chain};
use vigia_store::{COMMITTEES_MAX, CommitteeStore, IngestStore, ReadStore, SqlStore};
use vigia_sui::{NodeInfo, TrustError};

use super::transport::WITHOUT_CURE;
use super::{is_shared, open_existing_store, place_of, providers_of};
use crate::cli::Common;
use crate::config::{Overrides, RootSetting, Settings, TransportKind};
use crate::exit;

/// How long a notification may take to be heard.
const NOTIFICATION_PATIENCE: std::time::Duration = std::time::Duration::from_secs(3);
/// A node's newest checkpoint older than this means a stuck node or a wrong clock.
const CLOCK_DIFFERENCE_MAX_MS: u64 = 30_000;

/// Flags of `vigia doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Address of a Sui full node's gRPC service
    #[arg(long, value_name = "URL")]
    provider: Option<String>,
}

/// What was found.
#[derive(Default)]
struct Findings {
    problems: u32,
}

impl Findings {
    fn good(&mut self, what: &str, found: impl std::fmt::Display) {
        println!("ok       {what}: {found}");
    }

    fn note(&mut self, what: &str, found: impl std::fmt::Display) {
        println!("note     {what}: {found}");
    }

    fn problem(&mut self, what: &str, found: impl std::fmt::Display, cure: &str) {
        self.problems += 1;
        println!("PROBLEM  {what}: {found}\n         {cure}");
    }
}

/// Runs the command.
pub async fn run(common: &Common, args: DoctorArgs) -> anyhow::Result<ExitCode> {
    let mut overrides = Overrides::default();
    overrides.set("provider.url", args.provider.as_ref());
    let settings = common.settings(overrides)?;
    let mut findings = Findings::default();
    findings.good("settings", "they can be read");
    check_contracts(&mut findings, &settings);
    check_texts(&mut findings, &settings);
    check_transport(&mut findings, settings.transport.kind);
    let chain = check_database(&mut findings, &settings).await;
    check_proof(&mut findings, &settings, chain).await;
    check_provider(&mut findings, &settings, chain).await?;
    match findings.problems {
        0 => println!("all is well"),
        1 => println!("1 problem found"),
        n => println!("{n} problems found"),
    }
    Ok(ExitCode::from(if findings.problems == 0 {
        exit::OK
    } else {
        exit::FAILED
    }))
}

fn check_contracts(findings: &mut Findings, settings: &Settings) {
    match settings.registry(&PackageIds::new()) {
        Err(error) => findings.problem(
            "contracts",
            error,
            "mend the contract file or take it out of contracts.files",
        ),
        Ok(registry) if registry.watch_targets().is_empty() => findings.note(
            "contracts",
            "none has a package id; set [contracts.packages] to watch Confío's or your own",
        ),
        Ok(registry) => {
            findings.good(
                "contracts",
                format!("{} packages declared", registry.watch_targets().len()),
            );
        }
    }
}

fn check_texts(findings: &mut Findings, settings: &Settings) {
    const CURE: &str = "mend the files in texts.dir; docs/texts.md says what they hold";
    match settings.texts() {
        Ok(texts) => findings.good("texts", format!("{} kinds have one", texts.kinds().len())),
        Err(error) => findings.problem("texts", error, CURE),
    }
}

/// Whether proof can begin, and how far it is.
async fn check_proof(findings: &mut Findings, settings: &Settings, chain: Option<ChainId>) {
    const CURE: &str = "name the genesis.blob of this chain in proof.genesis_file, or a committee in \
                        proof.committee; docs/proof.md says where to get one";
    let root = match settings.trust_root() {
        Ok(None) => return findings.good("proof", "providers are believed (trust = \"provider\")"),
        Ok(Some(root)) => root,
        Err(error) => return findings.problem("proof", error, CURE),
    };
    let root = match root {
        RootSetting::Genesis(root) => match (root.chain(), chain) {
            (Some(found), Some(expected)) if found != expected => {
                let error = TrustError::WrongChain { found, expected };
                return findings.problem("proof", error, CURE);
            }
            _ => root.source().to_string(),
        },
        RootSetting::Pin(pin) => format!("pin {pin}"),
    };
    let newest = match open_existing_store(settings).await {
        Ok(store) => {
            let newest = newest_epoch(&store).await;
            store.close().await;
            newest
        }
        // Said already.
        Err(_) => None,
    };
    findings.good(
        "proof",
        match newest {
            Some(epoch) => format!("from {root}; committees are proven up to epoch {epoch}"),
            None => format!("from {root}; no committee is proven yet"),
        },
    );
}

async fn newest_epoch(store: &SqlStore) -> Option<u64> {
    let (mut newest, mut from) = (None, 0);
    while let Ok(page) = store.committee_list(from, COMMITTEES_MAX).await
        && let Some(last) = page.last()
    {
        (newest, from) = (Some(last.epoch), last.epoch + 1);
    }
    newest
}

/// Whether this vigia was built with the transport that is asked for.
fn check_transport(findings: &mut Findings, kind: TransportKind) {
    let (name, built_in) = (kind.as_str(), TransportKind::built_in());
    match kind.is_built_in() {
        true => findings.good(
            "transport",
            format!("{name}; this vigia was built with {built_in}"),
        ),
        false => findings.problem(
            "transport",
            format!("{name}, but this vigia was built with {built_in} only"),
            WITHOUT_CURE,
        ),
    }
}

async fn check_database(findings: &mut Findings, settings: &Settings) -> Option<ChainId> {
    let store = match open_existing_store(settings).await {
        Ok(store) => store,
        Err(error) => {
            let cure = match is_shared(settings) {
                true => "check store.url, that the server runs and that this machine may connect",
                false => "check that the folder exists and may be written, and --data-dir names it",
            };
            findings.problem("database", error_chain(error.as_ref()), cure);
            return None;
        }
    };
    findings.good("database", place_of(settings));
    match store.status().await {
        Err(error) => findings.problem(
            "database",
            error,
            "restore the database from a backup, or begin a new one with another --data-dir",
        ),
        Ok(status) => {
            if status.watched_addresses + status.watched_contracts == 0 {
                findings.note(
                    "watch list",
                    "it is empty; add an address with `vigia watch add 0x...`",
                );
            } else {
                findings.good(
                    "watch list",
                    format!(
                        "{} addresses, {} contracts and coins",
                        status.watched_addresses, status.watched_contracts
                    ),
                );
            }
            if status.failed > 0 {
                let found = format!("{} could not be interpreted", status.failed);
                findings.problem(
                    "transactions",
                    found,
                    "their evidence and errors are kept: the page of each shows why",
                );
            }
        }
    }
    check_notifications(findings, settings, &store).await;
    let chain = store.chain().await.ok().flatten();
    store.close().await;
    chain
}

/// Whether processes hear of one another's changes at once, which a pooler prevents.
async fn check_notifications(findings: &mut Findings, settings: &Settings, store: &SqlStore) {
    if !is_shared(settings) {
        return;
    }
    match store.notifications_arrive(NOTIFICATION_PATIENCE).await {
        Ok(true) => findings.good("notifications", "changes are heard at once"),
        Ok(false) => findings.problem(
            "notifications",
            "what one process tells is not heard by others, who have to ask instead",
            "store.url is probably a pooler's (PgBouncer or the like): set store.direct_url to an \
             address that leads to the same database past it",
        ),
        // The database has just answered, so a pooler that mixes up what belongs to whom is as likely.
        Err(error) => findings.problem(
            "notifications",
            format!("{:#}", anyhow::Error::from(error)),
            "where store.url is a pooler's (PgBouncer or the like), set store.direct_url to an address \
             that leads to the same database past it; else check that the address can be reached",
        ),
    }
}

async fn check_provider(
    findings: &mut Findings,
    settings: &Settings,
    chain: Option<ChainId>,
) -> anyhow::Result<()> {
    let Some(providers) = providers_of(settings, |_| {})? else {
        let cure = "set provider.url, or pass --provider URL";
        findings.problem("provider", "none is set", cure);
        return Ok(());
    };
    let probes = providers.probe(true).await;
    for (probe, state) in probes.into_iter().zip(providers.states()) {
        match probe.info {
            Err(error) => findings.problem(
                "provider",
                format!("{}: {error}", state.name),
                "check the address, its port, the token and that this machine may connect out",
            ),
            Ok(info) => {
                let name = info.chain.name().unwrap_or("a chain of its own");
                let serves = state.capabilities.unwrap_or_default();
                let found = format!(
                    "{} ({}) follows {name}, at {}, serves {serves}",
                    state.name, state.url, info.tip
                );
                findings.good("provider", found);
                check_chain(findings, chain, &info);
                check_clock(findings, &info);
            }
        }
    }
    Ok(())
}

fn check_chain(findings: &mut Findings, database: Option<ChainId>, info: &NodeInfo) {
    match database {
        Some(database) if database != info.chain => findings.problem(
            "chain",
            format!(
                "the database holds {database}, the provider follows {}",
                info.chain
            ),
            "use another data directory or another provider",
        ),
        Some(database) => findings.good("chain", database),
        None => findings.note("chain", "the database belongs to none yet"),
    }
}

fn check_clock(findings: &mut Findings, info: &NodeInfo) {
    let Some(node_ms) = info.timestamp_ms else {
        return;
    };
    let difference_ms = SystemClock.now_ms().abs_diff(node_ms);
    if difference_ms > CLOCK_DIFFERENCE_MAX_MS {
        findings.problem(
            "clock",
            format!(
                "the node's newest checkpoint is {} s from this machine's clock",
                difference_ms / 1000
            ),
            "set the clock by NTP; if it is right, the node is stuck: use another provider",
        );
    } else {
        findings.good(
            "clock",
            format!("{difference_ms} ms from the node's newest checkpoint"),
        );
    }
}
