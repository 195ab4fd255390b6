//! The layer before the services that refuses calls, and hands the bodies of those it lets through
//! to `flow`, which carries them as badly as faults demand.

use std::{
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
};

use futures::{FutureExt, future::BoxFuture};
use http::{Request, Response};
use tonic::{Status, body::Body};
use tower::{Layer, Service};

use super::{
    face::Face,
    flow::{Carried, carry},
    socket::Line,
};
use crate::fault::{FaultKind, Site};

/// Stands before the services of a face.
#[derive(Clone)]
pub(crate) struct Gate {
    pub(crate) face: Arc<Face>,
}

impl<S> Layer<S> for Gate {
    type Service = Gated<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Gated {
            inner,
            face: self.face.clone(),
        }
    }
}

/// The services behind the gate.
#[derive(Clone)]
pub(crate) struct Gated<S> {
    inner: S,
    face: Arc<Face>,
}

impl<S> Service<Request<Body>> for Gated<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let method = Method::of(request.uri().path());
        let call = self.face.faults.next_call();
        if let Some(status) = refusal(&self.face, call, method) {
            return async { Ok(status.into_http()) }.boxed();
        }
        let carried = Carried {
            call,
            stream: method.is_stream().then(|| self.face.faults.next_stream()),
            is_subscription: method == Method::Subscribe,
            line: request.extensions().get::<Line>().cloned(),
        };
        let face = self.face.clone();
        let response = self.inner.call(request);
        async move {
            let response = response.await?;
            // Refusals of the services themselves carry no body.
            if response.headers().contains_key(Status::GRPC_STATUS) {
                return Ok(response);
            }
            Ok(response.map(|body| Body::new(carry(face, carried, body))))
        }
        .boxed()
    }
}

/// Methods as faults tell them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Method {
    Subscribe,
    /// A list of the ledger, which is a stream that ends.
    List,
    /// One checkpoint, transaction or object by name.
    Get,
    Other,
}

impl Method {
    fn of(path: &str) -> Self {
        let (service, name) = path.rsplit_once('/').unwrap_or_default();
        match service {
            "/sui.rpc.v2.SubscriptionService" => Self::Subscribe,
            "/sui.rpc.v2.LedgerService" if name.starts_with("List") => Self::List,
            "/sui.rpc.v2.LedgerService" if name != "GetServiceInfo" => Self::Get,
            _ => Self::Other,
        }
    }

    fn is_stream(self) -> bool {
        matches!(self, Self::Subscribe | Self::List)
    }
}

/// Why a call is not let through, if it is not.
fn refusal(face: &Face, call: u64, method: Method) -> Option<Status> {
    let (faults, site) = (&face.faults, Site::Call(call));
    if faults.strike(FaultKind::Unavailable, site).is_some() {
        return Some(Status::unavailable("node is unavailable"));
    }
    if faults.is_over_limit(call) {
        return Some(Status::resource_exhausted("too many requests"));
    }
    if method == Method::List && faults.strike(FaultKind::NoList, site).is_some() {
        return Some(Status::unimplemented("method is not served here"));
    }
    if method == Method::Get && faults.strike(FaultKind::NotFound, site).is_some() {
        return Some(Status::not_found("not found"));
    }
    None
}
