//! What is found by ids and names, within the scope of who asks (I-14).

use serde_json::json;
use vigia_core::{Label, LabelKind, Labels, Scope, UserRole};
use vigia_store::{LabelStore, SEARCH_MAX, SearchStore, SignInStore, WatchStore};

use crate::sample::{address, entry, trade_event, user};
use crate::suite::correction::Named;
use crate::suite::invoice::{created, spec};
use crate::suite::{Db, Fixture};

fn kinds(names: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(contract, object): &(&str, &str)| ((*contract).to_owned(), (*object).to_owned());
    names.iter().map(owned).collect()
}

pub(crate) async fn objects_are_found_by_id_of_any_contract<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let offered = trade_event(3, "t-1", "Offered", json!({ "party": 1 }));
    let accepted = trade_event(1, "t-1", "Accepted", json!({ "note": "hola" }));
    let other = trade_event(4, "t-2", "Offered", json!({ "party": 1 }));
    for event in [&offered, &accepted, &other] {
        db.apply_folding(event, &Named).await;
    }
    let all = kinds(&[("none", "trade"), ("p2p", "payment"), ("p2p", "trade")]);
    let found = async |scope: &Scope, kinds: &[(String, String)], id: &str| {
        let found = db.store.search_objects(scope, kinds, id, SEARCH_MAX).await;
        let found = found.unwrap().into_iter();
        let said = found.map(|detail| (detail.row.key.id.clone(), detail.events.len()));
        said.collect::<Vec<_>>()
    };
    let ana = db.scope("ana").await;
    for scope in [&Scope::All, &ana] {
        assert_eq!(
            found(scope, &all, "t-1").await,
            [("t-1".to_owned(), 2)],
            "{scope:?}"
        );
        assert_eq!(found(scope, &all, "t-").await, [], "an id is whole");
        assert_eq!(found(scope, &all[..2], "t-1").await, []);
        assert_eq!(found(scope, &[], "t-1").await, []);
    }
    assert_eq!(found(&db.scope("beto").await, &all, "t-1").await, []);
}

pub(crate) async fn invoices_are_found_by_their_id<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let first = created(&db, &spec("i-1")).await;
    let mut of_beto = spec("i-1");
    of_beto.account = "beto".to_owned();
    of_beto.invoice.address = address(2);
    let second = created(&db, &of_beto).await;
    created(&db, &spec("i-10")).await;
    let found = async |scope: &Scope, limit| {
        let found = db.store.search_invoices(scope, "i-1", limit).await;
        let found = found.unwrap().into_iter();
        found.map(|row| row.id).collect::<Vec<_>>()
    };
    assert_eq!(found(&Scope::All, 9).await, [second.id, first.id]);
    assert_eq!(found(&Scope::All, 1).await, [second.id]);
    assert_eq!(found(&db.scope("ana").await, 9).await, [first.id]);
    assert_eq!(found(&db.scope("beto").await, 9).await, [second.id]);
}

pub(crate) async fn accounts_and_users_are_found_by_how_they_begin<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let entries = [
        entry(3, "ana-shop"),
        entry(4, "Ana"),
        entry(5, "ana\u{10FFFE}"),
    ];
    db.store.watch_add(&entries).await.unwrap();
    let accounts = async |scope: &Scope, start: &str, limit| {
        let found = db.store.search_accounts(scope, start, limit).await;
        let found = found.unwrap().into_iter();
        found.map(|row| row.external_id).collect::<Vec<_>>()
    };
    assert_eq!(
        accounts(&Scope::All, "ana", 9).await,
        ["ana", "ana-shop", "ana\u{10FFFE}"]
    );
    assert_eq!(accounts(&Scope::All, "ana", 1).await, ["ana"]);
    assert_eq!(accounts(&Scope::All, "zoe", 9).await, [""; 0]);
    assert_eq!(accounts(&db.scope("ana").await, "ana", 9).await, ["ana"]);
    assert_eq!(accounts(&db.scope("beto").await, "ana", 9).await, [""; 0]);

    let role = UserRole::Operator;
    db.store
        .login_set(&user("ana-shop"), role, None)
        .await
        .unwrap();
    let users = db.store.search_users("ana", 2).await.unwrap().into_iter();
    let users: Vec<_> = users.map(|row| (row.user.external_id, row.role)).collect();
    let expected = [("ana", UserRole::User), ("ana-shop", role)];
    assert_eq!(users, expected.map(|(name, role)| (name.to_owned(), role)));
}

pub(crate) async fn labels_are_found_by_name<F: Fixture>() {
    let db = Db::<F>::empty().await;
    let label = |n, name| Label::new(address(n), name, LabelKind::Exchange).unwrap();
    for (n, name) in [
        (1, "Binance 2"),
        (2, "binance"),
        (3, "Bolsa"),
        (4, "BINANCE 3"),
    ] {
        db.store.label_set(&label(n, name)).await.unwrap();
    }
    // What the settings say of 4 hides what the table does.
    let declared = [label(4, "Kraken"), label(5, "Binance 1")];
    let declared: Labels = declared.into_iter().map(|one| (one.address, one)).collect();
    db.store.set_labels(declared);
    let found = async |start: &str, limit| {
        let found = db.store.search_labels(start, limit).await;
        let found = found.unwrap().into_iter();
        found.map(|row| row.label.name).collect::<Vec<_>>()
    };
    assert_eq!(
        found("biNANce", 9).await,
        ["binance", "Binance 1", "Binance 2"]
    );
    assert_eq!(found("binance", 2).await, ["binance", "Binance 1"]);
    assert_eq!(found("kra", 9).await, ["Kraken"]);
    assert_eq!(found("ance", 9).await, [""; 0]);
}
