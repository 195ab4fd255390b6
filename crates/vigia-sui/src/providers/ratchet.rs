//! The way from the committee that is known to the one that is needed, epoch by epoch.
//!
//! The last summary of each epoch is asked for, several at once, and checked in order with the committee
//! before. Each step is handed out before it counts, so that it is kept and the way is gone once: a
//! process that ends on it goes on where it was. A provider whose answer does not verify is set aside
//! for a while, and another one asked.

use futures::StreamExt;

use super::{Need, Providers};
use crate::SourceError;
use crate::trust::{Announced, CertifiedSummary, CommitteePin, Committees, TrustError, TrustRoot};

/// Epochs that are asked for at once.
const AHEAD: usize = 8;

/// A step of the way.
#[derive(Clone, Debug)]
pub struct CommitteeStep {
    /// The committee and the summary that announces it, verified.
    pub announced: Announced,
    /// Steps that are done with this one.
    pub done: u64,
    /// Steps that there are on this way.
    pub total: u64,
}

impl Providers {
    /// The committee that is pinned, from whoever has it.
    pub async fn pinned_root(&self, pin: CommitteePin) -> Result<TrustRoot, SourceError> {
        let mut failed = None;
        for index in self.to_ask(Need::History(None))? {
            let client = self.client(index);
            let answer = self.unless_silent(index, client.committee(pin.epoch)).await;
            let root = match answer.and_then(|answer| answer) {
                Ok(None) => continue,
                Ok(Some(committee)) => TrustRoot::from_pin(pin, committee).map_err(Into::into),
                Err(error) => Err(error),
            };
            match root {
                Ok(root) => return Ok(root),
                Err(error) => {
                    self.failed(index, &error);
                    failed = failed.or(Some(error));
                }
            }
        }
        Err(failed.unwrap_or(SourceError::NoEpoch {
            epoch: pin.epoch,
            what: "committee",
        }))
    }

    /// Goes from the newest committee that is known to the one of `epoch`. Each step is handed to `keep`
    /// before it is installed. What ends it is worth another try where [`SourceError::may_pass`] says
    /// so; it goes on where it ended.
    pub async fn committees_to<E, F, Fut>(
        &self,
        committees: &mut Committees,
        epoch: u64,
        mut keep: F,
    ) -> Result<(), E>
    where
        E: From<SourceError>,
        F: FnMut(CommitteeStep) -> Fut,
        Fut: Future<Output = Result<(), E>>,
    {
        let from = committees.newest_epoch();
        let total = epoch.saturating_sub(from);
        let asked = |ended| async move { (ended, self.end_of_epoch(ended, &[]).await) };
        let mut coming = futures::stream::iter(from..epoch)
            .map(asked)
            .buffered(AHEAD);
        for done in 1..=total {
            let Some((ended, came)) = coming.next().await else {
                break;
            };
            let came = came.map_err(E::from)?;
            let announced = self.announced(committees, ended, came).await?;
            let step = CommitteeStep {
                announced: announced.clone(),
                done,
                total,
            };
            keep(step).await?;
            let installed = committees.install(&announced);
            installed.map_err(|error| E::from(error.into()))?;
        }
        let known = committees.committee(epoch).map(drop);
        known.map_err(|error| E::from(error.into()))
    }

    /// Checks a summary; where it does not verify, the ones that others have.
    async fn announced(
        &self,
        committees: &Committees,
        ended: u64,
        came: (usize, CertifiedSummary),
    ) -> Result<Announced, SourceError> {
        let (mut index, mut certified) = came;
        let mut refused = Vec::new();
        loop {
            let error = match check(committees.clone(), certified).await {
                Ok(announced) => return Ok(announced),
                Err(error) => SourceError::from(error),
            };
            self.failed(index, &error);
            refused.push(index);
            (index, certified) = match self.end_of_epoch(ended, &refused).await {
                Ok(came) => came,
                Err(passing) if passing.may_pass() => return Err(passing),
                Err(_) => return Err(error),
            };
        }
    }

    /// The last summary of an epoch, unproven, from whoever has it, and who that is.
    async fn end_of_epoch(
        &self,
        epoch: u64,
        except: &[usize],
    ) -> Result<(usize, CertifiedSummary), SourceError> {
        let mut failed = None;
        for index in self.to_ask(Need::History(None))? {
            if except.contains(&index) {
                continue;
            }
            let client = self.client(index);
            let answer = self.unless_silent(index, client.end_of_epoch(epoch)).await;
            match answer.and_then(|answer| answer) {
                Ok(Some(certified)) => return Ok((index, certified)),
                Ok(None) => {}
                Err(error) => {
                    self.failed(index, &error);
                    failed = failed.or(Some(error));
                }
            }
        }
        Err(failed.unwrap_or(SourceError::NoEpoch {
            epoch,
            what: "last checkpoint",
        }))
    }
}

/// Checks aside: to validate the keys of a committee takes some milliseconds.
async fn check(
    committees: Committees,
    certified: CertifiedSummary,
) -> Result<Announced, TrustError> {
    let checking = tokio::task::spawn_blocking(move || committees.announced(&certified));
    match checking.await {
        Ok(checked) => checked,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
