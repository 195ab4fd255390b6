//! What benches are held to, and beside what: the one list of the targets that docs/performance.md shows.

/// On which side of it a figure has to be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

use Bound::{AtLeast, AtMost};

impl Bound {
    /// As the report writes it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            AtLeast(_) => "at_least",
            AtMost(_) => "at_most",
        }
    }

    pub(crate) fn limit(self) -> f64 {
        match self {
            AtLeast(limit) | AtMost(limit) => limit,
        }
    }

    pub(crate) fn holds(self, figure: f64) -> bool {
        match self {
            AtLeast(limit) => figure >= limit,
            AtMost(limit) => figure <= limit,
        }
    }
}

/// What a figure of a bench is held to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    pub(crate) bench: &'static str,
    pub(crate) figure: &'static str,
    pub(crate) bound: Bound,
    /// What was measured in the same run to compare it with: a figure's name, or words.
    pub(crate) beside: &'static str,
}

const fn limit(
    bench: &'static str,
    figure: &'static str,
    bound: Bound,
    beside: &'static str,
) -> Limit {
    Limit {
        bench,
        figure,
        bound,
        beside,
    }
}

const WITHOUT_LOOKUP: &str = "real_tx_per_s_per_core_without_lookup";

/// All of them. A figure that a run does not measure is not held to anything.
pub(crate) const LIMITS: &[Limit] = &[
    limit(
        "match",
        "real_tx_per_s_per_core",
        AtLeast(600_000.0),
        WITHOUT_LOOKUP,
    ),
    limit(
        "match",
        "real_ratio_to_full_decode",
        AtLeast(5.0),
        "real_tx_per_s_per_core_full_decode",
    ),
    limit(
        "ingest",
        "tx_per_s_per_core",
        AtLeast(220_000.0),
        "tx_per_s_per_core_bytes_alone",
    ),
    limit(
        "ingest",
        "ratio_to_sdk_stream",
        AtLeast(3.0),
        "tx_per_s_per_core_sdk_stream",
    ),
    limit(
        "pipeline-postgres",
        "cpu_to_bare_insert",
        AtMost(1.5),
        "bare_insert_cpu_ms_per_tx",
    ),
    limit(
        "pipeline-postgres",
        "relevant_tx_per_s",
        AtLeast(8_000.0),
        "bare_insert_tx_per_s",
    ),
    limit(
        "pipeline-postgres",
        "cpu_ms_per_tx",
        AtMost(0.12),
        "bare_insert_cpu_ms_per_tx",
    ),
    limit(
        "pipeline",
        "rate_to_bare_insert",
        AtLeast(0.6),
        "bare_insert_tx_per_s",
    ),
    limit(
        "pipeline",
        "relevant_tx_per_s",
        AtLeast(8_000.0),
        "bare_insert_tx_per_s",
    ),
    limit("latency", "committed_p50_ms", AtMost(3.0), "fsync_p50_ms"),
    limit("latency", "committed_p99_ms", AtMost(15.0), "fsync_p99_ms"),
    limit("startup", "start_s", AtMost(2.0), "read_rows_s"),
    limit("startup", "idle_cpu_percent", AtMost(3.0), "a full core"),
    limit("startup", "idle_mb", AtMost(150.0), "nothing"),
    limit("memory", "addresses_1000000_mb", AtMost(80.0), "nothing"),
    limit("memory", "addresses_10000000_mb", AtMost(600.0), "nothing"),
    limit(
        "catch-up",
        "checkpoints_per_s",
        AtLeast(1_000.0),
        "loopback_checkpoints_per_s",
    ),
    limit(
        "catch-up",
        "quorum_rate_ratio",
        AtLeast(0.5),
        "checkpoints_per_s",
    ),
    limit(
        "delivery",
        "webhooks_per_s",
        AtLeast(6_000.0),
        "client_alone_per_s",
    ),
    limit("delivery", "received_p50_ms", AtMost(15.0), "nothing"),
    limit("delivery", "received_p99_ms", AtMost(60.0), "nothing"),
    limit(
        "delivery",
        "hanging_half_p99_ratio",
        AtMost(1.2),
        "well_received_p99_ms",
    ),
    limit(
        "web",
        "feed_requests_per_s",
        AtLeast(2_000.0),
        "feed_client_cpu_us",
    ),
    limit("web", "feed_p99_ms", AtMost(25.0), "nothing"),
    limit("web", "subscribers_mb", AtMost(400.0), "nothing"),
    limit("web", "fanout_p99_ms", AtMost(500.0), "nothing"),
    limit(
        "web-postgres",
        "feed_requests_per_s",
        AtLeast(2_000.0),
        "feed_client_cpu_us",
    ),
    limit("web-postgres", "feed_p99_ms", AtMost(25.0), "nothing"),
    limit("web-postgres", "subscribers_mb", AtMost(400.0), "nothing"),
    limit("web-postgres", "fanout_p99_ms", AtMost(500.0), "nothing"),
    limit(
        "conservation",
        "differing",
        AtMost(0.0),
        "the node's own balances",
    ),
    limit(
        "conservation",
        "differing_after_import",
        AtMost(0.0),
        "the node's own balances",
    ),
];
