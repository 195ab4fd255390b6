//! `serve`: a node, and other faces of its chain.

use std::{net::SocketAddr, path::PathBuf};

use anyhow::Result;
use clap::Args;
use serde_json::json;
use sui_rpc::field::{FieldMask, FieldMaskUtil};
use vigia_devnet::{Devnet, DevnetConfig, Pace, read_chk_directory};

use super::{
    control,
    faults::{FaultArgs, Outlet},
};
use crate::{ChainArgs, print_line};

#[derive(Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    chain: ChainArgs,
    /// Address to listen on; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:9000")]
    listen: SocketAddr,
    /// Checkpoints that exist at the start
    #[arg(long, default_value_t = 1)]
    history: u64,
    /// Make all transactions before answering; needs --transactions
    #[arg(long, requires = "transactions")]
    complete: bool,
    /// Let the chain grow only when told to by --control, at its own pace of timestamps
    #[arg(long, conflicts_with = "complete", requires = "control")]
    manual: bool,
    /// Checkpoints kept in memory
    #[arg(long, default_value_t = 20_000)]
    retention: usize,
    /// Serve the .chk files of a directory instead of a generated chain
    #[arg(long)]
    files: Option<PathBuf>,
    /// Encode checkpoints for this read mask when they are made, so that serving it costs little
    #[arg(long, value_name = "MASK")]
    pre_encode: Option<String>,
    /// Do not compress, whatever clients accept
    #[arg(long)]
    no_compression: bool,
    #[command(flatten)]
    faults: FaultArgs,
    /// Show the same chain under another address with faults of its own, as another provider does
    #[arg(long, value_name = "ADDR [SPEC]...")]
    face: Vec<Outlet>,
    /// Serve the chain's checkpoints as files over HTTP, as a bucket does, with faults of its own
    #[arg(long, value_name = "ADDR [SPEC]...")]
    bucket: Vec<Outlet>,
    /// Take commands from standard input until it ends: tip, struck, advance, heal, fault
    #[arg(long)]
    control: bool,
    /// Print the start message as JSON, and at the end how often faults struck
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run_serve(arguments: Serve) -> Result<()> {
    if let Some(help) = arguments.faults.help() {
        return print_line(&help);
    }
    let devnet = start(&arguments).await?;
    announce(&arguments, &devnet)?;
    if arguments.control {
        control::obey(&devnet, arguments.faults.seed()).await?;
    } else {
        control::interrupted().await?;
    }
    if arguments.json {
        print_line(&control::struck(&devnet).to_string())?;
    }
    devnet.shutdown().await
}

async fn start(arguments: &Serve) -> Result<Devnet> {
    let config = DevnetConfig {
        chain: arguments.chain.config(),
        listen: arguments.listen,
        history: arguments.history,
        pace: match (arguments.complete, arguments.manual) {
            (true, _) => Pace::Complete,
            (_, true) => Pace::Manual,
            _ => Pace::Live,
        },
        retention: arguments.retention,
        compression: !arguments.no_compression,
        pre_encode: arguments.pre_encode.as_deref().map(FieldMask::from_str),
        faults: arguments.faults.faults()?,
        ..DevnetConfig::default()
    };
    let mut devnet = match &arguments.files {
        Some(directory) => Devnet::replay(read_chk_directory(directory)?, &config).await?,
        None => Devnet::start(config).await?,
    };
    let seed = arguments.faults.seed();
    for face in &arguments.face {
        devnet.also_listen(face.listen, face.faults(seed)?).await?;
    }
    for bucket in &arguments.bucket {
        devnet
            .also_bucket(bucket.listen, bucket.faults(seed)?)
            .await?;
    }
    Ok(devnet)
}

fn announce(arguments: &Serve, devnet: &Devnet) -> Result<()> {
    let chain_id = devnet.chain_id().map(|digest| digest.to_string());
    let faces = devnet.faces();
    let urls: Vec<_> = faces.iter().map(|face| face.url()).collect();
    if arguments.json {
        let faults = arguments.faults.faults()?;
        let faults: Vec<_> = faults.list.iter().map(ToString::to_string).collect();
        let started = json!({
            "url": devnet.url(),
            "chain_id": chain_id,
            "tip": devnet.tip(),
            "faces": urls,
            "faults": faults,
        });
        return print_line(&started.to_string());
    }
    let chain_id = chain_id.unwrap_or_default();
    print_line(&format!("serving chain {chain_id} at {}", urls.join(", ")))
}
