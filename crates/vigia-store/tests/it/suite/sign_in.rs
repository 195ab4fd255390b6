//! Sign-in: what lasts, what ends, and that nothing is more than its user.

use vigia_core::{Locale, UserId, UserRole};
use vigia_store::{
    CREDENTIALS_MAX, RoleOutcome, SecretHash, SessionSpec, SignInStore, StoreError, TokenScope,
    TokenSpec, USED_WITHIN_MS, UserSpec,
};

use crate::suite::{Db, Fixture, NOW_MS};

const HOUR_MS: u64 = 3_600_000;

fn user(external_id: &str) -> UserSpec {
    UserSpec {
        external_id: external_id.to_owned(),
        display_name: external_id.to_uppercase(),
        locale: Locale::Pt,
    }
}

fn secret(n: u32) -> SecretHash {
    let mut hash = [7; 32];
    hash[..4].copy_from_slice(&n.to_be_bytes());
    hash
}

fn session(n: u32, user: UserId) -> SessionSpec {
    SessionSpec {
        secret_hash: secret(n),
        user,
        client: format!("browser {n}"),
        expires_at_ms: NOW_MS + HOUR_MS,
    }
}

fn token(n: u32, user: UserId, scope: TokenScope) -> TokenSpec {
    TokenSpec {
        secret_hash: secret(n),
        user,
        name: format!("program {n}"),
        scope,
        expires_at_ms: None,
    }
}

async fn set(
    store: &dyn SignInStore,
    external_id: &str,
    role: UserRole,
    password_hash: Option<&str>,
) -> UserId {
    let spec = user(external_id);
    store.login_set(&spec, role, password_hash).await.unwrap()
}

/// Users of every role, a session and tokens of them: for a copy too.
pub(crate) async fn fill(store: &dyn SignInStore) -> UserId {
    let admin = set(store, "admin", UserRole::Admin, Some("$argon2id$a")).await;
    let plain = set(store, "rosa", UserRole::User, None).await;
    store.session_begin(&session(1, admin)).await.unwrap();
    for (n, user, scope) in [
        (2, admin, TokenScope::Full),
        (3, admin, TokenScope::Read),
        (4, plain, TokenScope::Full),
    ] {
        let made = store.token_create(&token(n, user, scope)).await.unwrap();
        assert!(made.is_some());
    }
    admin
}

pub(crate) async fn a_user_has_a_role_and_a_password<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let found = db.store.login_find("ana").await.unwrap().unwrap();
    assert_eq!((found.role, found.password_hash), (UserRole::User, None));
    assert_eq!(db.store.login_list("", 9).await.unwrap(), []);
    assert_eq!(db.store.login_find("nobody").await.unwrap(), None);

    let id = set(&*db.store, "ana", UserRole::Operator, Some("first")).await;
    assert_eq!(id, found.user.id, "who is there is taken");
    // The role changes by itself; the name and language of who is there stay.
    set(&*db.store, "ana", UserRole::Admin, None).await;
    let found_now = db.store.login_find("ana").await.unwrap().unwrap();
    assert_eq!(found_now.user, found.user);
    assert_eq!(found_now.role, UserRole::Admin);
    assert_eq!(found_now.password_hash.as_deref(), Some("first"));

    set(&*db.store, "zoe", UserRole::User, Some("hash")).await;
    let listed = db.store.login_list("", 9).await.unwrap();
    let names: Vec<&str> = listed
        .iter()
        .map(|login| &*login.user.external_id)
        .collect();
    assert_eq!(names, ["ana", "zoe"]);
    assert_eq!(db.store.login_list("ana", 9).await.unwrap().len(), 1);
    assert_eq!(db.store.login_list("", 1).await.unwrap().len(), 1);
}

pub(crate) async fn a_role_is_given_and_taken<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let give = async |name: &str, role| db.store.role_set(name, role).await.unwrap();
    assert_eq!(give("zoe", UserRole::Admin).await, RoleOutcome::NoUser);
    let before = RoleOutcome::Set(UserRole::User);
    assert_eq!(give("ana", UserRole::Admin).await, before);
    let same = RoleOutcome::Set(UserRole::Admin);
    assert_eq!(give("ana", UserRole::Admin).await, same);
    set(&*db.store, "beto", UserRole::User, Some("hash")).await;
    let beto = db.store.login_find("beto").await.unwrap().unwrap().user.id;
    let session = session(1, beto);
    db.store.session_begin(&session).await.unwrap();
    let seen = async || {
        let used = db.store.session_use(&secret(1), HOUR_MS).await.unwrap();
        used.map(|signed_in| signed_in.role)
    };
    for role in [UserRole::Admin, UserRole::Operator] {
        give("beto", role).await;
        assert_eq!(seen().await, Some(role), "from the next use on");
    }
    // Nobody could make another: neither operator nor user.
    for role in [UserRole::Operator, UserRole::User] {
        assert_eq!(give("ana", role).await, RoleOutcome::LastAdmin);
    }
    give("beto", UserRole::Admin).await;
    assert_eq!(give("ana", UserRole::User).await, same);
    let found = db.store.login_find("beto").await.unwrap().unwrap();
    assert_eq!(found.password_hash.as_deref(), Some("hash"), "it stays");
    assert_eq!(give("beto", UserRole::User).await, RoleOutcome::LastAdmin);
}

pub(crate) async fn two_admins_leave_one<F: Fixture>() {
    let db = Db::<F>::empty().await;
    for round in 0..8 {
        for name in ["one", "two"] {
            set(&*db.store, name, UserRole::Admin, None).await;
        }
        let take = |name: &'static str| {
            let store = db.store.clone();
            tokio::spawn(async move { store.role_set(name, UserRole::User).await.unwrap() })
        };
        let (one, two) = (take("one"), take("two"));
        let mut ends = [one.await.unwrap(), two.await.unwrap()];
        ends.sort_unstable_by_key(|end| *end == RoleOutcome::LastAdmin);
        let expected = [RoleOutcome::Set(UserRole::Admin), RoleOutcome::LastAdmin];
        assert_eq!(ends, expected, "{round}");
    }
}

pub(crate) async fn names_that_nobody_can_have_are_refused<F: Fixture>() {
    let db = Db::<F>::empty().await;
    for name in ["", "a\0b", &"x".repeat(201)] {
        let spec = user(name);
        let refused = db.store.login_set(&spec, UserRole::User, None).await;
        assert!(
            matches!(refused, Err(StoreError::BadName { .. })),
            "{name:?}"
        );
    }
    set(&*db.store, &"x".repeat(200), UserRole::User, None).await;
    assert_eq!(db.store.login_list("", 9).await.unwrap().len(), 1);
}

pub(crate) async fn a_session_lasts_while_it_is_used<F: Fixture>() {
    let db = Db::<F>::empty().await;
    let admin = fill(&*db.store).await;
    let use_it = async |n| {
        let used = db.store.session_use(&secret(n), HOUR_MS).await.unwrap();
        used.map(|signed_in| (signed_in.user.external_id, signed_in.role))
    };
    let expected = Some(("admin".to_owned(), UserRole::Admin));
    assert_eq!(use_it(1).await, expected);
    assert_eq!(use_it(2).await, None, "that is a token");
    // Within a minute nothing is written.
    let ends = async || db.store.session_list(Some(admin)).await.unwrap()[0].expires_at_ms;
    db.clock.set(NOW_MS + USED_WITHIN_MS - 1);
    assert_eq!(use_it(1).await, expected);
    assert_eq!(ends().await, NOW_MS + HOUR_MS);
    db.clock.set(NOW_MS + HOUR_MS - 1);
    assert_eq!(use_it(1).await, expected);
    assert_eq!(ends().await, NOW_MS + 2 * HOUR_MS - 1);
    // At its end it is over, though nobody has removed it.
    db.clock.set(NOW_MS + 2 * HOUR_MS - 1);
    assert_eq!(use_it(1).await, None);
    assert_eq!(db.store.session_list(None).await.unwrap(), []);
}

pub(crate) async fn a_new_password_ends_sessions<F: Fixture>() {
    let db = Db::<F>::empty().await;
    let admin = fill(&*db.store).await;
    let rosa = db.store.login_find("rosa").await.unwrap().unwrap().user.id;
    for (n, user) in [(20, admin), (21, admin), (22, rosa)] {
        db.store.session_begin(&session(n, user)).await.unwrap();
    }
    db.store.session_end(&secret(20)).await.unwrap();
    db.store.session_end(&secret(20)).await.unwrap();
    assert_eq!(db.store.session_list(Some(admin)).await.unwrap().len(), 2);
    let left = async |hash| {
        set(&*db.store, "admin", UserRole::Admin, hash).await;
        db.store.session_list(None).await.unwrap().len()
    };
    assert_eq!(left(None).await, 3);
    assert_eq!(left(Some("new")).await, 1, "another user's stays");
    assert_eq!(db.store.session_end_all(rosa).await.unwrap(), 1);
    assert_eq!(db.store.session_end_all(rosa).await.unwrap(), 0);
}

pub(crate) async fn users_end_sessions_of_their_own_alone<F: Fixture>() {
    let db = Db::<F>::empty().await;
    let admin = fill(&*db.store).await;
    let rosa = db.store.login_find("rosa").await.unwrap().unwrap().user.id;
    for (n, user) in [(20, admin), (21, admin), (22, rosa)] {
        db.store.session_begin(&session(n, user)).await.unwrap();
    }
    let key = async |n| db.store.session_key(&secret(n)).await.unwrap();
    let (first, second) = (key(1).await.unwrap(), key(20).await.unwrap());
    assert_eq!(key(2).await, None, "that is a token");
    let end = async |user, id| db.store.session_end_one(user, id).await.unwrap();
    assert!(!end(rosa, first).await, "it is not hers");
    assert!(!end(admin, i64::MAX).await);
    assert!(end(admin, first).await);
    assert!(!end(admin, first).await, "it is gone");
    let end_others = async |user, id| db.store.session_end_others(user, id).await.unwrap();
    assert_eq!(end_others(admin, second).await, 1);
    assert_eq!(end_others(admin, second).await, 0);
    let left = db.store.session_list(None).await.unwrap();
    let left: Vec<_> = left.iter().map(|row| (row.id, &*row.user)).collect();
    assert_eq!(left, [(second, "admin"), (key(22).await.unwrap(), "rosa")]);
    db.clock.set(NOW_MS + HOUR_MS);
    assert_eq!(key(20).await, None, "it has expired");
}

pub(crate) async fn the_session_used_longest_ago_makes_room<F: Fixture>() {
    let db = Db::<F>::empty().await;
    let ana = set(&*db.store, "ana", UserRole::User, None).await;
    for n in 0..CREDENTIALS_MAX {
        db.clock.set(NOW_MS + u64::from(n));
        db.store.session_begin(&session(n, ana)).await.unwrap();
    }
    db.clock.set(NOW_MS + USED_WITHIN_MS);
    let first = db.store.session_use(&secret(0), HOUR_MS).await.unwrap();
    assert!(first.is_some());
    db.store.session_begin(&session(500, ana)).await.unwrap();
    for (n, lasts) in [(0, true), (1, false), (2, true), (500, true)] {
        let used = db.store.session_use(&secret(n), HOUR_MS).await.unwrap();
        assert_eq!(used.is_some(), lasts, "{n}");
    }
}

pub(crate) async fn a_token_is_no_more_than_its_user<F: Fixture>() {
    let db = Db::<F>::empty().await;
    fill(&*db.store).await;
    for (n, who, role) in [
        (2, "admin", UserRole::Admin),
        (3, "admin", UserRole::User),
        (4, "rosa", UserRole::User),
    ] {
        let used = db.store.token_use(&secret(n)).await.unwrap().unwrap();
        assert_eq!((&*used.user.external_id, used.role), (who, role));
    }
    assert_eq!(db.store.token_use(&secret(1)).await.unwrap(), None);
    // What a user may no longer do, their tokens may not either.
    set(&*db.store, "admin", UserRole::User, None).await;
    let used = db.store.token_use(&secret(2)).await.unwrap().unwrap();
    assert_eq!(used.role, UserRole::User);
}

pub(crate) async fn a_token_ends_when_it_is_taken_back<F: Fixture>() {
    let db = Db::<F>::empty().await;
    let admin = fill(&*db.store).await;
    let listed = db.store.token_list(Some(admin)).await.unwrap();
    assert_eq!(listed[0].used_at_ms, None);
    db.store.token_use(&secret(2)).await.unwrap().unwrap();
    let listed = db.store.token_list(Some(admin)).await.unwrap();
    assert_eq!(listed[0].used_at_ms, Some(NOW_MS));
    assert_eq!(
        (&*listed[0].name, listed[0].scope, listed.len()),
        ("program 2", TokenScope::Full, 2)
    );
    assert!(db.store.token_revoke(listed[0].id).await.unwrap());
    assert!(!db.store.token_revoke(listed[0].id).await.unwrap());
    assert!(!db.store.token_revoke(i64::MAX).await.unwrap());
    assert_eq!(db.store.token_use(&secret(2)).await.unwrap(), None);
    assert_eq!(db.store.token_list(None).await.unwrap().len(), 2);

    let spec = TokenSpec {
        expires_at_ms: Some(NOW_MS + 5),
        ..token(9, admin, TokenScope::Read)
    };
    db.store.token_create(&spec).await.unwrap().unwrap();
    db.clock.set(NOW_MS + 4);
    assert!(db.store.token_use(&secret(9)).await.unwrap().is_some());
    db.clock.set(NOW_MS + 5);
    assert_eq!(db.store.token_use(&secret(9)).await.unwrap(), None);
}

pub(crate) async fn tokens_have_a_number<F: Fixture>() {
    let db = Db::<F>::empty().await;
    let ana = set(&*db.store, "ana", UserRole::User, None).await;
    let create = async |n| {
        let spec = token(n, ana, TokenScope::Read);
        db.store.token_create(&spec).await.unwrap()
    };
    for n in 0..CREDENTIALS_MAX {
        assert!(create(n).await.is_some(), "{n}");
    }
    assert_eq!(create(500).await, None);
    let first = db.store.token_list(Some(ana)).await.unwrap()[0].id;
    assert!(db.store.token_revoke(first).await.unwrap());
    assert!(create(500).await.is_some());
}

pub(crate) async fn what_expired_is_removed<F: Fixture>() {
    let db = Db::<F>::empty().await;
    fill(&*db.store).await;
    let first = db.store.token_list(None).await.unwrap()[0].id;
    db.store.token_revoke(first).await.unwrap();
    let prune = async |before| db.store.sign_in_prune(before).await.unwrap();
    assert_eq!(prune(NOW_MS).await, (0, 0));
    assert_eq!(prune(NOW_MS + 1).await, (0, 1));
    assert_eq!(prune(NOW_MS + HOUR_MS).await, (0, 0));
    assert_eq!(prune(NOW_MS + HOUR_MS + 1).await, (1, 0));
    assert_eq!(db.store.token_list(None).await.unwrap().len(), 2);
}

pub(crate) async fn many_sign_in_at_once<F: Fixture>() {
    let db = Db::<F>::empty().await;
    let ana = set(&*db.store, "ana", UserRole::User, None).await;
    let begun = (0..20).map(|n| {
        let store = db.store.clone();
        tokio::spawn(async move { store.session_begin(&session(n, ana)).await })
    });
    for begun in begun.collect::<Vec<_>>() {
        begun.await.unwrap().unwrap();
    }
    assert_eq!(db.store.session_list(Some(ana)).await.unwrap().len(), 20);
}
