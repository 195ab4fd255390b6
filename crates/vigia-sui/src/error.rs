//! What can go wrong between a full node or a file and a decoded checkpoint.

use std::path::PathBuf;

use vigia_core::{ChainId, Digest};

use crate::trust::TrustError;

/// An error of a source.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The provider's address cannot be used.
    #[error("{url:?} is not a provider address: {problem}; expected http(s)://HOST:PORT")]
    ProviderUrl {
        /// What was given.
        url: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The provider cannot be reached or refuses.
    #[error("provider {url}: {problem}")]
    Provider {
        /// Its address, without secrets.
        url: String,
        /// The status it gave, or how the connection failed.
        problem: String,
        /// Whether it may work when it is tried again.
        may_pass: bool,
    },
    /// Another chain than the one that is followed.
    #[error(
        "provider {url} follows chain {found}, the others and the database {expected}; name one of \
         the same chain"
    )]
    WrongChain {
        /// Its address, without secrets.
        url: String,
        /// The chain that it follows.
        found: ChainId,
        /// The chain that is followed.
        expected: ChainId,
    },
    /// Nobody can be asked at the moment.
    #[error("no provider can be used at the moment: {problem}")]
    NoProvider {
        /// Why, of each.
        problem: String,
    },
    /// A message that lacks what it must have; absent numbers read as 0 in protobuf, so they are
    /// refused instead (I-4).
    #[error("checkpoint {sequence}: {what} is missing")]
    Missing {
        /// Which checkpoint, where that is known.
        sequence: String,
        /// What is missing.
        what: String,
    },
    /// Bytes that do not decode, or contradict each other.
    #[error("checkpoint {sequence}: {problem}")]
    Invalid {
        /// Which checkpoint.
        sequence: u64,
        /// What is wrong.
        problem: String,
    },
    /// A stream that skipped or went back.
    #[error("expected checkpoint {expected}, the provider sent {found}")]
    OutOfOrder {
        /// What should have come.
        expected: u64,
        /// What came.
        found: u64,
    },
    /// A checkpoint that the node has thrown away.
    #[error("provider {url}: checkpoint {sequence} is pruned, it keeps {lowest} and later")]
    Pruned {
        /// Its address, without secrets.
        url: String,
        /// What was asked for.
        sequence: u64,
        /// The lowest that it has.
        lowest: u64,
    },
    /// What nobody keeps any more, and the bucket does not bring.
    #[error(
        "{problem}. The providers have pruned it, and keep {lowest} and later: mend the bucket, add an \
         archive provider (roles = [\"archive\"]), or begin a new database with --from {lowest}"
    )]
    PrunedAndNotInBucket {
        /// The lowest that a provider has.
        lowest: u64,
        /// What is wrong with the bucket.
        problem: String,
    },
    /// An epoch of which nobody has what is needed.
    #[error(
        "no provider has the {what} of epoch {epoch}: it is not over yet, or too old for them; add one \
         that keeps it (role archive), or pin a later committee as trust root"
    )]
    NoEpoch {
        /// Which.
        epoch: u64,
        /// What of it.
        what: &'static str,
    },
    /// A committee that was not reached this time.
    #[error("the committee of epoch {epoch}, by which it would be proven, was not reached")]
    NotReached {
        /// Its epoch.
        epoch: u64,
        /// What was in the way.
        #[source]
        source: Box<SourceError>,
    },
    /// A committee that was verified and could not be kept, so that it is not used.
    #[error("the committee of epoch {epoch} could not be kept: {problem}")]
    NotKept {
        /// Its epoch.
        epoch: u64,
        /// What whoever keeps them says.
        problem: String,
    },
    /// A fetched checkpoint that is not the one in the stream of headers: nodes behind one address
    /// that disagree, or one that lies.
    #[error(
        "checkpoint {sequence} was fetched with digest {found}, but the stream of headers has \
         {expected}; do the provider's nodes follow one chain?"
    )]
    Unbound {
        /// Which checkpoint.
        sequence: u64,
        /// What the headers say.
        expected: Digest,
        /// What was fetched.
        found: Digest,
    },
    /// The address of a bucket cannot be used.
    #[error("{url:?} is not the address of a bucket: {problem}; expected http(s)://HOST/PATH")]
    BucketUrl {
        /// What was given, without secrets.
        url: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A bucket that cannot be reached or refuses, or a file of it that is not what it has to be.
    #[error("bucket {url}: checkpoint {sequence}: {problem}")]
    Bucket {
        /// Its address, without secrets.
        url: String,
        /// What was asked for.
        sequence: u64,
        /// What is wrong.
        problem: String,
        /// Whether it may work when it is tried again.
        may_pass: bool,
    },
    /// A checkpoint that a bucket does not hold.
    #[error(
        "bucket {url}: checkpoint {sequence} is not there, neither as {sequence}.binpb.zst nor as \
         {sequence}.chk: it is past the newest that the bucket has, or missing in it"
    )]
    BucketAbsent {
        /// Its address, without secrets.
        url: String,
        /// What was asked for.
        sequence: u64,
    },
    /// Whoever could serve is past its budget of the day.
    #[error(
        "the budget of the day is spent of {}: it begins anew at midnight UTC (requests_per_day, \
         mib_per_day and past_budget in the configuration)",
        providers.join(", ")
    )]
    Spent {
        /// What they are called.
        providers: Vec<String>,
    },
    /// None of the providers serves a method.
    #[error("none of the providers serves {method}")]
    Unserved {
        /// Which.
        method: &'static str,
    },
    /// Nothing can be proven yet.
    #[error("there is no trust root yet to prove it with")]
    NoRoot,
    /// Something that the validators did not sign.
    #[error(transparent)]
    Unproven(#[from] TrustError),
    /// A file that cannot be used; nothing of it is.
    #[error("{path}: {problem}", path = path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
}

impl SourceError {
    /// Whether it may work when it is tried again, by itself.
    pub fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::Provider { may_pass: true, .. }
                | Self::NoProvider { .. }
                | Self::Bucket { may_pass: true, .. }
                | Self::NotReached { .. }
                | Self::NotKept { .. }
                | Self::NoRoot
                | Self::Spent { .. }
        )
    }

    /// Whether who sent a message is to be left for another one, as opposed to trouble with the proof of
    /// it that others have.
    pub fn is_senders(&self) -> bool {
        !matches!(
            self,
            Self::NotReached { .. } | Self::NotKept { .. } | Self::NoRoot
        )
    }

    pub(crate) fn invalid(sequence: u64, problem: impl ToString) -> Self {
        Self::Invalid {
            sequence,
            problem: problem.to_string(),
        }
    }
}
