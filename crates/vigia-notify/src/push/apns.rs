//! Apple Push Notification service: iOS without Google between.

mod answer;
mod key;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use reqwest::{Client, RequestBuilder};
use ring::digest;
use serde_json::{Value, json};
use url::Url;
use vigia_core::Clock;

use self::key::ProviderKey;
use super::credentials::Reloading;
use super::{ANSWER_BYTES_MAX, PushMessage, dead, provider_client, provider_url, refuse, within};
use crate::http::{Failure, SendLimits, SenderError, exchange};
use crate::stopwatch::Stopwatch;
use crate::{Attempt, MessageId, Verdict};

/// Bytes of a notification's JSON, from Apple's documentation.
pub const APNS_PAYLOAD_BYTES_MAX: usize = 4_096;

/// Milliseconds for which Apple wants a provider token to be used: not renewed sooner, not used longer.
pub const APNS_TOKEN_AGE_MS: std::ops::RangeInclusive<u64> = 20 * 60_000..=60 * 60_000;

/// Hexadecimal digits of a device token: Apple's have 64, and more are announced.
const DEVICE_TOKEN_DIGITS_MAX: usize = 200;

/// How messages are sent to Apple.
#[derive(Clone, Debug)]
pub struct ApnsSettings {
    /// A JSON file with `team_id`, `key_id` and `private_key`, the text of the `.p8` file. One file, so that a new key and its
    /// id come together. Read again when it changes.
    pub credentials_path: PathBuf,
    /// The application's bundle id.
    pub topic: String,
    /// Apple's server: `https://api.push.apple.com`, or `https://api.sandbox.push.apple.com` for development builds. A token
    /// belongs to one of them.
    pub url: String,
    /// Bounds of one attempt.
    pub limits: SendLimits,
    /// Certificate authorities beside the system's, in PEM.
    pub ca_pem: Option<Vec<u8>>,
    /// Milliseconds for which a provider token is used, within [`APNS_TOKEN_AGE_MS`].
    pub token_age_ms_max: u64,
}

impl ApnsSettings {
    /// Those of Apple's production server, with the key at this path.
    pub fn new(credentials_path: impl Into<PathBuf>, topic: impl Into<String>) -> Self {
        Self {
            credentials_path: credentials_path.into(),
            topic: topic.into(),
            url: "https://api.push.apple.com".to_owned(),
            limits: SendLimits::default(),
            ca_pem: None,
            token_age_ms_max: 40 * 60_000,
        }
    }
}

/// Sends messages to Apple.
pub struct ApnsSender {
    client: Client,
    url: Url,
    topic: String,
    key: Reloading<ProviderKey>,
    limits: SendLimits,
    token_age_ms_max: u64,
    clock: Arc<dyn Clock>,
}

impl ApnsSender {
    /// Reads the credentials; nothing is sent yet.
    pub fn new(settings: ApnsSettings, clock: Arc<dyn Clock>) -> Result<Self, SenderError> {
        let problem = |setting, problem: &str| SenderError::Setting {
            setting,
            problem: problem.to_owned(),
        };
        if !APNS_TOKEN_AGE_MS.contains(&settings.token_age_ms_max) {
            return Err(problem(
                "apns.token_age_ms_max",
                "has to be 20 to 60 minutes, as Apple wants it",
            ));
        }
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
        if settings.topic.is_empty() || !settings.topic.bytes().all(is_plain) {
            return Err(problem(
                "apns.topic",
                "has to be the application's bundle id",
            ));
        }
        let url = provider_url("apns.url", &settings.url)?;
        let client = provider_client(&url, &settings.limits, settings.ca_pem.as_deref())?;
        let key = Reloading::open(&settings.credentials_path, ProviderKey::parse)?;
        Ok(Self {
            client,
            url,
            topic: settings.topic,
            key,
            limits: settings.limits,
            token_age_ms_max: settings.token_age_ms_max,
            clock,
        })
    }

    /// What is wrong with the file of credentials, while older ones stay in use.
    pub fn credentials_problem(&self) -> Option<String> {
        self.key.problem()
    }

    /// Sends a message to one device, once.
    pub async fn send(&self, token: &str, message: &PushMessage) -> Attempt {
        let stopwatch = Stopwatch::start(&*self.clock);
        let body = payload(message).to_string();
        if let Some(verdict) = problem_of(token, message, &body) {
            return stopwatch.not_sent(verdict);
        }
        let sending = self.send_now(token, message, body, &stopwatch);
        within(&self.limits, &stopwatch, sending).await
    }

    async fn send_now(
        &self,
        token: &str,
        message: &PushMessage,
        body: String,
        stopwatch: &Stopwatch,
    ) -> Result<Attempt, Failure> {
        let key = self.key.current();
        let mut is_renewed = false;
        loop {
            let provider_token = key.token(self.clock.now_ms(), self.token_age_ms_max);
            let request = self.request(token, message, stopwatch.started_at_ms());
            let request = request
                .bearer_auth(provider_token.as_str())
                .body(body.clone());
            let answer = exchange(request, &self.limits, ANSWER_BYTES_MAX).await?;
            // Our clock and Apple's may differ. A token that is renewed too often is refused as well, so at most once.
            if !is_renewed
                && answer::is_expired_token(answer.status, &answer.body)
                && key.renew(&provider_token, self.clock.now_ms())
            {
                is_renewed = true;
                continue;
            }
            let verdict = answer::apns_outcome(
                answer.status,
                answer.retry_after.as_deref(),
                &answer.body,
                self.clock.now_ms(),
                self.limits.retry_after_ms_max,
            );
            return Ok(stopwatch.answered(&answer, verdict));
        }
    }

    fn request(&self, token: &str, message: &PushMessage, now_ms: u64) -> RequestBuilder {
        let mut url = self.url.clone();
        url.set_path(&format!("/3/device/{token}"));
        self.client
            .post(url)
            .header("apns-topic", &self.topic)
            .header("apns-push-type", "alert")
            .header("apns-id", apns_id(&message.id))
            .header("apns-collapse-id", message.replaces())
            .header("apns-expiration", message.expires_s(now_ms))
            .header("apns-priority", if message.is_urgent { "10" } else { "5" })
    }
}

impl fmt::Debug for ApnsSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApnsSender")
            .field("url", &self.url.as_str())
            .field("topic", &self.topic)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

fn payload(message: &PushMessage) -> Value {
    let mut payload = message.data_with_id();
    let aps = json!({
        "alert": { "title": message.title, "body": message.body },
        "sound": "default",
    });
    payload.insert("aps".to_owned(), aps);
    Value::Object(payload)
}

/// What Apple would refuse, said without asking. The token becomes part of a path, so it is looked at closely.
fn problem_of(token: &str, message: &PushMessage, body: &str) -> Option<Verdict> {
    let is_token = (1..=DEVICE_TOKEN_DIGITS_MAX).contains(&token.len())
        && token.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_token {
        return Some(dead("the token is not hexadecimal digits"));
    }
    if message.data.contains_key("aps") {
        return Some(refuse(
            "APNs keeps the data key \"aps\" for itself: use another".to_owned(),
        ));
    }
    let bytes = body.len();
    (bytes > APNS_PAYLOAD_BYTES_MAX).then(|| {
        refuse(format!(
            "the notification has {bytes} bytes, more than {APNS_PAYLOAD_BYTES_MAX}"
        ))
    })
}

/// The id of a message as the UUID that Apple wants: the same id, if it is 16 bytes in hexadecimal.
fn apns_id(id: &MessageId) -> String {
    let text = id.as_str().to_ascii_lowercase();
    let is_uuid = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let digits = match is_uuid {
        true => text,
        false => {
            hex::encode(&digest::digest(&digest::SHA256, id.as_str().as_bytes()).as_ref()[..16])
        }
    };
    let (a, b, c, d, e) = (
        &digits[..8],
        &digits[8..12],
        &digits[12..16],
        &digits[16..20],
        &digits[20..],
    );
    format!("{a}-{b}-{c}-{d}-{e}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_becomes_a_uuid_for_ever() {
        let of = |text: &str| apns_id(&MessageId::new(text).unwrap());
        assert_eq!(
            of("00f3a1b2c3d4e5f60718293a4b5c6d7e"),
            "00f3a1b2-c3d4-e5f6-0718-293a4b5c6d7e"
        );
        assert_eq!(
            of("00F3A1B2C3D4E5F60718293A4B5C6D7E"),
            "00f3a1b2-c3d4-e5f6-0718-293a4b5c6d7e"
        );
        assert_eq!(of("a"), "ca978112-ca1b-bdca-fac2-31b39a23dc4d");
        assert_eq!(of("a").len(), 36);
    }
}
