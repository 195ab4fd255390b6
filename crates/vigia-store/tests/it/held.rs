//! Two commits that are held open, and let go in reverse order, while readers poll: what ends late is never skipped.
//!
//! On Postgres alone: SQLite has one writer. A trigger of the test holds a commit at its very end, when its rows have their ids.

use std::sync::Arc;
use std::time::Duration;

use sqlx::Connection;
use sqlx::postgres::PgConnection;
use tokio::task::JoinHandle;
use vigia_core::Scope;
use vigia_store::{DeliveryStore, EndpointFilter, EndpointSpec, IngestStore, ReadStore, SqlStore};

use crate::postgres::{PostgresFixture, admin, run};
use crate::sample::{NoObjects, transfer};
use crate::suite::{Db, Fixture};

/// The advisory lock that holds the commit of a checkpoint.
const HOLD: i32 = 77;

#[tokio::test]
async fn commits_let_go_in_reverse_order_are_read_in_order() {
    if !PostgresFixture::is_at_hand() {
        return;
    }
    let db = Db::<PostgresFixture>::with_people().await;
    let ana = db.account(1).await;
    let endpoint = EndpointSpec {
        name: "all".to_owned(),
        url: "https://receiver.example/hook".to_owned(),
        filter: EndpointFilter::default(),
        per_second: None,
    };
    db.store.endpoint_declare(&[endpoint]).await.unwrap();
    let mut holder = admin(&db.fixture.superuser_url()).await;
    for statement in [
        format!(
            "CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                 PERFORM pg_advisory_xact_lock({HOLD}, NEW.checkpoint::int); RETURN NULL; END $$"
        ),
        "CREATE CONSTRAINT TRIGGER hold AFTER INSERT ON vigia.activity DEFERRABLE INITIALLY DEFERRED
             FOR EACH ROW EXECUTE FUNCTION hold()"
            .to_owned(),
    ] {
        run(&mut holder, statement).await;
    }
    for checkpoint in [1, 2] {
        run(
            &mut holder,
            format!("SELECT pg_advisory_lock({HOLD}, {checkpoint})"),
        )
        .await;
    }
    let other = Arc::new(db.fixture.open(db.clock.clone()).await);
    let store = Arc::new(db.fixture.open(db.clock.clone()).await);
    let reading = read(&other, 2);
    let sequencing = sequence(&other, 2);

    let first = commit(&store, 1, ana);
    waiting(&mut holder, 1).await;
    let second = commit(&store, 2, ana);
    waiting(&mut holder, 2).await;
    // The second could end now, if it did not wait for the first.
    run(&mut holder, format!("SELECT pg_advisory_unlock({HOLD}, 2)")).await;
    waiting(&mut holder, 2).await;
    let seen = other.activity_since(&Scope::All, 0, 9).await.unwrap();
    assert_eq!(seen, [], "nothing is to be seen while the first is open");
    run(&mut holder, format!("SELECT pg_advisory_unlock({HOLD}, 1)")).await;

    first.await.unwrap();
    second.await.unwrap();
    assert_eq!(reading.await.unwrap(), [1, 2], "none skipped, none twice");
    assert_eq!(sequencing.await.unwrap(), [(1, 1), (2, 2)]);
    holder.close().await.unwrap();
}

fn commit(
    store: &Arc<SqlStore>,
    checkpoint: u64,
    account: vigia_core::AccountId,
) -> JoinHandle<()> {
    let store = Arc::clone(store);
    tokio::spawn(async move {
        let commit = transfer(checkpoint, &[account]);
        store.commit_apply(&commit, &NoObjects).await.unwrap();
    })
}

/// Waits until so many transactions wait for a lock.
async fn waiting(connection: &mut PgConnection, count: i64) {
    let sql = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
    let counting = async {
        loop {
            let found: i64 = sqlx::query_scalar(sql)
                .fetch_one(&mut *connection)
                .await
                .unwrap();
            if found == count {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    let counted = tokio::time::timeout(Duration::from_secs(30), counting).await;
    counted.expect("commits take turns");
}

/// The checkpoints of what a reader sees that goes on from the last id it saw.
fn read(store: &Arc<SqlStore>, wanted: usize) -> JoinHandle<Vec<u64>> {
    let store = Arc::clone(store);
    tokio::spawn(async move {
        let (mut seen, mut after) = (Vec::new(), 0);
        while seen.len() < wanted {
            let rows = store.activity_since(&Scope::All, after, 1).await.unwrap();
            after = rows.last().map_or(after, |row| row.id);
            seen.extend(rows.iter().map(|row| row.activity.place.checkpoint));
        }
        seen
    })
}

/// The numbers of what a receiver catches up with, and their checkpoints, while another makes them.
fn sequence(store: &Arc<SqlStore>, wanted: usize) -> JoinHandle<Vec<(u64, u64)>> {
    let store = Arc::clone(store);
    tokio::spawn(async move {
        let (mut seen, mut after) = (Vec::new(), 0);
        while seen.len() < wanted {
            store.delivery_sequence().await.unwrap();
            let events = store.delivery_events("all", after, 1).await.unwrap();
            for event in events.expect("it is declared") {
                after = event.row.sequence;
                let about = event.about.expect("it is told of an activity");
                seen.push((event.row.sequence, about.activity.place.checkpoint));
            }
        }
        seen
    })
}
