//! The vigia program: configuration, command line, roles, wiring.
//!
//! A library so that tests and benches can run its parts; the binary only calls `cli::run`.

pub mod alerts;
pub mod audit;
pub mod balances;
pub mod cli;
pub mod commands;
pub mod compare;
pub mod config;
pub mod contracts;
pub mod delivery;
#[cfg(test)]
mod documents;
pub mod exit;
pub mod history;
pub mod jobs;
pub mod jwks;
pub mod logging;
pub mod memory;
pub mod metrics;
pub mod pipeline;
pub mod processes;
mod shared_counts;
pub mod source;
pub mod traces;
pub mod trust;
pub mod wallet;
pub mod zklogin;

/// Version of vigia.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The commit that it was built from, where whoever built it said so in `VIGIA_COMMIT`, as `cargo xtask dist` does.
pub const COMMIT: &str = match option_env!("VIGIA_COMMIT") {
    Some(commit) => commit,
    None => "unknown",
};
