//! Where an issuer's keys come from, and how long they are kept.
//!
//! Whoever asks with a key that is not known makes vigia ask the issuer, so that a new key counts soon; but once in
//! [`ASK_INTERVAL_MS`] at most, whatever is sent. While the issuer cannot be had what is known goes on counting.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use vigia_core::Clock;

use super::keys::KeySet;
use crate::AuthError;

/// Largest key set in bytes (I-13).
pub const JWKS_BYTES_MAX: usize = 128 * 1024;
/// Most keys of a set (I-13).
pub const JWKS_KEYS_MAX: usize = 100;
/// Shortest time between two questions to the issuer.
const ASK_INTERVAL_MS: u64 = 10_000;

/// Why there is no key set.
#[derive(Debug, thiserror::Error)]
pub enum JwksError {
    /// It cannot be had.
    #[error("the key set cannot be had")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It is too large.
    #[error("the key set has more than {JWKS_BYTES_MAX} bytes")]
    TooLarge,
    /// It is none.
    #[error("this is not a JSON Web Key Set (RFC 7517)")]
    NoKeySet(#[source] serde_json::Error),
    /// It has too many keys.
    #[error("a key set has at most {JWKS_KEYS_MAX} keys; this one has {found}")]
    TooManyKeys {
        /// How many.
        found: usize,
    },
    /// It has no key that could be used.
    #[error("the key set has no key for RS256, ES256 or EdDSA")]
    NoKeys,
}

/// Has the keys of an issuer.
#[async_trait]
pub trait JwksSource: Send + Sync {
    /// The key set as it is now: JSON of [`JWKS_BYTES_MAX`] bytes at most. It gives up by itself.
    async fn jwks(&self) -> Result<Vec<u8>, JwksError>;
}

/// Keys that are asked for no more often than they have to be.
pub(super) struct KeyCache(Arc<Inner>);

struct Inner {
    source: Arc<dyn JwksSource>,
    clock: Arc<dyn Clock>,
    refresh_ms: u64,
    stale_ms: u64,
    known: Mutex<Known>,
    /// One asks; who needs the answer waits.
    asking: tokio::sync::Mutex<()>,
}

#[derive(Clone, Default)]
struct Known {
    keys: Arc<KeySet>,
    /// When these keys came.
    came_at_ms: Option<u64>,
    /// When the issuer was asked last.
    asked_at_ms: Option<u64>,
}

impl KeyCache {
    pub(super) fn new(
        source: Arc<dyn JwksSource>,
        clock: Arc<dyn Clock>,
        refresh: Duration,
        stale_if_error: Duration,
    ) -> Self {
        let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Self(Arc::new(Inner {
            source,
            clock,
            refresh_ms: ms(refresh),
            stale_ms: ms(stale_if_error),
            known: Mutex::default(),
            asking: tokio::sync::Mutex::default(),
        }))
    }

    /// The keys by which a token of this key is checked.
    pub(super) async fn for_key(&self, key_id: Option<&str>) -> Result<Arc<KeySet>, AuthError> {
        let inner = &self.0;
        let (known, now_ms) = (inner.known(), inner.clock.now_ms());
        if inner.counts(&known, now_ms) && known.keys.has(key_id) {
            if inner.is_due(&known, now_ms) {
                // Nobody waits for what is not needed yet.
                let inner = Arc::clone(inner);
                tokio::spawn(async move { inner.ask().await });
            }
            return Ok(known.keys);
        }
        inner.ask().await;
        let known = inner.known();
        match inner.counts(&known, inner.clock.now_ms()) {
            true => Ok(known.keys),
            false => Err(AuthError::KeysUnavailable),
        }
    }
}

impl Inner {
    fn known(&self) -> Known {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.clone()
    }

    fn counts(&self, known: &Known, now_ms: u64) -> bool {
        let lasts_ms = self.refresh_ms.max(self.stale_ms);
        let is_young = |came: u64| now_ms.saturating_sub(came) < lasts_ms;
        known.came_at_ms.is_some_and(is_young)
    }

    fn is_due(&self, known: &Known, now_ms: u64) -> bool {
        let is_old = |came: u64| now_ms.saturating_sub(came) >= self.refresh_ms;
        known.came_at_ms.is_none_or(is_old) && may_ask(known, now_ms)
    }

    /// Asks the issuer, unless somebody just did.
    async fn ask(&self) {
        let _asking = self.asking.lock().await;
        let now_ms = self.clock.now_ms();
        if !may_ask(&self.known(), now_ms) {
            return;
        }
        self.change(|known| known.asked_at_ms = Some(now_ms));
        let answer = self.source.jwks().await;
        match answer.and_then(|text| KeySet::parse(&text)) {
            Ok(keys) => self.change(|known| {
                known.keys = Arc::new(keys);
                known.came_at_ms = Some(now_ms);
            }),
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, "the keys of the issuer of tokens are not refreshed");
            }
        }
    }

    fn change(&self, change: impl FnOnce(&mut Known)) {
        change(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

fn may_ask(known: &Known, now_ms: u64) -> bool {
    let rests = |asked: u64| now_ms.saturating_sub(asked) < ASK_INTERVAL_MS;
    !known.asked_at_ms.is_some_and(rests)
}
