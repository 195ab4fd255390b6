//! `cargo xtask capacity`: the tables of docs/operations/capacity.md, from what `cargo xtask bench capacity` measured last.
//!
//! The figures are kept beside the document, so that anybody can see what the tables are made of; a test says whether they are.

use std::path::PathBuf;

use anyhow::{Context, ensure};
use serde_json::Value;

use crate::run::{root, target_dir};

const BEGIN: &str = "<!-- tables: cargo xtask capacity -->";
const END: &str = "<!-- end of tables -->";
/// Seconds of a month of 30 days.
const MONTH_S: f64 = 2_592_000.0;

/// A phase: its name in the figures, its users, what runs, and what the original took for as many.
const PHASES: &[(&str, &str, &str, &str)] = &[
    (
        "one_10k",
        "10,000",
        "`vigia up` on SQLite",
        "a $50 server, with Postgres and Redis",
    ),
    (
        "separate_10k",
        "10,000",
        "poller, worker, web, Postgres, Redis",
        "the same",
    ),
    (
        "separate_100k",
        "100,000",
        "poller, worker, web, Postgres, Redis",
        "$80",
    ),
    (
        "sharded_1m",
        "1,000,000",
        "two pollers, worker, web, Postgres, Redis",
        "$150",
    ),
];
/// Of the last phase's transactions one in so many is relevant: how many the node has made is known by that.
const RELEVANT_ONE_IN: f64 = 10.0;
/// How much faster than mainnet the last phase is tried.
const TIMES: &[u32] = &[1, 10, 20, 40, 80];

fn figures_path() -> PathBuf {
    root().join("docs/operations/capacity.json")
}

fn document_path() -> PathBuf {
    root().join("docs/operations/capacity.md")
}

/// Runs the command.
pub(crate) fn run() -> anyhow::Result<()> {
    let measured = target_dir().join("bench/capacity.json");
    let text = std::fs::read_to_string(&measured).with_context(|| {
        format!(
            "{}: cargo xtask bench capacity makes it",
            measured.display()
        )
    })?;
    let figures: Value = serde_json::from_str(&text)?;
    let document = std::fs::read_to_string(document_path())?;
    let document = with_tables(&document, &tables(&figures)?)?;
    std::fs::write(figures_path(), text)?;
    std::fs::write(document_path(), document)?;
    println!("{} is of {}", document_path().display(), measured.display());
    Ok(())
}

fn with_tables(document: &str, tables: &str) -> anyhow::Result<String> {
    let (head, rest) = document.split_once(BEGIN).context(BEGIN)?;
    let (_, tail) = rest.split_once(END).context(END)?;
    Ok(format!("{head}{BEGIN}\n\n{tables}\n{END}{tail}"))
}

#[expect(clippy::float_arithmetic, reason = "figures for people")]
fn tables(report: &Value) -> anyhow::Result<String> {
    let figure = |name: &str| {
        let found = report["figures"][name].as_f64();
        found.with_context(|| format!("the bench has no figure {name}"))
    };
    let of = |phase: &str, name: &str| figure(&format!("{phase}_{name}"));
    let tried: Vec<u32> = TIMES
        .iter()
        .copied()
        .filter(|times| of(&beyond(*times), "behind_s").is_ok())
        .collect();
    ensure!(
        !tried.is_empty(),
        "the bench was a quick one: run all of it"
    );
    // Where few transactions were relevant, nothing can be said about what one of them takes.
    let most = tried.last().map(|times| beyond(*times)).unwrap_or_default();
    let bytes_each = of(&most, "database_bytes_per_relevant")?;
    let mut text = String::from(
        "| users | processes | relevant a second | processor, vigia + database + Redis, of one core | memory, likewise | database, a month | from the provider, a month | the original |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    for (phase, users, processes, original) in PHASES {
        let relevant = of(phase, "relevant_per_s")?;
        let cpu = |name: &str| of(phase, name).map(|percent| format!("{percent:.1} %"));
        let memory = |name: &str| of(phase, name).map(|megabytes| format!("{megabytes:.0}"));
        text += &format!(
            "| {users} | {processes} | {relevant:.1} | {} + {} + {} | {} + {} + {} MB | {:.1} GB | {:.0} GB | {original} |\n",
            cpu("vigia_cpu_percent")?,
            cpu("database_cpu_percent")?,
            cpu("redis_cpu_percent")?,
            memory("vigia_mb")?,
            memory("database_mb")?,
            memory("redis_mb")?,
            relevant * bytes_each * MONTH_S / 1e9,
            of(phase, "provider_kb_per_s")? * MONTH_S / 1e6,
        );
    }
    text += &format!(
        "\nA relevant transaction takes {bytes_each:.0} bytes of Postgres, with its evidence, activities, notifications and a webhook.\n\n\
         A million users, and more transactions than mainnet has:\n\n\
         | times mainnet, as asked | transactions a second, as the node made them | relevant | processor, vigia + database + Redis | the node's beside | behind the chain |\n|---|---|---|---|---|---|\n",
    );
    for times in tried {
        let run = beyond(times);
        let cpu = |name: &str| of(&run, name).map(|percent| format!("{percent:.0} %"));
        text += &format!(
            "| {times} | {:.0} | {:.0} | {} + {} + {} | {} | {:.1} s |\n",
            of(&run, "relevant_per_s")? * RELEVANT_ONE_IN,
            of(&run, "relevant_per_s")?,
            cpu("vigia_cpu_percent")?,
            cpu("database_cpu_percent")?,
            cpu("redis_cpu_percent")?,
            cpu("node_cpu_percent")?,
            of(&run, "behind_s")?,
        );
    }
    text += &format!(
        "\nMeasured on {} ({} cores), commit {}.\n",
        report["machine"]["cpu"]
            .as_str()
            .unwrap_or("a machine without a name"),
        report["machine"]["cores"],
        report["versions"]["commit"].as_str().unwrap_or("unknown"),
    );
    Ok(text)
}

/// What the figures call the last phase at so many times mainnet's rate.
fn beyond(times: u32) -> String {
    match times {
        1 => "sharded_1m".to_owned(),
        times => format!("sharded_1m_x{times}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_says_what_was_measured() {
        let figures = std::fs::read_to_string(figures_path()).expect("figures");
        let figures: Value = serde_json::from_str(&figures).expect("JSON");
        let document = std::fs::read_to_string(document_path()).expect("a document");
        let made = with_tables(&document, &tables(&figures).unwrap()).unwrap();
        assert_eq!(document, made, "cargo xtask capacity writes it");
    }
}
