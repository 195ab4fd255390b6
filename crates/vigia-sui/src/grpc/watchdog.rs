//! A watchdog for the bodies of answers that are left as bytes, as the SDK's client has one for its own.
//!
//! All calls of a connection share its receive window. A body that is held and not read keeps its part of it; enough of them
//! leave nothing for the others, and no ping tells, for pings are not subject to flow control. So a body that has handed over
//! nothing for a while is dropped, which resets its stream and gives the room back, whether its sender is silent or its reader
//! is. The timer is a task of its own because a reader that does not come would not drive it.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use http_body::{Frame, SizeHint};
use tokio::task::AbortHandle;
use tokio::time::Instant;
use tonic::Status;
use tonic::body::Body;
use tower::Service;

/// A channel whose answers are watched.
#[derive(Clone)]
pub(super) struct Watched<S> {
    inner: S,
    silence_max: Duration,
}

impl<S> Watched<S> {
    /// Gives up bodies that hand over nothing for `silence_max`.
    pub(super) fn new(inner: S, silence_max: Duration) -> Self {
        Self { inner, silence_max }
    }
}

impl<S> Service<http::Request<Body>> for Watched<S>
where
    S: Service<http::Request<Body>, Response = http::Response<Body>>,
    S::Future: Send + 'static,
{
    type Response = http::Response<Body>;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Self::Response, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let silence_max = self.silence_max;
        let response = self.inner.call(request);
        Box::pin(async move {
            let response = response.await?;
            Ok(response.map(|body| Body::new(WatchedBody::new(body, silence_max))))
        })
    }
}

/// A body with its watchdog. Dropping it ends both.
struct WatchedBody {
    watch: Arc<Mutex<Watch>>,
    watchdog: AbortHandle,
}

/// What the body's reader and its watchdog share.
struct Watch {
    state: State,
    /// When a frame was last handed over.
    handed_over: Instant,
    /// Who waits for a frame.
    reader: Option<Waker>,
}

enum State {
    Going(Body),
    /// The watchdog has dropped it, and its reader does not know yet.
    GivenUp,
    Over,
}

fn locked(watch: &Mutex<Watch>) -> MutexGuard<'_, Watch> {
    watch.lock().unwrap_or_else(PoisonError::into_inner)
}

impl WatchedBody {
    fn new(body: Body, silence_max: Duration) -> Self {
        let watch = Arc::new(Mutex::new(Watch {
            state: State::Going(body),
            handed_over: Instant::now(),
            reader: None,
        }));
        let watching = tokio::spawn(watch_over(Arc::clone(&watch), silence_max));
        Self {
            watch,
            watchdog: watching.abort_handle(),
        }
    }
}

async fn watch_over(watch: Arc<Mutex<Watch>>, silence_max: Duration) {
    loop {
        let until = locked(&watch).handed_over + silence_max;
        tokio::time::sleep_until(until).await;
        let mut watch = locked(&watch);
        if watch.handed_over + silence_max > Instant::now() {
            continue;
        }
        if matches!(watch.state, State::Going(_)) {
            watch.state = State::GivenUp;
            if let Some(reader) = watch.reader.take() {
                reader.wake();
            }
        }
        return;
    }
}

impl Drop for WatchedBody {
    fn drop(&mut self) {
        self.watchdog.abort();
    }
}

impl http_body::Body for WatchedBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let mut watch = locked(&self.watch);
        let polled = match &mut watch.state {
            State::Going(body) => Pin::new(body).poll_frame(context),
            State::GivenUp => Poll::Ready(Some(Err(Status::deadline_exceeded(
                "nothing of its answer was handed over for too long",
            )))),
            State::Over => Poll::Ready(None),
        };
        match &polled {
            Poll::Ready(Some(Ok(_))) => watch.handed_over = Instant::now(),
            Poll::Ready(_) => watch.state = State::Over,
            Poll::Pending => match &mut watch.reader {
                Some(reader) => reader.clone_from(context.waker()),
                none => *none = Some(context.waker().clone()),
            },
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        match &locked(&self.watch).state {
            State::Going(body) => body.is_end_stream(),
            State::GivenUp => false,
            State::Over => true,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &locked(&self.watch).state {
            State::Going(body) => body.size_hint(),
            State::GivenUp | State::Over => SizeHint::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use http_body::Body as _;

    use super::*;

    const SILENCE_MAX: Duration = Duration::from_secs(60);

    /// A body whose frames a test sends; it tells when it is dropped, for then its sender is closed.
    struct Sent(tokio::sync::mpsc::Receiver<Bytes>);

    impl http_body::Body for Sent {
        type Data = Bytes;
        type Error = Status;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
            let received = self.0.poll_recv(context);
            received.map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
        }
    }

    async fn body() -> (tokio::sync::mpsc::Sender<Bytes>, Body) {
        let (sender, receiver) = tokio::sync::mpsc::channel(4);
        let sent = Mutex::new(Some(Sent(receiver)));
        let inner = tower::service_fn(move |_| {
            let sent = sent.lock().unwrap().take().expect("one call");
            let response = http::Response::new(Body::new(sent));
            std::future::ready(Ok::<_, Infallible>(response))
        });
        let mut watched = Watched::new(inner, SILENCE_MAX);
        let answer = watched.call(http::Request::new(Body::empty()));
        (sender, answer.await.unwrap().into_body())
    }

    async fn frame(body: &mut Body) -> Option<Result<Bytes, Status>> {
        let frame = std::future::poll_fn(|context| Pin::new(&mut *body).poll_frame(context));
        let frame = frame.await?;
        Some(frame.map(|frame| frame.into_data().expect("data")))
    }

    #[tokio::test(start_paused = true)]
    async fn a_sender_that_is_silent_is_given_up() {
        let (sender, mut body) = body().await;
        let begun = Instant::now();
        for n in 0..5_u8 {
            // Just in time, again and again.
            tokio::time::advance(SILENCE_MAX - Duration::from_millis(1)).await;
            sender.send(Bytes::copy_from_slice(&[n])).await.unwrap();
            assert_eq!(frame(&mut body).await.unwrap().unwrap()[..], [n]);
        }
        let status = frame(&mut body).await.unwrap().unwrap_err();
        assert_eq!(status.code(), tonic::Code::DeadlineExceeded);
        let expected = SILENCE_MAX * 6 - Duration::from_millis(5);
        assert!(begun.elapsed() - expected <= Duration::from_millis(1));
        assert!(sender.is_closed());
        assert!(frame(&mut body).await.is_none() && body.is_end_stream());
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_nobody_reads_is_given_up() {
        let (sender, mut body) = body().await;
        sender.send(Bytes::from_static(b"unread")).await.unwrap();
        let begun = Instant::now();
        sender.closed().await;
        assert!(begun.elapsed() - SILENCE_MAX <= Duration::from_millis(1));
        let status = frame(&mut body).await.unwrap().unwrap_err();
        assert_eq!(status.code(), tonic::Code::DeadlineExceeded);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_ends_is_left_alone() {
        let (sender, mut body) = body().await;
        sender.send(Bytes::from_static(b"all")).await.unwrap();
        drop(sender);
        assert_eq!(frame(&mut body).await.unwrap().unwrap(), "all");
        assert!(frame(&mut body).await.is_none());
        tokio::time::advance(SILENCE_MAX * 2).await;
        assert!(frame(&mut body).await.is_none());
    }
}
