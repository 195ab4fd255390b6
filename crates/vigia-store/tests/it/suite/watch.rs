//! The watch list: versions, holders, and commits matched with an old list (I-7).

use std::collections::HashSet;

use vigia_core::{AccountKind, CommitOutcome, Scope, WatchOp, WatchTarget, parse_watch_target};
use vigia_store::{
    AccountSpec, IngestStore, ReadStore, WatchEntry, WatchFilter, WatchReconciliation, WatchStore,
};

use crate::sample::{NoObjects, address, commit, entry, imported, transfer, user};
use crate::suite::{Db, Fixture, NOW_MS};

pub(crate) async fn first_version_holds_from_genesis<F: Fixture>() {
    let db = Db::<F>::empty().await;
    assert_eq!(db.store.watch_version().await.unwrap(), 0);
    let receipt = db.watch(1, "ana").await;
    assert_eq!((receipt.version, receipt.effective_from), (1, 0));
    assert_eq!((receipt.changed, receipt.unchanged), (1, 0));
    assert_eq!(db.store.watch_version().await.unwrap(), 1);
}

pub(crate) async fn holds_above_everything_committed<F: Fixture>() {
    let db = Db::<F>::empty().await;
    db.store.live_begin(0).await.unwrap();
    db.apply(&commit(0, 4)).await;
    assert_eq!(db.watch(1, "ana").await.effective_from, 5);
    // Committed above a gap is committed all the same: it will not be matched again.
    db.apply(&commit(9, 12)).await;
    assert_eq!(db.watch(2, "beto").await.effective_from, 13);
}

pub(crate) async fn imports_do_not_raise_it<F: Fixture>() {
    let db = Db::<F>::empty().await;
    db.store.live_begin(100).await.unwrap();
    db.apply(&imported(commit(0, 500))).await;
    assert_eq!(db.watch(1, "ana").await.effective_from, 0);
}

pub(crate) async fn same_again_changes_nothing<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let rows = db.dump().await;
    let receipt = db.watch(1, "ana").await;
    assert_eq!(
        (receipt.version, receipt.changed, receipt.unchanged),
        (1, 0, 1)
    );
    assert_eq!(db.dump().await, rows);
}

pub(crate) async fn address_needs_an_account<F: Fixture>() {
    let db = Db::<F>::empty().await;
    let orphan = WatchEntry {
        account: None,
        ..entry(1, "")
    };
    let entries = [orphan, entry(2, "ana"), entry(3, "")];
    let receipt = db.store.watch_add(&entries).await.unwrap();
    assert_eq!((receipt.changed, receipt.refused.len()), (1, 2));
    assert_eq!(receipt.refused[0].index, 0);
    assert!(receipt.refused[0].reason.contains("has no account"));
    assert_eq!(receipt.refused[1].index, 2);
    assert_eq!(receipt.refused[1].reason, "the account has no external id");
}

pub(crate) async fn address_of_another_is_refused_by_name<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let rows = db.dump().await;
    let receipt = db.watch(1, "carla").await;
    assert_eq!((receipt.version, receipt.changed), (1, 0));
    let reason = &receipt.refused[0].reason;
    assert!(reason.contains("belongs to account \"ana\""), "{reason}");
    assert_eq!(
        db.dump().await,
        rows,
        "a refused entry creates no account either"
    );
}

/// Accounts are made before the list is locked, and are gone again where the address is then another's.
pub(crate) async fn of_many_that_claim_an_address_one_gets_it<F: Fixture>() {
    let db = Db::<F>::empty().await;
    for address in 0..10u64 {
        let claims = (0..4).map(|claimant| {
            let store = db.store.clone();
            let own = 100 + 10 * address + claimant;
            let account = format!("account {own}");
            // Each has an address that nobody else claims too, of another account.
            let entries = [
                entry(address, &account),
                entry(own, &format!("{account} of its own")),
            ];
            tokio::spawn(async move { store.watch_add(&entries).await.unwrap() })
        });
        let mut receipts = Vec::new();
        for claim in claims.collect::<Vec<_>>() {
            receipts.push(claim.await.unwrap());
        }
        receipts.sort_by_key(|receipt| receipt.version);
        let changed: Vec<u64> = receipts.iter().map(|receipt| receipt.changed).collect();
        assert_eq!(changed, [2, 1, 1, 1], "{receipts:?}");
        let versions: Vec<u64> = receipts.iter().map(|receipt| receipt.version).collect();
        let first = 4 * address + 1;
        assert_eq!(versions, [first, first + 1, first + 2, first + 3]);
        for refused in &receipts[1..] {
            assert_eq!(refused.refused[0].index, 0);
        }
    }
    assert_eq!(db.dump_of("account").await.len(), 10 + 40);
    assert_eq!(db.store.status().await.unwrap().watched_addresses, 10 + 40);
}

pub(crate) async fn request_is_checked_against_itself<F: Fixture>() {
    let db = Db::<F>::empty().await;
    let entries = [
        entry(1, "ana"),
        entry(1, "ana"),
        entry(1, "beto"),
        entry(2, "ana"),
    ];
    let receipt = db.store.watch_add(&entries).await.unwrap();
    assert_eq!((receipt.changed, receipt.unchanged), (2, 1));
    assert_eq!(receipt.refused[0].index, 2);
    assert_eq!(db.store.status().await.unwrap().watched_addresses, 2);
}

pub(crate) async fn names_are_filled_in_not_replaced<F: Fixture>() {
    let db = Db::<F>::empty().await;
    let named = |n, name: &str| {
        let mut entry = entry(n, "ana");
        let account = entry.account.as_mut().unwrap();
        account.display_name = name.to_owned();
        account.members[0].display_name = name.to_owned();
        entry
    };
    for (n, given, stored) in [(1, "", ""), (2, "Ana", "Ana"), (3, "Other", "Ana")] {
        db.store.watch_add(&[named(n, given)]).await.unwrap();
        let rows = db.store.watch_page(0, 10).await.unwrap();
        let expected = Some(("ana".to_owned(), stored.to_owned()));
        assert!(rows.iter().all(|row| row.account == expected));
        let user = db.store.user_find("ana").await.unwrap().unwrap();
        assert_eq!(user.display_name, stored);
    }
}

pub(crate) async fn member_joins_later<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let mut again = entry(1, "ana");
    again.account.as_mut().unwrap().members.push(user("eva"));
    let receipt = db.store.watch_add(&[again]).await.unwrap();
    assert_eq!((receipt.changed, receipt.version), (0, 1));
    db.apply(&transfer(0, &[db.account(1).await])).await;
    let seen = db
        .store
        .activity_since(&db.scope("eva").await, 0, 10)
        .await
        .unwrap();
    assert_eq!(seen.len(), 1);
}

pub(crate) async fn removal_ends_it<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    db.apply(&commit(0, 9)).await;
    let receipt = db.unwatch(1).await;
    assert_eq!(
        (receipt.version, receipt.effective_from, receipt.changed),
        (2, 10, 1)
    );
    let rows = db.store.watch_page(0, 10).await.unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].target, WatchTarget::Address(address(2)));
    assert_eq!(db.store.status().await.unwrap().watched_addresses, 1);
    let book = db.store.address_book(&[address(1)], &[]).await.unwrap();
    assert!(book.account_at(&address(1), 9).is_some());
    assert_eq!(book.account_at(&address(1), 10), None);
}

pub(crate) async fn removal_of_the_unwatched_is_refused<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let rows = db.dump().await;
    let receipt = db.unwatch(77).await;
    assert_eq!((receipt.version, receipt.changed), (1, 0));
    assert!(receipt.refused[0].reason.contains("is not watched"));
    let package = WatchTarget::Package(address(1));
    let receipt = db.store.watch_remove(&[package]).await.unwrap();
    assert_eq!(receipt.refused.len(), 1, "an address is not a package");
    assert_eq!(db.dump().await, rows);
}

pub(crate) async fn address_moves_after_removal<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let ana = db.account(1).await;
    db.apply(&commit(0, 9)).await;
    db.unwatch(1).await;
    db.apply(&commit(10, 19)).await;
    assert_eq!(db.watch(1, "beto").await.changed, 1);
    let book = db.store.address_book(&[address(1)], &[]).await.unwrap();
    let at = |checkpoint| book.account_at(&address(1), checkpoint);
    assert_eq!(at(9), Some(ana));
    assert_eq!((at(10), at(19)), (None, None));
    assert_eq!(at(20), Some(db.account(2).await));
}

pub(crate) async fn handed_over_without_a_checkpoint_between<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let beto = db.account(2).await;
    db.unwatch(1).await;
    db.watch(1, "beto").await;
    assert_eq!(
        db.account(1).await,
        beto,
        "the holding of no checkpoint is none"
    );
}

pub(crate) async fn past_is_never_attributed_anew<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let ana = db.account(1).await;
    db.apply(&transfer(5, &[ana])).await;
    let activities = db.dump_of("activity").await;
    db.unwatch(1).await;
    db.watch(1, "beto").await;
    assert_eq!(db.dump_of("activity").await, activities);
    let book = db.store.address_book(&[address(1)], &[]).await.unwrap();
    assert_eq!(book.account_at(&address(1), 5), Some(ana));
    let beto = db.scope("beto").await;
    assert!(
        db.store
            .activity_since(&beto, 0, 9)
            .await
            .unwrap()
            .is_empty()
    );
}

pub(crate) async fn contracts_have_many_observers<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let target = parse_watch_target("0x2::coin").unwrap();
    let observe = |account: Option<AccountSpec>| WatchEntry {
        target: target.clone(),
        account,
    };
    let business = AccountSpec {
        kind: AccountKind::Business,
        ..crate::sample::account("shop")
    };
    let entries = [
        observe(None),
        observe(Some(business)),
        observe(entry(0, "ana").account),
        observe(None),
    ];
    let receipt = db.store.watch_add(&entries).await.unwrap();
    assert_eq!((receipt.changed, receipt.unchanged), (3, 1));
    assert_eq!(db.store.status().await.unwrap().watched_contracts, 1);
    let targets = [target.to_string(), "0x5".to_owned()];
    let book = db.store.address_book(&[], &targets).await.unwrap();
    assert_eq!(book.observers_of(&targets[0]).len(), 2);
    assert!(book.observers_of(&targets[1]).is_empty());

    let receipt = db
        .store
        .watch_remove(std::slice::from_ref(&target))
        .await
        .unwrap();
    assert_eq!(receipt.changed, 1, "one target, whoever observed it");
    let book = db.store.address_book(&[], &targets).await.unwrap();
    assert!(book.observers_of(&targets[0]).is_empty());
}

pub(crate) async fn pages_and_changes_agree<F: Fixture>() {
    let db = Db::<F>::empty().await;
    let texts = ["0x2", "0x2::coin", "0x2::coin::CurrencyCreated"];
    let contracts = texts.map(|text| WatchEntry {
        target: parse_watch_target(text).unwrap(),
        account: None,
    });
    let coin = WatchTarget::CoinType(vigia_core::parse_coin_type(crate::sample::COIN).unwrap());
    db.store.watch_add(&contracts).await.unwrap();
    let people: Vec<_> = (1..=5).map(|n| entry(n, "ana")).collect();
    db.store.watch_add(&people).await.unwrap();
    let coin_entry = WatchEntry {
        target: coin,
        account: None,
    };
    db.store.watch_add(&[coin_entry]).await.unwrap();
    db.unwatch(2).await;

    let changes = db.store.watch_changes(0).await.unwrap();
    let versions: Vec<u64> = changes.iter().map(|change| change.version).collect();
    assert_eq!(versions, [1, 1, 1, 2, 2, 2, 2, 2, 3, 4]);
    assert_eq!(changes[9].op, WatchOp::Remove);
    assert_eq!(changes[9].target, WatchTarget::Address(address(2)));
    assert_eq!(changes[3].account, Some(db.account(1).await));
    assert_eq!(db.store.watch_changes(2).await.unwrap(), changes[8..]);
    assert_eq!(db.store.watch_changes(4).await.unwrap(), []);

    let mut listed = Vec::new();
    let mut last = 0;
    loop {
        let page = db.store.watch_page(last, 3).await.unwrap();
        last = page.last().map_or(last, |row| row.id);
        listed.extend(page.iter().map(|row| row.target.clone()));
        if page.len() < 3 {
            break;
        }
    }
    let added = changes.iter().filter(|change| change.op == WatchOp::Add);
    let expected: Vec<_> = added
        .map(|change| change.target.clone())
        .filter(|target| *target != WatchTarget::Address(address(2)))
        .collect();
    assert_eq!(listed, expected);
    // A contract that two accounts observe is one target.
    let observers = ["ana", "beto"].map(|account| WatchEntry {
        target: parse_watch_target("0x2").unwrap(),
        account: entry(1, account).account,
    });
    db.store.watch_add(&observers).await.unwrap();
    let all = db.store.watch_targets().await.unwrap();
    assert_eq!(all.version, 5);
    let as_set = |targets: &[WatchTarget]| targets.iter().cloned().collect::<HashSet<_>>();
    assert_eq!(as_set(&all.targets), as_set(&expected));
    assert_eq!(all.targets.len(), expected.len());
}

pub(crate) async fn long_names_are_refused<F: Fixture>() {
    let db = Db::<F>::empty().await;
    let (fits, too_long) = ("x".repeat(200), "x".repeat(201));
    let entries = [entry(1, &fits), entry(2, &too_long)];
    let receipt = db.store.watch_add(&entries).await.unwrap();
    assert_eq!(receipt.changed, 1);
    let reason = &receipt.refused[0].reason;
    assert!(reason.contains("201 bytes; at most 200"), "{reason}");
}

pub(crate) async fn stale_list_is_refused_at_the_boundary<F: Fixture>() {
    let db = Db::<F>::empty().await;
    db.store.live_begin(0).await.unwrap();
    db.watch(1, "ana").await;
    db.apply(&commit(0, 9)).await;
    let receipt = db.watch(2, "beto").await;
    assert_eq!((receipt.version, receipt.effective_from), (2, 10));

    let matched = |from, last, version| {
        let mut commit = commit(from, last);
        commit.ranges[0].watch_version = version;
        commit
    };
    let outcome = |commit| {
        let store = db.store.clone();
        async move { store.commit_apply(&commit, &NoObjects).await.unwrap() }
    };
    let stale = CommitOutcome::StaleWatchList { version_min: 2 };
    assert_eq!(
        outcome(matched(10, 10, 1)).await,
        stale,
        "live at its last checkpoint"
    );
    assert_eq!(outcome(matched(8, 11, 1)).await, stale, "live inside");
    assert_ne!(
        outcome(matched(8, 9, 1)).await,
        stale,
        "live one above its last checkpoint"
    );
    assert_ne!(
        outcome(matched(10, 11, 2)).await,
        stale,
        "matched with the change"
    );
}

pub(crate) async fn stale_commit_writes_nothing<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    let ana = db.account(1).await;
    let rows = db.dump().await;
    let mut commit = transfer(0, &[ana]);
    commit.ranges[0].watch_version = 0;
    let outcome = db.store.commit_apply(&commit, &NoObjects).await.unwrap();
    assert_eq!(outcome, CommitOutcome::StaleWatchList { version_min: 1 });
    assert_eq!(db.dump().await, rows);
    assert!(
        db.store
            .activity_since(&Scope::All, 0, 1)
            .await
            .unwrap()
            .is_empty()
    );
}

pub(crate) async fn waits_for_a_change<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    assert_eq!(db.store.watch_wait(0).await.unwrap(), 1);
    let store = db.store.clone();
    let waiting = tokio::spawn(async move { store.watch_wait(1).await.unwrap() });
    // No change of the list: who woke all the same would tell the version that was known.
    for sequence in 0..4 {
        db.apply(&commit(sequence, sequence)).await;
    }
    db.watch(3, "carla").await;
    assert_eq!(waiting.await.unwrap(), 2);
}

pub(crate) async fn last_reconciliation_of_each_stays<F: Fixture>() {
    let db = Db::<F>::empty().await;
    let found = |holder: &str, missing| WatchReconciliation {
        holder: holder.to_owned(),
        entries: 10,
        missing,
        extra: 1,
    };
    db.store.watch_reconciled(&found("a", 3)).await.unwrap();
    db.store.watch_reconciled(&found("b", 0)).await.unwrap();
    db.clock.set(NOW_MS + 50);
    db.store.watch_reconciled(&found("a", 0)).await.unwrap();
    let recent = db.store.watch_reconciliations(50).await.unwrap();
    assert_eq!(recent, [(found("a", 0), 0), (found("b", 0), 50)]);
    let recent = db.store.watch_reconciliations(49).await.unwrap();
    assert_eq!(
        recent,
        [(found("a", 0), 0)],
        "b has not been heard of since"
    );
}

pub(crate) async fn reconciliations_of_the_gone_are_pruned<F: Fixture>() {
    let db = Db::<F>::empty().await;
    for (at_ms, holder) in [(NOW_MS, "old"), (NOW_MS + 1, "young")] {
        db.clock.set(at_ms);
        let found = WatchReconciliation {
            holder: holder.to_owned(),
            entries: 1,
            missing: 0,
            extra: 0,
        };
        db.store.watch_reconciled(&found).await.unwrap();
    }
    let prune = async |before_ms| {
        let pruned = db.store.watch_reconciliation_prune(before_ms).await;
        pruned.unwrap()
    };
    assert_eq!(prune(NOW_MS).await, 0);
    assert_eq!(prune(NOW_MS + 1).await, 1);
    let left = db.store.watch_reconciliations(u64::MAX).await.unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].0.holder, "young");
}

pub(crate) async fn filtered_pages_lose_and_repeat_nothing<F: Fixture>() {
    let db = Db::<F>::with_people().await;
    for n in [9, 4, 300] {
        db.watch(n, "ana").await;
    }
    db.watch(7, "beto").await;
    db.unwatch(4).await;
    let read = async |filter: &WatchFilter, limit| {
        let rows = db.store.watch_filtered(filter, limit).await.unwrap();
        let said = rows.into_iter().map(|row| (row.target.to_string(), row.id));
        said.unzip::<_, _, Vec<String>, Vec<i64>>()
    };
    let texts = |all: &[u64]| {
        all.iter()
            .map(|n| address(*n).to_string())
            .collect::<Vec<_>>()
    };
    let of_ana = |after_id| WatchFilter::Account {
        external_id: "ana".to_owned(),
        after_id,
    };
    let (first, ids) = read(&of_ana(0), 2).await;
    assert_eq!(first, texts(&[1, 9]));
    assert_eq!(read(&of_ana(ids[1]), 2).await.0, texts(&[300]));
    let nobody = WatchFilter::Account {
        external_id: "zoe".to_owned(),
        after_id: 0,
    };
    assert_eq!(read(&nobody, 9).await.0, [""; 0]);
    let between = |from, to| WatchFilter::Addresses {
        from: address(from),
        to_inclusive: address(to),
    };
    assert_eq!(read(&between(0, 299), 9).await.0, texts(&[1, 2, 7, 9]));
    assert_eq!(read(&between(2, 9), 2).await.0, texts(&[2, 7]));
    assert_eq!(read(&between(8, 9), 2).await.0, texts(&[9]));
    assert_eq!(read(&between(9, 2), 2).await.0, [""; 0]);
}
