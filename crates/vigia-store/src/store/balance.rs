//! `BalanceStore`: baselines, and the sum of what came after them.
//!
//! What is stored of an address is true through its baseline's checkpoint or the one through which effects are
//! folded (`fold`), whichever is later. What moved hour by hour is beside it (`hours`).

mod fold;
mod hours;

use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use vigia_core::{Address, Scope, day_of};

use super::codec::{amount, int};
use super::{SqlStore, invoice, ranges};
use crate::balance::{
    Adjustment, BALANCES_MAX, BalanceAmount, BalanceCounts, BalanceHistory, BalanceObservation,
    BalanceRow, BalanceState, BalanceStore, DIFFERS_AFTER, Observed,
};
use crate::business::Held;
use crate::db::{Lock, Row, Tx, byte_strings, get, get_opt, insert, parsed, query};
use crate::sql::sql;
use crate::{Result, StoreError};
pub(super) use fold::add_late;

/// The id of the newest watch whose address is enlisted.
const ENLISTED: &str = "enlisted";
/// The id of the watch whose address was sampled last.
const SAMPLED: &str = "sampled";
/// The checkpoint through which effects are in the amounts.
const FOLDED: &str = "folded";

/// How much of each coin, and how much more a node had.
type Amounts = BTreeMap<String, (i128, Option<i128>)>;

#[async_trait]
impl BalanceStore for SqlStore {
    async fn balance_enlist(&self, limit: u32) -> Result<u64> {
        let mut tx = self.database.write().await?;
        let after = progress(&mut tx, ENLISTED).await?;
        let last = query(sql!("balance_enlist_last"))
            .bind(after)
            .bind(limit)
            .fetch_one(&mut tx)
            .await?;
        let Some(last) = get_opt::<i64>(&last, "last")? else {
            return Ok(0);
        };
        let enlisted = query(sql!("balance_enlist"))
            .bind(after)
            .bind(limit)
            .bind(int("time", self.clock.now_ms())?)
            .execute(&mut tx)
            .await?;
        progress_set(&mut tx, ENLISTED, last).await?;
        tx.commit().await?;
        Ok(enlisted)
    }

    async fn balance_due(&self, state: BalanceState, limit: u32) -> Result<Vec<Address>> {
        let due = match state {
            BalanceState::Waiting => query(sql!("balance_waiting")),
            BalanceState::Known | BalanceState::Differs => query(sql!("balance_doubted")),
        };
        let rows = due
            .bind(int("time", self.clock.now_ms())?)
            .bind(limit.min(BALANCES_MAX))
            .fetch_all(&mut self.database.read().await?)
            .await?;
        rows.iter().map(|row| get(row, "address")).collect()
    }

    async fn balance_sample(&self, limit: u32) -> Result<Vec<Address>> {
        let mut tx = self.database.write().await?;
        let limit = limit.min(BALANCES_MAX);
        let after = progress(&mut tx, SAMPLED).await?;
        let mut rows = sample(&mut tx, after, limit).await?;
        if rows.is_empty() && after > 0 {
            rows = sample(&mut tx, 0, limit).await?;
        }
        if let Some(last) = rows.last() {
            progress_set(&mut tx, SAMPLED, get(last, "id")?).await?;
        }
        tx.commit().await?;
        rows.iter().map(|row| get(row, "target")).collect()
    }

    async fn balance_observe(&self, observation: &BalanceObservation) -> Result<Observed> {
        self.trying(|| self.observe_once(observation)).await
    }

    async fn balance_postpone(&self, addresses: &[Address], until_ms: u64) -> Result<()> {
        let until_ms = int("time", until_ms)?;
        let mut tx = self.database.write().await?;
        for address in addresses {
            query(sql!("balance_postpone"))
                .bind(address.as_bytes().to_vec())
                .bind(until_ms)
                .execute(&mut tx)
                .await?;
        }
        tx.commit().await
    }

    async fn balance_find(&self, address: &Address) -> Result<Option<BalanceRow>> {
        let mut tx = self.database.read().await?;
        let rows = query(sql!("balance_find"))
            .bind(address.as_bytes().to_vec())
            .fetch_all(&mut tx)
            .await?;
        Ok(with_amounts(&mut tx, &rows).await?.pop())
    }

    async fn balance_adjust(&self, adjustment: &Adjustment) -> Result<bool> {
        let now_ms = int("time", self.clock.now_ms())?;
        let mut tx = self.database.write().await?;
        Lock::Balances.take(&mut tx).await?;
        let found = Kept::find(&mut tx, &adjustment.address).await?;
        let Some((kept, checkpoint)) = found.and_then(|kept| Some((kept, kept.checkpoint?))) else {
            return Ok(false);
        };
        let address = adjustment.address;
        let mut amounts = baseline(&mut tx, &address).await?;
        let (minor, difference) = amounts.entry(adjustment.coin_type.clone()).or_default();
        *minor = sum(*minor, adjustment.amount)?;
        *difference = difference
            .map(|difference| sum(difference, -adjustment.amount))
            .transpose()?
            .filter(|difference| *difference != 0);
        let agrees = amounts.values().all(|(_, difference)| difference.is_none());
        amounts_set(&mut tx, &address, &amounts).await?;
        let kept = Kept {
            state: if agrees {
                BalanceState::Known
            } else {
                kept.state
            },
            doubts: if agrees { 0 } else { kept.doubts },
            ..kept
        };
        kept.set(&mut tx, &address, now_ms, now_ms).await?;
        query(sql!("balance_adjustment_insert"))
            .bind(address.as_bytes().to_vec())
            .bind(&*adjustment.coin_type)
            .bind(amount(adjustment.amount))
            .bind(int("checkpoint", checkpoint)?)
            .bind(now_ms)
            .bind(&*adjustment.author)
            .bind(&*adjustment.reason)
            .execute(&mut tx)
            .await?;
        let mut moved = hours::Moved::default();
        let hour = self.clock.now_ms() / hours::HOUR_MS;
        moved.add(address, &adjustment.coin_type, hour, adjustment.amount);
        moved.store(&mut tx).await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn balance_fold(&self, effects_max: u32) -> Result<bool> {
        self.trying(|| fold::step(self, effects_max)).await
    }

    async fn balance_requests(&self, requests: u64) -> Result<u64> {
        let mut tx = self.database.write().await?;
        let row = query(sql!("balance_usage_add"))
            .bind(int("day", day_of(self.clock.now_ms()))?)
            .bind(int("requests", requests)?)
            .fetch_one(&mut tx)
            .await?;
        tx.commit().await?;
        get(&row, "requests")
    }
}

impl SqlStore {
    pub(super) async fn balances_counted(&self) -> Result<BalanceCounts> {
        let rows = query(sql!("balance_counts"))
            .fetch_all(&mut self.database.read().await?)
            .await?;
        let mut counts = BalanceCounts::default();
        for row in &rows {
            let balances = get(row, "balances")?;
            match state(row)? {
                BalanceState::Waiting => counts.waiting = balances,
                BalanceState::Known => counts.known = balances,
                BalanceState::Differs => counts.differs = balances,
            }
        }
        Ok(counts)
    }

    pub(super) async fn balances(
        &self,
        scope: &Scope,
        after_id: i64,
        limit: u32,
    ) -> Result<Vec<BalanceRow>> {
        let page = match scope {
            Scope::All => query(sql!("balance_page")),
            Scope::MemberOf(_) => query(sql!("balance_page_member")),
        };
        let mut page = page.bind(after_id).bind(limit.min(BALANCES_MAX));
        if let Scope::MemberOf(user) = scope {
            page = page.bind(user.0);
        }
        let mut tx = self.database.read().await?;
        let rows = page.fetch_all(&mut tx).await?;
        with_amounts(&mut tx, &rows).await
    }

    pub(super) async fn balance_at(
        &self,
        user: Option<i64>,
        address: &Address,
    ) -> Result<Option<BalanceRow>> {
        let mut tx = self.database.read().await?;
        let rows = query(sql!("balance_of"))
            .bind(address.as_bytes().to_vec())
            .bind(user)
            .fetch_all(&mut tx)
            .await?;
        Ok(with_amounts(&mut tx, &rows).await?.pop())
    }

    pub(super) async fn balance_hours(
        &self,
        user: Option<i64>,
        of: (&Address, &str),
        from_ms: u64,
    ) -> Result<Option<BalanceHistory>> {
        let mut tx = self.database.read().await?;
        hours::history(&mut tx, user, of, from_ms).await
    }

    async fn observe_once(&self, seen: &BalanceObservation) -> Result<Observed> {
        let now_ms = int("time", self.clock.now_ms())?;
        let mut tx = self.database.write().await?;
        Lock::Balances.take(&mut tx).await?;
        let Some(kept) = Kept::find(&mut tx, &seen.address).await? else {
            return Ok(Observed::NotWatched);
        };
        // First the watermark: what is read after it has everything up to it.
        let committed = ranges::watermark(&mut tx).await?;
        let is_committed = committed.is_some_and(|watermark| watermark.checkpoint >= seen.to);
        let known_to = kept.checkpoint.unwrap_or(0);
        let watched_from = kept.live_from.saturating_sub(1).max(known_to);
        if !is_committed || seen.from < watched_from {
            return Ok(Observed::TooEarly);
        }
        if touched(&mut tx, seen).await? {
            return Ok(Observed::Touched);
        }
        let held: Amounts = seen
            .held
            .iter()
            .map(|(coin_type, minor)| (coin_type.clone(), (*minor, None)))
            .collect();
        let address = &seen.address;
        let observed = if kept.checkpoint.is_none() {
            let known = Kept {
                unproven: seen.unproven,
                ..kept.agreeing(seen.to)
            };
            known.set(&mut tx, address, now_ms, now_ms).await?;
            let mut amounts = held;
            fold::through(&mut tx, address, seen.to, &mut amounts).await?;
            amounts_set(&mut tx, address, &amounts).await?;
            Observed::Baseline
        } else {
            let mut ours = baseline(&mut tx, address).await?;
            let mut then = ours.clone();
            fold::back_to(&mut tx, address, seen.to, &mut then).await?;
            compare(&mut then, &held)?;
            let differences = differences(&then);
            for (coin_type, (_, difference)) in then {
                ours.entry(coin_type).or_default().1 = difference;
            }
            let kept = match differences.is_empty() {
                true => kept.agreeing(seen.to),
                false => kept.doubted(),
            };
            amounts_set(&mut tx, address, &ours).await?;
            kept.set(&mut tx, address, now_ms, now_ms).await?;
            match differences.is_empty() {
                true => Observed::Equal,
                false => Observed::Differs(differences),
            }
        };
        tx.commit().await?;
        Ok(observed)
    }
}

/// What is kept about an address besides amounts.
#[derive(Clone, Copy)]
struct Kept {
    live_from: u64,
    state: BalanceState,
    checkpoint: Option<u64>,
    agreed: Option<u64>,
    unproven: bool,
    doubts: u32,
}

impl Kept {
    /// None where nobody watches the address.
    async fn find(tx: &mut Tx, address: &Address) -> Result<Option<Self>> {
        let row = query(sql!("balance_address_find"))
            .bind(address.as_bytes().to_vec())
            .fetch_optional(tx)
            .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(Self {
            live_from: get(&row, "live_from")?,
            state: state(&row)?,
            checkpoint: get_opt(&row, "checkpoint")?,
            agreed: get_opt(&row, "agreed_checkpoint")?,
            unproven: get_opt::<i64>(&row, "unproven")? == Some(1),
            doubts: get_opt(&row, "doubts")?.unwrap_or(0),
        }))
    }

    /// A node has said the same at `agreed`.
    fn agreeing(self, agreed: u64) -> Self {
        Self {
            state: BalanceState::Known,
            checkpoint: self.checkpoint.or(Some(agreed)),
            agreed: self.agreed.max(Some(agreed)),
            doubts: 0,
            ..self
        }
    }

    /// A node differs once more.
    fn doubted(self) -> Self {
        let doubts = self.doubts.saturating_add(1);
        Self {
            state: match doubts >= DIFFERS_AFTER {
                true => BalanceState::Differs,
                false => self.state,
            },
            doubts,
            ..self
        }
    }

    async fn set(&self, tx: &mut Tx, address: &Address, now_ms: i64, retry_ms: i64) -> Result<()> {
        let checkpoint = |checkpoint: Option<u64>| {
            let checkpoint = checkpoint.map(|checkpoint| int("checkpoint", checkpoint));
            checkpoint.transpose()
        };
        query(sql!("balance_address_set"))
            .bind(address.as_bytes().to_vec())
            .bind(self.state.as_str())
            .bind(checkpoint(self.checkpoint)?)
            .bind(checkpoint(self.agreed)?)
            .bind(self.doubts)
            .bind(now_ms)
            .bind(retry_ms)
            .bind(i64::from(self.unproven))
            .execute(tx)
            .await?;
        Ok(())
    }
}

/// Says of each coin how much more `held` has than `ours`.
fn compare(ours: &mut Amounts, held: &Amounts) -> Result<()> {
    for coin_type in held.keys() {
        ours.entry(coin_type.clone()).or_default();
    }
    for (coin_type, (minor, difference)) in ours.iter_mut() {
        let theirs = held.get(coin_type).map_or(0, |(minor, _)| *minor);
        let more = sum(theirs, minor.checked_neg().ok_or_else(too_large)?)?;
        *difference = (more != 0).then_some(more);
    }
    Ok(())
}

fn differences(amounts: &Amounts) -> Vec<(String, i128)> {
    let differing = amounts
        .iter()
        .filter_map(|(coin_type, (_, difference))| Some((coin_type.clone(), (*difference)?)));
    differing.collect()
}

fn sum(one: i128, other: i128) -> Result<i128> {
    one.checked_add(other).ok_or_else(too_large)
}

fn too_large() -> StoreError {
    StoreError::OutOfRange {
        what: "balance",
        value: "beyond 127 bits".to_owned(),
    }
}

async fn touched(tx: &mut Tx, seen: &BalanceObservation) -> Result<bool> {
    let row = query(sql!("balance_touched"))
        .bind(seen.address.as_bytes().to_vec())
        .bind(int("checkpoint", seen.from)?)
        .bind(int("checkpoint", seen.to)?)
        .fetch_one(tx)
        .await?;
    Ok(get::<u64>(&row, "touched")? > 0)
}

async fn amounts_set(tx: &mut Tx, address: &Address, amounts: &Amounts) -> Result<()> {
    query(sql!("balance_amount_delete"))
        .bind(address.as_bytes().to_vec())
        .execute(tx)
        .await?;
    let rows: Vec<AmountRow<'_>> = amounts
        .iter()
        .filter(|(_, (minor, difference))| *minor != 0 || difference.is_some())
        .map(|(coin_type, (minor, difference))| (address, &**coin_type, *minor, *difference))
        .collect();
    amounts_put(tx, &rows).await
}

/// Address, coin, how much of it, and how much more a node had.
type AmountRow<'a> = (&'a Address, &'a str, i128, Option<i128>);

/// Stores rows, in place of those that are there.
async fn amounts_put(tx: &mut Tx, rows: &[AmountRow<'_>]) -> Result<()> {
    let sql = sql!("balance_amount_put");
    insert(tx, sql, rows, |(address, coin_type, minor, difference)| {
        Ok(vec![
            address.as_bytes().to_vec().into(),
            (*coin_type).to_owned().into(),
            amount(*minor).into(),
            difference.map(amount).into(),
        ])
    })
    .await?;
    Ok(())
}

async fn baseline(tx: &mut Tx, address: &Address) -> Result<Amounts> {
    let mut found = baselines(tx, &[*address]).await?;
    Ok(found.remove(address).unwrap_or_default())
}

async fn baselines(tx: &mut Tx, addresses: &[Address]) -> Result<HashMap<Address, Amounts>> {
    let rows = query(sql!(dialects "balance_amounts"))
        .bind(byte_strings(addresses.iter().map(Address::as_bytes)))
        .fetch_all(tx)
        .await?;
    let mut amounts = HashMap::<Address, Amounts>::new();
    for row in &rows {
        let of_address = amounts.entry(get(row, "address")?).or_default();
        let found = (get(row, "amount")?, get_opt(row, "difference")?);
        of_address.insert(get(row, "coin_type")?, found);
    }
    Ok(amounts)
}

/// Rows of addresses, with what they have now.
async fn with_amounts(tx: &mut Tx, rows: &[Row]) -> Result<Vec<BalanceRow>> {
    let found: Result<Vec<Address>> = rows.iter().map(|row| get(row, "target")).collect();
    let addresses = found?;
    let mut amounts = baselines(tx, &addresses).await?;
    fold::newer(tx, &addresses, &mut amounts).await?;
    let mut held = invoice::held(tx, &addresses).await?;
    let with_amounts = rows.iter().zip(addresses).map(|(row, address)| {
        let baseline: Option<u64> = get_opt(row, "checkpoint")?;
        let of_address = baseline.and_then(|_| amounts.remove(&address));
        Ok(BalanceRow {
            id: get(row, "id")?,
            address,
            account: (get(row, "external_id")?, get(row, "display_name")?),
            state: state(row)?,
            baseline,
            agreed: get_opt(row, "agreed_checkpoint")?,
            unproven: get_opt::<i64>(row, "unproven")? == Some(1),
            compared_at_ms: get_opt(row, "compared_at_ms")?,
            amounts: told(
                of_address.unwrap_or_default(),
                held.remove(&address).unwrap_or_default(),
            ),
        })
    });
    with_amounts.collect()
}

fn told(amounts: Amounts, mut held: HashMap<String, Held>) -> Vec<BalanceAmount> {
    let told = amounts
        .into_iter()
        .map(|(coin_type, (amount, difference))| {
            let held = held.remove(&coin_type).unwrap_or_default();
            BalanceAmount {
                coin_type,
                amount,
                difference,
                pending: held.pending,
                incoming: held.incoming,
            }
        });
    let mut told: Vec<BalanceAmount> = told
        .filter(|told| {
            told.amount != 0 || told.difference.is_some() || told.pending != 0 || told.incoming != 0
        })
        .collect();
    told.extend(held.into_iter().map(|(coin_type, held)| BalanceAmount {
        coin_type,
        amount: 0,
        difference: None,
        pending: held.pending,
        incoming: held.incoming,
    }));
    told.sort_unstable_by(|a, b| a.coin_type.cmp(&b.coin_type));
    told
}

/// An address without a row waits to be enlisted.
fn state(row: &Row) -> Result<BalanceState> {
    let state: Option<String> = get_opt(row, "state")?;
    state.map_or(Ok(BalanceState::Waiting), |state| {
        parsed("state of a balance", state.parse())
    })
}

async fn sample(tx: &mut Tx, after: i64, limit: u32) -> Result<Vec<Row>> {
    query(sql!("balance_sample"))
        .bind(after)
        .bind(limit)
        .fetch_all(tx)
        .await
}

async fn progress(tx: &mut Tx, name: &str) -> Result<i64> {
    let row = query(sql!("balance_progress"))
        .bind(name)
        .fetch_optional(tx)
        .await?;
    row.map_or(Ok(0), |row| get(&row, "position"))
}

async fn progress_set(tx: &mut Tx, name: &str, position: i64) -> Result<()> {
    query(sql!("balance_progress_set"))
        .bind(name)
        .bind(position)
        .execute(tx)
        .await?;
    Ok(())
}
