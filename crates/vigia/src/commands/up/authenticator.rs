//! Who asks the web role, and how that is known.

use std::sync::Arc;

use vigia_core::SystemClock;
use vigia_store::SqlStore;
use vigia_web::{Authenticator, LocalOperatorAuthenticator, SignIn};

use crate::config::Settings;

/// Who tells people apart, if anybody.
pub(super) fn authenticator(settings: &Settings, store: &Arc<SqlStore>) -> Arc<dyn Authenticator> {
    match settings.web.sign_in() {
        Some(sign_in) => {
            let clock = Arc::new(SystemClock);
            Arc::new(SignIn::new(Arc::clone(store) as _, clock, sign_in))
        }
        None => Arc::new(LocalOperatorAuthenticator),
    }
}
