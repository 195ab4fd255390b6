//! What is kept of a person can be had, and be erased so that nothing of it is in the database's files.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use vigia_core::{
    AccountKind, Address, Announcement, Digest, Direction, Label, LabelKind, Locale,
    NotificationKind, Permissions, Platform, Scope, UserRole,
};
use vigia_store::{
    AccountEndpoint, Action, ActionStore as _, ActionWay, AnnounceOutcome, AnnouncementStore as _,
    ApplicationChange, ApplicationOutcome, ApplicationStore as _, DeliveryStore as _, DeviceSpec,
    EndpointFilter, EndpointSpec, InboxStore as _, LabelStore as _, Notice, SessionSpec,
    SignInStore as _, SqlStore, TokenScope, TokenSpec, UserSpec,
};

use crate::app::{App, text};

/// In every text that is kept of the person.
const MARK: &str = "zoe-mark";
const USER: &str = "zoe-mark-user";
const ACCOUNT: &str = "zoe-mark-account";

fn marked(what: &str) -> String {
    format!("{MARK} {what}")
}

/// A person with an account of their own and a place in a shop, and everything that vigia may know of them.
async fn seed(store: &SqlStore) {
    let address = Address::new([7; 32]);
    let person = |user: &str, name: String| {
        ApplicationChange::User(UserSpec {
            external_id: user.to_owned(),
            display_name: name,
            locale: Locale::Es,
        })
    };
    let account = |account: &str, name: String| ApplicationChange::Account {
        account: account.to_owned(),
        kind: AccountKind::Personal,
        display_name: name,
    };
    let member = |account: &str, user: &str| ApplicationChange::Member {
        account: account.to_owned(),
        user: user.to_owned(),
        permissions: Permissions::all(),
    };
    let device = ApplicationChange::Device {
        user: USER.to_owned(),
        spec: DeviceSpec {
            platform: Platform::Fcm,
            token: marked("device").replace(' ', "-"),
            locale: Some(Locale::Es),
            app_version: MARK.to_owned(),
        },
    };
    let changes = [
        person(USER, marked("name")),
        person("beto", "Beto".to_owned()),
        account(ACCOUNT, marked("account")),
        account("shop", "Shop".to_owned()),
        member(ACCOUNT, USER),
        member("shop", USER),
        member("shop", "beto"),
        ApplicationChange::Address {
            account: ACCOUNT.to_owned(),
            address,
        },
        device,
    ];
    let receipt = store.application_apply(&changes).await.unwrap();
    let refused = |outcome: &ApplicationOutcome| matches!(outcome, ApplicationOutcome::Refused(_));
    assert!(!receipt.outcomes.iter().any(refused), "{receipt:?}");

    let spec = UserSpec {
        external_id: USER.to_owned(),
        display_name: marked("name"),
        locale: Locale::Es,
    };
    let login = store.login_set(&spec, UserRole::User, Some("hash"));
    let user = login.await.map(|_| ()).and(store.login_find(USER).await);
    let user = user.unwrap().expect("who has just been made").user.id;
    let session = SessionSpec {
        secret_hash: [1; 32],
        user,
        client: marked("browser"),
        expires_at_ms: u64::MAX >> 16,
    };
    store.session_begin(&session).await.unwrap();
    let token = TokenSpec {
        secret_hash: [2; 32],
        user,
        name: marked("token"),
        scope: TokenScope::Full,
        expires_at_ms: None,
    };
    store.token_create(&token).await.unwrap();
    let notice = Notice {
        user,
        kind: NotificationKind::new("NEW_SIGN_IN"),
        cause: "1".to_owned(),
        details: json!({ "client": marked("client") }),
    };
    store.notification_tell(&[notice]).await.unwrap();

    let announcement = Announcement {
        digest: Digest::new([9; 32]),
        kind: "SEND".to_owned(),
        direction: Direction::Out,
        coin_type: None,
        amount: None,
        counterparty: None,
        note: marked("note"),
        last_epoch: None,
        wait_ms: 60_000,
    };
    let outcome = store.announce(&Scope::All, ACCOUNT, &announcement).await;
    assert!(matches!(outcome.unwrap(), AnnounceOutcome::There(_)));
    let label = Label::new(address, &marked("label"), LabelKind::Other).unwrap();
    store.label_set(&label).await.unwrap();
    let endpoint = AccountEndpoint {
        spec: EndpointSpec {
            name: "hook".to_owned(),
            url: format!("https://{MARK}.example/hook"),
            filter: EndpointFilter::default(),
            per_second: None,
        },
        account: store.account_find(ACCOUNT).await.unwrap().unwrap(),
        label: marked("hook"),
        secrets: marked("sealed"),
    };
    store.endpoint_create(&endpoint).await.unwrap();
    for (actor, subject) in [
        (USER, json!({ "id": 1 })),
        ("beto", json!({ "user": USER, "account": ACCOUNT })),
    ] {
        let action = Action {
            actor: actor.to_owned(),
            way: ActionWay::Command,
            action: "user sign-out".to_owned(),
            subject,
            problem: Some(format!("not {USER:?}")),
        };
        store.action_record(&action).await.unwrap();
    }
}

/// Files of the data folder that hold the mark.
fn marked_files(app: &App) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(app.data_dir()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap_or_default();
        if bytes
            .windows(MARK.len())
            .any(|part| part == MARK.as_bytes())
        {
            found.push(path.display().to_string());
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_kept_of_a_person_can_be_had_and_be_erased() {
    let app = App::new();
    let store = app.store().await;
    seed(&store).await;
    assert!(!marked_files(&app).is_empty(), "what is sought is there");

    let exported = app.ok(&["user", "export", USER]);
    let rows: Vec<Value> = exported
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let tables: BTreeSet<&str> = rows
        .iter()
        .map(|row| row["table"].as_str().unwrap())
        .collect();
    let expected = [
        "account",
        "account_member",
        "action_log",
        "announcement",
        "api_token",
        "app_user",
        "device",
        "endpoint",
        "label",
        "notification",
        "session",
        "user_login",
        "watch",
    ];
    assert_eq!(tables, BTreeSet::from(expected));
    for secret in [
        "sealed",
        "device",
        "secret_hash",
        "token_hash",
        "password_hash",
    ] {
        let is_there =
            exported.contains(&marked(secret)) || exported.contains(&format!("{secret}\":"));
        assert!(!is_there, "{secret} in {exported}");
    }
    // Of a shop with others they have their own place and no more.
    assert!(!exported.contains("beto"), "{exported}");

    let output = app.run(&["user", "erase", USER]);
    let said = text(&output.stderr);
    assert!(!output.status.success() && said.contains("--yes"), "{said}");
    assert!(app.ok(&["user", "export", USER]).contains(MARK));
    assert_eq!(
        app.ok(&["user", "erase", USER, "--yes"]),
        format!("{USER} is erased\n")
    );
    assert_eq!(marked_files(&app), [""; 0]);
    // Also while processes run that have the database open.
    assert_eq!(store.login_find(USER).await.unwrap(), None);
    assert!(store.account_find("shop").await.unwrap().is_some());
    store.close().await;
    assert_eq!(marked_files(&app), [""; 0]);

    let output = app.run(&["user", "export", USER]);
    let said = text(&output.stderr);
    assert!(
        !output.status.success() && said.contains("there is no user"),
        "{said}"
    );
    assert_eq!(
        app.run(&["user", "erase", USER, "--yes"]).status.code(),
        output.status.code()
    );
}
