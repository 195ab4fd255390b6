//! An independent reading of checkpoint files: with the SDK's types alone, and none of vigia's
//! code. What it says a transaction touches and moves is what vigia has to find.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use sui_sdk_types::{
    AccumulatorOperation, AccumulatorValue, Address, CheckpointData, CheckpointTransaction,
    Command, Event, ExecutionStatus, Object, ObjectData, ObjectOut, Owner, TransactionEffects,
    TransactionKind,
};

/// A transaction as the walk sees it.
pub(crate) struct Walked {
    pub(crate) checkpoint: u64,
    pub(crate) index: u32,
    pub(crate) digest: String,
    pub(crate) timestamp_ms: u64,
    pub(crate) sender: Address,
    pub(crate) succeeded: bool,
    pub(crate) events: Vec<Event>,
    pub(crate) addresses: BTreeSet<Address>,
    /// `package` and `package::module`, of calls and events.
    pub(crate) contracts: BTreeSet<String>,
    pub(crate) event_types: BTreeSet<String>,
    pub(crate) coin_types: BTreeSet<String>,
    pub(crate) deltas: BTreeMap<(Address, String), i128>,
}

pub(crate) fn walk_folder(folder: &Path) -> Vec<Walked> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("a folder of checkpoints")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "chk"))
        .collect();
    files.sort();
    files.iter().flat_map(|path| walk_file(path)).collect()
}

fn walk_file(path: &Path) -> Vec<Walked> {
    let bytes = std::fs::read(path).expect("a checkpoint file");
    walk_checkpoint(&bcs::from_bytes(&bytes[1..]).expect("a checkpoint"))
}

pub(crate) fn walk_checkpoint(data: &CheckpointData) -> Vec<Walked> {
    let summary = &data.checkpoint_summary.checkpoint;
    let walk = |(index, transaction)| {
        walk_transaction(
            summary.sequence_number,
            summary.timestamp_ms,
            index,
            transaction,
        )
    };
    (0u32..).zip(&data.transactions).map(walk).collect()
}

fn walk_transaction(
    checkpoint: u64,
    timestamp_ms: u64,
    index: u32,
    executed: &CheckpointTransaction,
) -> Walked {
    let transaction = &executed.transaction.transaction;
    let changed: BTreeSet<Address> = executed
        .effects
        .object_changes()
        .map(|change| *change.object_id())
        .collect();
    let before = touched(&executed.input_objects, &changed);
    let after = touched(&executed.output_objects, &changed);

    let mut addresses = BTreeSet::from([transaction.sender, transaction.gas_payment.owner]);
    addresses.extend(
        before
            .iter()
            .chain(&after)
            .filter_map(|object| owner_of(object)),
    );
    let mut deltas = BTreeMap::new();
    for (objects, sign) in [(&before, -1), (&after, 1)] {
        for object in objects {
            if let (Some(owner), Some((coin_type, value))) = (owner_of(object), coin(object)) {
                *deltas.entry((owner, coin_type)).or_insert(0) += sign * value;
            }
        }
    }
    for (address, coin_type, value) in accumulated(&executed.effects) {
        addresses.insert(address);
        if let Some(coin_type) = coin_type {
            *deltas.entry((address, coin_type)).or_insert(0) += value;
        }
    }
    deltas.retain(|_, delta| *delta != 0);
    addresses.extend(deltas.keys().map(|(address, _)| *address));

    let events = executed
        .events
        .as_ref()
        .map(|events| events.0.clone())
        .unwrap_or_default();
    let mut contracts = BTreeSet::new();
    let mut add = |package: &Address, module: &str| {
        contracts.insert(package.to_string());
        contracts.insert(format!("{package}::{module}"));
    };
    for event in &events {
        add(&event.package_id, event.module.as_str());
        add(event.type_.address(), event.type_.module().as_str());
    }
    if let TransactionKind::ProgrammableTransaction(program) = &transaction.kind {
        for command in &program.commands {
            if let Command::MoveCall(call) = command {
                add(&call.package, call.module.as_str());
            }
        }
    }
    Walked {
        checkpoint,
        index,
        digest: transaction.digest().to_string(),
        timestamp_ms,
        sender: transaction.sender,
        succeeded: matches!(executed.effects.status(), ExecutionStatus::Success),
        addresses,
        contracts,
        event_types: events
            .iter()
            .map(|event| plain_type(&event.type_.to_string()))
            .collect(),
        coin_types: deltas
            .keys()
            .map(|(_, coin_type)| coin_type.clone())
            .collect(),
        events,
        deltas,
    }
}

fn touched<'a>(objects: &'a [Object], changed: &BTreeSet<Address>) -> Vec<&'a Object> {
    objects
        .iter()
        .filter(|object| changed.contains(&object.object_id()))
        .collect()
}

fn owner_of(object: &Object) -> Option<Address> {
    match object.owner() {
        Owner::Address(owner) | Owner::ConsensusAddress { owner, .. } => Some(*owner),
        _ => None,
    }
}

/// `0x2::coin::Coin<T>`: an id of 32 bytes and a u64.
fn coin(object: &Object) -> Option<(String, i128)> {
    let ObjectData::Struct(value) = object.data() else {
        return None;
    };
    let name = value.object_type().to_string();
    let inner = name.split_once("::coin::Coin<")?;
    let is_framework = inner.0.trim_start_matches("0x").trim_start_matches('0') == "2";
    let balance = value
        .contents()
        .get(32..40)?
        .try_into()
        .ok()
        .map(u64::from_le_bytes)?;
    is_framework
        .then(|| {
            (
                inner.1.trim_end_matches('>').to_owned(),
                i128::from(balance),
            )
        })
        .map(|(coin_type, balance)| {
            // A type parameter may itself end in '>': count what was cut off too much.
            let missing = coin_type.matches('<').count() - coin_type.matches('>').count();
            (coin_type + &">".repeat(missing), balance)
        })
}

/// Writes to accumulators: the address, and for balances the coin type and the signed value.
fn accumulated(effects: &TransactionEffects) -> Vec<(Address, Option<String>, i128)> {
    let TransactionEffects::V2(effects) = effects else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for change in &effects.changed_objects {
        let ObjectOut::AccumulatorWrite(write) = &change.output_state else {
            continue;
        };
        let value = match write.value() {
            AccumulatorValue::Integer(value) => i128::from(*value),
            _ => 0,
        };
        let sign = if write.operation() == AccumulatorOperation::Split {
            -1
        } else {
            1
        };
        let name = write.accumulator_type().to_string();
        let coin_type = name
            .split_once("::balance::Balance<")
            .and_then(|(_, rest)| rest.strip_suffix('>'))
            .map(ToOwned::to_owned);
        found.push((*write.address(), coin_type, sign * value));
    }
    found
}

/// A type without its parameters.
pub(crate) fn plain_type(text: &str) -> String {
    text.split('<').next().unwrap_or_default().to_owned()
}
