//! What can go wrong between a poller and a worker.

use crate::codec::EncodeError;
use crate::depot::DepotError;

/// Why frames were not sent, received or acknowledged. None of it is a loss: what is not committed
/// is sent again.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// The other side of the channel is gone for good. Brokers never close.
    #[error("the transport is closed: nobody is left on its other side")]
    Closed,
    /// The broker could not be reached, or not now; the same call may go through later.
    #[error("{broker} does not answer while {doing}")]
    Unavailable {
        /// Which broker.
        broker: &'static str,
        /// What was tried.
        doing: &'static str,
        /// What the client says.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The broker answered, and will answer the same until somebody changes its settings or ours.
    #[error("{broker} refuses {doing}: check its address, credentials and permissions")]
    Refused {
        /// Which broker.
        broker: &'static str,
        /// What was tried.
        doing: &'static str,
        /// What the client says.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The frames cannot become messages.
    #[error("frames cannot be encoded")]
    Encode(#[from] EncodeError),
    /// The depot for large messages failed; the same call may go through later.
    #[error("the depot for large and refused messages failed")]
    Depot(#[source] DepotError),
    /// A receipt was shown to a receiver that did not hand it out.
    #[error("a receipt belongs to another receiver")]
    ForeignReceipt,
    /// A setting that no transport can work with.
    #[error("{setting} {problem}")]
    Setting {
        /// Which one.
        setting: &'static str,
        /// What is wrong with it.
        problem: String,
    },
}

impl TransportError {
    /// Whether the same call may go through later without anybody doing anything.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Depot(_))
    }
}
