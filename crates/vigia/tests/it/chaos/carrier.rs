//! What carries frames from pollers to workers in a run of chaos, and how it is disturbed.

use std::sync::Arc;

use super::redis_repeater::RedisRepeater;
use crate::app::App;
use crate::servers::{Redis, Repeats, Sqs};

/// A transport and its server.
pub(super) enum Carrier {
    /// Pollers commit themselves. There is no message that anybody outside could repeat; pollers that
    /// read a shard at the same time, one of them after a SIGSTOP, commit the same frames twice.
    InProcess,
    Redis {
        server: Redis,
        repeats: Arc<Repeats>,
        _repeater: RedisRepeater,
    },
    Sqs {
        server: Sqs,
        repeats: Arc<Repeats>,
        purges: bool,
    },
}

impl Carrier {
    /// Redis; none where there is none.
    pub(super) fn redis(seed: u64) -> Option<Self> {
        let server = Redis::start()?;
        let repeats = Arc::new(Repeats::a_fifth());
        let repeater = RedisRepeater::start(server.url(), seed, Arc::clone(&repeats));
        Some(Self::Redis {
            server,
            repeats,
            _repeater: repeater,
        })
    }

    /// What imitates Amazon SQS; none where there is nothing that does.
    pub(super) async fn sqs(seed: u64) -> Option<Self> {
        if !cfg!(feature = "sqs") {
            eprintln!("skipped: built without the feature sqs");
            return None;
        }
        let repeats = Arc::new(Repeats::a_fifth());
        Some(Self::Sqs {
            server: Sqs::start(seed, Arc::clone(&repeats)).await?,
            repeats,
            purges: false,
        })
    }

    /// Its part of the configuration, within the table of the transport.
    pub(super) fn config(&self) -> String {
        match self {
            Self::InProcess => "kind = \"memory\"\n".to_owned(),
            Self::Redis { server, .. } => {
                format!("kind = \"redis\"\nredis_url = \"{}\"\n", server.url())
            }
            Self::Sqs { server, .. } => server.config(),
        }
    }

    pub(super) fn prepare(&self, app: App) -> App {
        match self {
            Self::Sqs { .. } => app.in_environment(&Sqs::environment()),
            Self::InProcess | Self::Redis { .. } => app,
        }
    }

    /// Takes all messages away; false where there are none.
    pub(super) async fn empty(&mut self) -> bool {
        match self {
            Self::InProcess => return false,
            Self::Redis { server, .. } => server.restart_empty(),
            // In turn: the queue alone, and the service with it.
            Self::Sqs { server, purges, .. } => {
                *purges = !*purges;
                match *purges {
                    true => server.purge().await,
                    false => server.restart_empty().await,
                }
            }
        }
        true
    }

    /// What became of messages.
    pub(super) fn repeats(&self) -> Option<&Repeats> {
        match self {
            Self::InProcess => None,
            Self::Redis { repeats, .. } | Self::Sqs { repeats, .. } => Some(repeats),
        }
    }
}
