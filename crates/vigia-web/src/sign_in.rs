//! Sign-in: passwords for people, tokens for programs, sessions for browsers, and tokens of another issuer.
//!
//! What is wrong with an attempt is not told apart, neither in words nor by time: a name that nobody
//! has costs the same hash as one with a password.

mod attempts;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, COOKIE, USER_AGENT};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use vigia_core::{Clock, Principal, User, UserRole};
use vigia_store::{ApplicationScopes, SecretHash, SessionSpec, SignInStore, SignedIn};

use crate::credentials::{Secret, password_hash, password_matches, secret_hash};
use crate::shared::Shared;
use crate::{AuthError, Authenticator, Identity, JwtVerifier, SharedCounts, TOKEN_PREFIX, Wallets};
use attempts::Attempts;

/// Passwords that are hashed at once: each takes a core and 19 MiB (I-13).
const HASHING_MAX: usize = 2;
/// Attempts that wait for their turn.
const WAITING_MAX: usize = 50;
/// Bytes kept of what a browser says it is.
const CLIENT_BYTES_MAX: usize = 200;
/// Cookie of a session; over TLS its name binds it to this host alone.
const COOKIE_NAME: &str = "vigia_session";
const SECURE_COOKIE_NAME: &str = "__Host-vigia_session";

/// How sessions are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignInSettings {
    /// How long a session lasts from its last use on.
    pub session_lifetime: Duration,
    /// Whether browsers reach this over TLS, and should keep the cookie to it.
    pub https: bool,
}

/// What became of an attempt.
#[derive(Debug)]
pub(crate) enum Attempt {
    /// This cookie is the session.
    SignedIn(String),
    /// The name or the password is wrong.
    Refused,
    /// There were too many attempts with this name; wait so long.
    TooMany(Duration),
    /// Too many people sign in at this moment.
    Busy,
}

/// Signs people in and knows them again.
pub struct SignIn {
    store: Arc<dyn SignInStore>,
    clock: Arc<dyn Clock>,
    settings: SignInSettings,
    jwt: Option<JwtVerifier>,
    wallets: Option<Wallets>,
    attempts: Attempts,
    hashing: Arc<Semaphore>,
    waiting: Semaphore,
}

impl SignIn {
    /// Signs in the users of `store`.
    pub fn new(
        store: Arc<dyn SignInStore>,
        clock: Arc<dyn Clock>,
        settings: SignInSettings,
    ) -> Self {
        Self {
            store,
            settings,
            jwt: None,
            wallets: None,
            attempts: Attempts::new(Shared::new(None, clock.clone())),
            hashing: Arc::new(Semaphore::new(HASHING_MAX)),
            waiting: Semaphore::new(WAITING_MAX),
            clock,
        }
    }

    /// Counts wrong passwords together with other processes.
    #[must_use]
    pub fn with_counts(mut self, counts: Arc<dyn SharedCounts>) -> Self {
        let shared = Shared::new(Some(counts), Arc::clone(&self.clock));
        self.attempts = Attempts::new(shared);
        self
    }

    /// Takes signed tokens of another issuer too, for the users that their subjects name.
    #[must_use]
    pub fn with_jwt(mut self, jwt: JwtVerifier) -> Self {
        self.jwt = Some(jwt);
        self
    }

    /// Takes what wallets sign too, for whose personal account holds the address.
    #[must_use]
    pub fn with_wallets(mut self, wallets: Wallets) -> Self {
        self.wallets = Some(wallets);
        self
    }

    /// What wallets sign, where that counts.
    pub(crate) fn wallets(&self) -> Option<&Wallets> {
        self.wallets.as_ref()
    }

    /// A turn for what takes a processor; none where too many wait for theirs.
    pub(crate) async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        let _waiting = self.waiting.try_acquire().ok()?;
        Arc::clone(&self.hashing).acquire_owned().await.ok()
    }

    /// Who a bearer token is of: ours are known by how they begin, others are the issuer's, if there is one.
    async fn by_bearer(&self, token: &str) -> Result<Option<Identity>, AuthError> {
        match &self.jwt {
            Some(jwt) if !token.starts_with(TOKEN_PREFIX) => {
                let subject = jwt.subject(token).await?;
                let login = self.store.login_find(&subject).await?;
                login
                    .map(|login| Some(acts_as_user(login.user)))
                    .ok_or(AuthError::UnknownSubject)
            }
            _ => {
                let signed_in = self.store.token_use(&secret_hash(token)).await?;
                Ok(signed_in.map(Identity::from))
            }
        }
    }

    /// Whether browsers reach this over TLS.
    pub(crate) fn is_https(&self) -> bool {
        self.settings.https
    }

    /// Tries to sign in a user by password.
    pub(crate) async fn by_password(
        &self,
        name: &str,
        password: String,
        headers: &HeaderMap,
    ) -> Result<Attempt, AuthError> {
        if let Some(wait) = self.attempts.wait(name, self.clock.now_ms()).await {
            return Ok(Attempt::TooMany(wait));
        }
        let Ok(_waiting) = self.waiting.try_acquire() else {
            return Ok(Attempt::Busy);
        };
        // No name has a zero byte, and Postgres takes none.
        let login = match name.contains('\0') {
            true => None,
            false => self.store.login_find(name).await?,
        };
        let hash = login.as_ref().and_then(|login| login.password_hash.clone());
        let known = hash.is_some();
        let matches = self.matches(password, hash).await;
        match login {
            Some(login) if known && matches => {
                self.attempts.succeeded(name).await;
                let cookie = self.begin(login.user.id, headers).await?;
                tracing::info!(user = %login.user.external_id, "signed in");
                Ok(Attempt::SignedIn(cookie))
            }
            _ => {
                self.attempts.failed(name, self.clock.now_ms()).await;
                tracing::warn!("a sign-in was refused");
                Ok(Attempt::Refused)
            }
        }
    }

    /// Hashes in any case, away from the threads that serve.
    async fn matches(&self, password: String, hash: Option<String>) -> bool {
        // The semaphore is never closed.
        let turn = Arc::clone(&self.hashing).acquire_owned().await;
        let hashing = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            match hash.as_deref().or(nobodys_hash()) {
                Some(hash) => password_matches(&password, hash),
                None => false,
            }
        });
        hashing.await.unwrap_or(false)
    }

    /// Begins a session; returns its cookie.
    pub(crate) async fn begin(
        &self,
        user: vigia_core::UserId,
        headers: &HeaderMap,
    ) -> Result<String, AuthError> {
        let secret = Secret::generate("").map_err(|error| {
            tracing::error!(error = &error as &dyn std::error::Error, "no session");
            AuthError::SignInRequired
        })?;
        let spec = SessionSpec {
            secret_hash: secret.hash(),
            user,
            client: client(headers),
            expires_at_ms: self.clock.now_ms().saturating_add(self.lifetime_ms()),
        };
        self.store.session_begin(&spec).await?;
        Ok(self.cookie(secret.expose(), self.settings.session_lifetime))
    }

    /// Ends the session of a request; returns the cookie that forgets it.
    pub(crate) async fn end(&self, headers: &HeaderMap) -> Result<String, AuthError> {
        if let Some(secret) = self.cookie_of(headers) {
            self.store.session_end(&secret_hash(secret)).await?;
        }
        Ok(self.cookie("", Duration::ZERO))
    }

    /// What the database knows the session of a request by, where its cookie has one.
    pub(crate) fn session_hash(&self, headers: &HeaderMap) -> Option<SecretHash> {
        self.cookie_of(headers).map(secret_hash)
    }

    fn lifetime_ms(&self) -> u64 {
        u64::try_from(self.settings.session_lifetime.as_millis()).unwrap_or(u64::MAX)
    }

    fn cookie_name(&self) -> &'static str {
        match self.settings.https {
            true => SECURE_COOKIE_NAME,
            false => COOKIE_NAME,
        }
    }

    fn cookie(&self, value: &str, lasts: Duration) -> String {
        let secure = if self.settings.https { "; Secure" } else { "" };
        format!(
            "{}={value}; Path=/; Max-Age={}; SameSite=Lax; HttpOnly{secure}",
            self.cookie_name(),
            lasts.as_secs()
        )
    }

    fn cookie_of<'h>(&self, headers: &'h HeaderMap) -> Option<&'h str> {
        let name = self.cookie_name();
        let cookies = headers.get_all(COOKIE).iter();
        cookies
            .filter_map(|value| value.to_str().ok())
            .flat_map(|cookies| cookies.split(';'))
            .filter_map(|cookie| cookie.trim().split_once('='))
            .find_map(|(found, value)| (found == name && !value.is_empty()).then_some(value))
    }
}

#[async_trait]
impl Authenticator for SignIn {
    /// A token counts before a cookie: a program that sends both means the token.
    async fn authenticate(&self, headers: &HeaderMap) -> Result<Identity, AuthError> {
        let identity = match bearer(headers)? {
            Some(token) => self.by_bearer(token).await?,
            None => {
                let secret = self.cookie_of(headers).ok_or(AuthError::SignInRequired)?;
                let lifetime_ms = self.lifetime_ms();
                let found = self
                    .store
                    .session_use(&secret_hash(secret), lifetime_ms)
                    .await?;
                found.map(Identity::from)
            }
        };
        identity.ok_or(AuthError::SignInRequired)
    }

    fn sign_in(&self) -> Option<&SignIn> {
        Some(self)
    }
}

impl From<SignedIn> for Identity {
    fn from(signed_in: SignedIn) -> Self {
        let id = signed_in.user.id;
        Self {
            principal: match signed_in.role {
                UserRole::Admin => Principal::Admin(id),
                UserRole::Operator => Principal::Operator(id),
                UserRole::User => Principal::User(id),
            },
            user: Some(signed_in.user),
            may_write: signed_in.may_write,
            application: signed_in.application,
        }
    }
}

/// An issuer that tells people apart says nothing of what they may do here: its tokens make no operator.
fn acts_as_user(user: User) -> Identity {
    Identity {
        principal: Principal::User(user.id),
        user: Some(user),
        may_write: true,
        application: ApplicationScopes::default(),
    }
}

/// The token of `Authorization: Bearer TOKEN` (RFC 6750); another scheme is not understood.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, AuthError> {
    let Some(header) = headers.get(AUTHORIZATION) else {
        return Ok(None);
    };
    let words = header
        .to_str()
        .ok()
        .and_then(|header| header.split_once(' '));
    match words {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(Some(token.trim())),
        _ => Err(AuthError::SignInRequired),
    }
}

/// What the browser says it is, so that people know their sessions apart.
fn client(headers: &HeaderMap) -> String {
    let said = headers
        .get(USER_AGENT)
        .and_then(|agent| agent.to_str().ok());
    let mut said = said.unwrap_or_default().to_owned();
    // A header that is text is ASCII, so that every place is one between characters.
    said.truncate(CLIENT_BYTES_MAX);
    said
}

/// The hash of a password that nobody has, to hash against where there is none.
fn nobodys_hash() -> Option<&'static str> {
    static HASH: OnceLock<Option<String>> = OnceLock::new();
    let hash = HASH.get_or_init(|| {
        let secret = Secret::generate("").ok()?;
        password_hash(secret.expose()).ok()
    });
    hash.as_deref()
}
