//! `cargo xtask deny`: licences, banned crates and sources; advisories where their database can be
//! reached.

use std::process::Command;

use crate::run::{answers, cargo, root};

/// Runs the command.
pub(crate) fn run() -> anyhow::Result<()> {
    if !answers("cargo-deny", "--version") {
        eprintln!("installing cargo-deny from crates.io (some minutes, once)");
        cargo(&["install", "--locked", "--quiet", "cargo-deny"])?;
    }
    cargo(&[
        "deny",
        "--log-level",
        "error",
        "check",
        "bans",
        "licenses",
        "sources",
    ])?;
    advisories()
}

/// Advisories live in a git repository; a machine that cannot reach it says so and goes on.
fn advisories() -> anyhow::Result<()> {
    let fetch = Command::new("cargo")
        .args(["deny", "--log-level", "error", "fetch", "db"])
        .current_dir(root())
        .env("GIT_TERMINAL_PROMPT", "0")
        .output();
    if !fetch.is_ok_and(|output| output.status.success()) {
        eprintln!("the advisory database cannot be reached from here: advisories are NOT checked");
        return Ok(());
    }
    cargo(&[
        "deny",
        "--log-level",
        "error",
        "check",
        "--disable-fetch",
        "advisories",
    ])
}
