//! Sends one webhook once.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::Client;
use reqwest::header::CONTENT_TYPE;
use vigia_core::Clock;

use super::{SigningKeys, webhook_headers, webhook_outcome};
use crate::http::{SendLimits, SenderError, client_builder, exchange};
use crate::stopwatch::Stopwatch;
use crate::target::{
    Endpoint, EndpointClass, EndpointError, GuardedResolver, Lookup, SystemLookup, TargetRules,
};
use crate::{Attempt, ErrorClass, MessageId, Outcome, RESPONSE_HEAD_BYTES_MAX, Refusal, Verdict};

/// How webhooks are sent.
#[derive(Clone, Debug)]
pub struct WebhookSettings {
    /// What tenants' endpoints may be.
    pub rules: TargetRules,
    /// Bounds of one attempt.
    pub limits: SendLimits,
    /// Certificate authorities beside the system's, in PEM.
    pub ca_pem: Option<Vec<u8>>,
    /// Names that are looked up at once, for each class of endpoints: each takes a thread.
    pub lookups_max: usize,
    /// Connections to one host that are kept while nothing is sent.
    pub idle_per_host_max: usize,
    /// Milliseconds that they are kept: fewer than the five seconds after which many servers close theirs, since what is
    /// sent at that moment is lost.
    pub idle_ms_max: u64,
}

impl Default for WebhookSettings {
    fn default() -> Self {
        Self {
            rules: TargetRules::default(),
            limits: SendLimits::default(),
            ca_pem: None,
            lookups_max: 64,
            idle_per_host_max: 8,
            idle_ms_max: 4_000,
        }
    }
}

/// What is sent.
#[derive(Clone, Debug)]
pub struct WebhookMessage<'m> {
    /// The same in every attempt.
    pub id: &'m MessageId,
    /// JSON.
    pub body: Bytes,
    /// The header `traceparent`, by which a receiver's trace goes on with ours (W3C Trace Context); none where nothing is
    /// traced.
    pub trace_parent: Option<String>,
}

/// Sends webhooks.
pub struct WebhookSender {
    /// Each class has connections of its own: one that an operator's endpoint opened to the inside must not be there
    /// for a tenant's of the same name.
    operator: Client,
    tenant: Client,
    rules: TargetRules,
    limits: SendLimits,
    clock: Arc<dyn Clock>,
}

impl WebhookSender {
    /// A sender that looks names up as the system does.
    pub fn new(settings: WebhookSettings, clock: Arc<dyn Clock>) -> Result<Self, SenderError> {
        Self::with_lookup(settings, clock, Arc::new(SystemLookup))
    }

    /// A sender that looks names up by `lookup`.
    pub fn with_lookup(
        settings: WebhookSettings,
        clock: Arc<dyn Clock>,
        lookup: Arc<dyn Lookup>,
    ) -> Result<Self, SenderError> {
        let WebhookSettings { rules, limits, .. } = settings.clone();
        let operator = client(&settings, lookup.clone(), None)?;
        let tenant = client(&settings, lookup, Some(rules.clone()))?;
        Ok(Self {
            operator,
            tenant,
            rules,
            limits,
            clock,
        })
    }

    /// Reads the URL of an endpoint, under the rules of this sender.
    pub fn endpoint(&self, url: &str, class: EndpointClass) -> Result<Endpoint, EndpointError> {
        self.rules.endpoint(url, class)
    }

    /// Sends `message` once. It is signed now: each attempt has its own time.
    pub async fn send(
        &self,
        endpoint: &Endpoint,
        message: WebhookMessage<'_>,
        keys: &SigningKeys,
    ) -> Attempt {
        let WebhookMessage {
            id,
            body,
            trace_parent,
        } = message;
        let stopwatch = Stopwatch::start(&*self.clock);
        if let Err(error) = self.rules.check(endpoint) {
            let outcome = Outcome::Refused(Refusal::Target);
            let verdict = Verdict::new(outcome, Some(ErrorClass::ForbiddenTarget));
            return stopwatch.not_sent(verdict.detail(error.to_string()));
        }
        let (bytes, bytes_max) = (body.len(), self.limits.request_bytes_max);
        if bytes > bytes_max {
            let outcome = Outcome::Refused(Refusal::Message);
            let detail = format!("the body has {bytes} bytes, more than {bytes_max}");
            let verdict = Verdict::new(outcome, Some(ErrorClass::Message));
            return stopwatch.not_sent(verdict.detail(detail));
        }
        let headers = webhook_headers(id, stopwatch.started_at_ms(), &body, keys);
        let client = match endpoint.class() {
            EndpointClass::Operator => &self.operator,
            EndpointClass::Tenant => &self.tenant,
        };
        let mut request = client
            .post(endpoint.url())
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", headers.id)
            .header("webhook-timestamp", headers.timestamp)
            .header("webhook-signature", headers.signature)
            .body(body);
        if let Some(trace_parent) = trace_parent {
            request = request.header("traceparent", trace_parent);
        }
        let answer = match exchange(request, &self.limits, RESPONSE_HEAD_BYTES_MAX).await {
            Ok(answer) => answer,
            Err(failure) => return stopwatch.failed(failure),
        };
        let verdict = webhook_outcome(
            answer.status,
            answer.retry_after.as_deref(),
            self.clock.now_ms(),
            self.limits.retry_after_ms_max,
        );
        stopwatch.answered(&answer, verdict)
    }
}

impl fmt::Debug for WebhookSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookSender")
            .field("rules", &self.rules)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// One request at a time on each connection: over HTTP/2 all endpoints of one host would share one, and its faults.
fn client(
    settings: &WebhookSettings,
    lookup: Arc<dyn Lookup>,
    rules: Option<TargetRules>,
) -> Result<Client, SenderError> {
    let resolver = GuardedResolver::new(lookup, rules, settings.lookups_max);
    client_builder(&settings.limits, settings.ca_pem.as_deref())?
        .http1_only()
        .pool_max_idle_per_host(settings.idle_per_host_max)
        .pool_idle_timeout(Duration::from_millis(settings.idle_ms_max))
        .dns_resolver(Arc::new(resolver))
        .build()
        .map_err(SenderError::Client)
}
