//! Scans of the ledger for List requests: which items lie within the bounds, in which order, and
//! why the answer ends. What an item is, a checkpoint, a transaction or an event, is the caller's.

use std::{ops::Range, sync::Arc};

use sui_rpc::proto::sui::rpc::v2 as proto;
use sui_rpc::proto::sui::rpc::v2::{Ordering, QueryEnd, QueryEndReason, QueryOptions, Watermark};
use tonic::Status;

use super::{cursor::Position, stored::Stored, view::View};

/// A filtered request looks at no more checkpoints than this and then asks to be continued.
const SCANNED_MAX: usize = 500;

/// Bounds of a request as they came.
pub(crate) struct Query {
    pub(crate) start: Option<u64>,
    pub(crate) end: Option<u64>,
    pub(crate) options: Option<QueryOptions>,
    pub(crate) limit_default: u32,
    pub(crate) limit_max: u32,
    /// Without a filter every checkpoint has items, and the scan needs no bound.
    pub(crate) filtered: bool,
}

/// One frame of the answer, not rendered yet.
pub(crate) struct Frame {
    /// The checkpoint and the item's index in it.
    pub(crate) item: Option<(Arc<Stored>, Item)>,
    pub(crate) watermark: Watermark,
    pub(crate) end: Option<QueryEnd>,
}

/// An item inside a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    Checkpoint,
    Transaction(usize),
    Event(usize, usize),
}

impl Item {
    pub(crate) fn position(self, checkpoint: u64) -> Position {
        match self {
            Self::Checkpoint => Position::checkpoint(checkpoint),
            Self::Transaction(index) => Position::transaction(checkpoint, index),
            Self::Event(transaction, index) => Position::event(checkpoint, transaction, index),
        }
    }
}

/// The interval of a query against what the node has, and why it ends where it does.
struct Bounds {
    checkpoints: Range<u64>,
    after: Option<Position>,
    before: Option<Position>,
    descending: bool,
    limit: usize,
    /// Why the scan ends when it has seen everything.
    exhausted: QueryEndReason,
}

/// Frames of the answer to a query; `items` lists what matches in one checkpoint, in order.
pub(crate) fn scan(
    view: &View<'_>,
    query: Query,
    items: impl Fn(&Stored) -> Vec<Item>,
) -> Result<Vec<Frame>, Status> {
    let bounds = Bounds::new(view, &query)?;
    let mut frames = Frames {
        frames: vec![],
        covered: None,
    };
    let mut stored: Vec<_> = view.range(bounds.checkpoints.clone()).collect();
    if bounds.descending {
        stored.reverse();
    }
    for (scanned, (sequence_number, stored)) in stored.into_iter().enumerate() {
        if query.filtered && scanned == SCANNED_MAX {
            return Ok(frames.finish(QueryEndReason::ScanLimit, &bounds));
        }
        let mut matching = items(stored);
        matching.retain(|item| bounds.contain(item.position(*sequence_number)));
        if bounds.descending {
            matching.reverse();
        }
        if frames.push_all(stored, &matching, bounds.limit) {
            return Ok(frames.frames);
        }
        frames.covered = Some(*sequence_number);
    }
    Ok(frames.finish(bounds.exhausted, &bounds))
}

impl Bounds {
    fn new(view: &View<'_>, query: &Query) -> Result<Self, Status> {
        let (Some(lowest), Some(newest)) = (view.lowest(), view.newest()) else {
            return Err(Status::unavailable("no checkpoint yet"));
        };
        let tip_end = newest.sequence_number() + 1;
        check_range(query, lowest)?;
        let options = query.options.clone().unwrap_or_default();
        let decode = |cursor: Option<bytes::Bytes>| {
            let position = cursor.map(|bytes| Position::decode(&bytes));
            position.transpose()
        };
        let (after, before) = (decode(options.after)?, decode(options.before)?);
        let descending = options.ordering == Some(Ordering::Descending as i32);
        let start = query.start.unwrap_or_default();
        let end = query.end.unwrap_or(tip_end).min(tip_end);
        Ok(Self {
            exhausted: exhausted(query, (start, tip_end), (after, before), descending),
            checkpoints: narrowed(start..end.max(start), after, before),
            after,
            before,
            descending,
            limit: limit(options.limit, query),
        })
    }

    fn contain(&self, position: Position) -> bool {
        self.after.is_none_or(|after| position > after)
            && self.before.is_none_or(|before| position < before)
    }
}

fn check_range(query: &Query, lowest: u64) -> Result<(), Status> {
    match (query.start, query.end) {
        (Some(start), Some(end)) if start > end => Err(Status::invalid_argument(
            "start_checkpoint is above end_checkpoint",
        )),
        (Some(start), _) if start < lowest => Err(Status::not_found(format!(
            "checkpoint {start} is pruned, the lowest available is {lowest}"
        ))),
        _ => Ok(()),
    }
}

fn limit(asked: Option<u32>, query: &Query) -> usize {
    let limit = asked.filter(|limit| *limit > 0);
    let limit = limit.unwrap_or(query.limit_default).min(query.limit_max);
    usize::try_from(limit).expect("a page fits in memory")
}

/// Skips checkpoints that cursors exclude, without looking at them.
fn narrowed(range: Range<u64>, after: Option<Position>, before: Option<Position>) -> Range<u64> {
    let start = after.map_or(range.start, |p| range.start.max(p.checkpoint_number()));
    let end = before.map_or(range.end, |p| range.end.min(p.checkpoint_number() + 1));
    start..end.max(start)
}

/// Which bound a complete scan runs into: the tighter of checkpoint and cursor, or the tip.
fn exhausted(
    query: &Query,
    (start, tip_end): (u64, u64),
    (after, before): (Option<Position>, Option<Position>),
    descending: bool,
) -> QueryEndReason {
    if descending {
        return if start >= tip_end {
            QueryEndReason::LedgerTip
        } else if after.is_some_and(|after| after >= Position::before_checkpoint(start)) {
            QueryEndReason::CursorBound
        } else {
            QueryEndReason::CheckpointBound
        };
    }
    let end = query.end.unwrap_or(u64::MAX).min(tip_end);
    let cursor_first = before.is_some_and(|before| before <= Position::before_checkpoint(end));
    match query.end {
        _ if cursor_first => QueryEndReason::CursorBound,
        Some(end) if end <= tip_end => QueryEndReason::CheckpointBound,
        _ => QueryEndReason::LedgerTip,
    }
}

struct Frames {
    frames: Vec<Frame>,
    /// The last checkpoint in scan direction of which nothing is left.
    covered: Option<u64>,
}

impl Frames {
    /// Adds a checkpoint's items; says whether the page is full.
    fn push_all(&mut self, stored: &Arc<Stored>, matching: &[Item], limit: usize) -> bool {
        let sequence_number = stored.sequence_number();
        for (index, item) in matching.iter().enumerate() {
            let is_last = index + 1 == matching.len();
            let covered = if is_last {
                Some(sequence_number)
            } else {
                self.covered
            };
            let full = self.frames.len() + 1 == limit;
            self.frames.push(Frame {
                item: Some((stored.clone(), *item)),
                watermark: watermark(item.position(sequence_number), covered),
                end: full.then(|| end(QueryEndReason::ItemLimit)),
            });
            if full {
                return true;
            }
        }
        false
    }

    /// Adds the last frame, which carries no item.
    fn finish(mut self, reason: QueryEndReason, bounds: &Bounds) -> Vec<Frame> {
        let covered = self.covered_at_end(reason, bounds);
        let edge = |checkpoint| {
            if bounds.descending {
                Position::before_checkpoint(checkpoint)
            } else {
                Position::checkpoint(checkpoint)
            }
        };
        let cursor = if bounds.descending {
            bounds.after
        } else {
            bounds.before
        };
        let cursor = cursor.filter(|_| reason == QueryEndReason::CursorBound);
        let position = cursor.or(covered.map(edge));
        self.frames.push(Frame {
            item: None,
            watermark: watermark(
                position.unwrap_or_else(|| edge(bounds.checkpoints.start)),
                covered,
            ),
            end: Some(end(reason)),
        });
        self.frames
    }

    /// A scan that ran into the end of its interval covers all of it, even where the node has gaps.
    fn covered_at_end(&self, reason: QueryEndReason, bounds: &Bounds) -> Option<u64> {
        let range = &bounds.checkpoints;
        match reason {
            QueryEndReason::CheckpointBound if bounds.descending => Some(range.start),
            QueryEndReason::CheckpointBound | QueryEndReason::LedgerTip if !range.is_empty() => {
                Some(range.end - 1)
            }
            _ => self.covered,
        }
    }
}

pub(crate) fn watermark(position: Position, covered: Option<u64>) -> Watermark {
    let mut watermark = Watermark::default();
    watermark.cursor = Some(position.encode());
    watermark.checkpoint = covered;
    watermark
}

fn end(reason: QueryEndReason) -> QueryEnd {
    let mut end = proto::QueryEnd::default();
    end.reason = Some(reason as i32);
    end
}
