//! `InboxStore`: notifications are written once for an account; what each member has read is kept apart.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use serde_json::{Value, json};
use vigia_core::{
    Category, Channel, Muted, NotificationId, NotificationKind, Preferences, QuietHours, Scope,
    UserId,
};

use super::SqlStore;
use super::codec::int;
use super::read::ACTIVITY_POLL;
use crate::db::{Lock, Row, Tx, get, get_opt, parsed, query};
use crate::inbox::{InboxQuery, InboxStore, Notice, NotificationRow, UNREAD_MAX};
use crate::sql::{Sql, sql, sql_text};
use crate::{ActivityRow, Result};

/// A query for notifications that goes on with the WHERE of the named file.
macro_rules! inbox_sql {
    (dialects $name:literal) => {
        Sql {
            sqlite: concat!(sql_text!("inbox_columns"), sql_text!("sqlite/", $name)),
            postgres: concat!(sql_text!("inbox_columns"), sql_text!("postgres/", $name)),
        }
    };
    ($name:literal) => {{
        let text = concat!(sql_text!("inbox_columns"), sql_text!($name));
        Sql {
            sqlite: text,
            postgres: text,
        }
    }};
}

#[async_trait]
impl InboxStore for SqlStore {
    async fn notification_page(
        &self,
        inbox: &InboxQuery,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<NotificationRow>> {
        let sql = match inbox.scope {
            Scope::MemberOf(_) => inbox_sql!(dialects "inbox_page_member"),
            Scope::All => inbox_sql!("inbox_page"),
        };
        self.inbox(sql, inbox, before.unwrap_or(i64::MAX), limit)
            .await
    }

    async fn notification_since(
        &self,
        inbox: &InboxQuery,
        after: i64,
        limit: u32,
    ) -> Result<Vec<NotificationRow>> {
        let sql = match inbox.scope {
            Scope::MemberOf(_) => inbox_sql!(dialects "inbox_since_member"),
            Scope::All => inbox_sql!("inbox_since"),
        };
        self.inbox(sql, inbox, after, limit).await
    }

    async fn notification_last(&self) -> Result<i64> {
        last(&mut self.database.read().await?).await
    }

    async fn notification_wait(&self, seen: i64) -> Result<i64> {
        self.signals
            .notification
            .wait(seen, ACTIVITY_POLL, || self.notification_last())
            .await
    }

    async fn notification_audience(&self, after: i64, up_to: i64) -> Result<Vec<UserId>> {
        let rows = query(sql!("notification_audience"))
            .bind(after)
            .bind(up_to)
            .fetch_all(&mut self.database.read().await?)
            .await?;
        let user = |row| Ok(UserId(get(row, "user_id")?));
        rows.iter().map(user).collect()
    }

    async fn notification_unread(&self, user: UserId, not_before_ms: u64) -> Result<u32> {
        let mut tx = self.database.read().await?;
        let (preferences, read_up_to) = preferences(&mut tx, user).await?;
        let row = query(sql!("inbox_unread"))
            .bind(user.0)
            .bind(read_up_to)
            .bind(UNREAD_MAX)
            .bind(int("time", not_before_ms)?)
            .bind(left_out(&preferences.muted))
            .fetch_one(&mut tx)
            .await?;
        get(&row, "count")
    }

    async fn notification_read(&self, user: UserId, id: &NotificationId) -> Result<bool> {
        let mut tx = self.database.write().await?;
        let row = query(sql!("inbox_visible"))
            .bind(user.0)
            .bind(id.as_bytes().to_vec())
            .fetch_optional(&mut tx)
            .await?;
        let Some(row) = row else { return Ok(false) };
        query(sql!("notification_read_insert"))
            .bind(user.0)
            .bind(get::<i64>(&row, "seq")?)
            .execute(&mut tx)
            .await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn notification_read_all(&self, user: UserId, up_to: i64) -> Result<()> {
        let mut tx = self.database.write().await?;
        // Nothing that is yet to come can be read.
        let up_to = up_to.min(last(&mut tx).await?);
        query(sql!("notification_read_all"))
            .bind(user.0)
            .bind(up_to)
            .execute(&mut tx)
            .await?;
        query(sql!("notification_read_prune"))
            .bind(user.0)
            .bind(up_to)
            .execute(&mut tx)
            .await?;
        tx.commit().await
    }

    async fn notification_tell(&self, notices: &[Notice]) -> Result<u64> {
        let now_ms = self.clock.now_ms();
        let mut tx = self.database.write().await?;
        let (told, newest) = tell(&mut tx, notices, now_ms).await?;
        super::notify(&mut tx, "notification", newest).await?;
        tx.commit().await?;
        self.signals.notification.raise(newest);
        Ok(told)
    }

    async fn preference_find(&self, user: UserId) -> Result<Preferences> {
        let mut tx = self.database.read().await?;
        Ok(preferences(&mut tx, user).await?.0)
    }

    async fn preference_set(&self, user: UserId, preferences: &Preferences) -> Result<()> {
        let mut tx = self.database.write().await?;
        self.set_preferences(&mut tx, user, preferences).await?;
        tx.commit().await
    }

    async fn notification_prune(&self, before_ms: u64, limit: u32) -> Result<u64> {
        let mut tx = self.database.write().await?;
        let removed = query(sql!("notification_prune"))
            .bind(int("time", before_ms)?)
            .bind(limit)
            .execute(&mut tx)
            .await?;
        if removed > 0 {
            query(sql!("notification_read_prune_all"))
                .execute(&mut tx)
                .await?;
        }
        tx.commit().await?;
        Ok(removed)
    }
}

impl SqlStore {
    pub(super) async fn set_preferences(
        &self,
        tx: &mut Tx,
        user: UserId,
        preferences: &Preferences,
    ) -> Result<()> {
        let minute = |minute: Option<u16>| minute.map(i64::from);
        let quiet = preferences.quiet_hours;
        query(sql!("preference_set"))
            .bind(user.0)
            .bind(preferences.muted.to_string())
            .bind(preferences.time_zone.clone())
            .bind(minute(quiet.map(QuietHours::from_minute)))
            .bind(minute(quiet.map(QuietHours::to_minute)))
            .bind(i64::from(preferences.hides_amounts))
            .execute(tx)
            .await?;
        Ok(())
    }

    async fn inbox(
        &self,
        sql: Sql,
        inbox: &InboxQuery,
        position: i64,
        limit: u32,
    ) -> Result<Vec<NotificationRow>> {
        let mut tx = self.database.read().await?;
        let (preferences, read_up_to) = match inbox.reader {
            Some(reader) => preferences(&mut tx, reader).await?,
            None => (Preferences::default(), 0),
        };
        let rows = query(sql)
            .bind(inbox.reader.map(|reader| reader.0))
            .bind(read_up_to)
            .bind(position)
            .bind(limit)
            .bind(int("time", inbox.not_before_ms)?)
            .bind(left_out(&preferences.muted))
            .fetch_all(&mut tx)
            .await?;
        let mut found = self.notifications(&mut tx, &rows).await?;
        let reads_all = inbox.scope == Scope::All;
        for (row, shown) in rows.iter().zip(&mut found) {
            shown.is_read = get(row, "is_read")?;
            shown.may_read = reads_all || get(row, "may_read")?;
            if !shown.may_read {
                shown.about = shown.about.take().map(without_amounts);
            }
        }
        Ok(found)
    }

    /// Notifications of rows of `notification`, with the activities they are about and the texts of broadcasts.
    pub(super) async fn notifications(
        &self,
        tx: &mut Tx,
        rows: &[Row],
    ) -> Result<Vec<NotificationRow>> {
        let activities: BTreeSet<i64> = rows
            .iter()
            .filter_map(|row| get_opt(row, "activity_id").transpose())
            .collect::<Result<_>>()?;
        let about = match activities.is_empty() {
            true => Default::default(),
            false => {
                let ids = Value::from(activities.into_iter().collect::<Vec<_>>());
                self.activities_by_id(tx, &ids.to_string()).await?
            }
        };
        let mut broadcasts = BTreeMap::new();
        let mut found = Vec::with_capacity(rows.len());
        for row in rows {
            let mut details: Value = get_opt(row, "details")?.unwrap_or_else(|| json!({}));
            if let Some(id) = details["broadcast"].as_i64() {
                let texts = match broadcasts.entry(id) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(new) => new.insert(broadcast_texts(tx, id).await?),
                };
                details["texts"] = texts.clone();
            }
            let activity: Option<i64> = get_opt(row, "activity_id")?;
            let category: String = get(row, "category")?;
            found.push(NotificationRow {
                seq: get(row, "seq")?,
                id: NotificationId::from_bytes(get(row, "id")?),
                kind: NotificationKind::new(get::<String>(row, "kind")?),
                category: parsed("category of a notification", category.parse())?,
                created_at_ms: get(row, "created_at_ms")?,
                about: activity.and_then(|id| about.get(&id).cloned()),
                details,
                is_read: false,
                may_read: true,
            });
        }
        Ok(found)
    }
}

/// What whoever may be told of an account, but not read it, is told of an activity.
pub(super) fn without_amounts(mut row: ActivityRow) -> ActivityRow {
    row.activity.amount = None;
    row.activity.counterparty = None;
    row.activity.business_id = None;
    row.activity.details = json!({});
    row.counterparty_account = None;
    row.counterparty_label = None;
    row.note = None;
    row
}

/// Writes notices, each once; returns how many were new, and the position of the last.
pub(super) async fn tell(tx: &mut Tx, notices: &[Notice], now_ms: u64) -> Result<(u64, i64)> {
    if notices.is_empty() {
        return Ok((0, 0));
    }
    // Positions rise in the order of commits.
    Lock::CommitOrder.take(tx).await?;
    let (mut told, mut newest) = (0, 0);
    for notice in notices {
        let row = query(sql!("notification_tell"))
            .bind(
                NotificationId::of_cause(notice.user, &notice.cause)
                    .as_bytes()
                    .to_vec(),
            )
            .bind(notice.user.0)
            .bind(notice.kind.as_str())
            .bind(Category::of(&notice.kind).as_str())
            .bind(notice.details.to_string())
            .bind(int("time", now_ms)?)
            .fetch_optional(tx)
            .await?;
        if let Some(row) = row {
            told += 1;
            newest = get(&row, "seq")?;
        }
    }
    super::commit::counter_add(tx, "notifications", told).await?;
    Ok((told, newest))
}

async fn last(tx: &mut Tx) -> Result<i64> {
    let row = query(sql!("notification_last")).fetch_one(tx).await?;
    get(&row, "seq")
}

async fn broadcast_texts(tx: &mut Tx, id: i64) -> Result<Value> {
    let row = query(sql!("broadcast_texts"))
        .bind(id)
        .fetch_optional(tx)
        .await?;
    row.map_or(Ok(Value::Null), |row| get(&row, "texts"))
}

/// Categories that are muted in the inbox, as words with spaces around them.
fn left_out(muted: &Muted) -> String {
    let words = muted.in_channel(Channel::Inbox);
    words.fold(" ".to_owned(), |all, word| all + word.as_str() + " ")
}

async fn preferences(tx: &mut Tx, user: UserId) -> Result<(Preferences, i64)> {
    let row = query(sql!("preference_find"))
        .bind(user.0)
        .fetch_optional(tx)
        .await?;
    match row {
        Some(row) => Ok((preferences_of(&row)?, get(&row, "read_up_to")?)),
        None => Ok((Preferences::default(), 0)),
    }
}

/// Preferences as a row of `user_preference` has them.
pub(super) fn preferences_of(row: &Row) -> Result<Preferences> {
    let muted: String = get(row, "muted")?;
    let minute = |column| {
        let minute: Option<u32> = get_opt(row, column)?;
        Ok::<_, crate::StoreError>(minute.and_then(|minute| u16::try_from(minute).ok()))
    };
    let quiet = minute("quiet_from")?.zip(minute("quiet_to")?);
    let quiet = quiet.map(|(from, to)| QuietHours::new(from, to));
    Ok(Preferences {
        muted: parsed("muted categories", muted.parse())?,
        time_zone: get(row, "time_zone")?,
        quiet_hours: parsed("quiet hours", quiet.transpose())?,
        hides_amounts: get(row, "hides_amounts")?,
    })
}
