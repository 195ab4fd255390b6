//! Follows the accounts that another application's database names: reads them all, compares, applies.

use std::fmt;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;

use vigia_core::{
    SourceLimits, SourcePlan, SourceRefusal, SourceShrunk, SourceSnapshot, error_chain,
};
use vigia_store::{
    SourceApplied, SourceGuard, SourceOutcome, SourceReader, SourceStore, SqlStore, WatchStore,
};

use crate::config::Settings;
use crate::jobs::{LeaseKeeper, LeaseTimes};
use crate::pipeline::Backoff;

/// Times the query is tried at each refresh, where it may soon go better.
const READ_TRIES: u32 = 3;
/// Rows of each kind that one transaction writes: commits wait for as long as it takes.
const PART_ROWS: usize = 2_000;

/// Follows one source.
pub struct SourceFollower {
    reader: SourceReader,
    name: String,
    limits: SourceLimits,
    store: Arc<SqlStore>,
}

/// What a refresh came to.
#[derive(Debug)]
pub enum Followed {
    /// All is as the source says.
    Done(SourceDone),
    /// Another process follows the source right now, or took over in the middle.
    Elsewhere,
}

/// What a refresh did.
#[derive(Debug, Default)]
pub struct SourceDone {
    /// Rows the query returned.
    pub rows: u64,
    /// Addresses among them.
    pub addresses: u64,
    /// Memberships among them.
    pub members: u64,
    /// Addresses that began, ended or moved.
    pub addresses_changed: u64,
    /// Memberships that were set.
    pub members_set: u64,
    /// Memberships that were ended.
    pub members_gone: u64,
    /// First checkpoint for which the changes hold; none where nothing changed.
    pub effective_from: Option<u64>,
    /// What could not be followed.
    pub refused: Vec<SourceRefusal>,
}

impl SourceDone {
    /// Whether anything is other than before.
    pub fn has_changed(&self) -> bool {
        self.addresses_changed + self.members_set + self.members_gone > 0
    }
}

impl fmt::Display for SourceDone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} rows, {} addresses, {} memberships; changed {} addresses and {} memberships",
            self.rows,
            self.addresses,
            self.members,
            self.addresses_changed,
            self.members_set + self.members_gone
        )?;
        match self.refused.len() {
            0 => Ok(()),
            refused => write!(f, "; refused {refused}, vigia source status lists them"),
        }
    }
}

impl SourceFollower {
    /// Follows what `[source]` names, into `store`; none where it names nothing.
    pub fn new(settings: &Settings, store: &Arc<SqlStore>) -> anyhow::Result<Option<Self>> {
        let reader = settings.source_reader()?;
        Ok(reader.map(|reader| Self {
            reader,
            name: settings.source.name.clone(),
            limits: settings.source.limits(),
            store: Arc::clone(store),
        }))
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the source says now.
    pub async fn snapshot(&self) -> anyhow::Result<SourceSnapshot> {
        self.read().await
    }

    /// What a refresh would do; nothing is written.
    pub async fn plan<'s>(
        &self,
        snapshot: &'s SourceSnapshot,
    ) -> anyhow::Result<std::result::Result<SourcePlan<'s>, SourceShrunk>> {
        let compared = self.store.source_compare(snapshot, Some(&self.limits));
        Ok(compared.await?)
    }

    /// Makes everything as the source says, unless far fewer are left than before and that is not
    /// accepted. What goes wrong is recorded, for `status` to show.
    pub async fn refresh(&self, accept_fewer: bool) -> anyhow::Result<Followed> {
        let followed = self.follow(accept_fewer).await;
        if let Err(error) = &followed {
            let text = error_chain(error.as_ref());
            self.store.source_failed(&self.name, &text).await?;
        }
        followed
    }

    async fn follow(&self, accept_fewer: bool) -> anyhow::Result<Followed> {
        let lease = format!("source:{}", self.name);
        // A name that no other refresh has, not even of this process.
        let random = std::hash::RandomState::new().build_hasher().finish();
        let holder = format!("{}/{random:016x}", std::process::id());
        let times = LeaseTimes::default();
        let claimed = LeaseKeeper::claim(self.store.clone(), &lease, &holder, times).await?;
        let Some(keeper) = claimed else {
            return Ok(Followed::Elsewhere);
        };
        let guard = SourceGuard {
            source: self.name.clone(),
            lease,
            fence: keeper.fence(),
        };
        let followed = self.follow_under(&guard, accept_fewer).await;
        keeper.release().await?;
        followed
    }

    async fn follow_under(
        &self,
        guard: &SourceGuard,
        accept_fewer: bool,
    ) -> anyhow::Result<Followed> {
        let snapshot = self.read().await?;
        let mut done = SourceDone {
            rows: snapshot.rows,
            addresses: snapshot.addresses(),
            members: snapshot.members(),
            ..SourceDone::default()
        };
        let fingerprint = snapshot.fingerprint();
        let watch_version = self.store.watch_version().await?;
        let known = self.store.source_report(&self.name).await?;
        if known.and_then(|report| report.followed) == Some((watch_version, fingerprint)) {
            done.refused = self.store.source_refusals(&self.name).await?;
        } else {
            let limits = (!accept_fewer).then_some(&self.limits);
            let plan = self.store.source_compare(&snapshot, limits).await??;
            done.refused = snapshot.refused().to_vec();
            for part in plan.parts(PART_ROWS) {
                done.members_set += part.members.len() as u64;
                done.members_gone += part.members_gone.len() as u64;
                match self.store.source_apply(guard, &part).await? {
                    SourceApplied::LeaseLost => return Ok(Followed::Elsewhere),
                    SourceApplied::Done { receipt, refused } => {
                        done.addresses_changed += receipt.changed;
                        if receipt.changed > 0 {
                            done.effective_from = Some(receipt.effective_from);
                        }
                        done.refused.extend(refused);
                    }
                }
            }
        }
        let outcome = SourceOutcome {
            fingerprint,
            watch_version: self.store.watch_version().await?,
            rows: done.rows,
            addresses: done.addresses,
            members: done.members,
            refused: done.refused.clone(),
        };
        match self.store.source_finish(guard, &outcome).await? {
            true => Ok(Followed::Done(done)),
            false => Ok(Followed::Elsewhere),
        }
    }

    /// Reads all rows, again where that may soon go better.
    async fn read(&self) -> anyhow::Result<SourceSnapshot> {
        let mut backoff = Backoff::default();
        for _ in 1..READ_TRIES {
            match self.reader.read().await {
                Err(error) if error.is_transient() => {
                    tracing::warn!(source = self.name, error = %error_chain(&error), "cannot read the source yet");
                    backoff.wait().await;
                }
                read => return Ok(read?),
            }
        }
        Ok(self.reader.read().await?)
    }
}
