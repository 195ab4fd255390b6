//! Who there is, many at once, each within its scope (I-14).

use std::collections::BTreeSet;

use serde_json::json;
use vigia_core::{AccountId, BusinessKey, CoinInfo, Scope, UserId, UserRole};
use vigia_store::{
    ApplicationChange, ApplicationStore, AttemptRow, Completion, DeliveryEnd, DeliveryStore,
    DirectoryStore, InboxStore, IngestStore, ReadStore, SignInStore, UserSpec,
};

use crate::sample::{Trades, trade_event, transfer};
use crate::suite::delivery::{claim, happen, two};
use crate::suite::inbox::{shop, sign_in_notice, user};
use crate::suite::{Db, Fixture, NOW_MS};

fn names<T>(rows: &[T], name: impl Fn(&T) -> &str) -> Vec<String> {
    rows.iter().map(|row| name(row).to_owned()).collect()
}

pub(crate) async fn people_are_in_pages<F: Fixture>() {
    let db = shop::<F>().await;
    db.watch(2, "ana").await;
    let spec = UserSpec {
        external_id: "root".to_owned(),
        display_name: "Root".to_owned(),
        locale: vigia_core::Locale::En,
    };
    let set = db.store.login_set(&spec, UserRole::Admin, None).await;
    set.unwrap();
    let store = &db.store;
    let all = store.user_page(0, 50).await.unwrap();
    let everybody = ["owner", "clerk", "waiter", "driver", "ana", "root"];
    let found: BTreeSet<_> = names(&all, |row| &row.user.external_id)
        .into_iter()
        .collect();
    assert_eq!(found, everybody.map(str::to_owned).into());
    let mut after = 0;
    for row in &all {
        let page = store.user_page(after, 1).await.unwrap();
        assert_eq!(page, std::slice::from_ref(row));
        after = row.user.id.0;
    }
    assert_eq!(store.user_page(after, 1).await.unwrap(), []);
    let root = store.user_row("root").await.unwrap().unwrap();
    assert_eq!(
        (root.role, root.disabled_at_ms),
        (Some(UserRole::Admin), None)
    );
    assert_eq!(store.user_row("nobody").await.unwrap(), None);

    // Whoever is erased is nobody, whoever is disabled is somebody.
    let changes = [
        ApplicationChange::UserEnabled {
            user: "clerk".to_owned(),
            enabled: false,
        },
        ApplicationChange::UserErased {
            user: "driver".to_owned(),
        },
    ];
    store.application_apply(&changes).await.unwrap();
    let left = store.user_page(0, 50).await.unwrap();
    assert_eq!(left.len(), 5, "{left:?}");
    let clerk = store.user_row("clerk").await.unwrap().unwrap();
    assert_eq!(clerk.disabled_at_ms, Some(NOW_MS));

    let accounts = store.account_page(&Scope::All, 0, 50).await.unwrap();
    assert_eq!(accounts.len(), 2);
    let next = store.account_page(&Scope::All, accounts[0].id.0, 50).await;
    assert_eq!(next.unwrap(), [accounts[1].clone()]);
    let owner = db.scope("owner").await;
    let own = store.account_page(&owner, 0, 50).await.unwrap();
    assert_eq!(own.len(), 1);
    let shop = &own[0];
    assert_eq!(
        store.account_row(&owner, &shop.external_id).await.unwrap(),
        Some(shop.clone())
    );
    // Who is told but may not read, and who has nothing to do with it, finds none.
    for (name, account) in [("waiter", &*shop.external_id), ("owner", "ana")] {
        let scope = db.scope(name).await;
        assert_eq!(store.account_row(&scope, account).await.unwrap(), None);
    }
    let waiter = db.scope("waiter").await;
    assert_eq!(store.account_page(&waiter, 0, 50).await.unwrap(), []);
}

pub(crate) async fn members_and_addresses_of_many<F: Fixture>() {
    let db = shop::<F>().await;
    db.watch(2, "ana").await;
    db.watch(3, "ana").await;
    db.unwatch(3).await;
    let (shop, ana) = (db.account(1).await, db.account(2).await);
    let store = &db.store;
    let members = store.account_members(&[shop, ana], 50).await.unwrap();
    let of = |account: AccountId| -> Vec<(String, String)> {
        let of = members.iter().filter(|row| row.account.id == account);
        of.map(|row| (row.user.external_id.clone(), row.permissions.to_string()))
            .collect()
    };
    let pairs = [
        ("clerk", "notify read"),
        ("driver", "deliver"),
        ("owner", "notify read"),
        ("waiter", "notify"),
    ];
    assert_eq!(of(shop), pairs.map(|(a, b)| (a.to_owned(), b.to_owned())));
    assert_eq!(of(ana).len(), 1);
    let few = store.account_members(&[shop, ana], 2).await.unwrap();
    assert_eq!(few.len(), 3, "two of one, all of the other");
    assert_eq!(store.account_members(&[], 2).await.unwrap(), []);

    let (owner, of_ana) = (user(&db, "owner").await, user(&db, "ana").await);
    let accounts = store.user_accounts(&[owner, of_ana], 50).await.unwrap();
    let accounts: Vec<_> = accounts
        .iter()
        .map(|row| (row.user.id, row.account.id))
        .collect();
    assert_eq!(
        BTreeSet::from_iter(accounts),
        [(owner, shop), (of_ana, ana)].into()
    );

    let addresses = store.account_addresses(&[shop, ana], 50).await.unwrap();
    let addresses: Vec<_> = addresses
        .into_iter()
        .map(|(account, row)| (account, row.target.to_string()))
        .collect();
    let expected = [(shop, 1), (ana, 2)];
    assert_eq!(
        addresses,
        expected.map(|(account, n)| (account, crate::sample::address(n).to_string()))
    );
}

pub(crate) async fn who_is_concerned<F: Fixture>() {
    let db = shop::<F>().await;
    db.watch(2, "ana").await;
    let (shop, ana) = (db.account(1).await, db.account(2).await);
    let ids = async |names: &[&str]| {
        let mut ids = BTreeSet::new();
        for name in names {
            ids.insert(user(&db, name).await);
        }
        ids
    };
    let readers = db.store.account_readers(&[shop]).await.unwrap();
    assert!(readers.iter().all(|(account, _)| *account == shop));
    let readers: BTreeSet<UserId> = readers.into_iter().map(|(_, user)| user).collect();
    assert_eq!(readers, ids(&["owner", "clerk"]).await);
    let both = db.store.account_readers(&[shop, ana]).await.unwrap();
    assert_eq!(both.len(), 3);
    assert_eq!(db.store.account_readers(&[]).await.unwrap(), []);

    db.apply(&transfer(0, &[shop])).await;
    let first = db.store.notification_last().await.unwrap();
    let audience = async |after, up_to| -> BTreeSet<UserId> {
        let users = db.store.notification_audience(after, up_to).await;
        users.unwrap().into_iter().collect()
    };
    assert_eq!(
        audience(0, first).await,
        ids(&["owner", "clerk", "waiter"]).await
    );
    let notice = sign_in_notice(user(&db, "driver").await, "session/1");
    db.store.notification_tell(&[notice]).await.unwrap();
    let second = db.store.notification_last().await.unwrap();
    assert_eq!(audience(first, second).await, ids(&["driver"]).await);
    assert_eq!(audience(second, i64::MAX).await, BTreeSet::new());
}

pub(crate) async fn coins_and_events_of_many<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let coins: Vec<CoinInfo> = ["a", "b", "c"]
        .into_iter()
        .map(|name| CoinInfo {
            coin_type: format!("0x{:064x}::{name}::COIN", 7),
            decimals: Some(6),
            symbol: name.to_uppercase(),
            name: name.to_owned(),
            icon_url: None,
        })
        .collect();
    db.store.coin_upsert(&coins).await.unwrap();
    let types: Vec<String> = [&coins[2], &coins[0]]
        .map(|coin| coin.coin_type.clone())
        .into();
    let mut found = db.store.coin_find(&types).await.unwrap();
    found.sort_by(|a, b| a.coin_type.cmp(&b.coin_type));
    assert_eq!(found, [coins[0].clone(), coins[2].clone()]);
    assert_eq!(db.store.coin_find(&[]).await.unwrap(), []);
    assert_eq!(db.store.coin_page("", 2).await.unwrap(), coins[..2]);
    let rest = db.store.coin_page(&coins[1].coin_type, 2).await.unwrap();
    assert_eq!(rest, coins[2..]);

    for (checkpoint, id, party) in [(0, "t-1", 1), (1, "t-2", 2), (2, "t-1", 2)] {
        let event = trade_event(checkpoint, id, "Offered", json!({ "party": party }));
        db.apply_folding(&event, &Trades).await;
    }
    let key = |id: &str| BusinessKey {
        contract: "p2p".to_owned(),
        object: "trade".to_owned(),
        id: id.to_owned(),
    };
    let keys = [key("t-2"), key("t-1"), key("none")];
    let events = db.store.business_events(&keys).await.unwrap();
    let of = |id: &str| -> Vec<u64> {
        let of = events.iter().filter(|(event, ..)| event.key.id == id);
        of.map(|(event, ..)| event.place.checkpoint).collect()
    };
    assert_eq!((of("t-1"), of("t-2")), (vec![0, 2], vec![1]));
}

pub(crate) async fn attempts_of_many<F: Fixture>() {
    let db = two::<F>().await;
    happen(&db, 0..1).await;
    for round in 0..3 {
        let claimed = claim(&db, "w", 100).await;
        assert_eq!(claimed.len(), 3);
        let completions: Vec<Completion> = claimed
            .iter()
            .map(|claimed| Completion {
                id: claimed.event.row.id,
                fence: claimed.fence,
                end: DeliveryEnd::Retry { at_ms: NOW_MS },
                attempt: Some(AttemptRow {
                    started_at_ms: NOW_MS + round,
                    duration_ms: 1,
                    status: Some(500),
                    error: Some("status".to_owned()),
                    response_head: String::new(),
                }),
            })
            .collect();
        let done = db.store.delivery_complete(&completions, u64::MAX / 2).await;
        assert_eq!(done.unwrap(), 3);
    }
    let page = db.store.delivery_page(None, None, None, 50).await.unwrap();
    let ids: Vec<_> = page.iter().map(|row| row.id).collect();
    let attempts = db.store.delivery_attempts(&ids).await.unwrap();
    for id in &ids {
        let of = attempts.iter().filter(|(of, _)| of == id);
        let times: Vec<u64> = of.map(|(_, attempt)| attempt.started_at_ms).collect();
        assert_eq!(times, [NOW_MS, NOW_MS + 1, NOW_MS + 2]);
        let alone = db.store.delivery_find(id).await.unwrap().unwrap().1;
        let together = attempts.iter().filter(|(of, _)| of == id);
        assert!(together.map(|(_, attempt)| attempt).eq(&alone));
    }
    assert_eq!(db.store.delivery_attempts(&[]).await.unwrap(), []);
    assert_eq!(db.store.push_attempts(&ids).await.unwrap(), []);
}
