//! Opaque cursors: a place in the canonical order of the ledger.

use bytes::Bytes;
use tonic::Status;

/// A place in ledger order: checkpoint, transaction in it, event in that.
///
/// `u32::MAX` stands for "after all of them", so that items of every kind share one order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    checkpoint: u64,
    transaction: u32,
    event: u32,
}

impl Position {
    const VERSION: u8 = 1;
    const LENGTH: usize = 17;

    /// A checkpoint as an item, and the place behind all that is in it.
    pub(crate) fn checkpoint(checkpoint: u64) -> Self {
        Self::event_at(checkpoint, u32::MAX, u32::MAX)
    }

    /// The place before everything in a checkpoint.
    pub(crate) fn before_checkpoint(checkpoint: u64) -> Self {
        Self::event_at(checkpoint, 0, 0)
    }

    pub(crate) fn transaction(checkpoint: u64, index: usize) -> Self {
        Self::event_at(checkpoint, index_u32(index), u32::MAX)
    }

    pub(crate) fn event(checkpoint: u64, transaction: usize, index: usize) -> Self {
        Self::event_at(checkpoint, index_u32(transaction), index_u32(index) + 1)
    }

    fn event_at(checkpoint: u64, transaction: u32, event: u32) -> Self {
        Self {
            checkpoint,
            transaction,
            event,
        }
    }

    pub(crate) fn checkpoint_number(self) -> u64 {
        self.checkpoint
    }

    pub(crate) fn encode(self) -> Bytes {
        let mut bytes = Vec::with_capacity(Self::LENGTH);
        bytes.push(Self::VERSION);
        bytes.extend(self.checkpoint.to_be_bytes());
        bytes.extend(self.transaction.to_be_bytes());
        bytes.extend(self.event.to_be_bytes());
        bytes.into()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Status> {
        let fields = match bytes {
            [Self::VERSION, fields @ ..] if bytes.len() == Self::LENGTH => fields,
            _ => return Err(Status::invalid_argument("invalid cursor")),
        };
        let (checkpoint, rest) = fields.split_at(8);
        let (transaction, event) = rest.split_at(4);
        let number = |bytes: &[u8]| bytes.iter().fold(0, |n, b| n << 8 | u64::from(*b));
        let part = |bytes| u32::try_from(number(bytes)).expect("four bytes");
        Ok(Self::event_at(
            number(checkpoint),
            part(transaction),
            part(event),
        ))
    }
}

fn index_u32(index: usize) -> u32 {
    u32::try_from(index).expect("a checkpoint holds far fewer items")
}

#[cfg(test)]
mod tests {
    use super::Position;

    #[test]
    fn survives_the_wire_in_order() {
        let ordered = [
            Position::before_checkpoint(7),
            Position::event(7, 0, 0),
            Position::event(7, 0, 1),
            Position::transaction(7, 0),
            Position::transaction(7, 1),
            Position::checkpoint(7),
            Position::before_checkpoint(8),
        ];
        assert!(ordered.is_sorted());
        for position in ordered {
            assert_eq!(Position::decode(&position.encode()).unwrap(), position);
        }
    }

    #[test]
    fn refuses_what_it_did_not_make() {
        assert!(Position::decode(b"").is_err());
        assert!(Position::decode(&[0; 17]).is_err());
    }
}
