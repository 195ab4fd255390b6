//! `cargo xtask bench NAME`: prints a table and writes `target/bench/NAME.json`.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use serde_json::{Map, Value};

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
        name: "match",
        package: "vigia-sui",
        target: "match",
        arguments: &[],
        postgres: false,
    },
    Bench {
        name: "ingest",
        package: "vigia",
        target: "ingest",
        arguments: &[],
        postgres: false,
    },
    Bench {
        name: "startup",
        package: "vigia",
        target: "startup",
        arguments: &[],
        postgres: false,
    },
    Bench {
        name: "memory",
        package: "vigia",
        target: "memory",
        arguments: &[],
        postgres: false,
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
    /// latency-postgres, registration, conservation, delivery, web, web-postgres, capacity, match, ingest, startup, memory, interpret; or compare A.json B.json
    name: String,
    /// After `compare`: two files of figures, before and after
    files: Vec<PathBuf>,
    /// Be done within 60 s
    #[arg(long)]
    quick: bool,
}

/// Runs the command.
pub(crate) fn run(args: &BenchArgs) -> anyhow::Result<()> {
    match (args.name.as_str(), &args.files[..]) {
        ("compare", [before, after]) => return compare(before, after),
        ("compare", _) => bail!("compare takes two files of figures, before and after"),
        (_, []) => {}
        (name, _) => bail!("bench {name} takes no files"),
    }
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

/// Prints two files of figures beside each other, with what the second is of the first.
fn compare(before: &Path, after: &Path) -> anyhow::Result<()> {
    let [before, after] = [read(before)?, read(after)?];
    print!("{}", compared(&before, &after)?);
    Ok(())
}

fn read(path: &Path) -> anyhow::Result<Value> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    serde_json::from_str(&text).with_context(|| format!("{} is no JSON", path.display()))
}

fn part<'v>(report: &'v Value, name: &str) -> anyhow::Result<&'v Map<String, Value>> {
    let found = report[name].as_object();
    found.with_context(|| {
        format!("a file of figures has {name:?}; cargo xtask bench NAME writes one")
    })
}

#[expect(clippy::float_arithmetic, reason = "a ratio of figures, for people")]
fn compared(before: &Value, after: &Value) -> anyhow::Result<String> {
    if before["bench"] != after["bench"] {
        bail!(
            "{} and {} are different benches",
            before["bench"],
            after["bench"]
        );
    }
    let mut text = format!(
        "{}: {} and {}\n",
        before["bench"].as_str().unwrap_or_default(),
        before["versions"]["commit"],
        after["versions"]["commit"]
    );
    let figures = [part(before, "figures")?, part(after, "figures")?];
    for (name, value) in figures[0] {
        let [first, second] = [Some(value), figures[1].get(name)].map(|value| value?.as_f64());
        let line = match (first, second) {
            (Some(first), Some(second)) => {
                format!(
                    "  {name:<44} {first:>14} {second:>14}  x {:.3}\n",
                    second / first
                )
            }
            _ => format!("  {name:<44} {value:>14} {:>14}\n", "gone"),
        };
        text.push_str(&line);
    }
    for (name, value) in figures[1] {
        if !figures[0].contains_key(name) {
            text.push_str(&format!("  {name:<44} {:>14} {value:>14}\n", "new"));
        }
    }
    // What was measured under other circumstances is not to be compared without knowing it.
    for what in ["settings", "machine"] {
        let parts = [part(before, what)?, part(after, what)?];
        for (name, value) in parts[0] {
            let other = parts[1].get(name).unwrap_or(&Value::Null);
            if value != other {
                text.push_str(&format!("differs: {what} {name}: {value} and {other}\n"));
            }
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn report(rate: f64, cores: u64) -> Value {
        json!({
            "bench": "match",
            "figures": { "tx_per_s": rate },
            "settings": { "watched": 5 },
            "machine": { "cores": cores },
            "versions": { "commit": "abc" },
        })
    }

    #[test]
    fn figures_are_compared_and_other_circumstances_said() {
        let text = compared(&report(200.0, 2), &report(300.0, 4)).unwrap();
        assert!(text.contains("x 1.500"), "{text}");
        assert!(text.contains("differs: machine cores: 2 and 4"), "{text}");
        assert!(!text.contains("settings"), "{text}");
        let mut other = report(1.0, 2);
        other["bench"] = json!("ingest");
        assert!(compared(&report(1.0, 2), &other).is_err());
        assert!(compared(&json!({}), &json!({})).is_err());
    }
}
