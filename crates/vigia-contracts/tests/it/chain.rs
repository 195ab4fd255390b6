//! What every transaction of a generated chain means, against what the test works out by itself:
//! from the function called, the event's own bytes, and balances. It reads no declaration.

use std::collections::{BTreeMap, BTreeSet};

use sui_sdk_types::{Command, TransactionKind};
use vigia_core::{
    AccountId, Activity, Address, AddressBook, Direction, ExecutedTransaction, Place, Slot, Status,
};
use vigia_devnet::{Coin, Packages};

use crate::support::{STORY, everything, hold, interpreter};

const ADMIN: i64 = 1_000;
const SPONSOR: i64 = 1_001;

/// What an activity has to say.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Said {
    account: i64,
    slot: String,
    kind: String,
    direction: &'static str,
    failed: bool,
    address: Option<Address>,
    money: Option<(String, i128)>,
    counterparty: Option<Address>,
    business_id: Option<String>,
    notify: Option<String>,
}

impl From<&Activity> for Said {
    fn from(activity: &Activity) -> Self {
        Self {
            account: activity.account.0,
            slot: activity.slot.to_string(),
            kind: activity.kind.clone(),
            direction: activity.direction.as_str(),
            failed: activity.status == Status::Failed,
            address: activity.address,
            money: activity.coin_type.clone().zip(activity.amount),
            counterparty: activity.counterparty,
            business_id: activity.business_id.clone(),
            notify: activity
                .notify
                .as_ref()
                .map(|kind| kind.as_str().to_owned()),
        }
    }
}

fn functions(transaction: &ExecutedTransaction) -> Vec<(Address, String)> {
    let TransactionKind::ProgrammableTransaction(program) = &transaction.transaction.kind else {
        return vec![];
    };
    let called = program.commands.iter().filter_map(|command| match command {
        Command::MoveCall(call) => Some((call.package, call.function.to_string())),
        _ => None,
    });
    called.collect()
}

fn coin_of(token: &[u8]) -> String {
    let coin = match token {
        b"CUSD" => Coin::Cusd,
        b"CONFIO" => Coin::Confio,
        other => panic!("{other:?} is not a token of the chain"),
    };
    coin.type_tag().to_string()
}

fn read<T: serde::de::DeserializeOwned>(
    transaction: &ExecutedTransaction,
    name: &str,
) -> Option<T> {
    let [event] = &transaction.events[..] else {
        return None;
    };
    let found = event.type_.name().as_str() == name;
    found.then(|| bcs::from_bytes(&event.contents).expect("a field table of the facts"))
}

struct Trade {
    seller: Address,
    buyer: Option<Address>,
    coin: String,
    amount: u64,
}

/// Works out what a transaction has to say, in chain order.
struct Expectation {
    accounts: BTreeMap<Address, i64>,
    trades: BTreeMap<Vec<u8>, Trade>,
    /// What was seen, so that the test notices a chain that lacks a story.
    seen: BTreeMap<String, usize>,
}

impl Expectation {
    fn said(
        &self,
        party: Address,
        (kind, direction, notify): (&str, &'static str, Option<&str>),
        money: Option<(&str, u64)>,
        counterparty: Option<Address>,
        id: Option<&[u8]>,
    ) -> Option<Said> {
        Some(Said {
            account: *self.accounts.get(&party)?,
            slot: "event/0".to_owned(),
            kind: kind.to_owned(),
            direction,
            failed: false,
            address: Some(party),
            money: money.map(|(coin, amount)| (coin.to_owned(), amount.into())),
            counterparty,
            business_id: id.map(|id| String::from_utf8(id.to_vec()).expect("ids are text")),
            notify: notify.map(ToOwned::to_owned),
        })
    }

    fn of(&mut self, tx: &ExecutedTransaction) -> Vec<Said> {
        let sender = tx.transaction.sender;
        let calls = functions(tx);
        let function = match &calls[..] {
            [] => "plain".to_owned(),
            [(package, _), ..] if *package == Address::TWO => "plain".to_owned(),
            [.., (_, function)] => function.clone(),
        };
        let bare = |status| Said {
            account: self.accounts.get(&sender).copied().unwrap_or_default(),
            slot: "transaction".to_owned(),
            kind: "transaction".to_owned(),
            direction: "neutral",
            failed: status == Status::Failed,
            address: Some(sender),
            money: None,
            counterparty: None,
            business_id: None,
            notify: None,
        };
        let known_sender = self.accounts.contains_key(&sender);
        if !tx.succeeded() {
            *self.seen.entry("failed".to_owned()).or_default() += 1;
            return known_sender
                .then(|| bare(Status::Failed))
                .into_iter()
                .collect();
        }
        let bare = bare(Status::Completed);
        *self.seen.entry(function.clone()).or_default() += 1;
        if tx.gas_payer() != sender {
            *self.seen.entry("sponsored".to_owned()).or_default() += 1;
        }
        let said = match function.as_str() {
            "plain" | "request_burn" => self.plain(tx),
            "pay_with_cusd" | "pay_with_confio" => self.payment(tx),
            "withdraw_fees" => self.withdrawn(tx),
            "mint_and_transfer" => self.mint(tx),
            "execute_burn" => self.burn(tx),
            "update_fee_recipient" => self.fee_recipient(tx),
            _ => self.trade_or_invitation(tx),
        };
        let declared = tx.events.iter().any(|event| {
            let dex = Packages::declared().dex;
            event.package_id != dex
        });
        if said.is_empty() && known_sender && !declared {
            return vec![bare];
        }
        said
    }

    /// Net movement by coin and address, without gas.
    fn net(tx: &ExecutedTransaction) -> BTreeMap<String, BTreeMap<Address, i128>> {
        let mut net = BTreeMap::<String, BTreeMap<Address, i128>>::new();
        for change in &tx.balance_changes {
            let gas = tx.effects.gas_summary();
            let fee = i128::from(gas.computation_cost + gas.storage_cost)
                - i128::from(gas.storage_rebate);
            let pays = change.address == tx.gas_payer() && change.coin_type == Coin::Sui.type_tag();
            let amount = change.amount + if pays { fee } else { 0 };
            if amount != 0 {
                let by_address = net.entry(change.coin_type.to_string()).or_default();
                by_address.insert(change.address, amount);
            }
        }
        net
    }

    fn plain(&self, tx: &ExecutedTransaction) -> Vec<Said> {
        let mut said = vec![];
        for (coin, by_address) in Self::net(tx) {
            let with_sign = |sign: i128| {
                let hits = by_address.iter().filter(move |(_, n)| n.signum() == sign);
                hits.map(|(address, _)| *address).collect::<Vec<_>>()
            };
            let (from, to) = (with_sign(-1), with_sign(1));
            for (address, amount) in &by_address {
                let Some(account) = self.accounts.get(address) else {
                    continue;
                };
                let (direction, others, notify) = if *amount > 0 {
                    let known = from.iter().any(|from| self.accounts.contains_key(from));
                    let notify = if known {
                        "SEND_RECEIVED"
                    } else {
                        "SEND_FROM_EXTERNAL"
                    };
                    ("in", &from, notify)
                } else {
                    ("out", &to, "SEND_SENT")
                };
                said.push(Said {
                    account: *account,
                    slot: format!("coin/{coin}"),
                    kind: "transfer".to_owned(),
                    direction,
                    failed: false,
                    address: Some(*address),
                    money: Some((coin.clone(), amount.abs())),
                    counterparty: match others[..] {
                        [other] => Some(other),
                        _ => None,
                    },
                    business_id: None,
                    notify: Some(notify.to_owned()),
                });
            }
        }
        said
    }

    fn payment(&self, tx: &ExecutedTransaction) -> Vec<Said> {
        type Fields = (Address, Address, u64, u64, u64, Vec<u8>, Vec<u8>, u64);
        let (payer, recipient, amount, fee, net, token, id, _): Fields =
            read(tx, "PaymentMade").expect("a payment says so");
        assert_eq!((fee, net), (amount * 90 / 10_000, amount - fee));
        let (coin, id) = (coin_of(&token), Some(&id[..]));
        let sent = ("payment", "out", Some("PAYMENT_SENT"));
        let received = ("payment", "in", Some("PAYMENT_RECEIVED"));
        [
            self.said(payer, sent, Some((&coin, amount)), Some(recipient), id),
            self.said(recipient, received, Some((&coin, net)), Some(payer), id),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn withdrawn(&self, tx: &ExecutedTransaction) -> Vec<Said> {
        type Fields = (Address, Address, u64, u64, u64);
        let (admin, recipient, cusd, confio, _): Fields =
            read(tx, "FeesWithdrawn").expect("a withdrawal says so");
        let Some(account) = self.accounts.get(&recipient) else {
            return vec![];
        };
        let coins = [(Coin::Cusd, cusd), (Coin::Confio, confio)];
        let paid = coins.into_iter().filter(|(_, amount)| *amount > 0);
        paid.map(|(coin, amount)| Said {
            account: *account,
            slot: format!("coin/{}", coin.type_tag()),
            kind: "fees_withdrawn".to_owned(),
            direction: "in",
            failed: false,
            address: Some(recipient),
            money: Some((coin.type_tag().to_string(), amount.into())),
            counterparty: (admin != recipient).then_some(admin),
            business_id: None,
            notify: None,
        })
        .collect()
    }

    fn mint(&self, tx: &ExecutedTransaction) -> Vec<Said> {
        let (amount, to, _): (u64, Address, Address) =
            read(tx, "CUSDMinted").expect("a mint says so");
        let coin = Coin::Cusd.type_tag().to_string();
        let words = ("mint", "in", Some("USDC_DEPOSIT_COMPLETED"));
        let said = self.said(to, words, Some((&coin, amount)), None, None);
        said.into_iter().collect()
    }

    fn burn(&self, tx: &ExecutedTransaction) -> Vec<Said> {
        let (amount, _): (u64, Address) = read(tx, "CUSDBurned").expect("a burn says so");
        let coin = Coin::Cusd.type_tag().to_string();
        let words = ("burn", "out", Some("USDC_WITHDRAWAL_COMPLETED"));
        let said = self.said(
            tx.transaction.sender,
            words,
            Some((&coin, amount)),
            None,
            None,
        );
        said.into_iter().collect()
    }

    fn fee_recipient(&self, tx: &ExecutedTransaction) -> Vec<Said> {
        let (old, new, _): (Address, Address, u64) =
            read(tx, "FeeRecipientUpdated").expect("says so");
        let words = ("fee_recipient_updated", "neutral", None);
        let told = [(old, new), (new, old)]
            .map(|(party, other)| self.said(party, words, None, Some(other), None));
        told.into_iter().flatten().collect()
    }

    fn trade_or_invitation(&mut self, tx: &ExecutedTransaction) -> Vec<Said> {
        let Some(event) = tx.events.first() else {
            return vec![];
        };
        let name = event.type_.name().as_str();
        *self.seen.entry(name.to_owned()).or_default() += 1;
        match name {
            "TradeCreated" => self.trade_created(tx),
            "InvitationCreated" | "InvitationClaimed" | "InvitationReclaimed" => {
                self.invitation(tx, name)
            }
            "TradeAccepted" | "TradeCompleted" | "TradeCancelled" | "DisputeOpened"
            | "DisputeResolved" | "TradeExpired" => self.trade_moved(tx, name),
            _ => vec![],
        }
    }

    fn trade_created(&mut self, tx: &ExecutedTransaction) -> Vec<Said> {
        type Fields = (Vec<u8>, Address, u64, Vec<u8>, u64, Vec<u8>, u64, u64);
        let (id, seller, amount, token, ..): Fields = read(tx, "TradeCreated").expect("says so");
        let coin = coin_of(&token);
        let words = ("trade_created", "out", None);
        let said = self.said(seller, words, Some((&coin, amount)), None, Some(&id));
        let trade = Trade {
            seller,
            buyer: None,
            coin,
            amount,
        };
        self.trades.insert(id, trade);
        said.into_iter().collect()
    }

    fn trade_moved(&mut self, tx: &ExecutedTransaction, name: &str) -> Vec<Said> {
        // Every event of a trade begins with its id.
        let contents = &tx.events[0].contents;
        let id = contents[1..=usize::from(contents[0])].to_vec();
        if name == "TradeAccepted" {
            let (_, buyer, _): (Vec<u8>, Address, u64) = read(tx, name).expect("says so");
            self.trades.get_mut(&id).expect("created before").buyer = Some(buyer);
        }
        let trade = &self.trades[&id];
        let (seller, buyer) = (trade.seller, trade.buyer);
        let (kind, to_seller, to_buyer) = match name {
            "TradeAccepted" => ("trade_accepted", "P2P_OFFER_ACCEPTED", "P2P_TRADE_STARTED"),
            "TradeCompleted" => (
                "trade_completed",
                "P2P_TRADE_COMPLETED",
                "P2P_CRYPTO_RELEASED",
            ),
            "TradeCancelled" => (
                "trade_cancelled",
                "P2P_TRADE_CANCELLED",
                "P2P_TRADE_CANCELLED",
            ),
            "TradeExpired" => (
                "trade_expired",
                "P2P_TRADE_CANCELLED",
                "P2P_TRADE_CANCELLED",
            ),
            "DisputeOpened" => ("trade_disputed", "P2P_TRADE_DISPUTED", "P2P_TRADE_DISPUTED"),
            _ => (
                "trade_resolved",
                "P2P_TRADE_COMPLETED",
                "P2P_TRADE_COMPLETED",
            ),
        };
        // Whether there was a buyer is not known when a cancellation arrives first.
        let told_of_buyer = !matches!(name, "TradeCancelled" | "TradeExpired");
        let of_seller = (kind, "neutral", Some(to_seller));
        let id = Some(&id[..]);
        let mut said: Vec<Said> = vec![];
        said.extend(self.said(seller, of_seller, None, buyer.filter(|_| told_of_buyer), id));
        if let Some(buyer) = buyer {
            let money = (name == "TradeCompleted").then_some((&*trade.coin, trade.amount));
            let direction = if money.is_some() { "in" } else { "neutral" };
            let words = (kind, direction, Some(to_buyer));
            said.extend(self.said(buyer, words, money, Some(seller), id));
        }
        let back = match name {
            "TradeCancelled" | "TradeExpired" => Some(("trade_refund", seller)),
            "DisputeResolved" => {
                type Fields = (Vec<u8>, Address, Address, u64);
                let (_, _, winner, _): Fields = read(tx, name).expect("says so");
                Some(("trade_award", winner))
            }
            _ => None,
        };
        if let Some((kind, to)) = back {
            let sender = tx.transaction.sender;
            let words = (kind, "in", None);
            let money = Some((&*trade.coin, trade.amount));
            let other = (sender != to).then_some(sender);
            let returned = self.said(to, words, money, other, id);
            said.extend(returned.map(|said| Said {
                slot: format!("coin/{}", trade.coin),
                ..said
            }));
        }
        said
    }

    fn invitation(&self, tx: &ExecutedTransaction, name: &str) -> Vec<Said> {
        type Created = (Vec<u8>, Address, u64, Vec<u8>, u64, Vec<u8>, u64);
        type Claimed = (Vec<u8>, Address, Address, u64, Vec<u8>, u64);
        type Reclaimed = (Vec<u8>, Address, u64, Vec<u8>, u64);
        let said: Vec<Option<Said>> = match name {
            "InvitationCreated" => {
                let (id, sender, amount, token, ..): Created = read(tx, name).expect("says so");
                let words = ("invitation_created", "out", Some("SEND_INVITATION_SENT"));
                let money = (&*coin_of(&token), amount);
                vec![self.said(sender, words, Some(money), None, Some(&id))]
            }
            "InvitationClaimed" => {
                let (id, from, to, amount, token, _): Claimed = read(tx, name).expect("says so");
                let id = Some(&id[..]);
                let coin = coin_of(&token);
                if from == to {
                    // Claimed by who sent it: nothing to tell anybody.
                    let words = ("invitation_claimed", "neutral", None);
                    vec![self.said(to, words, Some((&coin, amount)), Some(from), id)]
                } else {
                    let got = ("invitation_claimed", "in", Some("SEND_RECEIVED"));
                    let gone = (
                        "invitation_claimed",
                        "neutral",
                        Some("SEND_INVITATION_CLAIMED"),
                    );
                    vec![
                        self.said(to, got, Some((&coin, amount)), Some(from), id),
                        self.said(from, gone, None, Some(to), id),
                    ]
                }
            }
            _ => {
                let (id, sender, amount, token, _): Reclaimed = read(tx, name).expect("says so");
                let words = (
                    "invitation_reclaimed",
                    "in",
                    Some("SEND_INVITATION_EXPIRED"),
                );
                let money = (&*coin_of(&token), amount);
                vec![self.said(sender, words, Some(money), None, Some(&id))]
            }
        };
        said.into_iter().flatten().collect()
    }
}

fn accounts() -> BTreeMap<Address, i64> {
    let mut accounts: BTreeMap<Address, i64> = (1i64..)
        .zip(&STORY.users)
        .map(|(account, user)| (user.address, account))
        .collect();
    for tx in &STORY.transactions {
        if functions(tx)
            .iter()
            .any(|(_, name)| name == "mint_and_transfer")
        {
            accounts.insert(tx.transaction.sender, ADMIN);
        }
        if tx.gas_payer() != tx.transaction.sender {
            accounts.insert(tx.gas_payer(), SPONSOR);
        }
    }
    accounts
}

fn book(accounts: &BTreeMap<Address, i64>) -> AddressBook {
    let mut book = AddressBook::default();
    for (address, account) in accounts {
        hold(&mut book, *address, *account);
    }
    book
}

#[test]
fn every_transaction_means_what_it_did() {
    let accounts = accounts();
    let book = book(&accounts);
    let found = everything(&interpreter(), &STORY.transactions, &book);
    let mut expectation = Expectation {
        accounts,
        trades: BTreeMap::new(),
        seen: BTreeMap::new(),
    };
    // Genesis hands out coins by no transaction that anybody sent; the first is not a story.
    for tx in STORY
        .transactions
        .iter()
        .filter(|tx| tx.place.checkpoint > 0)
    {
        let mut expected = expectation.of(tx);
        let mut said: Vec<Said> = found[&tx.place].iter().map(Said::from).collect();
        expected.sort();
        said.sort();
        assert_eq!(said, expected, "{} {:?}", tx.place, functions(tx));
    }
    for story in [
        "plain",
        "failed",
        "sponsored",
        "pay_with_cusd",
        "pay_with_confio",
        "withdraw_fees",
        "mint_and_transfer",
        "update_fee_recipient",
        "request_burn",
        "execute_burn",
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
    ] {
        assert!(
            expectation.seen.contains_key(story),
            "the chain lacks {story}"
        );
    }
}

#[test]
fn activities_add_up_to_balances_and_no_slot_comes_twice() {
    let accounts = accounts();
    let book = book(&accounts);
    let interpreter = interpreter();
    let found = everything(&interpreter, &STORY.transactions, &book);
    let sui = Coin::Sui.type_tag().to_string();
    let mut slots = BTreeSet::<(Place, AccountId, Slot)>::new();
    for tx in &STORY.transactions {
        let mut sums = BTreeMap::<(i64, String), i128>::new();
        let mut add = |account: i64, coin: &str, amount: i128| {
            *sums.entry((account, coin.to_owned())).or_default() += amount;
        };
        for activity in &found[&tx.place] {
            let key = (activity.place, activity.account, activity.slot.clone());
            assert!(slots.insert(key), "twice: {activity:?}");
            let amount = activity.amount.unwrap_or_default();
            assert!(amount >= 0, "{activity:?}");
            if let Some(coin) = &activity.coin_type {
                match activity.direction {
                    Direction::In => add(activity.account.0, coin, -amount),
                    Direction::Out => add(activity.account.0, coin, amount),
                    Direction::Neutral => {}
                }
            }
        }
        for effect in interpreter.balance_effects(tx, &book) {
            add(accounts[&effect.address], &effect.coin_type, effect.amount);
        }
        if let Some(payer) = accounts.get(&tx.gas_payer()) {
            add(*payer, &sui, tx.gas_cost());
        }
        // A claim of one's own invitation comes back from the contract: shown as neutral.
        let own_claim = found[&tx.place]
            .iter()
            .any(|a| a.kind == "invitation_claimed" && a.counterparty == a.address);
        sums.retain(|_, sum| *sum != 0);
        assert!(sums.is_empty() || own_claim, "{}: {sums:?}", tx.place);
    }
}

#[test]
fn who_only_pays_gas_moves_no_coin() {
    let sui = Some(Coin::Sui.type_tag().to_string());
    let accounts = accounts();
    let found = everything(&interpreter(), &STORY.transactions, &book(&accounts));
    let mut checked = 0;
    for tx in STORY
        .transactions
        .iter()
        .filter(|tx| tx.place.checkpoint > 0)
    {
        let fee_alone = |address: &Address| {
            tx.balance_changes
                .iter()
                .filter(|c| c.address == *address && c.coin_type == Coin::Sui.type_tag())
                .all(|c| tx.gas_payer() == *address && c.amount == -tx.gas_cost())
        };
        for (address, account) in accounts.iter().filter(|(address, _)| fee_alone(address)) {
            checked += usize::from(tx.gas_payer() == *address);
            let sui = found[&tx.place]
                .iter()
                .find(|a| a.account.0 == *account && a.coin_type == sui);
            assert!(sui.is_none(), "{sui:?}");
        }
    }
    assert!(checked > 500, "{checked}");
}
