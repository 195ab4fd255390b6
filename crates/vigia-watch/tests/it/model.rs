//! The list against a naive model: a set of targets and a scan over everything a transaction holds.

use std::collections::BTreeSet;

use proptest::prelude::*;
use sui_sdk_types::{Command, ObjectIn, ObjectOut, Owner, TransactionEffects, TransactionKind};
use vigia_core::{
    Address, ExecutedTransaction, ReasonKind, WatchChange, WatchOp, WatchTarget, parse_watch_target,
};
use vigia_devnet::{Coin, Packages};
use vigia_watch::{SharedWatchList, WatchList};

use crate::support::CHAIN;

/// Every (kind, target) that a transaction could match, whoever is watched.
fn scan(transaction: &ExecutedTransaction) -> BTreeSet<(ReasonKind, String)> {
    let mut found = BTreeSet::new();
    let mut add = |kind, target: String| {
        found.insert((kind, target));
    };
    add(
        ReasonKind::Sender,
        transaction.transaction.sender.to_string(),
    );
    add(ReasonKind::GasPayer, transaction.gas_payer().to_string());
    for change in &transaction.balance_changes {
        add(ReasonKind::BalanceOwner, change.address.to_string());
        add(ReasonKind::CoinType, change.coin_type.to_string());
    }
    let TransactionEffects::V2(effects) = &transaction.effects else {
        panic!("the devnet writes version 2 effects")
    };
    for change in &effects.changed_objects {
        if let ObjectIn::Exist {
            owner: Owner::Address(owner),
            ..
        } = &change.input_state
        {
            add(ReasonKind::ObjectOwnerBefore, owner.to_string());
        }
        match &change.output_state {
            ObjectOut::ObjectWrite {
                owner: Owner::Address(owner),
                ..
            } => add(ReasonKind::ObjectOwnerAfter, owner.to_string()),
            ObjectOut::AccumulatorWrite(write) => {
                add(ReasonKind::BalanceOwner, write.address().to_string());
            }
            _ => {}
        }
    }
    if let TransactionKind::ProgrammableTransaction(program) = &transaction.transaction.kind {
        for command in &program.commands {
            if let Command::MoveCall(call) = command {
                add(ReasonKind::CallPackage, call.package.to_string());
                let module = format!("{}::{}", call.package, call.module);
                add(ReasonKind::CallModule, module);
            }
        }
    }
    for event in &transaction.events {
        let tag = &event.type_;
        let defined = format!("{}::{}", tag.address(), tag.module());
        add(ReasonKind::EventPackage, event.package_id.to_string());
        add(ReasonKind::EventPackage, tag.address().to_string());
        let called = format!("{}::{}", event.package_id, event.module);
        add(ReasonKind::EventModule, called);
        add(ReasonKind::EventType, format!("{defined}::{}", tag.name()));
        add(ReasonKind::EventModule, defined);
    }
    found
}

/// Whether a reason of this kind can be for a target of that.
fn fits(kind: ReasonKind, target: &WatchTarget) -> bool {
    match target {
        WatchTarget::Address(_) => matches!(
            kind,
            ReasonKind::Sender
                | ReasonKind::GasPayer
                | ReasonKind::BalanceOwner
                | ReasonKind::ObjectOwnerBefore
                | ReasonKind::ObjectOwnerAfter
        ),
        WatchTarget::Package(_) => {
            matches!(kind, ReasonKind::CallPackage | ReasonKind::EventPackage)
        }
        WatchTarget::Module(..) => matches!(kind, ReasonKind::CallModule | ReasonKind::EventModule),
        WatchTarget::EventType(..) => kind == ReasonKind::EventType,
        WatchTarget::CoinType(_) => kind == ReasonKind::CoinType,
    }
}

/// Targets that the chain knows, and some that it does not.
fn universe() -> Vec<WatchTarget> {
    let packages = Packages::declared();
    let mut texts = vec![];
    for (package, module) in [
        (packages.pay, "pay"),
        (packages.pay_upgraded, "pay"),
        (packages.cusd, "cusd"),
        (packages.p2p_trade, "p2p_trade"),
        (packages.dex, "dex"),
        (Address::TWO, "coin"),
    ] {
        texts.push(package.to_string());
        texts.push(format!("{package}::{module}"));
        for event in ["PaymentMade", "TradeCreated", "Swapped", "CUSDMinted"] {
            texts.push(format!("{package}::{module}::{event}"));
        }
    }
    let contracts = texts
        .iter()
        .map(|text| parse_watch_target(text).expect("a target"));
    let addresses = CHAIN.iter().flat_map(|transaction| {
        let owners = transaction
            .balance_changes
            .iter()
            .map(|change| change.address);
        owners.chain([transaction.transaction.sender])
    });
    let addresses: BTreeSet<Address> = addresses.chain([Address::new([9; 32])]).collect();
    contracts
        .chain(addresses.into_iter().take(40).map(WatchTarget::Address))
        .chain(Coin::ALL.map(|coin| WatchTarget::CoinType(coin.type_tag())))
        .collect()
}

fn assert_is(list: &WatchList, model: &[WatchTarget]) {
    assert_eq!(list.len(), model.len());
    assert_eq!(list.is_empty(), model.is_empty());
    for target in universe() {
        assert_eq!(list.contains(&target), model.contains(&target), "{target}");
    }
    for transaction in CHAIN.iter().step_by(3) {
        let all = scan(transaction);
        let expected: BTreeSet<(ReasonKind, String)> = model
            .iter()
            .flat_map(|target| {
                let text = target.to_string();
                let hits = all.iter().filter(move |(_, found)| *found == text);
                hits.filter(|(kind, _)| fits(*kind, target)).cloned()
            })
            .collect();
        let found = list.match_transaction(transaction);
        let found_set: BTreeSet<_> = found.iter().map(|r| (r.kind, r.target.clone())).collect();
        assert_eq!(found.len(), found_set.len(), "a reason twice: {found:?}");
        assert_eq!(found_set, expected, "{}", transaction.place);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_list_is_what_its_changes_left(
        changes in prop::collection::vec((any::<bool>(), any::<prop::sample::Index>()), 0..60),
        by_hand in 0usize..60,
    ) {
        let universe = universe();
        let mut model: Vec<WatchTarget> = vec![];
        let (mut list, shared) = (WatchList::new(7), SharedWatchList::new(WatchList::new(7)));
        let mut log = vec![];
        for (version, (adds, index)) in (8u64..).zip(&changes) {
            let target = index.get(&universe).clone();
            model.retain(|other| *other != target);
            if *adds {
                model.push(target.clone());
            }
            log.push(WatchChange {
                version,
                op: if *adds { WatchOp::Add } else { WatchOp::Remove },
                target,
                account: None,
                effective_from: 0,
            });
        }
        // Some by hand, the rest from the log; once more changes nothing.
        let (first, rest) = log.split_at(by_hand.min(log.len()));
        for change in first {
            match change.op {
                WatchOp::Add => list.insert(change.target.clone()),
                WatchOp::Remove => list.remove(&change.target),
            }
        }
        list.apply(rest);
        shared.apply(&log);
        shared.apply(&log);
        assert_is(&list, &model);
        assert_is(&shared.read(), &model);
        let newest = log.last().map_or(7, |change| change.version);
        prop_assert_eq!(shared.read().version(), newest);
    }
}

#[test]
fn a_version_never_goes_back() {
    let mut list = WatchList::new(9);
    list.apply(&[WatchChange {
        version: 4,
        op: WatchOp::Add,
        target: WatchTarget::Address(Address::TWO),
        account: None,
        effective_from: 0,
    }]);
    assert_eq!(list.version(), 9);
    assert_eq!(list.len(), 1);
}
