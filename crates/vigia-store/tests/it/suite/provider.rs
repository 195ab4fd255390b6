//! Providers: what a process says replaces what it said, usage adds up.

use vigia_store::{ProviderRow, ProviderStore, ProviderUsage};

use crate::suite::{Db, Fixture, NOW_MS};

pub(crate) fn row(holder: &str, provider: &str, position: u32) -> ProviderRow {
    ProviderRow {
        holder: holder.to_owned(),
        provider: provider.to_owned(),
        position,
        url: format!("https://{provider}"),
        is_current: position == 0,
        is_usable: true,
        standing: "well".to_owned(),
        tip: Some(90),
        lowest: None,
        latency_ms: Some(12),
        serves: Some("all methods".to_owned()),
        at_ms: NOW_MS,
    }
}

fn used(day: u64, provider: &str, requests: u64, bytes: u64) -> ProviderUsage {
    ProviderUsage {
        day,
        provider: provider.to_owned(),
        requests,
        bytes,
    }
}

pub(crate) async fn what_is_said_anew_replaces<F: Fixture>() {
    let db = Db::<F>::empty().await;
    let store = &db.store;
    assert_eq!(store.provider_list().await.unwrap(), []);
    let both = [row("a", "first", 0), row("a", "second", 1)];
    store.provider_record("a", &both, &[]).await.unwrap();
    let of_b = ProviderRow {
        is_current: false,
        is_usable: false,
        standing: "no answer within 1500 ms (3 failures in a row)".to_owned(),
        tip: None,
        latency_ms: None,
        serves: None,
        ..row("b", "first", 0)
    };
    let of_b = [of_b];
    store.provider_record("b", &of_b, &[]).await.unwrap();
    let all = [both[0].clone(), of_b[0].clone(), both[1].clone()];
    assert_eq!(store.provider_list().await.unwrap(), all);
    // The second is not in its configuration any more.
    store.provider_record("a", &both[..1], &[]).await.unwrap();
    assert_eq!(store.provider_list().await.unwrap(), all[..2]);
}

pub(crate) async fn usage_adds_up_by_day<F: Fixture>() {
    let db = Db::<F>::empty().await;
    let store = &db.store;
    let first = [used(20_000, "first", 3, 700), used(20_000, "second", 1, 1)];
    store.provider_record("a", &[], &first).await.unwrap();
    let large = u64::from(u32::MAX) * 1_000;
    let more = [used(20_000, "first", 2, large), used(20_001, "first", 5, 0)];
    store.provider_record("b", &[], &more).await.unwrap();
    let wanted = [
        used(20_000, "first", 5, 700 + large),
        used(20_000, "second", 1, 1),
        used(20_001, "first", 5, 0),
    ];
    assert_eq!(store.provider_usage(20_000).await.unwrap(), wanted);
    assert_eq!(store.provider_usage(20_001).await.unwrap(), wanted[2..]);
    assert_eq!(store.provider_usage(20_002).await.unwrap(), []);
}

pub(crate) async fn what_is_old_is_pruned<F: Fixture>() {
    let db = Db::<F>::empty().await;
    let store = &db.store;
    let usage = [used(19_999, "first", 1, 1), used(20_000, "first", 1, 1)];
    let rows = [row("a", "first", 0)];
    store.provider_record("a", &rows, &usage).await.unwrap();
    assert_eq!(store.provider_prune(NOW_MS, 19_999).await.unwrap(), 0);
    assert_eq!(store.provider_prune(NOW_MS, 20_000).await.unwrap(), 1);
    assert_eq!(store.provider_prune(NOW_MS + 1, 20_000).await.unwrap(), 1);
    assert_eq!(store.provider_list().await.unwrap(), []);
    assert_eq!(store.provider_usage(0).await.unwrap(), usage[1..]);
}
