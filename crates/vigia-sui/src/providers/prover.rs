//! Proof of what providers send, with committees that grow as the chain does.
//!
//! A [`Prover`] is what a stream in quorum mode asks of each message. It goes to the committee of a
//! message's epoch where that is not known yet, and takes the next committee from the last checkpoint of
//! an epoch as it passes, so that a live stream never has to ask for one.

use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use sui_rpc::proto::sui::rpc::v2 as proto;
use vigia_core::{Checkpoint, Proof};

use super::{CommitteeStep, Need, Providers};
use crate::SourceError;
use crate::grpc::ProviderClient;
use crate::packed::Packed;
use crate::trust::{Anchor, Announced, CertifiedSummary, Committees, ProvenCheckpoint, TrustError};

/// Keeps committees before anything rests on them.
#[async_trait]
pub trait CommitteeKeeper: Send + Sync {
    /// Keeps a committee that was just verified. `done` of `total` steps are done with it, for
    /// progress. Where it fails, the committee is not used; it is tried again.
    async fn keep(&self, announced: &Announced, done: u64, total: u64) -> Result<(), String>;
}

/// Committees and who keeps them. Clones share both.
#[derive(Clone)]
pub struct Prover(Arc<Inner>);

struct Inner {
    /// Replaced as a whole, so that who verifies holds no lock.
    committees: RwLock<Arc<Committees>>,
    /// One goes the way to a new committee, the others wait and find it there.
    way: tokio::sync::Mutex<()>,
    keeper: Arc<dyn CommitteeKeeper>,
}

impl Prover {
    /// Begins with the committees that are known.
    pub fn new(committees: Committees, keeper: Arc<dyn CommitteeKeeper>) -> Self {
        Self(Arc::new(Inner {
            committees: RwLock::new(Arc::new(committees)),
            way: tokio::sync::Mutex::default(),
            keeper,
        }))
    }

    /// The committees that are known by now.
    pub fn committees(&self) -> Arc<Committees> {
        let committees = self.0.committees.read();
        Arc::clone(&committees.unwrap_or_else(PoisonError::into_inner))
    }

    /// Goes to the committee of an epoch, if it is not known. Where that fails, it is not the fault of
    /// who named the epoch ([`SourceError::is_senders`]), save where nobody has heard of it.
    pub async fn reach(&self, providers: &Providers, epoch: u64) -> Result<(), SourceError> {
        if !self.is_ahead(epoch) {
            return Ok(());
        }
        let _way = self.0.way.lock().await;
        let mut committees = Committees::clone(&self.committees());
        let keep = |step: CommitteeStep| async move {
            self.keep(&step.announced, step.done, step.total).await
        };
        let gone = providers.committees_to(&mut committees, epoch, keep).await;
        gone.map_err(|error| match error {
            error @ (SourceError::NoEpoch { .. } | SourceError::NotKept { .. }) => error,
            error => SourceError::NotReached {
                epoch,
                source: Box::new(error),
            },
        })
    }

    /// Checks the signature of a summary, going to the committee of its epoch first.
    pub async fn anchor(
        &self,
        providers: &Providers,
        certified: &CertifiedSummary,
    ) -> Result<Anchor, SourceError> {
        self.reach(providers, certified.summary().epoch).await?;
        Ok(self.committees().verify(certified)?)
    }

    /// Checks the signature of a message. Where it ends an epoch, the next committee is kept.
    pub(crate) async fn anchor_of(
        &self,
        providers: &Providers,
        message: &proto::Checkpoint,
    ) -> Result<Anchor, SourceError> {
        let certified = CertifiedSummary::from_proto(message)?;
        self.anchor_and_keep(providers, &certified).await
    }

    /// Checks the signature of a summary. Where it ends an epoch, the next committee is kept.
    pub(crate) async fn anchor_and_keep(
        &self,
        providers: &Providers,
        certified: &CertifiedSummary,
    ) -> Result<Anchor, SourceError> {
        let anchor = self.anchor(providers, certified).await?;
        let summary = certified.summary();
        let next = summary.epoch.saturating_add(1);
        if summary.end_of_epoch_data.is_some() {
            let _way = self.0.way.lock().await;
            // Another one may have been faster.
            if self.is_ahead(next) {
                let announced = self.committees().announced(certified)?;
                self.keep(&announced, 1, 1).await?;
            }
        }
        Ok(anchor)
    }

    async fn prove_numbered(
        &self,
        providers: &Providers,
        client: &ProviderClient,
        message: &proto::Checkpoint,
        expected: u64,
    ) -> Result<ProvenCheckpoint, SourceError> {
        match message.sequence_number {
            Some(found) if found != expected => Err(SourceError::OutOfOrder { expected, found }),
            _ => {
                let anchor = self.anchor_of(providers, message).await?;
                client.prove(message, &anchor).await
            }
        }
    }

    /// Keeps a committee, then uses it.
    async fn keep(&self, announced: &Announced, done: u64, total: u64) -> Result<(), SourceError> {
        let epoch = announced.committee().epoch();
        let kept = self.0.keeper.keep(announced, done, total).await;
        kept.map_err(|problem| SourceError::NotKept { epoch, problem })?;
        let committees = self.0.committees.write();
        let mut committees = committees.unwrap_or_else(PoisonError::into_inner);
        Ok(Arc::make_mut(&mut committees).install(announced)?)
    }

    fn is_ahead(&self, epoch: u64) -> bool {
        let committees = self.committees();
        let known = committees.committee(epoch);
        matches!(known, Err(TrustError::UnknownEpoch { .. }))
    }
}

impl Providers {
    /// A checkpoint out of a file, proven by its own signature where proof is wanted. Its amounts come
    /// from the objects beside it, which were checked.
    pub(crate) async fn attest(&self, packed: Packed) -> Result<Checkpoint, SourceError> {
        let mut checkpoint = packed.checkpoint;
        let Some(prover) = self.prover()? else {
            return Ok(checkpoint);
        };
        let anchor = prover.anchor_and_keep(self, &packed.certified?).await?;
        anchor.check(&checkpoint.header)?;
        for transaction in &mut checkpoint.transactions {
            transaction.proof = Proof::whole(anchor.epoch());
        }
        Ok(checkpoint)
    }

    /// Fetches a checkpoint and proves it by its own signature. A provider whose answer is not proven is
    /// set aside for a while, and another one asked.
    pub async fn fetch_proven(
        &self,
        prover: &Prover,
        sequence: u64,
    ) -> Result<ProvenCheckpoint, SourceError> {
        let mut failed = None;
        // Who names an epoch that nobody can reach lies, or is alone in having it.
        let mut doubtful = Vec::new();
        for index in self.to_ask(Need::History(Some(sequence)))? {
            let client = self.client(index);
            let coming = client.checkpoint(sequence, &ProvenCheckpoint::MASK);
            let proven = match self.unless_silent(index, coming).await.flatten() {
                // The way to its committee may be long, and is not this provider's silence.
                Ok(message) => {
                    prover
                        .prove_numbered(self, client, &message, sequence)
                        .await
                }
                Err(error) => Err(error),
            };
            match proven {
                Ok(proven) => {
                    for (index, error) in &doubtful {
                        self.failed(*index, error);
                    }
                    return Ok(proven);
                }
                Err(error) if !error.is_senders() => return Err(error),
                Err(error @ SourceError::NoEpoch { .. }) => doubtful.push((index, error)),
                Err(error) => {
                    self.failed(index, &error);
                    failed = failed.or(Some(error));
                }
            }
        }
        let doubtful = doubtful.into_iter().map(|(_, error)| error).next();
        Err(failed.or(doubtful).unwrap_or_else(|| self.nobody()))
    }
}
