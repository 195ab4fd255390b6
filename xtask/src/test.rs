//! `cargo xtask test`: everything the tests need, then all of them.
//!
//! Suites that are long at their full size run short here; `--full NAME` runs one at its full size.

use std::process::Command;

use anyhow::bail;
use clap::Args;

use crate::run::{answers, root, run as say_and_run};
use crate::tools;

/// Suites with a full size: their name and the tests they are.
const FULL: &[(&str, &str, &str)] = &[("kills", "vigia", "kills::")];

/// Features that are off by default and tested and linted all the same.
pub(crate) const FEATURES: &str = "vigia-transport/sqs";

/// Flags of `cargo xtask test`.
#[derive(Debug, Args)]
pub(crate) struct TestArgs {
    /// Run one suite at its full size: kills
    #[arg(long, value_name = "NAME")]
    full: Option<String>,
    /// Do without the tests whose tools are missing and cannot be installed
    #[arg(long)]
    skip_missing: bool,
    /// Passed on to the test runner
    #[arg(last = true)]
    rest: Vec<String>,
}

fn run_full(name: &str) -> anyhow::Result<()> {
    let Some((name, package, filter)) = FULL.iter().find(|(known, _, _)| *known == name) else {
        let names: Vec<&str> = FULL.iter().map(|(name, _, _)| *name).collect();
        bail!(
            "there is no suite {name:?} with a full size; there are {}",
            names.join(", ")
        );
    };
    let mut command = runner();
    command
        .args(["-p", package, "--"])
        .arg(filter)
        .arg("--nocapture");
    say_and_run(command.env("VIGIA_FULL", name))
}

/// Runs the command.
pub(crate) fn run(args: &TestArgs) -> anyhow::Result<()> {
    if let Some(name) = &args.full {
        return run_full(name);
    }
    let mut command = runner();
    match tools::prepare() {
        Ok(environment) => {
            command.envs(environment);
            command.env("VIGIA_REQUIRE_BROWSER", "1");
        }
        Err(error) if args.skip_missing => eprintln!("doing without: {error:#}"),
        Err(error) => return Err(error.context("--skip-missing does without")),
    }
    command.args(["--workspace", "--features", FEATURES]);
    command.args(&args.rest);
    say_and_run(&mut command)
}

/// nextest where it is installed, else cargo's own runner.
fn runner() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    if answers("cargo-nextest", "--version") {
        command.args(["nextest", "run"]);
    } else {
        eprintln!("cargo-nextest is not installed, using `cargo test` (slower)");
        command.arg("test");
    }
    command
}
