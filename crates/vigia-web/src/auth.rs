//! Who is asking: the one seam that sign-in replaces.

use async_trait::async_trait;
use axum::http::HeaderMap;
use vigia_core::Principal;

/// The request does not say who is asking, or not convincingly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("sign-in is required")]
pub struct Unauthenticated;

/// Makes a principal from a request.
#[async_trait]
pub trait Authenticator: Send + Sync {
    /// Who sent a request with these headers.
    async fn authenticate(&self, headers: &HeaderMap) -> Result<Principal, Unauthenticated>;

    /// Whether it tells people apart. One that does not is only fit for loopback.
    fn is_sign_in(&self) -> bool;
}

/// Takes everybody who can connect for the operator at this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct LocalOperatorAuthenticator;

#[async_trait]
impl Authenticator for LocalOperatorAuthenticator {
    async fn authenticate(&self, _: &HeaderMap) -> Result<Principal, Unauthenticated> {
        Ok(Principal::LocalOperator)
    }

    fn is_sign_in(&self) -> bool {
        false
    }
}
