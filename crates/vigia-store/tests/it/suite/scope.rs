//! Nobody reads another user's data (I-14): each read method, with a user who tries.

use vigia_core::{Commit, Locale, MatchReason, RawTransaction, ReasonKind, Scope, UserId};
use vigia_store::{ActivityFilter, InboxStore, ReadStore, WatchEntry, WatchStore};

use crate::sample::{
    account, activity, address, balance, commit, digest_at, entry, place, raw, transfer, user,
};
use crate::suite::{Db, Fixture};

/// Ana at checkpoints 0 and 2, Beto at 1 and 2.
async fn feed<F: Fixture>() -> Db<F> {
    let db = Db::<F>::with_people().await;
    let (ana, beto) = (db.account(1).await, db.account(2).await);
    db.apply(&transfer(0, &[ana])).await;
    db.apply(&transfer(1, &[beto])).await;
    let mut shared = transfer(2, &[ana, beto]);
    shared.activities[0].address = Some(address(1));
    shared.activities[1].address = Some(address(2));
    db.apply(&shared).await;
    db
}

pub(crate) async fn feed_is_ones_own<F: Fixture>() {
    let db = feed::<F>().await;
    let ana = db.account(1).await;
    let scope = db.scope("ana").await;
    let filters = [
        (ActivityFilter::default(), 2),
        (
            ActivityFilter {
                address: Some(address(1)),
                digest: None,
                ..ActivityFilter::default()
            },
            1,
        ),
        (
            ActivityFilter {
                address: Some(address(2)),
                digest: None,
                ..ActivityFilter::default()
            },
            0,
        ),
        (
            ActivityFilter {
                address: None,
                digest: Some(digest_at(place(2, 0))),
                ..ActivityFilter::default()
            },
            1,
        ),
        (
            ActivityFilter {
                address: None,
                digest: Some(digest_at(place(1, 0))),
                ..ActivityFilter::default()
            },
            0,
        ),
        (
            ActivityFilter {
                address: Some(address(2)),
                digest: Some(digest_at(place(2, 0))),
                ..ActivityFilter::default()
            },
            0,
        ),
    ];
    for (filter, expected) in filters {
        let page = db
            .store
            .activity_page(&scope, &filter, None, 50)
            .await
            .unwrap();
        assert_eq!(page.len(), expected, "{filter:?}");
        assert!(page.iter().all(|row| row.account.id == ana));
    }
    let since = db.store.activity_since(&scope, 0, 50).await.unwrap();
    assert_eq!(since.len(), 2);
    assert!(since.iter().all(|row| row.account.id == ana));
    let nobody = Scope::MemberOf(UserId(i64::MAX));
    assert!(
        db.store
            .activity_since(&nobody, 0, 50)
            .await
            .unwrap()
            .is_empty()
    );
}

pub(crate) async fn inbox_is_ones_own<F: Fixture>() {
    let db = feed::<F>().await;
    let ana = db.account(1).await;
    let scope = db.scope("ana").await;
    let page = db
        .store
        .notification_page(&crate::suite::inbox_of(&scope), None, 50)
        .await
        .unwrap();
    assert_eq!(page.len(), 2);
    assert!(
        page.iter()
            .all(|row| row.about.as_ref().unwrap().account.id == ana)
    );
    let all = db
        .store
        .notification_page(&crate::suite::inbox_of(&Scope::All), None, 50)
        .await
        .unwrap();
    assert_eq!(all.len(), 4);
}

pub(crate) async fn transaction_is_for_those_it_concerns<F: Fixture>() {
    let db = feed::<F>().await;
    let scope = db.scope("ana").await;
    for (checkpoint, seen) in [(0, true), (1, false), (2, true)] {
        let digest = digest_at(place(checkpoint, 0));
        let row = db.store.raw_transaction(&scope, &digest).await.unwrap();
        assert_eq!(row.is_some(), seen, "checkpoint {checkpoint}");
    }
    // Without any meaning found, what it did to a balance still concerns its holder.
    let failed = Commit {
        raw_transactions: vec![raw(place(3, 0))],
        balance_effects: vec![balance(place(3, 0), 1, -1)],
        ..commit(3, 3)
    };
    db.apply(&failed).await;
    let digest = digest_at(place(3, 0));
    assert!(
        db.store
            .raw_transaction(&scope, &digest)
            .await
            .unwrap()
            .is_some()
    );
    let beto = db.scope("beto").await;
    assert!(
        db.store
            .raw_transaction(&beto, &digest)
            .await
            .unwrap()
            .is_none()
    );
}

pub(crate) async fn others_balances_and_reasons_stay_hidden<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let (ana, beto) = (db.account(1).await, db.account(2).await);
    let contract = vigia_core::parse_watch_target("0x2").unwrap();
    let for_all = WatchEntry {
        target: contract.clone(),
        account: None,
    };
    let for_beto = WatchEntry {
        target: vigia_core::parse_watch_target("0x3").unwrap(),
        account: Some(account("beto")),
    };
    db.store.watch_add(&[for_all, for_beto]).await.unwrap();
    let reason = |kind, target: String| MatchReason { kind, target };
    let reasons = vec![
        reason(ReasonKind::Sender, address(1).to_string()),
        reason(ReasonKind::BalanceOwner, address(2).to_string()),
        reason(ReasonKind::CallPackage, contract.to_string()),
        reason(
            ReasonKind::CallPackage,
            vigia_core::parse_watch_target("0x3").unwrap().to_string(),
        ),
    ];
    let place = place(0, 0);
    let commit = Commit {
        raw_transactions: vec![RawTransaction {
            reasons,
            ..raw(place)
        }],
        activities: vec![activity(place, ana), activity(place, beto)],
        balance_effects: vec![balance(place, 1, -5), balance(place, 2, 5)],
        ..commit(0, 0)
    };
    db.apply(&commit).await;
    let scope = db.scope("ana").await;
    let row = db
        .store
        .raw_transaction(&scope, &digest_at(place))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(row.balance_effects, commit.balance_effects[..1]);
    let kinds: Vec<_> = row.raw.reasons.iter().map(|reason| reason.kind).collect();
    assert_eq!(kinds, [ReasonKind::Sender, ReasonKind::CallPackage]);
    let all = db
        .store
        .raw_transaction(&Scope::All, &digest_at(place))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((all.balance_effects.len(), all.raw.reasons.len()), (2, 4));
}

/// A handed-over address takes none of its past along.
pub(crate) async fn balances_stay_with_who_held_the_address<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let place = place(0, 0);
    let commit = Commit {
        raw_transactions: vec![raw(place)],
        balance_effects: vec![balance(place, 1, 5)],
        ..commit(0, 9)
    };
    db.apply(&commit).await;
    db.unwatch(1).await;
    db.watch(1, "beto").await;
    let digest = digest_at(place);
    let ana = db.scope("ana").await;
    let row = db.store.raw_transaction(&ana, &digest).await.unwrap();
    assert_eq!(row.unwrap().balance_effects, commit.balance_effects);
    let beto = db.scope("beto").await;
    assert!(
        db.store
            .raw_transaction(&beto, &digest)
            .await
            .unwrap()
            .is_none()
    );
}

pub(crate) async fn members_share_an_account<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let mut shop = entry(7, "shop");
    shop.account.as_mut().unwrap().members = vec![user("ana"), user("beto")];
    db.store.watch_add(&[shop]).await.unwrap();
    let (shop, ana) = (db.account(7).await, db.account(1).await);
    db.apply(&transfer(0, &[shop, ana])).await;
    for (name, seen) in [("ana", 2), ("beto", 1)] {
        let scope = db.scope(name).await;
        let page = db
            .store
            .activity_page(&scope, &ActivityFilter::default(), None, 9)
            .await
            .unwrap();
        assert_eq!(page.len(), seen, "{name}");
    }
}

pub(crate) async fn users_are_found_by_external_id<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let ana = db.store.user_find("ana").await.unwrap().unwrap();
    assert_eq!((&*ana.display_name, ana.locale), ("User ana", Locale::Pt));
    assert_eq!(db.store.user_find("nobody").await.unwrap(), None);
}
