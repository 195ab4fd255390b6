//! The history of some addresses, page by page, from whichever provider's index lists it.
//!
//! A cursor is one provider's own: another one goes on at the first checkpoint that is not covered yet,
//! and lists again what it holds. That is harmless to whoever keys by place.

use std::time::Duration;

use bytes::Bytes;
use tonic::Code;
use vigia_core::{Address, ExecutedTransaction};

use super::{Left, Need, Providers, lock};
use crate::SourceError;
use crate::decode::Listed;
use crate::grpc::{AffectedQuery, Page, PageEnd};

/// How often a provider whose list is not up to the end yet is asked again.
const TIP_TRIES_MAX: u32 = 20;
/// Pause between two of them.
const TIP_PAUSE: Duration = Duration::from_millis(500);

/// What a page brought.
pub struct AffectedPage {
    /// In the order of the chain.
    pub transactions: Vec<ExecutedTransaction>,
    /// The first checkpoint that is not covered yet.
    pub next: u64,
    /// Whether all that was asked for is covered.
    pub is_last: bool,
}

/// A history under way.
pub struct AffectedRun {
    providers: Providers,
    addresses: Vec<Address>,
    next: u64,
    to_exclusive: u64,
    cursor: Option<(usize, Bytes)>,
    tip_tries: u32,
    /// Requests that nobody has counted yet.
    requests: u64,
}

impl Providers {
    /// Addresses that one list may be asked for: nodes take so many literals in a filter.
    pub const AFFECTED_ADDRESSES_MAX: usize = 10;

    /// Lists transactions that affect `addresses`, at most [`Self::AFFECTED_ADDRESSES_MAX`] of them,
    /// in the checkpoints from `from` to below `to_exclusive`.
    pub fn affected_run(
        &self,
        addresses: Vec<Address>,
        from: u64,
        to_exclusive: u64,
    ) -> AffectedRun {
        AffectedRun {
            providers: self.clone(),
            addresses,
            next: from,
            to_exclusive,
            cursor: None,
            tip_tries: 0,
            requests: 0,
        }
    }

    /// Whether anybody who serves history may list transactions, as far as it is known.
    pub fn lists_affected(&self) -> bool {
        let serving = self.roster().serving(Need::History(None));
        serving.into_iter().any(|index| self.may_list(index))
    }

    /// Whether a provider is not known to lack `ListTransactions`.
    fn may_list(&self, index: usize) -> bool {
        let found = lock(&self.0.members[index].capabilities);
        let listed = found.as_ref().and_then(|found| found.list_transactions);
        listed != Some(false)
    }

    fn set_unlisted(&self, index: usize) {
        let mut found = lock(&self.0.members[index].capabilities);
        found.get_or_insert_default().list_transactions = Some(false);
    }
}

impl AffectedRun {
    /// Requests made since this was asked last, those that failed too.
    pub fn take_requests(&mut self) -> u64 {
        std::mem::take(&mut self.requests)
    }

    /// The next page. After an error this can be called again. Nobody is asked past its budget of the
    /// day: this can wait.
    pub async fn next_page(&mut self) -> Result<AffectedPage, SourceError> {
        let (mut error, mut lowest) = (None, None::<u64>);
        let (candidates, spent) = self.candidates();
        for index in candidates {
            // Asked anew where it begins: what it keeps, and how far it is.
            if self.cursor.as_ref().map(|(index, _)| *index) != Some(index) {
                self.requests += 1;
                match self.providers.hear(index).await {
                    Ok(info) if info.lowest_available > self.next => {
                        let least = lowest.unwrap_or(u64::MAX);
                        lowest = Some(least.min(info.lowest_available));
                        continue;
                    }
                    Ok(_) => {}
                    Err(failed) => {
                        error = Some(failed);
                        continue;
                    }
                }
            }
            self.requests += 1;
            match self.ask(index).await {
                Ok(page) => return self.take(index, page).await,
                Err(Some(failed)) => error = Some(failed),
                Err(None) => {}
            }
        }
        self.cursor = None;
        Err(match (error, lowest) {
            (Some(error), _) => error,
            // Tomorrow one of these may have it.
            _ if !spent.is_empty() => self.providers.spent_error(),
            (None, Some(lowest)) => SourceError::Pruned {
                url: self.providers.url(),
                sequence: self.next,
                lowest,
            },
            (None, None) => SourceError::Unserved {
                method: "ListTransactions",
            },
        })
    }

    /// Who may be asked, the one in use first, and who might be if its budget were not spent.
    fn candidates(&self) -> (Vec<usize>, Vec<usize>) {
        let need = Need::History(None);
        let current = self.cursor.as_ref().map(|(index, _)| *index);
        let serving = self.providers.roster().serving(need);
        let others = serving.into_iter().filter(|index| Some(*index) != current);
        let all = current.into_iter().chain(others);
        all.filter(|index| self.providers.may_list(*index))
            .partition(|index| self.providers.left(*index) == Left::Some)
    }

    /// Asks one provider; no error where it does not serve the method.
    async fn ask(&mut self, index: usize) -> Result<Page, Option<SourceError>> {
        let client = self.providers.client(index).clone();
        let cursor = self.cursor.take().filter(|(asked, _)| *asked == index);
        let query = AffectedQuery {
            addresses: &self.addresses,
            from: self.next,
            to_exclusive: self.to_exclusive,
            after: cursor.map(|(_, cursor)| cursor),
        };
        let asked = self.providers.unless_silent(index, client.affected(&query));
        // The roster is not told: what fails here says little about the live stream.
        Err(Some(match asked.await {
            Ok(Ok(page)) => return Ok(page),
            Ok(Err(status)) if status.code() == Code::Unimplemented => {
                self.providers.set_unlisted(index);
                return Err(None);
            }
            Ok(Err(status)) => client.error(&status),
            Err(silent) => silent,
        }))
    }

    /// Moves on only with what is returned: what fails is listed again.
    async fn take(&mut self, index: usize, page: Page) -> Result<AffectedPage, SourceError> {
        let mut transactions = Vec::with_capacity(page.transactions.len());
        for listed in page.transactions {
            transactions.push(match listed {
                Listed::Complete(transaction) => *transaction,
                Listed::NeedsObjects(place) => {
                    self.requests += 2;
                    let client = self.providers.client(index).clone();
                    client
                        .complete_listed(place.checkpoint, place.index)
                        .await?
                }
            });
        }
        let covered = page.covered.map_or(self.next, |n| n.saturating_add(1));
        let is_last = page.end == PageEnd::Complete;
        if page.end == PageEnd::Tip {
            self.wait_for_tip(index).await?;
        } else {
            self.tip_tries = 0;
        }
        self.next = match is_last {
            true => self.to_exclusive,
            false => covered.clamp(self.next, self.to_exclusive),
        };
        self.cursor = page.cursor.map(|cursor| (index, cursor));
        Ok(AffectedPage {
            transactions,
            next: self.next,
            is_last,
        })
    }

    /// What a provider lists may trail what it streams: it is asked again, for a while.
    async fn wait_for_tip(&mut self, index: usize) -> Result<(), SourceError> {
        self.tip_tries += 1;
        if self.tip_tries > TIP_TRIES_MAX {
            self.tip_tries = 0;
            self.cursor = None;
            let next = self.next;
            let client = self.providers.client(index);
            return Err(client.silent(format!("its lists end before checkpoint {next}")));
        }
        tokio::time::sleep(TIP_PAUSE).await;
        Ok(())
    }
}
