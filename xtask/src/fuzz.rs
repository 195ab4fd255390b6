//! `cargo xtask fuzz`: the fuzz targets for longer than `cargo test` runs them.
//!
//! They are tests of bolero's on the stable toolchain. What they find is kept in the corpus by hand, and is a
//! test from then on.

use clap::Args;

use crate::run::cargo_with;
use crate::test::FEATURES;

/// The crates that have targets, each in its test `fuzz`.
const PACKAGES: &[&str] = &["vigia-contracts", "vigia-notify", "vigia-sui"];

/// How long.
#[derive(Debug, Args)]
pub(crate) struct FuzzArgs {
    /// Seconds for each target
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// Only targets whose name holds this
    target: Option<String>,
}

/// Runs them.
pub(crate) fn run(args: &FuzzArgs) -> anyhow::Result<()> {
    let seconds = args.seconds.to_string();
    for package in PACKAGES {
        let mut arguments = vec!["test", "--package", package, "--test", "fuzz", "--"];
        // One after the other, so that each has its time.
        arguments.push("--test-threads=1");
        arguments.extend(args.target.as_deref());
        cargo_with(&arguments, &[("VIGIA_FUZZ_SECONDS", &seconds)])?;
    }
    // What is asked of a server is a test of it.
    let tests = format!(
        "package(vigia-web) & test(nonsense::) & test({})",
        args.target.as_deref().unwrap_or("nonsense")
    );
    let arguments = ["nextest", "run", "--workspace", "--features", FEATURES];
    let further = [
        "--profile",
        "full",
        "--no-tests",
        "pass",
        "--no-capture",
        "-E",
        &tests,
    ];
    cargo_with(
        &[&arguments[..], &further].concat(),
        &[("VIGIA_FUZZ_SECONDS", &seconds)],
    )
}
