//! `cargo xtask count`: how many instructions the hot functions take over a fixed chain, under callgrind, compared with a budget.
//!
//! A busy machine changes times and no counts, so that a regression shows where benches only shrug. What may differ by a little is
//! the compiler's version and the seeds of hash maps.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail, ensure};

use crate::run::{answers, cargo, root, target_dir};
use crate::tools::debian;

/// The functions that are counted, each `counted_NAME` of crate vigia-counted.
const NAMES: &[&str] = &["scan", "decode", "match", "interpret", "fold"];
/// Percent by which a count may be above its budget; as far below it, the budget is out of date.
const ABOVE_PERCENT_MAX: u64 = 5;

/// Runs the command.
pub(crate) fn run() -> anyhow::Result<()> {
    if !answers("valgrind", "--version") {
        debian(&["valgrind"], "counting instructions")?;
    }
    cargo(&[
        "build",
        "--release",
        "--quiet",
        "--package",
        "vigia-counted",
    ])?;
    let mut counts = BTreeMap::new();
    for name in NAMES {
        counts.insert((*name).to_owned(), count(name)?);
    }
    let file = root().join("crates/vigia-counted/budgets.toml");
    if std::env::var_os("UPDATE_BUDGETS").is_some() {
        std::fs::write(&file, written(&counts))?;
    }
    let text = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    let problems = compared(&counts, &budgets(&text)?);
    if problems.is_empty() {
        return Ok(());
    }
    bail!(
        "{}\nWhere that is meant, UPDATE_BUDGETS=1 cargo xtask count writes {}",
        problems.join("\n"),
        file.display()
    )
}

/// Instructions of one function, and of what it calls.
fn count(name: &str) -> anyhow::Result<u64> {
    let program = target_dir().join("release/vigia-counted");
    let out: PathBuf = target_dir().join(format!("counted-{name}.callgrind"));
    let mut counting = Command::new("valgrind");
    counting
        .args(["--tool=callgrind", "--quiet"])
        .arg(format!("--toggle-collect=*counted_{name}*"))
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(&program)
        .arg(name)
        .stdout(Stdio::null());
    let status = counting.status().context("cannot run valgrind")?;
    ensure!(status.success(), "valgrind of {name}: {status}");
    let counted = total(&out)?;
    // Not one call of it: then it was called by another name.
    ensure!(counted > 0, "no instruction of counted_{name} was seen");
    Ok(counted)
}

fn total(out: &Path) -> anyhow::Result<u64> {
    let text = std::fs::read_to_string(out).with_context(|| out.display().to_string())?;
    let total = text.lines().find_map(|line| {
        line.strip_prefix("totals: ")
            .or(line.strip_prefix("summary: "))
    });
    let total = total.context("callgrind says no total")?;
    Ok(total.trim().parse()?)
}

fn written(counts: &BTreeMap<String, u64>) -> String {
    let mut text = String::from(
        "# Instructions of the hot functions over corpus.bcs, as `cargo xtask count` counted them.\n",
    );
    for (name, count) in counts {
        text.push_str(&format!("{name} = {count}\n"));
    }
    text
}

fn budgets(text: &str) -> anyhow::Result<BTreeMap<String, u64>> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let lines = lines.filter(|line| !line.trim().is_empty());
    let budget = |line: &str| {
        let (name, count) = line.split_once(" = ").context("NAME = COUNT")?;
        Ok((name.to_owned(), count.trim().parse()?))
    };
    lines.map(budget).collect()
}

/// What is not as the budgets say; prints all of them.
fn compared(counts: &BTreeMap<String, u64>, budgets: &BTreeMap<String, u64>) -> Vec<String> {
    let mut problems = Vec::new();
    for (name, count) in counts {
        let Some(budget) = budgets.get(name) else {
            problems.push(format!(
                "{name} has no budget, it took {count} instructions"
            ));
            continue;
        };
        let permille = count.saturating_mul(1_000) / (*budget).max(1);
        println!("  {name:<12} {count:>12} instructions, {permille} permille of its budget");
        let away = ABOVE_PERCENT_MAX * 10;
        if permille > 1_000 + away {
            problems.push(format!("{name} took {count} instructions, more than {ABOVE_PERCENT_MAX} % above its budget of {budget}"));
        } else if permille < 1_000 - away {
            problems.push(format!(
                "{name} took {count} instructions: its budget of {budget} is too generous"
            ));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(count: u64) -> BTreeMap<String, u64> {
        [("scan".to_owned(), count)].into()
    }

    #[test]
    fn budgets_are_kept_at_their_edges() {
        let budget = budgets(&written(&of(1_000))).unwrap();
        assert_eq!(budget, of(1_000));
        for (count, is_kept) in [(1_050, true), (1_051, false), (950, true), (949, false)] {
            let problems = compared(&of(count), &budget);
            assert_eq!(problems.is_empty(), is_kept, "{count}: {problems:?}");
        }
        assert_eq!(compared(&of(1), &BTreeMap::new()).len(), 1);
    }
}
