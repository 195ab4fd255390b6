//! Takes deliveries that are due, sends them and writes what came of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use vigia_core::Clock;
use vigia_notify::{
    Admission, Attempt, BreakerSettings, Endpoint, EndpointClass, MessageId, Outcome,
    RetrySchedule, Signal, SigningKeys, WebhookSender,
};
use vigia_store::{
    AttemptRow, ClaimedDelivery, Completion, DeliveryEnd, DeliveryStore, EndpointState,
};

use super::flow::EndpointFlow;
use super::{FINISH_WITHIN, LOOK};
use vigia_web::event_json;

use crate::config::DeclaredEndpoint;
use crate::pipeline::Trouble;

/// Completions that are written at once.
const COMPLETIONS_MAX: usize = 256;

/// Bounds of what is under way.
#[derive(Clone, Debug)]
pub struct DeliveryLimits {
    /// In this process.
    pub in_flight_max: usize,
    /// To one endpoint.
    pub endpoint_in_flight_max: u32,
    /// How long a claim lasts without being renewed.
    pub lease: Duration,
    /// How long an endpoint may fail.
    pub disable_after_ms: u64,
    /// When an endpoint that fails is left alone.
    pub breaker: BreakerSettings,
    /// When a delivery is tried again.
    pub schedule: RetrySchedule,
}

/// An endpoint as it is sent to.
struct Target {
    endpoint: Endpoint,
    keys: Arc<SigningKeys>,
    flow: EndpointFlow,
}

/// One send that has ended.
struct Ended {
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
    declared: BTreeMap<String, (Endpoint, Arc<SigningKeys>)>,
    made: Arc<Notify>,
}

impl<S: DeliveryStore + 'static> Deliverer<S> {
    /// Sends to these endpoints under the name `holder`; the error says which address cannot be one.
    pub fn new(
        store: Arc<S>,
        sender: WebhookSender,
        clock: Arc<dyn Clock>,
        limits: DeliveryLimits,
        holder: String,
        endpoints: Vec<DeclaredEndpoint>,
        made: Arc<Notify>,
    ) -> Result<Self, String> {
        let mut declared = BTreeMap::new();
        for DeclaredEndpoint { spec, keys } in endpoints {
            let endpoint = sender
                .endpoint(&spec.url, EndpointClass::Operator)
                .map_err(|error| format!("webhooks.url of {:?}: {error}", spec.name))?;
            declared.insert(spec.name, (endpoint, Arc::new(keys)));
        }
        Ok(Self {
            store,
            sender: Arc::new(sender),
            clock,
            limits,
            holder,
            declared,
            made,
        })
    }

    /// Runs until `shutdown`.
    pub async fn run(self, shutdown: CancellationToken) {
        let mut running = Running {
            targets: BTreeMap::new(),
            sends: JoinSet::new(),
            ended: Vec::new(),
            renewed: Instant::now(),
            trouble: Trouble::new("cannot deliver, trying again"),
        };
        while !shutdown.is_cancelled() {
            let outcome = self.round(&mut running).await;
            let look = match outcome {
                // More may be waiting than there was room for.
                Ok(taken) if taken > 0 => Duration::ZERO,
                Ok(_) => {
                    running.trouble.well();
                    LOOK
                }
                Err(error) => {
                    running.trouble.failing(&error);
                    LOOK
                }
            };
            let is_full = running.sends.len() >= self.limits.in_flight_max;
            tokio::select! {
                Some(joined) = running.sends.join_next() => running.take(joined),
                () = self.made.notified(), if !is_full => {}
                () = tokio::time::sleep(look), if !is_full || look > Duration::ZERO => {}
                () = shutdown.cancelled() => {}
            }
        }
        self.finish(running).await;
    }

    /// Writes what has ended, holds on to what is under way, takes what is due; returns how many.
    async fn round(&self, running: &mut Running) -> vigia_store::Result<usize> {
        while let Some(joined) = running.sends.try_join_next() {
            running.take(joined);
        }
        self.complete(running).await?;
        let lease_ms = u64::try_from(self.limits.lease.as_millis()).unwrap_or(u64::MAX);
        if running.renewed.elapsed() >= self.limits.lease / 3 && !running.sends.is_empty() {
            self.store.delivery_renew(&self.holder, lease_ms).await?;
            running.renewed = Instant::now();
        }
        self.learn_endpoints(running).await?;
        let room = self
            .limits
            .in_flight_max
            .saturating_sub(running.sends.len());
        let mut taken = 0;
        for (each_max, admission, endpoints) in self.wanted(running, room) {
            let claimed = self
                .store
                .delivery_claim(&self.holder, &endpoints, each_max, lease_ms)
                .await?;
            if admission == Admission::Probe && claimed.is_empty() {
                running.unused(&self.limits.breaker, &endpoints, self.clock.now_ms());
            }
            if running.sends.is_empty() {
                running.renewed = Instant::now();
            }
            taken += claimed.len();
            for claimed in claimed {
                self.send(running, claimed, admission);
            }
        }
        Ok(taken)
    }

    /// Endpoints that may be sent to, and how many each: first those that are well, then each that is to be probed.
    fn wanted(&self, running: &mut Running, room: usize) -> Vec<(u32, Admission, Vec<i64>)> {
        let now_ms = self.clock.now_ms();
        let max = self.limits.endpoint_in_flight_max;
        let (mut well, mut each_max, mut probes) = (Vec::new(), max, Vec::new());
        for (id, target) in &mut running.targets {
            match target.flow.room(&self.limits.breaker, max, now_ms) {
                // With less room than that it waits for more, rather than being asked about for each one.
                Some((free, Admission::Send)) if free.saturating_mul(2) >= max => {
                    each_max = each_max.min(free);
                    well.push(*id);
                }
                Some((_, Admission::Probe)) => probes.push(*id),
                _ => {}
            }
        }
        let share = room / well.len().max(1);
        let each_max = each_max.min(u32::try_from(share).unwrap_or(u32::MAX));
        let mut wanted = Vec::new();
        if each_max > 0 && !well.is_empty() {
            wanted.push((each_max, Admission::Send, well));
        } else if room > 0 {
            // Fewer places than endpoints: some of them, others the next time.
            well.truncate(room);
            wanted.push((1, Admission::Send, well));
        }
        wanted.extend(probes.into_iter().map(|id| (1, Admission::Probe, vec![id])));
        wanted
    }

    /// Looks which endpoints are enabled.
    async fn learn_endpoints(&self, running: &mut Running) -> vigia_store::Result<()> {
        let rows = self.store.endpoint_list().await?;
        let enabled = rows
            .iter()
            .filter(|row| row.state == EndpointState::Enabled);
        let mut targets = BTreeMap::new();
        for row in enabled {
            let Some((endpoint, keys)) = self.declared.get(&row.spec.name) else {
                continue; // another process has other settings
            };
            let flow = running.targets.remove(&row.id).map(|target| target.flow);
            let target = Target {
                endpoint: endpoint.clone(),
                keys: Arc::clone(keys),
                flow: flow.unwrap_or_default(),
            };
            targets.insert(row.id, target);
        }
        running.targets = targets;
        Ok(())
    }

    fn send(&self, running: &mut Running, claimed: ClaimedDelivery, admission: Admission) {
        let Some(target) = running.targets.get_mut(&claimed.event.row.endpoint) else {
            return; // it was claimed for one that is here
        };
        target.flow.begin(1);
        let (sender, endpoint) = (Arc::clone(&self.sender), target.endpoint.clone());
        let keys = Arc::clone(&target.keys);
        running.sends.spawn(async move {
            let id = MessageId::new(claimed.event.row.id.to_string());
            let attempt = match (event_json(&claimed.event), id) {
                (Some(body), Ok(id)) => Some(sender.send(&endpoint, &id, body.into(), &keys).await),
                _ => None,
            };
            Ended {
                claimed,
                admission,
                attempt,
            }
        });
    }

    /// Writes what came of sends, so that nothing that arrived is sent again.
    async fn complete(&self, running: &mut Running) -> vigia_store::Result<()> {
        while !running.ended.is_empty() {
            let count = running.ended.len().min(COMPLETIONS_MAX);
            let now_ms = self.clock.now_ms();
            let completions: Vec<Completion> = running.ended[..count]
                .iter()
                .map(|ended| self.completion(ended, now_ms))
                .collect();
            self.store
                .delivery_complete(&completions, self.limits.disable_after_ms)
                .await?;
            for ended in running.ended.drain(..count) {
                let signal = ended
                    .attempt
                    .as_ref()
                    .map_or(Signal::Neutral, Attempt::signal);
                if let Some(target) = running.targets.get_mut(&ended.claimed.event.row.endpoint) {
                    target
                        .flow
                        .end(&self.limits.breaker, ended.admission, signal, now_ms);
                }
            }
        }
        Ok(())
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
                match self.limits.schedule.delay_ms(&id, made, after_ms) {
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

    /// Lets what is under way end, and writes what came of it.
    async fn finish(&self, mut running: Running) {
        let ending = async {
            while let Some(joined) = running.sends.join_next().await {
                running.take(joined);
            }
        };
        if tokio::time::timeout(FINISH_WITHIN, ending).await.is_err() {
            tracing::info!("some webhooks are still under way; they are sent again");
        }
        if let Err(error) = self.complete(&mut running).await {
            running.trouble.failing(&error);
        }
    }
}

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

/// What is under way.
struct Running {
    targets: BTreeMap<i64, Target>,
    sends: JoinSet<Ended>,
    /// Ended, and not written yet.
    ended: Vec<Ended>,
    renewed: Instant,
    trouble: Trouble,
}

impl Running {
    fn take(&mut self, joined: Result<Ended, tokio::task::JoinError>) {
        match joined {
            Ok(ended) => self.ended.push(ended),
            // Its claim runs out, and it is sent again.
            Err(error) => tracing::error!(%error, "a send ended unexpectedly"),
        }
    }

    fn unused(&mut self, settings: &BreakerSettings, endpoints: &[i64], now_ms: u64) {
        for id in endpoints {
            if let Some(target) = self.targets.get_mut(id) {
                target.flow.unused(settings, Admission::Probe, now_ms);
            }
        }
    }
}
