//! `SourceStore`: following another application's list of accounts.

use std::collections::HashMap;

use async_trait::async_trait;
use vigia_core::{
    AccountKind, Address, Digest, Locale, Permissions, SourceChange, SourceDifference,
    SourceLimits, SourceMember, SourcePlan, SourceRefusal, SourceShrunk, SourceSnapshot,
};

use super::codec::int;
use super::watch::Next;
use super::{SqlStore, commit, lease, register};
use crate::db::{Lock, Row, Tx, byte_strings, get, get_opt, insert, parsed, query};
use crate::sql::sql;
use crate::{
    Result, SourceApplied, SourceGuard, SourceOutcome, SourceReport, SourceStore, WatchReceipt,
};

/// Refusals that are kept to be looked at (I-13).
const REFUSALS_KEPT: usize = 1_000;

#[async_trait]
impl SourceStore for SqlStore {
    async fn source_compare<'s>(
        &self,
        snapshot: &'s SourceSnapshot,
        limits: Option<&SourceLimits>,
    ) -> Result<std::result::Result<SourcePlan<'s>, SourceShrunk>> {
        let mut difference = SourceDifference::new(snapshot);
        let mut tx = self.database.read().await?;
        let accounts = query(sql!("source_account_list"));
        accounts
            .fetch_while(&mut tx, |row| {
                let kind: AccountKind = get(&row, "kind")?;
                let (key, name): (String, String) =
                    (get(&row, "external_id")?, get(&row, "display_name")?);
                difference.account(&key, kind, &name);
                Ok(true)
            })
            .await?;
        let users = query(sql!("source_user_list"));
        users
            .fetch_while(&mut tx, |row| {
                let locale: Locale = get(&row, "locale")?;
                let (key, name): (String, String) =
                    (get(&row, "external_id")?, get(&row, "display_name")?);
                difference.user(&key, &name, locale);
                Ok(true)
            })
            .await?;
        let addresses = query(sql!("source_address_list"));
        addresses
            .fetch_while(&mut tx, |row| {
                let holder: String = get(&row, "external_id")?;
                difference.address(get(&row, "target")?, &holder, is_sources(&row)?);
                Ok(true)
            })
            .await?;
        let members = query(sql!("source_member_list"));
        members
            .fetch_while(&mut tx, |row| {
                let permissions: String = get(&row, "permissions")?;
                let permissions: Permissions = parsed("permissions", permissions.parse())?;
                let (account, user): (String, String) =
                    (get(&row, "account")?, get(&row, "member")?);
                difference.member(&account, &user, &permissions, is_sources(&row)?);
                Ok(true)
            })
            .await?;
        Ok(difference.finish(limits))
    }

    async fn source_apply(
        &self,
        guard: &SourceGuard,
        part: &SourceChange,
    ) -> Result<SourceApplied> {
        self.trying(|| self.source_apply_once(guard, part)).await
    }

    async fn source_finish(&self, guard: &SourceGuard, outcome: &SourceOutcome) -> Result<bool> {
        let mut tx = self.database.write().await?;
        if !lease::hold(&mut tx, &guard.lease, guard.fence).await? {
            return Ok(false);
        }
        query(sql!("source_finish"))
            .bind(&*guard.source)
            .bind(int("time", self.clock.now_ms())?)
            .bind(int("version", outcome.watch_version)?)
            .bind(outcome.fingerprint.inner().to_vec())
            .bind(int("rows", outcome.rows)?)
            .bind(int("addresses", outcome.addresses)?)
            .bind(int("members", outcome.members)?)
            .bind(int("refusals", outcome.refused.len() as u64)?)
            .execute(&mut tx)
            .await?;
        query(sql!("source_refusal_delete"))
            .bind(&*guard.source)
            .execute(&mut tx)
            .await?;
        let kept: Vec<(i64, &SourceRefusal)> = (0..)
            .zip(outcome.refused.iter().take(REFUSALS_KEPT))
            .collect();
        insert(
            &mut tx,
            sql!("source_refusal_insert"),
            &kept,
            |(position, refusal)| {
                Ok(vec![
                    (&*guard.source).into(),
                    (*position).into(),
                    (&*refusal.subject).into(),
                    (&*refusal.reason).into(),
                ])
            },
        )
        .await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn source_failed(&self, source: &str, error: &str) -> Result<()> {
        let mut tx = self.database.write().await?;
        query(sql!("source_failed"))
            .bind(source)
            .bind(int("time", self.clock.now_ms())?)
            .bind(error)
            .execute(&mut tx)
            .await?;
        tx.commit().await
    }

    async fn source_report(&self, source: &str) -> Result<Option<SourceReport>> {
        let row = query(sql!("source_find"))
            .bind(source)
            .fetch_optional(&mut self.database.read().await?)
            .await?;
        row.map(|row| report(&row)).transpose()
    }

    async fn source_refusals(&self, source: &str) -> Result<Vec<SourceRefusal>> {
        let rows = query(sql!("source_refusal_list"))
            .bind(source)
            .fetch_all(&mut self.database.read().await?)
            .await?;
        rows.iter()
            .map(|row| {
                Ok(SourceRefusal {
                    subject: get(row, "subject")?,
                    reason: get(row, "reason")?,
                })
            })
            .collect()
    }
}

impl SqlStore {
    async fn source_apply_once(
        &self,
        guard: &SourceGuard,
        part: &SourceChange,
    ) -> Result<SourceApplied> {
        let now_ms = int("time", self.clock.now_ms())?;
        let mut tx = self.database.write().await?;
        // Before the lease: whoever changes the list takes its lock first.
        Lock::WatchList.take(&mut tx).await?;
        if !lease::hold(&mut tx, &guard.lease, guard.fence).await? {
            return Ok(SourceApplied::LeaseLost);
        }
        for (account, user) in &part.members_gone {
            query(sql!("source_member_delete"))
                .bind(&**account)
                .bind(&**user)
                .execute(&mut tx)
                .await?;
        }
        entities_upsert(&mut tx, part, now_ms).await?;
        let (receipt, refused) = addresses_apply(&mut tx, guard, &part.addresses, now_ms).await?;
        members_upsert(&mut tx, guard, &part.members).await?;
        self.changed(tx, &receipt).await?;
        Ok(SourceApplied::Done { receipt, refused })
    }
}

async fn entities_upsert(tx: &mut Tx, part: &SourceChange, now_ms: i64) -> Result<()> {
    insert(
        tx,
        sql!("source_account_upsert"),
        &part.accounts,
        |account| {
            Ok(vec![
                (&*account.external_id).into(),
                account.kind.as_str().into(),
                (&*account.display_name).into(),
                now_ms.into(),
            ])
        },
    )
    .await?;
    insert(tx, sql!("source_user_upsert"), &part.users, |user| {
        Ok(vec![
            (&*user.external_id).into(),
            (&*user.display_name).into(),
            user.locale.as_str().into(),
            now_ms.into(),
        ])
    })
    .await?;
    Ok(())
}

async fn members_upsert(tx: &mut Tx, guard: &SourceGuard, members: &[SourceMember]) -> Result<()> {
    let accounts = register::account_ids(tx, members.iter().map(|member| &*member.account)).await?;
    let users = register::user_ids(tx, members.iter().map(|member| &*member.user)).await?;
    insert(tx, sql!("source_member_upsert"), members, |member| {
        Ok(vec![
            accounts[&member.account].into(),
            users[&member.user].into(),
            member.permissions.to_string().into(),
            (&*guard.source).into(),
        ])
    })
    .await?;
    Ok(())
}

/// What has to be done to the holders of addresses.
#[derive(Default)]
struct Moves<'p> {
    ended: Vec<Address>,
    added: Vec<(Address, &'p str)>,
    adopted: Vec<Address>,
    unchanged: u64,
    refused: Vec<SourceRefusal>,
}

async fn addresses_apply(
    tx: &mut Tx,
    guard: &SourceGuard,
    addresses: &[(Address, Option<String>)],
    now_ms: i64,
) -> Result<(WatchReceipt, Vec<SourceRefusal>)> {
    let moves = moves(tx, guard, addresses).await?;
    let next = Next::read(tx).await?;
    let keys = |addresses: &[Address]| byte_strings(addresses.iter().map(|a| a.as_bytes()));
    if !moves.ended.is_empty() {
        query(sql!(dialects "source_watch_end"))
            .bind(keys(&moves.ended))
            .bind(next.effective_from)
            .bind(next.version + 1)
            .execute(tx)
            .await?;
    }
    if !moves.adopted.is_empty() {
        query(sql!(dialects "source_watch_adopt"))
            .bind(keys(&moves.adopted))
            .bind(&*guard.source)
            .execute(tx)
            .await?;
    }
    let accounts = register::account_ids(tx, moves.added.iter().map(|(_, account)| *account));
    let accounts = accounts.await?;
    let (effective_from, version) = (next.effective_from, next.version + 1);
    insert(
        tx,
        sql!("watch_insert"),
        &moves.added,
        |(address, account)| {
            Ok(vec![
                "address".into(),
                address.as_bytes().to_vec().into(),
                accounts[*account].into(),
                effective_from.into(),
                version.into(),
                (&*guard.source).into(),
            ])
        },
    )
    .await?;
    let (added, ended) = (moves.added.len() as u64, moves.ended.len() as u64);
    commit::counter_add(tx, "watched_addresses", added).await?;
    commit::counter_subtract(tx, "watched_addresses", ended).await?;
    let receipt = next
        .receipt(tx, added + ended, moves.unchanged, Vec::new(), now_ms)
        .await?;
    Ok((receipt, moves.refused))
}

/// Compares what is wanted with who holds what in this very transaction.
async fn moves<'p>(
    tx: &mut Tx,
    guard: &SourceGuard,
    addresses: &'p [(Address, Option<String>)],
) -> Result<Moves<'p>> {
    let rows = query(sql!(dialects "watch_held"))
        .bind(byte_strings(addresses.iter().map(|(a, _)| a.as_bytes())))
        .fetch_all(tx)
        .await?;
    let mut held: HashMap<Address, (String, Option<String>)> = HashMap::new();
    for row in &rows {
        let holder = (get(row, "external_id")?, get_opt(row, "source")?);
        held.insert(get(row, "target")?, holder);
    }
    let mut moves = Moves::default();
    for (address, account) in addresses {
        match (held.get(address), account.as_deref()) {
            (Some((holder, source)), Some(account)) if holder == account => {
                match source.as_deref() == Some(&*guard.source) {
                    true => moves.unchanged += 1,
                    false => moves.adopted.push(*address),
                }
            }
            (Some((holder, None)), Some(account)) => moves.refused.push(SourceRefusal {
                subject: address.to_string(),
                reason: format!(
                    "it is watched for account {holder:?} because the operator said so; it can move to \
                     {account:?} after vigia watch remove"
                ),
            }),
            (Some((_, None)), None) | (None, None) => moves.unchanged += 1,
            (Some((_, Some(_))), None) => moves.ended.push(*address),
            (Some((_, Some(_))), Some(account)) => {
                moves.ended.push(*address);
                moves.added.push((*address, account));
            }
            (None, Some(account)) => moves.added.push((*address, account)),
        }
    }
    Ok(moves)
}

fn is_sources(row: &Row) -> Result<bool> {
    let source: Option<String> = get_opt(row, "source")?;
    Ok(source.is_some())
}

fn report(row: &Row) -> Result<SourceReport> {
    let version: Option<u64> = get_opt(row, "watch_version")?;
    let fingerprint: Option<Digest> = get_opt(row, "fingerprint")?;
    let since: Option<u64> = get_opt(row, "failing_since_ms")?;
    let error: Option<String> = get_opt(row, "error")?;
    Ok(SourceReport {
        refreshed_at_ms: get_opt(row, "refreshed_at_ms")?,
        followed: version.zip(fingerprint),
        rows: get(row, "rows_read")?,
        addresses: get(row, "addresses")?,
        members: get(row, "members")?,
        refused: get(row, "refused")?,
        failing: since.zip(error),
    })
}
