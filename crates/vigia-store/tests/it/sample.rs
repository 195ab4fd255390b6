//! Values for tests, with only what matters to them.

use bytes::Bytes;
use serde_json::{Value, json};
use vigia_core::{
    AccountId, AccountKind, Activity, Address, AddressBook, BalanceEffect, BusinessEvent,
    BusinessFolder, BusinessKey, BusinessOutcome, ChainId, CheckpointHeader, CheckpointRange,
    CoinInfo, Commit, Digest, Direction, Lane, Locale, MatchReason, NotificationKind, Place,
    RawTransaction, ReasonKind, Slot, Status, WatchTarget,
};
use vigia_store::{AccountSpec, UserSpec, WatchEntry};

pub(crate) const COIN: &str =
    "0x0000000000000000000000000000000000000000000000000000000000000abc::cusd::CUSD";

/// What [`COIN`] says of itself.
pub(crate) fn cusd() -> CoinInfo {
    CoinInfo {
        coin_type: COIN.to_owned(),
        decimals: Some(6),
        symbol: "cUSD".to_owned(),
        name: "Confío dollar".to_owned(),
        icon_url: Some("https://coins.example/cusd.svg".to_owned()),
    }
}

/// Version of a watch list that knows every change.
pub(crate) const NEWEST: u64 = 1 << 40;

pub(crate) fn address(n: u64) -> Address {
    let mut bytes = [0xaa; 32];
    bytes[24..].copy_from_slice(&n.to_be_bytes());
    Address::new(bytes)
}

pub(crate) fn digest(n: u64) -> Digest {
    let mut bytes = [0xdd; 32];
    bytes[24..].copy_from_slice(&n.to_be_bytes());
    Digest::new(bytes)
}

pub(crate) fn chain(n: u64) -> ChainId {
    ChainId(digest(n))
}

pub(crate) fn place(checkpoint: u64, index: u32) -> Place {
    Place { checkpoint, index }
}

/// The digest of the transaction at a place of `raw`.
pub(crate) fn digest_at(place: Place) -> Digest {
    digest(1_000_000 + place.checkpoint * 1_000 + u64::from(place.index))
}

pub(crate) fn header(sequence: u64) -> CheckpointHeader {
    CheckpointHeader {
        sequence,
        digest: digest(sequence),
        previous_digest: None,
        epoch: 3,
        timestamp_ms: timestamp_ms(sequence),
    }
}

pub(crate) fn timestamp_ms(checkpoint: u64) -> u64 {
    1_600_000_000_000 + (checkpoint % (1 << 40)) * 250
}

pub(crate) fn range(from: u64, last: u64) -> CheckpointRange {
    CheckpointRange {
        from,
        last: header(last),
        watch_version: NEWEST,
    }
}

/// A live commit of these checkpoints and nothing in them.
pub(crate) fn commit(from: u64, last: u64) -> Commit {
    Commit {
        lane: Lane::Live,
        ranges: vec![range(from, last)],
        raw_transactions: Vec::new(),
        activities: Vec::new(),
        balance_effects: Vec::new(),
        business_events: Vec::new(),
    }
}

/// A commit of one checkpoint in which each account received something at the same place.
pub(crate) fn transfer(checkpoint: u64, accounts: &[AccountId]) -> Commit {
    let place = place(checkpoint, 0);
    Commit {
        raw_transactions: vec![raw(place)],
        activities: accounts.iter().map(|id| activity(place, *id)).collect(),
        ..commit(checkpoint, checkpoint)
    }
}

pub(crate) fn imported(commit: Commit) -> Commit {
    Commit {
        lane: Lane::Import,
        ..commit
    }
}

pub(crate) fn raw(place: Place) -> RawTransaction {
    RawTransaction {
        place,
        digest: digest_at(place),
        timestamp_ms: timestamp_ms(place.checkpoint),
        epoch: 3,
        sender: address(1),
        package: Some(Address::TWO),
        module: Some("pay".to_owned()),
        function: None,
        failure: None,
        gas_cost: -12,
        reasons: vec![MatchReason {
            kind: ReasonKind::Sender,
            target: address(1).to_string(),
        }],
        transaction_bcs: Bytes::from_static(b"transaction"),
        effects_bcs: Bytes::from_static(b"effects"),
        events_bcs: None,
        balance_changes: Vec::new(),
        proof: vigia_core::Proof::unasked(),
        processing_error: None,
    }
}

/// That the account received 5 of a coin, and is told so.
pub(crate) fn activity(place: Place, account: AccountId) -> Activity {
    Activity {
        place,
        account,
        slot: Slot::Coin(COIN.to_owned()),
        kind: "transfer".to_owned(),
        direction: Direction::In,
        status: Status::Completed,
        address: None,
        coin_type: Some(COIN.to_owned()),
        amount: Some(5),
        counterparty: None,
        contract: None,
        business_id: None,
        details: json!({}),
        notify: Some(NotificationKind::new("SEND_RECEIVED")),
        suppressed: None,
    }
}

pub(crate) fn balance(place: Place, n: u64, amount: i128) -> BalanceEffect {
    BalanceEffect {
        place,
        address: address(n),
        coin_type: COIN.to_owned(),
        amount,
    }
}

pub(crate) fn account(external_id: &str) -> AccountSpec {
    AccountSpec {
        external_id: external_id.to_owned(),
        kind: AccountKind::Personal,
        display_name: format!("Account {external_id}"),
        members: vec![user(external_id)],
    }
}

pub(crate) fn user(external_id: &str) -> UserSpec {
    UserSpec {
        external_id: external_id.to_owned(),
        display_name: format!("User {external_id}"),
        locale: Locale::Pt,
    }
}

/// `address(n)` watched for the account and user of this name.
pub(crate) fn entry(n: u64, account_external_id: &str) -> WatchEntry {
    WatchEntry {
        target: WatchTarget::Address(address(n)),
        account: Some(account(account_external_id)),
    }
}

/// No business objects occur.
pub(crate) struct NoObjects;

impl BusinessFolder for NoObjects {
    fn parties(&self, _: &BusinessKey, _: &[BusinessEvent]) -> Vec<Address> {
        panic!("no business objects here")
    }

    fn fold(&self, _: &BusinessKey, _: &[BusinessEvent], _: &AddressBook) -> BusinessOutcome {
        panic!("no business objects here")
    }
}

/// Trades whose events name parties by number; every event concerns every party of the trade, so an
/// early event can be attributed to a late party only once that one is known.
pub(crate) struct Trades;

impl BusinessFolder for Trades {
    fn parties(&self, _: &BusinessKey, events: &[BusinessEvent]) -> Vec<Address> {
        events
            .iter()
            .filter_map(|event| event.fields["party"].as_u64().map(address))
            .collect()
    }

    fn fold(
        &self,
        key: &BusinessKey,
        events: &[BusinessEvent],
        book: &AddressBook,
    ) -> BusinessOutcome {
        let names: Vec<&str> = events.iter().map(|event| &*event.name).collect();
        let parties = self.parties(key, events);
        let activities = events
            .iter()
            .flat_map(|event| parties.iter().map(move |party| (event, party)))
            .filter_map(|(event, party)| {
                let account = book.account_at(party, event.place.checkpoint)?;
                Some(Activity {
                    slot: Slot::Event(event.event_index),
                    kind: event.name.clone(),
                    business_id: Some(key.id.clone()),
                    ..activity(event.place, account)
                })
            })
            .collect();
        BusinessOutcome {
            state: names.join(">"),
            data: json!({ "events": events.len() }),
            activities,
            is_listed: true,
            ..BusinessOutcome::default()
        }
    }
}

/// A commit of one checkpoint with one event of a trade.
pub(crate) fn trade_event(checkpoint: u64, trade: &str, name: &str, fields: Value) -> Commit {
    let place = place(checkpoint, 4);
    Commit {
        raw_transactions: vec![raw(place)],
        business_events: vec![BusinessEvent {
            key: BusinessKey {
                contract: "p2p".to_owned(),
                object: "trade".to_owned(),
                id: trade.to_owned(),
            },
            place,
            event_index: 2,
            name: name.to_owned(),
            fields,
        }],
        ..commit(checkpoint, checkpoint)
    }
}
