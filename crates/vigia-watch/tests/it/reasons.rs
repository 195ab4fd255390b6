//! Each way in which a target can be involved in a transaction, from a generated chain where it has
//! one and by hand where not.

use std::collections::HashSet;

use sui_sdk_types::{
    Digest, ModifiedAtVersion, ObjectIn, ObjectOut, ObjectReference, ObjectReferenceWithOwner,
    Owner, TransactionEffects, TransactionEffectsV1, TransactionEffectsV2, TransactionKind,
};
use vigia_core::{Address, ExecutedTransaction, Identifier, ReasonKind, WatchTarget};
use vigia_devnet::{Coin, Packages};
use vigia_watch::WatchList;

use crate::support::{CHAIN, calls, find, reasons};

const WATCHED: Address = Address::new([0x77; 32]);

fn watch(address: Address) -> WatchTarget {
    WatchTarget::Address(address)
}

fn module(package: Address, name: &str) -> WatchTarget {
    WatchTarget::Module(package, Identifier::new(name).expect("a name"))
}

fn effects(transaction: &mut ExecutedTransaction) -> &mut TransactionEffectsV2 {
    match &mut transaction.effects {
        TransactionEffects::V2(effects) => effects,
        TransactionEffects::V1(_) => panic!("the devnet writes version 2 effects"),
    }
}

fn sponsored() -> ExecutedTransaction {
    find(|tx| tx.gas_payer() != tx.transaction.sender && tx.succeeded())
}

#[test]
fn sender_and_gas_payer_are_told_apart() {
    let transaction = sponsored();
    let of_sender = reasons(&transaction, watch(transaction.transaction.sender));
    assert!(of_sender.contains(&ReasonKind::Sender));
    assert!(!of_sender.contains(&ReasonKind::GasPayer));
    let of_payer = reasons(&transaction, watch(transaction.gas_payer()));
    assert!(of_payer.contains(&ReasonKind::GasPayer));
    assert!(of_payer.contains(&ReasonKind::BalanceOwner));
    assert!(!of_payer.contains(&ReasonKind::Sender));
}

#[test]
fn a_failed_transaction_concerns_its_sender() {
    let transaction = find(|tx| !tx.succeeded());
    assert!(
        reasons(&transaction, watch(transaction.transaction.sender)).contains(&ReasonKind::Sender)
    );
}

#[test]
fn who_receives_owns_an_object_after_and_a_balance() {
    let packages = Packages::declared();
    let transaction = find(|tx| calls(tx, packages.cusd, "cusd") && tx.balance_changes.len() == 2);
    let sender = transaction.transaction.sender;
    let other = transaction
        .balance_changes
        .iter()
        .find(|c| c.address != sender);
    let other = other.expect("somebody received").address;
    assert_eq!(
        reasons(&transaction, watch(other)),
        [ReasonKind::BalanceOwner, ReasonKind::ObjectOwnerAfter]
    );
}

#[test]
fn owners_before_and_after_count_also_through_consensus() {
    let plain =
        find(|tx| tx.succeeded() && tx.events.is_empty() && tx.gas_payer() != Address::ZERO);
    let through_consensus = Owner::ConsensusAddress {
        start_version: 3,
        owner: WATCHED,
    };
    for owner in [Owner::Address(WATCHED), through_consensus] {
        let mut before = plain.clone();
        let change = effects(&mut before)
            .changed_objects
            .iter_mut()
            .find(|change| matches!(change.input_state, ObjectIn::Exist { .. }))
            .expect("the gas coin existed");
        if let ObjectIn::Exist { owner: found, .. } = &mut change.input_state {
            *found = owner;
        }
        assert_eq!(
            reasons(&before, watch(WATCHED)),
            [ReasonKind::ObjectOwnerBefore]
        );

        let mut after = plain.clone();
        let change = effects(&mut after)
            .changed_objects
            .iter_mut()
            .find(|change| matches!(change.output_state, ObjectOut::ObjectWrite { .. }))
            .expect("the gas coin still exists");
        if let ObjectOut::ObjectWrite { owner: found, .. } = &mut change.output_state {
            *found = owner;
        }
        assert_eq!(
            reasons(&after, watch(WATCHED)),
            [ReasonKind::ObjectOwnerAfter]
        );
    }
    for owner in [Owner::Object(WATCHED), Owner::Shared(1), Owner::Immutable] {
        let mut owned_otherwise = plain.clone();
        for change in &mut effects(&mut owned_otherwise).changed_objects {
            if let ObjectOut::ObjectWrite { owner: found, .. } = &mut change.output_state {
                *found = owner;
            }
        }
        assert!(reasons(&owned_otherwise, watch(WATCHED)).is_empty());
    }
}

#[test]
fn an_object_that_goes_away_still_had_its_owner() {
    let burn = find(|tx| {
        tx.events
            .iter()
            .any(|event| event.type_.name().as_str() == "CUSDBurned")
    });
    let mut burn = burn;
    // Only the deleted coin was Ana's; the balance changes are not what tells.
    burn.balance_changes.clear();
    let deleted = effects(&mut burn)
        .changed_objects
        .iter_mut()
        .find(|change| matches!(change.output_state, ObjectOut::NotExist))
        .expect("a burn deletes a coin");
    if let ObjectIn::Exist { owner, .. } = &mut deleted.input_state {
        *owner = Owner::Address(WATCHED);
    }
    assert_eq!(
        reasons(&burn, watch(WATCHED)),
        [ReasonKind::ObjectOwnerBefore]
    );
}

#[test]
fn writes_to_address_balances_concern_their_owner() {
    let mut deposit = find(|tx| tx.succeeded() && calls(tx, Address::TWO, "coin"));
    // Signed bytes tell it, whatever a node says of balances.
    deposit.balance_changes.clear();
    let write = effects(&mut deposit)
        .changed_objects
        .iter()
        .find_map(|change| match &change.output_state {
            ObjectOut::AccumulatorWrite(write) => Some(*write.address()),
            _ => None,
        });
    let owner = write.expect("a deposit writes an address balance");
    assert!(reasons(&deposit, watch(owner)).contains(&ReasonKind::BalanceOwner));
}

#[test]
fn version_1_effects_tell_owners_too() {
    let reference = |byte| ObjectReference::new(Address::new([byte; 32]), 2, Digest::ZERO);
    let owned = |byte, owner| ObjectReferenceWithOwner {
        reference: reference(byte),
        owner,
    };
    let template = find(|tx| tx.succeeded() && tx.gas_payer() != Address::ZERO);
    let v2 = effects(&mut template.clone()).clone();
    let gas = owned(1, Owner::Address(template.gas_payer()));
    let empty = TransactionEffectsV1 {
        status: v2.status,
        epoch: v2.epoch,
        gas_used: v2.gas_used,
        modified_at_versions: Vec::<ModifiedAtVersion>::new(),
        consensus_objects: vec![],
        transaction_digest: v2.transaction_digest,
        created: vec![],
        mutated: vec![gas.clone()],
        unwrapped: vec![],
        deleted: vec![],
        unwrapped_then_deleted: vec![],
        wrapped: vec![],
        gas_object: gas,
        events_digest: None,
        dependencies: vec![],
    };
    let with = |change: fn(&mut TransactionEffectsV1, ObjectReferenceWithOwner)| {
        let mut effects = empty.clone();
        change(&mut effects, owned(2, Owner::Address(WATCHED)));
        let mut transaction = template.clone();
        transaction.effects = TransactionEffects::V1(Box::new(effects));
        reasons(&transaction, watch(WATCHED))
    };
    let after = [ReasonKind::ObjectOwnerAfter];
    assert_eq!(with(|effects, object| effects.created.push(object)), after);
    assert_eq!(with(|effects, object| effects.mutated.push(object)), after);
    assert_eq!(
        with(|effects, object| effects.unwrapped.push(object)),
        after
    );
    assert!(with(|_, _| {}).is_empty());

    let mut transaction = template.clone();
    transaction.effects = TransactionEffects::V1(Box::new(empty));
    transaction.owners_before = vec![WATCHED];
    assert_eq!(
        reasons(&transaction, watch(WATCHED)),
        [ReasonKind::ObjectOwnerBefore]
    );
}

fn paid(package: Address) -> ExecutedTransaction {
    find(|tx| {
        calls(tx, package, "pay")
            && tx
                .events
                .iter()
                .any(|event| event.type_.name().as_str() == "PaymentMade")
    })
}

#[test]
fn a_contract_is_watched_by_package_module_and_event() {
    let pay = Packages::declared().pay;
    let payment = paid(pay);
    assert_eq!(
        reasons(&payment, WatchTarget::Package(pay)),
        [ReasonKind::CallPackage, ReasonKind::EventPackage]
    );
    assert_eq!(
        reasons(&payment, module(pay, "pay")),
        [ReasonKind::CallModule, ReasonKind::EventModule]
    );
    let event = WatchTarget::event_type(&payment.events[0].type_);
    assert_eq!(reasons(&payment, event), [ReasonKind::EventType]);
    for other in [module(pay, "payments"), module(WATCHED, "pay")] {
        assert!(reasons(&payment, other).is_empty());
    }
    let name = |text| Identifier::new(text).expect("a name");
    for (package, event_module, event) in [
        (pay, "pay", "PaymentMad"),
        (pay, "cusd", "PaymentMade"),
        (WATCHED, "pay", "PaymentMade"),
    ] {
        let target = WatchTarget::EventType(package, name(event_module), name(event));
        assert!(reasons(&payment, target).is_empty());
    }
}

#[test]
fn calls_of_the_system_count_too() {
    let mut payment = paid(Packages::declared().pay);
    payment.events.clear();
    let TransactionKind::ProgrammableTransaction(program) = payment.transaction.kind else {
        panic!("a payment is a program");
    };
    payment.transaction.kind = TransactionKind::ProgrammableSystemTransaction(program);
    assert_eq!(
        reasons(&payment, WatchTarget::Package(Packages::declared().pay)),
        [ReasonKind::CallPackage]
    );
}

#[test]
fn after_an_upgrade_both_packages_match() {
    let Packages {
        pay, pay_upgraded, ..
    } = Packages::declared();
    let payment = paid(pay_upgraded);
    assert_eq!(payment.events[0].package_id, pay_upgraded);
    assert_eq!(*payment.events[0].type_.address(), pay);
    // The new id is called, and the event says it came from there.
    assert_eq!(
        reasons(&payment, WatchTarget::Package(pay_upgraded)),
        [ReasonKind::CallPackage, ReasonKind::EventPackage]
    );
    // The old id is in the event's type alone.
    assert_eq!(
        reasons(&payment, WatchTarget::Package(pay)),
        [ReasonKind::EventPackage]
    );
    assert_eq!(
        reasons(&payment, module(pay, "pay")),
        [ReasonKind::EventModule]
    );
    let of_type = |package| {
        let tag = &payment.events[0].type_;
        WatchTarget::EventType(package, tag.module().clone(), tag.name().clone())
    };
    assert_eq!(reasons(&payment, of_type(pay)), [ReasonKind::EventType]);
    assert!(
        reasons(&payment, of_type(pay_upgraded)).is_empty(),
        "a type keeps the id of the package that defined it"
    );
}

#[test]
fn a_contract_called_by_another_is_found_by_the_type_of_its_event() {
    let mut payment = paid(Packages::declared().pay);
    payment.events[0].package_id = WATCHED;
    payment.events[0].module = Identifier::new("router").expect("a name");
    assert_eq!(
        reasons(&payment, module(WATCHED, "router")),
        [ReasonKind::EventModule]
    );
    assert!(reasons(&payment, module(WATCHED, "pay")).is_empty());
    assert!(
        reasons(&payment, module(Packages::declared().pay, "pay"))
            .contains(&ReasonKind::EventModule)
    );
}

#[test]
fn a_coin_is_watched_wherever_it_moves() {
    let scam = WatchTarget::CoinType(Coin::Scam.type_tag());
    let mut moved = 0;
    for transaction in CHAIN.iter() {
        let moves = transaction
            .balance_changes
            .iter()
            .any(|change| change.coin_type == Coin::Scam.type_tag());
        let expected: &[ReasonKind] = if moves { &[ReasonKind::CoinType] } else { &[] };
        assert_eq!(reasons(transaction, scam.clone()), expected);
        moved += usize::from(moves);
    }
    assert!(moved > 1);
}

#[test]
fn an_address_is_no_package() {
    let payment = paid(Packages::declared().pay);
    assert!(reasons(&payment, watch(Packages::declared().pay)).is_empty());
    let sender = payment.transaction.sender;
    assert!(reasons(&payment, WatchTarget::Package(sender)).is_empty());
}

#[test]
fn no_reason_comes_twice() {
    let packages = Packages::declared();
    let mut list = WatchList::new(1);
    for package in [packages.cusd, packages.pay, packages.pay_upgraded] {
        list.insert(WatchTarget::Package(package));
        list.insert(module(package, "pay"));
        list.insert(module(package, "cusd"));
    }
    for coin in Coin::ALL {
        list.insert(WatchTarget::CoinType(coin.type_tag()));
    }
    for transaction in CHAIN.iter() {
        list.insert(watch(transaction.transaction.sender));
        for change in &transaction.balance_changes {
            list.insert(watch(change.address));
        }
    }
    for transaction in CHAIN.iter() {
        let reasons = list.match_transaction(transaction);
        let distinct: HashSet<_> = reasons.iter().collect();
        assert_eq!(distinct.len(), reasons.len(), "{reasons:?}");
    }
}
