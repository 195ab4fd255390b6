//! Numbers at their limits (I-12).

use vigia_core::{Commit, Scope};
use vigia_store::{IngestStore, ReadStore, StoreError};

use crate::sample::{NoObjects, activity, balance, commit, digest_at, place, raw, transfer};
use crate::suite::{Db, Fixture};

const LARGEST: u64 = i64::MAX.cast_unsigned();

fn changed(change: impl FnOnce(&mut Commit)) -> Commit {
    let mut commit = transfer(0, &[]);
    change(&mut commit);
    commit
}

pub(crate) async fn numbers_beyond_63_bits_are_refused<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let rows = db.dump().await;
    for number in [LARGEST + 1, u64::MAX] {
        let commits = [
            changed(|c| c.ranges[0].last.sequence = number),
            changed(|c| c.raw_transactions[0].place.checkpoint = number),
            changed(|c| c.raw_transactions[0].timestamp_ms = number),
            changed(|c| c.raw_transactions[0].epoch = number),
            changed(|c| c.ranges[0].last.timestamp_ms = number),
            changed(|c| c.ranges[0].watch_version = number),
            changed(|c| c.balance_effects = vec![balance(place(number, 0), 1, 1)]),
        ];
        for commit in commits {
            let error = db
                .store
                .commit_apply(&commit, &NoObjects)
                .await
                .unwrap_err();
            assert!(
                matches!(&error, StoreError::OutOfRange { value, .. } if *value == number.to_string()),
                "{error}"
            );
        }
        assert!(db.store.live_begin(number).await.is_err());
    }
    assert_eq!(db.dump().await, rows);
}

pub(crate) async fn numbers_of_63_bits_are_kept<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let ana = db.account(1).await;
    let highest = place(LARGEST, u32::MAX);
    let mut commit = Commit {
        raw_transactions: vec![raw(place(0, 0))],
        activities: vec![activity(highest, ana)],
        ..commit(LARGEST, LARGEST)
    };
    let header = &mut commit.ranges[0].last;
    header.timestamp_ms = LARGEST;
    let raw = &mut commit.raw_transactions[0];
    (raw.place, raw.timestamp_ms, raw.epoch) = (highest, LARGEST, LARGEST);
    db.apply(&commit).await;

    let digest = digest_at(place(0, 0));
    let row = db
        .store
        .raw_transaction(&Scope::All, &digest)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (row.raw.place, row.raw.timestamp_ms, row.raw.epoch),
        (highest, LARGEST, LARGEST)
    );
    let rows = db.store.activity_since(&Scope::All, 0, 1).await.unwrap();
    assert_eq!(
        (rows[0].activity.place, rows[0].timestamp_ms),
        (highest, LARGEST)
    );
}

pub(crate) async fn amounts_at_the_limits_come_back<F: Fixture>() {
    let amounts = [i128::MIN, -(1 << 63), -1, 0, 1, 1 << 63, i128::MAX];
    let db = Db::<F>::with_people().await;
    let ana = db.account(1).await;
    for (checkpoint, amount) in (0..).zip(amounts) {
        let mut commit = transfer(checkpoint, &[ana]);
        commit.activities[0].amount = Some(amount);
        commit.raw_transactions[0].gas_cost = amount;
        commit.balance_effects = vec![balance(place(checkpoint, 0), 1, amount)];
        db.apply(&commit).await;
        let digest = digest_at(place(checkpoint, 0));
        let row = db
            .store
            .raw_transaction(&Scope::All, &digest)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(row.raw.gas_cost, amount);
        assert_eq!(row.balance_effects[0].amount, amount);
    }
    let rows = db.store.activity_since(&Scope::All, 0, 10).await.unwrap();
    let back: Vec<_> = rows.iter().filter_map(|row| row.activity.amount).collect();
    assert_eq!(back, amounts);
}
