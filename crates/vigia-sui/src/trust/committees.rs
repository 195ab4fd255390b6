//! The committees of all epochs from the root on, each announced by the one before (the ratchet).

use std::collections::BTreeMap;

use super::{Anchor, CertifiedSummary, Committee, TrustError, TrustRoot};

/// Committees whose validated keys are kept: the current one, the one before it at the change of an
/// epoch, and those that history is read with.
const VERIFIERS_MAX: u64 = 4;

/// Committees that follow from a root without a gap. Clones share their committees.
#[derive(Clone, Debug)]
pub struct Committees {
    root: u64,
    by_epoch: BTreeMap<u64, Committee>,
}

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
        committee.verify(certified)?;
        Ok(Anchor::signed(certified))
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
        let old = epoch.checked_sub(VERIFIERS_MAX);
        if let Some(old) = old.and_then(|epoch| self.by_epoch.get_mut(&epoch)) {
            *old = old.without_verifier();
        }
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
