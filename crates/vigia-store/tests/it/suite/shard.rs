//! Shards as `status` shows them: every one of a division in use, held or not.

use vigia_core::{STRIDE, ShardPlan};
use vigia_store::{LeaseStore, ReadStore, ShardRow, shard_lease};

use crate::sample::commit;
use crate::suite::{Db, Fixture};

const YEAR_MS: u64 = 365 * 86_400_000;

/// Claims a shard for as long, which is 0 for what ran out.
async fn claim<F: Fixture>(db: &Db<F>, shards: u32, shard: u32, holder: &str, ttl_ms: u64) {
    let lease = shard_lease(ShardPlan::new(shards).unwrap(), shard);
    let claimed = db.store.lease_claim(&lease, holder, ttl_ms).await.unwrap();
    assert!(claimed.is_some());
}

fn row(shard: u32, shards: u32, holder: Option<&str>, watermark: Option<u64>) -> ShardRow {
    ShardRow {
        shard,
        shards,
        holder: holder.map(str::to_owned),
        watermark,
    }
}

pub(crate) async fn each_has_its_position<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    assert_eq!(db.store.shard_list().await.unwrap(), []);
    for shard in 0..3 {
        claim(&db, 3, shard, &format!("poller-{shard}"), YEAR_MS).await;
    }
    let expected = |watermarks: [Option<u64>; 3]| -> Vec<ShardRow> {
        let holders = ["poller-0", "poller-1", "poller-2"];
        (0..3)
            .map(|shard| {
                let at = shard as usize;
                row(shard, 3, Some(holders[at]), watermarks[at])
            })
            .collect()
    };
    // The first of each is known to be the next: those of others before it do not matter.
    let begun = expected([None, Some(STRIDE - 1), Some(2 * STRIDE - 1)]);
    assert_eq!(db.store.shard_list().await.unwrap(), begun);
    db.apply(&commit(0, 9)).await;
    db.apply(&commit(STRIDE, 2 * STRIDE - 1)).await;
    let first = 4 * STRIDE;
    let on = expected([Some(9), Some(first - 1), Some(2 * STRIDE - 1)]);
    assert_eq!(db.store.shard_list().await.unwrap(), on);
}

pub(crate) async fn one_that_nobody_polls_is_seen<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    // A division of before, of which nobody holds anything.
    claim(&db, 5, 4, "long gone", 0).await;
    claim(&db, 2, 0, "alive", YEAR_MS).await;
    claim(&db, 2, 1, "dead", 0).await;
    // No shard of any division.
    db.store
        .lease_claim("shard:2/2", "odd", YEAR_MS)
        .await
        .unwrap();
    db.store
        .lease_claim("shard:x", "odd", YEAR_MS)
        .await
        .unwrap();
    let shards = db.store.shard_list().await.unwrap();
    let expected = [
        row(0, 2, Some("alive"), None),
        row(1, 2, None, Some(STRIDE - 1)),
    ];
    assert_eq!(shards, expected);
}

pub(crate) async fn when_all_pollers_died_their_shards_are_seen<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    claim(&db, 2, 0, "dead", 0).await;
    let shards = db.store.shard_list().await.unwrap();
    assert_eq!(
        shards,
        [row(0, 2, None, None), row(1, 2, None, Some(STRIDE - 1))]
    );
}
