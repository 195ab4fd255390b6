//! Balance effects that are in the amounts already: those through a checkpoint that moves up to the watermark.
//!
//! Nothing comes below the watermark any more but history and what somebody fetches again, which `add_late`
//! sees to. So a balance is its amounts and the few effects since, read in the order of the chain: effects need
//! no index by address, which every commit would have to write all over.

use std::collections::{BTreeSet, HashMap};

use vigia_core::{Address, BalanceEffect};

use super::hours::Moved;
use super::{
    AmountRow, Amounts, FOLDED, amounts_put, baselines, progress, progress_set, sum, too_large,
};
use crate::Result;
use crate::db::{Lock, Row, Tx, byte_strings, get, get_opt, query};
use crate::sql::sql;
use crate::store::codec::int;
use crate::store::commit::Places;
use crate::store::{SqlStore, ranges};

/// Folds some of what is below the watermark; whether there is more.
pub(super) async fn step(store: &SqlStore, effects_max: u32) -> Result<bool> {
    let mut tx = store.database.read().await?;
    let watermark = ranges::watermark(&mut tx).await?;
    let from = progress(&mut tx, FOLDED).await?;
    drop(tx);
    let Some(watermark) = watermark else {
        return Ok(false);
    };
    let watermark = int("checkpoint", watermark.checkpoint)?;
    if from >= watermark {
        return Ok(false);
    }
    let mut tx = store.database.write().await?;
    Lock::Balances.take(&mut tx).await?;
    // Somebody else may have folded since.
    let from = progress(&mut tx, FOLDED).await?;
    let row = query(sql!("balance_fold_through"))
        .bind(from)
        .bind(watermark)
        .bind(effects_max)
        .fetch_one(&mut tx)
        .await?;
    let is_all = get::<u64>(&row, "effects")? < u64::from(effects_max);
    let through = match get_opt::<i64>(&row, "through")? {
        Some(through) if !is_all => through,
        _ => watermark.max(from),
    };
    let moves = query(sql!(dialects "balance_fold_moves"))
        .bind(from)
        .bind(through)
        .fetch_all(&mut tx)
        .await?;
    add(&mut tx, &moves).await?;
    let mut moved = Moved::default();
    moved.add_range(&mut tx, from, through).await?;
    moved.store(&mut tx).await?;
    progress_set(&mut tx, FOLDED, through).await?;
    tx.commit().await?;
    Ok(through < watermark)
}

/// Adds rows of what moved to the stored amounts.
async fn add(tx: &mut Tx, moves: &[Row]) -> Result<()> {
    let mut moved = HashMap::<Address, Amounts>::new();
    add_rows(&mut moved, moves, false)?;
    let addresses: Vec<Address> = moved.keys().copied().collect();
    let mut stored = baselines(tx, &addresses).await?;
    for (address, moves) in &moved {
        let stored = stored.entry(*address).or_default();
        for (coin_type, (minor, _)) in moves {
            let (held, _) = stored.entry(coin_type.clone()).or_default();
            *held = sum(*held, *minor)?;
        }
    }
    let mut rows = Vec::<AmountRow<'_>>::new();
    for (address, moves) in &moved {
        for coin_type in moves.keys() {
            let (minor, difference) = stored[address][coin_type];
            rows.push((address, coin_type, minor, difference));
        }
    }
    amounts_put(tx, &rows).await
}

/// Makes amounts that are true through `checkpoint` true through the one to which all is folded.
pub(super) async fn through(
    tx: &mut Tx,
    address: &Address,
    checkpoint: u64,
    amounts: &mut Amounts,
) -> Result<()> {
    let folded = progress(tx, FOLDED).await?;
    shift(
        tx,
        address,
        (int("checkpoint", checkpoint)?, folded),
        amounts,
        false,
    )
    .await
}

/// Makes amounts that are stored true through `checkpoint`.
pub(super) async fn back_to(
    tx: &mut Tx,
    address: &Address,
    checkpoint: u64,
    amounts: &mut Amounts,
) -> Result<()> {
    let folded = progress(tx, FOLDED).await?;
    let checkpoint = int("checkpoint", checkpoint)?;
    shift(tx, address, (folded, checkpoint), amounts, false).await?;
    shift(tx, address, (checkpoint, folded), amounts, true).await
}

/// Adds, or takes away, what moved in a range without its first checkpoint, if it is one.
async fn shift(
    tx: &mut Tx,
    address: &Address,
    (above, through): (i64, i64),
    amounts: &mut Amounts,
    is_back: bool,
) -> Result<()> {
    if above >= through {
        return Ok(());
    }
    let rows = moves(tx, &[*address], above, through).await?;
    let mut all = HashMap::from([(*address, std::mem::take(amounts))]);
    add_rows(&mut all, &rows, is_back)?;
    *amounts = all.remove(address).unwrap_or_default();
    Ok(())
}

/// Adds to stored amounts what is not folded yet.
pub(super) async fn newer(
    tx: &mut Tx,
    addresses: &[Address],
    amounts: &mut HashMap<Address, Amounts>,
) -> Result<()> {
    let folded = progress(tx, FOLDED).await?;
    let rows = moves(tx, addresses, folded, i64::MAX).await?;
    add_rows(amounts, &rows, false)
}

async fn moves(tx: &mut Tx, addresses: &[Address], above: i64, through: i64) -> Result<Vec<Row>> {
    query(sql!(dialects "balance_moves"))
        .bind(byte_strings(addresses.iter().map(Address::as_bytes)))
        .bind(above)
        .bind(through)
        .fetch_all(tx)
        .await
}

fn add_rows(amounts: &mut HashMap<Address, Amounts>, rows: &[Row], is_back: bool) -> Result<()> {
    for row in rows {
        let of_address = amounts.entry(get(row, "address")?).or_default();
        let (minor, _) = of_address.entry(get(row, "coin_type")?).or_default();
        let moved: i128 = get(row, "amount")?;
        let moved = match is_back {
            true => moved.checked_neg().ok_or_else(too_large)?,
            false => moved,
        };
        *minor = sum(*minor, moved)?;
    }
    Ok(())
}

/// Adds effects that were not stored before and come after all up to them was folded: to hours, and to the stored
/// amounts where they are above a baseline. To be called before the transaction ends that stores them, so that either
/// this or folding sees them.
pub(in crate::store) async fn add_late(
    tx: &mut Tx,
    new: &[BalanceEffect],
    places: &Places,
) -> Result<()> {
    if new.is_empty() {
        return Ok(());
    }
    Lock::Balances.take(tx).await?;
    let folded: u64 = progress(tx, FOLDED).await?.try_into().unwrap_or(0);
    let late = new
        .iter()
        .filter(|effect| effect.place.checkpoint <= folded);
    let late: Vec<&BalanceEffect> = late.collect();
    let mut moved = Moved::default();
    moved.add_effects(late.iter().copied(), places);
    moved.store(tx).await?;
    let known = baseline_checkpoints(tx, &late).await?;
    let counts = |effect: &&BalanceEffect| {
        let baseline = known.get(&effect.address);
        baseline.is_some_and(|baseline| *baseline < effect.place.checkpoint)
    };
    for effect in late.into_iter().filter(counts) {
        let mut amounts = baselines(tx, &[effect.address]).await?;
        let of_address = amounts.entry(effect.address).or_default();
        let (minor, difference) = of_address
            .get(&effect.coin_type)
            .copied()
            .unwrap_or_default();
        let minor = sum(minor, effect.amount)?;
        let row = (&effect.address, &*effect.coin_type, minor, difference);
        amounts_put(tx, &[row]).await?;
    }
    Ok(())
}

/// Addresses of effects that have a baseline, and its checkpoint.
async fn baseline_checkpoints(
    tx: &mut Tx,
    effects: &[&BalanceEffect],
) -> Result<HashMap<Address, u64>> {
    let addresses: BTreeSet<Address> = effects.iter().map(|effect| effect.address).collect();
    if addresses.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = query(sql!(dialects "balance_checkpoints"))
        .bind(byte_strings(addresses.iter().map(Address::as_bytes)))
        .fetch_all(tx)
        .await?;
    rows.iter()
        .map(|row| Ok((get(row, "address")?, get(row, "checkpoint")?)))
        .collect()
}
