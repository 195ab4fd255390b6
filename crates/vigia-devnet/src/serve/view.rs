//! What can be asked of a node through one face: its memory between two heights.
//!
//! State is kept for the newest checkpoint. A face that is behind answers from that state with what
//! came later undone.

use std::{
    collections::{BTreeMap, HashMap},
    ops::Range,
    sync::{Arc, RwLockReadGuard},
};

use sui_sdk_types::{Address, Digest, Object, TypeTag};

use super::{
    node::{EpochRecord, Holding, Memory, funds_written},
    stored::Stored,
};

/// A node's memory, cut to the checkpoints that are shown.
pub(crate) struct View<'a> {
    memory: RwLockReadGuard<'a, Memory>,
    /// The highest checkpoint shown; nothing shows nothing.
    tip: Option<u64>,
    /// The lowest checkpoint shown.
    lowest: u64,
}

impl<'a> View<'a> {
    pub(crate) fn new(
        memory: RwLockReadGuard<'a, Memory>,
        tip: Option<u64>,
        kept: Option<u64>,
    ) -> Self {
        let lowest = match (tip, kept) {
            (Some(tip), Some(kept)) => (tip + 1).saturating_sub(kept),
            _ => 0,
        };
        Self {
            memory,
            tip,
            lowest,
        }
    }

    pub(crate) fn chain_id(&self) -> Option<Digest> {
        self.memory.chain_id
    }

    fn shown(&self) -> Range<u64> {
        self.lowest..self.tip.map_or(self.lowest, |tip| tip + 1)
    }

    pub(crate) fn newest(&self) -> Option<&Arc<Stored>> {
        let mut shown = self.memory.checkpoints.range(self.shown());
        shown.next_back().map(|(_, stored)| stored)
    }

    pub(crate) fn lowest(&self) -> Option<u64> {
        let mut shown = self.memory.checkpoints.range(self.shown());
        shown.next().map(|(lowest, _)| *lowest)
    }

    pub(crate) fn checkpoint(&self, number: u64) -> Option<&Arc<Stored>> {
        let shown = self.shown().contains(&number);
        shown
            .then(|| self.memory.checkpoints.get(&number))
            .flatten()
    }

    pub(crate) fn by_digest(&self, digest: &Digest) -> Option<u64> {
        self.memory.by_digest.get(digest).copied()
    }

    /// Checkpoints of a range, in order.
    pub(crate) fn range(
        &self,
        range: Range<u64>,
    ) -> impl DoubleEndedIterator<Item = (&u64, &Arc<Stored>)> {
        let shown = self.shown();
        let (start, end) = (range.start.max(shown.start), range.end.min(shown.end));
        self.memory.checkpoints.range(start..end.max(start))
    }

    /// The checkpoint of a transaction.
    pub(crate) fn transaction(&self, digest: &Digest) -> Option<&Arc<Stored>> {
        let (number, _) = self.memory.transactions.get(digest)?;
        self.checkpoint(*number)
    }

    /// An epoch as far as it is shown.
    pub(crate) fn epoch(&self, number: u64) -> Option<EpochRecord> {
        let mut record = self.memory.epochs.get(&number)?.clone();
        let end = self.shown().end;
        let later = |checkpoint: &u64| *checkpoint >= end;
        if record.first_checkpoint.as_ref().is_some_and(later) {
            return None;
        }
        if record.last_checkpoint.as_ref().is_some_and(later) {
            record.last_checkpoint = None;
            record.end_ms = None;
        }
        Some(record)
    }

    // State.

    /// Checkpoints that the state has and the face does not show yet.
    fn later(&self) -> impl Iterator<Item = &Arc<Stored>> {
        let later = self.memory.checkpoints.range(self.shown().end..);
        later.map(|(_, stored)| stored)
    }

    /// Objects that later checkpoints changed, as they were before.
    fn undone(&self) -> HashMap<Address, Option<&Object>> {
        let mut undone = HashMap::new();
        for executed in self.later().flat_map(|stored| stored.transactions()) {
            for object in &executed.input_objects {
                undone.entry(object.object_id()).or_insert(Some(object));
            }
            for object in &executed.output_objects {
                undone.entry(object.object_id()).or_insert(None);
            }
        }
        undone
    }

    /// A live object.
    pub(crate) fn object(&self, id: &Address) -> Option<&Object> {
        match self.undone().get(id) {
            Some(before) => *before,
            None => self.memory.objects.get(id),
        }
    }

    /// An object as it was at a version, live or held by a checkpoint that is shown.
    pub(crate) fn object_at(&self, id: &Address, version: u64) -> Option<&Object> {
        let live = self.object(id).filter(|o| o.version() == version);
        live.or_else(|| {
            let number = self.memory.versions.get(&(*id, version))?;
            let is_it = |o: &&Object| o.object_id() == *id && o.version() == version;
            let holder = self.memory.checkpoints.get(number)?;
            let written = holder.objects().find(is_it)?;
            // Later checkpoints hold as inputs what was written before.
            let known = *number < self.shown().end || self.is_known(written);
            known.then_some(written)
        })
    }

    /// Whether the transaction that wrote an object is shown.
    fn is_known(&self, object: &Object) -> bool {
        let writer = object.previous_transaction();
        let place = self.memory.transactions.get(&writer);
        place.is_none_or(|(number, _)| *number < self.shown().end)
    }

    /// All live objects.
    pub(crate) fn objects(&self) -> impl Iterator<Item = &Object> {
        let undone = self.undone();
        let before: Vec<_> = undone.values().filter_map(|object| *object).collect();
        let live = self.memory.objects.values();
        let unchanged = live.filter(move |object| !undone.contains_key(&object.object_id()));
        unchanged.chain(before)
    }

    /// What somebody owns.
    pub(crate) fn balances(&self, owner: &Address) -> BTreeMap<TypeTag, Holding> {
        let mut balances = self.memory.balances.get(owner).cloned().unwrap_or_default();
        for executed in self.later().flat_map(|stored| stored.transactions()) {
            let changes = vigia_core::derive_balance_changes(
                &executed.effects,
                &executed.input_objects,
                &executed.output_objects,
            );
            for change in changes.into_iter().filter(|c| c.address == *owner) {
                balances.entry(change.coin_type).or_default().total -= change.amount;
            }
            let funds = funds_written(&executed.effects);
            for (_, coin_type, amount) in funds.filter(|(address, ..)| address == owner) {
                balances.entry(coin_type).or_default().funds -= amount;
            }
        }
        balances
    }

    /// The metadata object of a coin.
    pub(crate) fn coin_metadata(&self, coin: &TypeTag) -> Option<&Object> {
        self.object(self.memory.coin_metadata.get(coin)?)
    }

    /// The treasury cap of a coin.
    pub(crate) fn treasury(&self, coin: &TypeTag) -> Option<&Object> {
        self.object(self.memory.treasuries.get(coin)?)
    }
}
