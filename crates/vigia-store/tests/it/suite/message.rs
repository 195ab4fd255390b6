//! Bytes kept beside a broker.

use vigia_store::MessageStore;

use crate::suite::{Db, Fixture, NOW_MS};

pub(crate) async fn blobs_are_kept_until_their_age<F: Fixture>() {
    let db = Db::<F>::empty().await;
    assert_eq!(db.store.message_blob_get("a").await.unwrap(), None);
    db.store.message_blob_put("a", &[0, 1, 255]).await.unwrap();
    db.store.message_blob_put("b", &[]).await.unwrap();
    assert_eq!(
        db.store.message_blob_get("a").await.unwrap(),
        Some(vec![0, 1, 255])
    );
    // What is sent again counts as new.
    db.clock.set(NOW_MS + 10);
    db.store.message_blob_put("b", &[]).await.unwrap();
    assert_eq!(db.store.message_blob_prune(NOW_MS).await.unwrap(), 0);
    assert_eq!(db.store.message_blob_prune(NOW_MS + 1).await.unwrap(), 1);
    assert_eq!(db.store.message_blob_get("a").await.unwrap(), None);
    assert_eq!(db.store.message_blob_get("b").await.unwrap(), Some(vec![]));
}

pub(crate) async fn unreadable_messages_are_kept<F: Fixture>() {
    let db = Db::<F>::empty().await;
    assert_eq!(db.store.message_set_aside_count().await.unwrap(), 0);
    for _ in 0..2 {
        let kept = db.store.message_set_aside("redis", "bad\0magic", &[0, 7]);
        kept.await.unwrap();
    }
    assert_eq!(db.store.message_set_aside_count().await.unwrap(), 2);
}
