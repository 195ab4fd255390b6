//! What carries frames, and which of it this vigia was built with.

use serde::{Deserialize, Serialize};

/// What carries frames from pollers to workers.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum TransportKind {
    /// A channel inside one process.
    Memory,
    /// Redis Streams.
    Redis,
    /// Amazon SQS.
    Sqs,
}

impl TransportKind {
    /// All there are.
    pub const ALL: [Self; 3] = [Self::Memory, Self::Redis, Self::Sqs];

    /// Its name in the settings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Redis => "redis",
            Self::Sqs => "sqs",
        }
    }

    /// Whether this vigia was built with it.
    pub fn is_built_in(self) -> bool {
        match self {
            Self::Memory | Self::Redis => true,
            Self::Sqs => cfg!(feature = "sqs"),
        }
    }

    /// The names of those that this vigia was built with.
    pub fn built_in() -> String {
        let built_in = Self::ALL.into_iter().filter(|kind| kind.is_built_in());
        built_in.map(Self::as_str).collect::<Vec<_>>().join(", ")
    }
}
