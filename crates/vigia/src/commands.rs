//! One module a command.

pub mod config;
pub mod doctor;
pub mod ingest;
pub mod migrate;
pub mod status;
mod stop;
pub mod tail;
pub mod up;
pub mod watch;

use std::sync::Arc;
use std::time::Duration;

use vigia_core::{CoinInfo, SystemClock};
use vigia_store::{IngestStore, SqlStore, SqliteOptions};

use crate::config::Settings;
use crate::exit::Exit;

/// Opens the database, creating it where it is missing.
pub(crate) async fn open_store(settings: &Settings) -> anyhow::Result<Arc<SqlStore>> {
    let options = SqliteOptions {
        readers: settings.store.readers,
        busy_timeout: Duration::from_millis(settings.store.busy_timeout_ms),
        ..SqliteOptions::new(settings.database_path())
    };
    Ok(Arc::new(
        SqlStore::open(options, Arc::new(SystemClock)).await?,
    ))
}

/// Opens a database that has to be there already.
pub(crate) async fn open_existing_store(settings: &Settings) -> anyhow::Result<Arc<SqlStore>> {
    let path = settings.database_path();
    if !path.exists() {
        return Err(Exit::unavailable(format!(
            "there is no database at {}; start vigia first, or name its folder with --data-dir",
            path.display()
        ))
        .into());
    }
    open_store(settings).await
}

/// Writes what settings and contract files say about coins; what they say wins over nodes.
pub(crate) async fn declare_coins(
    store: &SqlStore,
    registry: &vigia_contracts::Registry,
) -> anyhow::Result<()> {
    let sui = CoinInfo {
        coin_type: vigia_core::StructTag::sui().to_string(),
        decimals: Some(9),
        symbol: "SUI".to_owned(),
        name: "Sui".to_owned(),
    };
    let coins: Vec<CoinInfo> = registry.coins().cloned().chain([sui]).collect();
    Ok(store.coin_upsert(&coins).await?)
}
