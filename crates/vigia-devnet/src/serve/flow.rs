//! How the body of an answer is carried: cut off, stalled, swapped, repeated, trickled. Knows gRPC's
//! framing and nothing of what is in the frames, which may be compressed.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use bytes::{Buf, Bytes};
use futures::stream;
use http::{HeaderMap, HeaderValue};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use tokio::time::{Instant, sleep, sleep_until};
use tonic::{Code, Status, body::Body};

use super::{face::Face, misbehaviour::Changes, socket::Line};
use crate::fault::{Fault, FaultKind, Site};

/// How often a trickle drips.
const DRIP_INTERVAL: Duration = Duration::from_millis(50);
const DRIPS_PER_S: u64 = 20;
/// Flag and length before each message.
const FRAME_HEADER: usize = 5;

/// What is known of an answer beside its body.
pub(crate) struct Carried {
    pub(crate) call: u64,
    /// The number of the stream, if it is one.
    pub(crate) stream: Option<u64>,
    pub(crate) is_subscription: bool,
    /// The connection it goes over.
    pub(crate) line: Option<Line>,
}

/// The body as a client gets it.
pub(crate) fn carry(
    face: Arc<Face>,
    carried: Carried,
    body: Body,
) -> impl http_body::Body<Data = Bytes, Error = Status> {
    let flow = Flow {
        scissors: Scissors {
            face: face.clone(),
            stream: carried.stream,
            line: carried.line.clone(),
            opened: Instant::now(),
            changes: face.faults.changes(),
        },
        pipe: Pipe {
            changes: face.faults.changes(),
            face,
            carried,
            body,
            ready: VecDeque::new(),
            held: None,
            received: 0,
            sent: 0,
            stalled: None,
        },
        ended: false,
    };
    StreamBody::new(stream::unfold(flow, |mut flow| async move {
        let next = flow.next().await?;
        Some((next, flow))
    }))
}

/// An answer on its way: what goes through, and what ends it before its time.
struct Flow {
    pipe: Pipe,
    scissors: Scissors,
    ended: bool,
}

type Sent = Result<Frame<Bytes>, Status>;

impl Flow {
    async fn next(&mut self) -> Option<Sent> {
        if self.ended {
            return None;
        }
        let mut closing = self.pipe.face.closing();
        let is_stream = self.pipe.carried.stream.is_some();
        let sent = tokio::select! {
            biased;
            end = self.scissors.cut() => Some(end),
            sent = self.pipe.next() => sent,
            _ = closing.wait_for(|closing| *closing), if is_stream => {
                Some(Ok(status_frame("node is shutting down")))
            }
        };
        self.ended = match &sent {
            Some(Ok(frame)) => frame.is_trailers(),
            Some(Err(_)) | None => true,
        };
        sent
    }
}

/// Cuts a stream when it is old enough.
struct Scissors {
    face: Arc<Face>,
    stream: Option<u64>,
    line: Option<Line>,
    opened: Instant,
    changes: Changes,
}

impl Scissors {
    /// How the stream ends, once it does.
    async fn cut(&mut self) -> Sent {
        let Some(stream) = self.stream else {
            return std::future::pending().await;
        };
        loop {
            let cut = self.face.faults.ongoing(FaultKind::Cut);
            let Some(age) = cut.and_then(|cut| cut.duration()) else {
                self.changes.next().await;
                continue;
            };
            if self.opened.elapsed() < age {
                tokio::select! {
                    () = sleep_until(self.opened + age) => {}
                    () = self.changes.next() => {}
                }
                continue;
            }
            let site = Site::Stream(stream);
            match self.face.faults.strike(FaultKind::Cut, site) {
                Some(strike) => return self.end(strike.fault.part).await,
                None => self.changes.changed().await,
            }
        }
    }

    async fn end(&self, how: Option<&str>) -> Sent {
        match (how, &self.line) {
            (Some("connection"), Some(line)) => {
                line.cut();
                // The stream ends with its connection, not before.
                std::future::pending().await
            }
            (Some("connection" | "reset"), _) => Err(Status::internal("reset")),
            _ => Ok(status_frame("stream was cut")),
        }
    }
}

/// The frames of an answer, from the service to the client.
struct Pipe {
    face: Arc<Face>,
    carried: Carried,
    body: Body,
    changes: Changes,
    ready: VecDeque<Frame<Bytes>>,
    /// A frame that comes after the next one.
    held: Option<Frame<Bytes>>,
    /// Messages that the service gave.
    received: u64,
    /// Pieces that went out.
    sent: u64,
    /// The faults under which it has stalled already, by when they were set.
    stalled: Option<Instant>,
}

impl Pipe {
    async fn next(&mut self) -> Option<Sent> {
        while self.ready.is_empty() {
            match self.body.frame().await {
                Some(Ok(frame)) => self.receive(frame),
                Some(Err(status)) => return Some(Err(status)),
                None => {
                    self.ready.extend(self.held.take());
                    break;
                }
            }
        }
        if self.ready.is_empty() {
            return None;
        }
        self.stall().await;
        self.sent += 1;
        let frame = self.ready.pop_front()?;
        match frame.into_data() {
            Ok(data) => Some(Ok(Frame::data(self.send(data).await))),
            Err(trailers) => Some(Ok(trailers)),
        }
    }

    fn receive(&mut self, frame: Frame<Bytes>) {
        match frame.into_data() {
            Ok(data) if self.face.faults.carries_badly() => {
                messages(data)
                    .into_iter()
                    .for_each(|message| self.arrange(message));
            }
            Ok(data) => self.ready.push_back(Frame::data(data)),
            Err(trailers) => {
                self.ready.extend(self.held.take());
                self.ready.push_back(trailers);
            }
        }
    }

    /// Puts a message where it goes among those to be sent.
    fn arrange(&mut self, message: Bytes) {
        let number = self.received;
        self.received += 1;
        let (faults, carried) = (&self.face.faults, &self.carried);
        let Some(stream) = carried.stream.filter(|_| carried.is_subscription) else {
            self.ready.push_back(Frame::data(message));
            return;
        };
        let site = Site::Frame(stream, number);
        if self.held.is_none() && faults.strike(FaultKind::Reorder, site).is_some() {
            self.held = Some(Frame::data(message));
            return;
        }
        if faults.strike(FaultKind::Duplicate, site).is_some() {
            self.ready.push_back(Frame::data(message.clone()));
        }
        self.ready.push_back(Frame::data(message));
        self.ready.extend(self.held.take());
    }

    /// Says nothing for a while, after one to eight frames; once per stream and set of faults.
    async fn stall(&mut self) {
        const FRAMES_MAX: u64 = 8;
        let kind = FaultKind::Stall;
        let set_at = self.face.faults.set_at();
        let Some(stream) = self.carried.stream else {
            return;
        };
        let due =
            |_: &Fault, roll: u64| self.stalled != Some(set_at) && self.sent > roll % FRAMES_MAX;
        let site = Site::Stream(stream);
        if let Some(strike) = self.face.faults.strike_if(kind, site, due) {
            self.stalled = Some(set_at);
            let length = strike.fault.duration();
            self.changes.sleep_while(kind, length).await;
        }
    }

    /// What goes out now of some bytes; the rest waits, or is never sent.
    async fn send(&mut self, mut data: Bytes) -> Bytes {
        let faults = &self.face.faults;
        let call = Site::Call(self.carried.call);
        if !data.is_empty() && faults.strike(FaultKind::Truncate, call).is_some() {
            self.ready.clear();
            self.held = None;
            self.body = Body::new(broken());
            return data.slice(..data.len().div_ceil(2));
        }
        let Some(slow) = faults.ongoing(FaultKind::SlowDrip) else {
            return data;
        };
        let site = self.carried.stream.map_or(call, Site::Stream);
        let drop = usize::try_from(slow.count().div_ceil(DRIPS_PER_S)).unwrap_or(usize::MAX);
        if data.len() <= drop || !faults.keeps_striking(FaultKind::SlowDrip, site) {
            return data;
        }
        let now = data.split_to(drop);
        self.ready.push_front(Frame::data(data));
        tokio::select! {
            () = sleep(DRIP_INTERVAL) => {}
            () = self.changes.changed() => {}
        }
        now
    }
}

/// Whole messages, each with its header. The services write no part of one.
fn messages(mut data: Bytes) -> Vec<Bytes> {
    let mut messages = vec![];
    while data.len() >= FRAME_HEADER {
        let length = (&data[1..FRAME_HEADER]).get_u32();
        let length = usize::try_from(length).expect("32 bits fit") + FRAME_HEADER;
        messages.push(data.split_to(length.min(data.len())));
    }
    if !data.is_empty() {
        messages.push(data);
    }
    messages
}

/// A body that is reset, once what was written before has gone out.
fn broken() -> impl http_body::Body<Data = Bytes, Error = Status> {
    StreamBody::new(stream::once(async {
        sleep(DRIP_INTERVAL).await;
        Err(Status::internal("reset"))
    }))
}

/// The end of a stream, with status Unavailable.
fn status_frame(message: &'static str) -> Frame<Bytes> {
    let mut trailers = HeaderMap::new();
    let code = HeaderValue::from(Code::Unavailable as i32);
    trailers.insert(Status::GRPC_STATUS, code);
    trailers.insert("grpc-message", HeaderValue::from_static(message));
    Frame::trailers(trailers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_told_apart_by_their_headers() {
        let two = Bytes::from_static(&[0, 0, 0, 0, 2, 7, 8, 1, 0, 0, 0, 0]);
        let lengths: Vec<_> = messages(two).iter().map(Bytes::len).collect();
        assert_eq!(lengths, [7, 5]);
        let broken = Bytes::from_static(&[0, 0, 0, 0, 9, 7]);
        assert_eq!(messages(broken).len(), 1);
        assert!(messages(Bytes::new()).is_empty());
    }
}
