//! Activities and their corrections become deliveries, numbered without a gap at each endpoint.

use std::collections::BTreeMap;

use vigia_core::{DeliveryId, NotificationId};

use super::super::SqlStore;
use super::super::codec::int;
use super::super::correction::revision;
use super::super::read::{activities_sql, row};
use super::{list, progress, progress_set};
use crate::db::{Tx, get, get_opt, insert, query};
use crate::delivery::{DeliveryKind, EndpointRow, EndpointState, SEQUENCED_MAX, Sequenced};
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
    endpoints: Vec<EndpointRow>,
    deliveries: Vec<NewDelivery>,
    /// The last number of each endpoint that got one.
    numbers: BTreeMap<i64, u64>,
}

impl SqlStore {
    pub(super) async fn sequence_deliveries(&self) -> Result<Sequenced> {
        let mut tx = self.database.write().await?;
        let Some(position) = progress(&mut tx, "activity").await? else {
            return Ok(Sequenced::default()); // another process is at it
        };
        let mut numbering = Numbering {
            endpoints: Vec::new(),
            deliveries: Vec::new(),
            numbers: BTreeMap::new(),
        };
        let created = self.created(&mut tx, position, &mut numbering).await?;
        let corrected = corrected(&mut tx, &mut numbering).await?;
        if created + corrected == 0 {
            // Ended here and now: a transaction that is dropped keeps its lock a moment longer.
            tx.commit().await?;
            return Ok(Sequenced::default());
        }
        for (endpoint, sequence) in &numbering.numbers {
            query(sql!("endpoint_numbered"))
                .bind(*endpoint)
                .bind(int("sequence", *sequence)?)
                .execute(&mut tx)
                .await?;
        }
        deliveries_insert(&mut tx, &numbering.deliveries, self.now()?).await?;
        tx.commit().await?;
        Ok(Sequenced {
            read: created + corrected,
            endpoints: numbering.numbers.into_keys().collect(),
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
        numbering.learn(tx).await?;
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
        numbering.learn(tx).await?;
        let kind = match revision.after {
            Some(_) => DeliveryKind::Corrected,
            None => DeliveryKind::Withdrawn,
        };
        let cause = format!("revision/{}", revision.id);
        let about = NotificationId::of_cause(vigia_core::UserId(0), &cause);
        numbering.tell(about, activity, kind, Some(revision.id), |endpoint| {
            let is_own = endpoint.account.as_ref();
            let is_own = is_own.is_none_or(|(id, _)| *id == revision.account);
            let filter = &endpoint.spec.filter;
            let after = revision.after.as_ref();
            is_own
                && (filter.passes_json(&account, before)
                    || after.is_some_and(|after| filter.passes_json(&account, after)))
        });
    }
    if let Some(last) = last {
        progress_set(tx, "revision", last).await?;
    }
    Ok(rows.len() as u64)
}

impl Numbering {
    /// Looks, once, who there is to be told. What happens while an endpoint is disabled waits for it.
    async fn learn(&mut self, tx: &mut Tx) -> Result<()> {
        if self.endpoints.is_empty() {
            self.endpoints = list(tx).await?;
            self.endpoints
                .retain(|endpoint| endpoint.state != EndpointState::Removed);
        }
        Ok(())
    }

    fn created(&mut self, about: &ActivityRow) {
        let activity = &about.activity;
        let notification = NotificationId::of_activity(
            activity.place,
            &about.digest,
            activity.account,
            &activity.slot,
        );
        let kind = DeliveryKind::Created;
        self.tell(notification, about.id, kind, None, |endpoint| {
            endpoint.is_told_of(about)
        });
    }

    fn tell(
        &mut self,
        about: NotificationId,
        activity: i64,
        kind: DeliveryKind,
        revision: Option<i64>,
        is_told: impl Fn(&EndpointRow) -> bool,
    ) {
        for endpoint in self.endpoints.iter().filter(|endpoint| is_told(endpoint)) {
            let number = self.numbers.entry(endpoint.id).or_insert(endpoint.sequence);
            *number += 1;
            self.deliveries.push(NewDelivery {
                id: DeliveryId::to_endpoint(about, endpoint.id),
                endpoint: endpoint.id,
                sequence: *number,
                activity,
                kind,
                revision,
            });
        }
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
