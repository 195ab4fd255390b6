//! `vigia migrate`: brings the schema up to date, which opening the database does.

use std::process::ExitCode;

use super::{open_store, place_of};
use crate::cli::Common;
use crate::config::Overrides;

/// Runs the command.
pub async fn run(common: &Common) -> anyhow::Result<ExitCode> {
    let settings = common.settings(Overrides::default())?;
    let store = open_store(&settings).await?;
    println!("the schema of {} is up to date", place_of(&settings));
    store.close().await;
    Ok(ExitCode::SUCCESS)
}
