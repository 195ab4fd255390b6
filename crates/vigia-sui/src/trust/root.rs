//! The one committee that is believed, and why.

use std::fmt;
use std::str::FromStr;

use sui_sdk_types::ValidatorCommittee;
use vigia_core::{ChainId, Digest, parse_digest};

use super::{Committee, TrustError, genesis};

/// A committee that is believed because somebody chose to.
#[derive(Clone, Debug)]
pub struct TrustRoot {
    committee: Committee,
    source: RootSource,
}

/// What a root rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RootSource {
    /// A genesis blob, whose committee the name of its chain binds.
    Genesis(ChainId),
    /// The digest of a committee.
    Pin(CommitteePin),
}

impl fmt::Display for RootSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Genesis(chain) => write!(f, "genesis {chain}"),
            Self::Pin(pin) => write!(f, "pin {pin}"),
        }
    }
}

/// An epoch and the digest of its committee, written `EPOCH:DIGEST` with the digest in base58.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommitteePin {
    /// The epoch.
    pub epoch: u64,
    /// Digest as of [`super::committee_digest`].
    pub digest: Digest,
}

/// A text that is no pin.
#[derive(Debug, thiserror::Error)]
#[error("not a pinned committee: {text:?} (expected EPOCH:DIGEST, the digest in base58)")]
pub struct InvalidPin {
    text: String,
}

impl FromStr for CommitteePin {
    type Err = InvalidPin;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parse = || {
            let (epoch, digest) = text.split_once(':')?;
            Some(Self {
                epoch: epoch.parse().ok()?,
                digest: parse_digest(digest).ok()?,
            })
        };
        parse().ok_or_else(|| InvalidPin {
            text: text.to_owned(),
        })
    }
}

impl fmt::Display for CommitteePin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.epoch, self.digest)
    }
}

impl TrustRoot {
    /// The committee of epoch 0 in a genesis blob, which has to be of `chain` where that is known.
    pub fn from_genesis(blob: &[u8], chain: Option<ChainId>) -> Result<Self, TrustError> {
        let (found, committee) = genesis::read(blob)?;
        if let Some(expected) = chain.filter(|expected| *expected != found) {
            return Err(TrustError::WrongChain { found, expected });
        }
        Ok(Self {
            committee,
            source: RootSource::Genesis(found),
        })
    }

    /// A committee from anywhere, which has to be the one that is pinned.
    pub fn from_pin(pin: CommitteePin, committee: ValidatorCommittee) -> Result<Self, TrustError> {
        let committee = Committee::new(committee.epoch, committee.members)?;
        let found = CommitteePin {
            epoch: committee.epoch(),
            digest: committee.digest(),
        };
        if found != pin {
            return Err(TrustError::NotPinned {
                epoch: found.epoch,
                found: found.digest,
                pinned: pin,
            });
        }
        committee.check_keys()?;
        Ok(Self {
            committee,
            source: RootSource::Pin(pin),
        })
    }

    /// The committee.
    pub fn committee(&self) -> &Committee {
        &self.committee
    }

    /// What it rests on.
    pub fn source(&self) -> RootSource {
        self.source
    }

    /// The chain, where the root names it.
    pub fn chain(&self) -> Option<ChainId> {
        match self.source {
            RootSource::Genesis(chain) => Some(chain),
            RootSource::Pin(_) => None,
        }
    }
}
