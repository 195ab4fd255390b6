//! Epochs: what is said anew replaces, what is not said any more stays.

use vigia_core::EpochInfo;
use vigia_store::{EpochStore, ReadStore};

use crate::suite::{Db, Fixture};

pub(crate) fn epoch(number: u64) -> EpochInfo {
    EpochInfo {
        epoch: number,
        start_ms: Some(1_000 * number),
        end_ms: None,
        first_checkpoint: Some(10 * number),
        last_checkpoint: None,
        reference_gas_price: Some(750),
        protocol_version: Some(97),
        committee_members: Some(120),
    }
}

pub(crate) async fn the_newest_comes_first<F: Fixture>() {
    let db = Db::<F>::empty().await;
    assert_eq!(db.store.status().await.unwrap().epoch, None);
    assert_eq!(db.store.epoch_list(9).await.unwrap(), []);
    db.store.epoch_record(&[]).await.unwrap();
    let (six, seven, eight) = (epoch(6), epoch(7), epoch(8));
    let rows = [eight.clone(), six.clone()];
    db.store.epoch_record(&rows).await.unwrap();
    db.store
        .epoch_record(std::slice::from_ref(&seven))
        .await
        .unwrap();
    assert_eq!(
        db.store.epoch_list(2).await.unwrap(),
        [eight.clone(), seven.clone()]
    );
    assert_eq!(
        db.store.epoch_list(u32::MAX).await.unwrap(),
        [eight.clone(), seven, six]
    );
    assert_eq!(db.store.status().await.unwrap().epoch, Some(eight));
}

pub(crate) async fn what_is_known_stays_known<F: Fixture>() {
    let db = Db::<F>::empty().await;
    let numbers_only = EpochInfo {
        start_ms: None,
        first_checkpoint: None,
        reference_gas_price: None,
        protocol_version: None,
        committee_members: None,
        ..epoch(6)
    };
    db.store
        .epoch_record(std::slice::from_ref(&numbers_only))
        .await
        .unwrap();
    assert_eq!(
        db.store.epoch_list(9).await.unwrap(),
        std::slice::from_ref(&numbers_only)
    );
    let ended = EpochInfo {
        end_ms: Some(7_000),
        last_checkpoint: Some(69),
        reference_gas_price: Some(1_000),
        ..epoch(6)
    };
    for rows in [epoch(6), ended.clone(), numbers_only] {
        db.store.epoch_record(&[rows]).await.unwrap();
    }
    assert_eq!(db.store.epoch_list(9).await.unwrap(), [ended]);
}

pub(crate) async fn numbers_have_63_bits<F: Fixture>() {
    let db = Db::<F>::empty().await;
    let largest = EpochInfo {
        reference_gas_price: Some(i64::MAX.cast_unsigned()),
        ..epoch(i64::MAX.cast_unsigned() / 1_000)
    };
    db.store
        .epoch_record(std::slice::from_ref(&largest))
        .await
        .unwrap();
    let beyond = EpochInfo {
        reference_gas_price: Some(1 << 63),
        ..epoch(1)
    };
    // Of one call all is written, or nothing.
    let refused = db.store.epoch_record(&[epoch(2), beyond]).await;
    assert!(refused.unwrap_err().to_string().contains("gas price"));
    assert_eq!(db.store.epoch_list(9).await.unwrap(), [largest]);
}
