//! The generated chain by itself: reproducible, valid in every digest and signature, and in
//! agreement with the generator's own books.

use std::collections::{BTreeMap, BTreeSet};

use sui_sdk_types::{
    Address, CheckpointData, Command, ExecutionStatus, Input, Owner, TransactionKind,
};
use vigia_devnet::{
    Chain, ChainConfig, Coin, FieldType, Packages, Party, declared_modules, generate, verify_chain,
};

fn config() -> ChainConfig {
    ChainConfig {
        users: 12,
        tps: 60,
        epoch_checkpoints: 25,
        relevant_per_mille: 600,
        upgrade_at: Some(20),
        ..ChainConfig::default()
    }
}

fn bytes(seed: u64) -> Vec<u8> {
    let config = ChainConfig { seed, ..config() };
    let checkpoints: Vec<_> = generate(config).take(30).collect();
    bcs::to_bytes(&checkpoints).unwrap()
}

#[test]
fn seed_decides_every_byte() {
    assert_eq!(bytes(1), bytes(1));
    assert_ne!(bytes(1), bytes(2));
}

#[test]
fn verifies_over_several_epochs() {
    let committee = Chain::new(config()).genesis_committee();
    let checkpoints: Vec<_> = generate(config()).take(85).collect();
    let last = &checkpoints.last().unwrap().checkpoint_summary.checkpoint;
    assert_eq!(last.epoch, 3);
    assert_eq!(verify_chain(committee, checkpoints).unwrap(), 85);
}

#[test]
fn verification_notices_a_changed_amount() {
    let committee = Chain::new(config()).genesis_committee();
    let mut checkpoints: Vec<_> = generate(config()).take(10).collect();
    let victim = checkpoints[7].transactions.last_mut().unwrap();
    let stranger = victim.output_objects[0].clone();
    victim.output_objects.push(stranger);
    let error = verify_chain(committee, checkpoints).unwrap_err();
    assert_eq!(error.sequence_number, 7);
}

#[test]
fn derived_balances_are_those_of_the_books() {
    let mut chain = Chain::new(config());
    let mut derived = BTreeMap::<(Address, Coin), i128>::new();
    for _ in 0..200 {
        add_balance_changes(&mut derived, &chain.next_checkpoint());
    }
    derived.retain(|_, amount| *amount != 0);
    let books = chain.balances();
    let of_addresses = books
        .iter()
        .filter_map(|((party, coin), amount)| match party {
            Party::Address(address) => Some(((*address, *coin), *amount)),
            _ => None,
        });
    assert_eq!(derived, of_addresses.collect());
    assert!(derived.values().all(|amount| *amount > 0));
    for coin in Coin::ALL {
        let everywhere: i128 = books.iter().filter(|e| e.0.1 == coin).map(|e| *e.1).sum();
        assert_eq!(everywhere, 0, "{coin} appears or vanishes");
    }
}

fn add_balance_changes(sums: &mut BTreeMap<(Address, Coin), i128>, data: &CheckpointData) {
    for executed in &data.transactions {
        let changes = vigia_core::derive_balance_changes(
            &executed.effects,
            &executed.input_objects,
            &executed.output_objects,
        );
        for change in &changes {
            let coin = Coin::from_type_tag(&change.coin_type).unwrap();
            *sums.entry((change.address, coin)).or_default() += change.amount;
        }
        let transfers_only = is_plain_transfer(&executed.transaction.transaction.kind);
        if transfers_only {
            let gas = i128::from(executed.effects.gas_summary().net_gas_usage());
            for coin in Coin::ALL {
                let tag = coin.type_tag();
                let of_coin = changes.iter().filter(|c| c.coin_type == tag);
                let sum: i128 = of_coin.map(|c| c.amount).sum();
                assert_eq!(sum, if coin == Coin::Sui { -gas } else { 0 });
            }
        }
    }
}

fn is_plain_transfer(kind: &TransactionKind) -> bool {
    let TransactionKind::ProgrammableTransaction(ptb) = kind else {
        return false;
    };
    let mut commands = ptb.commands.iter();
    commands.all(|c| !matches!(c, Command::MoveCall(_) | Command::Upgrade(_)))
}

#[test]
fn every_kind_of_story_happens() {
    let mut events = BTreeSet::new();
    let (mut failed, mut sponsored, mut merged, mut withdrawn) = (0, 0, 0, 0);
    for data in generate(config()).take(250) {
        for executed in &data.transactions {
            let transaction = &executed.transaction.transaction;
            for event in executed.events.iter().flat_map(|events| &events.0) {
                events.insert(event.type_.name().to_string());
            }
            if matches!(executed.effects.status(), ExecutionStatus::Failure { .. }) {
                failed += 1;
                assert!(executed.events.is_none());
            }
            sponsored += usize::from(transaction.gas_payment.owner != transaction.sender);
            if let TransactionKind::ProgrammableTransaction(ptb) = &transaction.kind {
                let is_merge = |c: &Command| matches!(c, Command::MergeCoins(_));
                merged += usize::from(ptb.commands.iter().any(is_merge));
                let is_withdrawal = |i: &Input| matches!(i, Input::FundsWithdrawal(_));
                withdrawn += usize::from(ptb.inputs.iter().any(is_withdrawal));
            }
        }
    }
    for kind in [failed, sponsored, merged, withdrawn] {
        assert!(kind > 5, "{failed} {sponsored} {merged} {withdrawn}");
    }
    for expected in [
        "CUSDMinted",
        "CUSDBurned",
        "AddressFrozen",
        "PaymentMade",
        "FeesWithdrawn",
        "FeeRecipientUpdated",
        "SystemPaused",
        "TradeCreated",
        "TradeAccepted",
        "TradeCompleted",
        "TradeCancelled",
        "DisputeOpened",
        "DisputeResolved",
        "TradeExpired",
        "InvitationCreated",
        "InvitationClaimed",
        "InvitationReclaimed",
        "Swapped",
    ] {
        assert!(events.contains(expected), "no {expected} among {events:?}");
    }
}

#[test]
fn events_decode_by_the_declared_layouts() {
    for data in generate(config()).take(120) {
        for executed in &data.transactions {
            for event in executed.events.iter().flat_map(|events| &events.0) {
                let Some(module) = declared_modules()
                    .iter()
                    .find(|m| m.name == event.type_.module().as_str())
                else {
                    continue;
                };
                let name = event.type_.name().as_str();
                let declared = module.structs.iter().find(|s| s.name == name).unwrap();
                let types = declared.fields.iter().map(|(_, field_type)| *field_type);
                let rest = types.fold(&event.contents[..], skip_field);
                assert!(rest.is_empty(), "{name} is longer than declared");
            }
        }
    }
}

fn skip_field(bytes: &[u8], field_type: FieldType) -> &[u8] {
    let length = match field_type {
        FieldType::Address | FieldType::Uid => 32,
        FieldType::Bool => 1,
        FieldType::U64 | FieldType::Balance => 8,
        FieldType::Bytes => 1 + usize::from(bytes[0]),
        FieldType::OptionAddress => 1 + 32 * usize::from(bytes[0]),
    };
    &bytes[length..]
}

#[test]
fn payments_call_the_upgraded_package_and_keep_their_event_type() {
    let ids = Packages::declared();
    let mut called = BTreeSet::new();
    for data in generate(config()).take(60) {
        let upgraded = data.checkpoint_summary.checkpoint.sequence_number >= 20;
        for executed in &data.transactions {
            for event in executed.events.iter().flat_map(|events| &events.0) {
                if event.type_.name().as_str() == "PaymentMade" {
                    assert_eq!(*event.type_.address(), ids.pay);
                    called.insert((upgraded, event.package_id));
                }
            }
        }
    }
    let expected = BTreeSet::from([(false, ids.pay), (true, ids.pay_upgraded)]);
    assert_eq!(called, expected);
}

#[test]
fn a_wallet_without_a_share_does_nothing() {
    let config = ChainConfig {
        relevant_per_mille: 0,
        ..config()
    };
    let users = Chain::new(config.clone()).users();
    let users: BTreeSet<_> = users.into_iter().map(|user| user.address).collect();
    for data in generate(config).skip(1).take(40) {
        for object in data.transactions.iter().flat_map(|t| &t.output_objects) {
            if let Owner::Address(owner) = object.owner() {
                assert!(!users.contains(owner));
            }
        }
    }
}

#[test]
fn stops_after_the_transactions_asked_for() {
    let config = ChainConfig {
        transactions: Some(100),
        ..config()
    };
    let story = generate(config).flat_map(|data| data.transactions);
    let by_people = story.filter(|t| t.transaction.transaction.sender != Address::ZERO);
    // The upgrade comes on top.
    assert_eq!(by_people.count(), 100);
}
