//! What is known of packages: datatypes by which events are decoded, and versions of contracts.

use async_trait::async_trait;
use bytes::Bytes;
use vigia_core::{Datatype, DatatypeName, PackageVersion};

use crate::Result;

/// Most datatypes that are read: each holds some hundred bytes in memory.
pub const DATATYPES_MAX: u32 = 20_000;

/// Most transactions whose events are read at once.
pub const EVIDENCE_MAX: u32 = 5_000;

/// How much is known; it only grows, so another sum means that there is more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ContractKnowledge {
    /// Datatypes with a definition.
    pub datatypes: u64,
    /// Versions of packages.
    pub versions: u64,
}

/// What nodes told of packages.
///
/// Types of stored events are wanted from the commit on that brings the first event of one.
#[async_trait]
pub trait ContractStore: Send + Sync {
    /// How much is known.
    async fn contract_knowledge(&self) -> Result<ContractKnowledge>;

    /// Datatypes that are wanted and not known, at most `limit`: those that nobody asked about since
    /// `asked_before_ms`.
    async fn datatype_wanted(&self, asked_before_ms: u64, limit: u32) -> Result<Vec<DatatypeName>>;

    /// Records what was told of datatypes, or that nothing could be told. What is known stays.
    async fn datatype_record(&self, told: &[(DatatypeName, Option<Datatype>)]) -> Result<()>;

    /// The datatypes that are known, the newest where there are more than `limit` or [`DATATYPES_MAX`].
    async fn datatype_list(&self, limit: u32) -> Result<Vec<(DatatypeName, Datatype)>>;

    /// Records versions of packages; those that are known stay as they are.
    async fn package_version_record(&self, versions: &[PackageVersion]) -> Result<()>;

    /// All versions that are known, by lineage, ascending.
    async fn package_version_list(&self) -> Result<Vec<PackageVersion>> {
        let noticed = self.package_version_noticed().await?.into_iter();
        Ok(noticed.map(|(version, _)| version).collect())
    }

    /// The same, each with when it was first heard of, in milliseconds since 1970.
    async fn package_version_noticed(&self) -> Result<Vec<(PackageVersion, u64)>>;

    /// BCS of the events of the newest transactions that are kept, at most `limit` and [`EVIDENCE_MAX`] of them, of those at
    /// `from_ms` or later; none for a transaction without events.
    async fn event_evidence(&self, from_ms: u64, limit: u32) -> Result<Vec<Option<Bytes>>>;
}
