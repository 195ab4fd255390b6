//! Histories out of whole checkpoints, where nobody lists them or a list is no proof.

use vigia_sui::{Link, SourceError};

use super::HistorySource;
use super::import::{Import, ImportError};
use super::ledger::Ledger;
use super::work::{Stopped, Work};

impl Work<'_> {
    /// Reads the checkpoints that are left, and writes what in them concerns anybody.
    pub(super) async fn whole(&mut self, ledger: &mut Option<Ledger>) -> Result<(), Stopped> {
        let source = self.whole_source()?;
        let kept = ledger.take().expect("it is given back by whoever takes it");
        let link = Link::new(self.span.position);
        let end = self.span.to_exclusive - 1;
        let mut import = Import::history(kept, source.clone(), link, end);
        let read = self.read_whole(&mut import, &source).await;
        *ledger = Some(import.into_ledger());
        read
    }

    async fn read_whole(
        &mut self,
        import: &mut Import,
        source: &HistorySource,
    ) -> Result<(), Stopped> {
        loop {
            // Requests of providers count; those of a bucket are nobody's budget.
            let is_counted = matches!(source, HistorySource::Grpc(_));
            if is_counted {
                self.may_ask().await?;
            }
            let step = match import.step().await {
                Ok(Some(step)) => step,
                Ok(None) => return Ok(()),
                Err(ImportError::Source(error)) if is_counted && is_passing(&error) => {
                    // The request that failed.
                    self.progress(self.span.position, 1).await?;
                    return Err(self.postponed(error));
                }
                Err(ImportError::Source(error)) if is_passing(&error) => {
                    return Err(self.postponed(error));
                }
                Err(error) => return Err(error.into()),
            };
            let requests = match is_counted {
                true => step.imported.checkpoints,
                false => 0,
            };
            self.progress(step.position, requests).await?;
        }
    }

    fn whole_source(&self) -> Result<HistorySource, Stopped> {
        let runner = self.runner;
        if let Some(whole) = &runner.whole {
            return Ok(whole.clone());
        }
        let left = self.span.to_exclusive - self.span.position;
        let most = runner.limits.fetch_checkpoints_max;
        let Some(providers) = &runner.providers else {
            return Err(Stopped::Failed(
                "nothing to read it from: set a provider, history.bucket_url or history.files"
                    .to_owned(),
            ));
        };
        if left > most {
            return Err(Stopped::Failed(format!(
                "no provider lists transactions, and {left} checkpoints are more than are fetched \
                 from providers ({most}): set history.bucket_url or history.files, or raise \
                 history.fetch_checkpoints_max"
            )));
        }
        Ok(HistorySource::Grpc(providers.clone()))
    }
}

/// Whether waiting may mend it: a bucket may not be at the end of a history yet.
fn is_passing(error: &SourceError) -> bool {
    error.may_pass() || matches!(error, SourceError::BucketAbsent { .. })
}
