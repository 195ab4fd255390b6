//! Webhooks by Standard Webhooks 1.0.

mod answer;
mod keys;
mod sender;
mod sign;

pub use answer::webhook_outcome;
pub use keys::{HMAC_SECRET_BYTES, KeyError, SIGNING_KEYS_MAX, SigningKey, SigningKeys};
pub use sender::{WebhookMessage, WebhookSender, WebhookSettings};
pub use sign::{WebhookHeaders, webhook_headers};
