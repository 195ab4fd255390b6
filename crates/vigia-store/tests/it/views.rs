//! The views of schema `vigia_api`, as an application reads them. Postgres alone has them: a file is
//! not shared with other applications.

use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Connection, Row};
use vigia_core::{Activity, Address, Commit, Direction, Place, RawTransaction, Slot, Status};
use vigia_store::IngestStore;

use crate::postgres::{PostgresFixture, admin, run};
use crate::sample::{COIN, activity, address, commit, cusd, digest_at, place, raw, timestamp_ms};
use crate::suite::{Db, Fixture};

async fn people() -> Option<Db<PostgresFixture>> {
    match PostgresFixture::is_at_hand() {
        true => Some(Db::with_people().await),
        false => None,
    }
}

async fn rows(connection: &mut PgConnection, statement: &str) -> Vec<PgRow> {
    sqlx::query(AssertSqlSafe(statement))
        .fetch_all(connection)
        .await
        .unwrap()
}

/// The one column of each row.
async fn column<T>(connection: &mut PgConnection, statement: &str) -> Vec<T>
where
    T: for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
{
    let rows = rows(connection, statement).await;
    rows.iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn raw_events_say_what_is_kept() {
    let Some(db) = people().await else { return };
    let failed = RawTransaction {
        sender: address(2),
        package: None,
        module: None,
        failure: Some("MoveAbort".to_owned()),
        processing_error: Some("unknown layout".to_owned()),
        ..raw(place(4, 1))
    };
    let called = RawTransaction {
        function: Some("send".to_owned()),
        ..raw(place(4, 0))
    };
    let commit = Commit {
        raw_transactions: vec![called, failed],
        ..commit(4, 4)
    };
    db.apply(&commit).await;
    let mut reader = admin(&db.fixture.url()).await;
    let statement = "SELECT *, \
        (extract(epoch FROM block_time) * 1000)::bigint AS ms, data::text AS data_text \
        FROM vigia_api.raw_events ORDER BY checkpoint, tx_index";
    let found = rows(&mut reader, statement).await;
    assert_eq!(found.len(), 2);
    let (called, failed) = (&found[0], &found[1]);
    let digest = digest_at(place(4, 0)).into_inner();
    assert_eq!(called.get::<String, _>("digest"), hex::encode(digest));
    assert_eq!(called.get::<Vec<u8>, _>("digest_bytes"), digest);
    assert_eq!(called.get::<String, _>("sender"), address(1).to_string());
    assert_eq!(
        called.get::<String, _>("package"),
        Address::TWO.to_string(),
        "all 64 digits"
    );
    assert_eq!(called.get::<String, _>("module"), "pay");
    assert_eq!(called.get::<String, _>("function"), "send");
    let ms = i64::try_from(timestamp_ms(4)).unwrap();
    assert_eq!(called.get::<i64, _>("ms"), ms);
    assert!(called.get::<bool, _>("processed"));
    assert!(!failed.get::<bool, _>("processed"));
    assert_eq!(failed.get::<Option<String>, _>("package"), None);
    assert_eq!(failed.get::<Option<String>, _>("module"), None);
    let data: serde_json::Value = serde_json::from_str(failed.get("data_text")).unwrap();
    let expected = serde_json::json!({
        "epoch": 3,
        "reasons": [{ "kind": "sender", "target": address(1).to_string() }],
        "failure": "MoveAbort",
        "gasCost": "-12",
        "processingError": "unknown layout",
    });
    assert_eq!(data, expected);
}

#[tokio::test]
async fn raw_events_are_found_by_their_indexes() {
    let Some(db) = people().await else { return };
    let calls = (0..3_000u64).map(|n| RawTransaction {
        sender: address(n % 300),
        module: Some(format!("module{}", n % 60)),
        function: Some(format!("function{}", n % 5)),
        timestamp_ms: timestamp_ms(n),
        ..raw(place(n, 0))
    });
    let commit = Commit {
        raw_transactions: calls.collect(),
        ..commit(0, 2_999)
    };
    db.apply(&commit).await;
    let mut reader = admin(&db.fixture.url()).await;
    run(&mut reader, "ANALYZE vigia.raw_transaction".to_owned()).await;
    let by_sender = format!(
        "SELECT digest FROM vigia_api.raw_events WHERE sender = '{}' \
         AND block_time >= '2020-09-13T12:26:40Z' AND block_time < '2020-09-13T12:30:00Z' \
         ORDER BY block_time DESC",
        address(7)
    );
    let by_function = "SELECT digest FROM vigia_api.raw_events \
         WHERE module = 'module7' AND function = 'function2' ORDER BY block_time DESC LIMIT 5";
    for (statement, parts, count) in [
        (&*by_sender, ["encode(sender, 'hex'", "to_timestamp("], 3),
        (
            by_function,
            ["module = 'module7'", "function = 'function2'"],
            5,
        ),
    ] {
        let plan: Vec<String> = column(&mut reader, &format!("EXPLAIN {statement}")).await;
        let plan = plan.join("\n");
        let condition = plan.lines().find(|line| line.contains("Index Cond"));
        let condition = condition.unwrap_or_else(|| panic!("no index is used: {plan}"));
        for part in parts {
            assert!(condition.contains(part), "{part} in {condition}\n{plan}");
        }
        assert!(!plan.contains("Seq Scan"), "{plan}");
        let found: Vec<String> = column(&mut reader, statement).await;
        assert_eq!(found.len(), count, "{statement}");
    }
}

/// A side of a movement.
fn side(at: Place, who: &Who, direction: Direction, amount: i128, other: Option<u64>) -> Activity {
    Activity {
        direction,
        address: Some(address(who.n)),
        amount: Some(amount),
        counterparty: other.map(address),
        ..activity(at, who.account)
    }
}

struct Who {
    n: u64,
    account: vigia_core::AccountId,
}

/// Ana, Beto and Carla, who hold addresses 1 to 3; 8 and 9 are watched by nobody.
async fn three(db: &Db<PostgresFixture>) -> [Who; 3] {
    db.watch(3, "carla").await;
    let mut three = Vec::new();
    for n in 1..=3 {
        let account = db.account(n).await;
        three.push(Who { n, account });
    }
    three.try_into().ok().unwrap()
}

/// One transaction a case.
fn cases([ana, beto, carla]: &[Who; 3]) -> Vec<Vec<Activity>> {
    use Direction::{In, Neutral, Out};
    let at = |checkpoint| place(checkpoint, 0);
    let event = |activity: Activity| Activity {
        slot: Slot::Event(2),
        kind: "payment_sent".to_owned(),
        ..activity
    };
    vec![
        // 0: from one to one.
        vec![
            side(at(0), ana, Out, 5, Some(2)),
            side(at(0), beto, In, 5, Some(1)),
        ],
        // 1: to two accounts and one that nobody watches.
        vec![
            side(at(1), ana, Out, 10, None),
            side(at(1), beto, In, 4, Some(1)),
            side(at(1), carla, In, 3, Some(1)),
        ],
        // 2: two pay one.
        vec![
            side(at(2), ana, Out, 6, Some(3)),
            side(at(2), beto, Out, 4, Some(3)),
            side(at(2), carla, In, 10, Some(1)),
        ],
        // 3 and 4: to and from one that nobody watches.
        vec![side(at(3), ana, Out, i128::MAX, Some(9))],
        vec![side(at(4), ana, In, 7, Some(9))],
        // 5: between addresses of one account.
        vec![side(at(5), beto, Neutral, 2, None)],
        // 6: an event that both sides have, and what failed, which moved nothing.
        vec![
            event(side(at(6), ana, Out, 8, Some(2))),
            event(side(at(6), beto, In, 8, Some(1))),
            Activity {
                slot: Slot::Transaction,
                status: Status::Failed,
                ..side(at(6), carla, Out, 1, Some(1))
            },
        ],
        // 7: two pay two: nothing says who paid whom.
        vec![
            side(at(7), ana, Out, 5, None),
            side(at(7), beto, Out, 5, None),
            side(at(7), carla, In, 8, Some(1)),
        ],
    ]
}

const TRANSFERS: &str = "SELECT concat_ws(' ', checkpoint, coalesce(sender_account, '-'), \
    coalesce(right(sender_address, 1), '-'), coalesce(recipient_account, '-'), \
    coalesce(right(recipient_address, 1), '-'), amount, kind) \
    FROM vigia_api.transfers ORDER BY 1";

#[tokio::test]
async fn transfers_join_both_sides() {
    let Some(db) = people().await else { return };
    let three = three(&db).await;
    for activities in cases(&three) {
        let at = activities[0].place;
        let commit = Commit {
            raw_transactions: vec![raw(at)],
            activities,
            ..commit(at.checkpoint, at.checkpoint)
        };
        db.apply(&commit).await;
    }
    let mut reader = admin(&db.fixture.url()).await;
    let found: Vec<String> = column(&mut reader, TRANSFERS).await;
    let largest = format!("3 ana 1 - 9 {} transfer", i128::MAX);
    let mut expected = [
        "0 ana 1 beto 2 5 transfer",
        "1 ana 1 beto 2 4 transfer",
        "1 ana 1 carla 3 3 transfer",
        "1 ana 1 - - 3 transfer",
        "2 ana 1 carla 3 6 transfer",
        "2 beto 2 carla 3 4 transfer",
        &largest,
        "4 - 9 ana 1 7 transfer",
        "5 beto 2 beto - 2 transfer",
        "6 ana 1 beto 2 8 payment_sent",
        "7 ana 1 - - 5 transfer",
        "7 beto 2 - - 5 transfer",
        "7 - 1 carla 3 8 transfer",
    ];
    expected.sort_unstable();
    let mut sorted = found.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, expected);
    sums_are_those_of_activities(&mut reader).await;
}

/// Whatever is paired: by account, what went out and came in is what its activities say.
async fn sums_are_those_of_activities(reader: &mut PgConnection) {
    let sums = "SELECT concat_ws(' ', external_id, \
        (SELECT sum(amount) FROM vigia_api.transfers \
            WHERE sender_account = external_id AND recipient_account IS DISTINCT FROM external_id), \
        (SELECT sum(amount) FROM vigia_api.transfers \
            WHERE recipient_account = external_id AND sender_account IS DISTINCT FROM external_id)) \
        FROM vigia.account ORDER BY 1";
    let activities = "SELECT concat_ws(' ', external_id, \
        (SELECT sum(amount) FROM vigia.activity a \
            WHERE a.account_id = o.id AND direction = 'out' AND status = 'completed'), \
        (SELECT sum(amount) FROM vigia.activity a \
            WHERE a.account_id = o.id AND direction = 'in' AND status = 'completed')) \
        FROM vigia.account o ORDER BY 1";
    let found: Vec<String> = column(reader, sums).await;
    let expected: Vec<String> = column(reader, activities).await;
    assert_eq!(found, expected);
    assert_eq!(found.len(), 3);
}

/// A payment of 1.50 in checkpoint 4, and its place.
async fn ana_pays_beto(db: &Db<PostgresFixture>) -> Place {
    let [ana, beto, _] = three(db).await;
    let at = place(4, 2);
    let paid = Commit {
        raw_transactions: vec![raw(at)],
        activities: vec![
            side(at, &ana, Direction::Out, 1_500_000, Some(2)),
            side(at, &beto, Direction::In, 1_500_000, Some(1)),
        ],
        ..commit(4, 4)
    };
    db.apply(&paid).await;
    at
}

#[tokio::test]
async fn transfers_say_coin_digest_and_time() {
    let Some(db) = people().await else { return };
    let at = ana_pays_beto(&db).await;
    let mut reader = admin(&db.fixture.url()).await;
    let statement = "SELECT *, (extract(epoch FROM block_time) * 1000)::bigint AS ms, \
        (amount / 10::numeric ^ decimals)::numeric(20, 6)::text AS shown FROM vigia_api.transfers";
    let unknown = &rows(&mut reader, statement).await[0];
    assert_eq!(unknown.get::<Option<i32>, _>("decimals"), None);
    db.store.coin_upsert(&[cusd()]).await.unwrap();
    let found = &rows(&mut reader, statement).await[0];
    assert_eq!(found.get::<i32, _>("decimals"), 6);
    assert_eq!(found.get::<String, _>("symbol"), "cUSD");
    assert_eq!(found.get::<String, _>("shown"), "1.500000");
    assert_eq!(found.get::<String, _>("coin_type"), COIN);
    let digest = digest_at(at).into_inner();
    assert_eq!(found.get::<String, _>("digest"), hex::encode(digest));
    assert_eq!(found.get::<Vec<u8>, _>("digest_bytes"), digest);
    assert_eq!(found.get::<i64, _>("tx_index"), 2);
    let ms = i64::try_from(timestamp_ms(4)).unwrap();
    assert_eq!(found.get::<i64, _>("ms"), ms);
    assert_eq!(
        found.get::<String, _>("sender_address"),
        address(1).to_string()
    );
}

/// The worked example of docs/sql-views.md, as it is written there.
#[tokio::test]
async fn the_documented_statements_run() {
    let Some(db) = people().await else { return };
    ana_pays_beto(&db).await;
    db.store.coin_upsert(&[cusd()]).await.unwrap();
    let mut reader = admin(&db.fixture.url()).await;
    for statement in [
        "CREATE TABLE invoice (number BIGINT, shop_account TEXT, amount_cusd NUMERIC, \
         written_at TIMESTAMPTZ)",
        "INSERT INTO invoice VALUES (1042, 'beto', 1.5, '2020-01-01')",
    ] {
        run(&mut reader, statement.to_owned()).await;
    }
    let page = include_str!("../../../../docs/sql-views.md");
    let selects: Vec<&str> = page
        .split("```sql\n")
        .skip(1)
        .filter_map(|block| block.split("```").next())
        .filter(|block| block.starts_with("SELECT"))
        .collect();
    assert_eq!(selects.len(), 2);
    let invoices = rows(&mut reader, selects[0]).await;
    assert_eq!(invoices.len(), 1);
    assert_eq!(invoices[0].get::<String, _>("sender_account"), "ana");
    assert_eq!(rows(&mut reader, selects[1]).await.len(), 0);
}

/// What docs/sql-views.md tells an operator to grant is enough, and gives nothing else.
#[tokio::test]
async fn an_application_needs_no_more_than_the_views() {
    let Some(db) = people().await else { return };
    let mut owner = admin(&db.fixture.url()).await;
    // A role that every connection may take on, without a right of its own.
    let grants = "GRANT USAGE ON SCHEMA vigia_api TO pg_monitor; \
        GRANT SELECT ON ALL TABLES IN SCHEMA vigia_api TO pg_monitor";
    for grant in grants.split("; ") {
        run(&mut owner, grant.to_owned()).await;
    }
    let mut reader = admin(&db.fixture.superuser_url()).await;
    run(&mut reader, "SET ROLE pg_monitor".to_owned()).await;
    for view in ["raw_events", "transfers"] {
        let statement = format!("SELECT count(*) FROM vigia_api.{view}");
        let count: Vec<i64> = column(&mut reader, &statement).await;
        assert_eq!(count, [0]);
    }
    for beyond in [
        "SELECT count(*) FROM vigia.raw_transaction",
        "DELETE FROM vigia_api.raw_events",
    ] {
        let refused = sqlx::query(AssertSqlSafe(beyond))
            .execute(&mut reader)
            .await;
        let refused = refused.unwrap_err().to_string();
        assert!(refused.contains("permission denied"), "{refused}");
    }
    reader.close().await.unwrap();
}
