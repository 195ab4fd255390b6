//! Who is asking: the seam between a request and the principal that all reads go through.

use async_trait::async_trait;
use axum::http::HeaderMap;
use vigia_core::{Principal, User};
use vigia_store::{ApplicationScopes, StoreError};

use crate::SignIn;

/// Why nobody is asking.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// The request does not say who is asking, or not convincingly.
    #[error("sign-in is required")]
    SignInRequired,
    /// It could not be looked up.
    #[error("who is asking could not be looked up")]
    Store(#[from] StoreError),
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
