//! The same run of a bench with all proven, by a process of its own: the bench's binary with one more
//! argument, which prints its figures as a line of JSON instead of a report.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

/// Figures by name.
pub(crate) type ProvenFigures = BTreeMap<String, f64>;

/// The argument by which a bench proves what it reads.
const PROVEN: &str = "--proven";

/// Whether this process is the one that proves.
pub(crate) fn is_told() -> bool {
    std::env::args().any(|argument| argument == PROVEN)
}

/// Runs this bench again with all proven.
pub(crate) fn run() -> ProvenFigures {
    let output = Command::new(std::env::current_exe().expect("a bench is a file"))
        .args(std::env::args().skip(1))
        .arg(PROVEN)
        .stderr(Stdio::inherit())
        .output()
        .expect("the bench starts again");
    assert!(output.status.success(), "it ended with {}", output.status);
    serde_json::from_slice(&output.stdout).expect("figures are JSON")
}

/// Tells the figures to the process that asked for them.
pub(crate) fn tell(figures: &ProvenFigures) {
    println!("{}", serde_json::to_string(figures).expect("JSON"));
}
