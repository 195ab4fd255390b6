//! The committees of all epochs from the root on, each announced by the one before (the ratchet).

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use super::committee::Verifier;
use super::{Anchor, CertifiedSummary, Committee, TrustError, TrustRoot};

/// Committees whose validated keys are kept: the current one, the one before it at the change of an
/// epoch, and those that history is read with.
const VERIFIERS_MAX: usize = 4;

/// Committees that follow from a root without a gap. Clones share their committees.
#[derive(Clone, Debug)]
pub struct Committees {
    root: u64,
    by_epoch: BTreeMap<u64, Committee>,
    verifiers: Arc<Mutex<Verifiers>>,
}

/// Validated keys by epoch, the last used last.
type Verifiers = VecDeque<(u64, Arc<Verifier>)>;

/// A committee that the one before it announced with its signature.
#[derive(Clone, Debug)]
pub struct Announced {
    committee: Committee,
    by: CertifiedSummary,
}

impl Announced {
    /// The committee.
    pub fn committee(&self) -> &Committee {
        &self.committee
    }

    /// The last summary of the epoch before, which announces it.
    pub fn by(&self) -> &CertifiedSummary {
        &self.by
    }
}

impl Committees {
    /// Begins with a root.
    pub fn new(root: &TrustRoot) -> Self {
        let committee = root.committee().clone();
        let root = committee.epoch();
        Self {
            root,
            by_epoch: BTreeMap::from([(root, committee)]),
            verifiers: Arc::default(),
        }
    }

    /// Goes on from committees that were verified before and kept since. What is from before the root
    /// is passed over; what is of its epoch has to be the root, and after it there may be no gap.
    pub fn resume(
        root: &TrustRoot,
        kept: impl IntoIterator<Item = Committee>,
    ) -> Result<Self, TrustError> {
        let mut committees = Self::new(root);
        for committee in kept {
            if committee.epoch() >= committees.root {
                committees.add(committee)?;
            }
        }
        Ok(committees)
    }

    /// The epoch of the root.
    pub fn root_epoch(&self) -> u64 {
        self.root
    }

    /// The newest epoch whose committee is known.
    pub fn newest_epoch(&self) -> u64 {
        self.by_epoch
            .keys()
            .next_back()
            .copied()
            .unwrap_or(self.root)
    }

    /// The committee of an epoch, or why it is not known.
    pub fn committee(&self, epoch: u64) -> Result<&Committee, TrustError> {
        self.by_epoch.get(&epoch).ok_or_else(|| match self.root {
            root if epoch < root => TrustError::BeforeRoot { epoch, root },
            _ => TrustError::UnknownEpoch {
                epoch,
                known: self.newest_epoch(),
            },
        })
    }

    /// Checks the signature of a summary with the committee of its epoch.
    pub fn verify(&self, certified: &CertifiedSummary) -> Result<Anchor, TrustError> {
        let committee = self.committee(certified.summary().epoch)?;
        committee.verify_with(certified, || self.verifier(committee))?;
        Ok(Anchor::signed(certified))
    }

    /// The validated keys of one of its committees.
    fn verifier(&self, committee: &Committee) -> Result<Arc<Verifier>, TrustError> {
        let epoch = committee.epoch();
        let lock = || {
            self.verifiers
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        if let Some(kept) = last_used(&mut lock(), epoch) {
            return Ok(kept);
        }
        // Made without the lock: others go on meanwhile, and may make the same.
        let verifier = Arc::new(committee.verifier()?);
        let mut verifiers = lock();
        verifiers.retain(|(kept, _)| *kept != epoch);
        verifiers.push_back((epoch, Arc::clone(&verifier)));
        while verifiers.len() > VERIFIERS_MAX {
            verifiers.pop_front();
        }
        Ok(verifier)
    }

    /// The committee that the last summary of an epoch announces, once its signature is checked.
    pub fn announced(&self, certified: &CertifiedSummary) -> Result<Announced, TrustError> {
        let summary = certified.summary();
        self.verify(certified)?;
        let (sequence, epoch) = (summary.sequence_number, summary.epoch);
        let end = summary.end_of_epoch_data.as_ref();
        let end = end.ok_or(TrustError::NotEndOfEpoch { sequence, epoch })?;
        let next = epoch
            .checked_add(1)
            .ok_or_else(|| TrustError::NoCommittee {
                epoch,
                problem: "there is no epoch after it".to_owned(),
            })?;
        let committee = Committee::new(next, end.next_epoch_committee.clone())?;
        self.check_same(&committee)?;
        Ok(Announced {
            committee,
            by: certified.clone(),
        })
    }

    /// Installs a committee that these announced.
    pub fn install(&mut self, announced: &Announced) -> Result<(), TrustError> {
        self.add(announced.committee.clone())
    }

    /// Checks the last summary of an epoch and installs the committee that it announces.
    pub fn advance(&mut self, certified: &CertifiedSummary) -> Result<Announced, TrustError> {
        let announced = self.announced(certified)?;
        self.install(&announced)?;
        Ok(announced)
    }

    fn add(&mut self, committee: Committee) -> Result<(), TrustError> {
        let epoch = committee.epoch();
        self.check_same(&committee)?;
        if self.by_epoch.contains_key(&epoch) {
            return Ok(());
        }
        let known = self.newest_epoch();
        if Some(epoch) != known.checked_add(1) {
            return Err(TrustError::UnknownEpoch { epoch, known });
        }
        self.by_epoch.insert(epoch, committee);
        Ok(())
    }

    fn check_same(&self, committee: &Committee) -> Result<(), TrustError> {
        match self.by_epoch.get(&committee.epoch()) {
            Some(known) if known != committee => Err(TrustError::TwoCommittees {
                epoch: committee.epoch(),
                known: known.digest(),
                announced: committee.digest(),
            }),
            _ => Ok(()),
        }
    }
}

/// The keys of an epoch, which are then the last used.
fn last_used(verifiers: &mut Verifiers, epoch: u64) -> Option<Arc<Verifier>> {
    let position = verifiers.iter().position(|(kept, _)| *kept == epoch)?;
    let kept = verifiers.remove(position)?;
    let verifier = Arc::clone(&kept.1);
    verifiers.push_back(kept);
    Some(verifier)
}
