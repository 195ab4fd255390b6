//! Who asks the web role, and how that is known.

use std::sync::Arc;

use vigia_core::SystemClock;
use vigia_store::SqlStore;
use vigia_web::{Authenticator, JwksSource, JwtVerifier, LocalOperatorAuthenticator, SignIn};

use crate::config::{JwksPlace, Settings};
use crate::jwks::{FileJwks, HttpJwks};

/// Who tells people apart, if anybody.
pub(super) fn authenticator(
    settings: &Settings,
    store: &Arc<SqlStore>,
) -> anyhow::Result<Arc<dyn Authenticator>> {
    let Some(how) = settings.web.sign_in() else {
        return Ok(Arc::new(LocalOperatorAuthenticator));
    };
    let clock = Arc::new(SystemClock);
    let sign_in = SignIn::new(Arc::clone(store) as _, clock.clone(), how);
    let Some((jwt, place)) = settings.web.jwt.read()? else {
        return Ok(Arc::new(sign_in));
    };
    let source: Arc<dyn JwksSource> = match place {
        JwksPlace::Url(url) => Arc::new(HttpJwks::new(url)?),
        JwksPlace::File(path) => Arc::new(FileJwks::new(path)),
    };
    let jwt = JwtVerifier::new(jwt, source, clock);
    Ok(Arc::new(sign_in.with_jwt(jwt)))
}
