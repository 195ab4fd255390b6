//! The command line and what documents say of it are the same.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use clap::{Arg, Command, CommandFactory};

use super::Cli;
use crate::documents;

const REFERENCE: &str = include_str!("../../../../docs/commands.md");

#[test]
fn the_command_line_holds_together() {
    Cli::command().debug_assert();
}

/// The whole command line as a document.
fn reference() -> String {
    let mut text = "# Commands\n\nWritten by the program itself (`UPDATE_COMMANDS=1 cargo nextest run documented`); \
                    `vigia COMMAND --help` says the same.\n\nEvery command takes `--config FILE`, `--data-dir DIR` and `--log LEVEL`. \
                    Those with `--json` print one JSON object for scripts.\n\n| exit code | means |\n|---|---|\n"
        .to_owned();
    for line in crate::exit::HELP.lines().skip(1) {
        let (code, meaning) = line.trim().split_once("  ").expect("a code and a meaning");
        let _ = writeln!(text, "| {code} | {meaning} |");
    }
    let mut root = Cli::command();
    root.build();
    for command in visible(&root) {
        describe(command, &mut text, 2);
    }
    text
}

fn visible(command: &Command) -> impl Iterator<Item = &Command> {
    command
        .get_subcommands()
        .filter(|command| !command.is_hide_set() && command.get_name() != "help")
}

fn describe(command: &Command, text: &mut String, depth: usize) {
    let name = command.get_bin_name().unwrap_or_default();
    let about = command
        .get_about()
        .map(ToString::to_string)
        .unwrap_or_default();
    let _ = write!(text, "\n{} {name}\n\n{about}.\n", "#".repeat(depth));
    let own = |arg: &&Arg| !arg.is_global_set() && arg.get_id() != "help" && !arg.is_hide_set();
    let arguments: Vec<&Arg> = command.get_arguments().filter(own).collect();
    if !arguments.is_empty() {
        text.push('\n');
    }
    for argument in arguments {
        let help = argument
            .get_help()
            .map(ToString::to_string)
            .unwrap_or_default();
        let shown = argument.to_string();
        let mut rest = String::new();
        let values: Vec<String> = argument
            .get_possible_values()
            .iter()
            .map(|value| value.get_name().to_owned())
            .collect();
        if !values.is_empty() && argument.get_action().takes_values() {
            let _ = write!(rest, " [{}]", values.join(", "));
        }
        let defaults: Vec<_> = argument
            .get_default_values()
            .iter()
            .map(|value| value.to_string_lossy())
            .collect();
        if !defaults.is_empty() && argument.get_action().takes_values() {
            let _ = write!(rest, " [default: {}]", defaults.join(", "));
        }
        let _ = writeln!(text, "- `{shown}`: {help}{rest}");
    }
    for command in visible(command) {
        describe(command, text, depth + 1);
    }
}

#[test]
fn the_reference_is_the_command_line() {
    let reference = reference();
    if std::env::var_os("UPDATE_COMMANDS").is_some() {
        std::fs::write(documents::folder("docs/commands.md"), &reference).expect("it is written");
        return;
    }
    assert!(
        reference == REFERENCE,
        "docs/commands.md is not the command line: UPDATE_COMMANDS=1 writes it"
    );
}

/// Every document for people, but for the reference.
fn all() -> Vec<(String, String)> {
    let mut all = documents::read(&["README.md"], &["docs"], &["md"]);
    all.retain(|(file, _)| !file.ends_with("/commands.md"));
    all
}

/// Lines of code in which `vigia` is run: of blocks, and between backticks.
fn runs(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut is_block = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            is_block = !is_block;
        } else if is_block {
            found.extend(line.split(['|', ';']).map(|part| part.trim().to_owned()));
        } else {
            found.extend(line.split('`').skip(1).step_by(2).map(str::to_owned));
        }
    }
    found.retain(|line| line.starts_with("vigia "));
    found
}

/// What of a run is not there; none where all is.
fn unknown(root: &Command, run: &str) -> Option<String> {
    let run = run.split(" #").next().unwrap_or(run);
    let mut command = root;
    let mut words = run.split_whitespace().skip(1).peekable();
    let is_word = |word: &str| {
        word.chars()
            .all(|letter| letter.is_ascii_lowercase() || letter == '-')
    };
    while let Some(word) = words
        .peek()
        .filter(|word| is_word(word) && !word.starts_with('-'))
    {
        match command.find_subcommand(word) {
            Some(found) => command = found,
            None if command.has_subcommands() => return Some(format!("{word:?} of {run:?}")),
            None => break,
        }
        words.next();
    }
    for word in words.filter_map(|word| word.strip_prefix("--")) {
        let flag = word.split(['=', '.', ',', ')', ']']).next().unwrap_or(word);
        let has = |command: &Command| {
            command
                .get_arguments()
                .any(|argument| argument.get_long() == Some(flag))
        };
        if !(has(command) || has(root) || ["help", "version"].contains(&flag)) {
            return Some(format!("--{flag} of {run:?}"));
        }
    }
    None
}

#[test]
fn every_command_in_a_document_is_there() {
    let root = Cli::command();
    let documents = all();
    assert!(documents.len() > 20, "{}", documents.len());
    let (mut wrong, mut number) = (BTreeSet::new(), 0);
    for (path, text) in documents {
        for run in runs(&text) {
            number += 1;
            if let Some(unknown) = unknown(&root, &run) {
                wrong.insert(format!("{path}: {unknown}"));
            }
        }
    }
    assert!(number > 60, "{number}");
    assert!(wrong.is_empty(), "{wrong:#?}");
    // And the check is one.
    for run in [
        "vigia nothing",
        "vigia deliveries nothing",
        "vigia status --nothing",
    ] {
        assert!(unknown(&root, run).is_some(), "{run}");
    }
}
