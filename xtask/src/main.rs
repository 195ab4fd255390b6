//! Developer commands: test, check, tidy, deny, book, bench, capacity, count, fuzz, newcomer, dist. Never shipped.

mod bench;
mod book;
mod capacity;
mod count;
mod deny;
mod dist;
mod fuzz;
mod newcomer;
mod postgres;
mod run;
mod test;
mod tidy;
mod tools;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Developer commands of vigia.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Install what the tests need, then run them all
    Test(test::TestArgs),
    /// Format, lints, tidy and deny: what `.ci/run` checks beside the tests
    Check,
    /// The rules of the house that no other tool knows: crate edges, file heads, file sizes
    Tidy,
    /// Licences, banned crates and advisories, by cargo-deny
    Deny,
    /// The documents as a book, in target/book, with every link checked
    Book,
    /// Run a benchmark; figures go to target/bench/NAME.json
    Bench(bench::BenchArgs),
    /// Write the tables of docs/operations/capacity.md from what bench capacity measured last
    Capacity,
    /// Count the instructions of hot functions under callgrind, and compare them with their budgets
    Count,
    /// Feed random bytes to what reads strangers' bytes, a minute for each target
    Fuzz(fuzz::FuzzArgs),
    /// Follow docs/quick-start.md word by word as a new user of this machine; needs root and the internet
    Newcomer,
    /// Build the binary that is released, with every feature a release has
    Dist,
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Test(args) => test::run(&args),
        Command::Check => check(),
        Command::Tidy => tidy::run(),
        Command::Deny => deny::run(),
        Command::Book => book::run(),
        Command::Bench(args) => bench::run(&args),
        Command::Capacity => capacity::run(),
        Command::Count => count::run(),
        Command::Fuzz(args) => fuzz::run(&args),
        Command::Newcomer => newcomer::run(),
        Command::Dist => dist::run(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn check() -> anyhow::Result<()> {
    run::cargo(&["fmt", "--all", "--check"])?;
    run::cargo(&[
        "clippy",
        "--workspace",
        "--all-targets",
        "--features",
        test::FEATURES,
        "--quiet",
        "--",
        "-D",
        "warnings",
    ])?;
    tidy::run()?;
    deny::run()?;
    book::run()
}
