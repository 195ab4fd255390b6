//! Renders notifications and sends deliveries: one prepared delivery becomes one attempt on the wire, and a value
//! that says what became of it.
//!
//! - [`Outcome`], [`Attempt`]: what an attempt says; [`RetrySchedule`]: when the next one is due.
//! - [`WebhookSender`], [`SigningKeys`]: webhooks by Standard Webhooks 1.0.
//! - [`TargetRules`]: what a webhook may call, so that nobody reaches the inside through it.
//!
//! Who is told what, when and how often is not decided here, and nothing is stored: the outbox calls, and keeps what
//! it is told. Texts are rendered on reading, in the reader's language (`vigia_core::NotificationText`).

mod http;
mod message;
mod outcome;
mod retry;
mod stopwatch;
mod target;
mod texts;
mod webhook;

pub use http::{SendLimits, SenderError};
pub use message::{InvalidMessageId, MESSAGE_ID_LETTERS_MAX, MessageId};
pub use outcome::{Attempt, ErrorClass, Outcome, RESPONSE_HEAD_BYTES_MAX, Refusal, response_head};
pub use retry::{JITTER_PERCENT_MAX, RetrySchedule, retry_after_ms};
pub use target::{
    ENDPOINT_URL_BYTES_MAX, Endpoint, EndpointClass, EndpointError, IpNet, Lookup, PORTS_ALLOWED,
    SystemLookup, TargetRules, is_public,
};
pub use texts::BuiltInTexts;
pub use webhook::{
    HMAC_SECRET_BYTES, KeyError, SIGNING_KEYS_MAX, SigningKey, SigningKeys, WebhookHeaders,
    WebhookSender, WebhookSettings, webhook_headers, webhook_outcome,
};
