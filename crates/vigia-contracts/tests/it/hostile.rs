//! Transactions made to mislead, and those that wallets commonly show wrongly.

use std::collections::BTreeSet;

use proptest::prelude::*;
use vigia_contracts::{ContractFile, InterpretError, PackageIds, Registry};
use vigia_core::{AccountId, Address, BusinessFolder, Direction, WatchTarget};
use vigia_devnet::{Coin, Packages};

use crate::support::{Made, Payment, bytes_of, interpreter, interpreter_with, made, package_ids};
use crate::wallet::{
    ANA, ANA_SAVINGS, BETO, SPONSOR, STRANGER, all_activities, book, paid, payment, short, told,
};

#[test]
fn a_payment_is_told_once() {
    let as_paid = [
        "1 payment out 10000000 CUSD PAYMENT_SENT",
        "2 payment in 9910000 CUSD PAYMENT_RECEIVED",
    ];
    assert_eq!(told(&paid(Packages::declared().pay)), as_paid);
    assert_eq!(told(&paid(Packages::declared().pay_upgraded)), as_paid);
}

#[test]
fn events_of_another_package_are_nobodys_money() {
    let lookalike = Address::new([0x66; 32]);
    assert_eq!(
        told(&paid(lookalike)),
        [
            "1 transfer out 10000000 CUSD SEND_SENT",
            "2 transfer in 9910000 CUSD SEND_RECEIVED"
        ]
    );
    let nothing_moved = made(STRANGER).pays(lookalike, &payment(BETO, ANA, 10_000_000));
    assert!(told(&nothing_moved).is_empty());
    // The contract called is the real one; the type is defined elsewhere.
    let mut disguised = nothing_moved;
    disguised.0.events[0].package_id = Packages::declared().pay;
    assert!(told(&disguised).is_empty());
}

#[test]
fn a_coin_that_calls_itself_cusd_is_another_coin() {
    let mut fake = made(STRANGER)
        .moves(ANA, Coin::Cusd, 5)
        .moves(STRANGER, Coin::Cusd, -5);
    let text = Coin::Cusd.type_tag().to_string();
    let fake_type = text.replacen(&text[..66], &Address::new([0x66; 32]).to_string(), 1);
    for change in &mut fake.0.balance_changes {
        change.coin_type = fake_type.parse().expect("a coin type");
    }
    assert_eq!(
        all_activities(&fake)[0].coin_type.as_deref(),
        Some(&*fake_type)
    );
}

#[test]
fn bytes_that_do_not_fit_are_an_error_and_nothing_else() {
    let packages = Packages::declared();
    let whole = paid(packages.pay);
    let contents = whole.0.events[0].contents.clone();
    for cut in 0..contents.len() {
        let mut broken = whole.clone();
        broken.0.events[0].contents.truncate(cut);
        let error = interpreter().interpret(&broken.0, &book()).unwrap_err();
        let InterpretError::EventLayout { index, name, .. } = &error else {
            panic!("{error}");
        };
        assert_eq!((*index, name.as_str()), (0, "pay::PaymentMade"));
        // Who has to be asked about is still known.
        let parties = interpreter().parties(&broken.0);
        assert!(parties.contains(&ANA) && parties.contains(&BETO));
    }
    let mut longer = whole.clone();
    longer.0.events[0].contents.push(0);
    assert!(interpreter().interpret(&longer.0, &book()).is_err());
    // The same bytes under a name nobody declared hurt nobody.
    let elsewhere = made(ANA).emits(packages.pay, ("pay", "Receipt"), vec![1, 2, 3]);
    assert!(interpreter().interpret(&elsewhere.0, &book()).is_ok());
}

#[test]
fn ids_that_are_not_text_are_kept_as_digits() {
    let made = made(ANA).pays(
        Packages::declared().pay,
        &Payment {
            id: &[0xff, 0x01],
            ..payment(ANA, BETO, 10_000)
        },
    );
    let meant = interpreter().interpret(&made.0, &book()).unwrap();
    assert_eq!(meant.business_events[0].key.id, "0xff01");
}

#[test]
fn unknown_token_codes_show_no_coin() {
    for token in [&b"cusd"[..], b"CUSD ", b"USDT", b"", &[0xff]] {
        let made = made(ANA)
            .pays(
                Packages::declared().pay,
                &Payment {
                    token,
                    ..payment(ANA, BETO, 10_000_000)
                },
            )
            .moves(ANA, Coin::Usdc, -10_000_000)
            .moves(BETO, Coin::Usdc, 9_910_000);
        assert_eq!(
            told(&made),
            [
                "1 payment out - - PAYMENT_SENT",
                "1 transfer out 10000000 USDC SEND_SENT",
                "2 payment in - - PAYMENT_RECEIVED",
                "2 transfer in 9910000 USDC SEND_RECEIVED",
            ]
        );
    }
}

#[test]
fn paying_oneself_is_neutral_and_tells_nobody() {
    let pay = Packages::declared().pay;
    let same_address =
        made(ANA)
            .pays(pay, &payment(ANA, ANA, 10_000_000))
            .moves(ANA, Coin::Cusd, -90_000);
    let same_account = made(ANA)
        .pays(pay, &payment(ANA, ANA_SAVINGS, 10_000_000))
        .moves(ANA, Coin::Cusd, -10_000_000)
        .moves(ANA_SAVINGS, Coin::Cusd, 9_910_000);
    for made in [same_address, same_account] {
        assert_eq!(told(&made), ["1 payment neutral 10000000 CUSD -"]);
    }
}

#[test]
fn addresses_of_one_account_send_each_other_nothing() {
    let between = made(ANA)
        .moves(ANA, Coin::Cusd, -500)
        .moves(ANA_SAVINGS, Coin::Cusd, 500);
    assert_eq!(told(&between), ["1 transfer neutral 500 CUSD -"]);
    // Part of it goes to somebody else: that part is what was sent, and to whom.
    let partly = made(ANA)
        .moves(ANA, Coin::Cusd, -500)
        .moves(ANA_SAVINGS, Coin::Cusd, 200)
        .moves(BETO, Coin::Cusd, 300);
    let activities = all_activities(&partly);
    assert_eq!(short(&activities[0]), "1 transfer out 300 CUSD SEND_SENT");
    assert_eq!(activities[0].counterparty, Some(BETO));
    assert_eq!(
        short(&activities[1]),
        "2 transfer in 300 CUSD SEND_RECEIVED"
    );
    // A contract that Ana calls pays to her other address: she is not her own counterparty.
    let fetched = made(ANA).moves(ANA_SAVINGS, Coin::Usdc, 700);
    let activities = all_activities(&fetched);
    assert_eq!(short(&activities[0]), "1 transfer in 700 USDC -");
    assert_eq!(activities[0].counterparty, None);
}

#[test]
fn a_plain_send_beside_a_payment_shows() {
    let both = made(ANA)
        .pays(Packages::declared().pay, &payment(ANA, BETO, 10_000_000))
        .moves(ANA, Coin::Cusd, -15_000_000)
        .moves(BETO, Coin::Cusd, 9_910_000)
        .moves(STRANGER, Coin::Cusd, 5_000_000);
    assert_eq!(
        told(&both),
        [
            "1 payment out 10000000 CUSD PAYMENT_SENT",
            "1 transfer out 5000000 CUSD SEND_SENT",
            "2 payment in 9910000 CUSD PAYMENT_RECEIVED",
        ]
    );
    let sent = all_activities(&both).remove(1);
    assert_eq!(
        sent.counterparty,
        Some(STRANGER),
        "not the payment's recipient"
    );

    let to_the_same = made(ANA)
        .pays(Packages::declared().pay, &payment(ANA, BETO, 10_000_000))
        .moves(ANA, Coin::Cusd, -15_000_000)
        .moves(BETO, Coin::Cusd, 14_910_000);
    assert_eq!(
        told(&to_the_same)[3],
        "2 transfer in 5000000 CUSD SEND_RECEIVED"
    );
}

#[test]
fn two_payments_in_one_transaction_are_two() {
    let pay = Packages::declared().pay;
    let mut second = payment(ANA, BETO, 10_000_000);
    second.id = b"PAY-2";
    let twice = made(ANA)
        .pays(pay, &payment(ANA, BETO, 10_000_000))
        .pays(pay, &second)
        .moves(ANA, Coin::Cusd, -20_000_000)
        .moves(BETO, Coin::Cusd, 19_820_000);
    let told = told(&twice);
    assert_eq!(told.len(), 4, "{told:?}");
    assert!(told.iter().all(|one| one.contains(" payment ")), "{told:?}");
}

#[test]
fn an_event_that_moved_no_coin_makes_up_no_movement() {
    // The money came from elsewhere in the same transaction; nothing on Ana's side moved.
    let from_elsewhere = made(ANA)
        .pays(Packages::declared().pay, &payment(ANA, BETO, 10_000_000))
        .moves(BETO, Coin::Cusd, 9_910_000);
    assert_eq!(told(&from_elsewhere).len(), 2);
    // A credit in a contract's own ledger is no coin sent by who was credited.
    let contents = bytes_of(&(7_000_000u64, BETO, STRANGER));
    let credited =
        made(STRANGER).emits(Packages::declared().cusd, ("cusd", "CUSDMinted"), contents);
    assert_eq!(
        told(&credited),
        ["2 mint in 7000000 CUSD USDC_DEPOSIT_COMPLETED"]
    );
}

fn cancelled(id: &str) -> Vec<u8> {
    bytes_of(&(id.as_bytes(), ANA, b"motivo".as_slice(), 0u64))
}

#[test]
fn a_send_beside_a_cancelled_trade_is_no_refund() {
    let trade = Packages::declared().p2p_trade;
    let cancel =
        |made: Made| made.emits(trade, ("p2p_trade", "TradeCancelled"), cancelled("TRADE-1"));
    // Ana's escrow comes back and she sends some of it on.
    let sent_on =
        cancel(made(ANA))
            .moves(ANA, Coin::Cusd, 7_000_000)
            .moves(BETO, Coin::Cusd, 3_000_000);
    let activities = all_activities(&sent_on);
    assert_eq!(short(&activities[0]), "1 trade_refund in 7000000 CUSD -");
    assert_eq!(activities[0].business_id.as_deref(), Some("TRADE-1"));
    assert_eq!(
        short(&activities[1]),
        "2 transfer in 3000000 CUSD SEND_RECEIVED"
    );
    assert_eq!(activities[1].counterparty, Some(ANA));
    // Another coin that she sends in the same transaction has nothing to do with the trade.
    let other_coin = cancel(made(ANA))
        .moves(ANA, Coin::Cusd, 7_000_000)
        .moves(ANA, Coin::Usdc, -2)
        .moves(BETO, Coin::Usdc, 2);
    assert_eq!(
        told(&other_coin),
        [
            "1 trade_refund in 7000000 CUSD -",
            "1 transfer out 2 USDC SEND_SENT",
            "2 transfer in 2 USDC SEND_RECEIVED"
        ]
    );
    // Two trades cancelled at once: no business id is right for the sum.
    let two = cancel(made(ANA))
        .emits(trade, ("p2p_trade", "TradeCancelled"), cancelled("TRADE-2"))
        .moves(ANA, Coin::Cusd, 9);
    let activities = all_activities(&two);
    assert_eq!(activities[0].kind, "trade_refund");
    assert_eq!(activities[0].business_id, None);
}

#[test]
fn gas_is_no_movement_whoever_pays_and_however() {
    let paid_by_sender = made(ANA)
        .gas(3_000)
        .moves(ANA, Coin::Sui, -3_000)
        .moves(ANA, Coin::Cusd, -5)
        .moves(BETO, Coin::Cusd, 5);
    let sponsored = made(ANA)
        .gas(3_000)
        .sponsored_by(SPONSOR)
        .moves(SPONSOR, Coin::Sui, -3_000)
        .moves(ANA, Coin::Cusd, -5)
        .moves(BETO, Coin::Cusd, 5);
    for made in [paid_by_sender, sponsored] {
        assert_eq!(
            told(&made),
            [
                "1 transfer out 5 CUSD SEND_SENT",
                "2 transfer in 5 CUSD SEND_RECEIVED"
            ]
        );
    }
    // The whole gas coin is handed over: what arrives is what was sent less the fee.
    let everything_sent = made(ANA)
        .gas(3_000)
        .moves(ANA, Coin::Sui, -1_000_000)
        .moves(BETO, Coin::Sui, 997_000);
    assert_eq!(
        told(&everything_sent),
        [
            "1 transfer out 997000 SUI SEND_SENT",
            "2 transfer in 997000 SUI SEND_RECEIVED"
        ]
    );
    // Only the fee: a call, shown as one, to the sender alone.
    let only_gas = made(ANA)
        .gas(3_000)
        .sponsored_by(SPONSOR)
        .moves(SPONSOR, Coin::Sui, -3_000);
    assert_eq!(told(&only_gas), ["1 transaction neutral - - -"]);
}

#[test]
fn a_swap_of_ones_own_is_not_from_outside() {
    let swap = made(ANA)
        .moves(ANA, Coin::Sui, -1_000)
        .moves(ANA, Coin::Usdc, 3);
    assert_eq!(
        told(&swap),
        ["1 conversion out 1000 SUI -", "1 conversion in 3 USDC -"]
    );
    // Thrown at Ana by a contract that somebody else called: from who called.
    let thrown = made(STRANGER).moves(ANA, Coin::Usdc, 3);
    assert_eq!(told(&thrown), ["1 transfer in 3 USDC SEND_FROM_EXTERNAL"]);
    assert_eq!(all_activities(&thrown)[0].counterparty, Some(STRANGER));
    // The system is nobody.
    let of_system = made(Address::ZERO).moves(ANA, Coin::Sui, 3);
    assert_eq!(all_activities(&of_system)[0].counterparty, None);
}

#[test]
fn an_observer_who_is_a_party_is_told_as_a_party() {
    let pay = Packages::declared().pay;
    let mut book = book();
    for account in [2, 9] {
        book.observe(WatchTarget::Package(pay).to_string(), AccountId(account));
    }
    let meant = interpreter().interpret(&paid(pay).0, &book).unwrap();
    let observed: Vec<i64> = meant.activities.iter().map(|a| a.account.0).collect();
    assert_eq!(observed, [9], "Beto's row is the payment's");
    let frozen = made(STRANGER).emits(
        Packages::declared().cusd,
        ("cusd", "AddressFrozen"),
        bytes_of(&BETO),
    );
    let target = WatchTarget::Package(Packages::declared().cusd).to_string();
    book.observe(target, AccountId(2));
    let meant = interpreter().interpret(&frozen.0, &book).unwrap();
    let told: Vec<String> = meant.activities.iter().map(short).collect();
    assert_eq!(told, ["2 address_frozen neutral - - SECURITY_ALERT"]);
}

#[test]
fn small_integers_count_and_signs_do_not() {
    let shop = Address::new([0x77; 32]);
    let ids: PackageIds = [("shop".to_owned(), vec![shop])]
        .into_iter()
        .chain(package_ids())
        .collect();
    let text = r#"
        [[contract]]
        name = "shop"
        [[contract.event]]
        type = "shop::Sold"
        fields = ["order: u32", "buyer: address", "price: u16", "note: string"]
        object = "order"
        business_id = "order"
        state = "sold"
        activities = [
          { account = "buyer", kind = "bought", direction = "out", amount = "price", coin = "=0x2::sui::SUI" },
        ]
        [[contract.event]]
        type = "shop::Noted"
        fields = ["who: address", "note: string"]
        activities = [
          { account = "who", kind = "noted", direction = "out", amount = "note", coin = "=0x2::sui::SUI" },
        ]
    "#;
    let interpreter = interpreter_with(&[("shop.toml", text)], &ids);
    let sold = bytes_of(&(7u32, ANA, 300u16, "gracias"));
    let sale = made(ANA).emits(shop, ("shop", "Sold"), sold);
    let meant = interpreter.interpret(&sale.0, &book()).unwrap();
    let event = &meant.business_events[0];
    assert_eq!(event.key.id, "7");
    let outcome = interpreter.fold(&event.key, std::slice::from_ref(event), &book());
    assert_eq!(short(&outcome.activities[0]), "1 bought out 300 SUI -");
    for (note, shown) in [("5", "5"), ("-5", "-"), ("5.0", "-"), ("1e3", "-")] {
        let noted = made(STRANGER).emits(shop, ("shop", "Noted"), bytes_of(&(ANA, note)));
        let meant = interpreter.interpret(&noted.0, &book()).unwrap();
        let amount = short(&meant.activities[0]);
        assert!(
            amount.starts_with(&format!("1 noted out {shown} ")),
            "{amount}"
        );
    }
}

#[test]
fn an_object_field_that_no_event_has_is_refused() {
    let text = r#"
        [[contract]]
        name = "shop"
        [[contract.event]]
        type = "shop::Opened"
        fields = ["id: u64", "owner: address"]
        object = "order"
        business_id = "id"
        [[contract.event]]
        type = "shop::Closed"
        fields = ["id: u64"]
        object = "order"
        business_id = "id"
        activities = [{ account = "@ownr", kind = "closed", direction = "neutral" }]
    "#;
    let file = ContractFile::parse("shop.toml", text).unwrap();
    let built = Registry::new(&[("shop.toml".to_owned(), file)], &PackageIds::new());
    let error = built.unwrap_err().to_string();
    assert!(
        error.contains("\"ownr\"") && error.contains("id, owner"),
        "{error}"
    );
}

fn some_address() -> impl Strategy<Value = Address> {
    prop::sample::select(vec![
        ANA,
        ANA_SAVINGS,
        BETO,
        STRANGER,
        SPONSOR,
        Address::ZERO,
    ])
}

fn some_coin() -> impl Strategy<Value = Coin> {
    prop::sample::select(vec![Coin::Sui, Coin::Cusd, Coin::Confio])
}

fn some_amount() -> impl Strategy<Value = i128> {
    let limits = vec![
        i128::MIN,
        -i128::from(u64::MAX),
        -1,
        0,
        1,
        i128::from(u64::MAX),
        i128::MAX,
    ];
    prop_oneof![-1_000i128..1_000, prop::sample::select(limits)]
}

proptest! {
    #[test]
    fn whatever_a_transaction_says_no_slot_is_double_and_no_amount_negative(
        (sender, payer, gas) in (some_address(), some_address(), 0u64..2_000),
        moves in prop::collection::vec((some_address(), some_coin(), some_amount()), 0..8),
        payments in prop::collection::vec(
            (some_address(), some_address(), prop::sample::select(vec![0, 1, 500, u64::MAX])), 0..3
        ),
        trades in prop::collection::vec("[ab]", 0..3),
        rotate in 0usize..8,
    ) {
        let packages = Packages::declared();
        let mut transaction = made(sender).gas(gas).sponsored_by(payer);
        for (address, coin, amount) in &moves {
            transaction = transaction.moves(*address, *coin, *amount);
        }
        for (payer, recipient, amount) in &payments {
            transaction = transaction.pays(packages.pay, &payment(*payer, *recipient, *amount));
        }
        for id in &trades {
            let event = ("p2p_trade", "TradeCancelled");
            transaction = transaction.emits(packages.p2p_trade, event, cancelled(id));
        }
        let mut book = book();
        for target in interpreter().observed_targets(&transaction.0) {
            book.observe(target, AccountId(2));
        }
        let interpreter = interpreter();
        let meant = interpreter.interpret(&transaction.0, &book).expect("it fits");
        let mut activities = meant.activities.clone();
        let keys: BTreeSet<_> = meant.business_events.iter().map(|event| &event.key).collect();
        for key in keys {
            let events = meant.business_events.iter().filter(|e| e.key == *key).cloned();
            activities.extend(interpreter.fold(key, &events.collect::<Vec<_>>(), &book).activities);
        }
        let mut slots = BTreeSet::new();
        for activity in &activities {
            prop_assert!(activity.amount.unwrap_or_default() >= 0, "{activity:?}");
            prop_assert_eq!(activity.amount.is_some(), activity.coin_type.is_some());
            prop_assert!(slots.insert((activity.account, activity.slot.clone())), "{activity:?}");
            let itself = activity.counterparty
                .and_then(|address| book.account_at(&address, activity.place.checkpoint))
                == Some(activity.account);
            prop_assert!(
                !itself || activity.direction == Direction::Neutral
                    || activity.kind == "contract_event",
                "{activity:?}"
            );
        }
        // The order in which a node lists balance changes says nothing.
        if !moves.is_empty() && moves.iter().all(|(_, _, amount)| amount.unsigned_abs() <= 1_000) {
            transaction.0.balance_changes.rotate_left(rotate % moves.len());
            let again = interpreter.interpret(&transaction.0, &book).expect("it fits");
            prop_assert_eq!(again.activities, meant.activities);
        }
    }
}
