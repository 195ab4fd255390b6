//! `cargo xtask bench NAME`: prints a table and writes `target/bench/NAME.json`.

use anyhow::bail;
use clap::Args;

use crate::postgres::Cluster;
use crate::run::{cargo_command, run as say_and_run};

/// A benchmark there is.
struct Bench {
    name: &'static str,
    package: &'static str,
    /// The bench target, and what it is told besides.
    target: &'static str,
    arguments: &'static [&'static str],
    /// Whether it needs a Postgres cluster of its own.
    postgres: bool,
}

const BENCHES: &[Bench] = &[
    Bench {
        name: "pipeline",
        package: "vigia",
        target: "pipeline",
        arguments: &[],
        postgres: false,
    },
    Bench {
        name: "pipeline-postgres",
        package: "vigia",
        target: "pipeline",
        arguments: &["--postgres"],
        postgres: true,
    },
    Bench {
        name: "catch-up",
        package: "vigia",
        target: "pipeline",
        arguments: &["--catch-up"],
        postgres: false,
    },
    Bench {
        name: "huge-lists",
        package: "vigia",
        target: "pipeline",
        arguments: &["--huge"],
        postgres: false,
    },
    Bench {
        name: "huge-calls",
        package: "vigia",
        target: "pipeline",
        arguments: &["--huge", "--no-list"],
        postgres: false,
    },
    Bench {
        name: "latency",
        package: "vigia",
        target: "latency",
        arguments: &[],
        postgres: false,
    },
    Bench {
        name: "latency-postgres",
        package: "vigia",
        target: "latency",
        arguments: &["--postgres"],
        postgres: true,
    },
    Bench {
        name: "pipeline-redis",
        package: "vigia",
        target: "processes",
        arguments: &[],
        postgres: true,
    },
    Bench {
        name: "registration",
        package: "vigia",
        target: "registration",
        arguments: &[],
        postgres: true,
    },
    Bench {
        name: "conservation",
        package: "vigia",
        target: "conservation",
        arguments: &[],
        postgres: false,
    },
    Bench {
        name: "delivery",
        package: "vigia",
        target: "delivery",
        arguments: &[],
        postgres: true,
    },
    Bench {
        name: "web",
        package: "vigia",
        target: "web",
        arguments: &[],
        postgres: false,
    },
    Bench {
        name: "web-postgres",
        package: "vigia",
        target: "web",
        arguments: &["--postgres"],
        postgres: true,
    },
    Bench {
        name: "capacity",
        package: "vigia",
        target: "capacity",
        arguments: &[],
        postgres: true,
    },
    Bench {
        name: "interpret",
        package: "vigia-contracts",
        target: "interpret",
        arguments: &[],
        postgres: false,
    },
];

/// Flags of `cargo xtask bench`.
#[derive(Debug, Args)]
pub(crate) struct BenchArgs {
    /// Which: pipeline, pipeline-postgres, pipeline-redis, catch-up, huge-lists, huge-calls, latency,
    /// latency-postgres, registration, conservation, delivery, web, web-postgres, capacity, interpret
    name: String,
    /// Be done within 60 s
    #[arg(long)]
    quick: bool,
}

/// Runs the command.
pub(crate) fn run(args: &BenchArgs) -> anyhow::Result<()> {
    let Some(bench) = BENCHES.iter().find(|bench| bench.name == args.name) else {
        let names: Vec<&str> = BENCHES.iter().map(|bench| bench.name).collect();
        bail!(
            "there is no bench {:?}; there are {}",
            args.name,
            names.join(", ")
        );
    };
    let mut command = cargo_command();
    command.args(["bench", "--quiet", "-p", bench.package]);
    command.args(["--bench", bench.target, "--"]);
    command.args(bench.arguments);
    if args.quick {
        command.arg("--quick");
    }
    // Kept until the bench is over.
    let _cluster = match bench.postgres {
        true => {
            let cluster = Cluster::start(true)?;
            command.env("VIGIA_BENCH_POSTGRES_URL", &cluster.url);
            let process_id = cluster.process_id().to_string();
            command.env("VIGIA_BENCH_POSTGRES_PID", process_id);
            Some(cluster)
        }
        false => None,
    };
    say_and_run(&mut command)
}
