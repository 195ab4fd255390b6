//! Invoices and business objects as people look for them, within their scope (I-14).

use std::collections::BTreeSet;

use serde_json::json;
use vigia_core::{
    AccountId, Address, AddressBook, BusinessEvent, BusinessFolder, BusinessKey, BusinessOutcome,
    Escrow, Invoice, InvoiceState, Permissions, RECEIVED, Receipts, Scope,
};
use vigia_store::{
    ApplicationChange, ApplicationStore as _, BusinessStore, InvoiceOutcome, InvoiceRow,
    InvoiceSpec, ReadStore, UserSpec, WatchEntry, WatchStore,
};

use crate::sample::{
    COIN, Trades, account, address, digest_at, entry, imported, place, trade_event, user,
};
use crate::suite::correction::Named;
use crate::suite::{Db, Fixture, NOW_MS};

/// Ana's invoice of 100 under an id.
pub(crate) fn spec(id: &str) -> InvoiceSpec {
    InvoiceSpec {
        account: "ana".to_owned(),
        invoice: Invoice {
            contract: "p2p".to_owned(),
            object: "trade".to_owned(),
            business_id: id.to_owned(),
            account: AccountId(0),
            address: address(1),
            coin_type: COIN.to_owned(),
            amount: 100,
            note: "café \u{2615}".to_owned(),
            due_at_ms: Some(NOW_MS + 5),
        },
    }
}

pub(crate) async fn created<F: Fixture>(db: &Db<F>, spec: &InvoiceSpec) -> InvoiceRow {
    match db.store.invoice_create(&Scope::All, spec).await.unwrap() {
        InvoiceOutcome::There(row) => *row,
        other => panic!("{other:?}"),
    }
}

/// Rows for copies.
pub(crate) async fn fill<F: Fixture>(db: &Db<F>) {
    let largest = InvoiceSpec {
        invoice: Invoice {
            amount: i128::MAX,
            due_at_ms: None,
            ..spec("i-0").invoice
        },
        ..spec("i-0")
    };
    created(db, &largest).await;
    let second = created(db, &spec("i-1")).await;
    db.store
        .invoice_cancel(&Scope::All, second.id)
        .await
        .unwrap();
    let held = trade_event(
        8,
        "t-9",
        "Created",
        json!({ "from": 1, "to": 2, "amount": 7 }),
    );
    db.apply_folding(&imported(held), &Deals).await;
}

/// `Paid` pays `amount` to `to`; `Created` holds `amount` of `from`'s for `to` until `Done`.
struct Deals;

impl BusinessFolder for Deals {
    fn parties(&self, key: &BusinessKey, events: &[BusinessEvent]) -> Vec<Address> {
        Trades.parties(key, events)
    }

    fn fold(
        &self,
        key: &BusinessKey,
        events: &[BusinessEvent],
        book: &AddressBook,
    ) -> BusinessOutcome {
        let mut outcome = Trades.fold(key, events, book);
        let mut receipts = Receipts::default();
        for event in events {
            let number = |name: &str| event.fields[name].as_u64();
            let amount = number("amount").map_or(0, i128::from);
            match &*event.name {
                "Paid" => receipts.add(address(number("to").unwrap()), COIN, amount),
                "Created" => {
                    outcome.deadline_ms = number("deadline");
                    outcome.escrow = Some(Escrow {
                        from: address(number("from").unwrap()),
                        to: number("to").map(address),
                        coin_type: COIN.to_owned(),
                        amount,
                    });
                }
                _ => (outcome.deadline_ms, outcome.escrow) = (None, None),
            }
        }
        outcome.data = json!({ RECEIVED: receipts.to_json() });
        outcome
    }
}

pub(crate) async fn an_invoice_is_created_once<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let first = created(&db, &spec("i-1")).await;
    assert_eq!(first.invoice.account, db.account(1).await);
    assert_eq!((&*first.account.0, first.created_at_ms), ("ana", NOW_MS));
    db.clock.set(NOW_MS + 9);
    assert_eq!(created(&db, &spec("i-1")).await, first, "the same again");
    let mut other = spec("i-1");
    other.invoice.amount = 99;
    let taken = db.store.invoice_create(&Scope::All, &other).await.unwrap();
    assert_eq!(taken, InvoiceOutcome::Taken(Box::new(first.clone())));
    // Of another account it is another invoice.
    let mut of_beto = spec("i-1");
    of_beto.account = "beto".to_owned();
    of_beto.invoice.address = address(2);
    assert_ne!(created(&db, &of_beto).await.id, first.id);

    let cancelled = db
        .store
        .invoice_cancel(&Scope::All, first.id)
        .await
        .unwrap();
    assert_eq!(cancelled.unwrap().cancelled_at_ms, Some(NOW_MS + 9));
    db.clock.set(NOW_MS + 20);
    let again = db
        .store
        .invoice_cancel(&Scope::All, first.id)
        .await
        .unwrap();
    assert_eq!(again.unwrap().cancelled_at_ms, Some(NOW_MS + 9), "once");
    assert_eq!(
        db.store.invoice_cancel(&Scope::All, 999).await.unwrap(),
        None
    );
}

pub(crate) async fn invoices_are_ones_own<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let (ana, beto) = (db.scope("ana").await, db.scope("beto").await);
    let create = |scope: Scope, spec: InvoiceSpec| {
        let store = db.store.clone();
        async move { store.invoice_create(&scope, &spec).await.unwrap() }
    };
    // Who is no member learns nothing, not even that there is such an account.
    assert_eq!(
        create(beto.clone(), spec("i")).await,
        InvoiceOutcome::NoAccount
    );
    let mut nobody = spec("i");
    nobody.account = "nobody".to_owned();
    assert_eq!(create(Scope::All, nobody).await, InvoiceOutcome::NoAccount);
    let mut not_held = spec("i");
    not_held.invoice.address = address(2);
    assert_eq!(create(ana.clone(), not_held).await, InvoiceOutcome::NotHeld);
    let InvoiceOutcome::There(row) = create(ana.clone(), spec("i")).await else {
        panic!("ana may");
    };
    let store = &db.store;
    assert_eq!(store.invoice_find(&beto, row.id).await.unwrap(), None);
    assert_eq!(store.invoice_cancel(&beto, row.id).await.unwrap(), None);
    assert_eq!(store.invoice_page(&beto, None, 9).await.unwrap(), []);
    assert_eq!(
        store.invoice_find(&ana, row.id).await.unwrap(),
        Some((*row).clone())
    );
    assert_eq!(
        store.invoice_page(&ana, None, 9).await.unwrap(),
        [(*row).clone()]
    );
    // An address that is not watched any more cannot be asked for; what was asked for stays.
    db.unwatch(1).await;
    assert_eq!(create(Scope::All, spec("j")).await, InvoiceOutcome::NotHeld);
    assert_eq!(store.invoice_page(&ana, None, 9).await.unwrap(), [*row]);
}

pub(crate) async fn payments_settle_whichever_comes_first<F: Fixture>() {
    let paid = |checkpoint, amount| {
        let fields = json!({ "to": 1, "amount": amount });
        trade_event(checkpoint, "i-1", "Paid", fields)
    };
    let mut found = BTreeSet::new();
    for before in 0..=2_usize {
        let db = Db::<F>::with_people().await;
        let payments = [paid(0, 60), paid(1, 40)];
        for payment in &payments[..before] {
            db.apply_folding(payment, &Deals).await;
        }
        let id = created(&db, &spec("i-1")).await.id;
        for payment in &payments[before..] {
            db.apply_folding(payment, &Deals).await;
        }
        // Seen again, it is paid no further.
        db.apply_folding(&payments[1], &Deals).await;
        let row = db
            .store
            .invoice_find(&Scope::All, id)
            .await
            .unwrap()
            .unwrap();
        let settled = row.settlement(NOW_MS + 6);
        assert_eq!(settled.state, InvoiceState::Paid);
        assert!(!settled.is_overdue);
        found.insert((settled.paid, settled.payments));
        db.apply_folding(&paid(2, 1), &Deals).await;
        let row = db
            .store
            .invoice_find(&Scope::All, id)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(row.settlement(0).state, InvoiceState::Duplicate);
    }
    assert_eq!(found, BTreeSet::from([(100, 2)]));
}

pub(crate) async fn pages_of_invoices_lose_and_repeat_nothing<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    for n in 0..5 {
        created(&db, &spec(&format!("i-{n}"))).await;
    }
    for scope in [Scope::All, db.scope("ana").await] {
        let (mut ids, mut before) = (Vec::new(), None);
        loop {
            let page = db.store.invoice_page(&scope, before, 2).await.unwrap();
            let Some(last) = page.last() else { break };
            before = Some(last.id);
            ids.extend(page.iter().map(|row| row.invoice.business_id.clone()));
        }
        assert_eq!(ids, ["i-4", "i-3", "i-2", "i-1", "i-0"]);
    }
}

pub(crate) async fn objects_are_listed_for_those_who_take_part<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    // Beto is a member of Ana's account too: what both take part in is listed once.
    let both = WatchEntry {
        target: vigia_core::WatchTarget::Address(address(3)),
        account: Some(vigia_store::AccountSpec {
            members: vec![UserSpec { ..user("beto") }],
            ..account("ana")
        }),
    };
    db.store.watch_add(&[both]).await.unwrap();
    let mut trades = Vec::new();
    for n in 0..4_u64 {
        let party = 1 + n % 2;
        let trade = format!("t-{n}");
        db.apply_folding(
            &trade_event(n, &trade, "Offered", json!({ "party": party })),
            &Trades,
        )
        .await;
        trades.push(trade);
    }
    db.apply_folding(
        &trade_event(4, "t-0", "Accepted", json!({ "party": 2 })),
        &Trades,
    )
    .await;
    let listed = async |scope: &Scope| {
        let (mut ids, mut before) = (Vec::new(), None);
        loop {
            let page = db.store.business_page(scope, before, 1).await.unwrap();
            let Some(last) = page.last() else { break };
            before = Some(last.id);
            ids.push(last.key.id.clone());
        }
        ids
    };
    assert_eq!(listed(&Scope::All).await, ["t-3", "t-2", "t-1", "t-0"]);
    assert_eq!(listed(&db.scope("ana").await).await, ["t-2", "t-0"]);
    let of_beto = listed(&db.scope("beto").await).await;
    assert_eq!(of_beto, ["t-3", "t-2", "t-1", "t-0"], "{trades:?}");
    db.store.watch_add(&[entry(9, "carla")]).await.unwrap();
    assert_eq!(listed(&db.scope("carla").await).await, [""; 0]);
}

pub(crate) async fn an_object_is_read_with_its_events<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let offered = trade_event(3, "t-1", "Offered", json!({ "party": 1 }));
    let accepted = trade_event(1, "t-1", "Accepted", json!({ "note": "hola" }));
    for event in [&offered, &accepted] {
        db.apply_folding(event, &Named).await;
    }
    let key = &offered.business_events[0].key;
    let scope = db.scope("ana").await;
    let detail = db.store.business_find(&scope, key).await.unwrap().unwrap();
    assert_eq!(detail.row.state, "Accepted>Offered");
    let events = detail.events.iter();
    let events: Vec<_> = events
        .map(|(event, digest, _)| (&*event.name, *digest))
        .collect();
    assert_eq!(
        events,
        [
            ("Accepted", digest_at(place(1, 4))),
            ("Offered", digest_at(place(3, 4)))
        ]
    );
    let stranger = db.scope("beto").await;
    assert_eq!(db.store.business_find(&stranger, key).await.unwrap(), None);
    let other = BusinessKey {
        id: "t-2".to_owned(),
        ..key.clone()
    };
    assert_eq!(
        db.store.business_find(&Scope::All, &other).await.unwrap(),
        None
    );
}

pub(crate) async fn what_contracts_hold_is_pending_and_incoming<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let created = |checkpoint, trade: &str, from: u64, to: Option<u64>, amount: u64| {
        let fields = json!({ "from": from, "to": to, "amount": amount, "deadline": 500 });
        trade_event(checkpoint, trade, "Created", fields)
    };
    db.apply_folding(&created(0, "t-1", 1, Some(2), 7), &Deals)
        .await;
    db.apply_folding(&created(1, "t-2", 1, None, 5), &Deals)
        .await;
    db.apply_folding(&created(2, "t-3", 2, Some(1), 3), &Deals)
        .await;
    db.apply_folding(&created(3, "t-4", 9, Some(8), 1000), &Deals)
        .await;
    // To itself: held once, and to come once.
    db.apply_folding(&created(4, "t-5", 2, Some(2), 100), &Deals)
        .await;
    let held = async || {
        let rows = db.store.balance_page(&Scope::All, 0, 9).await.unwrap();
        let held = rows.iter().map(|row| {
            let amounts = row.amounts.iter();
            amounts
                .map(|amount| (amount.pending, amount.incoming))
                .collect()
        });
        held.collect::<Vec<Vec<(i128, i128)>>>()
    };
    assert_eq!(held().await, [vec![(12, 3)], vec![(103, 107)]]);
    db.apply_folding(&trade_event(5, "t-1", "Done", json!({})), &Deals)
        .await;
    assert_eq!(held().await, [vec![(5, 3)], vec![(103, 100)]]);
    let key = &trade_event(5, "t-2", "Done", json!({})).business_events[0].key;
    let open = db
        .store
        .business_find(&Scope::All, key)
        .await
        .unwrap()
        .unwrap();
    assert!(!open.row.is_overdue(500) && open.row.is_overdue(501));
    let key = BusinessKey {
        id: "t-1".to_owned(),
        ..key.clone()
    };
    let done = db
        .store
        .business_find(&Scope::All, &key)
        .await
        .unwrap()
        .unwrap();
    assert!(!done.row.is_overdue(u64::MAX));
}

pub(crate) async fn who_may_ask_may_cancel<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let row = created(&db, &spec("i")).await;
    let member = |user: &str, permissions: &[&str]| ApplicationChange::Member {
        account: "ana".to_owned(),
        user: user.to_owned(),
        permissions: Permissions::new(permissions.iter().copied()).unwrap(),
    };
    let changes = [member("beto", &["read"])];
    db.store.application_apply(&changes).await.unwrap();
    let (ana, beto) = (db.scope("ana").await, db.scope("beto").await);
    let may = async |scope: &Scope, id| db.store.invoice_may_cancel(scope, id).await.unwrap();
    assert!(may(&Scope::All, row.id).await && may(&ana, row.id).await);
    assert!(!may(&beto, row.id).await, "who may only read");
    assert!(!may(&ana, row.id + 1).await, "there is none");
    assert_eq!(db.store.invoice_cancel(&beto, row.id).await.unwrap(), None);
    let changes = [member("beto", &["read", "invoice"])];
    db.store.application_apply(&changes).await.unwrap();
    assert!(may(&beto, row.id).await);
}
