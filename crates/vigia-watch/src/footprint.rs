//! What a transaction touches: the one place that says which parts of it can match a watch.

use vigia_core::{
    Address, ExecutedTransaction, Identifier, ReasonKind, StructTag, TransactionEffects, TypeTag,
    owning_address,
};

use sui_sdk_types::{Command, ObjectIn, ObjectOut, TransactionKind};

/// One thing that a transaction touches.
pub(crate) enum Touch<'a> {
    /// An address, and how it is involved.
    Address(Address, ReasonKind),
    /// A call to `package::module`.
    Call(Address, &'a Identifier),
    /// An event; emitted through a call to `package::module`, of a type that may be defined
    /// elsewhere: `package` is the version called, the type's address the version that defined it.
    Event {
        package: Address,
        module: &'a Identifier,
        tag: &'a StructTag,
    },
    /// A movement of a coin.
    Coin(&'a TypeTag),
}

/// Visits everything that `transaction` touches; the same thing may come several times.
pub(crate) fn walk<'a>(transaction: &'a ExecutedTransaction, visit: &mut impl FnMut(Touch<'a>)) {
    visit(Touch::Address(
        transaction.transaction.sender,
        ReasonKind::Sender,
    ));
    visit(Touch::Address(
        transaction.gas_payer(),
        ReasonKind::GasPayer,
    ));
    for change in &transaction.balance_changes {
        visit(Touch::Address(change.address, ReasonKind::BalanceOwner));
        visit(Touch::Coin(&change.coin_type));
    }
    walk_object_owners(transaction, visit);
    walk_calls(transaction, visit);
    for event in &transaction.events {
        visit(Touch::Event {
            package: event.package_id,
            module: &event.module,
            tag: &event.type_,
        });
    }
}

fn walk_object_owners<'a>(transaction: &'a ExecutedTransaction, visit: &mut impl FnMut(Touch<'a>)) {
    let mut before = |address| visit(Touch::Address(address, ReasonKind::ObjectOwnerBefore));
    match &transaction.effects {
        TransactionEffects::V1(effects) => {
            transaction
                .owners_before
                .iter()
                .copied()
                .for_each(&mut before);
            let written = [&effects.created, &effects.mutated, &effects.unwrapped];
            for object in written.into_iter().flatten() {
                if let Some(address) = owning_address(&object.owner) {
                    visit(Touch::Address(address, ReasonKind::ObjectOwnerAfter));
                }
            }
        }
        TransactionEffects::V2(effects) => {
            for change in &effects.changed_objects {
                if let ObjectIn::Exist { owner, .. } = &change.input_state
                    && let Some(address) = owning_address(owner)
                {
                    visit(Touch::Address(address, ReasonKind::ObjectOwnerBefore));
                }
                match &change.output_state {
                    ObjectOut::ObjectWrite { owner, .. } => {
                        if let Some(address) = owning_address(owner) {
                            visit(Touch::Address(address, ReasonKind::ObjectOwnerAfter));
                        }
                    }
                    ObjectOut::AccumulatorWrite(write) => {
                        visit(Touch::Address(*write.address(), ReasonKind::BalanceOwner));
                    }
                    _ => {}
                }
            }
        }
    }
}

fn walk_calls<'a>(transaction: &'a ExecutedTransaction, visit: &mut impl FnMut(Touch<'a>)) {
    if let TransactionKind::ProgrammableTransaction(program)
    | TransactionKind::ProgrammableSystemTransaction(program) = &transaction.transaction.kind
    {
        for command in &program.commands {
            if let Command::MoveCall(call) = command {
                visit(Touch::Call(call.package, &call.module));
            }
        }
    }
}
