//! Contracts while a process runs: what is declared, with what nodes tell of packages.
//!
//! Layouts and versions are a node's word, signed by nobody: where all has to be proven, none is asked for
//! or used. What was told is kept in the database, so a process without a node knows it too.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use vigia_contracts::{
    CoinGuard, ContractFile, CurrentRegistry, Handler, PackageIds, Registry, Told, is_built_in,
};
use vigia_core::{Clock, Datatype, DatatypeName};
use vigia_store::{ContractKnowledge, ContractStore, DATATYPES_MAX, SqlStore};
use vigia_sui::{Providers, SourceError};

use crate::commands::watch_contracts;
use crate::config::{ConfigError, Settings};
use crate::pipeline::Trouble;

/// Datatypes asked about at once.
const LOOKUPS_MAX: u32 = 20;
/// Datatypes that one of them may lead to.
const NESTED_MAX: usize = 64;
/// After how long one of which nothing could be told is asked about again.
const AGAIN_AFTER_MS: u64 = 60 * 60 * 1000;

/// Meanings in Rust, for contracts whose files cannot say them: yours go here (docs/contracts.md).
fn handlers() -> Vec<Arc<dyn Handler>> {
    Vec::new()
}

/// What the settings declare.
#[derive(Clone, Debug)]
pub struct Declared {
    files: Vec<(String, ContractFile)>,
    packages: PackageIds,
    /// Which receipts nobody is told of.
    guard: Option<CoinGuard>,
    /// Whether what nodes say is used.
    believes: bool,
}

impl Declared {
    /// Reads and checks the contract files, as far as that can be done without a database.
    pub fn new(settings: &Settings, packages: &PackageIds) -> Result<Self, ConfigError> {
        let (files, packages) = settings.contract_declarations(packages)?;
        let declared = Self {
            files,
            packages,
            guard: settings.coins.guard()?,
            believes: settings.trust_root()?.is_none(),
        };
        declared.registry(&Told::default())?;
        Ok(declared)
    }

    fn registry(&self, told: &Told) -> Result<Registry, ConfigError> {
        let registry = Registry::with_told(&self.files, &self.packages, told)?;
        let guard = self.guard.clone();
        Ok(registry.with_handlers(handlers()).with_guard(guard))
    }

    /// Makes a registry of this and of what is kept. Layouts that declared events lack are asked for
    /// where there is somebody to ask, so that mistakes in contract files are found at the start.
    pub async fn open(
        &self,
        store: &SqlStore,
        providers: Option<&Providers>,
    ) -> anyhow::Result<Arc<CurrentRegistry>> {
        let mut registry = self.registry(&self.told(store).await?)?;
        if let Some(providers) = providers.filter(|_| self.believes) {
            let missing = registry.missing().clone();
            if !missing.is_empty() {
                if let Err(error) = learn(store, providers, &registry, missing).await {
                    tracing::warn!(
                        error = %error,
                        "cannot ask for layouts of declared events, trying later"
                    );
                }
                registry = self.registry(&self.told(store).await?)?;
            }
        }
        for name in registry.missing() {
            tracing::warn!(datatype = %name, "the layout of a declared event is not known yet");
        }
        Ok(Arc::new(registry.into()))
    }

    async fn told(&self, store: &SqlStore) -> vigia_store::Result<Told> {
        if !self.believes {
            return Ok(Told::default());
        }
        Ok(Told {
            datatypes: store
                .datatype_list(DATATYPES_MAX)
                .await?
                .into_iter()
                .collect(),
            versions: store.package_version_list().await?,
        })
    }
}

/// Keeps the registry up with what is told of packages.
pub struct ContractSync {
    /// What the settings declare.
    pub declared: Declared,
    /// What is kept up.
    pub registry: Arc<CurrentRegistry>,
    /// Where it is kept.
    pub store: Arc<SqlStore>,
    /// Whom to ask; none where this process only reads what others learnt.
    pub providers: Option<Providers>,
    /// Whether new versions are to be watched from here.
    pub watches: bool,
    /// How often to look.
    pub interval: Duration,
    /// How often versions are asked for.
    pub versions_interval: Duration,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl ContractSync {
    /// Looks until told to stop.
    pub async fn run(&self, shutdown: CancellationToken) {
        if !self.declared.believes {
            // A role that ends, ends the process.
            shutdown.cancelled().await;
            return;
        }
        let trouble = Trouble::new("cannot learn about contracts");
        let mut versions_at = Instant::now();
        let mut known = ContractKnowledge::default();
        loop {
            let mut done = self.learn_wanted().await;
            if done.is_ok() && Instant::now() >= versions_at {
                done = self.learn_versions().await;
                versions_at = Instant::now() + self.versions_interval;
            }
            let refreshed = self.refresh(&mut known).await;
            match done.and(refreshed) {
                Ok(()) => trouble.well(),
                Err(error) => trouble.failing(&*error),
            }
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(self.interval) => {}
            }
        }
    }

    /// Asks for layouts of events that are stored or declared.
    async fn learn_wanted(&self) -> anyhow::Result<()> {
        let Some(providers) = &self.providers else {
            return Ok(());
        };
        let asked_before_ms = self.clock.now_ms().saturating_sub(AGAIN_AFTER_MS);
        let wanted = self.store.datatype_wanted(asked_before_ms, LOOKUPS_MAX);
        let wanted: BTreeSet<DatatypeName> = wanted.await?.into_iter().collect();
        Ok(learn(&self.store, providers, &self.registry.get(), wanted).await?)
    }

    /// Asks for the versions of the declared packages.
    async fn learn_versions(&self) -> anyhow::Result<()> {
        let Some(providers) = &self.providers else {
            return Ok(());
        };
        let registry = self.registry.get();
        for (contract, ids) in registry.packages() {
            let Some(package) = ids.first() else { continue };
            match providers.package_versions(*package).await? {
                Some(versions) => self.store.package_version_record(&versions).await?,
                None => {
                    tracing::warn!(contract, package = %package, "there is no such package on this chain");
                }
            }
        }
        Ok(())
    }

    /// Takes what is new into use.
    async fn refresh(&self, known: &mut ContractKnowledge) -> anyhow::Result<()> {
        let now = self.store.contract_knowledge().await?;
        if now == *known {
            return Ok(());
        }
        let registry = self
            .declared
            .registry(&self.declared.told(&self.store).await?)?;
        let before = self.registry.get();
        if self.watches && registry.packages() != before.packages() {
            // Watched before it is interpreted: frames matched with the older list come again.
            watch_contracts(&*self.store, &registry).await?;
        }
        for (contract, ids) in registry.packages() {
            let older = before.packages().get(contract);
            for id in ids
                .iter()
                .filter(|id| older.is_none_or(|older| !older.contains(id)))
            {
                tracing::info!(contract, package = %id, "another version of a contract is known");
            }
        }
        self.registry.replace(registry);
        *known = now;
        Ok(())
    }
}

/// Asks for datatypes and for those that they lead to, and keeps what is told. One that a node fails at
/// stops none of the others.
async fn learn(
    store: &SqlStore,
    providers: &Providers,
    registry: &Registry,
    wanted: BTreeSet<DatatypeName>,
) -> Result<(), LearnError> {
    let mut queue: Vec<DatatypeName> = wanted.into_iter().collect();
    let most = queue.len() + NESTED_MAX;
    let mut told: Vec<(DatatypeName, Option<Datatype>)> = Vec::new();
    let mut failure = None;
    let mut next = 0;
    while let Some(name) = queue.get(next).cloned() {
        next += 1;
        match providers.datatype(&name).await {
            Ok(answer) => {
                let nested = answer.iter().flat_map(Datatype::names).cloned();
                for nested in nested.collect::<Vec<_>>() {
                    let is_known = is_built_in(&nested)
                        || registry.datatypes().get(&nested).is_some()
                        || queue.contains(&nested);
                    if !is_known && queue.len() < most {
                        queue.push(nested);
                    }
                }
                told.push((name, answer));
            }
            // One that this node describes wrongly is asked about later.
            Err(error) if !error.may_pass() => {
                tracing::warn!(datatype = %name, error = %error, "a layout cannot be read");
                told.push((name, None));
            }
            Err(error) => failure = Some(error),
        }
    }
    if !told.is_empty() {
        store.datatype_record(&told).await?;
    }
    failure.map_or(Ok(()), |error| Err(error.into()))
}

/// What is in the way of learning.
#[derive(Debug, thiserror::Error)]
enum LearnError {
    #[error(transparent)]
    Provider(#[from] SourceError),
    #[error(transparent)]
    Store(#[from] vigia_store::StoreError),
}

#[cfg(test)]
mod tests {
    use vigia_core::{Address, ManualClock, PackageVersion};
    use vigia_store::SqliteOptions;

    use super::*;

    async fn store(folder: &tempfile::TempDir) -> SqlStore {
        let options = SqliteOptions::new(folder.path().join("vigia.db"));
        let clock = Arc::new(ManualClock::new(1_000));
        SqlStore::open(options, clock).await.unwrap()
    }

    fn declared(believes: bool) -> Declared {
        let text = "[[contract]]\nname = \"shop\"\npackage = \"0x7\"\n";
        let file = ContractFile::parse("shop.toml", text).unwrap();
        Declared {
            files: vec![("shop.toml".to_owned(), file)],
            packages: PackageIds::new(),
            guard: None,
            believes,
        }
    }

    #[tokio::test]
    async fn what_nobody_signed_is_used_only_where_nodes_are_believed() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder).await;
        let original: Address = "0x7".parse().unwrap();
        let version = |version, byte| PackageVersion {
            original,
            version,
            package: Address::new([byte; 32]),
        };
        let first = PackageVersion {
            package: original,
            ..version(1, 0)
        };
        let versions = [first, version(2, 8)];
        store.package_version_record(&versions).await.unwrap();
        for (believes, expected) in [(true, 2), (false, 1)] {
            let registry = declared(believes).open(&store, None).await.unwrap().get();
            assert_eq!(registry.packages()["shop"].len(), expected, "{believes}");
        }
        store.close().await;
    }
}
