//! Chain data for tests, committed the way workers do it.

use bytes::Bytes;
use serde_json::{Value, json};
use vigia_contracts::{ContractFile, PackageIds, Registry};
use vigia_core::{
    AccountId, AccountKind, Activity, Address, AddressBook, BalanceEffect, BusinessEvent,
    BusinessFolder, BusinessKey, BusinessOutcome, CheckpointHeader, CheckpointRange, CoinInfo,
    Commit, Digest, Direction, Event, Lane, Locale, MatchReason, NotificationKind, Place,
    RawTransaction, ReasonKind, Slot, Status, WatchTarget,
};
use vigia_store::{AccountSpec, UserSpec, WatchEntry};

pub(crate) const CUSD: &str =
    "0x0000000000000000000000000000000000000000000000000000000000000abc::cusd::CUSD";
/// When checkpoint 0 was.
pub(crate) const GENESIS_MS: u64 = 1_790_000_000_000;

pub(crate) fn address(n: u8) -> Address {
    Address::new([n; 32])
}

pub(crate) fn digest(checkpoint: u64) -> Digest {
    let mut bytes = [7; 32];
    bytes[24..].copy_from_slice(&checkpoint.to_be_bytes());
    Digest::new(bytes)
}

pub(crate) fn cusd() -> CoinInfo {
    CoinInfo {
        coin_type: CUSD.to_owned(),
        decimals: Some(6),
        symbol: "cUSD".to_owned(),
        name: "Confío Dollar".to_owned(),
        icon_url: None,
    }
}

/// `address(n)` watched for an account with one member of the same external id.
pub(crate) fn entry(n: u8, external_id: &str, display_name: &str) -> WatchEntry {
    WatchEntry {
        target: WatchTarget::Address(address(n)),
        account: Some(AccountSpec {
            external_id: external_id.to_owned(),
            kind: AccountKind::Personal,
            display_name: display_name.to_owned(),
            members: vec![UserSpec {
                external_id: external_id.to_owned(),
                display_name: display_name.to_owned(),
                locale: Locale::Es,
            }],
        }),
    }
}

/// One transaction in a checkpoint of its own, in which `to` receives 5 cUSD of `from`.
pub(crate) fn transfer(checkpoint: u64, from: (u8, AccountId), to: (u8, AccountId)) -> Commit {
    let place = Place {
        checkpoint,
        index: 0,
    };
    let half = |who: (u8, AccountId), other: u8, direction, notify: &str| Activity {
        place,
        account: who.1,
        slot: Slot::Coin(CUSD.to_owned()),
        kind: "transfer".to_owned(),
        direction,
        status: Status::Completed,
        address: Some(address(who.0)),
        coin_type: Some(CUSD.to_owned()),
        amount: Some(5_000_000),
        counterparty: Some(address(other)),
        contract: None,
        business_id: None,
        details: json!({ "memo": "almuerzo" }),
        notify: Some(NotificationKind::new(notify)),
        suppressed: None,
    };
    let effect = |n, amount| BalanceEffect {
        place,
        address: address(n),
        coin_type: CUSD.to_owned(),
        amount,
    };
    Commit {
        lane: Lane::Live,
        ranges: vec![range(checkpoint)],
        raw_transactions: vec![raw(place, from.0, to.0)],
        activities: vec![
            half(from, to.0, Direction::Out, "SEND_SENT"),
            half(to, from.0, Direction::In, "SEND_RECEIVED"),
        ],
        balance_effects: vec![effect(from.0, -5_000_000), effect(to.0, 5_000_000)],
        business_events: Vec::new(),
    }
}

fn range(checkpoint: u64) -> CheckpointRange {
    CheckpointRange {
        from: checkpoint,
        last: CheckpointHeader {
            sequence: checkpoint,
            digest: digest(checkpoint),
            previous_digest: None,
            epoch: 9,
            timestamp_ms: GENESIS_MS + checkpoint * 1_000,
        },
        watch_version: u64::from(u32::MAX),
    }
}

fn raw(place: Place, from: u8, to: u8) -> RawTransaction {
    let reason = |kind, n| MatchReason {
        kind,
        target: address(n).to_string(),
    };
    RawTransaction {
        place,
        digest: digest(place.checkpoint),
        timestamp_ms: GENESIS_MS + place.checkpoint * 1_000,
        epoch: 9,
        sender: address(from),
        package: Some(Address::TWO),
        module: Some("pay".to_owned()),
        function: Some("split_and_transfer".to_owned()),
        failure: None,
        gas_cost: 1_964_320,
        reasons: vec![
            reason(ReasonKind::Sender, from),
            reason(ReasonKind::BalanceOwner, to),
        ],
        transaction_bcs: Bytes::from_static(b"transaction"),
        effects_bcs: Bytes::from_static(b"effects"),
        events_bcs: Some(events_bcs(from)),
        balance_changes: Vec::new(),
        proof: vigia_core::Proof::unasked(),
        processing_error: None,
    }
}

/// An event that is not declared, one that is, and one that its declaration does not fit.
fn events_bcs(sender: u8) -> Bytes {
    let event = |name: &str, contents: Vec<u8>| Event {
        package_id: Address::TWO,
        module: "pay".parse().unwrap(),
        sender: address(sender),
        type_: format!("0x2::pay::{name}").parse().unwrap(),
        contents,
    };
    let noted = bcs::to_bytes(&("<b>gracias</b>", u64::MAX, None::<u8>)).unwrap();
    let events = vec![
        event("Paid", vec![0xc0, 0xff, 0xee]),
        event("Noted", noted),
        event("Noted", vec![0xba, 0xdb]),
    ];
    bcs::to_bytes(&events).unwrap().into()
}

/// Declares the event `pay::Noted`.
pub(crate) fn registry() -> Registry {
    let text = r#"
        [[contract]]
        name = "pay"
        package = "0x2"
        [[contract.event]]
        type = "pay::Noted"
        fields = ["text: string", "amount: u64", "tip: option<u8>"]

        [[coin]]
        type = "0xabc::cusd::CUSD"
        code = "CUSD"
        symbol = "cUSD"
        name = "Confío Dollar"
        decimals = 6

        [[contract]]
        name = "shop"
        package = "0x3"
        [[contract.event]]
        type = "shop::Paid"
        fields = ["order: string", "by: address", "to: address", "amount: u64"]
        object = "payment"
        business_id = "order"
        state = "paid"
        final = true
        pays = { to = "to", amount = "amount", coin = "=0xabc::cusd::CUSD" }
        activities = [{ account = "to", kind = "payment", direction = "in", amount = "amount", coin = "=0xabc::cusd::CUSD" }]
        [[contract.event]]
        type = "shop::Offered"
        fields = ["offer: string", "by: address", "amount: u64", "until: u64"]
        object = "trade"
        business_id = "offer"
        state = "created"
        deadline = "until"
        holds = { from = "by", amount = "amount", coin = "=0xabc::cusd::CUSD" }
        activities = [{ account = "by", kind = "trade_created", direction = "out", amount = "amount", coin = "=0xabc::cusd::CUSD" }]
        [[contract.event]]
        type = "shop::Withdrawn"
        fields = ["offer: string"]
        object = "trade"
        business_id = "offer"
        state = "cancelled"
        final = true
    "#;
    let file = ContractFile::parse("pay.toml", text).unwrap();
    Registry::new(&[("pay.toml".to_owned(), file)], &PackageIds::new()).unwrap()
}

/// A commit of a checkpoint with one event of the contract `shop`.
#[cfg_attr(not(test), expect(dead_code, reason = "the sample page has no shop"))]
pub(crate) fn shop(checkpoint: u64, object: &str, id: &str, name: &str, fields: Value) -> Commit {
    let place = Place {
        checkpoint,
        index: 0,
    };
    Commit {
        lane: Lane::Live,
        ranges: vec![range(checkpoint)],
        raw_transactions: vec![raw(place, 1, 2)],
        activities: Vec::new(),
        balance_effects: Vec::new(),
        business_events: vec![BusinessEvent {
            key: BusinessKey {
                contract: "shop".to_owned(),
                object: object.to_owned(),
                id: id.to_owned(),
            },
            place,
            event_index: 0,
            name: format!("shop::{name}"),
            fields,
        }],
    }
}

/// No business objects occur.
pub(crate) struct NoObjects;

impl BusinessFolder for NoObjects {
    fn parties(&self, _: &BusinessKey, _: &[BusinessEvent]) -> Vec<Address> {
        Vec::new()
    }

    fn fold(&self, _: &BusinessKey, _: &[BusinessEvent], _: &AddressBook) -> BusinessOutcome {
        unreachable!("no business events here")
    }
}
