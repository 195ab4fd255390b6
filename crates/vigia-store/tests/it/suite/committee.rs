//! Committees: written once, never replaced by another.

use vigia_store::{COMMITTEES_MAX, CommitteeRow, CommitteeStore, StoreError};

use crate::suite::{Db, Fixture};

/// The committee of an epoch; epoch 3 is a root.
pub(crate) fn committee(epoch: u64) -> CommitteeRow {
    let byte = u8::try_from(epoch % 251).unwrap();
    CommitteeRow {
        epoch,
        committee_bcs: vec![byte; 12_000],
        summary_bcs: (epoch != 3).then(|| vec![byte, 1, 2]),
        source: match epoch {
            3 => "pin 3:x".to_owned(),
            _ => "announced".to_owned(),
        },
    }
}

pub(crate) async fn they_are_listed_from_an_epoch_on<F: Fixture>() {
    let db = Db::<F>::empty().await;
    assert_eq!(db.store.committee_list(0, 9).await.unwrap(), []);
    assert_eq!(db.store.committee_root(u64::MAX).await.unwrap(), None);
    db.store.committee_add(&[]).await.unwrap();
    let rows: Vec<CommitteeRow> = (3..7).map(committee).collect();
    db.store.committee_add(&rows).await.unwrap();
    assert_eq!(db.store.committee_list(0, 9).await.unwrap(), rows);
    assert_eq!(db.store.committee_list(5, 1).await.unwrap(), rows[2..3]);
    assert_eq!(db.store.committee_list(u64::MAX, 9).await.unwrap(), []);
    let root = db.store.committee_root(u64::MAX).await.unwrap();
    assert_eq!(root, Some(committee(3)));
    assert_eq!(db.store.committee_root(2).await.unwrap(), None);
}

pub(crate) async fn added_again_they_stay<F: Fixture>() {
    let db = Db::<F>::empty().await;
    let rows = [committee(3), committee(4)];
    db.store.committee_add(&rows).await.unwrap();
    // Others of the same committee signed as well: what came first stays.
    let signed_by_others = CommitteeRow {
        summary_bcs: Some(vec![9; 300]),
        source: "later".to_owned(),
        ..committee(4)
    };
    let again = [committee(3), signed_by_others];
    db.store.committee_add(&again).await.unwrap();
    assert_eq!(db.store.committee_list(0, 9).await.unwrap(), rows);
    // A root that is announced is proven from then on.
    let proven = CommitteeRow {
        summary_bcs: Some(vec![1]),
        source: "announced".to_owned(),
        ..committee(3)
    };
    let row = std::slice::from_ref(&proven);
    db.store.committee_add(row).await.unwrap();
    db.store.committee_add(&rows).await.unwrap();
    let [_, fourth] = rows;
    assert_eq!(
        db.store.committee_list(0, 9).await.unwrap(),
        [proven, fourth]
    );
    assert_eq!(db.store.committee_root(9).await.unwrap(), None);
}

pub(crate) async fn another_for_the_same_epoch_is_refused<F: Fixture>() {
    let db = Db::<F>::empty().await;
    db.store.committee_add(&[committee(3)]).await.unwrap();
    let forged = CommitteeRow {
        committee_bcs: vec![0; 12_000],
        ..committee(3)
    };
    // Of one call all is written, or nothing.
    let rows = [committee(4), forged];
    let error = db.store.committee_add(&rows).await.unwrap_err();
    assert!(
        matches!(error, StoreError::TwoCommittees { epoch: 3 }),
        "{error}"
    );
    assert!(!error.is_transient());
    let text = error.to_string();
    assert!(text.contains("another committee for epoch 3"), "{text}");
    assert_eq!(db.store.committee_list(0, 9).await.unwrap(), [committee(3)]);
}

pub(crate) async fn two_that_add_at_once_agree<F: Fixture>() {
    let db = Db::<F>::empty().await;
    let other = CommitteeRow {
        committee_bcs: vec![7; 12_000],
        ..committee(5)
    };
    let (same, again, forged) = ([committee(4)], [committee(4)], [committee(4), other]);
    let (a, b) = tokio::join!(
        db.store.committee_add(&same),
        db.store.committee_add(&again)
    );
    a.and(b).unwrap();
    let mine = [committee(5)];
    let (a, b) = tokio::join!(
        db.store.committee_add(&mine),
        db.store.committee_add(&forged)
    );
    // One was first; the other was told.
    assert!(a.is_ok() != b.is_ok(), "{a:?} {b:?}");
    assert_eq!(db.store.committee_list(0, 9).await.unwrap().len(), 2);
}

pub(crate) async fn a_page_has_a_limit<F: Fixture>() {
    let db = Db::<F>::empty().await;
    let small = |epoch| CommitteeRow {
        committee_bcs: vec![1],
        ..committee(epoch)
    };
    let rows: Vec<CommitteeRow> = (10..=10 + u64::from(COMMITTEES_MAX)).map(small).collect();
    db.store.committee_add(&rows).await.unwrap();
    let page = db.store.committee_list(0, u32::MAX).await.unwrap();
    assert_eq!(page.len(), rows.len() - 1);
    let last = page.last().unwrap().epoch;
    let rest = db.store.committee_list(last + 1, u32::MAX).await.unwrap();
    assert_eq!(rest, rows[rows.len() - 1..]);
    let beyond = small(1 << 63);
    let refused = db.store.committee_add(&[beyond]).await.unwrap_err();
    assert!(refused.to_string().contains("epoch 9223372036854775808"));
}
