//! What a face says about a checkpoint: rendered from what the chain made, or from a forgery of it,
//! then altered where a fault says so.
//!
//! Everything that leaves the node goes through here, so that one lie is the same in every answer.

use std::sync::Arc;

use sui_rpc::{
    field::FieldMaskTree,
    proto::sui::rpc::v2::{self as proto},
};
use sui_sdk_types::{CheckpointData, CheckpointTransaction, Object};

use super::{
    alter::{self, Scene},
    face::{Face, huge_of},
    forge, render,
    stored::Stored,
};
use crate::fault::{Fault, FaultKind, Site, mix};

impl Face {
    /// A checkpoint, cut to the mask.
    pub(crate) fn tell_checkpoint(
        &self,
        stored: &Arc<Stored>,
        mask: &FieldMaskTree,
    ) -> proto::Checkpoint {
        self.note_huge(stored.sequence_number());
        if !self.faults.alters_answers() {
            return render::checkpoint(stored, mask);
        }
        let told = self.forged_checkpoint(stored, mask);
        let mut message = render::checkpoint(&told, mask);
        let neighbour = self.neighbour(stored);
        let scene = Scene {
            faults: &self.faults,
            stored,
            only: None,
        };
        scene.alter_checkpoint(&mut message, neighbour.as_deref(), self.seed());
        message
    }

    /// A checkpoint as it is put into a file.
    pub(crate) fn tell_data(&self, stored: &Arc<Stored>) -> CheckpointData {
        self.note_huge(stored.sequence_number());
        let everything = FieldMaskTree::new_wildcard();
        let mut data = self.forged_checkpoint(stored, &everything).data.clone();
        let site = Site::Checkpoint(stored.sequence_number());
        if let Some(strike) = self.faults.strike(FaultKind::ForgeSignature, site) {
            let (part, neighbour) = (strike.fault.part, self.neighbour(stored));
            data.checkpoint_summary.signature =
                forge::certificate(part, stored, neighbour.as_deref(), self.seed(), strike.roll);
        }
        data
    }

    /// A file's bytes, with one bit flipped where a fault strikes.
    pub(crate) fn flip_file(&self, number: u64, bytes: Vec<u8>) -> Vec<u8> {
        let site = Site::Checkpoint(number);
        match self.faults.strike(FaultKind::Flip, site) {
            Some(strike) => forge::flipped(&bytes, strike.roll),
            None => bytes,
        }
    }

    /// Notes that a checkpoint is told which a fault made large.
    pub(crate) fn note_huge(&self, number: u64) {
        let huge = self.faults.ongoing(FaultKind::Huge);
        if huge.is_some_and(|fault| huge_of(&fault).is_at(number)) {
            self.faults.note(FaultKind::Huge);
        }
    }

    /// One transaction of a checkpoint, cut to the mask; nothing if it is kept back.
    pub(crate) fn tell_transaction(
        &self,
        stored: &Arc<Stored>,
        index: usize,
        mask: &FieldMaskTree,
    ) -> Option<proto::ExecutedTransaction> {
        if !self.faults.alters_answers() {
            return Some(render::transaction(stored, index, mask));
        }
        let told = self.forged_transaction(stored, index, mask)?;
        let digest = *stored.transactions()[index].effects.transaction_digest();
        let mut message = render::transaction(&told, told.position(&digest)?, mask);
        let scene = Scene {
            faults: &self.faults,
            stored,
            only: Some(index),
        };
        scene.alter_transaction(&mut message);
        Some(message)
    }

    /// One event, cut to the mask; nothing if its transaction is kept back.
    pub(crate) fn tell_event(
        &self,
        stored: &Arc<Stored>,
        (transaction, event): (usize, usize),
        mask: &FieldMaskTree,
    ) -> Option<proto::Event> {
        if self.omits(stored, Some(transaction)).is_some() {
            return None;
        }
        let mut message = render::event(stored, (transaction, event), mask);
        let scene = Scene {
            faults: &self.faults,
            stored,
            only: Some(transaction),
        };
        scene.alter_event(&mut message);
        Some(message)
    }

    /// An object, cut to the mask.
    pub(crate) fn tell_object(&self, object: &Object, mask: &FieldMaskTree) -> proto::Object {
        let site = Site::Object(id_number(object), object.version());
        let is_coin = |fault: &Fault, _| fault.strikes_part("both") && forge::is_owned_coin(object);
        let forged = self.faults.strike_if(FaultKind::ForgeAmount, site, is_coin);
        let mut message = match forged {
            Some(strike) => render::object(&forge::coin(object, strike.roll), mask),
            None => render::object(object, mask),
        };
        alter::flip_object(&self.faults, site, &mut message);
        message
    }

    /// Whether the answer to a filter leaves out an item that matches.
    pub(crate) fn hides(&self, stored: &Stored) -> bool {
        let site = Site::Checkpoint(stored.sequence_number());
        let strike = self
            .faults
            .strike_if(FaultKind::HideMatch, site, |fault, _| {
                fault.strikes_part("filter")
            });
        strike.is_some()
    }

    /// Whether a subscription's frame lacks its number.
    pub(crate) fn lacks_cursor(&self, sequence_number: u64) -> bool {
        let site = Site::Checkpoint(sequence_number);
        let applies = |fault: &Fault, _| fault.part == Some("cursor");
        let strike = self
            .faults
            .strike_if(FaultKind::MissingFields, site, applies);
        strike.is_some()
    }

    /// The transaction that is kept back; asked for one, only if it is that one.
    fn omits(&self, stored: &Stored, only: Option<usize>) -> Option<usize> {
        let site = Site::Checkpoint(stored.sequence_number());
        let strike = self.faults.strike_if(FaultKind::OmitTx, site, |_, roll| {
            let victim = forge::victim(stored, roll);
            victim.is_some() && (only.is_none() || only == victim)
        })?;
        forge::victim(stored, strike.roll)
    }

    fn forged_checkpoint(&self, stored: &Arc<Stored>, mask: &FieldMaskTree) -> Arc<Stored> {
        let transactions = mask.subtree(proto::Checkpoint::TRANSACTIONS_FIELD);
        let shows_amounts = mask.contains(proto::Checkpoint::OBJECTS_FIELD)
            || transactions.as_ref().is_some_and(|mask| {
                mask.contains(proto::ExecutedTransaction::BALANCE_CHANGES_FIELD)
            });
        let mut forgery = forge::Forgery::default();
        if transactions.is_some() {
            forgery.omitted = self.omits(stored, None);
            forgery.swapped = self.swaps(stored);
            forgery.extra = self.adds(stored);
        }
        if shows_amounts {
            forgery.coin = self.forged_coin(stored, None);
        }
        forge::told(stored, forgery)
    }

    /// The checkpoint before this one.
    fn neighbour(&self, stored: &Stored) -> Option<Arc<Stored>> {
        let number = stored.sequence_number().checked_sub(1)?;
        self.checkpoint(number)
    }

    /// The transaction that trades places with its successor.
    fn swaps(&self, stored: &Stored) -> Option<usize> {
        let site = Site::Checkpoint(stored.sequence_number());
        let kind = FaultKind::MisplaceTx;
        let strike = self.faults.strike_if(kind, site, |fault, roll| {
            fault.part != Some("extra") && forge::swap_victim(stored, roll).is_some()
        })?;
        forge::swap_victim(stored, strike.roll)
    }

    /// A transaction of the checkpoint before, and where it is put.
    fn adds(&self, stored: &Stored) -> Option<(usize, CheckpointTransaction)> {
        if !self.faults.is_set(FaultKind::MisplaceTx) {
            return None;
        }
        let neighbour = self.neighbour(stored)?;
        let site = Site::Checkpoint(stored.sequence_number());
        let kind = FaultKind::MisplaceTx;
        let strike = self.faults.strike_if(kind, site, |fault, roll| {
            fault.part == Some("extra") && forge::victim(&neighbour, roll).is_some()
        })?;
        let index = forge::victim(&neighbour, strike.roll)?;
        let place = forge::victim(stored, strike.roll).unwrap_or_default();
        Some((place, neighbour.transactions()[index].clone()))
    }

    /// Nothing if the transaction is kept back.
    fn forged_transaction(
        &self,
        stored: &Arc<Stored>,
        index: usize,
        mask: &FieldMaskTree,
    ) -> Option<Arc<Stored>> {
        if self.omits(stored, Some(index)).is_some() {
            return None;
        }
        let shows_amounts = mask.contains(proto::ExecutedTransaction::OBJECTS_FIELD)
            || mask.contains(proto::ExecutedTransaction::BALANCE_CHANGES_FIELD);
        let forged = shows_amounts
            .then(|| self.forged_coin(stored, Some(index)))
            .flatten();
        let forgery = forge::Forgery {
            coin: forged,
            ..Default::default()
        };
        Some(forge::told(stored, forgery))
    }

    fn forged_coin(&self, stored: &Stored, only: Option<usize>) -> Option<forge::CoinForgery> {
        let site = Site::Checkpoint(stored.sequence_number());
        let strike = self
            .faults
            .strike_if(FaultKind::ForgeAmount, site, |fault, roll| {
                let victim = forge::coin_victim(stored, roll);
                fault.strikes_part("both")
                    && victim
                        .is_some_and(|victim| only.is_none_or(|only| only == victim.transaction))
            })?;
        forge::coin_victim(stored, strike.roll)
    }
}

fn id_number(object: &Object) -> u64 {
    let id = object.object_id();
    let chunks = id.as_bytes().chunks_exact(8);
    chunks.fold(0, |number, chunk| {
        mix(number ^ chunk.iter().fold(0, |n, byte| n << 8 | u64::from(*byte)))
    })
}
