//! `bucket`: checkpoint files over HTTP.

use std::{net::SocketAddr, path::PathBuf};

use anyhow::Result;
use clap::Args;
use serde_json::json;

use super::{control, faults::FaultArgs};
use crate::print_line;

#[derive(Args)]
pub(crate) struct Bucket {
    /// Directory of SEQ.chk and SEQ.binpb.zst files, as `generate` writes them
    #[arg(long)]
    dir: PathBuf,
    /// Address to listen on; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:9080")]
    listen: SocketAddr,
    #[command(flatten)]
    faults: FaultArgs,
    /// Print the start message as JSON, and at the end how often faults struck
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run_bucket(arguments: Bucket) -> Result<()> {
    if let Some(help) = arguments.faults.help() {
        return print_line(&help);
    }
    let faults = arguments.faults.faults()?;
    let bucket = vigia_devnet::Bucket::serve(arguments.dir, arguments.listen, faults).await?;
    if arguments.json {
        print_line(&json!({ "url": bucket.url() }).to_string())?;
    } else {
        print_line(&format!("serving files at {}", bucket.url()))?;
    }
    control::interrupted().await?;
    if arguments.json {
        print_line(&json!({ "struck": [bucket.struck()] }).to_string())?;
    }
    bucket.shutdown().await
}
