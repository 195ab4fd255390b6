//! A Google service account: signs for an access token, and keeps it until it runs out.
//!
//! The crate `gcp_auth` does the same, but repeats requests on its own, without a deadline, a bound on what it reads or a
//! clock that tests could set; when a token runs out everybody who waits asks for one after the other.

use std::fmt;
use std::sync::Arc;

use reqwest::Client;
use reqwest::header::CONTENT_TYPE;
use ring::signature::RsaKeyPair;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::Mutex;
use url::{Url, form_urlencoded};
use vigia_core::Clock;
use zeroize::Zeroizing;

use crate::ErrorClass;
use crate::http::{Failure, SendLimits, exchange};
use crate::push::{ANSWER_BYTES_MAX, jwt, provider_url};

/// What messages are sent with.
const SCOPE: &str = "https://www.googleapis.com/auth/firebase.messaging";

const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// Seconds that what we sign is good for: as long as Google takes.
const ASSERTION_S: u64 = 3_600;

/// Milliseconds before its end at which an access token is no longer used.
const RENEW_BEFORE_MS: u64 = 5 * 60_000;

/// Milliseconds after a failure in which nobody asks again: hundreds of attempts may be waiting.
const PAUSE_MS: u64 = 1_000;

pub(super) struct ServiceAccount {
    project_id: String,
    email: String,
    key_id: Option<String>,
    key: RsaKeyPair,
    token_url: Url,
    /// Held while one is asked for, so that one request serves all who wait.
    state: Mutex<TokenState>,
}

#[derive(Default)]
struct TokenState {
    access: Option<Arc<AccessToken>>,
    failed: Option<(u64, ErrorClass, String)>,
}

pub(super) struct AccessToken {
    pub(super) text: Zeroizing<String>,
    usable_until_ms: u64,
}

/// What the file holds, as far as it is used.
#[derive(Deserialize)]
struct KeyFile {
    project_id: String,
    client_email: String,
    private_key: Zeroizing<String>,
    private_key_id: Option<String>,
    token_uri: String,
}

#[derive(Deserialize)]
struct TokenAnswer {
    access_token: Zeroizing<String>,
    expires_in: u64,
}

impl ServiceAccount {
    /// Reads the JSON that Google gives out. Errors show none of it.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let file: KeyFile = serde_json::from_slice(bytes).map_err(|_| {
            "it is not the JSON key of a Google service account: make one in the Firebase console, \
             project settings, service accounts"
                .to_owned()
        })?;
        let is_plain =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b':' | b'.');
        if file.project_id.is_empty() || !file.project_id.bytes().all(is_plain) {
            return Err("its project_id is not that of a Google project".to_owned());
        }
        let der = PrivatePkcs8KeyDer::from_pem_slice(file.private_key.as_bytes())
            .map_err(|_| "its private_key is not a key in PEM (PKCS#8)".to_owned())?;
        let key = RsaKeyPair::from_pkcs8(der.secret_pkcs8_der())
            .map_err(|_| "its private_key is not an RSA key of 2,048 bits or more".to_owned())?;
        let token_url =
            provider_url("its token_uri", &file.token_uri).map_err(|error| error.to_string())?;
        Ok(Self {
            project_id: file.project_id,
            email: file.client_email,
            key_id: file.private_key_id,
            key,
            token_url,
            state: Mutex::default(),
        })
    }

    pub(super) fn project_id(&self) -> &str {
        &self.project_id
    }

    /// A token that is good for a while, asked for if need be.
    pub(super) async fn access_token(
        &self,
        client: &Client,
        limits: &SendLimits,
        clock: &dyn Clock,
    ) -> Result<Arc<AccessToken>, Failure> {
        let mut state = self.state.lock().await;
        let now_ms = clock.now_ms();
        if let Some(access) = &state.access
            && now_ms < access.usable_until_ms
        {
            return Ok(access.clone());
        }
        if let Some((at_ms, class, detail)) = &state.failed
            && (*at_ms..at_ms.saturating_add(PAUSE_MS)).contains(&now_ms)
        {
            let (class, detail) = (*class, detail.clone());
            return Err(Failure { class, detail });
        }
        match self.ask(client, limits, now_ms).await {
            Ok(access) => {
                let access = Arc::new(access);
                *state = TokenState {
                    access: Some(access.clone()),
                    failed: None,
                };
                Ok(access)
            }
            Err(failure) => {
                state.failed = Some((now_ms, failure.class, failure.detail.clone()));
                Err(failure)
            }
        }
    }

    /// The provider does not take this token, whatever its time.
    pub(super) async fn forget(&self, refused: &Arc<AccessToken>) {
        let mut state = self.state.lock().await;
        // Another attempt may have renewed it meanwhile.
        if state
            .access
            .as_ref()
            .is_some_and(|access| Arc::ptr_eq(access, refused))
        {
            state.access = None;
        }
    }

    async fn ask(
        &self,
        client: &Client,
        limits: &SendLimits,
        now_ms: u64,
    ) -> Result<AccessToken, Failure> {
        let assertion = self.assertion(now_ms).ok_or_else(|| Failure {
            class: ErrorClass::Credentials,
            detail: "the request for an access token cannot be signed".to_owned(),
        })?;
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", GRANT)
            .append_pair("assertion", &assertion)
            .finish();
        let request = client
            .post(self.token_url.clone())
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form);
        let answer = exchange(request, limits, ANSWER_BYTES_MAX).await;
        let answer = answer.map_err(|failure| Failure {
            detail: format!("no access token from Google: {}", failure.detail),
            ..failure
        })?;
        if answer.status != 200 {
            return Err(refused(answer.status, &answer.body));
        }
        let token: TokenAnswer = serde_json::from_slice(&answer.body).map_err(|_| Failure {
            class: ErrorClass::Provider,
            detail: "Google's answer to the request for an access token holds none".to_owned(),
        })?;
        let lasts_ms = token.expires_in.saturating_mul(1_000);
        Ok(AccessToken {
            text: token.access_token,
            usable_until_ms: now_ms.saturating_add(lasts_ms.saturating_sub(RENEW_BEFORE_MS)),
        })
    }

    fn assertion(&self, now_ms: u64) -> Option<String> {
        let issued_s = now_ms / 1_000;
        let mut header = json!({ "alg": "RS256", "typ": "JWT" });
        if let Some(key_id) = &self.key_id {
            header["kid"] = key_id.as_str().into();
        }
        let claims = json!({
            "iss": self.email,
            "scope": SCOPE,
            "aud": self.token_url.as_str(),
            "iat": issued_s,
            "exp": issued_s + ASSERTION_S,
        });
        jwt::rs256(&header, &claims, &self.key)
    }
}

impl fmt::Debug for ServiceAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServiceAccount({})", self.project_id)
    }
}

/// What Google says when it gives no token (RFC 6749, 5.2). Its words hold nothing of ours.
fn refused(status: u16, body: &[u8]) -> Failure {
    #[derive(Deserialize)]
    struct Refused {
        error: String,
        #[serde(default)]
        error_description: String,
    }
    let class = match status {
        429 | 500.. => ErrorClass::Provider,
        _ => ErrorClass::Credentials,
    };
    let said = match serde_json::from_slice::<Refused>(body) {
        Ok(said) => format!("{} {}", said.error, said.error_description),
        Err(_) => format!("status {status}"),
    };
    Failure {
        class,
        detail: format!(
            "Google gives no access token: {}",
            crate::response_head(said.as_bytes(), 256)
        ),
    }
}
