//! What a node remembers: recent checkpoints, live objects, balances, epochs.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use sui_sdk_types::{
    AccumulatorOperation, AccumulatorValue, Address, CheckpointTransaction, Digest, Object,
    ObjectChange, ObjectOut, TransactionEffects, TypeTag, ValidatorCommittee,
};
use tokio::sync::watch;

use super::{encoded::EncodedMask, stored::Stored};

/// The shared state of all services.
pub(crate) struct Node {
    memory: RwLock<Memory>,
    /// Height of the newest checkpoint; subscribers wait on it.
    tip: watch::Sender<Option<u64>>,
    /// Set once, when the node is about to stop.
    closing: watch::Sender<bool>,
    /// How many checkpoints are kept.
    retention: usize,
    /// What is encoded when a checkpoint is made, rather than when somebody asks.
    ahead: Option<Arc<EncodedMask>>,
}

/// Everything a node can be asked for.
#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) checkpoints: BTreeMap<u64, Arc<Stored>>,
    pub(crate) by_digest: HashMap<Digest, u64>,
    /// Where each transaction is: checkpoint, then index in it.
    pub(crate) transactions: HashMap<Digest, (u64, usize)>,
    pub(crate) objects: HashMap<Address, Object>,
    /// The newest checkpoint whose objects hold a version, of versions that some still hold.
    pub(crate) versions: HashMap<(Address, u64), u64>,
    pub(crate) balances: HashMap<Address, BTreeMap<TypeTag, Holding>>,
    /// Metadata object of each coin.
    pub(crate) coin_metadata: HashMap<TypeTag, Address>,
    /// Treasury cap of each coin.
    pub(crate) treasuries: HashMap<TypeTag, Address>,
    pub(crate) epochs: BTreeMap<u64, EpochRecord>,
    /// Digest of the genesis checkpoint, which names the chain.
    pub(crate) chain_id: Option<Digest>,
}

/// What somebody owns of one coin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Holding {
    pub(crate) total: i128,
    /// The part kept as an address balance rather than in coin objects.
    pub(crate) funds: i128,
}

/// An epoch as far as it has been seen.
#[derive(Clone, Debug, Default)]
pub(crate) struct EpochRecord {
    pub(crate) committee: Option<ValidatorCommittee>,
    pub(crate) first_checkpoint: Option<u64>,
    pub(crate) last_checkpoint: Option<u64>,
    pub(crate) start_ms: Option<u64>,
    pub(crate) end_ms: Option<u64>,
}

impl Node {
    /// A node that has seen nothing yet.
    pub(crate) fn new(
        genesis_committee: Option<ValidatorCommittee>,
        retention: usize,
        ahead: Option<EncodedMask>,
    ) -> Self {
        let mut memory = Memory::default();
        if let Some(committee) = genesis_committee {
            memory.epochs.entry(0).or_default().committee = Some(committee);
        }
        Self {
            memory: RwLock::new(memory),
            tip: watch::Sender::new(None),
            closing: watch::Sender::new(false),
            retention,
            ahead: ahead.map(Arc::new),
        }
    }

    /// The mask that is encoded ahead, if there is one.
    pub(crate) fn ahead(&self) -> Option<Arc<EncodedMask>> {
        self.ahead.clone()
    }

    /// Adds a checkpoint above all others and wakes the subscribers.
    pub(crate) fn append(&self, stored: Arc<Stored>) {
        let sequence_number = stored.sequence_number();
        if let Some(mask) = &self.ahead {
            stored.encoded(mask);
        }
        let mut memory = self.write();
        memory.add(stored);
        while memory.checkpoints.len() > self.retention {
            memory.forget_lowest();
        }
        drop(memory);
        self.tip.send_replace(Some(sequence_number));
    }

    /// A node that has seen nothing and keeps as much as this one.
    pub(crate) fn empty_twin(&self) -> Self {
        Self::new(None, self.retention, None)
    }

    /// Calls the chain by another name.
    pub(crate) fn rename(&self, chain_id: Digest) {
        self.write().chain_id = Some(chain_id);
    }

    /// What the node knows now. Hold it briefly: the chain cannot grow meanwhile.
    pub(crate) fn read(&self) -> RwLockReadGuard<'_, Memory> {
        self.memory
            .read()
            .expect("no thread panics while it holds the memory")
    }

    fn write(&self) -> RwLockWriteGuard<'_, Memory> {
        self.memory
            .write()
            .expect("no thread panics while it holds the memory")
    }

    /// Follows the height of the newest checkpoint.
    pub(crate) fn follow(&self) -> watch::Receiver<Option<u64>> {
        self.tip.subscribe()
    }

    /// Ends the streams of all subscribers.
    pub(crate) fn close(&self) {
        self.closing.send_replace(true);
    }

    /// Resolves when the node is about to stop.
    pub(crate) fn closing(&self) -> watch::Receiver<bool> {
        self.closing.subscribe()
    }

    pub(crate) fn tip(&self) -> Option<u64> {
        *self.tip.borrow()
    }

    pub(crate) fn checkpoint(&self, sequence_number: u64) -> Option<Arc<Stored>> {
        self.read().checkpoints.get(&sequence_number).cloned()
    }
}

impl Memory {
    pub(crate) fn lowest(&self) -> Option<u64> {
        self.checkpoints
            .first_key_value()
            .map(|(lowest, _)| *lowest)
    }

    fn add(&mut self, stored: Arc<Stored>) {
        let sequence_number = stored.sequence_number();
        // A replay without genesis names its chain by its first checkpoint.
        self.chain_id.get_or_insert(stored.digest);
        self.by_digest.insert(stored.digest, sequence_number);
        for (index, executed) in stored.transactions().iter().enumerate() {
            let digest = *executed.effects.transaction_digest();
            self.transactions.insert(digest, (sequence_number, index));
            self.apply(executed);
        }
        for object in stored.objects() {
            let version = (object.object_id(), object.version());
            self.versions.insert(version, sequence_number);
        }
        self.note_epoch(&stored);
        self.checkpoints.insert(sequence_number, stored);
    }

    fn apply(&mut self, executed: &CheckpointTransaction) {
        for change in executed.effects.object_changes() {
            if let ObjectChange::Deleted { object_id, .. }
            | ObjectChange::Wrapped { object_id, .. } = change
            {
                self.objects.remove(object_id);
            }
        }
        for object in &executed.output_objects {
            self.note_coin(object);
            self.objects.insert(object.object_id(), object.clone());
        }
        self.note_balances(executed);
    }

    fn note_coin(&mut self, object: &Object) {
        let Some(tag) = object.as_struct().map(|s| s.object_type()) else {
            return;
        };
        let [TypeTag::Struct(_)] = tag.type_params() else {
            return;
        };
        if *tag.address() != Address::TWO || tag.module().as_str() != "coin" {
            return;
        }
        let index = match tag.name().as_str() {
            "CoinMetadata" => &mut self.coin_metadata,
            "TreasuryCap" => &mut self.treasuries,
            _ => return,
        };
        index.insert(tag.type_params()[0].clone(), object.object_id());
    }

    fn note_balances(&mut self, executed: &CheckpointTransaction) {
        let changes = vigia_core::derive_balance_changes(
            &executed.effects,
            &executed.input_objects,
            &executed.output_objects,
        );
        for change in changes {
            let holding = self.holding(change.address, change.coin_type);
            holding.total += change.amount;
        }
        for (address, coin_type, amount) in funds_written(&executed.effects) {
            self.holding(address, coin_type).funds += amount;
        }
    }

    fn holding(&mut self, owner: Address, coin_type: TypeTag) -> &mut Holding {
        let of_owner = self.balances.entry(owner).or_default();
        of_owner.entry(coin_type).or_default()
    }

    fn note_epoch(&mut self, stored: &Stored) {
        let summary = &stored.data.checkpoint_summary.checkpoint;
        let record = self.epochs.entry(summary.epoch).or_default();
        record
            .first_checkpoint
            .get_or_insert(summary.sequence_number);
        record.start_ms.get_or_insert(summary.timestamp_ms);
        let Some(end) = &summary.end_of_epoch_data else {
            return;
        };
        record.last_checkpoint = Some(summary.sequence_number);
        record.end_ms = Some(summary.timestamp_ms);
        let next = self.epochs.entry(summary.epoch + 1).or_default();
        next.committee = Some(ValidatorCommittee {
            epoch: summary.epoch + 1,
            members: end.next_epoch_committee.clone(),
        });
    }

    fn forget_lowest(&mut self) {
        if let Some((_, stored)) = self.checkpoints.pop_first() {
            self.by_digest.remove(&stored.digest);
            for executed in stored.transactions() {
                self.transactions
                    .remove(executed.effects.transaction_digest());
            }
            for object in stored.objects() {
                let version = (object.object_id(), object.version());
                if self.versions.get(&version) == Some(&stored.sequence_number()) {
                    self.versions.remove(&version);
                }
            }
        }
    }
}

/// Signed amounts written to address balances.
pub(crate) fn funds_written(
    effects: &TransactionEffects,
) -> impl Iterator<Item = (Address, TypeTag, i128)> + '_ {
    let changes = match effects {
        TransactionEffects::V1(_) => &[][..],
        TransactionEffects::V2(effects) => &effects.changed_objects,
    };
    changes.iter().filter_map(|change| {
        let ObjectOut::AccumulatorWrite(write) = &change.output_state else {
            return None;
        };
        let (AccumulatorValue::Integer(value), TypeTag::Struct(tag)) =
            (write.value(), write.accumulator_type())
        else {
            return None;
        };
        let coin_type = tag.type_params().first()?.clone();
        let sign = match write.operation() {
            AccumulatorOperation::Split => -1,
            _ => 1,
        };
        Some((*write.address(), coin_type, sign * i128::from(*value)))
    })
}
