//! Keeps an eye on the providers of a process: asks those that stand by whether they could serve,
//! records how each is found and what was asked of it, and tells them what all processes have spent.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use vigia_core::{Clock, day_of};
use vigia_store::{ProviderRow, ProviderStore, ProviderUsage, StoreError};
use vigia_sui::{ProviderState, Providers, Spent, Standing};

use super::Trouble;

/// How often it is recorded.
const RECORD_INTERVAL: Duration = Duration::from_secs(5);
/// How long the last record may take.
const LAST_WITHIN: Duration = Duration::from_secs(2);
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
    /// Watches until told to stop, and records a last time what was asked.
    pub async fn run(&self, shutdown: CancellationToken) {
        let mut counted = Counted::default();
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = self.probe_for_ever() => {}
            () = self.record_for_ever(&mut counted) => {}
        }
        // It reads from nobody any more. What is lost here is missing in the budget, and shown a while.
        let usage = counted.since(&self.providers.states(), day_of(self.clock.now_ms()));
        let last = self.store.provider_record(&self.holder, &[], &usage);
        let _ = tokio::time::timeout(LAST_WITHIN, last).await;
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

    async fn record_for_ever(&self, counted: &mut Counted) {
        let trouble = Trouble::new("cannot record how the providers are");
        loop {
            match self.record(counted).await {
                Ok(()) => trouble.well(),
                Err(error) => trouble.failing(&error),
            }
            tokio::time::sleep(RECORD_INTERVAL).await;
        }
    }

    /// Records what has come since, and tells the providers what all processes have come to.
    async fn record(&self, counted: &mut Counted) -> Result<(), StoreError> {
        let now_ms = self.clock.now_ms();
        let day = day_of(now_ms);
        let states = self.providers.states();
        let rows: Vec<ProviderRow> = (0..)
            .zip(&states)
            .map(|(position, state)| row(&self.holder, position, state, now_ms))
            .collect();
        let usage = counted.since(&states, day);
        self.store
            .provider_record(&self.holder, &rows, &usage)
            .await?;
        counted.note(&states);
        for used in self.store.provider_usage(day).await? {
            let of_this = states.iter().find(|state| state.name == used.provider);
            let Some(of_this) = of_this.filter(|_| used.day == day) else {
                continue;
            };
            let all = spent(used.requests, used.bytes);
            let here = spent(of_this.requests, of_this.bytes);
            self.providers.spent(&used.provider, day, all, here);
        }
        counted.tell(&self.providers.states());
        Ok(())
    }
}

fn spent(requests: u64, bytes: u64) -> Spent {
    Spent { requests, bytes }
}

/// Requests and bytes of each provider that are recorded already, and whose budget is known to be spent.
#[derive(Debug, Default)]
struct Counted {
    recorded: Vec<(u64, u64)>,
    spent: Vec<String>,
}

impl Counted {
    /// What has come since, where anything has.
    fn since(&self, states: &[ProviderState], day: u64) -> Vec<ProviderUsage> {
        let counted = self
            .recorded
            .iter()
            .copied()
            .chain(std::iter::repeat((0, 0)));
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
        self.recorded = states.iter().map(|s| (s.requests, s.bytes)).collect();
    }

    /// Says of whom the budget is spent now, once.
    fn tell(&mut self, states: &[ProviderState]) {
        let spent = states
            .iter()
            .filter(|state| matches!(state.standing, Standing::Spent { .. }));
        let before = std::mem::take(&mut self.spent);
        for state in spent {
            if !before.contains(&state.name) {
                let (provider, standing) = (&state.name, &state.standing);
                tracing::warn!(provider, %standing, "a provider has nothing left for today");
            }
            self.spent.push(state.name.clone());
        }
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
