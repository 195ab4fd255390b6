//! `cargo xtask book`: the documents as a book, in target/book, with every page listed and every link leading somewhere.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};

use crate::run::{answers, root, run as say_and_run, target_dir};

/// What makes books; the search page would be most of their size.
const MDBOOK: &str = "0.4.52";

/// Builds and checks it.
pub(crate) fn run() -> anyhow::Result<()> {
    let docs = root().join("docs");
    let program = mdbook()?;
    let folder = target_dir().join("book");
    say_and_run(
        Command::new(program)
            .arg("build")
            .arg(&docs)
            .arg("--dest-dir")
            .arg(&folder)
            .env("RUST_LOG", "warn"),
    )?;
    let mut problems = unlisted(&docs)?;
    for page in files(&folder, "html")? {
        dead_links(&folder, &page, &mut problems)?;
    }
    for problem in &problems {
        eprintln!("{problem}");
    }
    if !problems.is_empty() {
        bail!("{} problems in the book", problems.len());
    }
    eprintln!("the book is in {}", folder.display());
    Ok(())
}

/// The program, installed into the target folder when it is missing.
fn mdbook() -> anyhow::Result<PathBuf> {
    let folder = target_dir().join("tools/mdbook");
    let program = folder.join("bin/mdbook");
    if !answers(&program.to_string_lossy(), "--version") {
        eprintln!("installing mdbook into {}", folder.display());
        let mut install = Command::new("cargo");
        install
            .args(["install", "mdbook", "--no-default-features", "--locked"])
            .args(["--version", MDBOOK, "--quiet", "--root"])
            .arg(&folder)
            .env("CARGO_TARGET_DIR", folder.join("build"));
        say_and_run(&mut install)?;
        std::fs::remove_dir_all(folder.join("build"))?;
    }
    Ok(program)
}

/// Pages that the summary does not list.
fn unlisted(docs: &Path) -> anyhow::Result<Vec<String>> {
    let summary = std::fs::read_to_string(docs.join("SUMMARY.md"))?;
    let mut problems = Vec::new();
    for page in files(docs, "md")? {
        let name = page.strip_prefix(docs)?.display().to_string();
        let is_example = name.starts_with("examples/");
        if name != "SUMMARY.md" && !is_example && !summary.contains(&format!("({name})")) {
            problems.push(format!("docs/{name} is not in docs/SUMMARY.md"));
        }
    }
    Ok(problems)
}

/// All files with this ending.
fn files(folder: &Path, ending: &str) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let entries = std::fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path, ending)?);
        } else if path.extension().is_some_and(|end| end == ending) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Links of a page that lead nowhere. Those that leave the book lead to files of the repository.
fn dead_links(folder: &Path, page: &Path, problems: &mut Vec<String>) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(page)?;
    let shown = page.strip_prefix(folder)?.display().to_string();
    if shown == "404.html" {
        return Ok(()); // its links are from the root of a site
    }
    for link in attributes(&text, "href").chain(attributes(&text, "src")) {
        let is_elsewhere = link.contains("://") || link.starts_with("mailto:");
        if is_elsewhere || link.is_empty() {
            continue;
        }
        let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
        let target = match path {
            "" => page.to_owned(),
            path => page.parent().unwrap_or(folder).join(path),
        };
        let target = match target.canonicalize() {
            Ok(target) if target.starts_with(folder.canonicalize()?) => target,
            _ => {
                if !leads_into_the_repository(&shown, path) {
                    problems.push(format!("{shown} links to {link}, which is not there"));
                }
                continue;
            }
        };
        let is_page = target.extension().is_some_and(|end| end == "html");
        if !anchor.is_empty() && is_page {
            let text = std::fs::read_to_string(&target)?;
            let ids: BTreeSet<&str> = attributes(&text, "id").collect();
            if !ids.contains(anchor) {
                problems.push(format!("{shown} links to {link}, which has no such place"));
            }
        }
    }
    Ok(())
}

/// Whether a link of a page, seen from its source, is a file beside the book.
fn leads_into_the_repository(page: &str, link: &str) -> bool {
    let docs = root().join("docs");
    let source = docs.join(page);
    let from = source.parent().unwrap_or(&docs);
    let target = from.join(link);
    // Links to other documents of the repository are taken for pages of the book.
    target.exists() || target.with_extension("md").exists()
}

/// Values of an attribute.
fn attributes<'t>(text: &'t str, name: &str) -> impl Iterator<Item = &'t str> {
    let start = format!(" {name}=\"");
    let mut rest = text;
    std::iter::from_fn(move || {
        let begin = rest.find(&start)? + start.len();
        let value = &rest[begin..];
        let end = value.find('"')?;
        rest = &value[end..];
        Some(&value[..end])
    })
}
