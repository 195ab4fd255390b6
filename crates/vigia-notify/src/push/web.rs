//! Web Push: browsers, by RFC 8030 (the request), 8188 and 8291 (encryption) and 8292 (VAPID, who sends).
//!
//! A subscription names a URL that the user's browser gave, so the rules for tenants' endpoints hold for it.

mod answer;
mod subscription;
mod vapid;

pub use subscription::{SubscriptionError, WebPushSubscription};
pub use vapid::VapidKey;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use reqwest::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE};
use reqwest::{Client, RequestBuilder};
use serde_json::json;
use url::Url;
use vigia_core::Clock;

use super::credentials::Reloading;
use super::{ANSWER_BYTES_MAX, PushMessage, dead, refuse, watched};
use crate::http::{SendLimits, SenderError, client_builder, exchange};
use crate::stopwatch::Stopwatch;
use crate::target::{EndpointClass, GuardedResolver, Lookup, SystemLookup, TargetRules};
use crate::{Attempt, ErrorClass, Outcome, Refusal, Verdict};

/// Bytes of JSON before encryption: with header, tag and padding mark they become the 4,096 bytes that every push
/// service has to take (RFC 8291, 4).
pub const WEB_PUSH_PAYLOAD_BYTES_MAX: usize = 3_993;

/// How messages are sent to browsers.
#[derive(Clone, Debug)]
pub struct WebPushSettings {
    /// A JSON file with `private_key` (32 bytes, base64url) and `subject` (`mailto:` or `https://`, whom a push service may
    /// write to). Read again when it changes; subscriptions hold for one key.
    pub credentials_path: PathBuf,
    /// What the URLs of subscriptions may be.
    pub rules: TargetRules,
    /// Bounds of one attempt.
    pub limits: SendLimits,
    /// Certificate authorities beside the system's, in PEM.
    pub ca_pem: Option<Vec<u8>>,
    /// Names that are looked up at once.
    pub lookups_max: usize,
}

impl WebPushSettings {
    /// The usual ones, with the key at this path.
    pub fn new(credentials_path: impl Into<PathBuf>) -> Self {
        Self {
            credentials_path: credentials_path.into(),
            rules: TargetRules::default(),
            limits: SendLimits::default(),
            ca_pem: None,
            lookups_max: 64,
        }
    }
}

/// Sends messages to browsers.
pub struct WebPushSender {
    client: Client,
    rules: TargetRules,
    key: Reloading<VapidKey>,
    limits: SendLimits,
    clock: Arc<dyn Clock>,
}

impl WebPushSender {
    /// Reads the credentials; nothing is sent yet.
    pub fn new(settings: WebPushSettings, clock: Arc<dyn Clock>) -> Result<Self, SenderError> {
        Self::with_lookup(settings, clock, Arc::new(SystemLookup))
    }

    /// A sender that looks names up by `lookup`.
    pub fn with_lookup(
        settings: WebPushSettings,
        clock: Arc<dyn Clock>,
        lookup: Arc<dyn Lookup>,
    ) -> Result<Self, SenderError> {
        let rules = Some(settings.rules.clone());
        let resolver = GuardedResolver::new(lookup, rules, settings.lookups_max);
        let builder = client_builder(&settings.limits, settings.ca_pem.as_deref())?;
        let client = watched(builder)
            .dns_resolver(Arc::new(resolver))
            .build()
            .map_err(SenderError::Client)?;
        let key = Reloading::open(&settings.credentials_path, VapidKey::parse)?;
        Ok(Self {
            client,
            rules: settings.rules,
            key,
            limits: settings.limits,
            clock,
        })
    }

    /// The public key that browsers subscribe with (`applicationServerKey`), base64url.
    pub fn public_key(&self) -> String {
        self.key.current().public_text().to_owned()
    }

    /// What is wrong with the file of credentials, while older ones stay in use.
    pub fn credentials_problem(&self) -> Option<String> {
        self.key.problem()
    }

    /// Sends a message to the browser of a subscription in JSON, once. What is no subscription is a dead one.
    pub async fn send_to_text(&self, subscription: &str, message: &PushMessage) -> Attempt {
        match WebPushSubscription::from_json(subscription) {
            Ok(to) => self.send(&to, message).await,
            Err(error) => {
                let stopwatch = Stopwatch::start(&*self.clock);
                stopwatch.not_sent(dead(&error.to_string()))
            }
        }
    }

    /// Sends a message to one browser, once.
    pub async fn send(&self, to: &WebPushSubscription, message: &PushMessage) -> Attempt {
        let stopwatch = Stopwatch::start(&*self.clock);
        if let Err(error) = self.rules.endpoint(to.endpoint(), EndpointClass::Tenant) {
            let outcome = Outcome::Refused(Refusal::Target);
            let verdict = Verdict::new(outcome, Some(ErrorClass::ForbiddenTarget));
            return stopwatch.not_sent(verdict.detail(error.to_string()));
        }
        let body = match encrypted(to, message) {
            Ok(body) => body,
            Err(verdict) => return stopwatch.not_sent(verdict),
        };
        let request = self.request(to.url(), message, stopwatch.started_at_ms());
        let answer = match exchange(request.body(body), &self.limits, ANSWER_BYTES_MAX).await {
            Ok(answer) => answer,
            Err(failure) => return stopwatch.failed(failure),
        };
        let verdict = answer::web_push_outcome(
            answer.status,
            answer.retry_after.as_deref(),
            self.clock.now_ms(),
            self.limits.retry_after_ms_max,
        );
        stopwatch.answered(&answer, verdict)
    }

    fn request(&self, url: &Url, message: &PushMessage, now_ms: u64) -> RequestBuilder {
        let urgency = if message.is_urgent { "high" } else { "normal" };
        self.client
            .post(url.clone())
            .header(AUTHORIZATION, self.key.current().authorization(url, now_ms))
            .header(CONTENT_ENCODING, "aes128gcm")
            .header(CONTENT_TYPE, "application/octet-stream")
            .header("ttl", message.ttl_s)
            .header("topic", message.replaces())
            .header("urgency", urgency)
    }
}

impl fmt::Debug for WebPushSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebPushSender")
            .field("rules", &self.rules)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// What the page's service worker gets, readable by this browser alone.
fn encrypted(to: &WebPushSubscription, message: &PushMessage) -> Result<Vec<u8>, Verdict> {
    let payload = json!({
        "title": message.title,
        "body": message.body,
        "tag": message.replaces(),
        "data": message.data_with_id(),
    });
    let payload = payload.to_string().into_bytes();
    let (bytes, bytes_max) = (payload.len(), WEB_PUSH_PAYLOAD_BYTES_MAX);
    if bytes > bytes_max {
        return Err(refuse(format!(
            "the message has {bytes} bytes, more than {bytes_max}"
        )));
    }
    let failed = |_| refuse("the message cannot be encrypted for this subscription".to_owned());
    web_push_native::encrypt(payload, to.public_key(), to.auth()).map_err(failed)
}
