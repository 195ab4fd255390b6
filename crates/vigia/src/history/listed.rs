//! Histories as providers list them.

use vigia_sui::{Providers, SourceError};

use super::ledger::Ledger;
use super::work::{Stopped, Work};

impl Work<'_> {
    /// Lists what is left, and writes it page by page. What is listed and concerns nobody is passed
    /// over; that nothing is left out is the provider's word.
    pub(super) async fn listed(
        &mut self,
        providers: &Providers,
        ledger: &Ledger,
    ) -> Result<(), Stopped> {
        let addresses = self.batch.tasks.iter().map(|task| task.address).collect();
        let (position, end) = (self.span.position, self.span.to_exclusive);
        let mut run = providers.affected_run(addresses, position, end);
        loop {
            self.may_ask().await?;
            let page = run.next_page().await;
            let requests = run.take_requests();
            let page = match page {
                Ok(page) => page,
                Err(error) => {
                    self.progress(self.span.position, requests).await?;
                    return Err(match error {
                        SourceError::Unserved { .. } => Stopped::Unlisted,
                        SourceError::Pruned { lowest, .. } => Stopped::Pruned(lowest),
                        error => self.postponed(error),
                    });
                }
            };
            ledger.commit_transactions(page.transactions).await?;
            self.progress(page.next, requests).await?;
            if page.is_last {
                return Ok(());
            }
        }
    }
}
