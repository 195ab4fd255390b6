//! What the settings and the files that they name say.

use std::time::Duration;

use anyhow::anyhow;
use vigia_contracts::PackageIds;
use vigia_core::error_chain;
use vigia_sui::TrustError;
use vigia_transport::{FrameSender as _, RedisConfig, RedisSender};

use super::Findings;
use super::database::Stored;
use crate::commands::transport::WITHOUT_CURE;
use crate::commands::up::push_channels;
use crate::config::{RootSetting, Settings, TransportKind};

/// How long a broker may take to answer.
const BROKER_PATIENCE: Duration = Duration::from_secs(5);

pub(super) async fn check(findings: &mut Findings, settings: &Settings) {
    check_contracts(findings, settings);
    check_texts(findings, settings);
    check_transport(findings, settings).await;
    check_web(findings, settings);
    check_webhooks(findings, settings);
    check_push(findings, settings);
    check_alerts(findings, settings);
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
pub(super) async fn check_proof(
    findings: &mut Findings,
    settings: &Settings,
    stored: Option<&Stored>,
) {
    let chain = stored.and_then(|stored| stored.chain);
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
    let newest = match stored {
        Some(stored) => stored.newest_epoch().await,
        None => None,
    };
    findings.good(
        "proof",
        match newest {
            Some(epoch) => format!("from {root}; committees are proven up to epoch {epoch}"),
            None => format!("from {root}; no committee is proven yet"),
        },
    );
}

/// Whether this vigia was built with the transport that is asked for, and its broker answers.
async fn check_transport(findings: &mut Findings, settings: &Settings) {
    let kind = settings.transport.kind;
    let (name, built_in) = (kind.as_str(), TransportKind::built_in());
    if !kind.is_built_in() {
        let found = format!("{name}, but this vigia was built with {built_in} only");
        return findings.problem("transport", found, WITHOUT_CURE);
    }
    findings.good(
        "transport",
        format!("{name}; this vigia was built with {built_in}"),
    );
    if kind != TransportKind::Redis {
        return;
    }
    let cure = "check transport.redis_url, that Redis runs and that this machine may connect";
    let asking = async {
        let url = settings
            .redis_url()?
            .ok_or_else(|| anyhow!("transport.redis_url is not set"))?;
        let config = RedisConfig::new(url.expose(), &settings.transport.namespace);
        anyhow::Ok(RedisSender::new(&config)?.backlog().await?)
    };
    match tokio::time::timeout(BROKER_PATIENCE, asking).await {
        Ok(Ok(_)) => findings.good("broker", "Redis answers"),
        Ok(Err(error)) => findings.problem("broker", error_chain(error.as_ref()), cure),
        Err(_) => findings.problem(
            "broker",
            format!("no answer within {} s", BROKER_PATIENCE.as_secs()),
            cure,
        ),
    }
}

/// Who may reach the pages, and whether what they send is seen on the way.
fn check_web(findings: &mut Findings, settings: &Settings) {
    let web = &settings.web;
    let address = match web.address() {
        Ok(address) => address,
        Err(error) => {
            let cure =
                "set web.listen to the address of one of this machine's interfaces and a port";
            return findings.problem("web", error, cure);
        }
    };
    if address.ip().is_loopback() {
        return findings.good("web", format!("{address}, which only this machine reaches"));
    }
    if !web.sign_in {
        let cure = "set web.sign_in = true and make a user with `vigia user create`, or let web.listen be 127.0.0.1";
        let found = format!("{address} is reached from elsewhere and nobody signs in");
        return findings.problem("web", found, cure);
    }
    if !web.https {
        let cure = "put a proxy that speaks TLS in front, and set web.https = true so that sessions are never sent without";
        let found =
            format!("{address} is reached from elsewhere without TLS, passwords and sessions too");
        return findings.problem("web", found, cure);
    }
    findings.good("web", format!("{address}, with sign-in and behind TLS"));
}

/// Whether webhooks can be signed, and secrets of accounts' endpoints be opened.
fn check_webhooks(findings: &mut Findings, settings: &Settings) {
    let cure = "mend what it names; `vigia webhooks key` makes a signing key, docs/webhooks.md says how they are declared";
    match settings.delivery.secrets() {
        Err(error) => findings.problem("webhooks", error, cure),
        Ok(secrets) => {
            let users = match secrets {
                Some(_) => "accounts may have endpoints of their own",
                None => "accounts have no endpoints of their own without delivery.secret_key_files",
            };
            match settings.endpoints() {
                Err(error) => findings.problem("webhooks", format!("{error:#}"), cure),
                Ok(declared) => {
                    findings.good("webhooks", format!("{} declared; {users}", declared.len()))
                }
            }
        }
    }
}

/// Whether pushes can be sent to the platforms whose credentials are named.
fn check_push(findings: &mut Findings, settings: &Settings) {
    let channels = settings
        .check_push()
        .map_err(anyhow::Error::from)
        .and_then(|()| push_channels(settings));
    match channels {
        Ok(channels) if channels.is_empty() => findings.note(
            "push",
            "no platform has credentials: notifications stay in the inbox",
        ),
        Ok(channels) => {
            let names: Vec<&str> = channels.iter().map(|channel| channel.platform().as_str()).collect();
            findings.good("push", format!("credentials of {} can be read", names.join(", ")));
        }
        Err(error) => findings.problem(
            "push",
            error_chain(error.as_ref()),
            "docs/push.md says where each platform gives its credentials; name the file and let the user that vigia runs as read it",
        ),
    }
}

/// Whether operators are told when something is wrong.
fn check_alerts(findings: &mut Findings, settings: &Settings) {
    let channels = settings.alerts.channels();
    let heartbeat = settings.alerts.heartbeat();
    match channels.and_then(|channels| Ok((channels.len(), heartbeat?.is_some()))) {
        Err(error) => findings.problem(
            "alerts",
            error_chain(error.as_ref()),
            "mend the setting that it names; docs/operations/alerts.md says what each takes",
        ),
        Ok((0, false)) if settings.metrics.listen.is_empty() => findings.note(
            "alerts",
            "nobody is told when something is wrong: set one of [alerts], or metrics.listen for Prometheus",
        ),
        Ok((channels, has_heartbeat)) => findings.good(
            "alerts",
            format!("{channels} channels, {} heartbeat", if has_heartbeat { "a" } else { "no" }),
        ),
    }
}
