//! One connection to Redis that is opened when needed and again after it broke.

use std::sync::Arc;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, Cmd, ErrorKind, FromRedisValue, Pipeline, RedisError};
use tokio::sync::Mutex;

use super::NAME;
use crate::TransportError;

/// How long opening a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long an answer may take, beside what a command itself waits.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// A connection for one kind of use; blocking reads have theirs alone.
#[derive(Clone)]
pub(super) struct Link {
    client: Client,
    answer_timeout: Duration,
    connection: Arc<Mutex<Option<MultiplexedConnection>>>,
}

impl Link {
    /// A link whose commands wait for up to `wait` themselves; nothing is opened yet.
    pub(super) fn new(url: &str, wait: Duration) -> Result<Self, TransportError> {
        if url.starts_with("rediss:") {
            // Does nothing where the program has chosen already: it is ring everywhere.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        let client = Client::open(url).map_err(|error| TransportError::Setting {
            setting: "the URL of Redis",
            // The client's own words; never the URL, which may have a password.
            problem: format!("cannot be used ({:?})", error.kind()),
        })?;
        Ok(Self {
            client,
            answer_timeout: wait + ANSWER_TIMEOUT,
            connection: Arc::default(),
        })
    }

    /// Runs a command.
    pub(super) async fn query<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, RedisError> {
        let mut connection = self.connection().await?;
        let answer = command.query_async(&mut connection).await;
        self.check(answer).await
    }

    /// Runs several commands in one go.
    pub(super) async fn query_all<T: FromRedisValue>(
        &self,
        commands: &Pipeline,
    ) -> Result<T, RedisError> {
        let mut connection = self.connection().await?;
        let answer = commands.query_async(&mut connection).await;
        self.check(answer).await
    }

    async fn connection(&self) -> Result<MultiplexedConnection, RedisError> {
        let mut connection = self.connection.lock().await;
        if let Some(open) = &*connection {
            return Ok(open.clone());
        }
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT_TIMEOUT))
            .set_response_timeout(Some(self.answer_timeout));
        let opened = self
            .client
            .get_multiplexed_async_connection_with_config(&config)
            .await?;
        Ok(connection.insert(opened).clone())
    }

    /// Anything but an answer of the server costs the connection: what it still owes is not
    /// waited for. So does the answer of one that is no primary (any more): its name may by now
    /// lead to another.
    async fn check<T>(&self, answer: Result<T, RedisError>) -> Result<T, RedisError> {
        use redis::ServerErrorKind::{MasterDown, ReadOnly};
        if let Err(error) = &answer {
            let is_of_use = match error.kind() {
                ErrorKind::Server(kind) => !matches!(kind, MasterDown | ReadOnly),
                ErrorKind::Extension => true,
                _ => false,
            };
            if !is_of_use {
                *self.connection.lock().await = None;
            }
        }
        answer
    }
}

/// The error of a call, by whether waiting helps.
pub(super) fn failed(doing: &'static str, error: RedisError) -> TransportError {
    let source = Box::new(error);
    if is_refusal(&source) {
        TransportError::Refused {
            broker: NAME,
            doing,
            source,
        }
    } else {
        TransportError::Unavailable {
            broker: NAME,
            doing,
            source,
        }
    }
}

/// Somebody has to change something: credentials, permissions, a key of that name.
fn is_refusal(error: &RedisError) -> bool {
    let by_kind = matches!(
        error.kind(),
        ErrorKind::AuthenticationFailed | ErrorKind::InvalidClientConfig
    );
    let refusals = ["NOAUTH", "WRONGPASS", "NOPERM", "WRONGTYPE"];
    by_kind || error.code().is_some_and(|code| refusals.contains(&code))
}
