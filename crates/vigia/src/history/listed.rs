//! Histories as providers list them.

use std::collections::{BTreeMap, BTreeSet};

use vigia_core::{ExecutedTransaction, Place, Proof, ProofPart, Why};
use vigia_sui::{Prover, Providers, SourceError};

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
            let (transactions, more) = match &self.runner.quorum {
                Some(quorum) => {
                    let prover = quorum
                        .ready()
                        .await
                        .map_err(|error| self.postponed(error))?;
                    self.proven(providers, &prover, &page.transactions).await?
                }
                None => (page.transactions, 0),
            };
            ledger.commit_transactions(transactions).await?;
            self.progress(page.next, requests + more).await?;
            if page.is_last {
                return Ok(());
            }
        }
    }

    /// What was listed, out of whole checkpoints that are proven, and the requests that took. A list is no
    /// more than a hint where all has to be proven; what it left out stays unknown, which each says.
    async fn proven(
        &self,
        providers: &Providers,
        prover: &Prover,
        listed: &[ExecutedTransaction],
    ) -> Result<(Vec<ExecutedTransaction>, u64), Stopped> {
        let mut wanted = BTreeMap::<u64, BTreeSet<u32>>::new();
        for transaction in listed {
            let Place { checkpoint, index } = transaction.place;
            wanted.entry(checkpoint).or_default().insert(index);
        }
        let (mut proven, mut requests) = (Vec::new(), 0);
        for (checkpoint, indexes) in wanted {
            self.may_ask().await?;
            requests += 1;
            let fetched = providers.fetch_proven(prover, checkpoint).await;
            let fetched = fetched.map_err(|error| self.postponed(error))?;
            let listed = fetched.checkpoint.transactions.into_iter();
            proven.extend(listed.filter(|found| indexes.contains(&found.place.index)));
        }
        for transaction in &mut proven {
            let proof = std::mem::replace(&mut transaction.proof, Proof::unasked());
            transaction.proof = proof.without(ProofPart::Completeness, LISTED);
        }
        let mut all: Vec<_> = proven.iter_mut().collect();
        if !all.is_empty() {
            requests += 1;
            let amounts = providers.prove_amounts(&mut all).await;
            amounts.map_err(|error| self.postponed(error))?;
        }
        Ok((proven, requests))
    }
}

/// Why a history is not proven to be complete.
const LISTED: Why = Why::of("its history is as a provider lists it");
