//! Datatypes and versions of packages: wanted by commits, told once, kept.

use bytes::Bytes;
use vigia_core::{
    Address, Clock, Commit, Datatype, DatatypeField, DatatypeName, DatatypeShape, Event, FieldType,
    Identifier, PackageVersion, RawTransaction,
};
use vigia_store::{ContractKnowledge, ContractStore, SqlStore};

use crate::sample::{place, raw, timestamp_ms, transfer};
use crate::suite::{Db, Fixture};

fn name(text: &str) -> DatatypeName {
    DatatypeName {
        package: Address::new([7; 32]),
        module: Identifier::new("shop").unwrap(),
        name: Identifier::new(text).unwrap(),
    }
}

fn event(text: &str) -> Event {
    let DatatypeName {
        package,
        module,
        name,
    } = name(text);
    Event {
        package_id: package,
        module: module.clone(),
        sender: Address::ZERO,
        type_: vigia_core::StructTag::new(package, module, name, vec![]),
        contents: vec![1],
    }
}

fn datatype(field_type: FieldType) -> Datatype {
    let fields = vec![DatatypeField {
        name: "price".to_owned(),
        field_type,
    }];
    Datatype {
        type_parameters: 0,
        shape: DatatypeShape::Struct(fields),
    }
}

fn version(version: u64, byte: u8) -> PackageVersion {
    PackageVersion {
        original: Address::new([7; 32]),
        version,
        package: Address::new([byte; 32]),
    }
}

/// Rows in each table, for copies.
pub(crate) async fn fill(store: &SqlStore) {
    let told = [
        (name("Sold"), Some(datatype(FieldType::U64))),
        (name("Odd"), None),
    ];
    store.datatype_record(&told).await.unwrap();
    let versions = [version(1, 7), version(2, 8)];
    store.package_version_record(&versions).await.unwrap();
}

/// A commit whose only transaction emits events of these types.
fn emitting(checkpoint: u64, types: &[&str]) -> Commit {
    let events: Vec<Event> = types.iter().map(|text| event(text)).collect();
    let mut commit = transfer(checkpoint, &[]);
    commit.raw_transactions = vec![RawTransaction {
        events_bcs: Some(bcs::to_bytes(&events).unwrap().into()),
        ..raw(place(checkpoint, 0))
    }];
    commit
}

pub(crate) async fn stored_events_want_their_layouts<F: Fixture>() {
    let db = Db::<F>::empty().await;
    let none: [DatatypeName; 0] = [];
    assert_eq!(db.store.datatype_wanted(0, 9).await.unwrap(), none);
    db.apply(&emitting(0, &["Sold", "Bought", "Sold"])).await;
    db.apply(&emitting(1, &["Sold", "Returned"])).await;
    let wanted = db.store.datatype_wanted(0, 9).await.unwrap();
    assert_eq!(wanted, ["Bought", "Returned", "Sold"].map(name));
    assert_eq!(db.store.datatype_wanted(0, 1).await.unwrap().len(), 1);

    // Evidence that cannot be read wants nothing and stops nobody.
    let mut odd = emitting(2, &[]);
    odd.raw_transactions[0].events_bcs = Some(vec![0xff; 9].into());
    db.apply(&odd).await;
    assert_eq!(db.store.datatype_wanted(0, 9).await.unwrap(), wanted);
}

pub(crate) async fn what_is_told_stays_told<F: Fixture>() {
    let db = Db::<F>::empty().await;
    db.apply(&emitting(0, &["Sold", "Bought"])).await;
    let told = datatype(FieldType::Named(
        name("Terms"),
        vec![FieldType::Parameter(3)],
    ));
    let sold = (name("Sold"), Some(told.clone()));
    db.store
        .datatype_record(std::slice::from_ref(&sold))
        .await
        .unwrap();
    assert_eq!(
        db.store.datatype_wanted(0, 9).await.unwrap(),
        [name("Bought")]
    );

    // Another answer, or none, changes nothing.
    let others = [
        (name("Sold"), Some(datatype(FieldType::Bool))),
        (name("Sold"), None),
    ];
    for other in others {
        db.store.datatype_record(&[other]).await.unwrap();
    }
    let list = db.store.datatype_list(9).await.unwrap();
    assert_eq!(list, [(name("Sold"), told)]);
    let knowledge = ContractKnowledge {
        datatypes: 1,
        versions: 0,
    };
    assert_eq!(db.store.contract_knowledge().await.unwrap(), knowledge);
    // Its events come again and want nothing.
    db.apply(&emitting(1, &["Sold"])).await;
    assert_eq!(
        db.store.datatype_wanted(0, 9).await.unwrap(),
        [name("Bought")]
    );
    assert_eq!(db.store.datatype_list(0).await.unwrap(), []);
}

pub(crate) async fn who_was_asked_in_vain_is_asked_later<F: Fixture>() {
    let db = Db::<F>::empty().await;
    db.apply(&emitting(0, &["Sold"])).await;
    let vain = [(name("Sold"), None)];
    db.store.datatype_record(&vain).await.unwrap();
    let now_ms = db.clock.now_ms();
    let wanted = db.store.datatype_wanted(now_ms - 1, 9).await.unwrap();
    assert!(wanted.is_empty(), "{wanted:?}");
    assert_eq!(
        db.store.datatype_wanted(now_ms, 9).await.unwrap(),
        [name("Sold")]
    );
    assert_eq!(db.store.datatype_list(9).await.unwrap(), []);
}

pub(crate) async fn versions_are_kept_by_lineage<F: Fixture>() {
    let db = Db::<F>::empty().await;
    assert_eq!(db.store.package_version_list().await.unwrap(), []);
    let other = PackageVersion {
        original: Address::new([3; 32]),
        ..version(1, 3)
    };
    db.store
        .package_version_record(&[version(2, 8), other])
        .await
        .unwrap();
    // The same again, with one more; another id for a known version is not believed.
    let again = [version(1, 7), version(2, 9)];
    db.store.package_version_record(&again).await.unwrap();
    let all = db.store.package_version_list().await.unwrap();
    assert_eq!(all, [other, version(1, 7), version(2, 8)]);
    assert_eq!(db.store.contract_knowledge().await.unwrap().versions, 3);
    let beyond = db
        .store
        .package_version_record(&[version(1 << 63, 5)])
        .await;
    assert!(
        beyond
            .unwrap_err()
            .to_string()
            .contains("version of a package")
    );
}

pub(crate) async fn the_newest_events_are_read<F: Fixture>() {
    let db = Db::<F>::empty().await;
    db.apply(&emitting(0, &["Sold"])).await;
    db.apply(&emitting(1, &["Bought", "Sold"])).await;
    let mut silent = emitting(2, &[]);
    silent.raw_transactions[0].events_bcs = None;
    db.apply(&silent).await;
    let read = async |from_ms, limit| {
        let evidence = db.store.event_evidence(from_ms, limit).await.unwrap();
        let count = |bytes: Bytes| bcs::from_bytes::<Vec<Event>>(&bytes).unwrap().len();
        let counts = evidence.into_iter().map(|bytes| bytes.map(count));
        counts.collect::<Vec<_>>()
    };
    let mut all = read(0, 9).await;
    all.sort_unstable();
    assert_eq!(all, [None, Some(1), Some(2)]);
    let mut newest = read(0, 2).await;
    newest.sort_unstable();
    assert_eq!(newest, [None, Some(2)]);
    assert_eq!(read(timestamp_ms(2), 9).await, [None]);
    assert_eq!(read(timestamp_ms(3), 9).await, []);

    let now_ms = db.clock.now_ms();
    db.store
        .package_version_record(&[version(1, 7)])
        .await
        .unwrap();
    db.clock.set(now_ms + 5);
    let versions = [version(1, 7), version(2, 8)];
    db.store.package_version_record(&versions).await.unwrap();
    let noticed = db.store.package_version_noticed().await.unwrap();
    assert_eq!(noticed, [(versions[0], now_ms), (versions[1], now_ms + 5)]);
}
