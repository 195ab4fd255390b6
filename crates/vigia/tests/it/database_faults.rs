//! A database that cannot be reached, takes no writes, stands still or is full: processes say so, wait,
//! are not ready meanwhile, and end with the rows of an undisturbed run.

mod deployment;

use std::sync::Arc;

use sqlx::{Connection, Executor, PgConnection};
use vigia_core::SystemClock;
use vigia_store::{SqlStore, SqliteOptions};

use crate::app::App;
use crate::servers::{Cluster, PostgresDatabase, Shutdown, Tmpfs, own, owned_folder};
use deployment::{Deployment, chain, watching};

/// A database of its own cluster, and a deployment on it whose statements may take a second.
async fn on_postgres() -> Option<(Cluster, PostgresDatabase, Deployment)> {
    let cluster = Cluster::start()?;
    let (database, deployment) = deployment_on(&cluster).await;
    Some((cluster, database, deployment))
}

async fn deployment_on(cluster: &Cluster) -> (PostgresDatabase, Deployment) {
    let database = cluster.database().await;
    let node = chain().await;
    let store = settings(&database);
    let app = watching(&node, &store);
    let deployment = Deployment::start(node, app, &store).await;
    (database, deployment)
}

fn settings(database: &PostgresDatabase) -> String {
    format!(
        "url = \"{}\"\nstatement_timeout_ms = 2000\nlock_timeout_ms = 500",
        database.url()
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_away_is_waited_for() {
    let Some(mut cluster) = Cluster::start() else {
        return;
    };
    let database = cluster.database().await;
    let node = chain().await;
    let store = settings(&database);
    let app = watching(&node, &store);

    // From the start on.
    cluster.stop(Shutdown::Fast);
    let deployment = Deployment::start(node, app, &store).await;
    deployment.poll.not_ready("waiting for the database").await;
    deployment.poll.logs("waiting for the database").await;
    deployment.poll.logs("Connection refused").await;
    deployment.web.logs("waiting for the database").await;
    deployment.chain_goes_on().await;
    // One that waits obeys.
    let provider = deployment.node.url();
    let other = App::with_config(&format!("[store]\n{store}\n"));
    let (mut waiting, log) = other.start_logged(&["work", "--provider", &provider]);
    while log.lines().is_empty() {
        assert!(waiting.child.try_wait().unwrap().is_none(), "it waits");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    waiting.stop();
    cluster.go_on();
    deployment.poll.ready().await;
    deployment.web.ready().await;

    // And in the middle.
    cluster.stop(Shutdown::Kill);
    let words = "the database is not available";
    deployment.poll.not_ready(words).await;
    deployment.web.not_ready(words).await;
    deployment.chain_goes_on().await;
    cluster.go_on();
    let store = database.store().await;
    deployment.ends_with_equal_rows(store, "away").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_read_only_is_waited_for() {
    let Some((_cluster, database, deployment)) = on_postgres().await else {
        return;
    };
    deployment.poll.ready().await;
    deployment.web.ready().await;
    let alter = |what: &str| {
        let name = database.name();
        format!("ALTER DATABASE {name} {what}")
    };
    database
        .run(&alter("SET default_transaction_read_only = on"))
        .await;
    database.disconnect_all().await;
    deployment.poll.not_ready("the database is read-only").await;
    deployment.web.not_ready("the database is read-only").await;
    deployment.poll.logs("the database is read-only").await;
    deployment.chain_goes_on().await;
    // Connections that were opened meanwhile stay read-only; nobody ends them here.
    database
        .run(&alter("RESET default_transaction_read_only"))
        .await;
    let store = database.store().await;
    deployment.ends_with_equal_rows(store, "read-only").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn locks_of_others_are_waited_for() {
    let Some((_cluster, database, deployment)) = on_postgres().await else {
        return;
    };
    deployment.poll.ready().await;
    let mut other = PgConnection::connect(&database.url()).await.unwrap();
    let mut held = other.begin().await.unwrap();
    held.execute("LOCK TABLE vigia.raw_transaction IN ACCESS EXCLUSIVE MODE")
        .await
        .unwrap();
    deployment.poll.not_ready("cannot commit").await;
    deployment.poll.logs("lock timeout").await;
    deployment.chain_goes_on().await;
    held.rollback().await.unwrap();
    let store = database.store().await;
    deployment.ends_with_equal_rows(store, "locked").await;
}

/// Takes every commit back, and counts how often: a number once drawn stays drawn.
const CONTENTION: &str = "
    CREATE SEQUENCE public.tries;
    CREATE FUNCTION public.take_back() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'try %', nextval('public.tries')
        USING ERRCODE = CASE WHEN random() < 0.5 THEN '40001' ELSE '40P01' END;
    END $$;
    CREATE TRIGGER take_back BEFORE INSERT ON vigia.raw_transaction
    FOR EACH STATEMENT EXECUTE FUNCTION public.take_back()";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commits_that_are_taken_back_are_tried_again_within_bounds() {
    let Some((_cluster, database, deployment)) = on_postgres().await else {
        return;
    };
    deployment.poll.ready().await;
    database.run_as_owner(CONTENTION).await;
    let begun = std::time::Instant::now();
    deployment.poll.not_ready("cannot commit").await;
    deployment.poll.logs("in favour of another").await;
    deployment.chain_goes_on().await;
    let mut other = PgConnection::connect(&database.url()).await.unwrap();
    let tries: i64 = sqlx::query_scalar("SELECT last_value FROM public.tries")
        .fetch_one(&mut other)
        .await
        .unwrap();
    let seconds = i64::try_from(begun.elapsed().as_secs()).unwrap() + 1;
    println!("{tries} tries in {seconds} s");
    // Eight at a time, a quarter of a second apart, then twice as far each time.
    assert!(
        (8..=8 * (seconds + 4)).contains(&tries),
        "{tries} tries in {seconds} s"
    );
    database
        .run_as_owner("DROP TRIGGER take_back ON vigia.raw_transaction")
        .await;
    let store = database.store().await;
    deployment.ends_with_equal_rows(store, "taken back").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stands_still_is_given_up_and_tried_again() {
    let Some((cluster, database, deployment)) = on_postgres().await else {
        return;
    };
    deployment.poll.ready().await;
    deployment.web.ready().await;
    // Those that serve the connections there are; new ones would be served.
    cluster.signal_children("-STOP");
    // By a pool that finds no connection which answers, or a statement that gets no answer.
    deployment.poll.logs("the database is not available").await;
    deployment.chain_goes_on().await;
    cluster.signal_children("-CONT");
    let store = database.store().await;
    deployment.ends_with_equal_rows(store, "still").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_of_the_server_is_waited_for() {
    let Some(tmpfs) = Tmpfs::mount(160) else {
        return;
    };
    own(tmpfs.path());
    let Some(cluster) = Cluster::start_in(owned_folder(), tmpfs.path().join("data")) else {
        return;
    };
    let (database, deployment) = deployment_on(&cluster).await;
    full_disk_is_waited_for(&deployment, &tmpfs).await;
    let store = database.store().await;
    deployment.ends_with_equal_rows(store, "full").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_of_a_file_is_waited_for() {
    let node = chain().await;
    let Some(tmpfs) = Tmpfs::mount(96) else {
        return;
    };
    let file = tmpfs.path().join("vigia.db");
    let store = format!("path = \"{}\"", file.display());
    let app = watching(&node, &store);
    let deployment = Deployment::start(node, app, &store).await;
    full_disk_is_waited_for(&deployment, &tmpfs).await;
    let store = SqlStore::open(SqliteOptions::new(file), Arc::new(SystemClock)).await;
    let store = store.expect("the database opens");
    deployment.ends_with_equal_rows(store, "full file").await;
}

/// Fills the disk below a deployment that does well, and makes room again.
async fn full_disk_is_waited_for(deployment: &Deployment, tmpfs: &Tmpfs) {
    deployment.poll.ready().await;
    deployment.web.ready().await;
    tmpfs.fill();
    let words = "the disk of the database is full";
    deployment.poll.not_ready(words).await;
    deployment.poll.logs(words).await;
    deployment.chain_goes_on().await;
    // It commits nothing, and what is stored can be read.
    deployment.web.ready().await;
    tmpfs.relieve();
}
