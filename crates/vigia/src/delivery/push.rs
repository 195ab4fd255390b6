//! Pushes: notifications become pushes, what is due is sent, and what came of it is written.

mod channel;
mod message;

pub use channel::{PushChannel, PushSender};
pub use message::compose;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use vigia_core::{Clock, DeliveryId, NotificationText};
use vigia_notify::{Admission, Attempt, Outcome, Refusal, RetrySchedule};
use vigia_store::{
    AttemptRow, BroadcastStore, ClaimedPush, InboxStore, PushCompletion, PushEnd, PushLane,
    PushSettings, PushStore,
};

use super::recorder::Recorder;
use super::sender::kept;
use super::{FINISH_WITHIN, IDLE, LOOK};
use crate::metrics::ToldMetrics;
use crate::pipeline::{Backoff, Trouble};
use crate::traces::Traces;

/// How often a broadcast goes on.
const BROADCAST_STEP: Duration = Duration::from_millis(250);
/// Users that a step of a broadcast tells at most: what it holds up is short.
const BROADCAST_USERS_MAX: u32 = 500;

/// Turns notifications into pushes as they are written.
pub struct PushSequencer<S> {
    store: Arc<S>,
    settings: PushSettings,
    made: Arc<Notify>,
}

impl<S: PushStore + InboxStore> PushSequencer<S> {
    /// Wakes `made` whenever it has made some.
    pub fn new(store: Arc<S>, settings: PushSettings, made: Arc<Notify>) -> Self {
        Self {
            store,
            settings,
            made,
        }
    }

    /// Runs until `shutdown`.
    pub async fn run(&self, shutdown: CancellationToken) {
        let trouble = Trouble::new("cannot make pushes, trying again");
        let mut backoff = Backoff::default();
        let mut seen = 0;
        while !shutdown.is_cancelled() {
            match self.step(seen).await {
                Ok(newest) => {
                    seen = newest;
                    trouble.well();
                    backoff.reset();
                }
                Err(error) => {
                    trouble.failing(&error);
                    tokio::select! {
                        () = backoff.wait() => {}
                        () = shutdown.cancelled() => {}
                    }
                    continue;
                }
            }
            tokio::select! {
                waited = tokio::time::timeout(IDLE, self.store.notification_wait(seen)) => {
                    // What went wrong, the next step finds out.
                    let _ = waited;
                }
                () = shutdown.cancelled() => {}
            }
        }
    }

    /// Makes what there is; returns the newest notification there was before.
    async fn step(&self, seen: i64) -> vigia_store::Result<i64> {
        let newest = self.store.notification_last().await?.max(seen);
        while self.store.push_sequence(&self.settings).await? > 0 {
            self.made.notify_one();
        }
        Ok(newest)
    }
}

/// Goes on with broadcasts, at their rate.
pub struct Broadcaster<S> {
    store: Arc<S>,
    settings: PushSettings,
    made: Arc<Notify>,
}

impl<S: BroadcastStore> Broadcaster<S> {
    /// Wakes `made` whenever there is something to send.
    pub fn new(store: Arc<S>, settings: PushSettings, made: Arc<Notify>) -> Self {
        Self {
            store,
            settings,
            made,
        }
    }

    /// Runs until `shutdown`.
    pub async fn run(&self, shutdown: CancellationToken) {
        let trouble = Trouble::new("cannot go on with a broadcast, trying again");
        let mut backoff = Backoff::default();
        while !shutdown.is_cancelled() {
            let stepped = self
                .store
                .broadcast_step(&self.settings, BROADCAST_USERS_MAX)
                .await;
            match stepped {
                Ok(told) => {
                    trouble.well();
                    backoff.reset();
                    if told > 0 {
                        self.made.notify_one();
                    }
                }
                Err(error) => {
                    trouble.failing(&error);
                    tokio::select! {
                        () = backoff.wait() => {}
                        () = shutdown.cancelled() => {}
                    }
                    continue;
                }
            }
            tokio::select! {
                () = tokio::time::sleep(BROADCAST_STEP) => {}
                () = shutdown.cancelled() => {}
            }
        }
    }
}

/// Bounds of what is under way.
#[derive(Clone, Debug)]
pub struct PushLimits {
    /// How long a claim lasts without being renewed.
    pub lease: Duration,
    /// When a push is tried again.
    pub schedule: RetrySchedule,
    /// How long a provider keeps a message whose device is away, in seconds.
    pub ttl_s: u32,
    /// What happened so long ago is told of as late.
    pub late_after_ms: u64,
}

/// One send that has ended.
struct Ended {
    channel: usize,
    lane: PushLane,
    claimed: ClaimedPush,
    admission: Admission,
    attempt: Option<Attempt>,
}

/// Sends pushes that are due.
pub struct Pusher<S> {
    store: Arc<S>,
    texts: Arc<dyn NotificationText>,
    clock: Arc<dyn Clock>,
    limits: PushLimits,
    holder: String,
    made: Arc<Notify>,
    metrics: ToldMetrics,
    traces: Traces,
}

/// What is under way.
struct Running {
    channels: Vec<PushChannel>,
    sends: JoinSet<Ended>,
    recorder: Recorder<Ended>,
    /// Taken and not completed.
    held: BTreeSet<DeliveryId>,
    renewed: Instant,
    trouble: Trouble,
}

impl<S: PushStore + 'static> Pusher<S> {
    /// Sends under the name `holder`.
    pub fn new(
        store: Arc<S>,
        texts: Arc<dyn NotificationText>,
        clock: Arc<dyn Clock>,
        limits: PushLimits,
        holder: String,
        made: Arc<Notify>,
    ) -> Self {
        Self {
            store,
            texts,
            clock,
            limits,
            holder,
            made,
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

    /// Runs until `shutdown`.
    pub async fn run(self, channels: Vec<PushChannel>, shutdown: CancellationToken) {
        let completing = Arc::new(Completing {
            store: Arc::clone(&self.store),
            clock: Arc::clone(&self.clock),
            schedule: self.limits.schedule.clone(),
        });
        let mut running = Running {
            channels,
            sends: JoinSet::new(),
            recorder: Recorder::new(),
            held: BTreeSet::new(),
            renewed: Instant::now(),
            trouble: Trouble::new("cannot push, trying again"),
        };
        while !shutdown.is_cancelled() {
            let look = match self.round(&completing, &mut running).await {
                // More may be waiting than there was room for.
                Ok(taken) if taken > 0 => Duration::ZERO,
                Ok(_) => {
                    running.trouble.well();
                    running
                        .recorder
                        .pause()
                        .map_or(LOOK, |pause| pause.min(LOOK))
                }
                Err(error) => {
                    running.trouble.failing(&error);
                    LOOK
                }
            };
            tokio::select! {
                Some(joined) = running.sends.join_next() => {
                    running.take(joined, self.clock.now_ms());
                }
                written = running.recorder.written() => running.written(written),
                () = self.made.notified() => {}
                () = tokio::time::sleep(look) => {}
                () = shutdown.cancelled() => {}
            }
        }
        self.finish(&completing, running).await;
    }

    /// Writes what has ended, holds on to what is under way, takes what is due; returns how many messages.
    async fn round(
        &self,
        completing: &Arc<Completing<S>>,
        running: &mut Running,
    ) -> vigia_store::Result<usize> {
        while let Some(joined) = running.sends.try_join_next() {
            running.take(joined, self.clock.now_ms());
        }
        if running.recorder.is_written() {
            let written = running.recorder.written().await;
            running.written(written);
        }
        running.recorder.begin(|batch| completing.complete(batch));
        let lease_ms = u64::try_from(self.limits.lease.as_millis()).unwrap_or(u64::MAX);
        if running.renewed.elapsed() >= self.limits.lease / 3 && !running.held.is_empty() {
            let held: Vec<DeliveryId> = running.held.iter().copied().collect();
            self.store.push_renew(&self.holder, &held, lease_ms).await?;
            running.renewed = Instant::now();
        }
        if running.recorder.is_full() {
            return Ok(0);
        }
        let mut taken = 0;
        // What happens to one comes before what goes to many, on every channel.
        for lane in [PushLane::Live, PushLane::Bulk] {
            for channel in 0..running.channels.len() {
                taken += self.take(running, channel, lane, lease_ms).await?;
            }
        }
        Ok(taken)
    }

    async fn take(
        &self,
        running: &mut Running,
        channel: usize,
        lane: PushLane,
        lease_ms: u64,
    ) -> vigia_store::Result<usize> {
        let now_ms = self.clock.now_ms();
        let Some((room, admission)) = running.channels[channel].room(lane, now_ms) else {
            return Ok(0);
        };
        let platform = running.channels[channel].platform();
        let claimed = self
            .store
            .push_claim(&self.holder, platform, lane, room, lease_ms)
            .await?;
        if claimed.is_empty() {
            running.channels[channel].unused(admission, now_ms);
        }
        if running.sends.is_empty() {
            running.renewed = Instant::now();
        }
        let taken = claimed.len();
        let rescued = claimed.iter().map(|claimed| u64::from(claimed.rescued));
        self.metrics.rescued(platform.as_str(), rescued.sum());
        for claimed in claimed {
            running.channels[channel].begin(lane, now_ms);
            running
                .held
                .extend(claimed.pushes.iter().map(|(row, _)| row.id));
            let sending = self.sending(&running.channels[channel], &claimed);
            let (metrics, traces) = (self.metrics.clone(), self.traces.clone());
            running.sends.spawn(async move {
                let attempt = match sending {
                    Some(sending) => Some(sending.await),
                    None => None,
                };
                if let Some(attempt) = &attempt {
                    metrics.attempt(platform.as_str(), attempt);
                    told(&traces, &claimed, platform.as_str(), attempt);
                }
                Ended {
                    channel,
                    lane,
                    claimed,
                    admission,
                    attempt,
                }
            });
        }
        Ok(taken)
    }

    /// The send of a message; none where there is nothing to tell any more.
    fn sending(
        &self,
        channel: &PushChannel,
        claimed: &ClaimedPush,
    ) -> Option<impl Future<Output = Attempt> + Send + use<S>> {
        if channel.is_shadow() {
            return None;
        }
        let now_ms = self.clock.now_ms();
        let message = compose(&*self.texts, claimed, &self.limits, now_ms)?;
        let token = claimed.device.spec.token.clone();
        let sender = channel.sender();
        Some(async move { sender.send(&token, &message).await })
    }

    /// Lets what is under way end, and writes what came of it.
    async fn finish(&self, completing: &Arc<Completing<S>>, mut running: Running) {
        let ending = async {
            while let Some(joined) = running.sends.join_next().await {
                running.take(joined, self.clock.now_ms());
            }
        };
        if tokio::time::timeout(FINISH_WITHIN, ending).await.is_err() {
            tracing::info!("some pushes are still under way; they are sent again");
        }
        let written = running.recorder.finish(|batch| completing.complete(batch));
        if let Err(error) = written.await {
            running.trouble.failing(&error);
        }
    }
}

/// Writes a span to the trace of each transaction that a message told of.
fn told(traces: &Traces, claimed: &ClaimedPush, channel: &'static str, attempt: &Attempt) {
    let digests = claimed.notifications.iter();
    let digests = digests.filter_map(|row| Some(row.about.as_ref()?.digest));
    for digest in digests.collect::<BTreeSet<_>>() {
        if let Some(attempting) = traces.attempting(Some(digest)) {
            traces.attempted(attempting, channel, &claimed.bundle.to_string(), attempt);
        }
    }
}

/// Writes what came of sends.
struct Completing<S> {
    store: Arc<S>,
    clock: Arc<dyn Clock>,
    schedule: RetrySchedule,
}

impl<S: PushStore + 'static> Completing<S> {
    /// Writes a batch, so that nothing that arrived is sent again.
    fn complete(
        self: &Arc<Self>,
        batch: Vec<Ended>,
    ) -> impl Future<Output = (Vec<Ended>, vigia_store::Result<()>)> + Send + use<S> {
        let this = Arc::clone(self);
        async move {
            let now_ms = this.clock.now_ms();
            let completions = batch.iter();
            let completions = completions.flat_map(|ended| this.completions(ended, now_ms));
            let completions: Vec<PushCompletion> = completions.collect();
            let written = this.store.push_complete(&completions).await;
            (batch, written.map(|_| ()))
        }
    }

    fn completions<'e>(
        &'e self,
        ended: &'e Ended,
        now_ms: u64,
    ) -> impl Iterator<Item = PushCompletion> + 'e {
        let attempt: Option<AttemptRow> = ended.attempt.as_ref().map(kept);
        ended.claimed.pushes.iter().map(move |(row, fence)| {
            let made = row.attempts.saturating_add(1);
            let outcome = ended.attempt.as_ref();
            PushCompletion {
                id: row.id,
                device: row.device,
                fence: *fence,
                end: outcome.map_or(PushEnd::Cancelled, |attempt| {
                    self.end(attempt, &row.id.to_string(), made, now_ms)
                }),
                attempt: attempt.clone(),
            }
        })
    }

    fn end(&self, attempt: &Attempt, id: &str, made: u32, now_ms: u64) -> PushEnd {
        match attempt.outcome {
            Outcome::Delivered => PushEnd::Delivered,
            Outcome::Gone => PushEnd::Gone {
                since_ms: attempt.gone_since_ms,
            },
            Outcome::Refused(Refusal::Target) => PushEnd::Refused,
            // What is wrong with the message or with our credentials says nothing about the device.
            Outcome::Refused(Refusal::Message | Refusal::Sender) => PushEnd::Dead,
            Outcome::Retry { after_ms } | Outcome::SlowDown { after_ms } => {
                match self.schedule.delay_ms(id, made, after_ms) {
                    Some(delay_ms) => PushEnd::Retry {
                        at_ms: now_ms.saturating_add(delay_ms),
                    },
                    None => PushEnd::Dead,
                }
            }
        }
    }
}

impl Running {
    fn take(&mut self, joined: Result<Ended, tokio::task::JoinError>, now_ms: u64) {
        match joined {
            Ok(ended) => {
                let channel = &mut self.channels[ended.channel];
                let attempt = ended.attempt.as_ref();
                channel.end(ended.lane, ended.admission, attempt, now_ms);
                self.recorder.add(ended);
            }
            // Its claim runs out, and it is sent again.
            Err(error) => tracing::error!(%error, "a push ended unexpectedly"),
        }
    }

    /// What was written, or why it was not.
    fn written(&mut self, written: vigia_store::Result<Vec<Ended>>) {
        match written {
            Ok(batch) => {
                let pushes = batch.iter().flat_map(|ended| &ended.claimed.pushes);
                for (row, _) in pushes {
                    self.held.remove(&row.id);
                }
            }
            Err(error) => self.trouble.failing(&error),
        }
    }
}
