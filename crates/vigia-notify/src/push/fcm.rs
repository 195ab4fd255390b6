//! Firebase Cloud Messaging, HTTP v1: Android, and iOS through Google.

mod account;
mod answer;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use reqwest::Client;
use serde_json::{Value, json};
use url::Url;
use vigia_core::Clock;

use self::account::ServiceAccount;
use super::credentials::Reloading;
use super::{
    ANSWER_BYTES_MAX, PushMessage, TOKEN_BYTES_MAX, dead, provider_client, provider_url, refuse,
    within,
};
use crate::http::{Failure, SendLimits, SenderError, exchange};
use crate::stopwatch::Stopwatch;
use crate::{Attempt, Verdict};

/// Bytes that title, text and data may have together, from Google's documentation.
pub const FCM_PAYLOAD_BYTES_MAX: usize = 4_096;

/// How messages are sent over FCM.
#[derive(Clone, Debug)]
pub struct FcmSettings {
    /// The service account's key as Google gives it out, JSON. Read again when it changes.
    pub credentials_path: PathBuf,
    /// Google's server; another for tests.
    pub url: String,
    /// Bounds of one attempt.
    pub limits: SendLimits,
    /// Certificate authorities beside the system's, in PEM.
    pub ca_pem: Option<Vec<u8>>,
    /// Android's channel for notifications, where the application has one.
    pub android_channel: Option<String>,
}

impl FcmSettings {
    /// Those of Google, with the key at this path.
    pub fn new(credentials_path: impl Into<PathBuf>) -> Self {
        Self {
            credentials_path: credentials_path.into(),
            url: "https://fcm.googleapis.com".to_owned(),
            limits: SendLimits::default(),
            ca_pem: None,
            android_channel: None,
        }
    }
}

/// Sends messages over FCM.
pub struct FcmSender {
    client: Client,
    url: Url,
    account: Reloading<ServiceAccount>,
    limits: SendLimits,
    android_channel: Option<String>,
    clock: Arc<dyn Clock>,
}

impl FcmSender {
    /// Reads the credentials; nothing is sent yet.
    pub fn new(settings: FcmSettings, clock: Arc<dyn Clock>) -> Result<Self, SenderError> {
        let url = provider_url("fcm.url", &settings.url)?;
        let client = provider_client(&url, &settings.limits, settings.ca_pem.as_deref())?;
        let account = Reloading::open(&settings.credentials_path, ServiceAccount::parse)?;
        Ok(Self {
            client,
            url,
            account,
            limits: settings.limits,
            android_channel: settings.android_channel,
            clock,
        })
    }

    /// What is wrong with the file of credentials, while older ones stay in use.
    pub fn credentials_problem(&self) -> Option<String> {
        self.account.problem()
    }

    /// Sends a message to one device, once.
    pub async fn send(&self, token: &str, message: &PushMessage) -> Attempt {
        let stopwatch = Stopwatch::start(&*self.clock);
        if let Some(verdict) = problem_of(token, message) {
            return stopwatch.not_sent(verdict);
        }
        let sending = self.send_now(token, message, &stopwatch);
        within(&self.limits, &stopwatch, sending).await
    }

    async fn send_now(
        &self,
        token: &str,
        message: &PushMessage,
        stopwatch: &Stopwatch,
    ) -> Result<Attempt, Failure> {
        let account = self.account.current();
        let mut url = self.url.clone();
        url.set_path(&format!(
            "/v1/projects/{}/messages:send",
            account.project_id()
        ));
        let body = self.body(token, message, stopwatch.started_at_ms());
        // An access token may have been withdrawn before its time: then one more is asked for, and no third.
        let mut is_renewed = false;
        loop {
            let access = account
                .access_token(&self.client, &self.limits, &*self.clock)
                .await?;
            let request = self
                .client
                .post(url.clone())
                .bearer_auth(&*access.text)
                .json(&body);
            let answer = exchange(request, &self.limits, ANSWER_BYTES_MAX).await?;
            if answer.status == 401 && !is_renewed && !answer::is_third_party(&answer.body) {
                is_renewed = true;
                account.forget(&access).await;
                continue;
            }
            let verdict = answer::fcm_outcome(
                answer.status,
                answer.retry_after.as_deref(),
                &answer.body,
                self.clock.now_ms(),
                self.limits.retry_after_ms_max,
            );
            return Ok(stopwatch.answered(&answer, verdict));
        }
    }

    fn body(&self, token: &str, message: &PushMessage, now_ms: u64) -> Value {
        let mut notification = json!({ "tag": message.replaces() });
        if let Some(channel) = &self.android_channel {
            notification["channel_id"] = channel.as_str().into();
        }
        let mut android = json!({
            "priority": if message.is_urgent { "HIGH" } else { "NORMAL" },
            "ttl": format!("{}s", message.ttl_s),
            "notification": notification,
        });
        // Google keeps only four keys for each device and drops messages of others, so a message that stands for
        // itself must not have one.
        if let Some(group) = &message.group {
            android["collapse_key"] = group.as_str().into();
        }
        json!({
            "message": {
                "token": token,
                "notification": { "title": message.title, "body": message.body },
                "data": message.data_with_id(),
                "android": android,
                "apns": {
                    "headers": {
                        "apns-collapse-id": message.replaces(),
                        "apns-priority": if message.is_urgent { "10" } else { "5" },
                        "apns-expiration": message.expires_s(now_ms).to_string(),
                    },
                    "payload": { "aps": { "sound": "default" } },
                },
            }
        })
    }
}

impl fmt::Debug for FcmSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FcmSender")
            .field("url", &self.url.as_str())
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// What Google would refuse, said without asking.
fn problem_of(token: &str, message: &PushMessage) -> Option<Verdict> {
    if token.is_empty() || token.len() > TOKEN_BYTES_MAX {
        return Some(dead("the token is empty or too long to be one"));
    }
    let is_reserved = |key: &str| {
        matches!(key, "from" | "message_type" | "notification")
            || key.starts_with("google")
            || key.starts_with("gcm")
    };
    if let Some(key) = message.data.keys().find(|key| is_reserved(key)) {
        return Some(refuse(format!(
            "FCM keeps the data key {key:?} for itself: use another"
        )));
    }
    let data = message.data.iter();
    let of_data: usize = data.map(|(key, value)| key.len() + value.len()).sum();
    let bytes = of_data + message.title.len() + message.body.len();
    if bytes > FCM_PAYLOAD_BYTES_MAX {
        return Some(refuse(format!(
            "title, text and data have {bytes} bytes, more than {FCM_PAYLOAD_BYTES_MAX}"
        )));
    }
    None
}
