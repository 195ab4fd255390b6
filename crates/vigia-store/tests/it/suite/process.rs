//! Processes: each says how it is, and is forgotten when it ends or has said nothing for long.

use vigia_store::{AlertRow, AlertStore, ProcessRow, ProcessStore};

use crate::suite::{Db, Fixture, NOW_MS};

fn row(holder: &str, role: &str) -> ProcessRow {
    ProcessRow {
        holder: holder.to_owned(),
        role: role.to_owned(),
        version: "1.2.3".to_owned(),
        build: "0123456789ab".to_owned(),
        settings: "5e77".to_owned(),
        started_at_ms: NOW_MS - 9,
        seen_at_ms: NOW_MS,
        problem: None,
    }
}

pub(crate) async fn what_a_process_says_anew_replaces<F: Fixture>() {
    let db = Db::<F>::empty().await;
    let store = &db.store;
    assert_eq!(store.process_list(0).await.unwrap(), []);
    let (web, poller, worker) = (row("a", "web"), row("b", "poll"), row("c", "work"));
    for row in [&web, &poller, &worker] {
        store.process_record(row).await.unwrap();
    }
    let listed = store.process_list(NOW_MS).await.unwrap();
    assert_eq!(listed, [poller.clone(), web.clone(), worker]);
    let later = ProcessRow {
        seen_at_ms: NOW_MS + 10,
        problem: Some("the disk is full".to_owned()),
        ..web
    };
    store.process_record(&later).await.unwrap();
    let listed = store.process_list(NOW_MS + 10).await.unwrap();
    assert_eq!(listed, std::slice::from_ref(&later));
    store.process_forget("c").await.unwrap();
    store.process_forget("nobody").await.unwrap();
    let listed = store.process_list(0).await.unwrap();
    assert_eq!(listed, [poller, later.clone()]);
    assert_eq!(store.process_prune(NOW_MS + 10).await.unwrap(), 1);
    assert_eq!(store.process_list(0).await.unwrap(), [later]);
}

pub(crate) async fn alerts_stay_until_they_are_over<F: Fixture>() {
    let db = Db::<F>::empty().await;
    let store = &db.store;
    let alert = |name: &str, told_at_ms| AlertRow {
        name: name.to_owned(),
        words: format!("{name} is not well"),
        since_ms: NOW_MS,
        told_at_ms,
    };
    for row in [alert("b", 1), alert("a", 2), alert("b", 3)] {
        store.alert_record(&row).await.unwrap();
    }
    let listed = store.alert_list().await.unwrap();
    assert_eq!(listed, [alert("a", 2), alert("b", 3)]);
    store.alert_end("a").await.unwrap();
    store.alert_end("nothing").await.unwrap();
    assert_eq!(store.alert_list().await.unwrap(), [alert("b", 3)]);
}
