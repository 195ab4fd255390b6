//! Messages that do not say what they were rendered from: bits flipped, fields absent, decoded
//! fields that contradict the BCS beside them, certificates of something else.

use bytes::Bytes;
use sui_rpc::proto::sui::rpc::v2::{self as proto, ExecutedTransaction};

use super::{
    forge, hide,
    misbehaviour::{Misbehaviour, Strike},
    missing,
    stored::Stored,
};
use crate::fault::{FaultKind, Site};

/// The checkpoint that an answer is about, and the transaction, if it is about one alone.
pub(crate) struct Scene<'a> {
    pub(crate) faults: &'a Misbehaviour,
    pub(crate) stored: &'a Stored,
    pub(crate) only: Option<usize>,
}

/// A place in a message where bits can be flipped, by the name of its part.
type Slot<'a> = (&'static str, &'a mut Bytes);

impl Scene<'_> {
    pub(super) fn site(&self) -> Site {
        Site::Checkpoint(self.stored.sequence_number())
    }

    /// Whether the transaction that a number chooses is the one the answer is about.
    pub(super) fn concerns(&self, roll: u64) -> bool {
        self.only.is_none() || self.only == forge::victim(self.stored, roll)
    }

    pub(crate) fn alter_checkpoint(
        &self,
        message: &mut proto::Checkpoint,
        neighbour: Option<&Stored>,
        seed: Option<u64>,
    ) {
        self.forge_signature(message, neighbour, seed);
        if let Some(strike) = self.forges_balance(|roll| {
            let victim = self.named_victim(roll);
            victim.is_some_and(|digest| message.transactions.iter().any(|t| forgeable(t, &digest)))
        }) && let Some(digest) = self.named_victim(strike.roll)
        {
            let mut transactions = message.transactions.iter_mut();
            if let Some(victim) = transactions.find(|t| forgeable(t, &digest)) {
                forge_balance(victim, strike.roll);
            }
        }
        self.flip(message, checkpoint_slots);
        hide::in_checkpoint(self, message);
        missing::in_checkpoint(self, message);
    }

    pub(crate) fn alter_transaction(&self, message: &mut ExecutedTransaction) {
        let changes = !message.balance_changes.is_empty();
        if let Some(strike) = self.forges_balance(|roll| changes && self.concerns(roll)) {
            forge_balance(message, strike.roll);
        }
        self.flip(message, transaction_slots);
        hide::in_transaction(self, message);
        missing::in_transaction(self, message);
    }

    pub(crate) fn alter_event(&self, message: &mut proto::Event) {
        hide::in_event(self, message);
    }

    // Amounts that are nobody's but the node's word.

    fn forges_balance(&self, applies: impl Fn(u64) -> bool) -> Option<Strike> {
        let kind = FaultKind::ForgeAmount;
        self.faults.strike_if(kind, self.site(), |fault, roll| {
            fault.part == Some("balance") && applies(roll)
        })
    }

    fn named_victim(&self, roll: u64) -> Option<String> {
        let index = forge::victim(self.stored, roll)?;
        let executed = &self.stored.transactions()[index];
        Some(executed.effects.transaction_digest().to_string())
    }

    // Certificates.

    fn forge_signature(
        &self,
        message: &mut proto::Checkpoint,
        neighbour: Option<&Stored>,
        seed: Option<u64>,
    ) {
        let Some(signature) = &mut message.signature else {
            return;
        };
        let kind = FaultKind::ForgeSignature;
        if let Some(Strike { fault, roll }) = self.faults.strike(kind, self.site()) {
            let forged = forge::certificate(fault.part, self.stored, neighbour, seed, roll);
            *signature = forged.into();
        }
    }

    // Bits.

    fn flip<M>(&self, message: &mut M, slots: fn(&mut M) -> Vec<Slot<'_>>) {
        if !self.faults.is_set(FaultKind::Flip) {
            return;
        }
        let names: Vec<_> = slots(message).iter().map(|(name, _)| *name).collect();
        let kind = FaultKind::Flip;
        let Some(strike) = self.faults.strike_if(kind, self.site(), |fault, roll| {
            self.concerns(roll) && names.iter().any(|name| fault.strikes_part(name))
        }) else {
            return;
        };
        flip_one(slots(message), &strike);
    }
}

/// Flips a bit of an object that was asked for by itself.
pub(crate) fn flip_object(faults: &Misbehaviour, site: Site, message: &mut proto::Object) {
    let has_bcs = message.bcs.as_ref().is_some_and(|bcs| bcs.value.is_some());
    let strike = faults.strike_if(FaultKind::Flip, site, |fault, _| {
        has_bcs && fault.strikes_part("object")
    });
    if let Some(strike) = strike {
        flip_one(of_bcs("object", &mut message.bcs).collect(), &strike);
    }
}

fn flip_one(slots: Vec<Slot<'_>>, strike: &Strike) {
    let mut slots: Vec<_> = slots
        .into_iter()
        .filter(|(name, _)| strike.fault.strikes_part(name))
        .collect();
    let count = slots.len() as u64;
    if let Some(index) = strike.roll.checked_rem(count) {
        let index = usize::try_from(index).expect("below a length");
        flip_bit(slots[index].1, strike.roll);
    }
}

fn flip_bit(bytes: &mut Bytes, roll: u64) {
    *bytes = forge::flipped(bytes, roll).into();
}

fn of_bcs<'a>(
    name: &'static str,
    bcs: &'a mut Option<proto::Bcs>,
) -> impl Iterator<Item = Slot<'a>> {
    let value = bcs.as_mut().and_then(|bcs| bcs.value.as_mut());
    value.into_iter().map(move |bytes| (name, bytes))
}

fn checkpoint_slots(message: &mut proto::Checkpoint) -> Vec<Slot<'_>> {
    let mut slots = vec![];
    if let Some(summary) = &mut message.summary {
        slots.extend(of_bcs("summary", &mut summary.bcs));
    }
    if let Some(contents) = &mut message.contents {
        slots.extend(of_bcs("contents", &mut contents.bcs));
    }
    let signature = message
        .signature
        .as_mut()
        .and_then(|s| s.signature.as_mut());
    slots.extend(signature.map(|bytes| ("signature", bytes)));
    for transaction in &mut message.transactions {
        slots.extend(transaction_slots(transaction));
    }
    if let Some(set) = &mut message.objects {
        let objects = set.objects.iter_mut();
        slots.extend(objects.flat_map(|object| of_bcs("object", &mut object.bcs)));
    }
    slots
}

fn transaction_slots(message: &mut ExecutedTransaction) -> Vec<Slot<'_>> {
    let mut slots = vec![];
    if let Some(transaction) = &mut message.transaction {
        slots.extend(of_bcs("transaction", &mut transaction.bcs));
    }
    if let Some(effects) = &mut message.effects {
        slots.extend(of_bcs("effects", &mut effects.bcs));
    }
    if let Some(events) = &mut message.events {
        slots.extend(of_bcs("events", &mut events.bcs));
    }
    slots
}

/// Whether it is the transaction, under its name or under none, and has an amount.
fn forgeable(message: &ExecutedTransaction, digest: &str) -> bool {
    !message.balance_changes.is_empty() && message.digest.as_ref().is_none_or(|d| d == digest)
}

fn forge_balance(message: &mut ExecutedTransaction, roll: u64) {
    const GAIN_MIN: u64 = 1_000_000;
    for change in &mut message.balance_changes {
        let amount = change.amount.as_deref().unwrap_or_default();
        let amount: i128 = amount.parse().unwrap_or_default();
        let more = amount + i128::from(GAIN_MIN + roll % (9 * GAIN_MIN));
        change.amount = Some(more.to_string());
    }
}
