//! Wallets: what was asked is answered once, and an address is of one user or of nobody.

use vigia_core::{AccountKind, UserId, WatchTarget};
use vigia_store::{
    ApplicationChange, ApplicationStore as _, CHALLENGES_MAX, ChallengePurpose, SignInStore as _,
    WalletChallenge, WalletStore as _, WatchStore as _,
};

use crate::sample::{self, address};
use crate::suite::{Db, Fixture, NOW_MS};

fn challenge(purpose: ChallengePurpose) -> WalletChallenge {
    WalletChallenge {
        address: address(1),
        domain: "vigia.example".to_owned(),
        chain: "sui:mainnet".to_owned(),
        purpose,
        issued_at_ms: NOW_MS,
        expires_at_ms: NOW_MS + 1_000,
    }
}

fn hash(n: u32) -> [u8; 32] {
    let mut hash = [9; 32];
    hash[..4].copy_from_slice(&n.to_be_bytes());
    hash
}

pub(crate) async fn a_challenge_is_taken_once<F: Fixture>() {
    let db = Db::<F>::empty().await;
    let link = ChallengePurpose::Link {
        user: UserId(7),
        account: "ana".to_owned(),
    };
    let asked = [challenge(ChallengePurpose::SignIn), challenge(link)];
    for (n, challenge) in (0..).zip(&asked) {
        let begun = db.store.challenge_begin(&hash(n), challenge).await;
        assert!(begun.unwrap());
    }
    for (n, challenge) in (0..).zip(asked) {
        let takers = (0..4).map(|_| {
            let store = db.store.clone();
            tokio::spawn(async move { store.challenge_take(&hash(n)).await.unwrap() })
        });
        let mut taken = Vec::new();
        for taker in takers.collect::<Vec<_>>() {
            taken.extend(taker.await.unwrap());
        }
        assert_eq!(taken, [challenge], "by one of them");
    }
    assert_eq!(db.store.challenge_take(&hash(9)).await.unwrap(), None);
}

pub(crate) async fn a_challenge_ends<F: Fixture>() {
    let db = Db::<F>::empty().await;
    let asked = challenge(ChallengePurpose::SignIn);
    for (n, at_ms, is_there) in [(0, 999, true), (1, 1_000, false)] {
        db.clock.set(NOW_MS);
        assert!(db.store.challenge_begin(&hash(n), &asked).await.unwrap());
        db.clock.set(NOW_MS + at_ms);
        let taken = db.store.challenge_take(&hash(n)).await.unwrap();
        assert_eq!(taken.is_some(), is_there, "{at_ms}");
    }
}

pub(crate) async fn challenges_have_a_number<F: Fixture>() {
    let db = Db::<F>::empty().await;
    let asked = challenge(ChallengePurpose::SignIn);
    for n in 0..CHALLENGES_MAX {
        assert!(db.store.challenge_begin(&hash(n), &asked).await.unwrap());
    }
    let one_more = hash(CHALLENGES_MAX);
    assert!(!db.store.challenge_begin(&one_more, &asked).await.unwrap());
    // Those that have ended make room.
    db.clock.set(asked.expires_at_ms);
    assert!(db.store.challenge_begin(&one_more, &asked).await.unwrap());
}

pub(crate) async fn an_address_is_of_who_holds_it_alone<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let of = async |n| {
        let found = db.store.wallet_user(&address(n)).await.unwrap();
        found.map(|login| login.user.external_id)
    };
    assert_eq!(of(1).await.as_deref(), Some("ana"));
    assert_eq!(of(9).await, None);
    for (enabled, found) in [(false, None), (true, Some("ana"))] {
        let user = "ana".to_owned();
        let change = ApplicationChange::UserEnabled { user, enabled };
        db.store.application_apply(&[change]).await.unwrap();
        assert_eq!(of(1).await.as_deref(), found, "while they may sign in");
    }
    let ana = db.store.login_find("ana").await.unwrap().unwrap().user.id;
    assert!(db.store.wallet_account(ana, "ana").await.unwrap());
    assert!(!db.store.wallet_account(ana, "beto").await.unwrap());
    assert!(!db.store.wallet_account(ana, "nobody").await.unwrap());

    let mut shop = sample::entry(3, "shop");
    let account = shop.account.as_mut().unwrap();
    account.kind = AccountKind::Business;
    account.members = sample::account("ana").members;
    let mut shared = sample::entry(2, "beto");
    shared.account.as_mut().unwrap().members = sample::account("ana").members;
    db.store.watch_add(&[shop, shared]).await.unwrap();
    assert_eq!(of(3).await, None, "a business is nobody");
    assert!(!db.store.wallet_account(ana, "shop").await.unwrap());
    let accounts = db.store.wallet_account_list(ana, 9).await.unwrap();
    let accounts: Vec<&str> = accounts.iter().map(|(id, _)| &**id).collect();
    assert_eq!(accounts, ["ana", "beto"], "personal ones that they read");
    assert_eq!(db.store.wallet_account_list(ana, 1).await.unwrap().len(), 1);
    assert_eq!(of(2).await, None, "two read it");

    // Moved on, it is of who holds it now.
    let target = WatchTarget::Address(address(1));
    db.store.watch_remove(&[target]).await.unwrap();
    assert_eq!(of(1).await, None);
    db.store
        .watch_add(&[sample::entry(1, "rosa")])
        .await
        .unwrap();
    assert_eq!(of(1).await.as_deref(), Some("rosa"));
}
