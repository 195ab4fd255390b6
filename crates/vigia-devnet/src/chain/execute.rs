//! Settles one draft: signs it, applies it to the ledger, charges gas, and writes the effects.

use std::collections::BTreeMap;

use sui_sdk_types::{
    Address, CheckpointTransaction, Digest, Ed25519PublicKey, Ed25519Signature, EpochId,
    ExecutionStatus, GasCostSummary, GasPayment, Input, Object, ObjectData, ObjectReference, Owner,
    SignedTransaction, SimpleSignature, StructTag, Transaction, TransactionEffects,
    TransactionEffectsV2, TransactionEvents, TransactionExpiration, TransactionKind, UserSignature,
    Version,
};

use super::{
    actors::Cast,
    books::{Books, Party, Posting},
    coins::Coin,
    draft::{Change, Draft, NewOwner},
    effects::{accumulator_change, changed_objects, dependencies, index_of, status, unchanged},
    ledger::{Ledger, coin_contents, package_data, storage_price, struct_data},
};

pub(crate) const GAS_PRICE: u64 = 1_000;
const GAS_BUDGET: u64 = 500_000_000;
const COMPUTATION_COST: u64 = 1_000 * GAS_PRICE;
/// How many SUI coins pay at most; they are merged into the first.
const GAS_COINS_MAX: usize = 16;

/// A settled transaction and the ids of what it created, in the draft's order.
pub(crate) struct Executed {
    pub(crate) transaction: CheckpointTransaction,
    pub(crate) created: Vec<Address>,
}

/// Signs and settles a user's draft.
pub(crate) fn execute(
    draft: Draft,
    epoch: EpochId,
    cast: &Cast,
    ledger: &mut Ledger,
    books: &mut Books,
) -> Executed {
    let payer = cast.address(draft.payer);
    let gas = gas_coins(ledger, payer);
    let transaction = Transaction {
        kind: TransactionKind::ProgrammableTransaction(draft.ptb.clone()),
        sender: cast.address(draft.sender),
        gas_payment: GasPayment {
            objects: gas.iter().map(|id| ledger.reference(id)).collect(),
            owner: payer,
            price: GAS_PRICE,
            budget: GAS_BUDGET,
        },
        expiration: TransactionExpiration::None,
    };
    let mut signatures = vec![cast.actor(draft.sender).sign(&transaction)];
    if draft.payer != draft.sender {
        signatures.push(cast.actor(draft.payer).sign(&transaction));
    }
    let charge = Some(GasCharge {
        payer,
        coins: gas,
        taken: draft.from_gas,
    });
    settle(draft, transaction, signatures, charge, epoch, ledger, books)
}

/// Settles a system transaction: sender 0x0, no gas, a signature of zeros.
pub(crate) fn execute_system(
    draft: Draft,
    kind: TransactionKind,
    epoch: EpochId,
    ledger: &mut Ledger,
    books: &mut Books,
) -> Executed {
    let transaction = system_transaction(kind);
    let signatures = vec![system_signature()];
    settle(draft, transaction, signatures, None, epoch, ledger, books)
}

pub(crate) fn system_transaction(kind: TransactionKind) -> Transaction {
    Transaction {
        kind,
        sender: Address::ZERO,
        gas_payment: GasPayment {
            objects: vec![ObjectReference::new(Address::ZERO, 0, Digest::ZERO)],
            owner: Address::ZERO,
            price: 1,
            budget: 0,
        },
        expiration: TransactionExpiration::None,
    }
}

pub(crate) fn system_signature() -> UserSignature {
    UserSignature::Simple(SimpleSignature::Ed25519 {
        signature: Ed25519Signature::new([0; 64]),
        public_key: Ed25519PublicKey::new([0; 32]),
    })
}

struct GasCharge {
    payer: Address,
    coins: Vec<Address>,
    /// What the draft splits off the gas coin.
    taken: u64,
}

fn gas_coins(ledger: &Ledger, payer: Address) -> Vec<Address> {
    let coins = ledger.coins(payer, Coin::Sui);
    coins[..coins.len().min(GAS_COINS_MAX)].to_vec()
}

/// An object after the transaction, before its digest is known to others.
struct Output {
    data: ObjectData,
    owner: Owner,
}

fn settle(
    mut draft: Draft,
    transaction: Transaction,
    signatures: Vec<UserSignature>,
    charge: Option<GasCharge>,
    epoch: EpochId,
    ledger: &mut Ledger,
    books: &mut Books,
) -> Executed {
    let digest = transaction.digest();
    if draft.failure.is_some() {
        undo(&mut draft);
    }
    for coin in charge.iter().flat_map(|c| &c.coins) {
        draft.changes.entry(*coin).or_default();
    }
    let read_only = read_only_inputs(&draft, ledger);
    let inputs = input_objects(&draft, ledger);
    let lamport = next_version(inputs.values().chain(&read_only));

    let created = created_ids(&draft, digest);
    let mut outputs = outputs(&draft, &created, &inputs, lamport, ledger);
    let gas_used = match &charge {
        None => GasCostSummary::default(),
        Some(charge) => {
            let failed = draft.failure.is_some();
            let taken = if failed { 0 } else { charge.taken };
            charge_gas(charge, taken, lamport, &inputs, &mut outputs, ledger)
        }
    };
    post(&draft, &charge, &gas_used, books);

    let charged = charge.is_some();
    let written = write_objects(outputs, digest, charged);
    let events = (!draft.events.is_empty()).then_some(TransactionEvents(draft.events));
    let gas_coin = charge.as_ref().map(|c| c.coins[0]);
    let mut changed_objects = changed_objects(&inputs, &written);
    changed_objects.extend(draft.funds.iter().map(|w| accumulator_change(*w)));
    changed_objects.sort_by_key(|change| change.object_id);

    let effects = TransactionEffectsV2 {
        status: status(draft.failure),
        epoch,
        gas_used,
        transaction_digest: digest,
        gas_object_index: gas_coin.map(|id| index_of(&changed_objects, id)),
        events_digest: events.as_ref().map(TransactionEvents::digest),
        dependencies: dependencies(inputs.values().chain(&read_only)),
        lamport_version: lamport,
        changed_objects,
        unchanged_consensus_objects: read_only.iter().map(unchanged).collect(),
        auxiliary_data_digest: None,
    };
    apply(&inputs, &written, &draft.funds, ledger);
    let signed = SignedTransaction {
        transaction,
        signatures,
    };
    Executed {
        transaction: record(signed, effects, events, inputs, written),
        created,
    }
}

/// What a checkpoint holds of a settled transaction.
fn record(
    transaction: SignedTransaction,
    effects: TransactionEffectsV2,
    events: Option<TransactionEvents>,
    inputs: BTreeMap<Address, Object>,
    written: BTreeMap<Address, Object>,
) -> CheckpointTransaction {
    CheckpointTransaction {
        transaction,
        effects: TransactionEffects::V2(Box::new(effects)),
        events,
        input_objects: inputs.into_values().collect(),
        output_objects: written.into_values().collect(),
    }
}

/// A failed transaction touches its inputs and changes nothing in them.
fn undo(draft: &mut Draft) {
    for change in draft.changes.values_mut() {
        *change = Change::default();
    }
    draft.creations.clear();
    draft.package = None;
    draft.funds.clear();
    draft.events.clear();
    draft.postings.clear();
}

fn input_objects(draft: &Draft, ledger: &Ledger) -> BTreeMap<Address, Object> {
    let existing = draft.changes.keys();
    existing
        .map(|id| (*id, ledger.object(id).clone()))
        .collect()
}

/// Shared inputs that are only read.
fn read_only_inputs(draft: &Draft, ledger: &Ledger) -> Vec<Object> {
    let inputs = draft.ptb.inputs.iter();
    inputs
        .filter_map(|input| match input {
            Input::Shared(shared) if !shared.mutability().is_mutable() => {
                Some(ledger.object(&shared.object_id()).clone())
            }
            _ => None,
        })
        .collect()
}

fn next_version<'a>(inputs: impl Iterator<Item = &'a Object>) -> Version {
    inputs.map(Object::version).max().unwrap_or_default() + 1
}

fn created_ids(draft: &Draft, digest: Digest) -> Vec<Address> {
    (0..draft.creations.len() as u64)
        .map(|index| Address::derive_id(digest, index))
        .collect()
}

fn outputs(
    draft: &Draft,
    created: &[Address],
    inputs: &BTreeMap<Address, Object>,
    lamport: Version,
    ledger: &Ledger,
) -> BTreeMap<Address, Output> {
    let mut outputs = BTreeMap::new();
    for (id, change) in draft.changes.iter().filter(|(_, c)| !c.delete) {
        outputs.insert(*id, changed_output(&inputs[id], change, lamport));
    }
    for (id, creation) in created.iter().zip(&draft.creations) {
        let mut contents = id.as_bytes().to_vec();
        contents.extend(&creation.fields);
        let data = struct_data(
            creation.object_type.clone(),
            lamport,
            creation.public_transfer,
            contents,
        );
        let owner = match creation.owner {
            NewOwner::Address(owner) => Owner::Address(owner),
            NewOwner::Shared => Owner::Shared(lamport),
        };
        outputs.insert(*id, Output { data, owner });
    }
    if let Some(package) = &draft.package {
        debug_assert!(ledger.get(&package.id).is_none(), "packages never change");
        let data = package_data(package.clone());
        let owner = Owner::Immutable;
        outputs.insert(package.id, Output { data, owner });
    }
    outputs
}

fn changed_output(before: &Object, change: &Change, lamport: Version) -> Output {
    let before_struct = before.as_struct().expect("packages are no inputs");
    let contents = change.contents.clone();
    Output {
        data: struct_data(
            before_struct.object_type().clone(),
            lamport,
            before_struct.has_public_transfer(),
            contents.unwrap_or_else(|| before_struct.contents().to_vec()),
        ),
        owner: change.owner.map_or(*before.owner(), Owner::Address),
    }
}

/// Merges the gas coins into the first and takes the price of everything from it.
fn charge_gas(
    charge: &GasCharge,
    taken: u64,
    lamport: Version,
    inputs: &BTreeMap<Address, Object>,
    outputs: &mut BTreeMap<Address, Output>,
    ledger: &Ledger,
) -> GasCostSummary {
    let gas_coin = charge.coins[0];
    for merged in &charge.coins[1..] {
        outputs.remove(merged);
    }
    let stored = outputs.values();
    let storage_cost = stored.map(|o| storage_price(&o.data, o.owner)).sum();
    let potential_rebate: u64 = inputs.values().map(Object::storage_rebate).sum();
    let non_refundable_storage_fee = potential_rebate.div_ceil(100);
    let gas_used = GasCostSummary::new(
        COMPUTATION_COST,
        storage_cost,
        potential_rebate - non_refundable_storage_fee,
        non_refundable_storage_fee,
    );
    let owned: u64 = charge.coins.iter().map(|id| ledger.coin_balance(id)).sum();
    let left = (owned - taken)
        .checked_add_signed(-gas_used.net_gas_usage())
        .expect("the story keeps enough SUI for gas");
    let output = outputs.get_mut(&gas_coin).expect("gas coins are inputs");
    output.data = struct_data(
        StructTag::gas_coin(),
        lamport,
        true,
        coin_contents(gas_coin, left),
    );
    gas_used
}

fn post(draft: &Draft, charge: &Option<GasCharge>, gas_used: &GasCostSummary, books: &mut Books) {
    for posting in &draft.postings {
        books.post(*posting);
    }
    if let Some(charge) = charge {
        books.post(Posting {
            coin: Coin::Sui,
            from: Party::Address(charge.payer),
            to: Party::Gas,
            amount: i128::from(gas_used.net_gas_usage()),
        });
    }
}

/// Objects as they are stored. Those of system transactions are stored for free.
fn write_objects(
    outputs: BTreeMap<Address, Output>,
    digest: Digest,
    charged: bool,
) -> BTreeMap<Address, Object> {
    let write = |(id, Output { data, owner })| {
        let rebate = if charged {
            storage_price(&data, owner)
        } else {
            0
        };
        (id, Object::new(data, owner, digest, rebate))
    };
    outputs.into_iter().map(write).collect()
}

fn apply(
    inputs: &BTreeMap<Address, Object>,
    written: &BTreeMap<Address, Object>,
    funds: &[(Address, Coin, i128)],
    ledger: &mut Ledger,
) {
    for id in inputs.keys().filter(|id| !written.contains_key(id)) {
        ledger.remove(id);
    }
    for object in written.values() {
        ledger.insert(object.clone());
    }
    for (address, coin, amount) in funds {
        let balance = i128::from(ledger.funds(*address, *coin)) + amount;
        let balance = u64::try_from(balance).expect("the story checks balances");
        ledger.set_funds(*address, *coin, balance);
    }
}

/// Effects of genesis, which creates everything at version 1.
pub(crate) fn created_by_genesis(
    transaction: Transaction,
    signatures: Vec<UserSignature>,
    objects: Vec<Object>,
) -> Executed {
    let written: BTreeMap<_, _> = objects.into_iter().map(|o| (o.object_id(), o)).collect();
    let effects = TransactionEffectsV2 {
        status: ExecutionStatus::Success,
        epoch: 0,
        gas_used: GasCostSummary::default(),
        transaction_digest: transaction.digest(),
        gas_object_index: None,
        events_digest: None,
        dependencies: vec![],
        lamport_version: 1,
        changed_objects: changed_objects(&BTreeMap::new(), &written),
        unchanged_consensus_objects: vec![],
        auxiliary_data_digest: None,
    };
    let signed = SignedTransaction {
        transaction,
        signatures,
    };
    Executed {
        transaction: record(signed, effects, None, BTreeMap::new(), written),
        created: vec![],
    }
}
