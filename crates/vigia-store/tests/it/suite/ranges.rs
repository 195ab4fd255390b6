//! Completed ranges: any order, any overlap, one watermark (I-1).

use vigia_core::Commit;
use vigia_store::{IngestStore, ReadStore};

use crate::sample::{commit, imported, range};
use crate::suite::{Db, Fixture, permutations};

pub(crate) async fn gap_holds_the_watermark<F: Fixture>() {
    let db = Db::<F>::empty().await;
    db.store.live_begin(10).await.unwrap();
    db.apply(&commit(10, 12)).await;
    db.apply(&commit(14, 20)).await;
    assert_eq!(db.watermark().await, Some(12));
    db.apply(&commit(13, 13)).await;
    assert_eq!(db.watermark().await, Some(20));
}

pub(crate) async fn any_order_merges_to_one<F: Fixture>() {
    // Each order at heights of its own, far enough apart not to touch the one before.
    const APART: usize = 100;
    let ranges = [(0, 0), (1, 4), (5, 5), (6, 9), (10, 11)];
    let db = Db::<F>::empty().await;
    db.store.live_begin(0).await.unwrap();
    let mut expected = Vec::new();
    for (base, order) in (0u64..).step_by(APART).zip(permutations(ranges.len())) {
        for index in order {
            let (from, last) = ranges[index];
            db.apply(&commit(base + from, base + last)).await;
        }
        expected.push((base, base + 11));
        assert_eq!(db.store.range_list().await.unwrap(), expected);
        assert_eq!(db.watermark().await, Some(11));
    }
    // The end of a range is that of its last checkpoint, whatever came last.
    let ends = [Db::<F>::empty().await, Db::<F>::empty().await];
    for (db, order) in ends.iter().zip([[(0, 4), (5, 9)], [(5, 9), (0, 4)]]) {
        for (from, last) in order {
            db.apply(&commit(from, last)).await;
        }
    }
    assert_eq!(ends[0].dump().await, ends[1].dump().await);
}

pub(crate) async fn ranges_are_listed_in_order<F: Fixture>() {
    let db = Db::<F>::empty().await;
    db.store.live_begin(0).await.unwrap();
    assert_eq!(db.store.range_list().await.unwrap(), []);
    for (from, to) in [(64, 127), (0, 9), (20, 30), (10, 12)] {
        db.apply(&commit(from, to)).await;
    }
    db.apply(&imported(commit(13, 19))).await;
    let ranges = db.store.range_list().await.unwrap();
    assert_eq!(ranges, [(0, 12), (20, 30), (64, 127)]);
}

pub(crate) async fn overlaps_merge<F: Fixture>() {
    let db = Db::<F>::empty().await;
    db.store.live_begin(0).await.unwrap();
    let several = Commit {
        ranges: vec![range(0, 3), range(8, 9), range(20, 30)],
        ..commit(0, 0)
    };
    db.apply(&several).await;
    for (from, last) in [(2, 8), (1, 2), (22, 25), (5, 5)] {
        db.apply(&commit(from, last)).await;
    }
    assert_eq!(db.watermark().await, Some(9));
    assert_eq!(db.dump_of("range").await.len(), 2);
    db.apply(&commit(0, 40)).await;
    assert_eq!(db.watermark().await, Some(40));
    assert_eq!(db.dump_of("range").await.len(), 1);
}

pub(crate) async fn imports_move_no_watermark<F: Fixture>() {
    let db = Db::<F>::empty().await;
    db.store.live_begin(5).await.unwrap();
    db.apply(&imported(commit(0, 9))).await;
    assert_eq!(db.watermark().await, None);
    db.apply(&commit(5, 6)).await;
    db.apply(&imported(commit(10, 12))).await;
    assert_eq!(db.watermark().await, Some(6));
    assert_eq!(db.dump_of("range").await.len(), 2, "one a lane");
}

pub(crate) async fn begins_inside_a_range<F: Fixture>() {
    let db = Db::<F>::empty().await;
    db.apply(&commit(3, 9)).await;
    assert_eq!(db.watermark().await, None, "the lane has not begun");
    db.store.live_begin(5).await.unwrap();
    assert_eq!(db.watermark().await, Some(9));
}

pub(crate) async fn ends_at_the_largest_height<F: Fixture>() {
    let largest = i64::MAX.cast_unsigned();
    let db = Db::<F>::empty().await;
    db.store.live_begin(largest - 1).await.unwrap();
    db.apply(&commit(largest, largest)).await;
    assert_eq!(db.watermark().await, None);
    db.apply(&commit(largest - 1, largest - 1)).await;
    db.apply(&commit(largest, largest)).await;
    assert_eq!(db.watermark().await, Some(largest));
}

pub(crate) async fn gaps_are_what_is_missing<F: Fixture>() {
    let db = Db::<F>::empty().await;
    assert_eq!(db.store.gap_list(9).await.unwrap(), []);
    db.store.live_begin(10).await.unwrap();
    assert_eq!(db.store.gap_list(9).await.unwrap(), []);
    // Nothing of the beginning is there yet.
    db.apply(&commit(14, 20)).await;
    assert_eq!(db.store.gap_list(9).await.unwrap(), [(10, 13)]);
    db.apply(&commit(10, 12)).await;
    db.apply(&commit(30, 40)).await;
    db.apply(&imported(commit(21, 29))).await;
    let gaps = [(13, 13), (21, 29)];
    assert_eq!(db.store.gap_list(9).await.unwrap(), gaps);
    assert_eq!(db.store.gap_list(1).await.unwrap(), gaps[..1]);
    db.apply(&commit(13, 29)).await;
    assert_eq!(db.store.gap_list(9).await.unwrap(), []);
}
