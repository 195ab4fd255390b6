//! `vigia up`, `poll`, `work` and `web`: the roles of the one binary, wired.

mod args;
mod authenticator;
mod delivery;
mod devnet;
mod provider;
mod readiness;
mod start;

pub(crate) use self::delivery::push_channels;

use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use vigia_contracts::{CurrentRegistry, Interpreter, PackageIds};
use vigia_core::{Clock, NotificationText, SystemClock, error_chain};
use vigia_store::{IngestStore, LeaseStore, SqlStore, Store};
use vigia_sui::Archived;
use vigia_web::{EndpointKeeper, WebConfig, WebContext, WebServer};

use super::stop::StopSignal;
use super::transport::{self, Transport};
use super::{declare_coins, is_shared, place_of, process_name, watch_contracts};
use crate::cli::Common;
use crate::config::{Overrides, Settings, TransportKind};
use crate::contracts::Declared;
use crate::delivery::SealedKeys;
use crate::exit::Exit;
use crate::history::{HistoryLimits, HistoryRunner, HistorySource, RunnerMemory};
use crate::jobs::{self, JobRunner, LeaseTimes};
use crate::metrics::Metrics;
use crate::pipeline::{
    CoinLookup, OutstandingMemory, Poller, ProviderWatch, Reinterpreter, Rewind, ShardKeeper,
    Shards, WatchSync, Worker, WorkerLimits,
};
use crate::processes::ProcessReporter;
use crate::traces::Traces;
pub use args::{PollArgs, UpArgs, WebArgs, WorkArgs};
use authenticator::{authenticator, shared_counts};
use provider::Provider;
use readiness::ProcessReadiness;

/// How long roles may take to finish what they have in hand.
const STOP_WITHIN: Duration = Duration::from_secs(9);
/// How often `poll --once` looks whether it is done.
const ONCE_INTERVAL: Duration = Duration::from_millis(50);

/// Runs `vigia up`.
pub async fn up(common: &Common, args: UpArgs) -> anyhow::Result<ExitCode> {
    let mut overrides = Overrides::default();
    args.provider.set(&mut overrides);
    args.listen.set(&mut overrides);
    args.shadow.set(&mut overrides);
    let mut settings = common.settings(overrides)?;
    let mut roles = Roles::new(&settings)?;
    settings.texts()?;
    let simulated = match args.devnet {
        true => Some(devnet::start(&mut settings).await?),
        false => None,
    };
    let packages = simulated
        .as_ref()
        .map(devnet::Simulated::packages)
        .unwrap_or_default();
    let declared = Declared::new(&settings, &packages)?;
    let mut source = Provider::new(&settings)?;
    let store = roles.store(&settings).await?;
    source.demand_proof(&settings, &store)?;
    let registry = roles
        .contracts(&settings, declared, &store, Some(&source), true)
        .await?;
    if let Some(simulated) = &simulated {
        simulated.watch_users(&*store).await?;
    }
    roles.tell_metrics(&settings).await?;
    let web = roles
        .web(&settings, Arc::clone(&store), Arc::clone(&registry))
        .await?;
    println!("vigia {}", env!("CARGO_PKG_VERSION"));
    println!("  page      http://{web}/");
    println!("  database  {}", place_of(&settings));
    println!("  provider  {}", source.grpc.url());
    let ends = transport::open(&settings, &store, true).await?;
    let rewind = Arc::new(Rewind::default());
    roles
        .poll(&settings, &store, &registry, &source, &ends, &rewind)
        .await?;
    roles.work(&settings, &store, &registry, ends, rewind);
    roles.coins(&settings, Arc::clone(&store), &source);
    roles.watch_providers(&settings, &store, &source, true);
    roles.histories(&settings, &store, &registry, Some(&source))?;
    roles.jobs(&settings, &store, Some(&source), &registry)?;
    roles.deliver(&settings, &store).await?;
    roles.report(&settings, &store, "up");
    let ended = roles.run_until_stopped().await;
    if let Some(simulated) = simulated {
        simulated.stop().await;
    }
    store.close().await;
    ended
}

/// Runs `vigia poll`.
pub async fn poll(common: &Common, args: PollArgs) -> anyhow::Result<ExitCode> {
    let mut overrides = Overrides::default();
    args.provider.set(&mut overrides);
    let settings = common.settings(overrides)?;
    let declared = Declared::new(&settings, &PackageIds::new())?;
    let mut source = Provider::new(&settings)?;
    let mut roles = Roles::new(&settings)?;
    roles.health(&settings).await?;
    roles.tell_metrics(&settings).await?;
    let store = roles.store(&settings).await?;
    source.demand_proof(&settings, &store)?;
    let registry = roles
        .contracts(&settings, declared, &store, Some(&source), true)
        .await?;
    let rewind = Arc::new(Rewind::default());
    // With a broker, others commit.
    let works_too = settings.transport.kind == TransportKind::Memory;
    let ends = transport::open(&settings, &store, works_too).await?;
    roles
        .poll(&settings, &store, &registry, &source, &ends, &rewind)
        .await?;
    if works_too {
        roles.work(&settings, &store, &registry, ends, rewind);
    }
    roles.watch_providers(&settings, &store, &source, true);
    roles.report(&settings, &store, "poll");
    if args.once {
        roles.until_committed(&store, &source).await?;
    }
    let ended = roles.run_until_stopped().await;
    store.close().await;
    ended
}

/// Runs `vigia work`: commits what pollers send through a broker, and does the upkeep. The in-process
/// transport carries frames within the poller's process, which commits them itself; what is left then
/// is the upkeep.
pub async fn work(common: &Common, args: WorkArgs) -> anyhow::Result<ExitCode> {
    let mut overrides = Overrides::default();
    overrides.set("provider.url", args.provider.as_ref());
    args.shadow.set(&mut overrides);
    let settings = common.settings(overrides)?;
    settings.texts()?;
    let declared = Declared::new(&settings, &PackageIds::new())?;
    let commits = settings.transport.kind != TransportKind::Memory;
    // Committing needs no full node, only looking up coins does.
    let mut source = match settings.provider_configs()?.is_empty() {
        true if commits => None,
        _ => Some(Provider::new(&settings)?),
    };
    let mut roles = Roles::new(&settings)?;
    roles.health(&settings).await?;
    roles.tell_metrics(&settings).await?;
    let store = roles.store(&settings).await?;
    if let Some(source) = &mut source {
        source.demand_proof(&settings, &store)?;
    }
    let registry = roles
        .contracts(&settings, declared, &store, source.as_ref(), false)
        .await?;
    if commits {
        let ends = transport::open(&settings, &store, true).await?;
        let rewind = Arc::new(Rewind::default());
        roles.work(&settings, &store, &registry, ends, rewind);
    }
    if let Some(source) = &source {
        roles.coins(&settings, Arc::clone(&store), source);
        roles.watch_providers(&settings, &store, source, false);
    }
    roles.histories(&settings, &store, &registry, source.as_ref())?;
    roles.jobs(&settings, &store, source.as_ref(), &registry)?;
    roles.deliver(&settings, &store).await?;
    roles.report(&settings, &store, "work");
    let ended = roles.run_until_stopped().await;
    store.close().await;
    ended
}

/// Runs `vigia web`.
pub async fn web(common: &Common, args: WebArgs) -> anyhow::Result<ExitCode> {
    let mut overrides = Overrides::default();
    args.listen.set(&mut overrides);
    let settings = common.settings(overrides)?;
    settings.texts()?;
    let declared = Declared::new(&settings, &PackageIds::new())?;
    let mut roles = Roles::new(&settings)?;
    roles.tell_metrics(&settings).await?;
    let store = roles.existing_store(&settings).await?;
    let registry = roles
        .contracts(&settings, declared, &store, None, false)
        .await?;
    let address = roles.web(&settings, Arc::clone(&store), registry).await?;
    roles.report(&settings, &store, "web");
    println!(
        "vigia {} serves http://{address}/",
        env!("CARGO_PKG_VERSION")
    );
    let ended = roles.run_until_stopped().await;
    store.close().await;
    ended
}

/// The roles that run in this process.
struct Roles {
    stop: StopSignal,
    shutdown: CancellationToken,
    tasks: JoinSet<anyhow::Result<()>>,
    readiness: Arc<ProcessReadiness>,
    metrics: Arc<Metrics>,
    traces: Traces,
}

impl Roles {
    /// None yet; from here on Ctrl-C and SIGTERM are heard.
    fn new(settings: &Settings) -> anyhow::Result<Self> {
        let mut roles = Self {
            stop: StopSignal::listen()?,
            shutdown: CancellationToken::new(),
            tasks: JoinSet::new(),
            readiness: Arc::new(ProcessReadiness::new(settings.stalled_after())),
            metrics: Arc::new(Metrics::new(Arc::new(SystemClock))),
            traces: Traces::default(),
        };
        roles.trace(settings)?;
        Ok(roles)
    }

    /// Starts the poller.
    async fn poll(
        &mut self,
        settings: &Settings,
        store: &Arc<SqlStore>,
        registry: &CurrentRegistry,
        provider: &Provider,
        ends: &Transport,
        rewind: &Arc<Rewind>,
    ) -> anyhow::Result<()> {
        let leases: Arc<dyn LeaseStore> = Arc::clone(store) as _;
        let watch = self
            .patiently(settings, || async {
                let registry = registry.get();
                declare_coins(store, &registry).await?;
                watch_contracts(&**store, &registry).await?;
                let watch = WatchSync::load(Arc::clone(store) as _).await?;
                watch.report_loaded(&process_name()).await?;
                Ok(watch)
            })
            .await?;
        let store: Arc<dyn Store> = Arc::clone(store) as _;
        self.readiness.add_transport(ends.sender.stats());
        self.metrics.add_transport(ends.sender.stats());
        self.readiness.set_poller(&provider.status);
        let shards = match is_shared(settings) {
            true => Some(self.keep_shards(settings, leases)?),
            // A file has one poller.
            false => None,
        };
        let archived = settings
            .bucket()?
            .map(|bucket| Archived::new(provider.grpc.clone(), bucket));
        let poller = Poller {
            source: provider.grpc.clone(),
            archived,
            store,
            watch: watch.clone(),
            frames: Arc::clone(&ends.sender),
            rewind: Arc::clone(rewind),
            status: Arc::clone(&provider.status),
            clock: Arc::new(SystemClock),
            live_start: settings.live_start()?,
            tip_interval: Duration::from_millis(settings.poll.tip_interval_ms),
            resend_after: ends.resend_after,
            outstanding: OutstandingMemory::default(),
            shards,
            filter_literals_max: settings.poll.filter_literals_max,
            quorum: provider.quorum.clone(),
            scans: settings.poll.scan,
            filters_broke: Mutex::default(),
            metrics: self.metrics.ingest.clone(),
            traces: self.traces.clone(),
        };
        let shutdown = self.shutdown.clone();
        self.tasks
            .spawn(async move { Ok(poller.run(shutdown).await?) });
        let shutdown = self.shutdown.clone();
        let interval = Duration::from_millis(settings.poll.reconcile_interval_ms);
        let reconciled = watch.clone();
        self.tasks.spawn(async move {
            let reconciling = reconciled.reconcile_for_ever(interval, process_name(), shutdown);
            reconciling.await;
            Ok(())
        });
        let shutdown = self.shutdown.clone();
        self.tasks.spawn(async move {
            watch.run(shutdown).await;
            Ok(())
        });
        Ok(())
    }

    /// Ends everything once what is the newest checkpoint now is committed.
    async fn until_committed(
        &mut self,
        store: &Arc<SqlStore>,
        provider: &Provider,
    ) -> anyhow::Result<()> {
        let tip = provider.grpc.info().await?.tip;
        let (store, shutdown) = (Arc::clone(store), self.shutdown.clone());
        self.tasks.spawn(async move {
            while !shutdown.is_cancelled() {
                let watermark = store.watermark().await?;
                if let Some(watermark) = watermark.filter(|mark| mark.checkpoint >= tip) {
                    println!("committed up to checkpoint {}", watermark.checkpoint);
                    break;
                }
                tokio::time::sleep(ONCE_INTERVAL).await;
            }
            Ok(())
        });
        Ok(())
    }

    /// Starts keeping leases on a fair share of the chain.
    fn keep_shards(
        &mut self,
        settings: &Settings,
        leases: Arc<dyn LeaseStore>,
    ) -> anyhow::Result<Shards> {
        let plan = settings.shard_plan()?;
        let (keeper, owned) = ShardKeeper::new(leases, plan, process_name());
        let shutdown = self.shutdown.clone();
        self.tasks.spawn(async move {
            keeper.run(shutdown).await;
            Ok(())
        });
        Ok(Shards { plan, owned })
    }

    /// Starts the worker.
    fn work(
        &mut self,
        settings: &Settings,
        store: &Arc<SqlStore>,
        registry: &Arc<CurrentRegistry>,
        ends: Transport,
        rewind: Arc<Rewind>,
    ) {
        let Some(receiver) = ends.receiver else {
            return;
        };
        self.readiness.add_transport(receiver.stats());
        self.metrics.add_transport(receiver.stats());
        let worker = Worker::new(
            Arc::clone(store) as _,
            Arc::new(Interpreter::following(Arc::clone(registry))),
            WorkerLimits {
                transactions_max: settings.work.batch_transactions_max,
                frames_max: settings.work.batch_frames_max,
                bytes_max: settings.work.batch_mib_max << 20,
                idle_interval: Duration::from_millis(settings.work.idle_commit_interval_ms),
            },
            rewind,
        )
        .with_metrics(self.metrics.commit.clone())
        .with_traces(self.traces.clone());
        self.readiness.set_worker(worker.status());
        let shutdown = self.shutdown.clone();
        self.tasks.spawn(async move {
            worker.run(receiver, shutdown).await;
            Ok(())
        });
    }

    /// Starts watching the providers; those that stand by are asked where this process `follows`.
    fn watch_providers(
        &mut self,
        settings: &Settings,
        store: &Arc<SqlStore>,
        provider: &Provider,
        follows: bool,
    ) {
        let probe_interval = Duration::from_millis(settings.poll.probe_interval_ms);
        let watch = ProviderWatch {
            providers: provider.grpc.clone(),
            store: Arc::clone(store) as _,
            clock: Arc::new(SystemClock),
            holder: process_name(),
            probe_interval: follows.then_some(probe_interval),
        };
        let shutdown = self.shutdown.clone();
        self.tasks.spawn(async move {
            watch.run(shutdown).await;
            Ok(())
        });
    }

    fn coins(&mut self, settings: &Settings, store: Arc<SqlStore>, provider: &Provider) {
        let lookup = CoinLookup {
            store,
            source: Arc::new(provider.grpc.clone()),
            interval: Duration::from_millis(settings.work.coin_interval_ms),
            again_after_ms: settings.work.coin_again_after_ms,
            clock: Arc::new(SystemClock),
        };
        let shutdown = self.shutdown.clone();
        self.tasks.spawn(async move {
            lookup.run(shutdown).await;
            Ok(())
        });
    }

    /// Starts fetching the history of addresses that were added.
    fn histories(
        &mut self,
        settings: &Settings,
        store: &Arc<SqlStore>,
        registry: &Arc<CurrentRegistry>,
        provider: Option<&Provider>,
    ) -> anyhow::Result<()> {
        let history = &settings.history;
        let files = &history.files;
        let whole = match settings.bucket()? {
            Some(bucket) => Some(HistorySource::Bucket(bucket)),
            None if files.as_os_str().is_empty() => None,
            None => Some(HistorySource::files(files)?),
        };
        let whole = match provider {
            Some(provider) => whole.map(|whole| whole.proven_as(&provider.grpc)),
            None => whole,
        };
        let runner = HistoryRunner {
            store: Arc::clone(store),
            interpreter: Arc::new(Interpreter::following(Arc::clone(registry))),
            providers: provider.map(|provider| provider.grpc.clone()),
            whole,
            limits: HistoryLimits {
                max_checkpoints: history.max_checkpoints,
                requests_per_day: history.requests_per_day,
                request_interval: history.request_interval(),
                fetch_checkpoints_max: history.fetch_checkpoints_max,
            },
            quorum: provider.and_then(|provider| provider.quorum.clone()),
            clock: Arc::new(SystemClock),
            process: process_name(),
            memory: RunnerMemory::default(),
        };
        let shutdown = self.shutdown.clone();
        self.tasks.spawn(async move {
            runner.run(shutdown).await;
            Ok(())
        });
        Ok(())
    }

    /// Starts what is done on a schedule.
    fn jobs(
        &mut self,
        settings: &Settings,
        store: &Arc<SqlStore>,
        provider: Option<&Provider>,
        registry: &Arc<CurrentRegistry>,
    ) -> anyhow::Result<()> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let source = provider.map(|provider| &provider.grpc);
        let interpreter = Arc::new(Interpreter::following(Arc::clone(registry)));
        let jobs = jobs::all(settings, store, &clock, source, &interpreter)?;
        let runner = JobRunner::new(jobs, Arc::clone(store), clock, LeaseTimes::default());
        let shutdown = self.shutdown.clone();
        self.tasks.spawn(async move {
            runner.run(shutdown).await;
            Ok(())
        });
        Ok(())
    }

    /// Starts to say how this process is, for `status`.
    fn report(&mut self, settings: &Settings, store: &Arc<SqlStore>, role: &'static str) {
        let reporter = ProcessReporter {
            store: Arc::clone(store) as _,
            readiness: Arc::clone(&self.readiness) as _,
            clock: Arc::new(SystemClock),
            holder: process_name(),
            role,
            settings: settings.agreement(),
        };
        let shutdown = self.shutdown.clone();
        self.tasks.spawn(async move {
            reporter.run(shutdown).await;
            Ok(())
        });
    }

    /// Binds at once, so that a wrong address is an error of the start, then serves.
    async fn web(
        &mut self,
        settings: &Settings,
        store: Arc<SqlStore>,
        registry: Arc<CurrentRegistry>,
    ) -> anyhow::Result<std::net::SocketAddr> {
        let config = WebConfig {
            insecure_no_auth: settings.web.insecure_no_auth,
            development: settings.web.is_development(),
            limits: settings.web.limits(),
            trusted_proxies: settings.web.proxies()?,
            cors_origins: settings.web.cors_origins.clone(),
            domain: settings.web.domain(),
            ..WebConfig::new(settings.web.address()?)
        };
        let interpreter = Interpreter::following(Arc::clone(&registry));
        let text: Arc<dyn NotificationText> = Arc::new(settings.texts()?);
        self.metrics.told.watch_texts(Arc::clone(&text));
        let context = WebContext {
            retrier: Arc::new(Reinterpreter::new(Arc::clone(&store), interpreter)),
            authenticator: authenticator(settings, &store)?,
            store,
            registry,
            text,
            readiness: Arc::clone(&self.readiness) as _,
            metrics: Arc::clone(&self.metrics) as _,
            clock: Arc::new(SystemClock),
            endpoints: endpoint_keeper(settings)?,
            counts: shared_counts(settings)?,
            inbox_keep_ms: settings.inbox.keep_ms(),
            version: env!("CARGO_PKG_VERSION"),
        };
        let server = WebServer::bind(config, context)
            .await
            .map_err(Exit::bad_input)?;
        let address = server.address();
        let shutdown = self.shutdown.clone();
        self.tasks.spawn(async move {
            server
                .run(async move { shutdown.cancelled().await })
                .await?;
            Ok(())
        });
        Ok(address)
    }

    /// Runs until Ctrl-C, SIGTERM or the failure of a role, then lets each finish what it has in
    /// hand.
    async fn run_until_stopped(mut self) -> anyhow::Result<ExitCode> {
        let mut failure = tokio::select! {
            () = self.stop.received() => None,
            ended = self.tasks.join_next() => ended.and_then(failure_of),
        };
        tracing::info!("stopping");
        self.shutdown.cancel();
        // The exporter ends when nobody writes spans any more.
        self.traces = Traces::default();
        let finish = async {
            while let Some(ended) = self.tasks.join_next().await {
                failure = failure.take().or(failure_of(ended));
            }
        };
        if tokio::time::timeout(STOP_WITHIN, finish).await.is_err() {
            tracing::warn!("not everything stopped in time; what was not committed is read again");
        }
        match failure {
            None => Ok(ExitCode::SUCCESS),
            Some(error) => Err(error),
        }
    }
}

/// What makes keys of accounts' endpoints; none where accounts have none.
fn endpoint_keeper(settings: &Settings) -> anyhow::Result<Option<Arc<dyn EndpointKeeper>>> {
    let delivery = &settings.delivery;
    let rules = delivery.rules()?;
    let keeper = |secrets| {
        let per_second = delivery.account_per_second.max(1);
        Arc::new(SealedKeys::new(Arc::new(secrets), rules, per_second)) as Arc<dyn EndpointKeeper>
    };
    Ok(delivery.secrets()?.map(keeper))
}

fn failure_of(ended: Result<anyhow::Result<()>, tokio::task::JoinError>) -> Option<anyhow::Error> {
    match ended {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(error),
        Err(error) => Some(anyhow::anyhow!(
            "a role ended unexpectedly: {}",
            error_chain(&error)
        )),
    }
}
