//! What is read off the process when somebody asks.

use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::info::Info;
use vigia_core::NotificationText;
use vigia_store::{PoolSize, SqlStore};
use vigia_transport::TransportStats;

type Written = Result<(), fmt::Error>;

/// Writes one figure.
fn write(
    encoder: &mut DescriptorEncoder<'_>,
    (name, help): (&str, &str),
    metric: impl EncodeMetric,
) -> Written {
    let metric_type = metric.metric_type();
    metric.encode(encoder.encode_descriptor(name, help, None, metric_type)?)
}

/// The process itself, by the names that Prometheus' own libraries use; what the system does not tell is left out.
#[derive(Debug)]
pub(super) struct ProcessFigures {
    build: Info<Vec<(&'static str, &'static str)>>,
}

impl ProcessFigures {
    pub(super) fn new() -> Self {
        Self {
            build: Info::new(vec![("version", crate::VERSION), ("commit", crate::COMMIT)]),
        }
    }
}

impl Collector for ProcessFigures {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Written {
        let build = ("vigia_build", "What this binary was built from");
        let metric_type = self.build.metric_type();
        let described = encoder.encode_descriptor(build.0, build.1, None, metric_type)?;
        self.build.encode(described)?;
        let Some(process) = proc::read() else {
            return Ok(());
        };
        write(
            &mut encoder,
            (
                "process_cpu_seconds",
                "Seconds of processor time, user and system",
            ),
            ConstCounter::new(process.cpu_seconds),
        )?;
        for (name, help, value) in [
            (
                "process_resident_memory_bytes",
                "Memory that it occupies",
                process.resident_bytes,
            ),
            (
                "process_virtual_memory_bytes",
                "Memory that it has addresses for",
                process.virtual_bytes,
            ),
            (
                "process_open_fds",
                "Open file descriptors",
                process.open_fds,
            ),
            (
                "process_max_fds",
                "File descriptors that it may open",
                process.max_fds,
            ),
            ("process_threads", "Threads", process.threads),
            (
                "process_start_time_seconds",
                "When it started, in seconds since 1970",
                process.started_s,
            ),
        ] {
            write(&mut encoder, (name, help), ConstGauge::new(value))?;
        }
        Ok(())
    }
}

/// What the process asks of the database, and over how many connections; of these nothing until it is open.
pub(super) struct DatabaseFigures(pub(super) Arc<OnceLock<Arc<SqlStore>>>);

impl fmt::Debug for DatabaseFigures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DatabaseFigures").finish_non_exhaustive()
    }
}

impl Collector for DatabaseFigures {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Written {
        write(
            &mut encoder,
            ("vigia_sql_statements", "SQL statements that were sent"),
            ConstCounter::new(vigia_store::statements()),
        )?;
        let pools = self.0.get().map(|store| store.pools()).unwrap_or_default();
        let (name, help) = (
            "vigia_sql_connections",
            "Connections to the database by pool (write and read on SQLite, all on Postgres) and state: busy, idle, or free, which may be opened",
        );
        let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for PoolSize {
            name,
            open,
            idle,
            max,
        } in pools
        {
            let busy = open.saturating_sub(idle);
            let free = max.saturating_sub(open);
            for (state, connections) in [("busy", busy), ("idle", idle), ("free", free)] {
                let label = [("pool", name), ("state", state)];
                let gauge = ConstGauge::new(i64::from(connections));
                gauge.encode(family.encode_family(&label)?)?;
            }
        }
        Ok(())
    }
}

/// Senders and receivers of frames.
#[derive(Clone, Debug, Default)]
pub(super) struct TransportFigures(Arc<Mutex<Vec<Arc<TransportStats>>>>);

impl TransportFigures {
    pub(super) fn add(&self, stats: Arc<TransportStats>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(stats);
    }

    fn sum(&self, of: fn(&TransportStats) -> u64) -> u64 {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().map(|stats| of(stats)).sum()
    }
}

impl Collector for TransportFigures {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Written {
        for (name, help, value) in [
            (
                "vigia_transport_frames",
                "Frames sent and received, repeats included",
                self.sum(TransportStats::frames),
            ),
            (
                "vigia_transport_malformed",
                "Messages that were no frames and were set aside",
                self.sum(TransportStats::malformed),
            ),
            (
                "vigia_transport_holds_expired",
                "Deliveries of frames that were left to others since they took too long",
                self.sum(TransportStats::holds_expired),
            ),
            (
                "vigia_transport_failures",
                "Calls to the broker or the depot that failed",
                self.sum(TransportStats::failures),
            ),
        ] {
            write(&mut encoder, (name, help), ConstCounter::new(value))?;
        }
        let broken = self.sum(|stats| u64::from(stats.problem().is_some()));
        write(
            &mut encoder,
            (
                "vigia_transport_broken",
                "Senders and receivers of frames that cannot reach the broker or the depot",
            ),
            ConstGauge::new(broken),
        )
    }
}

/// Texts of notifications.
#[derive(Clone, Default)]
pub(super) struct TextFigures(Arc<Mutex<Vec<Arc<dyn NotificationText>>>>);

impl TextFigures {
    pub(super) fn add(&self, text: Arc<dyn NotificationText>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(text);
    }
}

impl fmt::Debug for TextFigures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TextFigures").finish_non_exhaustive()
    }
}

impl Collector for TextFigures {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Written {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fallbacks: u64 = all.iter().map(|text| text.fallbacks()).sum();
        write(
            &mut encoder,
            (
                "vigia_text_fallbacks",
                "Texts of notifications that could not be made as written; others stood in",
            ),
            ConstCounter::new(fallbacks),
        )
    }
}

/// What Linux tells of a process (proc(5)).
mod proc {
    /// Ticks in a second of the times in `stat`: every Linux that Rust runs on tells programs this (`USER_HZ`).
    const TICKS: u64 = 100;

    pub(super) struct Process {
        pub(super) cpu_seconds: f64,
        pub(super) resident_bytes: u64,
        pub(super) virtual_bytes: u64,
        pub(super) open_fds: u64,
        pub(super) max_fds: u64,
        pub(super) threads: u64,
        pub(super) started_s: u64,
    }

    pub(super) fn read() -> Option<Process> {
        let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
        // The name in parentheses may hold anything; fields are numbered from 1, and 3 comes after it.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
        let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
        let max_fds = limits
            .lines()
            .find_map(|line| line.strip_prefix("Max open files"))
            .and_then(|rest| rest.split_whitespace().next()?.parse().ok());
        let booted = std::fs::read_to_string("/proc/stat").ok()?;
        let booted_s: u64 = booted
            .lines()
            .find_map(|line| line.strip_prefix("btime "))
            .and_then(|rest| rest.trim().parse().ok())?;
        let open_fds = std::fs::read_dir("/proc/self/fd").ok()?.count();
        let status = std::fs::read_to_string("/proc/self/status").ok()?;
        let resident_kib: u64 = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .and_then(|rest| rest.split_whitespace().next()?.parse().ok())?;
        Some(Process {
            cpu_seconds: super::super::seconds((field(14)? + field(15)?) * (1_000 / TICKS)),
            resident_bytes: resident_kib * 1_024,
            virtual_bytes: field(23)?,
            open_fds: u64::try_from(open_fds).unwrap_or(u64::MAX),
            max_fds: max_fds.unwrap_or(u64::MAX),
            threads: field(20)?,
            started_s: booted_s + field(22)? / TICKS,
        })
    }

    #[cfg(test)]
    mod tests {
        #[test]
        #[cfg(target_os = "linux")]
        fn linux_tells_of_this_process() {
            let process = super::read().expect("it is there");
            assert!(process.resident_bytes > 1 << 20 && process.virtual_bytes > 1 << 20);
            assert!(process.threads >= 1 && process.open_fds >= 3);
            assert!(process.max_fds >= process.open_fds);
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            let age = now
                .expect("it is later")
                .as_secs()
                .abs_diff(process.started_s);
            assert!(age < 3_600, "{age}");
        }
    }
}
