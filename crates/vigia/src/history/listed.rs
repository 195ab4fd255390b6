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
            let page = match run.next_page().await {
                Ok(page) => page,
                Err(SourceError::Unserved { .. }) => return Err(Stopped::Unlisted),
                Err(SourceError::Pruned { lowest, .. }) => return Err(Stopped::Pruned(lowest)),
                Err(error) => return Err(self.postponed(error)),
            };
            ledger.commit_transactions(page.transactions).await?;
            self.progress(page.next, page.requests).await?;
            if page.is_last {
                return Ok(());
            }
        }
    }
}
