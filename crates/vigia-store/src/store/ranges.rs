//! Completed checkpoint ranges and the watermark they amount to (I-1, I-7).
//!
//! Commits arrive in any order. A range that touches or overlaps others is written as one range with
//! them, so a lane holds few rows however long it runs.

use vigia_core::{CheckpointRange, Digest, Lane};

use super::codec::int;
use crate::db::{Query, Row, Tx, get, get_opt, query};
use crate::sql::sql;
use crate::{Result, Watermark};

/// A completed range as stored.
struct Range {
    lo: i64,
    hi: i64,
    hi_digest: Digest,
    hi_timestamp_ms: i64,
}

impl Range {
    fn of(range: &CheckpointRange) -> Result<Self> {
        Ok(Self {
            lo: int("checkpoint", range.from)?,
            hi: int("checkpoint", range.last.sequence)?,
            hi_digest: range.last.digest,
            hi_timestamp_ms: int("time of checkpoint", range.last.timestamp_ms)?,
        })
    }
}

/// The watermark as the ranges say it.
pub(super) async fn watermark(tx: &mut Tx) -> Result<Option<Watermark>> {
    let row = query(sql!("watermark")).fetch_optional(tx).await?;
    row.map(|row| {
        Ok(Watermark {
            checkpoint: get(&row, "hi")?,
            digest: get(&row, "hi_digest")?,
            timestamp_ms: get(&row, "hi_timestamp_ms")?,
        })
    })
    .transpose()
}

/// The completed ranges of the live lane.
pub(super) async fn live(tx: &mut Tx) -> Result<Vec<(u64, u64)>> {
    let rows = query(sql!("range_list"))
        .bind(lane_word(Lane::Live))
        .fetch_all(tx)
        .await?;
    rows.iter()
        .map(|row| Ok((get(row, "lo")?, get(row, "hi")?)))
        .collect()
}

/// What the live lane lacks from `from` on, below what it has further up: the first `limit` runs.
pub(super) async fn gaps(tx: &mut Tx, from: u64, limit: u32) -> Result<Vec<(u64, u64)>> {
    let rows = query(sql!("range_above"))
        .bind(int("checkpoint", from)?)
        .bind(limit)
        .fetch_all(tx)
        .await?;
    let (mut gaps, mut next) = (Vec::with_capacity(rows.len()), from);
    for row in &rows {
        let (lo, hi): (u64, u64) = (get(row, "lo")?, get(row, "hi")?);
        gaps.push((next, lo - 1));
        next = hi.saturating_add(1);
    }
    Ok(gaps)
}

/// Where the live lane begins, once it has begun.
pub(super) async fn live_first(tx: &mut Tx) -> Result<Option<u64>> {
    let row = query(sql!("live_first")).fetch_optional(tx).await?;
    row.map(|row| get(&row, "first_checkpoint")).transpose()
}

/// The newest watch-list version, if one of `ranges` was matched with a list older than a change
/// that is live in it.
pub(super) async fn stale_version(tx: &mut Tx, ranges: &[CheckpointRange]) -> Result<Option<u64>> {
    for range in ranges {
        let row = query(sql!("stale_version"))
            .bind(int("watch-list version", range.watch_version)?)
            .bind(int("checkpoint", range.last.sequence)?)
            .fetch_one(tx)
            .await?;
        let stale = get_opt(&row, "version_min")?;
        if stale.is_some() {
            return Ok(stale);
        }
    }
    Ok(None)
}

/// Records that `lane` is complete over `ranges`.
pub(super) async fn complete(tx: &mut Tx, lane: Lane, ranges: &[CheckpointRange]) -> Result<()> {
    for range in ranges {
        let extended = match extend(lane, range)? {
            Some(extending) => extending.execute(tx).await?,
            None => 0,
        };
        if extended == 0 {
            merge(tx, lane, range).await?;
        }
    }
    Ok(())
}

/// Goes on with the range before this one, as nearly every commit does: one statement, and no row made anew.
/// It touches nothing where there is none to go on with; none where it cannot be asked.
pub(super) fn extend(lane: Lane, range: &CheckpointRange) -> Result<Option<Query>> {
    let added = Range::of(range)?;
    if added.hi == i64::MAX {
        // `$3 + 1` would leave 63 bits.
        return Ok(None);
    }
    let extending = query(sql!("range_extend"))
        .bind(lane_word(lane))
        .bind(added.lo)
        .bind(added.hi)
        .bind(added.hi_digest.inner().to_vec())
        .bind(added.hi_timestamp_ms);
    Ok(Some(extending))
}

/// Adds a range that goes on with none, as one with those that it touches.
pub(super) async fn merge(tx: &mut Tx, lane: Lane, range: &CheckpointRange) -> Result<()> {
    insert_merged(tx, lane_word(lane), Range::of(range)?).await
}

async fn insert_merged(tx: &mut Tx, lane: &'static str, added: Range) -> Result<()> {
    let neighbours = query(sql!("range_neighbours"))
        .bind(lane)
        .bind(added.lo)
        // `$3 + 1` must not leave 63 bits, where SQLite turns to floating point.
        .bind(added.hi.min(i64::MAX - 1))
        .fetch_all(tx)
        .await?;
    let mut merged = added;
    for row in &neighbours {
        let neighbour = from_row(row)?;
        query(sql!("range_delete"))
            .bind(lane)
            .bind(neighbour.lo)
            .execute(tx)
            .await?;
        merged = union(merged, neighbour);
    }
    query(sql!("range_insert"))
        .bind(lane)
        .bind(merged.lo)
        .bind(merged.hi)
        .bind(merged.hi_digest.inner().to_vec())
        .bind(merged.hi_timestamp_ms)
        .execute(tx)
        .await?;
    Ok(())
}

/// Both ranges as one; the stored end wins where both end alike.
fn union(added: Range, stored: Range) -> Range {
    let lo = added.lo.min(stored.lo);
    let later = if added.hi > stored.hi { added } else { stored };
    Range { lo, ..later }
}

fn from_row(row: &Row) -> Result<Range> {
    Ok(Range {
        lo: get(row, "lo")?,
        hi: get(row, "hi")?,
        hi_digest: get(row, "hi_digest")?,
        hi_timestamp_ms: get(row, "hi_timestamp_ms")?,
    })
}

fn lane_word(lane: Lane) -> &'static str {
    match lane {
        Lane::Live => "live",
        Lane::Import => "import",
    }
}
