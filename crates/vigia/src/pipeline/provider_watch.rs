//! Keeps an eye on the providers of a process: asks those that stand by whether they could serve, and
//! records how each is found and what was asked of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use vigia_core::{Clock, day_of};
use vigia_store::{ProviderRow, ProviderStore, ProviderUsage};
use vigia_sui::{ProviderState, Providers};

use super::Trouble;

/// How often it is recorded.
const RECORD_INTERVAL: Duration = Duration::from_secs(5);
/// How often it is found out anew what each serves.
const CAPABILITIES_INTERVAL: Duration = Duration::from_secs(300);

/// Watches the providers of a process.
pub struct ProviderWatch {
    /// What is watched.
    pub providers: Providers,
    /// Where it is recorded.
    pub store: Arc<dyn ProviderStore>,
    /// Tells the time of reports, and the day.
    pub clock: Arc<dyn Clock>,
    /// What this process is called.
    pub holder: String,
    /// How often those that stand by are asked; none where this process follows no chain.
    pub probe_interval: Option<Duration>,
}

impl ProviderWatch {
    /// Watches until told to stop, and records a last time.
    pub async fn run(&self, shutdown: CancellationToken) {
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = self.probe_for_ever() => {}
            () = self.record_for_ever() => {}
        }
    }

    async fn probe_for_ever(&self) {
        let Some(interval) = self.probe_interval else {
            return std::future::pending().await;
        };
        let mut served = None::<Instant>;
        loop {
            if served.is_none_or(|at| at.elapsed() >= CAPABILITIES_INTERVAL) {
                self.providers.probe(true).await;
                served = Some(Instant::now());
            } else {
                self.providers.probe_standbys(false).await;
            }
            tokio::time::sleep(interval).await;
        }
    }

    async fn record_for_ever(&self) {
        let trouble = Trouble::new("cannot record how the providers are");
        let mut counted = Counted::default();
        loop {
            tokio::time::sleep(RECORD_INTERVAL).await;
            let now_ms = self.clock.now_ms();
            let states = self.providers.states();
            let rows: Vec<ProviderRow> = (0..)
                .zip(&states)
                .map(|(position, state)| row(&self.holder, position, state, now_ms))
                .collect();
            let usage = counted.since(&states, day_of(now_ms));
            let recorded = self.store.provider_record(&self.holder, &rows, &usage);
            match recorded.await {
                Ok(()) => {
                    trouble.well();
                    counted.note(&states);
                }
                Err(error) => trouble.failing(&error),
            }
        }
    }
}

/// Requests and bytes of each provider that are recorded already.
#[derive(Debug, Default)]
struct Counted(Vec<(u64, u64)>);

impl Counted {
    /// What has come since, where anything has.
    fn since(&self, states: &[ProviderState], day: u64) -> Vec<ProviderUsage> {
        let counted = self.0.iter().copied().chain(std::iter::repeat((0, 0)));
        states
            .iter()
            .zip(counted)
            .map(|(state, (requests, bytes))| ProviderUsage {
                day,
                provider: state.name.clone(),
                requests: state.requests.saturating_sub(requests),
                bytes: state.bytes.saturating_sub(bytes),
            })
            .filter(|used| used.requests > 0 || used.bytes > 0)
            .collect()
    }

    fn note(&mut self, states: &[ProviderState]) {
        self.0 = states.iter().map(|s| (s.requests, s.bytes)).collect();
    }
}

/// A provider's state as it is recorded.
pub(crate) fn row(holder: &str, position: u32, state: &ProviderState, at_ms: u64) -> ProviderRow {
    ProviderRow {
        holder: holder.to_owned(),
        provider: state.name.clone(),
        position,
        url: state.url.clone(),
        is_current: state.is_current,
        is_usable: state.standing.is_usable(),
        standing: state.standing.to_string(),
        tip: state.tip,
        lowest: state.lowest,
        latency_ms: state.latency_ms,
        serves: state.capabilities.as_ref().map(ToString::to_string),
        at_ms,
    }
}
