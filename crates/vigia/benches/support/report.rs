//! The one form of all benches: a table on the screen and `target/bench/NAME.json`.

#[path = "limits.rs"]
mod limits;

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Map, Value, json};

use self::limits::LIMITS;
use super::usage;

/// Figures of one run. Names end in their unit.
pub(crate) struct Report {
    name: &'static str,
    figures: Map<String, Value>,
    settings: Map<String, Value>,
}

impl Report {
    pub(crate) fn new(name: &'static str) -> Self {
        Self {
            name,
            figures: Map::new(),
            settings: Map::new(),
        }
    }

    /// A figure: what was measured.
    #[expect(clippy::float_arithmetic, reason = "a figure for people, not money")]
    pub(crate) fn figure(&mut self, name: &str, value: f64) {
        let rounded = (value * 1000.0).round() / 1000.0;
        self.figures.insert(name.to_owned(), json!(rounded));
    }

    /// A setting: under which circumstances.
    pub(crate) fn setting(&mut self, name: &str, value: impl Into<Value>) {
        self.settings.insert(name.to_owned(), value.into());
    }

    /// What of it is held to something.
    fn limits(&self) -> Vec<Value> {
        let of_this = LIMITS.iter().filter(|limit| limit.bench == self.name);
        let measured = of_this.filter_map(|limit| {
            let figure = self.figures.get(limit.figure)?.as_f64()?;
            Some(json!({
                "figure": limit.figure,
                "bound": limit.bound.name(),
                "limit": limit.bound.limit(),
                "measured": figure,
                "holds": limit.bound.holds(figure),
                "compared_with": limit.beside,
                "compared_with_measured": self.figures.get(limit.beside),
            }))
        });
        measured.collect()
    }

    /// Prints the table and writes the file.
    pub(crate) fn finish(self) {
        let rows = |part: &Map<String, Value>| {
            part.iter()
                .map(|(name, value)| format!("  {name:<34} {value:>16}\n"))
                .collect::<String>()
        };
        println!(
            "{}\n{}\nsettings\n{}",
            self.name,
            rows(&self.figures),
            rows(&self.settings)
        );
        let limits = self.limits();
        for limit in &limits {
            println!("{}", said(limit));
        }
        let processes = usage::processes();
        println!("\nprocesses                             CPU seconds    at most, MB");
        for process in &processes {
            let [cpu, memory] = ["cpu_s", "peak_mb"].map(|name| process[name].to_string());
            let name = process["name"].as_str().unwrap_or_default();
            println!("  {name:<34} {cpu:>12} {memory:>14}");
        }
        let folder = target_dir().join("bench");
        std::fs::create_dir_all(&folder).expect("a folder for figures");
        let path = folder.join(format!("{}.json", self.name));
        let report = json!({
            "bench": self.name,
            "figures": self.figures,
            "settings": self.settings,
            "limits": limits,
            "processes": processes,
            "machine": machine(),
            "versions": versions(),
        });
        let text = serde_json::to_string_pretty(&report).expect("figures are JSON");
        std::fs::write(&path, text + "\n").expect("the file can be written");
        println!("written to {}", path.display());
    }
}

/// A limit as a line for people.
fn said(limit: &Value) -> String {
    let verdict = match limit["holds"].as_bool() {
        Some(true) => "holds",
        _ => "MISSED",
    };
    let word = |name: &str| limit[name].as_str().unwrap_or_default().replace('_', " ");
    format!(
        "  {verdict:<7} {} {} {}: {}, beside {}: {}",
        limit["figure"].as_str().unwrap_or_default(),
        word("bound"),
        limit["limit"],
        limit["measured"],
        limit["compared_with"].as_str().unwrap_or_default(),
        limit["compared_with_measured"],
    )
}

fn target_dir() -> PathBuf {
    let here = std::env::current_exe().expect("a bench is a file");
    // target/PROFILE/deps/BENCH
    here.ancestors()
        .nth(3)
        .expect("a bench lies in the target folder")
        .to_owned()
}

fn machine() -> Value {
    let first = |path: &str, key: &str| {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let line = text
            .lines()
            .find(|line| line.starts_with(key))
            .unwrap_or_default();
        line.split(':').nth(1).unwrap_or_default().trim().to_owned()
    };
    json!({
        "cpu": first("/proc/cpuinfo", "model name"),
        "cores": std::thread::available_parallelism().map_or(0, usize::from),
        "memory": first("/proc/meminfo", "MemTotal"),
        "kernel": output("uname", &["-sr"]),
    })
}

fn versions() -> Value {
    json!({
        "vigia": env!("CARGO_PKG_VERSION"),
        "commit": output("git", &["rev-parse", "--short", "HEAD"]),
        "rustc": output("rustc", &["--version"]),
    })
}

fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map_or_else(
        |_| String::new(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}
