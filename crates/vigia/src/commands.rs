//! One module a command.

pub mod actions;
pub mod audit;
pub mod backfill;
pub mod backup;
pub mod balances;
pub mod broadcast;
pub mod committees;
pub mod compare;
pub mod config;
pub mod deliveries;
pub mod devices;
pub mod doctor;
pub mod failed;
pub mod health;
pub mod ingest;
pub mod invoices;
pub mod labels;
pub mod migrate;
pub mod migrate_store;
pub mod notifications;
pub mod providers;
pub mod pushes;
mod reconciled;
pub mod redecode;
pub mod reinterpret;
pub mod schedules;
pub mod source;
pub mod status;
mod stop;
pub mod tail;
pub mod token;
mod transport;
pub mod up;
pub mod user;
pub mod watch;
pub mod webhooks;

use std::sync::Arc;

use anyhow::Context;
use vigia_core::{CoinInfo, SystemClock};
use vigia_store::{IngestStore, SqlStore, StoreError, StoreOptions, WatchEntry, WatchStore};
use vigia_sui::{Providers, StreamNotice};

use crate::config::Settings;
use crate::exit::Exit;
use crate::trust::{Quorum, QuorumError};

/// Opens the database, creating it where it is missing.
pub(crate) async fn open_store(settings: &Settings) -> anyhow::Result<Arc<SqlStore>> {
    let store = SqlStore::open(settings.store_options()?, Arc::new(SystemClock)).await;
    let place = || format!("cannot open the database {}", place_of(settings));
    let store = store.with_context(place)?;
    store.set_fetches_history(settings.history.on_registration);
    store.set_labels(settings.declared_labels()?);
    Ok(Arc::new(store))
}

/// Whether this is a database that is out of reach for now.
pub(crate) fn is_transient(error: &anyhow::Error) -> bool {
    let store = error.downcast_ref::<StoreError>();
    store.is_some_and(StoreError::is_transient)
}

/// Whether the database is one that several machines may share.
pub(crate) fn is_shared(settings: &Settings) -> bool {
    matches!(settings.store_options(), Ok(StoreOptions::Postgres(_)))
}

/// Where the database is, without secrets.
pub(crate) fn place_of(settings: &Settings) -> String {
    match settings.store_options() {
        Ok(StoreOptions::Postgres(options)) => options.address(),
        _ => settings.database_path().display().to_string(),
    }
}

/// A time as people read it, in UTC.
pub(crate) fn time_text(time_ms: u64) -> String {
    let time = i64::try_from(time_ms).ok();
    let time = time.and_then(|time_ms| jiff::Timestamp::from_millisecond(time_ms).ok());
    time.map_or_else(|| format!("{time_ms} ms"), |time| time.to_string())
}

/// Opens a database that has to be there already.
pub(crate) async fn open_existing_store(settings: &Settings) -> anyhow::Result<Arc<SqlStore>> {
    let path = settings.database_path();
    if !is_shared(settings) && !path.exists() {
        return Err(Exit::unavailable(format!(
            "there is no database at {}; start vigia first, or name its folder with --data-dir",
            path.display()
        ))
        .into());
    }
    open_store(settings).await
}

/// The name of this machine or container and the process id: tells processes apart.
pub(crate) fn process_name() -> String {
    let named = std::fs::read_to_string("/proc/sys/kernel/hostname");
    let name = named.unwrap_or_default().trim().to_owned();
    let host = match name.is_empty() {
        true => std::env::var("HOSTNAME").unwrap_or_else(|_| "host".to_owned()),
        false => name,
    };
    format!("{host}-{}", std::process::id())
}

/// The providers that the settings name; none where they name none.
pub(crate) fn providers_of(
    settings: &Settings,
    notice: impl Fn(StreamNotice) + Send + Sync + 'static,
) -> anyhow::Result<Option<Providers>> {
    let configs = settings.provider_configs()?;
    if configs.is_empty() {
        return Ok(None);
    }
    let (policy, limits) = (settings.roster_policy(), settings.stream_limits());
    let clock = Arc::new(SystemClock);
    Ok(Some(Providers::new(
        &configs, policy, limits, clock, notice,
    )?))
}

/// What makes this process prove what it reads, ready to, and the providers that it asks on the way, none
/// where none are set; nothing where providers are believed.
pub(crate) async fn quorum_of(
    settings: &Settings,
    store: &Arc<SqlStore>,
    providers: Option<&Providers>,
) -> anyhow::Result<Option<(Quorum, Providers)>> {
    let Some(root) = settings.trust_root()? else {
        return Ok(None);
    };
    let providers = match providers {
        Some(providers) => providers.clone(),
        None => {
            let (policy, limits) = (settings.roster_policy(), settings.stream_limits());
            Providers::new(&[], policy, limits, Arc::new(SystemClock), |_| {})?
        }
    };
    let quorum = Quorum::new(root, store, &providers);
    quorum.ready().await.map_err(QuorumError::plain)?;
    Ok(Some((quorum, providers)))
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
        icon_url: None,
    };
    // The last of two about one coin wins: a contract file may name SUI too.
    let coins: Vec<CoinInfo> = [sui].into_iter().chain(registry.coins().cloned()).collect();
    Ok(store.coin_upsert(&coins).await?)
}

/// Watches every package of the declared contracts; those watched already stay as they are.
pub(crate) async fn watch_contracts(
    store: &dyn WatchStore,
    registry: &vigia_contracts::Registry,
) -> anyhow::Result<()> {
    let entries: Vec<WatchEntry> = registry
        .watch_targets()
        .into_iter()
        .map(|target| WatchEntry {
            target,
            account: None,
        })
        .collect();
    if !entries.is_empty() {
        store.watch_add(&entries).await?;
    }
    Ok(())
}
