//! `vigia health`: asks a process on this machine whether it can do its work, as containers' health checks do.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use crate::cli::Common;
use crate::config::{Overrides, Settings};
use crate::exit::Exit;

/// How long the answer may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(4);

/// Flags of `vigia health`.
#[derive(Debug, Args)]
pub struct HealthArgs {
    /// Where to ask [default: /readyz at health.listen, else at web.listen]
    #[arg(long, value_name = "URL")]
    url: Option<String>,
}

/// Runs the command. Fails where the process cannot do its work, or does not answer.
pub async fn run(common: &Common, args: HealthArgs) -> anyhow::Result<ExitCode> {
    let url = match args.url {
        Some(url) => url,
        None => place(&common.settings(Overrides::default())?)?,
    };
    // Whoever came first has installed the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder()
        .timeout(ANSWER_WITHIN)
        .no_proxy()
        .build()?;
    let answer = client.get(&url).send().await;
    let answer = answer.map_err(|error| {
        let error = vigia_core::error_chain(&error);
        Exit::unavailable(format!("nobody answers at {url}: {error}"))
    })?;
    let is_ready = answer.status().is_success();
    let text = answer.text().await.unwrap_or_default();
    println!("{}", text.trim());
    Ok(match is_ready {
        true => ExitCode::SUCCESS,
        false => ExitCode::from(crate::exit::FAILED),
    })
}

/// Where processes with these settings say how they are.
fn place(settings: &Settings) -> anyhow::Result<String> {
    let listen = match settings.health_listen()? {
        Some(listen) => listen,
        None => settings.web.address()?,
    };
    Ok(format!("http://{}/readyz", reachable(listen)))
}

/// Whoever listens everywhere is reached on this machine.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everywhere_is_here() {
        for (listen, expected) in [
            ("0.0.0.0:8421", "127.0.0.1:8421"),
            ("[::]:8421", "[::1]:8421"),
            ("10.1.2.3:8421", "10.1.2.3:8421"),
        ] {
            let listen = listen.parse().expect("an address");
            assert_eq!(reachable(listen).to_string(), expected);
        }
    }
}
