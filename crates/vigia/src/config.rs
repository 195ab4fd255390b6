//! Settings: the annotated default, a file, the environment and flags, in layers.
//!
//! The default file is the manual and the list of keys: whatever is not in it is an error that
//! names the key, where it stands and the nearest key there is.

mod alerts;
mod balances;
mod coins;
mod contracts;
#[cfg(test)]
mod documented;
mod history;
mod labels;
mod layers;
mod observed;
mod proof;
mod providers;
mod push;
mod secret_files;
mod texts;
mod traces;
mod transport_kind;
mod web;
mod webhooks;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use vigia_core::{Schedule, ScheduleError, ShardPlan, SourceLimits};
use vigia_store::{PostgresOptions, SourceReader, SqliteOptions, StoreOptions};
use vigia_sui::{RosterPolicy, Secret, StreamLimits};

pub use alerts::AlertSettings;
pub use balances::BalanceSettings;
pub use coins::{CoinSettings, Units};
pub use contracts::{ContractSettings, PackageText};
pub use history::HistorySettings;
pub use labels::LabelSettings;
pub use layers::{ConfigError, Overrides};
pub use observed::{HealthSettings, LogFormat, LogSettings, MetricsSettings};
pub use proof::{ProofSettings, RootSetting};
pub use providers::{ProviderBudget, ProviderSettings};
pub use push::{InboxSettings, PushSettings};
pub use texts::TextSettings;
pub use traces::TraceSettings;
pub use transport_kind::TransportKind;
pub use web::{JwksPlace, JwtSection, LimitsSection, WebSettings};
pub use webhooks::{DeclaredEndpoint, DeliverySettings, WEBHOOK, WebhookSettings, shown_url};

use crate::exit::Exit;

/// The annotated default configuration.
pub const DEFAULT: &str = include_str!("config/default.toml");
/// File that is read when none is named, where it exists.
const FILE_DEFAULT: &str = "vigia.toml";

/// Longest name of a source in bytes.
const SOURCE_NAME_BYTES_MAX: usize = 60;

/// All settings, as `config/default.toml` explains them.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[expect(missing_docs, reason = "config/default.toml is the manual of each")]
pub struct Settings {
    pub labels: Vec<LabelSettings>,
    pub webhooks: Vec<WebhookSettings>,
    pub data: DataSettings,
    pub store: StoreSettings,
    pub provider: ProviderSettings,
    pub providers: BTreeMap<String, ProviderSettings>,
    pub proof: ProofSettings,
    pub poll: PollSettings,
    pub history: HistorySettings,
    pub balances: BalanceSettings,
    pub transport: TransportSettings,
    pub work: WorkSettings,
    pub delivery: DeliverySettings,
    pub inbox: InboxSettings,
    pub push: PushSettings,
    pub source: SourceSettings,
    pub texts: TextSettings,
    pub web: WebSettings,
    pub alerts: AlertSettings,
    pub health: HealthSettings,
    pub metrics: MetricsSettings,
    pub traces: TraceSettings,
    pub contracts: ContractSettings,
    pub coins: CoinSettings,
    pub log: LogSettings,
    pub devnet: DevnetSettings,
}

/// `[data]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[expect(missing_docs, reason = "config/default.toml is the manual of each")]
pub struct DataSettings {
    pub dir: PathBuf,
}

/// `[store]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[expect(missing_docs, reason = "config/default.toml is the manual of each")]
pub struct StoreSettings {
    #[serde(serialize_with = "hidden")]
    pub url: String,
    pub url_file: PathBuf,
    #[serde(serialize_with = "hidden")]
    pub direct_url: String,
    pub direct_url_file: PathBuf,
    pub connections: u32,
    pub statement_timeout_ms: u64,
    pub lock_timeout_ms: u64,
    pub idle_timeout_ms: u64,
    pub path: PathBuf,
    pub readers: u32,
    pub busy_timeout_ms: u64,
}

/// `[poll]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[expect(missing_docs, reason = "config/default.toml is the manual of each")]
pub struct PollSettings {
    pub start: String,
    pub shards: u32,
    pub reconcile_interval_ms: u64,
    pub tip_interval_ms: u64,
    pub quiet_after_ms: u64,
    pub answer_within_ms: u64,
    pub lag_max: u64,
    pub return_after_ms: u64,
    pub probe_interval_ms: u64,
    pub buffer_mib: usize,
    pub fetch_concurrency_max: usize,
    pub filter_literals_max: usize,
    pub scan: bool,
}

/// `[transport]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[expect(missing_docs, reason = "config/default.toml is the manual of each")]
pub struct TransportSettings {
    pub kind: TransportKind,
    pub namespace: String,
    #[serde(serialize_with = "hidden")]
    pub redis_url: String,
    pub redis_url_file: PathBuf,
    pub sqs_queue_url: String,
    pub sqs_region: String,
    pub sqs_endpoint_url: String,
    pub resend_after_ms: u64,
    pub frames_max: usize,
    pub kib_max: u32,
}

/// `[work]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[expect(missing_docs, reason = "config/default.toml is the manual of each")]
pub struct WorkSettings {
    pub batch_transactions_max: usize,
    pub batch_frames_max: usize,
    pub batch_mib_max: usize,
    pub idle_commit_interval_ms: u64,
    pub coin_interval_ms: u64,
    pub coin_again_after_ms: u64,
    pub retention_days: u64,
    pub cleanup_schedule: String,
    pub cleanup_time_zone: String,
    pub cleanup_transactions_max: u32,
}

/// `[source]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[expect(missing_docs, reason = "config/default.toml is the manual of each")]
pub struct SourceSettings {
    #[serde(serialize_with = "hidden")]
    pub url: String,
    pub url_file: PathBuf,
    pub query: String,
    pub query_file: PathBuf,
    pub name: String,
    pub schedule: String,
    pub statement_timeout_ms: u64,
    pub rows_max: u64,
    pub gone_percent_max: u32,
    pub gone_min: u64,
}

/// `[devnet]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[expect(missing_docs, reason = "config/default.toml is the manual of each")]
pub struct DevnetSettings {
    pub seed: u64,
    pub users: u32,
    pub tps: u32,
    pub interval_ms: u64,
}

/// Where a database without a watermark begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LiveStart {
    /// At the newest checkpoint.
    Tip,
    /// At this one.
    Checkpoint(u64),
}

impl Settings {
    /// Reads all layers. `file` is the one named by `--config`.
    pub fn load(file: Option<&Path>, overrides: &Overrides) -> Result<Self, ConfigError> {
        let environment = std::env::vars().filter(|(name, _)| name.starts_with("VIGIA__"));
        let implied = Path::new(FILE_DEFAULT);
        let file = file.or_else(|| implied.exists().then_some(implied));
        let text = file.map(layers::read_file).transpose()?;
        let settings = layers::merge(DEFAULT, text.as_ref(), environment, overrides)?;
        settings.check()?;
        Ok(settings)
    }

    /// Which database to open, and how.
    pub fn store_options(&self) -> anyhow::Result<StoreOptions> {
        let store = &self.store;
        let url = secret("store.url", &store.url, &store.url_file)?;
        let direct = secret(
            "store.direct_url",
            &store.direct_url,
            &store.direct_url_file,
        )?;
        let Some(url) = url else {
            return Ok(self.sqlite_options(self.database_path()).into());
        };
        let mut options = self.postgres_options("setting store.url", url.expose())?;
        if let Some(direct) = direct {
            let with_direct = options.with_direct_url(direct.expose());
            options = with_direct.map_err(named("setting store.direct_url"))?;
        }
        Ok(options.into())
    }

    /// How to open the database at an address that a flag gives: `sqlite:PATH` or `postgres://..`. The
    /// address may hold a password, and is not repeated.
    pub fn store_options_at(
        &self,
        flag: &'static str,
        address: &str,
    ) -> anyhow::Result<StoreOptions> {
        if let Some(path) = address
            .strip_prefix("sqlite:")
            .filter(|path| !path.is_empty())
        {
            return Ok(self.sqlite_options(PathBuf::from(path)).into());
        }
        if address.starts_with("postgres") {
            return Ok(self.postgres_options(flag, address)?.into());
        }
        let problem = format!(
            "{flag}: a database is written sqlite:PATH or postgres://USER:PASSWORD@HOST:PORT/DATABASE"
        );
        Err(Exit::bad_input(problem).into())
    }

    fn sqlite_options(&self, path: PathBuf) -> SqliteOptions {
        SqliteOptions {
            readers: self.store.readers,
            busy_timeout: Duration::from_millis(self.store.busy_timeout_ms),
            ..SqliteOptions::new(path)
        }
    }

    fn postgres_options(&self, name: &'static str, url: &str) -> anyhow::Result<PostgresOptions> {
        let store = &self.store;
        let mut options = PostgresOptions::new(url).map_err(named(name))?;
        options.connections = store.connections;
        options.statement_timeout = Duration::from_millis(store.statement_timeout_ms);
        options.lock_timeout = Duration::from_millis(store.lock_timeout_ms);
        options.idle_timeout = Duration::from_millis(store.idle_timeout_ms);
        Ok(options)
    }

    /// The database file.
    pub fn database_path(&self) -> PathBuf {
        match self.store.path.as_os_str().is_empty() {
            true => self.data.dir.join("vigia.db"),
            false => self.store.path.clone(),
        }
    }

    /// How the chain is divided among pollers.
    pub fn shard_plan(&self) -> Result<ShardPlan, ConfigError> {
        let shards = self.poll.shards;
        ShardPlan::new(shards).map_err(|error| {
            ConfigError::value("poll.shards", &shards.to_string(), &error.to_string())
        })
    }

    /// Where Redis is; none where no address is set.
    pub fn redis_url(&self) -> Result<Option<Secret>, ConfigError> {
        let transport = &self.transport;
        secret(
            "transport.redis_url",
            &transport.redis_url,
            &transport.redis_url_file,
        )
    }

    /// How to read another application's accounts; none where no address is set.
    pub fn source_reader(&self) -> anyhow::Result<Option<SourceReader>> {
        let source = &self.source;
        let Some(url) = secret("source.url", &source.url, &source.url_file)? else {
            return Ok(None);
        };
        let query = source.query()?;
        self.reader(url.expose(), &query).map(Some)
    }

    /// How to read another system's ledger, at `url` or where the accounts' source is; none where neither is known.
    pub fn ledger_reader(
        &self,
        url: Option<&str>,
        query: &str,
    ) -> anyhow::Result<Option<SourceReader>> {
        let source = &self.source;
        let url = match url {
            Some(url) => Some(Secret::new(url.trim())),
            None => secret("source.url", &source.url, &source.url_file)?,
        };
        url.map(|url| self.reader(url.expose(), query)).transpose()
    }

    fn reader(&self, url: &str, query: &str) -> anyhow::Result<SourceReader> {
        let reader = SourceReader::new(url, query);
        let mut reader = reader.map_err(named("setting source.url"))?;
        reader.statement_timeout = Duration::from_millis(self.source.statement_timeout_ms);
        reader.rows_max = self.source.rows_max;
        Ok(reader)
    }

    /// Where a database without a watermark begins.
    pub fn live_start(&self) -> Result<LiveStart, ConfigError> {
        match self.poll.start.as_str() {
            "tip" => Ok(LiveStart::Tip),
            number => number.parse().map(LiveStart::Checkpoint).map_err(|_| {
                ConfigError::value(
                    "poll.start",
                    number,
                    "\"tip\" or the number of a checkpoint",
                )
            }),
        }
    }

    /// When which provider is used.
    pub fn roster_policy(&self) -> RosterPolicy {
        RosterPolicy {
            lag_max: self.poll.lag_max,
            return_after_ms: self.poll.return_after_ms,
            ..RosterPolicy::default()
        }
    }

    /// Limits of what is read from providers.
    pub fn stream_limits(&self) -> StreamLimits {
        let poll = &self.poll;
        StreamLimits {
            buffer_bytes: poll.buffer_mib.saturating_mul(1024 * 1024),
            quiet_after: Duration::from_millis(poll.quiet_after_ms),
            answer_within: Duration::from_millis(poll.answer_within_ms),
            concurrency_max: poll.fetch_concurrency_max,
            ..StreamLimits::default()
        }
    }

    fn check(&self) -> Result<(), ConfigError> {
        self.declared_labels()?;
        self.coins.guard()?;
        self.live_start()?;
        self.health_listen()?;
        self.metrics_listen()?;
        self.check_alerts()?;
        self.check_traces()?;
        self.delivery.check_channels()?;
        self.shard_plan()?;
        self.work.check()?;
        self.history.check()?;
        self.balances.check()?;
        self.source.check()?;
        self.web.check()?;
        let positive = [
            ("store.readers", u64::from(self.store.readers)),
            ("store.connections", u64::from(self.store.connections)),
            (
                "store.statement_timeout_ms",
                self.store.statement_timeout_ms,
            ),
            ("store.lock_timeout_ms", self.store.lock_timeout_ms),
            ("store.idle_timeout_ms", self.store.idle_timeout_ms),
            ("transport.resend_after_ms", self.transport.resend_after_ms),
            ("poll.tip_interval_ms", self.poll.tip_interval_ms),
            (
                "poll.reconcile_interval_ms",
                self.poll.reconcile_interval_ms,
            ),
            ("poll.quiet_after_ms", self.poll.quiet_after_ms),
            ("poll.answer_within_ms", self.poll.answer_within_ms),
            ("poll.lag_max", self.poll.lag_max),
            ("log.file_mib_max", self.log.file_mib_max),
            ("traces.one_in", self.traces.one_in),
            ("traces.queue_max", self.traces.queue_max as u64),
            ("health.stalled_after_ms", self.health.stalled_after_ms),
            ("poll.probe_interval_ms", self.poll.probe_interval_ms),
            ("poll.buffer_mib", self.poll.buffer_mib as u64),
            (
                "poll.fetch_concurrency_max",
                self.poll.fetch_concurrency_max as u64,
            ),
            ("transport.frames_max", self.transport.frames_max as u64),
            ("transport.kib_max", u64::from(self.transport.kib_max)),
            (
                "work.batch_transactions_max",
                self.work.batch_transactions_max as u64,
            ),
            ("work.batch_frames_max", self.work.batch_frames_max as u64),
            ("work.batch_mib_max", self.work.batch_mib_max as u64),
            (
                "work.idle_commit_interval_ms",
                self.work.idle_commit_interval_ms,
            ),
            ("work.coin_interval_ms", self.work.coin_interval_ms),
            ("delivery.in_flight_max", self.delivery.in_flight_max as u64),
            (
                "delivery.endpoint_in_flight_max",
                self.delivery.endpoint_in_flight_max.into(),
            ),
            ("delivery.lease_ms", self.delivery.lease_ms),
            ("delivery.deadline_ms", self.delivery.deadline_ms),
            (
                "delivery.disable_after_hours",
                self.delivery.disable_after_hours,
            ),
            ("work.coin_again_after_ms", self.work.coin_again_after_ms),
            (
                "contracts.refresh_interval_ms",
                self.contracts.refresh_interval_ms,
            ),
            (
                "contracts.versions_interval_ms",
                self.contracts.versions_interval_ms,
            ),
            (
                "work.cleanup_transactions_max",
                u64::from(self.work.cleanup_transactions_max),
            ),
            (
                "source.statement_timeout_ms",
                self.source.statement_timeout_ms,
            ),
            ("source.rows_max", self.source.rows_max),
            ("devnet.users", u64::from(self.devnet.users)),
            ("devnet.tps", u64::from(self.devnet.tps)),
            ("devnet.interval_ms", self.devnet.interval_ms),
        ];
        match positive.into_iter().find(|(_, value)| *value == 0) {
            Some((key, _)) => Err(ConfigError::value(key, "0", "a number above 0")),
            None => Ok(()),
        }
    }
}

/// An error of the store about a setting or flag of this name.
fn named(name: &'static str) -> impl Fn(vigia_store::StoreError) -> Exit {
    move |error| Exit::bad_input(format!("{name}: {error}"))
}

impl WorkSettings {
    fn check(&self) -> Result<(), ConfigError> {
        let (pattern, zone) = (&self.cleanup_schedule, &self.cleanup_time_zone);
        match Schedule::parse(pattern, zone) {
            Ok(_) => Ok(()),
            Err(ScheduleError::TimeZone { .. }) => Err(ConfigError::value(
                "work.cleanup_time_zone",
                zone,
                "the name of a time zone, such as \"America/Bogota\" or \"UTC\"",
            )),
            Err(ScheduleError::Pattern { .. }) => Err(ConfigError::value(
                "work.cleanup_schedule",
                pattern,
                "a cron pattern such as \"0 2 * * *\", or an interval such as \"every 12h\"",
            )),
        }
    }
}

impl SourceSettings {
    /// What may go at once.
    pub fn limits(&self) -> SourceLimits {
        SourceLimits {
            gone_percent_max: self.gone_percent_max,
            gone_min: self.gone_min,
        }
    }

    /// The text of the query.
    fn query(&self) -> Result<String, ConfigError> {
        let in_file = !self.query_file.as_os_str().is_empty();
        match (self.query.trim().is_empty(), in_file) {
            (false, false) => Ok(self.query.clone()),
            (true, true) => Ok(layers::read_file(&self.query_file)?.1),
            (true, false) => Err(ConfigError::value(
                "source.query",
                "",
                "a SELECT, or the path of one in source.query_file, since source.url is set",
            )),
            (false, true) => Err(ConfigError::value(
                "source.query",
                &self.query,
                "either source.query or source.query_file, not both",
            )),
        }
    }

    fn check(&self) -> Result<(), ConfigError> {
        let name_fits = (1..=SOURCE_NAME_BYTES_MAX).contains(&self.name.len());
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if !name_fits || !self.name.chars().all(is_plain) {
            return Err(ConfigError::value(
                "source.name",
                &self.name,
                "up to 60 letters, digits, _ and -",
            ));
        }
        if self.gone_percent_max > 100 {
            let found = self.gone_percent_max.to_string();
            return Err(ConfigError::value(
                "source.gone_percent_max",
                &found,
                "0 to 100",
            ));
        }
        match Schedule::parse(&self.schedule, "UTC") {
            Ok(_) => Ok(()),
            Err(_) => Err(ConfigError::value(
                "source.schedule",
                &self.schedule,
                "an interval such as \"every 60s\", or a cron pattern such as \"*/5 * * * *\"",
            )),
        }
    }
}

/// A secret from a setting or from the first line of a file.
fn secret(key: &str, text: &str, file: &Path) -> Result<Option<Secret>, ConfigError> {
    match (text.is_empty(), file.as_os_str().is_empty()) {
        (true, true) => Ok(None),
        (false, true) => Ok(Some(Secret::new(text))),
        (true, false) => {
            let (_, text) = layers::read_file(file)?;
            Ok(Some(Secret::new(
                text.lines().next().unwrap_or_default().trim(),
            )))
        }
        (false, false) => Err(ConfigError::value(
            key,
            "(secret)",
            &format!("either {key} or {key}_file, not both"),
        )),
    }
}

/// Settings are shown by `vigia config show`; secrets only as being set.
fn hidden<S: serde::Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(if text.is_empty() { "" } else { "(secret)" })
}
