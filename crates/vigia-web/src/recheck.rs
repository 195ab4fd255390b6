//! Live readers stay for hours, what they signed in by may not: it is looked at again and again, and whose session or
//! token has ended or was taken back is a reader no more within [`crate::WebLimits::recheck_interval`].

use std::sync::Arc;

use axum::http::HeaderMap;

use crate::app::App;
use crate::reader::Reader;
use crate::{AuthError, Identity};

/// Ends when the server stops, or what `reader` signed in by no longer holds.
pub(crate) fn over(
    app: Arc<App>,
    reader: &Reader,
    headers: HeaderMap,
) -> impl Future<Output = ()> + Send + 'static {
    let ended = ended(app.clone(), reader, headers);
    async move {
        tokio::select! {
            () = app.stopping.clone().stopped() => {}
            () = ended => {}
        }
    }
}

/// Ends when what `reader` signed in by, which is in `headers`, no longer holds, or holds for something else. What
/// cannot be looked up at the moment is looked up again.
pub(crate) fn ended(
    app: Arc<App>,
    reader: &Reader,
    headers: HeaderMap,
) -> impl Future<Output = ()> + Send + 'static {
    let was = reader.clone();
    let is_same = move |now: &Identity| {
        now.principal == was.principal
            && now.may_write == was.may_write
            && now.application == was.application
    };
    async move {
        loop {
            tokio::time::sleep(app.config.limits.recheck_interval).await;
            match app.context.authenticator.authenticate(&headers).await {
                Ok(now) if is_same(&now) => {}
                Err(AuthError::Store(_) | AuthError::KeysUnavailable) => {}
                _ => return,
            }
        }
    }
}
