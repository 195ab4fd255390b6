//! What a process makes sure of on its side of a connection to Postgres: that every call is answered in
//! time, and that connections which are of no use any more are replaced.
//!
//! The server's own limits do not help where the server stands still or the network swallows what is
//! sent. And a connection that was opened while its database was read-only stays so for as long as it
//! lives, as does one to a server that has become a standby.

use std::future::Future;
use std::io::ErrorKind;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::{Result, StoreError};

/// How much longer than a statement may take its answer is waited for.
const ANSWER_MARGIN: Duration = Duration::from_secs(5);

/// How the calls of one transaction are made.
#[derive(Clone)]
pub(crate) struct Session {
    /// Whether statements may be prepared for the life of the connection.
    pub(crate) persistent: bool,
    pub(super) patience: Duration,
    pub(super) renewal: Renewal,
}

impl Session {
    pub(super) fn new(statement_timeout: Duration, persistent: bool) -> Self {
        Self {
            persistent,
            patience: statement_timeout.saturating_add(ANSWER_MARGIN),
            renewal: Renewal::default(),
        }
    }

    /// Makes a call.
    pub(super) async fn answer<T>(
        &self,
        call: impl Future<Output = std::result::Result<T, sqlx::Error>>,
    ) -> Result<T> {
        let answer = tokio::time::timeout(self.patience, call).await;
        let error = match answer {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => StoreError::from(error),
            Err(_) => {
                let problem = format!("no answer within {} s", self.patience.as_secs());
                self.give_up_connections();
                let silence = std::io::Error::new(ErrorKind::TimedOut, problem);
                StoreError::Unavailable(sqlx::Error::Io(silence))
            }
        };
        if matches!(error, StoreError::ReadOnly(_)) {
            self.give_up_connections();
        }
        Err(error)
    }

    /// What is open now is closed when it comes back, and replaced.
    pub(crate) fn give_up_connections(&self) {
        self.renewal.renew();
    }
}

/// Since when connections are of use.
#[derive(Clone, Default)]
pub(super) struct Renewal(Arc<Mutex<Option<Instant>>>);

impl Renewal {
    /// Connections opened so far are not used again.
    pub(super) fn renew(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// Whether a connection of this age may be used.
    pub(super) fn is_current(&self, age: Duration) -> bool {
        let since = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        since.is_none_or(|since| age < since.elapsed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_not_answered_is_given_up_and_the_connection_with_it() {
        let session = Session::new(Duration::from_secs(1), true);
        let age = Duration::from_secs(3600);
        assert!(session.renewal.is_current(age));
        let never = std::future::pending::<std::result::Result<(), sqlx::Error>>();
        let error = session.answer(never).await.unwrap_err();
        assert!(error.is_transient(), "{error:?}");
        assert!(!session.renewal.is_current(age));
        assert!(session.renewal.is_current(Duration::ZERO));
    }
}
