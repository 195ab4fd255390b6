//! Why something is not proven.

use vigia_core::{ChainId, Digest};

use super::CommitteePin;

/// What does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    /// Something that has to be there is not.
    #[error("checkpoint {sequence} comes without its {what}")]
    Missing {
        /// Which checkpoint.
        sequence: u64,
        /// What.
        what: &'static str,
    },
    /// Bytes that are no value of the kind, or not its only form.
    #[error("the {what} cannot be read: {problem}")]
    Unreadable {
        /// Which bytes.
        what: &'static str,
        /// What is wrong with them.
        problem: String,
    },
    /// A committee that cannot be one.
    #[error("the committee of epoch {epoch} cannot be one: {problem}")]
    NoCommittee {
        /// Its epoch.
        epoch: u64,
        /// What is wrong with it.
        problem: String,
    },
    /// A committee that has not been reached from the root.
    #[error(
        "the committee of epoch {epoch} is not known yet: it takes the last checkpoints of epochs \
         {known} to {}", epoch - 1
    )]
    UnknownEpoch {
        /// The epoch.
        epoch: u64,
        /// The newest epoch whose committee is known.
        known: u64,
    },
    /// A committee from before the root.
    #[error(
        "epoch {epoch} is before the trust root, which is the committee of epoch {root}: name an \
         earlier root to prove it"
    )]
    BeforeRoot {
        /// The epoch.
        epoch: u64,
        /// The root's.
        root: u64,
    },
    /// A signature of another epoch than the summary.
    #[error("checkpoint {sequence} is of epoch {epoch}, its signature of epoch {signed}")]
    EpochMismatch {
        /// Which checkpoint.
        sequence: u64,
        /// The summary's.
        epoch: u64,
        /// The signature's.
        signed: u64,
    },
    /// A signer that is no member.
    #[error("checkpoint {sequence} is signed by member {signer} of a committee of {members}")]
    NoSuchSigner {
        /// Which checkpoint.
        sequence: u64,
        /// Position of the signer.
        signer: u32,
        /// How many there are.
        members: usize,
    },
    /// Too few signed.
    #[error("checkpoint {sequence} is signed by stake {signed}, a quorum takes {quorum}")]
    BelowQuorum {
        /// Which checkpoint.
        sequence: u64,
        /// Stake of those who signed.
        signed: u64,
        /// What it takes.
        quorum: u64,
    },
    /// A signature that is not one of this summary.
    #[error("checkpoint {sequence} is not signed by the committee of epoch {epoch}: {problem}")]
    WrongSignature {
        /// Which checkpoint.
        sequence: u64,
        /// Whose signature it should be.
        epoch: u64,
        /// What the curve says.
        problem: String,
    },
    /// A summary that names no next committee.
    #[error("checkpoint {sequence} is not the last of epoch {epoch}, it names no next committee")]
    NotEndOfEpoch {
        /// Which checkpoint.
        sequence: u64,
        /// Its epoch.
        epoch: u64,
    },
    /// Two committees for one epoch: a fork of the chain, or somebody who signs falsely.
    #[error(
        "there are two committees for epoch {epoch}, {known} and {announced}: one of the trust root, \
         the database and the provider is of another chain, or validators have signed twice"
    )]
    TwoCommittees {
        /// The epoch.
        epoch: u64,
        /// Digest of the one that is known.
        known: Digest,
        /// Digest of the other one.
        announced: Digest,
    },
    /// A committee that is not the one pinned.
    #[error("the committee of epoch {epoch} has digest {found}, pinned is {pinned}")]
    NotPinned {
        /// Its epoch.
        epoch: u64,
        /// Its digest.
        found: Digest,
        /// What was pinned.
        pinned: CommitteePin,
    },
    /// A genesis blob of another chain.
    #[error(
        "the genesis blob is of chain {found}, expected {expected}; give the blob of that chain"
    )]
    WrongChain {
        /// The blob's.
        found: ChainId,
        /// The one that is followed.
        expected: ChainId,
    },
    /// A genesis blob whose parts do not belong together.
    #[error("the genesis blob is damaged: {problem}")]
    Genesis {
        /// How.
        problem: String,
    },
    /// A summary that the next one does not name.
    #[error("checkpoint {sequence} has digest {found}, what is proven after it names {}",
        expected.map_or("none".to_owned(), |digest| digest.to_string()))]
    NotLinked {
        /// Which checkpoint.
        sequence: u64,
        /// Its digest.
        found: Digest,
        /// What is named.
        expected: Option<Digest>,
    },
    /// Another checkpoint than the one that is proven.
    #[error("expected checkpoint {expected}, found {found}")]
    OutOfOrder {
        /// Which it should be.
        expected: u64,
        /// Which it is.
        found: u64,
    },
}
