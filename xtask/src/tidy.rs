//! The rules of the house that no other tool knows.
//!
//! - crates depend on each other only along the edges of ARCHITECTURE.md;
//! - every Rust file opens with `//!`;
//! - no file grows beyond what a reader takes in;
//! - no path of one machine, and no half-done marker, is left in the tree.

use std::collections::BTreeMap;
use std::process::Command;

use anyhow::{Context, bail};
use serde_json::Value;

use crate::run::{metadata, root};

/// Which crates of the workspace each may depend on. `vigia` may depend on all.
const EDGES: &[(&str, &[&str])] = &[
    ("vigia-core", &[]),
    ("vigia-watch", &["vigia-core"]),
    ("vigia-sui", &["vigia-core", "vigia-watch"]),
    ("vigia-contracts", &["vigia-core"]),
    ("vigia-store", &["vigia-core"]),
    ("vigia-transport", &["vigia-core"]),
    ("vigia-notify", &["vigia-core"]),
    (
        "vigia-web",
        &["vigia-core", "vigia-contracts", "vigia-store"],
    ),
    ("vigia-devnet", &["vigia-core"]),
    ("vigia-testbed", &[]),
    (
        "vigia-counted",
        &["vigia-core", "vigia-watch", "vigia-contracts"],
    ),
    ("xtask", &["vigia-testbed"]),
];

/// Lines that a Rust file may have.
const FILE_LINES_MAX: usize = 600;

/// Texts that have no place in the tree. They are put together here so that this file has none.
fn forbidden() -> Vec<(String, &'static str)> {
    vec![
        (format!("todo{}", "!("), "finish it, or write an issue"),
        (
            format!("unimplemented{}", "!("),
            "finish it, or write an issue",
        ),
        (format!("FIX{}", "ME"), "fix it, or write an issue"),
        (
            format!("/ro{}/", "ot"),
            "paths of one machine do not belong in the tree",
        ),
        (
            format!("/wo{}/", "rk"),
            "paths of one machine do not belong in the tree",
        ),
    ]
}

/// Runs the command.
pub(crate) fn run() -> anyhow::Result<()> {
    let mut problems = edge_problems(&metadata()?)?;
    let files = tracked_files()?;
    for file in &files {
        let Ok(text) = std::fs::read_to_string(root().join(file)) else {
            continue;
        };
        problems.extend(text_problems(file, &text));
    }
    if problems.is_empty() {
        eprintln!("tidy: {} files, all in order", files.len());
        return Ok(());
    }
    bail!(
        "tidy found {} problems:\n  {}",
        problems.len(),
        problems.join("\n  ")
    )
}

fn edge_problems(metadata: &Value) -> anyhow::Result<Vec<String>> {
    let allowed: BTreeMap<&str, &[&str]> = EDGES.iter().copied().collect();
    let packages = metadata["packages"]
        .as_array()
        .context("cargo metadata has packages")?;
    let members: Vec<&str> = packages
        .iter()
        .filter_map(|package| package["name"].as_str())
        .collect();
    let mut problems = Vec::new();
    for package in packages {
        let name = package["name"].as_str().unwrap_or_default();
        if name == "vigia" {
            continue;
        }
        let Some(allowed) = allowed.get(name) else {
            problems.push(format!("crate {name} is not in the table of edges"));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let on = dependency["name"].as_str().unwrap_or_default();
            // Tests may use the simulated node and other crates as they like.
            let is_dev = dependency["kind"] == "dev";
            if members.contains(&on) && !is_dev && !allowed.contains(&on) {
                problems.push(format!(
                    "{name} must not depend on {on} (ARCHITECTURE.md, crates)"
                ));
            }
        }
    }
    Ok(problems)
}

fn tracked_files() -> anyhow::Result<Vec<String>> {
    let output = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .context("cannot run git ls-files")?;
    Ok(String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(ToOwned::to_owned)
        .collect())
}

fn text_problems(file: &str, text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if file.ends_with(".rs") {
        if !text.starts_with("//!") {
            problems.push(format!("{file} does not open with //!"));
        }
        let lines = text.lines().count();
        if lines > FILE_LINES_MAX {
            problems.push(format!(
                "{file} has {lines} lines, more than {FILE_LINES_MAX}"
            ));
        }
    }
    if file.ends_with(".lock") {
        return problems;
    }
    for (number, line) in (1..).zip(text.lines()) {
        for (word, reason) in forbidden() {
            if line.contains(&word) {
                problems.push(format!("{file}:{number}: {word}: {reason}"));
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_wrong_edge_is_found() {
        let package = |name: &str, on: &str, kind: Value| json!({ "name": name, "dependencies": [{ "name": on, "kind": kind }] });
        let packages = [
            package("vigia-core", "vigia-store", Value::Null),
            package("vigia-store", "vigia-core", Value::Null),
            package("vigia-sui", "vigia-devnet", json!("dev")),
            package("vigia-devnet", "vigia-store", json!("build")),
            package("vigia-new", "serde", Value::Null),
        ];
        let problems = edge_problems(&json!({ "packages": packages })).unwrap();
        assert_eq!(problems.len(), 3, "{problems:?}");
        assert!(problems[0].contains("vigia-core must not depend on vigia-store"));
        assert!(problems[1].contains("vigia-devnet must not depend on vigia-store"));
        assert!(problems[2].contains("vigia-new is not in the table"));
    }

    #[test]
    fn heads_sizes_and_leftovers_are_found() {
        assert_eq!(text_problems("a.rs", "//! Good.\n").len(), 0);
        assert_eq!(text_problems("a.rs", "fn main() {}\n").len(), 1);
        assert_eq!(
            text_problems("a.rs", &format!("//! Long.\n{}", "\n".repeat(600))).len(),
            1
        );
        assert_eq!(
            text_problems("a.md", &format!("{}\n", forbidden()[0].0)).len(),
            1
        );
    }
}
