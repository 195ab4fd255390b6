//! What wallets got wrong, each by its name, as far as interpretation alone can get it wrong.

use std::collections::BTreeSet;

use vigia_core::{
    AccountId, Activity, Address, AddressBook, BusinessFolder, Direction, NotificationId, Proof,
    ProofPart, WatchTarget, Why,
};
use vigia_devnet::{Coin, Packages};

use crate::objects::did;
use crate::support::{Made, bytes_of, hold, interpreter, made, registry};
use crate::wallet::{
    ANA, ANA_SAVINGS, BETO, OTHER, STRANGER, all_activities, book, line, paid, payment, told,
};

const COLLECTOR: Address = Address::new([0xfe; 32]);

fn lines(made: &Made) -> Vec<String> {
    all_activities(made).iter().map(line).collect()
}

/// Activities, folds included, with more accounts than the wallet's people.
fn with(book: &AddressBook, made: &Made) -> Vec<Activity> {
    let interpreter = interpreter();
    let meant = interpreter.interpret(&made.0, book).expect("it fits");
    let mut activities = meant.activities;
    for event in &meant.business_events {
        let events = std::slice::from_ref(event);
        activities.extend(interpreter.fold(&event.key, events, book).activities);
    }
    activities.sort_by_key(|activity| (activity.account, activity.slot.clone()));
    activities
}

#[test]
fn a_send_between_two_users_is_no_external_deposit() {
    let sent = did(ANA)
        .coin(Coin::Cusd, Some((ANA, 900)), Some((ANA, 600)))
        .coin(Coin::Cusd, None, Some((BETO, 300)))
        .done();
    assert_eq!(
        lines(&sent),
        [
            "1 transfer out 300 CUSD SEND_SENT beto",
            "2 transfer in 300 CUSD SEND_RECEIVED ana",
        ]
    );
    // The same through a relay that sends for Ana: the coins are hers, so it came from her.
    let relayed = did(STRANGER)
        .coin(Coin::Cusd, Some((ANA, 300)), Some((BETO, 300)))
        .done();
    assert_eq!(lines(&relayed), lines(&sent));
}

#[test]
fn internal_transfers_are_not_called_external() {
    let between = made(ANA)
        .moves(ANA, Coin::Usdc, -500)
        .moves(ANA_SAVINGS, Coin::Usdc, 500);
    assert_eq!(lines(&between), ["1 transfer neutral 500 USDC - -"]);
    // Sent by one user, received by another, while strangers take part with another coin.
    let beside = made(ANA)
        .moves(ANA, Coin::Cusd, -5)
        .moves(BETO, Coin::Cusd, 5)
        .moves(STRANGER, Coin::Usdc, -7)
        .moves(OTHER, Coin::Usdc, 7);
    assert_eq!(
        lines(&beside),
        [
            "1 transfer out 5 CUSD SEND_SENT beto",
            "2 transfer in 5 CUSD SEND_RECEIVED ana",
        ]
    );
}

#[test]
fn a_payments_fee_leg_is_no_deposit() {
    let pay = Packages::declared().pay;
    let mut book = book();
    hold(&mut book, COLLECTOR, 4);
    let with_fee = paid(pay).moves(COLLECTOR, Coin::Cusd, 90_000);
    let activities = with(&book, &with_fee);
    let fee = activities.last().expect("the collector's");
    assert_eq!(line(fee), "4 payment_fee in 90000 CUSD - ana");
    assert_eq!(fee.business_id.as_deref(), Some("PAY-1"));
    assert_eq!(fee.contract.as_deref(), Some("pay"));
    assert_eq!(activities.len(), 3, "payer, recipient, collector");
    // Two payments at once: their fees arrive as one sum, and no payment's id is right for it.
    let mut second = payment(ANA, BETO, 10_000_000);
    second.id = b"PAY-2";
    let two = paid(pay)
        .pays(pay, &second)
        .moves(ANA, Coin::Cusd, -10_000_000)
        .moves(BETO, Coin::Cusd, 9_910_000)
        .moves(COLLECTOR, Coin::Cusd, 180_000);
    let fee = with(&book, &two).pop().expect("the collector's");
    assert_eq!(line(&fee), "4 payment_fee in 180000 CUSD - ana");
    assert_eq!(fee.business_id, None);
    // A send to the collector of another amount is a send.
    let sent = paid(pay)
        .moves(COLLECTOR, Coin::Cusd, 90_001)
        .moves(ANA, Coin::Cusd, -90_001);
    let sent = with(&book, &sent).pop().expect("the collector's");
    assert_eq!(line(&sent), "4 transfer in 90001 CUSD SEND_RECEIVED ana");
}

#[test]
fn a_payments_conversion_leg_is_no_deposit() {
    // Ana swaps SUI for 12 cUSD and pays 10 of them.
    let pay = Packages::declared().pay;
    let change_left = made(ANA)
        .pays(pay, &payment(ANA, BETO, 10_000_000))
        .moves(ANA, Coin::Sui, -4_000)
        .moves(ANA, Coin::Cusd, 2_000_000)
        .moves(BETO, Coin::Cusd, 9_910_000);
    assert_eq!(
        lines(&change_left),
        [
            "1 payment out 10000000 CUSD PAYMENT_SENT beto",
            "1 conversion out 4000 SUI - -",
            "1 conversion in 12000000 CUSD - -",
            "2 payment in 9910000 CUSD PAYMENT_RECEIVED ana",
        ]
    );
    // All of it was paid: nothing arrived, and the SUI was sent to nobody.
    let nothing_left = made(ANA)
        .pays(pay, &payment(ANA, BETO, 10_000_000))
        .moves(ANA, Coin::Sui, -4_000)
        .moves(BETO, Coin::Cusd, 9_910_000);
    assert_eq!(lines(&nothing_left)[1], "1 conversion out 4000 SUI - -");
    // Only who converts converts: a coin thrown at Ana while she puts one into a contract of somebody
    // else's transaction came from outside.
    let thrown = made(STRANGER)
        .moves(ANA, Coin::Sui, -4_000)
        .moves(ANA, Coin::Usdc, 3);
    assert_eq!(
        lines(&thrown),
        [
            "1 transfer out 4000 SUI SEND_SENT -",
            "1 transfer in 3 USDC SEND_FROM_EXTERNAL stranger",
        ]
    );
    // One leg goes to a person: that one was sent.
    let sent = made(ANA)
        .moves(ANA, Coin::Sui, -4_000)
        .moves(BETO, Coin::Sui, 4_000)
        .moves(ANA, Coin::Usdc, 3);
    assert_eq!(
        lines(&sent),
        [
            "1 transfer out 4000 SUI SEND_SENT beto",
            "1 transfer in 3 USDC - -",
            "2 transfer in 4000 SUI SEND_RECEIVED ana",
        ]
    );
}

#[test]
fn a_fee_is_subtracted_once() {
    let (cusd, sui) = (
        Coin::Cusd.type_tag().to_string(),
        Coin::Sui.type_tag().to_string(),
    );
    let paid = paid(Packages::declared().pay)
        .gas(3_000)
        .moves(ANA, Coin::Sui, -3_000);
    let effects = interpreter().balance_effects(&paid.0, &book());
    let moved = |address, coin: &str| -> i128 {
        let of = effects
            .iter()
            .filter(|effect| effect.address == address && effect.coin_type == coin);
        of.map(|effect| effect.amount).sum()
    };
    let shown = |account, coin: &str| -> i128 {
        let activities = all_activities(&paid);
        let of = activities.iter().filter(|activity| {
            activity.account == AccountId(account) && activity.coin_type.as_deref() == Some(coin)
        });
        of.map(|activity| match activity.direction {
            Direction::In => activity.amount.unwrap_or_default(),
            Direction::Out => -activity.amount.unwrap_or_default(),
            Direction::Neutral => 0,
        })
        .sum()
    };
    // What is shown is what the balance moved by: the payer pays the whole amount, the recipient
    // gets the net one, and nobody the fee besides.
    assert_eq!(
        (shown(1, &cusd), moved(ANA, &cusd)),
        (-10_000_000, -10_000_000)
    );
    assert_eq!(
        (shown(2, &cusd), moved(BETO, &cusd)),
        (9_910_000, 9_910_000)
    );
    // Gas is told with the transaction, and in the balance once.
    assert_eq!((shown(1, &sui), moved(ANA, &sui)), (0, -3_000));
    assert_eq!(paid.0.gas_cost(), 3_000);
}

#[test]
fn one_event_reached_by_two_paths_tells_once() {
    let pay = Packages::declared().pay;
    let mut book = book();
    // Beto is a party, watches the package, its module and the event, and holds both addresses.
    hold(&mut book, OTHER, 2);
    for target in interpreter().observed_targets(&paid(pay).0) {
        book.observe(target, AccountId(2));
    }
    book.observe(WatchTarget::Package(pay).to_string(), AccountId(2));
    let activities = with(&book, &paid(pay));
    let of_beto: Vec<&Activity> = activities
        .iter()
        .filter(|activity| activity.account == AccountId(2))
        .collect();
    assert_eq!(of_beto.len(), 1, "{of_beto:?}");
    // Seen again, the message has the same id: a duplicate is recognisable.
    let id = |activity: &Activity| {
        let digest = &paid(pay).0.digest;
        NotificationId::of_activity(activity.place, digest, activity.account, &activity.slot)
    };
    let once: BTreeSet<_> = activities.iter().map(id).collect();
    let again: BTreeSet<_> = with(&book, &paid(pay)).iter().map(id).collect();
    assert_eq!(once, again);
    assert_eq!(once.len(), activities.len());
}

#[test]
fn a_recipient_is_told_whichever_app_the_sender_used() {
    // No event, no contract, no announcement, nobody known but the recipient.
    let plain = did(STRANGER)
        .coin(Coin::Cusd, Some((STRANGER, 300)), Some((BETO, 300)))
        .done();
    let elsewhere = Address::new([0x67; 32]);
    let through_a_contract =
        plain
            .clone()
            .emits(elsewhere, ("router", "Sent"), bytes_of(&(STRANGER, BETO)));
    let from_a_balance = did(STRANGER)
        .balance(STRANGER, Coin::Cusd, -300)
        .balance(BETO, Coin::Cusd, 300)
        .done();
    for made in [plain, through_a_contract, from_a_balance] {
        assert_eq!(
            lines(&made),
            ["2 transfer in 300 CUSD SEND_FROM_EXTERNAL stranger"]
        );
    }
}

#[test]
fn an_external_counterparty_has_its_address() {
    let sent = did(ANA)
        .coin(Coin::Cusd, Some((ANA, 300)), Some((STRANGER, 300)))
        .done();
    assert_eq!(all_activities(&sent)[0].counterparty, Some(STRANGER));
    // Of several, each is listed with its part, the largest first, one's own addresses left out.
    let several = did(ANA)
        .coin(Coin::Cusd, Some((ANA, 900)), Some((ANA_SAVINGS, 50)))
        .coin(Coin::Cusd, None, Some((BETO, 250)))
        .coin(Coin::Cusd, None, Some((STRANGER, 600)))
        .done();
    let activity = &all_activities(&several)[0];
    assert_eq!(activity.counterparty, None);
    let expected = serde_json::json!({
        "counterparty_count": 2,
        "counterparties": [
            { "address": STRANGER.to_string(), "amount": "600" },
            { "address": BETO.to_string(), "amount": "250" },
        ],
    });
    assert_eq!(activity.details, expected);
    // However many there are, the list has an end.
    let many = (0..200u8).fold(made(ANA).moves(ANA, Coin::Cusd, -200), |made, n| {
        made.moves(Address::new([n; 32]), Coin::Cusd, 1)
    });
    let details = &all_activities(&many)[0].details;
    assert_eq!(
        details["counterparty_count"], 198,
        "Ana's and Beto's among 200"
    );
    assert_eq!(details["counterparties"].as_array().map(Vec::len), Some(32));
}

#[test]
fn internal_token_codes_are_shown_to_nobody() {
    let registry = registry();
    let cusd = Coin::Cusd.type_tag().to_string();
    let shown = registry.coins().find(|coin| coin.coin_type == cusd);
    assert_eq!(
        shown.map(|coin| coin.symbol.as_str()),
        Some("cUSD"),
        "its code is CUSD"
    );
    // A code that nobody declared gives an activity no coin and no amount, rather than its own name.
    let mut renamed = payment(ANA, BETO, 10_000_000);
    renamed.token = b"CUSD_V2";
    let made = made(ANA).pays(Packages::declared().pay, &renamed);
    assert_eq!(
        told(&made),
        [
            "1 payment out - - PAYMENT_SENT",
            "2 payment in - - PAYMENT_RECEIVED"
        ]
    );
}

#[test]
fn gas_of_unproven_amounts_is_no_receipt() {
    // What the objects would have told is not known, so there are no balance changes; gas is in the
    // effects, which are proven.
    let mut unproven = made(ANA).gas(3_000);
    unproven.0.proof =
        Proof::whole(7).without(ProofPart::Amounts, Why::new("an object is missing"));
    assert_eq!(lines(&unproven), ["1 transaction neutral - - - -"]);
    // Proven to be none, they are none: Ana took out of a contract just what gas cost.
    unproven.0.proof = Proof::whole(7);
    assert_eq!(lines(&unproven), ["1 transfer in 3000 SUI - -"]);
}
