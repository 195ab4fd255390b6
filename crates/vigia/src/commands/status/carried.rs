//! What the transport has: messages that wait, are in hand, or were set aside.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use vigia_store::{MessageStore, SqlStore};
use vigia_transport::Backlog;

use crate::commands::transport;
use crate::config::{Settings, TransportKind};

/// How long Redis may take to say what it holds; it lies in the same network.
const REDIS_PATIENCE: Duration = Duration::from_millis(1_500);
/// How long Amazon SQS may, which is further away and wants credentials first.
const SQS_PATIENCE: Duration = Duration::from_secs(5);

/// The state of the transport that the settings name.
pub(super) struct Carried {
    kind: TransportKind,
    /// None within a process; an error where the broker does not say.
    backlog: Result<Option<Backlog>, String>,
    /// Messages that nobody could read, kept in the database with their bytes.
    set_aside: u64,
}

impl Carried {
    /// Asks broker and database.
    pub(super) async fn read(settings: &Settings, store: &Arc<SqlStore>) -> anyhow::Result<Self> {
        Ok(Self {
            kind: settings.transport.kind,
            backlog: backlog(settings, store).await,
            set_aside: store.message_set_aside_count().await?,
        })
    }

    pub(super) fn to_json(&self) -> Value {
        let backlog = self.backlog.as_ref().ok().copied().flatten();
        json!({
            "kind": self.kind,
            "waiting": backlog.map(|backlog| backlog.waiting),
            "held": backlog.map(|backlog| backlog.held),
            "setAside": self.set_aside,
            "error": self.backlog.as_ref().err(),
        })
    }

    pub(super) fn to_text(&self) -> String {
        let carried = match &self.backlog {
            Ok(None) => "within the process that polls".to_owned(),
            Ok(Some(Backlog { waiting, held })) => {
                format!("{waiting} messages wait, {held} are in hand")
            }
            Err(problem) => problem.clone(),
        };
        let mut text = format!("{:<18} {}: {carried}\n", "transport", self.kind.as_str());
        if self.set_aside > 0 {
            text += &format!(
                "{:<18} {} messages could not be read\n",
                "set aside", self.set_aside
            );
        }
        text
    }
}

/// That a broker is away is part of the answer, not the end of it, and nothing to wait long for.
async fn backlog(settings: &Settings, store: &Arc<SqlStore>) -> Result<Option<Backlog>, String> {
    let kind = settings.transport.kind;
    let patience = match kind {
        TransportKind::Memory | TransportKind::Redis => REDIS_PATIENCE,
        TransportKind::Sqs => SQS_PATIENCE,
    };
    let asked = async {
        let ends = transport::open(settings, store, false).await;
        let ends = ends.map_err(|error| error.to_string())?;
        let backlog = ends.sender.backlog().await;
        backlog.map_err(|error| error.to_string())
    };
    let answered = tokio::time::timeout(patience, asked).await;
    answered.unwrap_or_else(|_| {
        Err(format!(
            "{} did not answer within {patience:?}",
            kind.as_str()
        ))
    })
}
