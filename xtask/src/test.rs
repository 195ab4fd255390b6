//! `cargo xtask test`: everything the tests need, then all of them.
//!
//! Suites that are long at their full size run short here; `--full NAME` runs one at its full size.

use std::process::Command;

use anyhow::bail;
use clap::Args;

use crate::postgres::Cluster;
use crate::run::{answers, cargo_command, run as say_and_run};
use crate::tools;

/// Suites with a full size: their name, and the tests they are, by parts of their names.
const FULL: &[(&str, &str, &str)] = &[
    ("kills", "vigia", "kills::"),
    ("chaos", "vigia", "chaos::"),
    ("rescue", "vigia", "shards::pollers_share"),
    ("faults", "vigia", "faults::rows_are_those faults::lies"),
    ("outbox", "vigia", "outbox::"),
    ("pages", "vigia", "everywhere::every_page_is_without"),
    ("soak", "vigia", "soak::"),
];

/// Features that are off by default and tested and linted all the same: those of a release.
pub(crate) const FEATURES: &str = "vigia/release";

/// Flags of `cargo xtask test`.
#[derive(Debug, Args)]
pub(crate) struct TestArgs {
    /// Run one suite at its full size: kills, chaos, rescue, faults, outbox, pages, soak
    #[arg(long, value_name = "NAME")]
    full: Option<String>,
    /// Do without the tests whose tools are missing and cannot be installed
    #[arg(long)]
    skip_missing: bool,
    /// Passed on to the test runner
    #[arg(last = true)]
    rest: Vec<String>,
}

/// Runs the command.
pub(crate) fn run(args: &TestArgs) -> anyhow::Result<()> {
    let mut command = runner();
    // Kept until the tests are over.
    let mut _cluster = None;
    let prepared = tools::prepare().and_then(|environment| {
        let cluster = _cluster.insert(postgres()?);
        Ok((
            environment,
            cluster.as_ref().map(|cluster| cluster.url.clone()),
        ))
    });
    match prepared {
        Ok((environment, url)) => {
            command.envs(environment);
            command.env("VIGIA_REQUIRE_BROWSER", "1");
            command.env("VIGIA_REQUIRE_POSTGRES", "1");
            if let Some(url) = url {
                command.env("VIGIA_TEST_POSTGRES_URL", url);
            }
        }
        Err(error) if args.skip_missing => eprintln!("doing without: {error:#}"),
        Err(error) => return Err(error.context("--skip-missing does without")),
    }
    if let Some(name) = &args.full {
        return run_full(command, name);
    }
    command.args(["--workspace", "--features", FEATURES]);
    command.args(&args.rest);
    say_and_run(&mut command)
}

/// A cluster for the tests; none where the environment names a server to use instead.
fn postgres() -> anyhow::Result<Option<Cluster>> {
    if let Ok(url) = std::env::var("VIGIA_TEST_POSTGRES_URL") {
        let host = url.rsplit_once('@').map_or("it", |(_, host)| host);
        eprintln!("VIGIA_TEST_POSTGRES_URL is set: the tests use {host}");
        return Ok(None);
    }
    Cluster::start(false).map(Some)
}

fn run_full(mut command: Command, name: &str) -> anyhow::Result<()> {
    let Some((name, package, filter)) = FULL.iter().find(|(known, _, _)| *known == name) else {
        let names: Vec<&str> = FULL.iter().map(|(name, _, _)| *name).collect();
        bail!(
            "there is no suite {name:?} with a full size; there are {}",
            names.join(", ")
        );
    };
    command.args(["--features", FEATURES]);
    if answers("cargo-nextest", "--version") {
        // The selection of all tests: one package alone would have its dependencies built again, with other features.
        let tests: Vec<String> = filter
            .split(' ')
            .map(|part| format!("test({part})"))
            .collect();
        let filter = format!("package({package}) & ({})", tests.join(" | "));
        command.args([
            "--workspace",
            "--profile",
            "full",
            "-E",
            &filter,
            "--no-capture",
        ]);
    } else {
        command
            .args(["-p", package, "--"])
            .args(filter.split(' '))
            .arg("--nocapture");
    }
    say_and_run(command.env("VIGIA_FULL", name))
}

/// nextest where it is installed, else cargo's own runner.
fn runner() -> Command {
    let mut command = cargo_command();
    if answers("cargo-nextest", "--version") {
        command.args(["nextest", "run"]);
    } else {
        eprintln!("cargo-nextest is not installed, using `cargo test` (slower)");
        command.arg("test");
    }
    command
}
