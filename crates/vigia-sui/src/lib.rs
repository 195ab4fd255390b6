//! Streams, repairs and verifies what Sui full nodes send; the only crate that knows gRPC.
//!
//! `CheckpointSource` is the seam: a live gRPC stream, a folder of files or a bucket of them, the rest
//! of vigia sees decoded checkpoints in ascending order. Both sources end in the same place, BCS bytes decoded
//! into the SDK's types, so what matching reads is what the validators' digests bind.

mod archived;
mod bucket;
mod budget;
mod decode;
mod error;
mod files;
mod grpc;
mod integrity;
mod link;
mod packed;
mod personal;
mod providers;
mod source;
mod trust;
mod wire;

pub use archived::{Archived, PrunedRun};
pub use bucket::{BucketConfig, BucketLimits, BucketSource};
pub use decode::{HEADER_MASK, LIVE_MASK, Objects, ObjectsError};
pub use error::SourceError;
pub use files::{FileSource, IndexedFile};
pub use grpc::HeldBalances;
pub use link::Link;
pub use personal::{PersonalSignatureError, ZkLoginKeys, verify_personal_message};
pub use providers::{
    AffectedPage, AffectedRun, Capabilities, CommitteeKeeper, CommitteeStep, DayBudget,
    FILTER_LITERALS_MAX, NodeInfo, Prover, ProviderConfig, ProviderProbe, ProviderRoles,
    ProviderState, Providers, RosterPolicy, Secret, ServerFilter, Spent, Standing, StreamLimits,
    StreamNotice, Usage, check_binding,
};
pub use source::{CheckpointSource, CheckpointStream, HeaderStream, Start};
pub use trust::{
    Anchor, Announced, CertifiedSummary, Committee, CommitteePin, Committees, InvalidPin,
    ProvenCheckpoint, RootSource, TrustError, TrustRoot, committee_digest, prove_amounts,
    prove_linked, verify_checkpoint,
};
pub use wire::{Scanner, decode_checkpoint, decode_message};
