//! Who is asking: the seam between a request and the principal that all reads go through.

use async_trait::async_trait;
use axum::http::{HeaderMap, StatusCode};
use vigia_core::{Principal, User};
use vigia_store::{ApplicationScopes, StoreError};

use crate::SignIn;

/// Why nobody is asking.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// The request does not say who is asking, or not convincingly.
    #[error("sign-in is required")]
    SignInRequired,
    /// A bearer token that counts for nothing, and why not: nothing that only its issuer should know.
    #[error("the bearer token is refused: {0}")]
    TokenRefused(&'static str),
    /// A token that counts, of somebody who is no user here.
    #[error(
        "no user here has the subject of this token as external id: name the user to vigia first, then sign in again"
    )]
    UnknownSubject,
    /// The keys that would tell whether a token counts cannot be had.
    #[error("the keys of the token's issuer cannot be had at the moment; try again")]
    KeysUnavailable,
    /// It could not be looked up.
    #[error("who is asking could not be looked up")]
    Store(#[from] StoreError),
}

impl AuthError {
    /// The status of a reply that says so.
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::SignInRequired | Self::TokenRefused(_) => StatusCode::UNAUTHORIZED,
            Self::UnknownSubject => StatusCode::FORBIDDEN,
            Self::KeysUnavailable | Self::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// Who is asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// On whose behalf.
    pub principal: Principal,
    /// The user, where it is one.
    pub user: Option<User>,
    /// Whether anything may be changed: not with a token that may only read.
    pub may_write: bool,
    /// What may be done for an application.
    pub application: ApplicationScopes,
}

/// Makes a principal from a request.
#[async_trait]
pub trait Authenticator: Send + Sync {
    /// Who sent a request with these headers.
    async fn authenticate(&self, headers: &HeaderMap) -> Result<Identity, AuthError>;

    /// Where people sign in. None: people are not told apart, which is only fit for loopback.
    fn sign_in(&self) -> Option<&SignIn>;
}

/// Takes everybody who can connect for the operator at this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct LocalOperatorAuthenticator;

#[async_trait]
impl Authenticator for LocalOperatorAuthenticator {
    async fn authenticate(&self, _: &HeaderMap) -> Result<Identity, AuthError> {
        Ok(Identity {
            principal: Principal::LocalOperator,
            user: None,
            may_write: true,
            application: ApplicationScopes::default(),
        })
    }

    fn sign_in(&self) -> Option<&SignIn> {
        None
    }
}
