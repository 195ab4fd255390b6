//! Activities and their corrections become deliveries, numbered without a gap at each endpoint.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde_json::{Value, json};
use vigia_core::{AccountId, DeliveryId, NotificationId};

use super::super::SqlStore;
use super::super::codec::int;
use super::super::correction::revision;
use super::super::read::{activities_sql, row};
use super::directory::Directory;
use super::{progress, progress_set};
use crate::db::{Tx, get, get_opt, insert, query};
use crate::delivery::{DeliveryKind, EndpointRow, SEQUENCED_MAX, Sequenced};
use crate::sql::sql;
use crate::{ActivityRow, Result};

/// A delivery to be inserted.
pub(super) struct NewDelivery {
    pub(super) id: DeliveryId,
    pub(super) endpoint: i64,
    pub(super) sequence: u64,
    pub(super) activity: i64,
    pub(super) kind: DeliveryKind,
    pub(super) revision: Option<i64>,
}

/// What endpoints are told in one step.
struct Numbering {
    endpoints: Arc<Directory>,
    /// Numbered from 1 at each endpoint, until it is known how far each was.
    deliveries: Vec<NewDelivery>,
    /// How many each endpoint got.
    counts: BTreeMap<i64, u64>,
}

impl SqlStore {
    pub(super) async fn sequence_deliveries(&self) -> Result<Sequenced> {
        let mut tx = self.database.write().await?;
        let Some(position) = progress(&mut tx, "activity").await? else {
            return Ok(Sequenced::default()); // another process is at it
        };
        let endpoints = self.endpoints.current(&mut tx, self.clock.now_ms());
        let mut numbering = Numbering {
            endpoints: endpoints.await?,
            deliveries: Vec::new(),
            counts: BTreeMap::new(),
        };
        let created = self.created(&mut tx, position, &mut numbering).await?;
        let corrected = corrected(&mut tx, &mut numbering).await?;
        if created + corrected == 0 {
            // Ended here and now: a transaction that is dropped keeps its lock a moment longer.
            tx.commit().await?;
            return Ok(Sequenced::default());
        }
        numbering.number(&mut tx).await?;
        deliveries_insert(&mut tx, &numbering.deliveries, self.now()?).await?;
        tx.commit().await?;
        Ok(Sequenced {
            read: created + corrected,
            endpoints: numbering.counts.into_keys().collect(),
        })
    }

    /// What is new; returns how many activities.
    async fn created(&self, tx: &mut Tx, position: i64, numbering: &mut Numbering) -> Result<u64> {
        let rows = activities_sql!("activity_since")
            .bind(None::<i64>)
            .bind(position)
            .bind(SEQUENCED_MAX)
            .fetch_all(tx)
            .await?;
        let found = row::activities(&rows, &self.labels())?;
        let Some(last) = found.last() else {
            return Ok(0);
        };
        for about in &found {
            numbering.created(about);
        }
        progress_set(tx, "activity", last.id).await?;
        Ok(found.len() as u64)
    }
}

/// What is otherwise than it was told; returns how many corrections.
async fn corrected(tx: &mut Tx, numbering: &mut Numbering) -> Result<u64> {
    // Under the lock of the log of activities: who is told that one is corrected was told of it before.
    let Some(position) = progress(tx, "revision").await? else {
        return Ok(0);
    };
    let rows = query(sql!("revision_waiting"))
        .bind(position)
        .bind(SEQUENCED_MAX)
        .fetch_all(tx)
        .await?;
    let mut last = None;
    for row in &rows {
        let revision = revision(row)?;
        last = Some(revision.id);
        let account: String = get(row, "account_external_id")?;
        let activity: Option<i64> = get_opt(row, "activity_id")?;
        // What was not there before is told as new.
        let (Some(activity), Some(before)) = (activity, &revision.before) else {
            continue;
        };
        let kind = match revision.after {
            Some(_) => DeliveryKind::Corrected,
            None => DeliveryKind::Withdrawn,
        };
        let cause = format!("revision/{}", revision.id);
        let about = NotificationId::of_cause(vigia_core::UserId(0), &cause);
        let what = What {
            about,
            activity,
            kind,
            revision: Some(revision.id),
        };
        numbering.tell(&what, (revision.account, &account), |endpoint| {
            let filter = &endpoint.spec.filter;
            let after = revision.after.as_ref();
            filter.passes_json(&account, before)
                || after.is_some_and(|after| filter.passes_json(&account, after))
        });
    }
    if let Some(last) = last {
        progress_set(tx, "revision", last).await?;
    }
    Ok(rows.len() as u64)
}

/// What endpoints are told.
struct What {
    about: NotificationId,
    activity: i64,
    kind: DeliveryKind,
    revision: Option<i64>,
}

impl Numbering {
    fn created(&mut self, row: &ActivityRow) {
        let activity = &row.activity;
        let what = What {
            about: NotificationId::of_activity(
                activity.place,
                &row.digest,
                activity.account,
                &activity.slot,
            ),
            activity: row.id,
            kind: DeliveryKind::Created,
            revision: None,
        };
        let account = (row.account.id, &*row.account.external_id);
        self.tell(&what, account, |endpoint| endpoint.spec.filter.passes(row));
    }

    fn tell(
        &mut self,
        what: &What,
        (account, name): (AccountId, &str),
        is_told: impl Fn(&EndpointRow) -> bool,
    ) {
        let endpoints = Arc::clone(&self.endpoints);
        for endpoint in endpoints
            .of_account(account, name)
            .filter(|row| is_told(row))
        {
            let count = self.counts.entry(endpoint.id).or_default();
            *count += 1;
            self.deliveries.push(NewDelivery {
                id: DeliveryId::to_endpoint(what.about, endpoint.id),
                endpoint: endpoint.id,
                sequence: *count,
                activity: what.activity,
                kind: what.kind,
                revision: what.revision,
            });
        }
    }

    /// Goes on where each endpoint was.
    async fn number(&mut self, tx: &mut Tx) -> Result<()> {
        if self.counts.is_empty() {
            return Ok(());
        }
        let counts = self.counts.iter();
        let counts = counts.map(|(id, count)| json!({ "id": id, "count": count }));
        let rows = query(sql!(dialects "endpoint_numbered"))
            .bind(Value::from(counts.collect::<Vec<_>>()).to_string())
            .fetch_all(tx)
            .await?;
        let mut before = HashMap::new();
        for row in &rows {
            let (id, last): (i64, u64) = (get(row, "id")?, get(row, "sequence")?);
            let count = self.counts.get(&id).copied().unwrap_or(0);
            before.insert(id, last.saturating_sub(count));
        }
        // Endpoints stay, removed ones too.
        for delivery in &mut self.deliveries {
            delivery.sequence += before.get(&delivery.endpoint).copied().unwrap_or(0);
        }
        Ok(())
    }
}

/// Writes deliveries that are due now.
pub(super) async fn deliveries_insert(
    tx: &mut Tx,
    deliveries: &[NewDelivery],
    now_ms: i64,
) -> Result<()> {
    insert(tx, sql!("delivery_insert"), deliveries, |delivery| {
        Ok(vec![
            delivery.id.as_bytes().to_vec().into(),
            delivery.endpoint.into(),
            int("sequence", delivery.sequence)?.into(),
            delivery.activity.into(),
            delivery.kind.as_str().to_owned().into(),
            delivery.revision.into(),
            now_ms.into(),
            now_ms.into(),
        ])
    })
    .await?;
    Ok(())
}
