//! Which chain the database belongs to, and how far it has come.

use vigia_store::{IngestStore, ReadStore, StoreError, Watermark};

use crate::sample::{chain, commit, digest, timestamp_ms};
use crate::suite::{Db, Fixture};

pub(crate) async fn bound_once<F: Fixture>() {
    let db = Db::<F>::empty().await;
    assert_eq!(db.store.chain().await.unwrap(), None);
    db.store.chain_bind(chain(1)).await.unwrap();
    db.store.chain_bind(chain(1)).await.unwrap();
    let error = db.store.chain_bind(chain(2)).await.unwrap_err();
    assert!(
        matches!(error, StoreError::ChainMismatch { database, provider }
            if database == chain(1) && provider == chain(2)),
        "{error}"
    );
    assert_eq!(db.store.chain().await.unwrap(), Some(chain(1)));
}

pub(crate) async fn begins_once<F: Fixture>() {
    let db = Db::<F>::empty().await;
    assert_eq!(db.store.live_begin(40).await.unwrap(), 40);
    assert_eq!(db.store.live_begin(7).await.unwrap(), 40);
    db.store.chain_bind(chain(1)).await.unwrap();
    let status = db.store.status().await.unwrap();
    assert_eq!(status.first_checkpoint, Some(40));
    assert_eq!(status.chain, Some(chain(1)));
}

pub(crate) async fn no_watermark_is_not_zero<F: Fixture>() {
    let db = Db::<F>::empty().await;
    assert_eq!(db.watermark().await, None);
    db.store.live_begin(0).await.unwrap();
    assert_eq!(db.watermark().await, None);
    db.apply(&commit(0, 0)).await;
    assert_eq!(db.watermark().await, Some(0));
}

pub(crate) async fn watermark_names_its_checkpoint<F: Fixture>() {
    let db = Db::<F>::empty().await;
    db.store.live_begin(5).await.unwrap();
    db.apply(&commit(5, 8)).await;
    let watermark = Watermark {
        checkpoint: 8,
        digest: digest(8),
        timestamp_ms: timestamp_ms(8),
    };
    assert_eq!(db.store.watermark().await.unwrap(), Some(watermark));
    assert_eq!(db.store.status().await.unwrap().watermark, Some(watermark));
}
