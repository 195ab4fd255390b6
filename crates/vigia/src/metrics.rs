//! What a process counts and measures, in the form that Prometheus reads (`OpenMetrics` 1.0).
//!
//! Figures of this process are kept as they happen; what the database knows of the whole system is read when somebody asks,
//! once a second at most. Every name is in docs/metrics.md, and a test compares the two.

mod commit;
mod ingest;
mod process;
mod state;
mod told;
mod traces;

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use async_trait::async_trait;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use vigia_core::Clock;
use vigia_store::{SqlStore, StoreError};
use vigia_transport::TransportStats;
use vigia_web::MetricsText;

pub use self::commit::{CommitMetrics, CommitStage};
pub use self::ingest::IngestMetrics;
use self::process::{DatabaseFigures, ProcessFigures, TransportFigures};
use self::state::StateMetrics;
pub use self::told::ToldMetrics;
pub use self::traces::TraceMetrics;

/// Everything that a process tells of itself.
pub struct Metrics {
    /// Reading and matching.
    pub ingest: IngestMetrics,
    /// Interpreting and committing.
    pub commit: CommitMetrics,
    /// Telling people and systems.
    pub told: ToldMetrics,
    /// Traces.
    pub traces: TraceMetrics,
    state: StateMetrics,
    store: Arc<OnceLock<Arc<SqlStore>>>,
    clock: Arc<dyn Clock>,
    registry: Mutex<Registry>,
    transport: TransportFigures,
}

impl Metrics {
    /// Nothing has happened yet.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let mut registry = Registry::default();
        let transport = TransportFigures::default();
        let store = Arc::<OnceLock<Arc<SqlStore>>>::default();
        registry.register_collector(Box::new(ProcessFigures::new()));
        registry.register_collector(Box::new(DatabaseFigures(Arc::clone(&store))));
        registry.register_collector(Box::new(transport.clone()));
        Self {
            ingest: IngestMetrics::registered(&mut registry),
            commit: CommitMetrics::registered(&mut registry),
            told: ToldMetrics::registered(&mut registry),
            traces: TraceMetrics::registered(&mut registry),
            state: StateMetrics::registered(&mut registry),
            store,
            clock,
            registry: Mutex::new(registry),
            transport,
        }
    }

    /// Has what the database knows of the whole system told as well, and how this process is connected to it.
    pub fn set_store(&self, store: Arc<SqlStore>) {
        // There is one database for as long as the process lives.
        let _ = self.store.set(store);
    }

    /// Has a sender or a receiver of frames told as well.
    pub fn add_transport(&self, stats: Arc<TransportStats>) {
        self.transport.add(stats);
    }
}

#[async_trait]
impl MetricsText for Metrics {
    async fn metrics(&self) -> Result<String, StoreError> {
        if let Some(store) = self.store.get() {
            self.state.refresh(&**store, self.clock.now_ms()).await?;
        }
        let mut text = String::new();
        let registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        if encode(&mut text, &registry).is_err() {
            // A figure that cannot be written: what there is without an end is no answer to Prometheus, which says so.
            let _ = writeln!(text, "# cannot be written");
        }
        Ok(text)
    }
}

/// Durations from a tenth of a millisecond to a minute and a half, each bucket twice the one before.
#[expect(clippy::float_arithmetic, reason = "bounds of what is shown")]
pub(crate) fn durations() -> Histogram {
    Histogram::new((0..20).map(|n| 0.000_1 * f64::from(1_u32 << n)))
}

/// Seconds of a time in milliseconds.
#[expect(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    reason = "a duration that is shown"
)]
pub(crate) fn seconds(ms: u64) -> f64 {
    ms as f64 / 1_000.0
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use vigia_core::SystemClock;

    use super::*;

    /// The names that a process without a database tells, as Prometheus reads them.
    #[tokio::test]
    async fn figures_are_written_as_prometheus_reads_them() {
        let metrics = Metrics::new(Arc::new(SystemClock));
        metrics.ingest.received(0, 0);
        let text = metrics.metrics().await.expect("no database is asked");
        assert!(text.ends_with("# EOF\n"), "{text}");
        for part in [
            "# TYPE vigia_checkpoints_received counter\n",
            "vigia_checkpoints_received_total 0\n",
            "# TYPE process_resident_memory_bytes gauge\n",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }

    /// Names and types that the documentation says.
    fn documented() -> BTreeMap<String, String> {
        let rows = include_str!("../../../docs/metrics.md").lines();
        let rows = rows.filter(|line| line.starts_with("| `"));
        let mut names = BTreeMap::new();
        for row in rows {
            let cells: Vec<&str> = row.split('|').map(str::trim).collect();
            for name in cells[1].split(", ") {
                let name = name.trim_matches('`').to_owned();
                let before = names.insert(name, cells[2].to_owned());
                assert!(before.is_none(), "twice: {row}");
            }
        }
        names
    }

    #[tokio::test]
    #[cfg(target_os = "linux")]
    async fn every_figure_is_documented_and_the_other_way_round() {
        let metrics = Metrics::new(Arc::new(SystemClock));
        metrics.state.touch();
        let text = metrics.metrics().await.expect("no database is asked");
        let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
        let told: BTreeMap<String, String> = types
            .map(|line| {
                let (name, kind) = line.split_once(' ').expect("a name and a type");
                let end = match kind {
                    "counter" => "_total",
                    "info" => "_info",
                    _ => "",
                };
                (format!("{name}{end}"), kind.to_owned())
            })
            .collect();
        assert_eq!(told, documented());
    }

    /// Names of figures in a text of queries.
    fn asked(text: &str) -> BTreeSet<&str> {
        let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
        let ends = |word: &str| {
            ["_bucket", "_sum", "_count"]
                .into_iter()
                .find_map(|end| word.strip_suffix(end).map(str::len))
        };
        words
            .filter(|word| word.starts_with("vigia_") || word.starts_with("process_"))
            .map(|word| &word[..ends(word).unwrap_or(word.len())])
            .collect()
    }

    #[test]
    fn alerts_and_the_dashboard_ask_for_what_there_is() {
        let documented = documented();
        let alerts = include_str!("../../../deploy/prometheus/alerts.yml");
        let dashboard = include_str!("../../../deploy/grafana/vigia.json");
        for text in [alerts, dashboard] {
            let unknown: Vec<&str> = asked(text)
                .into_iter()
                .filter(|name| !documented.contains_key(*name))
                .collect();
            assert!(unknown.is_empty(), "{unknown:?}");
        }
        let shown = asked(dashboard);
        let hidden: Vec<&String> = documented
            .keys()
            .filter(|name| name.starts_with("vigia_") && !shown.contains(name.as_str()))
            .collect();
        // What is the same on every day is in no picture.
        let shown_nowhere = [
            "vigia_build_info",
            "vigia_schedule_ended_age_seconds",
            "vigia_watch_compared_age_seconds",
        ];
        assert_eq!(hidden, shown_nowhere);
    }

    #[test]
    fn every_alert_has_a_runbook_and_a_test() {
        let alerts = include_str!("../../../deploy/prometheus/alerts.yml").lines();
        let alerts: BTreeSet<&str> = alerts
            .filter_map(|line| line.trim().strip_prefix("- alert: "))
            .collect();
        let runbooks = include_str!("../../../docs/operations/runbooks.md").lines();
        let runbooks: BTreeSet<&str> = runbooks
            .filter_map(|line| line.strip_prefix("## "))
            .collect();
        assert_eq!(alerts, runbooks);
        let tests = include_str!("../../../deploy/prometheus/alerts_test.yml").lines();
        let tests: BTreeSet<&str> = tests
            .filter_map(|line| line.strip_prefix("        alertname: "))
            .collect();
        assert_eq!(alerts, tests);
    }

    #[test]
    fn buckets_double() {
        let mut text = String::new();
        let mut registry = Registry::default();
        let histogram = durations();
        registry.register("d", "D", histogram.clone());
        histogram.observe(0.000_2);
        encode(&mut text, &registry).expect("it is written");
        assert!(text.contains("d_bucket{le=\"0.0001\"} 0\n"), "{text}");
        assert!(text.contains("d_bucket{le=\"0.0002\"} 1\n"), "{text}");
        assert!(text.contains("d_bucket{le=\"52.4288\"} 1\n"), "{text}");
    }
}
