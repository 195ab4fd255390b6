//! `cargo xtask bench NAME`: prints a table and writes `target/bench/NAME.json`.

use anyhow::bail;
use clap::Args;

use crate::run::cargo;

/// Benchmarks there are: name and crate.
const BENCHES: &[(&str, &str)] = &[("pipeline", "vigia")];

/// Flags of `cargo xtask bench`.
#[derive(Debug, Args)]
pub(crate) struct BenchArgs {
    /// Which: pipeline
    name: String,
    /// Be done within 60 s
    #[arg(long)]
    quick: bool,
}

/// Runs the command.
pub(crate) fn run(args: &BenchArgs) -> anyhow::Result<()> {
    let Some((name, package)) = BENCHES.iter().find(|(name, _)| *name == args.name) else {
        let names: Vec<&str> = BENCHES.iter().map(|(name, _)| *name).collect();
        bail!(
            "there is no bench {:?}; there are {}",
            args.name,
            names.join(", ")
        );
    };
    let mut arguments = vec!["bench", "--quiet", "-p", package, "--bench", name, "--"];
    if args.quick {
        arguments.push("--quick");
    }
    cargo(&arguments)
}
