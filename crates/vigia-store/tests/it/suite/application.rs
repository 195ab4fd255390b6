//! What applications say: once more as good as once, each refused by itself, and gone when it is gone.

use serde_json::json;
use vigia_core::{AccountKind, Locale, Permissions, Preferences, Scope, UserRole, WatchTarget};
use vigia_store::{
    Action, ActionStore, ActionWay, ApplicationChange, ApplicationOutcome, ApplicationStore,
    DeliveryStore, EndpointState, InboxStore, PushStore, ReadStore, SessionSpec, SignInStore,
    TokenScope, TokenSpec, UserSpec, WatchStore,
};

use crate::sample::{address, transfer};
use crate::suite::inbox::{sign_in_notice, user};
use crate::suite::push::{receive, spec};
use crate::suite::{Db, Fixture, NOW_MS};

use ApplicationOutcome::{Done, Live};

fn person(name: &str) -> ApplicationChange {
    ApplicationChange::User(UserSpec {
        external_id: name.to_owned(),
        display_name: format!("{name} of the application"),
        locale: Locale::Pt,
    })
}

fn account(name: &str) -> ApplicationChange {
    ApplicationChange::Account {
        account: name.to_owned(),
        kind: AccountKind::Business,
        display_name: format!("{name}, S. A."),
    }
}

fn member(account: &str, user: &str) -> ApplicationChange {
    ApplicationChange::Member {
        account: account.to_owned(),
        user: user.to_owned(),
        permissions: Permissions::all(),
    }
}

fn held(account: &str, n: u64) -> ApplicationChange {
    ApplicationChange::Address {
        account: account.to_owned(),
        address: address(n),
    }
}

fn let_go(account: &str, n: u64) -> ApplicationChange {
    ApplicationChange::AddressEnded {
        account: account.to_owned(),
        address: address(n),
    }
}

fn device(user: &str, token: &str) -> ApplicationChange {
    ApplicationChange::Device {
        user: user.to_owned(),
        spec: spec(token),
    }
}

fn preferences(user: &str) -> ApplicationChange {
    ApplicationChange::Preferences {
        user: user.to_owned(),
        preferences: Preferences {
            hides_amounts: true,
            ..Preferences::default()
        },
    }
}

fn enabled(user: &str, enabled: bool) -> ApplicationChange {
    ApplicationChange::UserEnabled {
        user: user.to_owned(),
        enabled,
    }
}

async fn apply<F: Fixture>(db: &Db<F>, changes: &[ApplicationChange]) -> Vec<ApplicationOutcome> {
    let receipt = db.store.application_apply(changes).await.unwrap();
    assert_eq!(receipt.outcomes.len(), changes.len());
    receipt.outcomes
}

/// Why a single change is refused.
async fn refused<F: Fixture>(db: &Db<F>, change: ApplicationChange) -> String {
    match apply(db, &[change]).await.remove(0) {
        ApplicationOutcome::Refused(reason) => reason,
        done => panic!("it is done: {done:?}"),
    }
}

pub(crate) async fn whatever_its_order_a_batch_is_so<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    db.apply(&transfer(0, &[db.account(1).await])).await;
    let batch = [
        device("carla", "phone"),
        preferences("carla"),
        held("shop", 30),
        held("shop", 31),
        member("shop", "carla"),
        account("shop"),
        person("carla"),
    ];
    let before = db.store.watch_version().await.unwrap();
    let receipt = db.store.application_apply(&batch).await.unwrap();
    assert_eq!(
        receipt.outcomes,
        [
            Done,
            Done,
            Live { from: 1 },
            Live { from: 1 },
            Done,
            Done,
            Done
        ]
    );
    assert_eq!(receipt.watch_version, before + 1);
    let carla = db.store.user_find("carla").await.unwrap().unwrap();
    assert_eq!(
        (&*carla.display_name, carla.locale),
        ("carla of the application", Locale::Pt)
    );
    let scope = Scope::MemberOf(carla.id);
    let rows = db.store.address_page(&scope, 0, 9).await.unwrap();
    let targets: Vec<WatchTarget> = rows.iter().map(|row| row.target.clone()).collect();
    assert_eq!(targets, [30, 31].map(|n| WatchTarget::Address(address(n))));
    assert_eq!(
        rows[0].account,
        Some(("shop".to_owned(), "shop, S. A.".to_owned()))
    );
    let devices = db.store.device_list(Some(carla.id), 0, 9).await.unwrap();
    assert_eq!(devices.len(), 1);
    let preferences = db.store.preference_find(carla.id).await.unwrap();
    assert!(preferences.hides_amounts);

    // Once more nothing changes, and addresses are live since then.
    let rows_before = db.dump().await;
    db.apply(&transfer(1, &[db.account(1).await])).await;
    let rows_between = db.dump().await;
    let again = db.store.application_apply(&batch).await.unwrap();
    assert_eq!(again.outcomes, receipt.outcomes);
    assert_eq!(again.watch_version, receipt.watch_version);
    assert_eq!(db.dump().await, rows_between);
    assert!(rows_before.len() < rows_between.len(), "the dump sees rows");
    // The application's word counts where something changes.
    let mut renamed = person("carla");
    if let ApplicationChange::User(user) = &mut renamed {
        user.display_name = "Carla".to_owned();
    }
    assert_eq!(apply(&db, &[renamed]).await, [Done]);
    let carla = db.store.user_find("carla").await.unwrap().unwrap();
    assert_eq!(carla.display_name, "Carla");
}

pub(crate) async fn what_is_wrong_is_refused_by_itself<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let outcomes = apply(
        &db,
        &[
            held("ana", 1),
            held("beto", 1),
            member("ana", "nobody"),
            member("none", "beto"),
            person("carla"),
            person("carla"),
            person(""),
            device("nobody", "phone"),
            let_go("ana", 99),
        ],
    )
    .await;
    let reasons: Vec<Option<&str>> = outcomes
        .iter()
        .map(|outcome| match outcome {
            ApplicationOutcome::Refused(reason) => Some(&**reason),
            _ => None,
        })
        .collect();
    assert_eq!(outcomes[0], Live { from: 0 }, "it was so already");
    assert!(reasons[1].unwrap().contains("belongs to account \"ana\""));
    assert!(reasons[2].unwrap().contains("no user \"nobody\""));
    assert!(reasons[3].unwrap().contains("no account \"none\""));
    assert_eq!(outcomes[4], Done);
    assert!(reasons[5].unwrap().contains("twice"));
    assert!(reasons[6].is_some());
    assert!(reasons[7].unwrap().contains("no user \"nobody\""));
    // What nobody holds, or another account does, is not this account's, which is what was wanted.
    assert_eq!(outcomes[8], Done);
    assert_eq!(apply(&db, &[let_go("beto", 1)]).await, [Done]);
    let rows = db.store.watch_page(0, 9).await.unwrap();
    assert_eq!(rows.len(), 2, "nobody lost an address");
    // What ends is gone for the next to take, from a checkpoint that it is told.
    assert_eq!(apply(&db, &[let_go("ana", 1)]).await, [Done]);
    assert_eq!(apply(&db, &[held("beto", 1)]).await, [Live { from: 0 }]);
    assert_eq!(db.store.status().await.unwrap().watched_addresses, 2);
}

pub(crate) async fn disabled_users_are_out_until_they_are_enabled<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let ana = user(&db, "ana").await;
    apply(&db, &[device("ana", "phone"), device("beto", "other")]).await;
    let session = SessionSpec {
        secret_hash: [1; 32],
        user: ana,
        client: "browser".to_owned(),
        expires_at_ms: NOW_MS * 2,
    };
    db.store.session_begin(&session).await.unwrap();
    let token = TokenSpec {
        secret_hash: [2; 32],
        user: ana,
        name: "program".to_owned(),
        scope: TokenScope::Read,
        expires_at_ms: None,
    };
    db.store.token_create(&token).await.unwrap();
    receive(&db, 1, 0..1).await;
    assert_eq!(apply(&db, &[enabled("ana", false)]).await, [Done]);
    assert_eq!(apply(&db, &[enabled("ana", false)]).await, [Done]);
    assert_eq!(db.store.token_use(&[2; 32]).await.unwrap(), None);
    assert_eq!(db.store.session_use(&[1; 32], 1).await.unwrap(), None);
    assert_eq!(db.store.login_find("ana").await.unwrap(), None);
    let devices = db.store.device_list(Some(ana), 0, 9).await.unwrap();
    assert!(!devices[0].is_active);
    let claimed = crate::suite::push::claim(&db, "w1").await;
    assert_eq!(claimed.len(), 0, "what waited is not pushed");
    let reason = refused(&db, device("ana", "new phone")).await;
    assert!(reason.contains("disabled"), "{reason}");
    // The others are as before, and so is what happened.
    assert!(db.store.login_find("beto").await.unwrap().is_some());
    let inbox = crate::suite::inbox_of(&Scope::MemberOf(ana));
    let rows = db.store.notification_page(&inbox, None, 9).await.unwrap();
    assert!(!rows.is_empty());

    assert_eq!(
        apply(&db, &[enabled("ana", true), device("ana", "phone")]).await,
        [Done, Done]
    );
    assert!(db.store.token_use(&[2; 32]).await.unwrap().is_some());
    assert_eq!(db.store.session_use(&[1; 32], 1).await.unwrap(), None);
    let devices = db.store.device_list(Some(ana), 0, 9).await.unwrap();
    assert!(devices[0].is_active);
}

pub(crate) async fn an_erased_user_leaves_nothing<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let name = "zoe-the-erased";
    apply(
        &db,
        &[
            person(name),
            member("ana", name),
            device(name, "zoe-token"),
            preferences(name),
        ],
    )
    .await;
    let zoe = user(&db, name).await;
    let spec = UserSpec {
        external_id: name.to_owned(),
        display_name: String::new(),
        locale: Locale::Es,
    };
    db.store
        .login_set(&spec, UserRole::User, Some("hash"))
        .await
        .unwrap();
    let session = SessionSpec {
        secret_hash: [1; 32],
        user: zoe,
        client: "browser".to_owned(),
        expires_at_ms: NOW_MS * 2,
    };
    db.store.session_begin(&session).await.unwrap();
    let token = TokenSpec {
        secret_hash: [2; 32],
        user: zoe,
        name: "program".to_owned(),
        scope: TokenScope::Full,
        expires_at_ms: None,
    };
    db.store.token_create(&token).await.unwrap();
    let notices = [sign_in_notice(zoe, "1")];
    db.store.notification_tell(&notices).await.unwrap();
    receive(&db, 1, 0..2).await;
    db.store.notification_read_all(zoe, 1).await.unwrap();
    for claimed in crate::suite::push::claim(&db, "w1").await {
        crate::suite::push::deliver(&db, &claimed).await;
    }

    let erase = ApplicationChange::UserErased {
        user: name.to_owned(),
    };
    assert_eq!(apply(&db, std::slice::from_ref(&erase)).await, [Done]);
    assert_eq!(apply(&db, &[erase]).await, [Done], "as good as gone");
    assert_eq!(db.store.user_find(name).await.unwrap(), None);
    assert_eq!(db.store.device_list(None, 0, 9).await.unwrap(), []);
    assert_eq!(db.store.token_use(&[2; 32]).await.unwrap(), None);
    let rows = db.dump().await;
    let of_zoe: Vec<_> = rows.iter().filter(|row| row.contains("zoe")).collect();
    assert!(of_zoe.is_empty(), "{of_zoe:?}");
    // What happened to the account stays, and so does who else is told.
    let inbox = crate::suite::inbox_of(&db.scope("ana").await);
    let rows = db.store.notification_page(&inbox, None, 9).await.unwrap();
    assert_eq!(rows.len(), 2);
    // Somebody of the same name later is somebody else.
    assert_eq!(apply(&db, &[person(name)]).await, [Done]);
    assert_ne!(user(&db, name).await, zoe);
}

pub(crate) async fn what_is_a_users_alone_is_erased_with_them<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    db.apply(&transfer(0, &[db.account(1).await, db.account(2).await]))
        .await;
    crate::suite::endpoint::of_account(&db, 1, "hook").await;
    crate::suite::invoice::created(&db, &crate::suite::invoice::spec("i-1")).await;
    let before = db.store.watch_version().await.unwrap();
    let watched = db.store.status().await.unwrap().watched_addresses;

    let erase = ApplicationChange::UserErased {
        user: "ana".to_owned(),
    };
    assert_eq!(apply(&db, &[erase]).await, [Done]);
    assert_eq!(db.store.watch_version().await.unwrap(), before + 1);
    let status = db.store.status().await.unwrap();
    assert_eq!(status.watched_addresses, watched - 1);
    let rows = db.dump().await;
    let of_ana = rows.iter().filter(|row| {
        let words = ["\"ana\"", "Ana", "caf\u{e9}"];
        words.iter().any(|word| row.contains(word))
    });
    let of_ana: Vec<_> = of_ana.collect();
    assert!(of_ana.is_empty(), "{of_ana:?}");
    let endpoints = db.store.endpoint_list().await.unwrap();
    let hook = endpoints.iter().find(|row| row.spec.name == "hook");
    let hook = hook.expect("its row stays");
    assert_eq!(hook.state, EndpointState::Removed);
    assert_eq!((hook.spec.url.as_str(), hook.label.as_str()), ("", ""));
    assert_eq!(hook.secrets, None);

    // What the chain says stays, of nobody.
    let filter = vigia_store::ActivityFilter::default();
    let kept = db.store.activity_page(&Scope::All, &filter, None, 9).await;
    let kept = kept.unwrap();
    let nameless =
        |row: &&vigia_store::ActivityRow| row.account.external_id.starts_with("erased/account/");
    assert_eq!((kept.len(), kept.iter().filter(nameless).count()), (2, 1));
    // Others keep theirs.
    let beto = db.scope("beto").await;
    let seen = db.store.activity_page(&beto, &filter, None, 9).await;
    assert_eq!(seen.unwrap().len(), 1);
}

pub(crate) async fn an_account_ends_and_its_past_stays<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    apply(&db, &[held("ana", 7), member("ana", "beto")]).await;
    db.apply(&transfer(0, &[db.account(1).await])).await;
    crate::suite::endpoint::of_account(&db, 1, "hook").await;
    let end = ApplicationChange::AccountEnded {
        account: "ana".to_owned(),
    };
    let before = db.store.watch_version().await.unwrap();
    let receipt = db
        .store
        .application_apply(std::slice::from_ref(&end))
        .await
        .unwrap();
    assert_eq!(receipt.outcomes, [Done]);
    assert_eq!(
        (receipt.watch_version, receipt.effective_from),
        (before + 1, 1)
    );
    assert_eq!(apply(&db, &[end]).await, [Done]);
    assert_eq!(db.store.watch_version().await.unwrap(), before + 1);
    assert_eq!(db.store.status().await.unwrap().watched_addresses, 1);
    let rows = db.store.watch_page(0, 9).await.unwrap();
    assert_eq!(rows.len(), 1, "Beto's");
    let scope = db.scope("ana").await;
    let filter = vigia_store::ActivityFilter::default();
    let seen = db.store.activity_page(&scope, &filter, None, 9).await;
    assert_eq!(seen.unwrap(), [], "nobody is a member");
    let kept = db.store.activity_page(&Scope::All, &filter, None, 9).await;
    assert_eq!(kept.unwrap().len(), 1);
    let endpoints = db.store.endpoint_list().await.unwrap();
    assert!(
        endpoints
            .iter()
            .all(|row| row.state == EndpointState::Removed)
    );
    assert!(endpoints.iter().all(|row| row.secrets.is_none()));
}

pub(crate) async fn what_was_done_is_remembered<F: Fixture>() {
    let db = Db::<F>::empty().await;
    for n in 0..5_u64 {
        db.clock.set(NOW_MS + n);
        fill(&*db.store, n).await;
    }
    let page = db.store.action_page(None, None, 2).await.unwrap();
    let subjects: Vec<_> = page.iter().map(|row| &row.action.subject).collect();
    assert_eq!(subjects, [&json!({ "id": 4 }), &json!({ "id": 3 })]);
    assert_eq!(page[0].at_ms, NOW_MS + 4);
    let next = db.store.action_page(None, Some(page[1].id), 9).await;
    assert_eq!(next.unwrap().len(), 3);
    let of_root = db.store.action_page(Some("root"), None, 9).await.unwrap();
    assert_eq!(of_root.len(), 2);
    assert_eq!(
        of_root[0].action.problem.as_deref(),
        Some("it was \u{2615}")
    );
    assert_eq!(db.store.action_prune(NOW_MS + 3, 2).await.unwrap(), 2);
    assert_eq!(db.store.action_prune(NOW_MS + 3, 2).await.unwrap(), 1);
    assert_eq!(db.store.action_page(None, None, 9).await.unwrap().len(), 2);
}

/// An action: for a copy too.
pub(crate) async fn fill(store: &dyn ActionStore, n: u64) {
    let is_odd = n % 2 == 1;
    let action = Action {
        actor: if is_odd { "root" } else { "" }.to_owned(),
        way: if is_odd {
            ActionWay::Page
        } else {
            ActionWay::Command
        },
        action: "stop-broadcast".to_owned(),
        subject: json!({ "id": n }),
        problem: is_odd.then(|| "it was \u{2615}".to_owned()),
    };
    store.action_record(&action).await.unwrap();
}
