//! How a process starts while its database may be out of reach, and how it says so.

use std::sync::Arc;
use std::time::Duration;

use vigia_contracts::CurrentRegistry;
use vigia_core::SystemClock;
use vigia_store::SqlStore;
use vigia_web::{HealthServer, MetricsServer};

use super::{Provider, Roles};
use crate::commands::{is_shared, is_transient, open_existing_store, open_store, process_name};
use crate::config::Settings;
use crate::contracts::{ContractSync, Declared};
use crate::exit::Exit;
use crate::pipeline::{Backoff, Trouble};
use crate::traces::{Exporter, Traces};

impl Roles {
    /// Opens the database.
    pub(super) async fn store(&mut self, settings: &Settings) -> anyhow::Result<Arc<SqlStore>> {
        let store = self.patiently(settings, || open_store(settings)).await?;
        self.readiness.set_store(&store);
        self.metrics.set_store(Arc::clone(&store));
        Ok(store)
    }

    /// Opens a database that has to be there already.
    pub(super) async fn existing_store(
        &mut self,
        settings: &Settings,
    ) -> anyhow::Result<Arc<SqlStore>> {
        let opening = || open_existing_store(settings);
        let store = self.patiently(settings, opening).await?;
        self.readiness.set_store(&store);
        self.metrics.set_store(Arc::clone(&store));
        Ok(store)
    }

    /// Does what a start needs of the database, waiting for a server that is out of reach or takes no
    /// writes: a process of many is not to end because the database restarts.
    pub(super) async fn patiently<T, F>(
        &mut self,
        settings: &Settings,
        call: impl Fn() -> F,
    ) -> anyhow::Result<T>
    where
        F: Future<Output = anyhow::Result<T>>,
    {
        let (mut backoff, trouble) = (Backoff::default(), Trouble::new("waiting for the database"));
        let stopped = || Exit::stopped("stopped while waiting for the database");
        loop {
            let tried = tokio::select! {
                () = self.stop.received() => return Err(stopped().into()),
                tried = call() => tried,
            };
            match tried {
                Err(error) if is_transient(&error) && is_shared(settings) => {
                    trouble.failing(&*error);
                }
                done => {
                    trouble.well();
                    return done;
                }
            }
            tokio::select! {
                () = self.stop.received() => return Err(stopped().into()),
                () = backoff.wait() => {}
            }
        }
    }

    /// Opens the declared contracts, and starts to keep them up with what is told of their packages; new
    /// versions are watched by a process that `watches`.
    pub(super) async fn contracts(
        &mut self,
        settings: &Settings,
        declared: Declared,
        store: &Arc<SqlStore>,
        provider: Option<&Provider>,
        watches: bool,
    ) -> anyhow::Result<Arc<CurrentRegistry>> {
        let providers = provider.map(|provider| provider.grpc.clone());
        let opening = || declared.open(store, providers.as_ref());
        let registry = self.patiently(settings, opening).await?;
        let sync = ContractSync {
            declared,
            registry: Arc::clone(&registry),
            store: Arc::clone(store),
            providers,
            watches,
            interval: Duration::from_millis(settings.contracts.refresh_interval_ms),
            versions_interval: Duration::from_millis(settings.contracts.versions_interval_ms),
            clock: Arc::new(SystemClock),
        };
        let shutdown = self.shutdown.clone();
        self.tasks.spawn(async move {
            sync.run(shutdown).await;
            Ok(())
        });
        Ok(registry)
    }

    /// Starts to trace, where the settings name a collector.
    pub(super) fn trace(&mut self, settings: &Settings) -> anyhow::Result<()> {
        let Some(target) = settings.traces.target(process_name())? else {
            return Ok(());
        };
        let metrics = &self.metrics.traces;
        let (one_in, queue_max) = (settings.traces.one_in, settings.traces.queue_max);
        let clock = Arc::new(SystemClock);
        let (traces, spans) = Traces::new(one_in, queue_max, clock, metrics.clone());
        let exporter = Exporter::new(target, spans, metrics.clone())?;
        self.traces = traces;
        let shutdown = self.shutdown.clone();
        self.tasks.spawn(async move {
            exporter.run(shutdown).await;
            Ok(())
        });
        Ok(())
    }

    /// Starts to tell figures on a listener of their own, where the settings want that.
    pub(super) async fn tell_metrics(&mut self, settings: &Settings) -> anyhow::Result<()> {
        let Some(listen) = settings.metrics_listen()? else {
            return Ok(());
        };
        let server = MetricsServer::bind(listen, Arc::clone(&self.metrics) as _)
            .await
            .map_err(Exit::bad_input)?;
        println!("metrics at http://{}/metrics", server.address());
        let shutdown = self.shutdown.clone();
        self.tasks
            .spawn(async move { Ok(server.run(shutdown.cancelled_owned()).await?) });
        Ok(())
    }

    /// Starts to say how this process is, where the settings want that.
    pub(super) async fn health(&mut self, settings: &Settings) -> anyhow::Result<()> {
        let Some(listen) = settings.health_listen()? else {
            return Ok(());
        };
        let server = HealthServer::bind(listen, Arc::clone(&self.readiness) as _)
            .await
            .map_err(Exit::bad_input)?;
        println!("health at http://{}/readyz", server.address());
        let shutdown = self.shutdown.clone();
        self.tasks
            .spawn(async move { Ok(server.run(shutdown.cancelled_owned()).await?) });
        Ok(())
    }
}
