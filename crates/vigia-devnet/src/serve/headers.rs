//! Response headers that say which chain this is and how far it has come.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use futures::{FutureExt, future::BoxFuture};
use http::{HeaderMap, HeaderValue, Response};
use sui_rpc::{headers, proto::timestamp_ms_to_proto};
use tower::{Layer, Service};

use super::face::Face;

/// Adds the headers to every response.
#[derive(Clone)]
pub(crate) struct ChainHeaders {
    pub(crate) face: Arc<Face>,
    pub(crate) chain: String,
}

impl<S> Layer<S> for ChainHeaders {
    type Service = WithChainHeaders<S>;

    fn layer(&self, inner: S) -> Self::Service {
        WithChainHeaders {
            inner,
            headers: self.clone(),
        }
    }
}

/// A service whose responses carry the headers.
#[derive(Clone)]
pub(crate) struct WithChainHeaders<S> {
    inner: S,
    headers: ChainHeaders,
}

impl<S, Request, Body> Service<Request> for WithChainHeaders<S>
where
    S: Service<Request, Response = Response<Body>>,
    S::Future: Send + 'static,
    S::Error: 'static,
    Body: 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<S::Response, S::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let headers = self.headers.clone();
        let response = self.inner.call(request);
        async move {
            let mut response = response.await?;
            headers.write(response.headers_mut());
            Ok(response)
        }
        .boxed()
    }
}

impl ChainHeaders {
    fn write(&self, map: &mut HeaderMap) {
        let node = self.face.node();
        let view = self.face.live_view(&node);
        let mut set = |name, value: Option<String>| {
            // Numbers, digests and dates are all visible ASCII.
            if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
                map.insert(name, value);
            }
        };
        let lowest = view.lowest().map(|n| n.to_string());
        let chain_id = view.chain_id().map(|digest| digest.to_string());
        set(headers::X_SUI_CHAIN_ID, chain_id);
        set(headers::X_SUI_CHAIN, Some(self.chain.clone()));
        set(headers::X_SUI_LOWEST_AVAILABLE_CHECKPOINT, lowest.clone());
        set(headers::X_SUI_LOWEST_AVAILABLE_CHECKPOINT_OBJECTS, lowest);
        if let Some(newest) = view.newest() {
            let summary = &newest.data.checkpoint_summary.checkpoint;
            let timestamp = timestamp_ms_to_proto(summary.timestamp_ms);
            let height = summary.sequence_number.to_string();
            set(headers::X_SUI_CHECKPOINT_HEIGHT, Some(height));
            set(headers::X_SUI_EPOCH, Some(summary.epoch.to_string()));
            let milliseconds = summary.timestamp_ms.to_string();
            set(headers::X_SUI_TIMESTAMP_MS, Some(milliseconds));
            set(headers::X_SUI_TIMESTAMP, Some(timestamp.to_string()));
        }
    }
}
