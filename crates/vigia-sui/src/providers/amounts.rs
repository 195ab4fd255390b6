//! Amounts of transactions, proven by objects from whoever has them.

use std::collections::BTreeMap;

use vigia_core::{Digest, ExecutedTransaction, Place, Why};

use super::{Need, Providers};
use crate::SourceError;
use crate::decode::ObjectsError;
use crate::trust::prove_amounts;

/// Transactions whose objects are asked for in one call; nodes allow 200.
const BATCH: usize = 50;

impl Providers {
    /// Puts proven balance changes into transactions whose bytes are proven. Returns those whose amounts
    /// nobody can prove, with the reason; they are left as they were. A provider that sends a forged
    /// object is set aside for a while. An error says that nobody answered.
    pub async fn prove_amounts(
        &self,
        transactions: &mut [&mut ExecutedTransaction],
    ) -> Result<BTreeMap<Place, Why>, SourceError> {
        let mut unproven = BTreeMap::new();
        for batch in transactions.chunks_mut(BATCH) {
            unproven.append(&mut self.prove_batch(batch).await?);
        }
        Ok(unproven)
    }

    async fn prove_batch(
        &self,
        batch: &mut [&mut ExecutedTransaction],
    ) -> Result<BTreeMap<Place, Why>, SourceError> {
        let mut unproven: Option<BTreeMap<Place, Why>> = None;
        let mut failed = None;
        for index in self.to_ask(Need::History(None))? {
            let is_wanted = |transaction: &&&mut ExecutedTransaction| {
                let unproven = unproven.as_ref();
                unproven.is_none_or(|unproven| unproven.contains_key(&transaction.place))
            };
            let wanted = batch.iter().filter(is_wanted);
            let wanted: Vec<Digest> = wanted.map(|transaction| transaction.digest).collect();
            if wanted.is_empty() {
                break;
            }
            let client = self.client(index);
            let answer = self.unless_silent(index, client.objects_of(&wanted)).await;
            let objects = match answer.and_then(|answer| answer) {
                Ok(objects) => objects,
                Err(error) => {
                    self.failed(index, &error);
                    failed = failed.or(Some(error));
                    continue;
                }
            };
            let mut left = BTreeMap::new();
            for transaction in batch.iter_mut() {
                if !wanted.contains(&transaction.digest) {
                    continue;
                }
                let Err(error) = prove_amounts(transaction, &objects) else {
                    continue;
                };
                if matches!(error, ObjectsError::Forged { .. }) {
                    let place = transaction.place;
                    let problem = format!("transaction {}: {error}", place.index);
                    self.failed(index, &SourceError::invalid(place.checkpoint, problem));
                }
                left.insert(transaction.place, Why::new(error.to_string()));
            }
            unproven = Some(left);
        }
        unproven.ok_or_else(|| failed.unwrap_or_else(|| self.nobody()))
    }
}
