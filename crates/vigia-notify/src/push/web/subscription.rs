//! A browser's subscription, as `PushSubscription.toJSON()` gives it.

use std::fmt;

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use p256::PublicKey;
use serde::Deserialize;
use url::Url;
use web_push_native::Auth;

use crate::target::ENDPOINT_URL_BYTES_MAX;

/// Browsers differ about padding.
pub(super) const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Bytes of the secret that a browser shares (RFC 8291, 3.2).
const AUTH_BYTES: usize = 16;

/// Where one browser can be reached, and how to write so that only it can read. Its `Debug` shows the host alone.
#[derive(Clone)]
pub struct WebPushSubscription {
    url: Url,
    public_key: PublicKey,
    auth: Auth,
}

/// Why this is no subscription. None of these shows any of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubscriptionError {
    /// The endpoint.
    #[error("the subscription's endpoint is not a URL: pass on what the browser gave")]
    Endpoint,
    /// The browser's public key.
    #[error("the subscription's key p256dh is not a public key on P-256 in base64url")]
    PublicKey,
    /// The whole.
    #[error("this is not the JSON of a PushSubscription: pass on what its toJSON() gives")]
    Json,
    /// The secret.
    #[error("the subscription's key auth is not {AUTH_BYTES} bytes in base64url")]
    Auth,
}

/// What a browser gives.
#[derive(Deserialize)]
struct Given {
    endpoint: String,
    keys: GivenKeys,
}

#[derive(Deserialize)]
struct GivenKeys {
    p256dh: String,
    auth: String,
}

impl WebPushSubscription {
    /// From the three texts that the browser gives. Where its endpoint leads is looked at when it is sent to.
    pub fn new(endpoint: &str, p256dh: &str, auth: &str) -> Result<Self, SubscriptionError> {
        if endpoint.len() > ENDPOINT_URL_BYTES_MAX {
            return Err(SubscriptionError::Endpoint);
        }
        let url = Url::parse(endpoint).map_err(|_| SubscriptionError::Endpoint)?;
        let public_key = BASE64URL
            .decode(p256dh)
            .map_err(|_| SubscriptionError::PublicKey)?;
        let public_key =
            PublicKey::from_sec1_bytes(&public_key).map_err(|_| SubscriptionError::PublicKey)?;
        let auth = BASE64URL
            .decode(auth)
            .map_err(|_| SubscriptionError::Auth)?;
        let auth: [u8; AUTH_BYTES] = auth.try_into().map_err(|_| SubscriptionError::Auth)?;
        Ok(Self {
            url,
            public_key,
            auth: auth.into(),
        })
    }

    /// From the JSON that `PushSubscription.toJSON()` gives in the browser (Push API, 8).
    pub fn from_json(text: &str) -> Result<Self, SubscriptionError> {
        let given: Given = serde_json::from_str(text).map_err(|_| SubscriptionError::Json)?;
        Self::new(&given.endpoint, &given.keys.p256dh, &given.keys.auth)
    }

    /// Its URL, which whoever knows it could try to write to: keep it as a secret.
    pub fn endpoint(&self) -> &str {
        self.url.as_str()
    }

    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    pub(super) fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    pub(super) fn auth(&self) -> &Auth {
        &self.auth
    }
}

impl fmt::Debug for WebPushSubscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "WebPushSubscription({})",
            self.url.origin().ascii_serialization()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const P256DH: &str =
        "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
    const AUTH: &str = "BTBZMqHH6r4Tts7J_aSIgg";

    #[test]
    fn what_browsers_give_is_read_and_nothing_else() {
        let read = WebPushSubscription::new;
        let endpoint = "https://push.example.net/push/S3CRET";
        let subscription = read(endpoint, P256DH, AUTH).unwrap();
        let json = format!(
            r#"{{"endpoint":"{endpoint}","expirationTime":null,"keys":{{"p256dh":"{P256DH}","auth":"{AUTH}"}}}}"#
        );
        let from_json = WebPushSubscription::from_json(&json).unwrap();
        assert_eq!(from_json.endpoint(), subscription.endpoint());
        for wrong in ["", "{}", "[]", endpoint] {
            let error = WebPushSubscription::from_json(wrong).unwrap_err();
            assert_eq!(error, SubscriptionError::Json);
        }
        assert_eq!(
            format!("{subscription:?}"),
            "WebPushSubscription(https://push.example.net)"
        );
        assert!(read(endpoint, &format!("{P256DH}="), &format!("{AUTH}==")).is_ok());
        let error = |endpoint, p256dh, auth| read(endpoint, p256dh, auth).unwrap_err();
        assert_eq!(error("push", P256DH, AUTH), SubscriptionError::Endpoint);
        let long = format!(
            "https://push.example.net/{}",
            "a".repeat(ENDPOINT_URL_BYTES_MAX)
        );
        assert_eq!(error(&long, P256DH, AUTH), SubscriptionError::Endpoint);
        // A point that is not on the curve.
        let off = P256DH.replace("iw4", "iw8");
        for bad in ["", "*", &P256DH[..80], &off] {
            assert_eq!(
                error(endpoint, bad, AUTH),
                SubscriptionError::PublicKey,
                "{bad}"
            );
        }
        for bad in ["", "*", &AUTH[..20], "BTBZMqHH6r4Tts7J_aSIggAA"] {
            assert_eq!(
                error(endpoint, P256DH, bad),
                SubscriptionError::Auth,
                "{bad}"
            );
        }
    }
}
