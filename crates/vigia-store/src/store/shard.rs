//! Shards out of leases and completed ranges: neither knows of them by itself.

use std::collections::{BTreeMap, BTreeSet};

use vigia_core::ShardPlan;

use super::ranges;
use crate::db::{Tx, get, get_opt, query};
use crate::shard::{leases, parse_lease};
use crate::sql::sql;
use crate::{Result, ShardRow};

/// A lease on a shard.
struct Lease {
    holder: Option<String>,
    /// Below 0 once it ran out.
    remaining_ms: i64,
}

/// The shards into which pollers divide the chain.
pub(super) async fn list(tx: &mut Tx) -> Result<Vec<ShardRow>> {
    let mut plans = BTreeMap::<u32, BTreeMap<u32, Lease>>::new();
    let rows = query(sql!(dialects "lease_list"))
        .bind(leases())
        .fetch_all(tx)
        .await?;
    for row in &rows {
        let name: String = get(row, "name")?;
        if let Some((plan, shard)) = parse_lease(&name) {
            let lease = Lease {
                holder: get_opt(row, "holder")?,
                remaining_ms: get(row, "remaining_ms")?,
            };
            plans.entry(plan.shards()).or_default().insert(shard, lease);
        }
    }
    let current = current(&plans);
    if current.is_empty() {
        return Ok(Vec::new());
    }
    let completed = ranges::live(tx).await?;
    let first = ranges::live_first(tx).await?.unwrap_or(0);
    let mut shards = Vec::new();
    for count in current {
        let Ok(plan) = ShardPlan::new(count) else {
            continue;
        };
        shards.extend((0..count).map(|shard| {
            let missing = plan.next_missing(shard, first, &completed);
            let lease = plans[&count].get(&shard);
            let lease = lease.filter(|lease| lease.remaining_ms > 0);
            ShardRow {
                shard,
                shards: count,
                holder: lease.and_then(|lease| lease.holder.clone()),
                watermark: missing.filter(|next| *next > first).map(|next| next - 1),
            }
        }));
    }
    Ok(shards)
}

/// The divisions in use. Leases of others stay behind when the number of shards is changed. Where
/// nobody polls, the one last polled: that all pollers died is when one wants to see their shards.
fn current(plans: &BTreeMap<u32, BTreeMap<u32, Lease>>) -> BTreeSet<u32> {
    let last_ms = |leases: &BTreeMap<u32, Lease>| {
        let held = leases.values().filter(|lease| lease.holder.is_some());
        held.map(|lease| lease.remaining_ms).max()
    };
    let held: BTreeSet<u32> = plans
        .iter()
        .filter(|(_, leases)| last_ms(leases) > Some(0))
        .map(|(count, _)| *count)
        .collect();
    if !held.is_empty() {
        return held;
    }
    let last = plans
        .iter()
        .filter_map(|(count, leases)| Some((last_ms(leases)?, *count)));
    last.max().map(|(_, count)| count).into_iter().collect()
}
