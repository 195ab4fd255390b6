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
use crate::fault::{FaultKind, Site};

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
        opened: Instant::now(),
        changes: face.faults.changes(),
        cut: face.faults.changes(),
        ready: VecDeque::new(),
        held: None,
        frames: 0,
        sent: 0,
        stalled: false,
        ended: false,
        face,
        carried,
        body,
    };
    StreamBody::new(stream::unfold(flow, |mut flow| async move {
        let next = flow.next().await?;
        Some((next, flow))
    }))
}

struct Flow {
    face: Arc<Face>,
    carried: Carried,
    body: Body,
    opened: Instant,
    changes: Changes,
    /// A second follower of changes, for what runs beside the first.
    cut: Changes,
    ready: VecDeque<Frame<Bytes>>,
    /// A frame that comes after the next one.
    held: Option<Frame<Bytes>>,
    /// Messages that the service gave, and pieces sent.
    frames: u64,
    sent: u64,
    stalled: bool,
    ended: bool,
}

type Sent = Result<Frame<Bytes>, Status>;

impl Flow {
    async fn next(&mut self) -> Option<Sent> {
        if self.ended {
            return None;
        }
        let mut closing = self.face.closing();
        let cut = is_cut(&self.face, &self.carried, self.opened, &mut self.cut);
        let step = step(
            &self.face,
            &self.carried,
            &mut self.body,
            &mut self.changes,
            State {
                ready: &mut self.ready,
                held: &mut self.held,
                frames: &mut self.frames,
                sent: &mut self.sent,
                stalled: &mut self.stalled,
            },
        );
        let sent = tokio::select! {
            biased;
            end = cut => Some(end),
            sent = step => sent,
            _ = closing.wait_for(|closing| *closing), if self.carried.stream.is_some() => {
                Some(Ok(status_frame("node is shutting down")))
            }
        };
        let last = sent.as_ref().is_none_or(|sent| match sent {
            Ok(frame) => frame.is_trailers(),
            Err(_) => true,
        });
        self.ended = last;
        sent
    }
}

/// Resolves when the stream is old enough to be cut.
async fn is_cut(face: &Face, carried: &Carried, opened: Instant, changes: &mut Changes) -> Sent {
    let Some(stream) = carried.stream else {
        return std::future::pending().await;
    };
    loop {
        let age = face.faults.ongoing(FaultKind::Cut);
        let age = age.and_then(|cut| cut.duration());
        let Some(age) = age else {
            changes.next().await;
            continue;
        };
        if opened.elapsed() >= age {
            let strike = face.faults.strike(FaultKind::Cut, Site::Stream(stream));
            match strike.map(|strike| strike.fault.part) {
                None => changes.changed().await,
                Some(Some("reset")) => return Err(Status::internal("reset")),
                Some(Some("connection")) => {
                    if let Some(line) = &carried.line {
                        line.cut();
                        // The stream ends with its connection, not before.
                        std::future::pending::<()>().await;
                    }
                    return Err(Status::internal("reset"));
                }
                Some(_) => return Ok(status_frame("stream was cut")),
            }
            continue;
        }
        tokio::select! {
            () = sleep_until(opened + age) => {}
            () = changes.next() => {}
        }
    }
}

/// What a flow has at hand.
struct State<'a> {
    ready: &'a mut VecDeque<Frame<Bytes>>,
    held: &'a mut Option<Frame<Bytes>>,
    frames: &'a mut u64,
    sent: &'a mut u64,
    stalled: &'a mut bool,
}

/// The next piece of the body.
async fn step(
    face: &Face,
    carried: &Carried,
    body: &mut Body,
    changes: &mut Changes,
    state: State<'_>,
) -> Option<Sent> {
    while state.ready.is_empty() {
        let Some(frame) = body.frame().await else {
            state.ready.extend(state.held.take());
            if state.ready.is_empty() {
                return None;
            }
            break;
        };
        let frame = match frame {
            Ok(frame) => frame,
            Err(status) => return Some(Err(status)),
        };
        match frame.into_data() {
            Ok(data) if face.faults.carries_badly() => {
                for message in messages(data) {
                    arrange(
                        face,
                        carried,
                        state.frames,
                        state.held,
                        state.ready,
                        message,
                    );
                }
            }
            Ok(data) => state.ready.push_back(Frame::data(data)),
            Err(trailers) => {
                state.ready.extend(state.held.take());
                state.ready.push_back(trailers);
            }
        }
    }
    stall(face, carried, changes, *state.sent, state.stalled).await;
    *state.sent += 1;
    let frame = state.ready.pop_front()?;
    let data = match frame.into_data() {
        Ok(data) => data,
        Err(trailers) => return Some(Ok(trailers)),
    };
    let site = Site::Call(carried.call);
    if !data.is_empty() && face.faults.strike(FaultKind::Truncate, site).is_some() {
        state.ready.clear();
        *state.held = None;
        *body = Body::new(broken());
        return Some(Ok(Frame::data(data.slice(..data.len().div_ceil(2)))));
    }
    let (now, later) = drip(face, carried, changes, data).await;
    if let Some(later) = later {
        state.ready.push_front(Frame::data(later));
    }
    Some(Ok(Frame::data(now)))
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

/// Puts a message where it goes among those to be sent.
fn arrange(
    face: &Face,
    carried: &Carried,
    frames: &mut u64,
    held: &mut Option<Frame<Bytes>>,
    ready: &mut VecDeque<Frame<Bytes>>,
    message: Bytes,
) {
    let number = *frames;
    *frames += 1;
    let subscription = carried.stream.filter(|_| carried.is_subscription);
    let Some(stream) = subscription else {
        ready.push_back(Frame::data(message));
        return;
    };
    let site = Site::Frame(stream, number);
    if held.is_none() && face.faults.strike(FaultKind::Reorder, site).is_some() {
        *held = Some(Frame::data(message));
        return;
    }
    if face.faults.strike(FaultKind::Duplicate, site).is_some() {
        ready.push_back(Frame::data(message.clone()));
    }
    ready.push_back(Frame::data(message));
    ready.extend(held.take());
}

/// Says nothing for a while, once per stream, after one to eight frames.
async fn stall(
    face: &Face,
    carried: &Carried,
    changes: &mut Changes,
    sent: u64,
    stalled: &mut bool,
) {
    const FRAMES_MAX: u64 = 8;
    let Some(stream) = carried.stream.filter(|_| !*stalled) else {
        return;
    };
    let due = |roll: u64| sent > roll % FRAMES_MAX;
    let kind = FaultKind::Stall;
    let site = Site::Stream(stream);
    let strike = face.faults.strike_if(kind, site, |_, roll| due(roll));
    if let Some(strike) = strike {
        *stalled = true;
        changes.sleep_while(kind, strike.fault.duration()).await;
    }
}

/// What may be sent now of some bytes, and what has to wait.
async fn drip(
    face: &Face,
    carried: &Carried,
    changes: &mut Changes,
    mut data: Bytes,
) -> (Bytes, Option<Bytes>) {
    let Some(slow) = face.faults.ongoing(FaultKind::SlowDrip) else {
        return (data, None);
    };
    let site = carried
        .stream
        .map_or(Site::Call(carried.call), Site::Stream);
    let drop = slow.count().div_ceil(DRIPS_PER_S);
    let drop = usize::try_from(drop).unwrap_or(usize::MAX);
    let is_slow = face.faults.keeps_striking(FaultKind::SlowDrip, site);
    if !is_slow || data.len() <= drop {
        return (data, None);
    }
    let now = data.split_to(drop);
    tokio::select! {
        () = sleep(DRIP_INTERVAL) => {}
        () = changes.changed() => {}
    }
    (now, Some(data))
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
