//! Takes deliveries that are due, sends them and writes what came of it.

mod running;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use vigia_core::{Clock, DeliveryId};
use vigia_notify::{
    Admission, Attempt, BreakerSettings, MessageId, Outcome, RetrySchedule, SecretBox,
    WebhookMessage, WebhookSender,
};
use vigia_store::{AttemptRow, ClaimedDelivery, Completion, DeliveryEnd, DeliveryStore};
use vigia_web::event_json;

use self::running::{Running, Taken};
use super::crash;
use super::endpoints::KnownEndpoints;
use super::wake::Wake;
use super::{FINISH_WITHIN, LOOK};
use crate::config::{DeclaredEndpoint, WEBHOOK};
use crate::metrics::ToldMetrics;
use crate::traces::Traces;

/// How often it is asked whether endpoints have changed.
const LEARN: Duration = Duration::from_secs(1);

/// Bounds of what is under way.
#[derive(Clone, Debug)]
pub struct DeliveryLimits {
    /// In this process, of those that are answered soon.
    pub in_flight_max: usize,
    /// To one endpoint.
    pub endpoint_in_flight_max: u32,
    /// In this process, of those that take long.
    pub slow_in_flight_max: usize,
    /// What takes as long takes long.
    pub slow_after: Duration,
    /// How long a claim lasts without being renewed.
    pub lease: Duration,
    /// How long an endpoint may fail.
    pub disable_after_ms: u64,
    /// When an endpoint that fails is left alone.
    pub breaker: BreakerSettings,
    /// When a delivery is tried again.
    pub schedule: RetrySchedule,
    /// Whether nothing is sent: what is due is written down as cancelled.
    pub is_shadow: bool,
}

/// One send that has ended.
struct Ended {
    number: u64,
    claimed: ClaimedDelivery,
    admission: Admission,
    attempt: Option<Attempt>,
}

/// Sends what is due.
pub struct Deliverer<S> {
    store: Arc<S>,
    sender: Arc<WebhookSender>,
    clock: Arc<dyn Clock>,
    limits: DeliveryLimits,
    holder: String,
    wake: Arc<Wake>,
    metrics: ToldMetrics,
    traces: Traces,
}

impl<S: DeliveryStore + 'static> Deliverer<S> {
    /// Sends under the name `holder`.
    pub fn new(
        store: Arc<S>,
        sender: WebhookSender,
        clock: Arc<dyn Clock>,
        limits: DeliveryLimits,
        holder: String,
        wake: Arc<Wake>,
    ) -> Self {
        Self {
            store,
            sender: Arc::new(sender),
            clock,
            limits,
            holder,
            wake,
            metrics: ToldMetrics::default(),
            traces: Traces::default(),
        }
    }

    /// Counts in `metrics`.
    pub fn with_metrics(mut self, metrics: ToldMetrics) -> Self {
        self.metrics = metrics;
        self
    }

    /// Writes spans to `traces`.
    pub fn with_traces(mut self, traces: Traces) -> Self {
        self.traces = traces;
        self
    }

    /// What it sends to; the error says which address cannot be one.
    pub fn endpoints(
        &self,
        declared: Vec<DeclaredEndpoint>,
        secrets: Option<Arc<SecretBox>>,
    ) -> Result<DeliveryTargets, String> {
        KnownEndpoints::new(&self.sender, declared, secrets).map(DeliveryTargets)
    }

    /// Runs until `shutdown`.
    pub async fn run(self, targets: DeliveryTargets, shutdown: CancellationToken) {
        let completing = Arc::new(Completing {
            store: Arc::clone(&self.store),
            clock: Arc::clone(&self.clock),
            schedule: self.limits.schedule.clone(),
            disable_after_ms: self.limits.disable_after_ms,
        });
        let mut running = Running::new(targets.0, &self.limits);
        while !shutdown.is_cancelled() {
            let look = match self.round(&completing, &mut running).await {
                // More may be waiting than there was room for.
                Ok(taken) if taken > 0 => Duration::ZERO,
                Ok(_) => {
                    running.trouble.well();
                    running.look_within(LOOK)
                }
                Err(error) => {
                    running.trouble.failing(&error);
                    LOOK
                }
            };
            tokio::select! {
                Some(joined) = running.sends.join_next() => {
                    running.take(joined, &self.limits, self.clock.now_ms());
                }
                written = running.recorder.written() => running.written(written),
                renewed = running.renewing.done() => {
                    if let Err(error) = renewed {
                        running.trouble.failing(&error);
                        running.renew_at = Instant::now() + LOOK;
                    }
                }
                taken = running.aside.asking.done() => self.taken_aside(&mut running, taken),
                () = self.wake.told() => {}
                () = tokio::time::sleep(look) => {}
                () = shutdown.cancelled() => {}
            }
        }
        self.finish(&completing, running).await;
    }

    /// Writes what has ended, holds on to what is under way, takes what is due; returns how many.
    async fn round(
        &self,
        completing: &Arc<Completing<S>>,
        running: &mut Running,
    ) -> vigia_store::Result<usize> {
        while let Some(joined) = running.sends.try_join_next() {
            running.take(joined, &self.limits, self.clock.now_ms());
        }
        if running.recorder.is_written() {
            let written = running.recorder.written().await;
            running.written(written);
        }
        running.recorder.begin(|batch| completing.complete(batch));
        running.slow_down();
        self.renew(running);
        if running.is_learning_due(LEARN) {
            let changes = self.store.endpoint_changes().await?;
            if running.is_changed(changes, self.clock.now_ms()) {
                let rows = self.store.endpoint_list().await?;
                running.learn(&self.sender, rows, changes, self.clock.now_ms());
            }
        }
        running.look(LOOK);
        running.waiting.extend(self.wake.take());
        if running.recorder.is_full() {
            return Ok(0);
        }
        let lease_ms = milliseconds(self.limits.lease);
        let mut taken = 0;
        for asked in running.asked(&self.limits, self.clock.now_ms()) {
            let (store, holder) = (Arc::clone(&self.store), self.holder.clone());
            let is_aside = asked.is_aside;
            let asking = async move {
                let endpoints: Vec<i64> = asked.admitted.keys().copied().collect();
                let claimed = store
                    .delivery_claim(&holder, &endpoints, asked.each_max, lease_ms)
                    .await;
                if claimed.is_ok() {
                    crash::point("claimed");
                }
                (asked, claimed)
            };
            match is_aside {
                true => running.aside.asking.begin(asking),
                false => taken += self.taken(running, asking.await)?,
            }
        }
        Ok(taken)
    }

    /// Sends what was taken; returns how many.
    fn taken(&self, running: &mut Running, taken: Taken) -> vigia_store::Result<usize> {
        let (asked, claimed) = taken;
        let known = claimed.as_deref().ok();
        running.answered(&self.limits, &asked, known, self.clock.now_ms());
        let claimed = claimed?;
        let count = claimed.len();
        let rescued = claimed.iter().filter(|claimed| claimed.is_rescued);
        self.metrics.rescued(WEBHOOK, rescued.count() as u64);
        for claimed in claimed {
            let admission = asked.admitted.get(&claimed.event.row.endpoint).copied();
            self.send(running, claimed, admission.unwrap_or(Admission::Send));
        }
        Ok(count)
    }

    fn taken_aside(&self, running: &mut Running, taken: Taken) {
        if let Err(error) = self.taken(running, taken) {
            running.trouble.failing(&error);
        }
    }

    /// Holds on to what is under way, beside the rest: hundreds that hang are as many rows.
    fn renew(&self, running: &mut Running) {
        let now = Instant::now();
        if running.held.is_empty() {
            running.renew_at = now + self.limits.lease / 3;
        }
        if now < running.renew_at || running.renewing.goes_on() {
            return;
        }
        let held: Vec<DeliveryId> = running.held.iter().copied().collect();
        let lease_ms = milliseconds(self.limits.lease);
        let (store, holder) = (Arc::clone(&self.store), self.holder.clone());
        running
            .renewing
            .begin(async move { store.delivery_renew(&holder, &held, lease_ms).await });
        running.renew_at = now + self.limits.lease / 3;
    }

    fn send(&self, running: &mut Running, claimed: ClaimedDelivery, admission: Admission) {
        let Some((number, target, turns)) = running.begin(&claimed) else {
            return; // it was claimed for one that is here
        };
        let (sender, metrics) = (Arc::clone(&self.sender), self.metrics.clone());
        let traces = self.traces.clone();
        let is_shadow = self.limits.is_shadow;
        running.sends.spawn(async move {
            let id = MessageId::new(claimed.event.row.id.to_string());
            let attempt = match (event_json(&claimed.event), id) {
                (Some(body), Ok(id)) if !is_shadow => {
                    let about = claimed.event.about.as_ref();
                    let attempting = traces.attempting(about.map(|about| about.digest));
                    let message = WebhookMessage {
                        id: &id,
                        body: body.into(),
                        trace_parent: attempting.map(|attempting| attempting.to_string()),
                    };
                    // Never closed.
                    let _turn = turns.acquire().await;
                    let sending = sender.send(&target.endpoint, message, &target.keys);
                    let attempt = sending.await;
                    metrics.attempt(WEBHOOK, &attempt);
                    if let Some(attempting) = attempting {
                        traces.attempted(attempting, WEBHOOK, id.as_str(), &attempt);
                    }
                    crash::point("sent");
                    Some(attempt)
                }
                _ => None,
            };
            Ended {
                number,
                claimed,
                admission,
                attempt,
            }
        });
    }

    /// Lets what is under way end, and writes what came of it.
    async fn finish(&self, completing: &Arc<Completing<S>>, mut running: Running) {
        let ending = async {
            // What was taken is sent, rather than left to whoever rescues it.
            if running.aside.asking.goes_on() {
                let taken = running.aside.asking.done().await;
                self.taken_aside(&mut running, taken);
            }
            while let Some(joined) = running.sends.join_next().await {
                running.take(joined, &self.limits, self.clock.now_ms());
            }
        };
        if tokio::time::timeout(FINISH_WITHIN, ending).await.is_err() {
            tracing::info!("some webhooks are still under way; they are sent again");
        }
        let written = running.recorder.finish(|batch| completing.complete(batch));
        if let Err(error) = written.await {
            running.trouble.failing(&error);
        }
    }
}

/// Writes what came of sends.
struct Completing<S> {
    store: Arc<S>,
    clock: Arc<dyn Clock>,
    schedule: RetrySchedule,
    disable_after_ms: u64,
}

impl<S: DeliveryStore + 'static> Completing<S> {
    /// Writes a batch, so that nothing that arrived is sent again.
    fn complete(
        self: &Arc<Self>,
        batch: Vec<Ended>,
    ) -> impl Future<Output = (Vec<Ended>, vigia_store::Result<()>)> + Send + use<S> {
        let this = Arc::clone(self);
        async move {
            let now_ms = this.clock.now_ms();
            let completions = batch.iter().map(|ended| this.completion(ended, now_ms));
            let completions: Vec<Completion> = completions.collect();
            let written = this
                .store
                .delivery_complete(&completions, this.disable_after_ms)
                .await;
            crash::point("completed");
            (batch, written.map(|_| ()))
        }
    }

    fn completion(&self, ended: &Ended, now_ms: u64) -> Completion {
        let row = &ended.claimed.event.row;
        let end = match ended.attempt.as_ref().map(|attempt| attempt.outcome) {
            None => DeliveryEnd::Cancelled,
            Some(Outcome::Delivered) => DeliveryEnd::Delivered,
            Some(Outcome::Gone) => DeliveryEnd::Gone,
            Some(Outcome::Refused(_)) => DeliveryEnd::Dead,
            Some(Outcome::Retry { after_ms } | Outcome::SlowDown { after_ms }) => {
                let made = row.attempts.saturating_add(1);
                let id = row.id.to_string();
                match self.schedule.delay_ms(&id, made, after_ms) {
                    Some(delay_ms) => DeliveryEnd::Retry {
                        at_ms: now_ms.saturating_add(delay_ms),
                    },
                    None => DeliveryEnd::Dead,
                }
            }
        };
        Completion {
            id: row.id,
            fence: ended.claimed.fence,
            end,
            attempt: ended.attempt.as_ref().map(kept),
        }
    }
}

/// What a deliverer sends to.
pub struct DeliveryTargets(KnownEndpoints);

/// An attempt as it is kept.
pub(super) fn kept(attempt: &Attempt) -> AttemptRow {
    AttemptRow {
        started_at_ms: attempt.started_at_ms,
        duration_ms: attempt.duration_ms,
        status: attempt.status,
        error: attempt.error.map(|error| error.as_str().to_owned()),
        response_head: attempt.response_head.clone(),
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
