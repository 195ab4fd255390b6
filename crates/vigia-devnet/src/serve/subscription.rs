//! `SubscriptionService`: streams that begin behind the tip of now and never end by themselves.

use std::{collections::VecDeque, sync::Arc};

use futures::stream;
use sui_rpc::proto::sui::rpc::v2::{
    self as proto, subscription_service_server::SubscriptionService,
};
use tokio::sync::watch;
use tonic::{Request, Response, Status, codegen::BoxStream};

use super::{
    cursor::Position,
    face::Face,
    filter::Filter,
    items,
    ledger::{checkpoint_mask, transaction_mask},
    mask,
    misbehaviour::Changes,
    scan::{Item, watermark},
    stored::Stored,
};

/// A filtered stream says at least this often, in checkpoints, how far it has looked.
const PROGRESS_EVERY: u64 = 25;

/// Live streams of a face.
pub(crate) struct Subscriptions {
    pub(crate) face: Arc<Face>,
}

#[tonic::async_trait]
impl SubscriptionService for Subscriptions {
    async fn subscribe_checkpoints(
        &self,
        request: Request<proto::SubscribeCheckpointsRequest>,
    ) -> Result<Response<BoxStream<proto::SubscribeCheckpointsResponse>>, Status> {
        let request = request.into_inner();
        let mask = checkpoint_mask(request.read_mask)?;
        let filter = request.filter.map(Filter::transactions).transpose()?;
        let progress = Progress::new(filter.is_some());
        let progress_frame = frame_of(|cursor| {
            let mut response = proto::SubscribeCheckpointsResponse::default();
            response.cursor = Some(cursor);
            response
        });
        let face = self.face.clone();
        Ok(self.stream(progress, progress_frame, move |stored| {
            if items::of_filter(&face, stored, filter.as_ref(), items::checkpoints).is_empty() {
                return vec![];
            }
            let number = stored.sequence_number();
            let mut response = proto::SubscribeCheckpointsResponse::default();
            response.cursor = (!face.lacks_cursor(number)).then_some(number);
            response.checkpoint = Some(face.tell_checkpoint(stored, &mask));
            vec![response]
        }))
    }

    async fn subscribe_transactions(
        &self,
        request: Request<proto::SubscribeTransactionsRequest>,
    ) -> Result<Response<BoxStream<proto::SubscribeTransactionsResponse>>, Status> {
        let request = request.into_inner();
        let mask = transaction_mask(request.read_mask)?;
        let filter = request.filter.map(Filter::transactions).transpose()?;
        let progress = Progress::new(filter.is_some());
        let progress_frame = frame_of(|cursor| {
            let mut response = proto::SubscribeTransactionsResponse::default();
            response.watermark = Some(watermark(Position::checkpoint(cursor), Some(cursor)));
            response
        });
        let face = self.face.clone();
        Ok(self.stream(progress, progress_frame, move |stored| {
            let items = items::of_filter(&face, stored, filter.as_ref(), items::transactions);
            placed(stored, items)
                .map(|(item, watermark)| {
                    let mut response = proto::SubscribeTransactionsResponse::default();
                    if let Item::Transaction(index) = item {
                        response.transaction = face.tell_transaction(stored, index, &mask);
                    }
                    response.watermark = Some(watermark);
                    response
                })
                .collect()
        }))
    }

    async fn subscribe_events(
        &self,
        request: Request<proto::SubscribeEventsRequest>,
    ) -> Result<Response<BoxStream<proto::SubscribeEventsResponse>>, Status> {
        let request = request.into_inner();
        let mask = mask::read_mask::<proto::Event>(request.read_mask, mask::EVENT_DEFAULT)?;
        let filter = request.filter.map(Filter::events).transpose()?;
        // Checkpoints without events are common, so this stream reports progress without a filter too.
        let progress = Progress::new(true);
        let progress_frame = frame_of(|cursor| {
            let mut response = proto::SubscribeEventsResponse::default();
            response.watermark = Some(watermark(Position::checkpoint(cursor), Some(cursor)));
            response
        });
        let face = self.face.clone();
        Ok(self.stream(progress, progress_frame, move |stored| {
            let items = items::of_filter(&face, stored, filter.as_ref(), items::events);
            placed(stored, items)
                .map(|(item, watermark)| {
                    let mut response = proto::SubscribeEventsResponse::default();
                    if let Item::Event(transaction, index) = item {
                        let place = (transaction, index);
                        response.event = face.tell_event(stored, place, &mask);
                    }
                    response.watermark = Some(watermark);
                    response
                })
                .collect()
        }))
    }
}

/// Items of one checkpoint with their watermarks; the last one covers the checkpoint.
fn placed(stored: &Stored, items: Vec<Item>) -> impl Iterator<Item = (Item, proto::Watermark)> {
    let sequence_number = stored.sequence_number();
    let count = items.len();
    items.into_iter().enumerate().map(move |(index, item)| {
        let covered = if index + 1 == count {
            Some(sequence_number)
        } else {
            sequence_number.checked_sub(1)
        };
        (item, watermark(item.position(sequence_number), covered))
    })
}

type Frames<T> = Box<dyn FnMut(&Arc<Stored>) -> Vec<T> + Send>;
type ProgressFrame<T> = Box<dyn Fn(u64) -> T + Send>;

fn frame_of<T>(frame: impl Fn(u64) -> T + Send + 'static) -> ProgressFrame<T> {
    Box::new(frame)
}

/// When a stream reports progress without an item.
struct Progress {
    enabled: bool,
    silent: u64,
}

impl Progress {
    fn new(enabled: bool) -> Self {
        Self { enabled, silent: 0 }
    }

    /// Notes a checkpoint; says whether it is time for a report.
    fn is_due(&mut self, delivered: bool) -> bool {
        self.silent = if delivered { 0 } else { self.silent + 1 };
        let due = self.enabled && self.silent == PROGRESS_EVERY;
        if due {
            self.silent = 0;
        }
        due
    }
}

/// One subscriber, somewhere at or behind the tip.
struct Follower<T> {
    face: Arc<Face>,
    changes: Changes,
    tip: watch::Receiver<Option<u64>>,
    closing: watch::Receiver<bool>,
    next: u64,
    ready: VecDeque<T>,
    progress: Progress,
    progress_frame: ProgressFrame<T>,
    frames: Frames<T>,
}

impl Subscriptions {
    /// One message for every checkpoint from now on.
    pub(crate) fn every_checkpoint<T: Send + 'static>(
        &self,
        message: impl Fn(&Arc<Stored>) -> T + Send + 'static,
    ) -> Response<BoxStream<T>> {
        let unused = frame_of(|_| unreachable!("an unfiltered stream reports no progress"));
        self.stream(Progress::new(false), unused, move |stored| {
            vec![message(stored)]
        })
    }

    fn stream<T: Send + 'static>(
        &self,
        progress: Progress,
        progress_frame: ProgressFrame<T>,
        frames: impl FnMut(&Arc<Stored>) -> Vec<T> + Send + 'static,
    ) -> Response<BoxStream<T>> {
        let seen = self.face.live_tip();
        let first = seen.filter(|_| progress.enabled);
        let follower = Follower {
            face: self.face.clone(),
            changes: self.face.faults.changes(),
            closing: self.face.closing(),
            tip: self.face.follow(),
            next: seen.map_or(0, |seen| seen + 1),
            ready: first.map(&progress_frame).into_iter().collect(),
            progress,
            progress_frame,
            frames: Box::new(frames),
        };
        let messages = stream::try_unfold(follower, |mut follower| async move {
            let message = follower.next_message().await?;
            Ok(Some((message, follower)))
        });
        Response::new(Box::pin(messages))
    }
}

impl<T> Follower<T> {
    /// The next frame; never ends by itself.
    async fn next_message(&mut self) -> Result<T, Status> {
        loop {
            if let Some(message) = self.ready.pop_front() {
                return Ok(message);
            }
            self.next_is_live().await?;
            let next = self.next;
            let stored = self.face.checkpoint(next).ok_or_else(|| {
                Status::resource_exhausted(format!("subscriber fell behind checkpoint {next}"))
            })?;
            self.ready.extend((self.frames)(&stored));
            if self.progress.is_due(!self.ready.is_empty()) {
                self.ready.push_back((self.progress_frame)(next));
            }
            self.next += 1;
        }
    }

    /// Waits until the face shows the next checkpoint.
    async fn next_is_live(&mut self) -> Result<(), Status> {
        loop {
            // Noted before the look, so that no change after it is missed.
            self.tip.borrow_and_update();
            if self.face.live_tip() >= Some(self.next) {
                return Ok(());
            }
            tokio::select! {
                _ = self.tip.changed() => {}
                () = self.changes.next() => {}
                _ = self.closing.wait_for(|closing| *closing) => {
                    return Err(Status::unavailable("node is shutting down"));
                }
            }
        }
    }
}
