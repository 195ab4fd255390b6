//! Command line of the simulated node.

mod command;

use std::{
    io::{self, Write},
    path::PathBuf,
};

use anyhow::{Context, Result};
use clap::{Args, Parser, Subcommand, ValueEnum};
use serde_json::json;
use vigia_devnet::{Chain, ChainConfig, Coin, FileFormat, Packages, generate, write_checkpoint};

use command::{Bucket, Serve};

/// A simulated Sui full node: generates a valid chain of a made-up wallet and serves it over gRPC.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve a growing chain, or checkpoint files, until interrupted
    Serve(Serve),
    /// Serve a directory of checkpoint files over HTTP, as buckets do, until interrupted
    Bucket(Bucket),
    /// Write the chain as files, one per checkpoint
    Generate(Generate),
    /// Print the wallet's addresses: address,account,name
    Users(Users),
    /// Print package ids and coin types as JSON; they are the same for every seed
    Packages,
}

/// What the chain looks like. The same values make the same chain.
#[derive(Args)]
struct ChainArgs {
    /// Seed of every key, choice and amount
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Users of the wallet
    #[arg(long, default_value_t = 50)]
    users: usize,
    /// Transactions per second, unrelated ones included
    #[arg(long, default_value_t = 5)]
    tps: u32,
    /// Time between two checkpoints
    #[arg(long, default_value_t = 250, value_parser = clap::value_parser!(u64).range(1..))]
    interval_ms: u64,
    /// Percentage of transactions that are of the wallet
    #[arg(long, default_value_t = 25, value_parser = clap::value_parser!(u32).range(0..=100))]
    relevant_percent: u32,
    /// Checkpoints per epoch
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u64).range(1..))]
    epoch_checkpoints: u64,
    /// Stop generating after this many transactions
    #[arg(long)]
    transactions: Option<u64>,
    /// Checkpoint in which the payment contract is upgraded
    #[arg(long, default_value_t = 60)]
    upgrade_at: u64,
    /// Timestamp of genesis; a live chain begins now
    #[arg(long)]
    start_ms: Option<u64>,
}

#[derive(Args)]
struct Generate {
    #[command(flatten)]
    chain: ChainArgs,
    /// Directory to write to; made if missing
    #[arg(long)]
    out: PathBuf,
    /// How many checkpoints, unless --transactions ends the chain before
    #[arg(long, default_value_t = 100)]
    checkpoints: usize,
    /// Kind of files
    #[arg(long, value_enum, default_value_t = Format::Chk)]
    format: Format,
    /// Print a summary as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// SEQ.chk: the byte 0x01, then BCS
    Chk,
    /// SEQ.binpb.zst: a compressed protobuf message
    BinpbZst,
}

#[derive(Args)]
struct Users {
    /// Seed of the chain
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Users of the wallet
    #[arg(long, default_value_t = 50)]
    users: usize,
    /// Print JSON instead of CSV
    #[arg(long)]
    json: bool,
}

#[tokio::main]
async fn main() -> Result<()> {
    match Cli::parse().command {
        Command::Serve(arguments) => command::run_serve(arguments).await,
        Command::Bucket(arguments) => command::run_bucket(arguments).await,
        Command::Generate(arguments) => run_generate(&arguments),
        Command::Users(arguments) => run_users(&arguments),
        Command::Packages => run_packages(),
    }
}

impl ChainArgs {
    fn config(&self) -> ChainConfig {
        let normal = ChainConfig::default();
        ChainConfig {
            seed: self.seed,
            users: self.users,
            tps: self.tps,
            interval_ms: self.interval_ms,
            relevant_per_mille: self.relevant_percent * 10,
            epoch_checkpoints: self.epoch_checkpoints,
            transactions: self.transactions,
            upgrade_at: Some(self.upgrade_at),
            start_ms: self.start_ms.unwrap_or(normal.start_ms),
            ..normal
        }
    }
}

fn run_generate(arguments: &Generate) -> Result<()> {
    const PROGRESS_EVERY: usize = 1_000;
    let format = match arguments.format {
        Format::Chk => FileFormat::Chk,
        Format::BinpbZst => FileFormat::BinpbZst,
    };
    let directory = &arguments.out;
    std::fs::create_dir_all(directory).with_context(|| format!("make {}", directory.display()))?;
    let (mut checkpoints, mut transactions, mut bytes) = (0, 0, 0);
    for data in generate(arguments.chain.config()).take(arguments.checkpoints) {
        transactions += data.transactions.len();
        bytes += write_checkpoint(directory, data, format)?;
        checkpoints += 1;
        if checkpoints % PROGRESS_EVERY == 0 {
            eprintln!("{checkpoints} checkpoints");
        }
    }
    if arguments.json {
        let summary = json!({
            "checkpoints": checkpoints,
            "transactions": transactions,
            "bytes": bytes,
        });
        return print_line(&summary.to_string());
    }
    eprintln!("{checkpoints} checkpoints, {transactions} transactions, {bytes} bytes");
    Ok(())
}

fn run_users(arguments: &Users) -> Result<()> {
    let config = ChainConfig {
        seed: arguments.seed,
        users: arguments.users,
        ..ChainConfig::default()
    };
    let users = Chain::new(config).users();
    if arguments.json {
        let users = users.iter().map(|user| {
            json!({ "address": user.address.to_string(), "account": user.index, "name": user.name })
        });
        return print_line(&serde_json::Value::from_iter(users).to_string());
    }
    let mut out = io::stdout().lock();
    writeln!(out, "address,account,name")?;
    for user in users {
        // Names hold neither commas nor quotes.
        writeln!(out, "{},{},{}", user.address, user.index, user.name)?;
    }
    Ok(())
}

fn run_packages() -> Result<()> {
    let ids = Packages::declared();
    let coins =
        Coin::ALL.map(|coin| (coin.symbol().to_owned(), json!(coin.type_tag().to_string())));
    let description = json!({
        "packages": {
            "cusd": ids.cusd.to_string(),
            "confio": ids.confio.to_string(),
            "pay": ids.pay.to_string(),
            "pay_upgraded": ids.pay_upgraded.to_string(),
            "p2p_trade": ids.p2p_trade.to_string(),
            "invite_send": ids.invite_send.to_string(),
        },
        "coins": serde_json::Map::from_iter(coins),
    });
    print_line(&serde_json::to_string_pretty(&description)?)
}

fn print_line(line: &str) -> Result<()> {
    writeln!(io::stdout().lock(), "{line}")?;
    Ok(())
}
