//! Stored transactions interpreted again by the rules there are now, a page at a time.
//!
//! What failed is left to `vigia failed`, and what can be interpreted no longer stays as it is: a correction
//! never takes away what it cannot say better.

use std::sync::Arc;

use vigia_contracts::{Interpreter, Registry};
use vigia_core::{Commit, ExecutedTransaction, Lane, Place, RawTransaction};
use vigia_store::{ActivityChange, Correction, CorrectionStore, IngestStore, Result, SqlStore};

use super::executed;

/// Transactions that are corrected in one database transaction.
const PAGE: u32 = 200;

/// Interprets stored transactions again.
pub struct Corrector {
    /// Where they are.
    pub store: Arc<SqlStore>,
    /// The rules there are now.
    pub registry: Arc<Registry>,
    /// Only transactions with an event of this contract; none is all.
    pub contract: Option<String>,
    /// Whether corrections are written.
    pub applies: bool,
}

/// What became of a page.
#[derive(Debug, Default)]
pub struct Corrected {
    /// Where the next one begins; none at the end.
    pub next: Option<Place>,
    /// Transactions that were interpreted again.
    pub transactions: u64,
    /// Those that failed before, and are left alone.
    pub failed: u64,
    /// Those that cannot be interpreted now, with the reason, and are left alone.
    pub refused: Vec<(Place, String)>,
    /// Activities that are not what they were.
    pub changes: Vec<ActivityChange>,
}

impl Corrector {
    /// Corrects the page behind `after`, up to checkpoint `to`.
    pub async fn page(&self, after: Option<Place>, to: u64) -> Result<Corrected> {
        let raws = self.store.raw_page(after, to, PAGE).await?;
        let mut corrected = Corrected {
            next: raws.last().map(|raw| raw.place),
            ..Corrected::default()
        };
        let interpreter = Interpreter::new(Arc::clone(&self.registry));
        let (mut places, mut meaning) = (Vec::new(), nothing());
        for raw in &raws {
            if raw.processing_error.is_some() {
                corrected.failed += 1;
                continue;
            }
            match self.add(raw, &interpreter, &mut meaning).await? {
                Added::Yes => places.push(raw.place),
                Added::NotOfContract => {}
                Added::Refused(problem) => corrected.refused.push((raw.place, problem)),
            }
        }
        corrected.transactions = places.len() as u64;
        let reason = match &self.contract {
            Some(contract) => format!("vigia reinterpret --contract {contract}"),
            None => "vigia reinterpret".to_owned(),
        };
        let correction = Correction {
            places: &places,
            meaning: &meaning,
            reason: &reason,
            applies: self.applies,
        };
        corrected.changes = self.store.correct(&correction, &interpreter).await?;
        Ok(corrected)
    }

    /// Adds what a transaction means now.
    async fn add(
        &self,
        raw: &RawTransaction,
        interpreter: &Interpreter,
        meaning: &mut Commit,
    ) -> Result<Added> {
        let transaction = match executed(raw) {
            Ok(transaction) => transaction,
            Err(problem) => return Ok(Added::Refused(problem)),
        };
        if !self.concerns(&transaction) {
            return Ok(Added::NotOfContract);
        }
        let parties: Vec<_> = interpreter.parties(&transaction).into_iter().collect();
        let targets: Vec<_> = interpreter
            .observed_targets(&transaction)
            .into_iter()
            .collect();
        let book = self.store.address_book(&parties, &targets).await?;
        Ok(match interpreter.interpret(&transaction, &book) {
            Ok(meant) => {
                meaning.activities.extend(meant.activities);
                meaning.business_events.extend(meant.business_events);
                Added::Yes
            }
            Err(error) => Added::Refused(error.to_string()),
        })
    }

    fn concerns(&self, transaction: &ExecutedTransaction) -> bool {
        let Some(contract) = &self.contract else {
            return true;
        };
        let mut events = transaction.events.iter();
        events.any(|event| self.registry.contract_of(&event.type_) == Some(contract))
    }
}

/// Whether a transaction takes part.
enum Added {
    Yes,
    NotOfContract,
    Refused(String),
}

fn nothing() -> Commit {
    Commit {
        lane: Lane::Import,
        ranges: Vec::new(),
        raw_transactions: Vec::new(),
        activities: Vec::new(),
        balance_effects: Vec::new(),
        business_events: Vec::new(),
    }
}
