//! A stream of checkpoints that hold only the transactions which a filter of the provider's lets through.
//!
//! Headers of all checkpoints come as ever, linked and without a gap; beside them comes the filtered
//! stream, which says up to which checkpoint it has brought everything. A checkpoint goes out once it is
//! covered. Anything unexpected ends the stream with an error: the reader goes on with whole checkpoints
//! where this one stopped.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use futures::StreamExt;
use futures::stream::BoxStream;
use sui_rpc::client::{TransactionStreamFrame, TransactionStreamRequest, TransactionStreamStart};
use sui_rpc::field::{FieldMask, FieldMaskUtil};
use sui_rpc::proto::sui::rpc::v2 as proto;
use vigia_core::{Checkpoint, CheckpointHeader, Place};

use super::{Providers, ServerFilter, lock};
use crate::SourceError;
use crate::decode::{FILTERED_MASK, lone_transaction};
use crate::source::{CheckpointStream, HeaderStream, Start};

/// A filtered stream that covers nothing new for so long is given up. It tells of progress about every
/// 25 checkpoints.
const COVERED_WITHIN: Duration = Duration::from_secs(20);
/// Transactions that may wait for their headers.
const WAITING_MAX: usize = 10_000;

impl Providers {
    /// Whether the provider in use serves filtered streams and lists, as far as it was probed.
    pub fn filters(&self) -> bool {
        let Some(index) = self.current() else {
            return false;
        };
        let capabilities = lock(&self.0.members[index].capabilities);
        capabilities.as_ref().is_some_and(|served| {
            served.subscribe_transactions == Some(true) && served.list_transactions == Some(true)
        })
    }

    /// Follows the chain from `from` on, with only the transactions that `filter` lets through. Ends
    /// after an error.
    pub fn stream_filtered(&self, from: u64, filter: &ServerFilter) -> CheckpointStream {
        let client = self.client(self.current().unwrap_or(0));
        let request = TransactionStreamRequest::new()
            .with_read_mask(FieldMask::from_paths(FILTERED_MASK))
            .with_filter(filter.filter.clone())
            .with_start(TransactionStreamStart::Checkpoint(from));
        let filtered = Filtered {
            headers: self.headers(Start::Checkpoint(from)),
            frames: client.stream_transactions(request),
            url: client.url().to_owned(),
            from,
            pending: VecDeque::new(),
            covered: None,
            waiting: BTreeMap::new(),
        };
        futures::stream::unfold(Some(filtered), |filtered| async move {
            let mut filtered = filtered?;
            let item = filtered.next().await;
            let go_on = item.is_ok().then_some(filtered);
            Some((item, go_on))
        })
        .boxed()
    }
}

struct Filtered {
    headers: HeaderStream,
    frames: BoxStream<'static, Result<TransactionStreamFrame, tonic::Status>>,
    url: String,
    from: u64,
    /// Headers that are not covered yet.
    pending: VecDeque<CheckpointHeader>,
    /// Everything up to here was brought.
    covered: Option<u64>,
    waiting: BTreeMap<Place, proto::ExecutedTransaction>,
}

impl Filtered {
    /// The next checkpoint. Nothing is lost where this is given up.
    async fn next(&mut self) -> Result<Checkpoint, SourceError> {
        loop {
            let due = self.pending.front().map(|header| header.sequence);
            match due {
                None => {
                    let header = self.headers.next().await;
                    let header = header.unwrap_or_else(|| Err(self.problem("no headers come")))?;
                    self.pending.push_back(header);
                }
                Some(sequence) if self.covered >= Some(sequence) => return self.complete(),
                Some(_) => self.advance().await?,
            }
        }
    }

    /// Takes a frame of the filtered stream.
    async fn advance(&mut self) -> Result<(), SourceError> {
        let frame = match tokio::time::timeout(COVERED_WITHIN, self.frames.next()).await {
            Ok(Some(Ok(frame))) => frame,
            Ok(Some(Err(status))) => return Err(self.problem(super::describe(&status))),
            Ok(None) => return Err(self.problem("its filtered stream ended")),
            Err(_) => return Err(self.problem("its filtered stream covers nothing new")),
        };
        if let Some(transaction) = frame.transaction {
            let place = self.place_of(&transaction)?;
            if self.covered >= Some(place.checkpoint) {
                return Err(self.problem("it sends what it said it had sent"));
            }
            self.waiting.insert(place, transaction);
            if self.waiting.len() > WAITING_MAX {
                return Err(self.problem("its filtered stream runs far ahead of its headers"));
            }
        }
        self.covered = self.covered.max(frame.covered_checkpoint);
        Ok(())
    }

    /// An absent number is not 0 (I-4).
    fn place_of(&self, transaction: &proto::ExecutedTransaction) -> Result<Place, SourceError> {
        let missing = |what: &str| SourceError::Missing {
            sequence: "of a filtered stream".to_owned(),
            what: what.to_owned(),
        };
        let checkpoint = transaction
            .checkpoint
            .ok_or_else(|| missing("checkpoint"))?;
        let index = transaction.transaction_index;
        let index = index.ok_or_else(|| missing("transaction_index"))?;
        let index = u32::try_from(index).map_err(|_| self.problem("an index is too large"))?;
        if checkpoint < self.from {
            return Err(self.problem("it sends what comes before where the stream begins"));
        }
        Ok(Place { checkpoint, index })
    }

    fn complete(&mut self) -> Result<Checkpoint, SourceError> {
        let Some(header) = self.pending.pop_front() else {
            return Err(self.problem("a header went missing"));
        };
        let mut transactions = Vec::new();
        while let Some(entry) = self.waiting.first_entry() {
            let place = *entry.key();
            if place.checkpoint > header.sequence {
                break;
            }
            let message = entry.remove();
            let transaction = lone_transaction(place, header.timestamp_ms, &message)?;
            let needed = || self.problem(format!("transaction {place} says too little by itself"));
            transactions.push(transaction.ok_or_else(needed)?);
        }
        Ok(Checkpoint {
            header,
            transactions,
            scanned: None,
        })
    }

    fn problem(&self, problem: impl ToString) -> SourceError {
        SourceError::Provider {
            url: self.url.clone(),
            problem: problem.to_string(),
            may_pass: true,
        }
    }
}
