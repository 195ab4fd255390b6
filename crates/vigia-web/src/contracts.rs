//! How busy the declared contracts are, for the page and for GraphQL.

use std::collections::BTreeMap;

use vigia_contracts::Registry;
use vigia_core::{Address, Event, PackageVersion};
use vigia_store::{EVIDENCE_MAX, Store, StoreError};

/// How far back events are counted.
const WINDOW_MS: u64 = 24 * 60 * 60 * 1_000;

/// What happened in a day, and what is known of packages.
pub(crate) struct ContractUse {
    versions: Vec<(PackageVersion, u64)>,
    /// Events of the window by contract and name.
    events: BTreeMap<(String, String), u64>,
    /// Events of it that are not declared.
    pub(crate) undeclared: u64,
    /// Whether there are more transactions in the window than are read.
    pub(crate) is_cut: bool,
}

impl ContractUse {
    /// Of the 24 hours until `now_ms`.
    pub(crate) async fn read(
        store: &dyn Store,
        registry: &Registry,
        now_ms: u64,
    ) -> Result<Self, StoreError> {
        let from_ms = now_ms.saturating_sub(WINDOW_MS);
        let evidence = store.event_evidence(from_ms, EVIDENCE_MAX).await?;
        let (mut events, mut undeclared) = (BTreeMap::new(), 0);
        for bytes in evidence.iter().flatten() {
            // What cannot be read is somebody else's to say: the list of failed transactions has it.
            let read = bcs::from_bytes::<Vec<Event>>(bytes).unwrap_or_default();
            for event in read {
                match registry.declared_event(&event.type_) {
                    Some((contract, name)) => {
                        *events
                            .entry((contract.to_owned(), name.to_owned()))
                            .or_default() += 1;
                    }
                    None => undeclared += 1,
                }
            }
        }
        Ok(Self {
            versions: store.package_version_noticed().await?,
            events,
            undeclared,
            is_cut: u32::try_from(evidence.len()).is_ok_and(|read| read >= EVIDENCE_MAX),
        })
    }

    /// How many events of this declaration there were.
    pub(crate) fn count_of(&self, contract: &str, event: &str) -> u64 {
        let key = (contract.to_owned(), event.to_owned());
        self.events.get(&key).copied().unwrap_or(0)
    }

    /// Which version of its lineage a package is, and when that was first heard of; none while nobody was asked.
    pub(crate) fn version_of(&self, package: &Address) -> Option<&(PackageVersion, u64)> {
        let mut versions = self.versions.iter();
        versions.find(|(version, _)| version.package == *package)
    }
}
