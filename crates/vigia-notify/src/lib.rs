//! Renders notifications and sends deliveries: one prepared delivery becomes one attempt on the wire, and a value
//! that says what became of it.
//!
//! - [`Outcome`], [`Attempt`]: what an attempt says; [`RetrySchedule`]: when the next one is due.
//! - [`WebhookSender`], [`SigningKeys`]: webhooks by Standard Webhooks 1.0.
//! - [`FcmSender`], [`ApnsSender`], [`WebPushSender`]: push to phones and browsers.
//! - [`FluentTexts`]: the texts of notifications, and those that are put in their place.
//! - [`TargetRules`]: what a webhook may call, so that nobody reaches the inside through it.
//! - [`SecretBox`]: secrets at rest.
//! - [`Breaker`], [`Throttle`], [`Concurrency`]: how much is sent to one target at once; pure.
//!
//! Who is told what, when and how often is not decided here, and nothing is stored: the outbox calls, and keeps what
//! it is told. Texts are rendered on reading, in the reader's language (`vigia_core::NotificationText`).

mod flow;
mod http;
mod message;
mod outcome;
mod push;
mod retry;
mod secrets;
mod stopwatch;
mod target;
mod texts;
mod webhook;

pub use flow::{
    Admission, BREAKER_WINDOW_MAX, Breaker, BreakerSettings, Concurrency, ConcurrencySettings,
    PACE_FULL_PERMILLE, Signal, Throttle, ThrottleSettings,
};
pub use http::{SendLimits, SenderError};
pub use message::{InvalidMessageId, MESSAGE_ID_LETTERS_MAX, MessageId};
pub use outcome::{
    Attempt, ErrorClass, Outcome, RESPONSE_HEAD_BYTES_MAX, Refusal, Verdict, response_head,
};
pub use push::apns::{APNS_PAYLOAD_BYTES_MAX, APNS_TOKEN_AGE_MS, ApnsSender, ApnsSettings};
pub use push::fcm::{FCM_PAYLOAD_BYTES_MAX, FcmSender, FcmSettings};
pub use push::web::{
    SubscriptionError, VapidKey, WEB_PUSH_PAYLOAD_BYTES_MAX, WebPushSender, WebPushSettings,
    WebPushSubscription,
};
pub use push::{CredentialsError, DELIVERY_ID_KEY, PushMessage, TOKEN_BYTES_MAX};
pub use retry::{JITTER_PERCENT_MAX, RetrySchedule, retry_after_ms};
pub use secrets::{SECRET_KEYS_MAX, SecretBox, SecretError};
pub use target::{
    ENDPOINT_URL_BYTES_MAX, Endpoint, EndpointClass, EndpointError, IpNet, Lookup, PORTS_ALLOWED,
    SystemLookup, TargetRules, is_public,
};
pub use texts::{
    FluentTexts, TEXT_FILE_BYTES_MAX, TEXT_MESSAGES_MAX, TEXT_NESTING_MAX, TEXT_PLACES_MAX,
    TEXT_PROBLEMS_SHOWN_MAX, TextKind, TextProblem, TextsError, sample_input,
};
pub use webhook::{
    HMAC_SECRET_BYTES, KeyError, SIGNING_KEYS_MAX, SigningKey, SigningKeys, WebhookHeaders,
    WebhookMessage, WebhookSender, WebhookSettings, webhook_headers, webhook_outcome,
};
