//! What has not arrived over any channel.

use super::state;
use crate::db::{get, get_opt, query};
use crate::sql::sql;
use crate::store::SqlStore;
use crate::{DeliveryState, OutboxBacklog, Result};

impl SqlStore {
    /// By channel.
    pub(super) async fn backlog(&self) -> Result<Vec<OutboxBacklog>> {
        let rows = query(sql!("outbox_backlog"))
            .fetch_alone(&self.database)
            .await?;
        let mut backlog = Vec::<OutboxBacklog>::new();
        for row in &rows {
            let channel: String = get(row, "channel")?;
            let at = backlog.iter().position(|found| found.channel == channel);
            let at = at.unwrap_or_else(|| {
                let new = OutboxBacklog {
                    channel,
                    ..OutboxBacklog::default()
                };
                backlog.push(new);
                backlog.len() - 1
            });
            let found = &mut backlog[at];
            match state(row)? {
                DeliveryState::Dead => found.dead = get(row, "count")?,
                _ => {
                    found.pending = get(row, "count")?;
                    found.oldest_due_ms = get_opt(row, "oldest_due_ms")?;
                }
            }
        }
        Ok(backlog)
    }
}
