//! Where proof begins: the one committee that is believed, and those that were reached from it before.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::Mutex;
use vigia_store::{
    COMMITTEES_MAX, CommitteeRow, CommitteeStore, IngestStore, SqlStore, StoreError,
};
use vigia_sui::{
    Announced, Committee, CommitteeKeeper, CommitteePin, Committees, Prover, Providers,
    SourceError, TrustError, TrustRoot,
};

use crate::config::RootSetting;

/// Between two messages on a long way to a committee.
const STEPS_TOLD: u64 = 50;

/// What makes a process prove what it reads.
pub struct Quorum {
    root: RootSetting,
    store: Arc<SqlStore>,
    providers: Providers,
    prover: Mutex<Option<Prover>>,
}

/// Why nothing can be proven yet.
#[derive(Debug, thiserror::Error)]
pub enum QuorumError {
    /// The root does not hold, or is not that of the committees in the database.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The root cannot be fetched.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// Committees cannot be read or kept.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl QuorumError {
    /// The error underneath, which says with which code to exit.
    pub fn plain(self) -> anyhow::Error {
        match self {
            Self::Trust(error) => SourceError::from(error).into(),
            Self::Source(error) => error.into(),
            Self::Store(error) => error.into(),
        }
    }
}

impl Quorum {
    /// From here on nothing that `providers` send is taken unproven, and nothing at all before
    /// [`Self::ready`] has returned well.
    pub fn new(root: RootSetting, store: &Arc<SqlStore>, providers: &Providers) -> Self {
        providers.demand_proof();
        Self {
            root,
            store: Arc::clone(store),
            providers: providers.clone(),
            prover: Mutex::default(),
        }
    }

    /// Makes sure that there is what proves. After an error it can be tried again.
    pub async fn ready(&self) -> Result<Prover, QuorumError> {
        let mut prover = self.prover.lock().await;
        if let Some(ready) = &*prover {
            return Ok(ready.clone());
        }
        let root = self.trust_root().await?;
        if let Some(chain) = root.chain() {
            // That of the root is proven, that of a provider is not.
            self.store.chain_bind(chain).await?;
            self.providers.bind(chain);
        }
        let row = CommitteeRow {
            epoch: root.committee().epoch(),
            committee_bcs: root.committee().to_bcs(),
            summary_bcs: None,
            source: root.source().to_string(),
        };
        self.store.committee_add(&[row]).await?;
        let kept = self.kept(root.committee().epoch()).await?;
        let committees = Committees::resume(&root, kept)?;
        tracing::info!(
            root = %root.source(),
            newest = committees.newest_epoch(),
            "proving by the validators' signatures"
        );
        let keeper = Keeper(Arc::clone(&self.store));
        let ready = Prover::new(committees, Arc::new(keeper));
        self.providers.prove_with(ready.clone());
        Ok(prover.insert(ready).clone())
    }

    /// The first checkpoint that can be proven, as far as providers tell: what is before the root's epoch
    /// cannot.
    pub async fn provable_from(&self) -> Result<u64, QuorumError> {
        let epoch = self.ready().await?.committees().root_epoch();
        if epoch == 0 {
            return Ok(0);
        }
        let told = self.providers.epoch(Some(epoch)).await?;
        Ok(told.and_then(|told| told.first_checkpoint).unwrap_or(0))
    }

    async fn trust_root(&self) -> Result<TrustRoot, QuorumError> {
        let pin = match &self.root {
            RootSetting::Genesis(root) => {
                let (found, expected) = (root.chain(), self.store.chain().await?);
                if let (Some(found), Some(expected)) = (found, expected)
                    && found != expected
                {
                    return Err(TrustError::WrongChain { found, expected }.into());
                }
                return Ok(TrustRoot::clone(root));
            }
            RootSetting::Pin(pin) => *pin,
        };
        match self.pinned_before(pin).await? {
            Some(root) => Ok(root),
            None => Ok(self.providers.pinned_root(pin).await?),
        }
    }

    /// The pinned committee, where the database has it.
    async fn pinned_before(&self, pin: CommitteePin) -> Result<Option<TrustRoot>, QuorumError> {
        let rows = self.store.committee_list(pin.epoch, 1).await?;
        let Some(row) = rows.first().filter(|row| row.epoch == pin.epoch) else {
            return Ok(None);
        };
        let committee = Committee::from_bcs(&row.committee_bcs)?;
        Ok(Some(TrustRoot::from_pin(pin, committee.as_sdk().clone())?))
    }

    /// The committees that were kept, from the root's on.
    async fn kept(&self, root: u64) -> Result<Vec<Committee>, QuorumError> {
        let (mut kept, mut from) = (Vec::new(), root);
        loop {
            let rows = self.store.committee_list(from, COMMITTEES_MAX).await?;
            for row in &rows {
                kept.push(Committee::from_bcs(&row.committee_bcs)?);
            }
            match rows.last() {
                Some(last) if rows.len() as u64 == u64::from(COMMITTEES_MAX) => {
                    from = last.epoch + 1;
                }
                _ => return Ok(kept),
            }
        }
    }
}

/// Keeps committees in the database.
struct Keeper(Arc<SqlStore>);

#[async_trait]
impl CommitteeKeeper for Keeper {
    async fn keep(&self, announced: &Announced, done: u64, total: u64) -> Result<(), String> {
        let committee = announced.committee();
        let row = CommitteeRow {
            epoch: committee.epoch(),
            committee_bcs: committee.to_bcs(),
            summary_bcs: Some(announced.by().to_bcs()),
            source: "announced by the committee before".to_owned(),
        };
        let kept = self.0.committee_add(&[row]).await;
        kept.map_err(|error| vigia_core::error_chain(&error))?;
        if done.is_multiple_of(STEPS_TOLD) || done == total {
            let epoch = committee.epoch();
            tracing::info!(epoch, done, total, "proved the committee of an epoch");
        }
        Ok(())
    }
}
