//! Following a source: who holds an address from when, who may read, and who goes.

use serde_json::{Value as Json, json};
use vigia_core::{
    Fence, Scope, SourceBuilder, SourceLimits, SourcePlan, SourceRefusal, SourceSnapshot,
    WatchTarget,
};
use vigia_store::{
    ActivityFilter, IngestStore, LeaseStore, ReadStore, SourceApplied, SourceGuard, SourceOutcome,
    SourceStore, WatchStore,
};

use crate::sample::{address, commit, transfer};
use crate::suite::{Db, Fixture, NOW_MS};

const LIMITS: SourceLimits = SourceLimits {
    gone_percent_max: 10,
    gone_min: 1,
};

/// A row: `address(n)` of an account, and its user of the same name.
fn row(n: u64, account: &str) -> Json {
    json!({
        "address": address(n).to_string(),
        "account_id": account,
        "account_name": format!("Account {account}"),
        "user_id": format!("user-{account}"),
        "user_name": format!("User {account}"),
    })
}

fn snapshot(rows: &[Json]) -> SourceSnapshot {
    let mut builder = SourceBuilder::default();
    for row in rows {
        builder.push(&row.to_string()).unwrap();
    }
    builder.finish()
}

async fn guard<F: Fixture>(db: &Db<F>) -> SourceGuard {
    let fence = db.store.lease_claim("source:app", "test", 60_000).await;
    SourceGuard {
        source: "app".to_owned(),
        lease: "source:app".to_owned(),
        fence: fence.unwrap().unwrap(),
    }
}

/// Makes everything as the rows say; returns how many addresses changed and what was refused.
pub(crate) async fn follow<F: Fixture>(db: &Db<F>, rows: &[Json]) -> (u64, Vec<SourceRefusal>) {
    let guard = guard(db).await;
    let snapshot = snapshot(rows);
    let plan = plan(db, &snapshot).await;
    let (mut changed, mut all_refused) = (0, Vec::new());
    for part in plan.parts(2) {
        let applied = db.store.source_apply(&guard, &part).await.unwrap();
        let SourceApplied::Done { receipt, refused } = applied else {
            panic!("the lease is held");
        };
        changed += receipt.changed;
        all_refused.extend(refused);
    }
    (changed, all_refused)
}

async fn plan<'s, F: Fixture>(db: &Db<F>, snapshot: &'s SourceSnapshot) -> SourcePlan<'s> {
    let compared = db.store.source_compare(snapshot, None).await;
    compared.unwrap().unwrap()
}

/// How many activities the user sees.
async fn seen<F: Fixture>(db: &Db<F>, user: &str) -> usize {
    let scope = db.scope(user).await;
    assert!(matches!(scope, Scope::MemberOf(_)));
    let filter = ActivityFilter::default();
    let page = db.store.activity_page(&scope, &filter, None, 10).await;
    page.unwrap().len()
}

/// `address(n)` of the business `shop`, with this member, who may do what the words say.
pub(crate) fn shop_member(n: u64, user: &str, words: &str) -> Json {
    let mut row = row(n, "shop");
    row["account_kind"] = "business".into();
    row["user_id"] = user.into();
    row["user_name"] = user.into();
    row["permissions"] = words.into();
    row
}

pub(crate) async fn once_followed_nothing_is_left_to_do<F: Fixture>() {
    let db = Db::<F>::empty().await;
    let rows = [row(1, "ana"), row(2, "ana"), row(3, "beto")];
    assert_eq!(follow(&db, &rows).await, (3, Vec::new()));
    assert!(plan(&db, &snapshot(&rows)).await.is_empty());
    let dump = db.dump().await;
    assert_eq!(follow(&db, &rows).await, (0, Vec::new()));
    assert_eq!(db.dump().await, dump);
    let listed = db.store.watch_page(0, 10).await.unwrap();
    let sources: Vec<_> = listed.iter().map(|row| row.source.as_deref()).collect();
    assert_eq!(sources, [Some("app"); 3]);
    assert_eq!(db.store.status().await.unwrap().watched_addresses, 3);
}

pub(crate) async fn the_past_stays_when_an_address_moves<F: Fixture>() {
    let db = Db::<F>::empty().await;
    db.store.live_begin(0).await.unwrap();
    follow(&db, &[row(1, "ana"), row(2, "beto")]).await;
    let ana = db.account(1).await;
    db.apply(&transfer(0, &[ana])).await;
    let (changed, _) = follow(&db, &[row(1, "beto"), row(2, "beto")]).await;
    assert_eq!(changed, 2, "one watch ended and one begun");
    let book = db.store.address_book(&[address(1)], &[]).await.unwrap();
    let beto = db.account(2).await;
    // No checkpoint between the two, in which it would be nobody's.
    assert_eq!(book.account_at(&address(1), 0), Some(ana));
    assert_eq!(book.account_at(&address(1), 1), Some(beto));
    assert_eq!(db.store.status().await.unwrap().watched_addresses, 2);
    let changes = db.store.watch_changes(1).await.unwrap();
    let from: Vec<u64> = changes.iter().map(|change| change.effective_from).collect();
    assert_eq!(from, [1, 1]);
}

pub(crate) async fn who_is_gone_sees_nothing_any_more<F: Fixture>() {
    let db = Db::<F>::empty().await;
    db.store.live_begin(0).await.unwrap();
    let shared = |user: &str, words: Json| {
        let mut row = row(1, "shop");
        row["user_id"] = user.into();
        row["user_name"] = user.into();
        row["permissions"] = words;
        row
    };
    let all = [
        shared("owner", Json::Null),
        shared("clerk", json!(["read", "refund"])),
        shared("driver", json!(["deliver"])),
    ];
    follow(&db, &all).await;
    let shop = db.account(1).await;
    db.apply(&transfer(0, &[shop])).await;
    assert_eq!(seen(&db, "owner").await, 1);
    assert_eq!(seen(&db, "clerk").await, 1);
    assert_eq!(seen(&db, "driver").await, 0, "may not read");
    let rows = [
        shared("owner", Json::Null),
        shared("driver", json!("read, deliver")),
    ];
    follow(&db, &rows).await;
    assert_eq!(seen(&db, "clerk").await, 0);
    assert_eq!(seen(&db, "driver").await, 1);
    assert_eq!(seen(&db, "owner").await, 1);
    let members = db.dump_of("member").await;
    assert!(members[0].contains("\"deliver read\""), "{members:?}");
    // The address stays watched as long as any row names it.
    assert_eq!(db.store.status().await.unwrap().watched_addresses, 1);
    follow(&db, &[]).await;
    assert_eq!(seen(&db, "owner").await, 0);
    assert_eq!(db.store.status().await.unwrap().watched_addresses, 0);
}

pub(crate) async fn the_operators_word_is_kept<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let mine = [row(1, "ana"), row(2, "carla"), row(3, "carla")];
    let (changed, refused) = follow(&db, &mine).await;
    assert_eq!(changed, 1, "only the one that nobody held");
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].subject, address(2).to_string());
    assert!(refused[0].reason.contains("account \"beto\""));
    // What both say is the source's from then on, and goes with it.
    let (changed, _) = follow(&db, &[]).await;
    assert_eq!(changed, 2);
    let left = db.store.watch_page(0, 10).await.unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].target, WatchTarget::Address(address(2)));
    assert_eq!(left[0].source, None);
}

pub(crate) async fn names_follow_the_source<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let mut renamed = row(1, "ana");
    renamed["account_name"] = "Ana's shop".into();
    renamed["account_kind"] = "business".into();
    renamed["locale"] = "en-US".into();
    follow(&db, &[renamed.clone()]).await;
    let accounts = db.dump_of("account").await;
    let ana = accounts.iter().find(|row| row.contains("\"ana\"")).unwrap();
    assert!(
        ana.contains("business") && ana.contains("Ana's shop"),
        "{ana}"
    );
    let users = db.dump_of("user").await;
    assert!(
        users
            .iter()
            .any(|row| row.contains("\"user-ana\"") && row.contains("en"))
    );
    assert!(plan(&db, &snapshot(&[renamed])).await.is_empty());
}

pub(crate) async fn far_fewer_change_nothing<F: Fixture>() {
    let db = Db::<F>::empty().await;
    let rows: Vec<Json> = (0..20).map(|n| row(n, &format!("a{n}"))).collect();
    follow(&db, &rows).await;
    let compare = async |rows: &[Json]| {
        let snapshot = snapshot(rows);
        let compared = db.store.source_compare(&snapshot, Some(&LIMITS));
        compared.await.unwrap().map(|_| ())
    };
    assert!(compare(&rows[..18]).await.is_ok());
    let error = compare(&rows[..17]).await.unwrap_err();
    assert_eq!((error.known, error.found, error.gone), (20, 17, 3));
    assert_eq!(error.what, "addresses");
    // All addresses, and nobody belongs to any account.
    let mut alone = rows.clone();
    for row in &mut alone {
        row.as_object_mut().unwrap().remove("user_id");
    }
    assert_eq!(compare(&alone).await.unwrap_err().what, "memberships");
}

pub(crate) async fn a_lost_lease_writes_nothing<F: Fixture>() {
    let db = Db::<F>::empty().await;
    let old = guard(&db).await;
    let snapshot = snapshot(&[row(1, "ana")]);
    let plan = plan(&db, &snapshot).await;
    let newer = guard(&db).await;
    assert_eq!(newer.fence, Fence(old.fence.0 + 1));
    let dump = db.dump().await;
    for part in plan.parts(10) {
        let applied = db.store.source_apply(&old, &part).await.unwrap();
        assert_eq!(applied, SourceApplied::LeaseLost);
    }
    let outcome = outcome(&[row(1, "ana")], Vec::new());
    assert!(!db.store.source_finish(&old, &outcome).await.unwrap());
    assert_eq!(db.dump().await, dump);
    assert_eq!(db.store.source_report("app").await.unwrap(), None);
}

fn outcome(rows: &[Json], refused: Vec<SourceRefusal>) -> SourceOutcome {
    let snapshot = snapshot(rows);
    SourceOutcome {
        fingerprint: snapshot.fingerprint(),
        watch_version: 7,
        rows: snapshot.rows,
        addresses: snapshot.addresses(),
        members: snapshot.members(),
        refused,
    }
}

pub(crate) async fn a_report_says_since_when_it_fails<F: Fixture>() {
    let db = Db::<F>::empty().await;
    db.store.source_failed("app", "no route").await.unwrap();
    let report = db.store.source_report("app").await.unwrap().unwrap();
    assert_eq!(report.refreshed_at_ms, None);
    assert_eq!(report.followed, None);
    assert_eq!(report.failing, Some((NOW_MS, "no route".to_owned())));

    let guard = guard(&db).await;
    let refused: Vec<SourceRefusal> = (0..1_001)
        .map(|n| SourceRefusal {
            subject: n.to_string(),
            reason: "wrong".to_owned(),
        })
        .collect();
    let outcome = outcome(&[row(1, "ana"), row(2, "beto")], refused.clone());
    db.clock.set(NOW_MS + 5);
    assert!(db.store.source_finish(&guard, &outcome).await.unwrap());
    let report = db.store.source_report("app").await.unwrap().unwrap();
    assert_eq!(report.refreshed_at_ms, Some(NOW_MS + 5));
    assert_eq!(report.followed, Some((7, outcome.fingerprint)));
    assert_eq!((report.rows, report.addresses, report.members), (2, 2, 2));
    assert_eq!((report.refused, report.failing), (1_001, None));
    let kept = db.store.source_refusals("app").await.unwrap();
    assert_eq!(kept, refused[..1_000]);

    for (after, error) in [(15, "first"), (35, "second")] {
        db.clock.set(NOW_MS + after);
        db.store.source_failed("app", error).await.unwrap();
    }
    let report = db.store.source_report("app").await.unwrap().unwrap();
    assert_eq!(report.failing, Some((NOW_MS + 15, "second".to_owned())));
    assert_eq!(report.refreshed_at_ms, Some(NOW_MS + 5));
    assert_eq!(report.addresses, 2, "what was followed last stays");
}

pub(crate) async fn an_address_begins_above_what_is_committed<F: Fixture>() {
    let db = Db::<F>::empty().await;
    db.store.live_begin(0).await.unwrap();
    db.apply(&commit(0, 41)).await;
    follow(&db, &[row(1, "ana")]).await;
    let listed = db.store.watch_page(0, 10).await.unwrap();
    assert_eq!(listed[0].live_from, 42);
}
