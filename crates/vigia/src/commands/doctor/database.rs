//! What is stored, and whether processes that share it hear of one another.

use std::sync::Arc;
use std::time::Duration;

use vigia_core::{ChainId, error_chain};
use vigia_store::{
    COMMITTEES_MAX, CommitteeStore as _, IngestStore as _, ReadStore as _, SqlStore, StatusReport,
    StoreError,
};

use super::Findings;
use crate::commands::{is_shared, open_existing_store, place_of};
use crate::config::Settings;

/// How long a notification may take to be heard.
const NOTIFICATION_PATIENCE: Duration = Duration::from_secs(3);

/// How long the database may take to begin a write.
const WRITE_PATIENCE: Duration = Duration::from_secs(5);

/// A database that could be read.
pub(super) struct Stored {
    pub(super) store: Arc<SqlStore>,
    pub(super) chain: Option<ChainId>,
    pub(super) status: StatusReport,
}

impl Stored {
    /// The newest epoch whose committee is proven.
    pub(super) async fn newest_epoch(&self) -> Option<u64> {
        let (mut newest, mut from) = (None, 0);
        while let Ok(page) = self.store.committee_list(from, COMMITTEES_MAX).await
            && let Some(last) = page.last()
        {
            (newest, from) = (Some(last.epoch), last.epoch + 1);
        }
        newest
    }
}

pub(super) async fn check(findings: &mut Findings, settings: &Settings) -> Option<Stored> {
    let store = match open_existing_store(settings).await {
        Ok(store) => store,
        Err(error) => {
            let cure = match error.downcast_ref::<StoreError>() {
                Some(StoreError::Pooled(_)) => {
                    "where store.url is a pooler's (PgBouncer or the like), set store.direct_url to an address that leads to the same \
                     database past it"
                }
                _ if is_shared(settings) => {
                    "check store.url, that the server runs and that this machine may connect"
                }
                _ => "check that the folder exists and may be written, and --data-dir names it",
            };
            findings.problem("database", error_chain(error.as_ref()), cure);
            return None;
        }
    };
    findings.good("database", place_of(settings));
    let status = match store.status().await {
        Ok(status) => status,
        Err(error) => {
            findings.problem(
                "database",
                error,
                "restore the database from a backup, or begin a new one with another --data-dir",
            );
            store.close().await;
            return None;
        }
    };
    match status.watched_addresses + status.watched_contracts {
        0 => findings.note(
            "watch list",
            "it is empty; add an address with `vigia watch add 0x...`",
        ),
        _ => findings.good(
            "watch list",
            format!(
                "{} addresses, {} contracts and coins",
                status.watched_addresses, status.watched_contracts
            ),
        ),
    }
    if let Err(error) = store.check_writable(WRITE_PATIENCE).await {
        findings.problem(
            "database",
            format!("it takes no writes: {}", error_chain(&error)),
            "make room on its disk, give the user that vigia runs as the right to write, and let it not be a standby or read-only",
        );
    }
    check_notifications(findings, settings, &store).await;
    let chain = store.chain().await.ok().flatten();
    Some(Stored {
        store,
        chain,
        status,
    })
}

/// Whether processes hear of one another's changes at once, which a pooler prevents.
async fn check_notifications(findings: &mut Findings, settings: &Settings, store: &SqlStore) {
    if !is_shared(settings) {
        return;
    }
    match store.notifications_arrive(NOTIFICATION_PATIENCE).await {
        Ok(true) => findings.good("notifications", "changes are heard at once"),
        Ok(false) => findings.problem(
            "notifications",
            "what one process tells is not heard by others, who have to ask instead",
            "store.url is probably a pooler's (PgBouncer or the like): set store.direct_url to an \
             address that leads to the same database past it",
        ),
        // The database has just answered, so a pooler that mixes up what belongs to whom is as likely.
        Err(error) => findings.problem(
            "notifications",
            format!("{:#}", anyhow::Error::from(error)),
            "where store.url is a pooler's (PgBouncer or the like), set store.direct_url to an address \
             that leads to the same database past it; else check that the address can be reached",
        ),
    }
}
