//! What goes to a provider and comes from it: counted, and held to its limit of requests.
//!
//! Counted are requests and the bytes of response bodies as they come over the wire, which is what
//! providers bill. A stream is one request.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use http_body::{Frame, SizeHint};
use tokio::sync::Mutex;
use tokio::time::Instant;
use tonic::body::Body;
use tower::{Layer, Service};

/// Requests that may go at once after a while without any: so many seconds' worth.
const BURST_SECONDS: u32 = 1;

/// Counts of one provider since this process began.
#[derive(Debug, Default)]
pub struct Usage {
    requests: AtomicU64,
    bytes: AtomicU64,
}

impl Usage {
    /// Requests made.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Bytes received in response bodies.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}

/// Holds requests back so that no more than so many go in a second.
#[derive(Debug)]
struct Limiter {
    interval: Duration,
    burst: Duration,
    /// When the next request would go, were there no allowance for bursts.
    next: Mutex<Option<Instant>>,
}

impl Limiter {
    fn new(requests_per_second: u32) -> Self {
        let interval = Duration::from_secs(1) / requests_per_second.max(1);
        Self {
            interval,
            burst: interval * (requests_per_second.max(1) * BURST_SECONDS).saturating_sub(1),
            next: Mutex::new(None),
        }
    }

    /// Resolves when a request may go; in the order of asking.
    async fn admit(&self) {
        let mut next = self.next.lock().await;
        let now = Instant::now();
        let due = next.map_or(now, |next| next.max(now));
        *next = Some(due + self.interval);
        drop(next);
        let allowed = due.checked_sub(self.burst).unwrap_or(now);
        tokio::time::sleep_until(allowed).await;
    }
}

impl MeterLayer {
    /// For all connections to one provider: its limit is of all of them.
    pub(super) fn new(usage: &Arc<Usage>, requests_per_second: Option<u32>) -> Self {
        Self {
            usage: Arc::clone(usage),
            limiter: requests_per_second.map(Limiter::new).map(Arc::new),
        }
    }
}

/// Puts the meter and the limit around a channel.
#[derive(Clone)]
pub(super) struct MeterLayer {
    usage: Arc<Usage>,
    limiter: Option<Arc<Limiter>>,
}

impl<S> Layer<S> for MeterLayer {
    type Service = Metered<S>;

    fn layer(&self, inner: S) -> Metered<S> {
        Metered {
            inner: Some(inner),
            meter: self.clone(),
        }
    }
}

/// A channel with a meter. The client makes one for each call.
pub(super) struct Metered<S> {
    inner: Option<S>,
    meter: MeterLayer,
}

type Response = http::Response<Metering>;

impl<S> Service<http::Request<Body>> for Metered<S>
where
    S: Service<http::Request<Body>, Response = http::Response<Body>> + Send + 'static,
    S::Future: Send,
    S::Error: Send,
{
    type Response = Response;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Response, S::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        // Readiness is waited for within the call, after the limit.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let inner = self.inner.take();
        let meter = self.meter.clone();
        Box::pin(async move {
            let mut inner = inner.expect("the client makes a service for each call");
            if let Some(limiter) = &meter.limiter {
                limiter.admit().await;
            }
            meter.usage.requests.fetch_add(1, Ordering::Relaxed);
            std::future::poll_fn(|context| inner.poll_ready(context)).await?;
            let response = inner.call(request).await?;
            Ok(response.map(|body| Metering {
                body,
                usage: meter.usage,
            }))
        })
    }
}

/// A body whose bytes are counted.
pub(super) struct Metering {
    body: Body,
    usage: Arc<Usage>,
}

impl http_body::Body for Metering {
    type Data = Bytes;
    type Error = tonic::Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, tonic::Status>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(data) = frame.data_ref()
        {
            let bytes = data.len() as u64;
            self.usage.bytes.fetch_add(bytes, Ordering::Relaxed);
            tracing::trace!(bytes, "received");
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_goes_at_once_and_what_is_more_at_the_rate() {
        let limiter = Limiter::new(10);
        let begun = Instant::now();
        for _ in 0..10 {
            limiter.admit().await;
        }
        assert_eq!(begun.elapsed(), Duration::ZERO);
        for _ in 0..25 {
            limiter.admit().await;
        }
        assert_eq!(begun.elapsed().as_millis(), 2_500);
        // What was not used for long is not saved up beyond a second's worth.
        tokio::time::advance(Duration::from_secs(60)).await;
        let begun = Instant::now();
        for _ in 0..11 {
            limiter.admit().await;
        }
        assert_eq!(begun.elapsed().as_millis(), 100);
    }

    #[tokio::test(start_paused = true)]
    async fn one_a_second_has_no_burst() {
        let limiter = Limiter::new(1);
        let begun = Instant::now();
        for _ in 0..3 {
            limiter.admit().await;
        }
        assert_eq!(begun.elapsed().as_millis(), 2_000);
    }
}
