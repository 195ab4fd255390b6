//! What moved balances hour by hour, from which follows what there was at a time.
//!
//! Written with what is folded into amounts, in the same transaction, so that both are always of the same effects; with what
//! comes late below that; and with corrections by hand.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use vigia_core::{Address, BalanceEffect};

use super::{Result, progress};
use crate::balance::{BALANCE_HOURS_MAX, BalanceHistory};
use crate::db::{Row, Tx, get, get_opt, insert, query};
use crate::sql::sql;
use crate::store::codec::{amount, int};
use crate::store::commit::Places;

/// Milliseconds in an hour.
pub(super) const HOUR_MS: u64 = 60 * 60 * 1_000;
/// The checkpoint through which effects were folded before there were hours; they are in none.
const BEGUN: &str = "hours";
/// Hours that are looked up at once.
const KEYS: usize = 1_000;

/// What moved, by address, coin and hour.
#[derive(Default)]
pub(super) struct Moved(BTreeMap<(Address, String, u64), i128>);

impl Moved {
    /// Counts one movement. What goes beyond i128 is cut off: an hour's picture is not worth stopping a commit for.
    pub(super) fn add(&mut self, address: Address, coin_type: &str, hour: u64, minor: i128) {
        let sum = self.0.entry((address, coin_type.to_owned(), hour));
        let sum = sum.or_default();
        *sum = sum.saturating_add(minor);
    }

    /// Counts effects that were not stored before, by the times of their transactions.
    pub(super) fn add_effects<'e>(
        &mut self,
        effects: impl Iterator<Item = &'e BalanceEffect>,
        places: &Places,
    ) {
        for effect in effects {
            let hour = places.get(&effect.place).map_or(0, |(_, ms)| ms / HOUR_MS);
            self.add(effect.address, &effect.coin_type, hour, effect.amount);
        }
    }

    /// Counts what moved above `from` and through `through`.
    pub(super) async fn add_range(&mut self, tx: &mut Tx, from: i64, through: i64) -> Result<()> {
        let rows = query(sql!(dialects "balance_hour_moves"))
            .bind(from)
            .bind(through)
            .fetch_all(tx)
            .await?;
        for row in &rows {
            let coin_type: String = get(row, "coin_type")?;
            let hour = get(row, "hour")?;
            self.add(get(row, "address")?, &coin_type, hour, get(row, "amount")?);
        }
        Ok(())
    }

    /// Adds it to what is stored; the caller holds the lock of balances.
    pub(super) async fn store(mut self, tx: &mut Tx) -> Result<()> {
        // SQLite cannot add up amounts; Postgres does, without being asked first.
        if matches!(tx, Tx::Sqlite(_)) {
            self.add_stored(tx).await?;
        }
        let rows: Vec<_> = self.0.into_iter().collect();
        let sql = sql!(dialects "balance_hour_add");
        insert(tx, sql, &rows, |((address, coin_type, hour), minor)| {
            Ok(vec![
                address.as_bytes().to_vec().into(),
                coin_type.clone().into(),
                int("hour", *hour)?.into(),
                amount(*minor).into(),
            ])
        })
        .await?;
        Ok(())
    }

    async fn add_stored(&mut self, tx: &mut Tx) -> Result<()> {
        let keys: Vec<Value> = self.0.keys().map(key).collect();
        for keys in keys.chunks(KEYS) {
            let rows = query(sql!("sqlite/balance_hour_find"))
                .bind(Value::from(keys).to_string())
                .fetch_all(tx)
                .await?;
            for row in &rows {
                let coin_type: String = get(row, "coin_type")?;
                let hour = get(row, "hour")?;
                self.add(get(row, "address")?, &coin_type, hour, get(row, "amount")?);
            }
        }
        Ok(())
    }
}

fn key((address, coin_type, hour): &(Address, String, u64)) -> Value {
    json!([hex::encode(address.as_bytes()), coin_type, hour])
}

/// What moved a balance from `from_ms` on; none where the user, if one is asked for, has no such address.
pub(super) async fn history(
    tx: &mut Tx,
    user: Option<i64>,
    (address, coin_type): (&Address, &str),
    from_ms: u64,
) -> Result<Option<BalanceHistory>> {
    let watch = query(sql!("balance_history_watch"))
        .bind(address.as_bytes().to_vec())
        .bind(user)
        .fetch_optional(tx)
        .await?;
    let Some(watch) = watch else { return Ok(None) };
    let known_from_ms = known_from_ms(tx, &watch).await?;
    let stored = query(sql!("balance_amount_find"))
        .bind(address.as_bytes().to_vec())
        .bind(coin_type)
        .fetch_optional(tx)
        .await?;
    let has_baseline = get_opt::<i64>(&watch, "checkpoint")?.is_some();
    let stored = stored.map_or(Ok(0), |row| get(&row, "amount"))?;
    let rows = query(sql!("balance_hour_list"))
        .bind(address.as_bytes().to_vec())
        .bind(coin_type)
        .bind(int("hour", from_ms / HOUR_MS)?)
        .bind(BALANCE_HOURS_MAX)
        .fetch_all(tx)
        .await?;
    let hour = |row: &Row| {
        let hour: u64 = get(row, "hour")?;
        Ok((hour.saturating_mul(HOUR_MS), get(row, "amount")?))
    };
    let mut hours = rows.iter().map(hour).collect::<Result<Vec<_>>>()?;
    hours.reverse();
    Ok(Some(BalanceHistory {
        amount: has_baseline.then_some(stored),
        known_from_ms,
        hours,
    }))
}

/// Since when all that moved the balance is known, and was its holder's.
async fn known_from_ms(tx: &mut Tx, watch: &Row) -> Result<u64> {
    let live_from: i64 = get(watch, "live_from")?;
    let complete_from: Option<i64> = get_opt(watch, "complete_from")?;
    let held_from: i64 = get(watch, "held_from")?;
    let begun = match progress(tx, BEGUN).await? {
        0 => 0,
        folded => folded.saturating_add(1),
    };
    let known_from = complete_from.map_or(live_from, |complete| complete.min(live_from));
    let checkpoint = known_from.max(held_from).max(begun);
    if checkpoint == 0 {
        return Ok(0);
    }
    let row = query(sql!("balance_history_time"))
        .bind(checkpoint)
        .fetch_optional(tx)
        .await?;
    row.map_or(Ok(u64::MAX), |row| get(&row, "timestamp_ms"))
}
