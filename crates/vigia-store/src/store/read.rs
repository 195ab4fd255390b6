//! `ReadStore`: what people and machines read, within their scope (I-14).
//!
//! Whoever sees everything and a user get different SQL: what is fast for one reads the whole table
//! for the other.

use std::collections::HashSet;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;
use vigia_core::{
    AccountId, Address, BalanceEffect, ChainId, CoinInfo, Digest, MatchReason, Place,
    RawTransaction, Scope, User, UserId, parse_address,
};

use super::codec::{self, int};
use super::{SqlStore, epoch, ranges, shard};
use crate::db::{Tx, byte_strings, get, get_opt, query};
use crate::sql::{Sql, sql, sql_text};
use crate::{
    ActivityCursor, ActivityFilter, ActivityRow, BalanceCounts, BalanceHistory, BalanceRow,
    ProviderReport, RawTransactionRow, ReadStore, Result, ShardRow, StatusReport,
    TransactionRemains,
};

pub(super) mod row;
mod search;

/// How often the database is asked for activities of other processes; a waiter learns of one within
/// twice that, which keeps the promised half second.
pub(super) const ACTIVITY_POLL: Duration = Duration::from_millis(200);

/// The same as a query, for other modules.
macro_rules! activities_sql {
    (dialects $name:literal) => {
        $crate::db::query($crate::sql::Sql {
            sqlite: concat!(
                $crate::sql::sql_text!("activity_columns"),
                "FROM activity a\n",
                $crate::sql::sql_text!("activity_joins"),
                $crate::sql::sql_text!("sqlite/", $name)
            ),
            postgres: concat!(
                $crate::sql::sql_text!("activity_columns"),
                "FROM activity a\n",
                $crate::sql::sql_text!("activity_joins"),
                $crate::sql::sql_text!("postgres/", $name)
            ),
        })
    };
    ($name:literal) => {{
        const TEXT: &str = concat!(
            $crate::sql::sql_text!("activity_columns"),
            "FROM activity a\n",
            $crate::sql::sql_text!("activity_joins"),
            $crate::sql::sql_text!($name)
        );
        $crate::db::query($crate::sql::Sql {
            sqlite: TEXT,
            postgres: TEXT,
        })
    }};
}
pub(super) use activities_sql;

/// A query for activities that goes on with the WHERE of the named file; or, on Postgres, is of the rows that it finds.
macro_rules! activity_sql {
    (found $name:literal) => {
        Sql {
            sqlite: activity_sql!("sqlite/", $name),
            postgres: concat!(
                sql_text!("activity_columns"),
                "FROM (\n",
                sql_text!("postgres/", $name),
                ") a\n",
                sql_text!("activity_joins"),
                "ORDER BY a.checkpoint DESC, a.tx_index DESC, a.id DESC"
            ),
        }
    };
    (dialects $name:literal) => {
        Sql {
            sqlite: activity_sql!("sqlite/", $name),
            postgres: activity_sql!("postgres/", $name),
        }
    };
    ($name:literal) => {
        Sql {
            sqlite: activity_sql!("", $name),
            postgres: activity_sql!("", $name),
        }
    };
    ($folder:literal, $name:literal) => {
        concat!(
            sql_text!("activity_columns"),
            "FROM activity a\n",
            sql_text!("activity_joins"),
            sql_text!($folder, $name)
        )
    };
}

fn both(text: &'static str) -> Sql {
    Sql {
        sqlite: text,
        postgres: text,
    }
}

#[async_trait]
impl ReadStore for SqlStore {
    async fn status(&self) -> Result<StatusReport> {
        let mut tx = self.database.read().await?;
        let row = query(sql!("status")).fetch_one(&mut tx).await?;
        Ok(StatusReport {
            chain: get_opt(&row, "chain_id")?.map(ChainId),
            first_checkpoint: get_opt(&row, "first_checkpoint")?,
            watermark: ranges::watermark(&mut tx).await?,
            provider: provider(&mut tx).await?,
            epoch: epoch::list(&mut tx, 1).await?.into_iter().next(),
            raw_transactions: get(&row, "raw_transactions")?,
            activities: get(&row, "activities")?,
            notifications: get(&row, "notifications")?,
            failed: get(&row, "failed")?,
            unread: get(&row, "unread")?,
            watched_addresses: get(&row, "watched_addresses")?,
            watched_contracts: get(&row, "watched_contracts")?,
            watch_version: get(&row, "watch_version")?,
        })
    }

    async fn gap_list(&self, limit: u32) -> Result<Vec<(u64, u64)>> {
        let mut tx = self.database.read().await?;
        let Some(first) = ranges::live_first(&mut tx).await? else {
            return Ok(Vec::new());
        };
        let watermark = ranges::watermark(&mut tx).await?;
        ranges::gaps(
            &mut tx,
            watermark.map_or(first, |mark| mark.checkpoint + 1),
            limit,
        )
        .await
    }

    async fn shard_list(&self) -> Result<Vec<ShardRow>> {
        shard::list(&mut self.database.read().await?).await
    }

    async fn activity_page(
        &self,
        scope: &Scope,
        filter: &ActivityFilter,
        before: Option<ActivityCursor>,
        limit: u32,
    ) -> Result<Vec<ActivityRow>> {
        let user = user_of(scope);
        let address = filter.address.map(|address| address.as_bytes().to_vec());
        let place = match &filter.digest {
            None => None,
            Some(digest) => {
                let mut tx = self.database.read().await?;
                match transaction_place(&mut tx, digest).await? {
                    None => return Ok(Vec::new()),
                    place => place,
                }
            }
        };
        if !filter.search.is_empty() && place.is_none() {
            let mut tx = self.database.read().await?;
            let rows = self.activity_search(&mut tx, user, filter, before, limit);
            return rows.await;
        }
        let (checkpoint, index, id) = below(before)?;
        let below = |sql| {
            query(sql)
                .bind(user)
                .bind(checkpoint)
                .bind(index)
                .bind(id)
                .bind(limit)
        };
        let query = match (place, address, user) {
            (Some(place), address, _) => below(activity_sql!("activity_page_transaction"))
                .bind(int("checkpoint", place.checkpoint)?)
                .bind(place.index)
                .bind(address),
            (None, Some(address), _) => {
                below(activity_sql!(dialects "activity_page_address")).bind(address)
            }
            (None, None, Some(_)) => below(activity_sql!(found "activity_page_member")),
            (None, None, None) => below(activity_sql!("activity_page")),
        };
        let rows = query.fetch_alone(&self.database).await?;
        row::activities(&rows, &self.labels())
    }

    async fn activity_since(
        &self,
        scope: &Scope,
        after_id: i64,
        limit: u32,
    ) -> Result<Vec<ActivityRow>> {
        let user = user_of(scope);
        let sql = match user {
            Some(_) => activity_sql!(dialects "activity_since_member"),
            None => activity_sql!("activity_since"),
        };
        let query = query(sql).bind(user).bind(after_id).bind(limit);
        let rows = query.fetch_alone(&self.database).await?;
        row::activities(&rows, &self.labels())
    }

    async fn activity_last_id(&self) -> Result<i64> {
        let row = query(sql!("activity_last_id"))
            .fetch_one(&mut self.database.read().await?)
            .await?;
        get(&row, "id")
    }

    async fn activity_wait(&self, seen: i64) -> Result<i64> {
        self.signals
            .activity
            .wait(seen, ACTIVITY_POLL, || self.activity_last_id())
            .await
    }

    async fn account_readers(&self, accounts: &[AccountId]) -> Result<Vec<(AccountId, UserId)>> {
        let ids: Vec<i64> = accounts.iter().map(|account| account.0).collect();
        let rows = query(sql!(dialects "account_readers"))
            .bind(Value::from(ids).to_string())
            .fetch_all(&mut self.database.read().await?)
            .await?;
        let pair = |row| Ok((get(row, "account_id")?, UserId(get(row, "user_id")?)));
        rows.iter().map(pair).collect()
    }

    async fn raw_transaction(
        &self,
        scope: &Scope,
        digest: &Digest,
    ) -> Result<Option<RawTransactionRow>> {
        let mut tx = self.database.read().await?;
        let user = user_of(scope);
        let statement = concat!(
            sql_text!("raw_transaction"),
            sql_text!("transaction_visible")
        );
        let row = query(both(statement))
            .bind(digest.inner().to_vec())
            .bind(user)
            .fetch_optional(&mut tx)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let mut raw = row::raw_transaction(&row)?;
        if let Some(user) = user {
            reasons_hide(&mut tx, &mut raw, user).await?;
        }
        let balance_effects = balance_effects(&mut tx, raw.place, user).await?;
        Ok(Some(RawTransactionRow {
            raw,
            balance_effects,
        }))
    }

    async fn transaction_remains(
        &self,
        scope: &Scope,
        digest: &Digest,
    ) -> Result<Option<TransactionRemains>> {
        let mut tx = self.database.read().await?;
        let user = user_of(scope);
        let statement = concat!(
            sql_text!("transaction_remains"),
            sql_text!("transaction_visible"),
            "LIMIT 1"
        );
        let row = query(both(statement))
            .bind(digest.inner().to_vec())
            .bind(user)
            .bind(digest_start(digest))
            .fetch_optional(&mut tx)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let place = codec::place(&row)?;
        Ok(Some(TransactionRemains {
            place,
            timestamp_ms: get(&row, "timestamp_ms")?,
            balance_effects: balance_effects(&mut tx, place, user).await?,
        }))
    }

    async fn balance_counts(&self) -> Result<BalanceCounts> {
        self.balances_counted().await
    }

    async fn balance_page(
        &self,
        scope: &Scope,
        after_id: i64,
        limit: u32,
    ) -> Result<Vec<BalanceRow>> {
        self.balances(scope, after_id, limit).await
    }

    async fn balance_of(&self, scope: &Scope, address: &Address) -> Result<Option<BalanceRow>> {
        self.balance_at(user_of(scope), address).await
    }

    async fn balance_history(
        &self,
        scope: &Scope,
        address: &Address,
        coin_type: &str,
        from_ms: u64,
    ) -> Result<Option<BalanceHistory>> {
        let of = (address, coin_type);
        self.balance_hours(user_of(scope), of, from_ms).await
    }

    async fn user_find(&self, external_id: &str) -> Result<Option<User>> {
        let row = query(sql!("user_find"))
            .bind(external_id.to_owned())
            .fetch_optional(&mut self.database.read().await?)
            .await?;
        row.as_ref().map(row::user).transpose()
    }

    async fn coin_list(&self) -> Result<Vec<CoinInfo>> {
        let rows = query(sql!("coin_list"))
            .fetch_all(&mut self.database.read().await?)
            .await?;
        rows.iter().map(row::coin).collect()
    }
}

/// The user a scope is limited to; SQL takes null for everybody.
pub(super) fn user_of(scope: &Scope) -> Option<i64> {
    match scope {
        Scope::All => None,
        Scope::MemberOf(user) => Some(user.0),
    }
}

/// The key to stay below: the cursor's, or one that is above all.
fn below(before: Option<ActivityCursor>) -> Result<(i64, i64, i64)> {
    Ok(match before {
        Some(ActivityCursor { place, id }) => {
            (int("checkpoint", place.checkpoint)?, place.index.into(), id)
        }
        None => (i64::MAX, i64::MAX, i64::MAX),
    })
}

async fn transaction_place(tx: &mut Tx, digest: &Digest) -> Result<Option<Place>> {
    let row = query(sql!("transaction_place"))
        .bind(digest.inner().to_vec())
        .bind(digest_start(digest))
        .fetch_optional(tx)
        .await?;
    row.as_ref().map(codec::place).transpose()
}

/// The bytes of a digest over which activities have their index.
fn digest_start(digest: &Digest) -> Vec<u8> {
    digest.inner()[..8].to_vec()
}

async fn provider(tx: &mut Tx) -> Result<Option<ProviderReport>> {
    let row = query(sql!("provider")).fetch_optional(tx).await?;
    row.map(|row| {
        Ok(ProviderReport {
            url: get(&row, "url")?,
            tip: get_opt(&row, "tip")?,
            error: get_opt(&row, "error")?,
            at_ms: get(&row, "at_ms")?,
        })
    })
    .transpose()
}

async fn balance_effects(
    tx: &mut Tx,
    place: Place,
    user: Option<i64>,
) -> Result<Vec<BalanceEffect>> {
    let rows = query(sql!("balance_effect_list"))
        .bind(int("checkpoint", place.checkpoint)?)
        .bind(place.index)
        .bind(user)
        .fetch_all(tx)
        .await?;
    rows.iter()
        .map(|row| {
            Ok(BalanceEffect {
                place,
                address: get(row, "address")?,
                coin_type: get(row, "coin_type")?,
                amount: get(row, "amount")?,
            })
        })
        .collect()
}

/// Leaves out the reasons by which a user would learn what others watch.
async fn reasons_hide(tx: &mut Tx, raw: &mut RawTransaction, user: i64) -> Result<()> {
    let rows = query(sql!(dialects "reason_visible"))
        .bind(byte_strings(raw.reasons.iter().flat_map(target_keys)))
        .bind(user)
        .fetch_all(tx)
        .await?;
    let visible: HashSet<Vec<u8>> = rows
        .iter()
        .map(|row| get(row, "target"))
        .collect::<Result<_>>()?;
    raw.reasons
        .retain(|reason| target_keys(reason).iter().any(|key| visible.contains(key)));
    Ok(())
}

/// The keys under which a reason's target may be watched: packages are addresses to look at.
fn target_keys(reason: &MatchReason) -> Vec<Vec<u8>> {
    let text = reason.target.clone().into_bytes();
    match parse_address(&reason.target) {
        Ok(address) => vec![address.as_bytes().to_vec(), text],
        Err(_) => vec![text],
    }
}
