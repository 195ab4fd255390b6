//! Checks files of texts as a whole, before anybody is told anything by them.

mod entry;
mod nesting;
mod usage;

use std::collections::{BTreeMap, BTreeSet};

use fluent_bundle::FluentResource;
use fluent_syntax::ast::Entry;
use vigia_core::{Locale, nearest};

pub use entry::TEXT_PLACES_MAX;
pub use nesting::TEXT_NESTING_MAX;

use super::LOCALES;
use super::files::{TextFile, TextFiles};
use super::problem::TextProblem;
use super::variable::{self, KNOWN};

/// The most messages and terms of a file (I-13).
pub const TEXT_MESSAGES_MAX: usize = 1_000;

/// The files as Fluent reads them, else all that is wrong with them, in the order of files and lines.
pub(super) fn parse_all(read: TextFiles) -> Result<[Option<FluentResource>; 3], Vec<TextProblem>> {
    let mut problems: BTreeSet<TextProblem> = read.problems.into_iter().collect();
    // Who misses a file misses all that is in it, and knows it already.
    let mut is_whole = problems.is_empty();
    let mut places = BTreeMap::<String, [Option<usize>; 3]>::new();
    let mut index = 0..;
    let parsed = read.files.map(|file| {
        let index = index.next().unwrap_or_default();
        let file = file?;
        let resource = parse(&file, &mut problems);
        is_whole &= resource.is_some();
        let resource = resource?;
        for (id, line) in messages(&resource) {
            places.entry(id).or_default()[index] = Some(line);
        }
        entry::check(&file.name, &resource, &mut problems);
        Some(resource)
    });
    if is_whole {
        problems.extend(places.iter().filter_map(|(id, lines)| missing(id, lines)));
    }
    match problems.is_empty() {
        true => Ok(parsed),
        false => Err(problems.into_iter().collect()),
    }
}

/// What of a file can be read; none of what is too deep or too much to look at.
fn parse(file: &TextFile, problems: &mut BTreeSet<TextProblem>) -> Option<FluentResource> {
    let problem = |line, message, problem| TextProblem {
        file: file.name.clone(),
        line,
        message,
        problem,
    };
    if let Some(line) = nesting::too_deep(&file.text) {
        let text = format!("braces are nested deeper than {TEXT_NESTING_MAX}; use fewer");
        problems.insert(problem(Some(line), None, text));
        return None;
    }
    let resource = match FluentResource::try_new(file.text.clone()) {
        Ok(resource) => resource,
        Err((resource, errors)) => {
            for error in errors {
                let junk = error.slice.unwrap_or(error.pos.clone());
                let junk_text = file.text.get(junk.clone()).unwrap_or_default();
                // What nobody closes is missed where the next message begins; say where this one ends.
                let last = junk.start + junk_text.trim_end().len();
                let line = line_at(&file.text, error.pos.start.min(last));
                let text = format!("cannot be read: {}", lower_first(&error.kind.to_string()));
                problems.insert(problem(Some(line), first_word(junk_text), text));
            }
            resource
        }
    };
    let count = resource.entries().filter(|entry| !is_junk(entry)).count();
    if count > TEXT_MESSAGES_MAX {
        let text = format!("has {count} messages and terms, at most {TEXT_MESSAGES_MAX} fit");
        problems.insert(problem(None, None, text));
        return None;
    }
    Some(resource)
}

/// A kind that vigia does not know has to have a text in every language, else those who read another are told
/// that there is news.
fn missing(id: &str, lines: &[Option<usize>; 3]) -> Option<TextProblem> {
    if variable::find(id).is_some() {
        return None;
    }
    let file = |locale: &Locale| format!("{}.ftl", locale.as_str());
    let with_lines = || LOCALES.iter().zip(lines);
    let (locale, line) = with_lines().find(|(_, line)| line.is_some())?;
    let without = with_lines().filter(|(_, line)| line.is_none());
    let without: Vec<String> = without.map(|(locale, _)| file(locale)).collect();
    if without.is_empty() {
        return None;
    }
    let hint = match nearest(id, KNOWN.iter().map(|known| known.id)) {
        Some(near) => format!(", or write {near} if that is meant"),
        None => String::new(),
    };
    Some(TextProblem {
        file: file(locale),
        line: *line,
        message: Some(id.to_owned()),
        problem: format!(
            "vigia has no such text, so it takes all languages: add it to {}{hint}",
            without.join(" and ")
        ),
    })
}

/// The messages of a file with their lines, those that cannot be read too: they are not missing.
fn messages(resource: &FluentResource) -> impl Iterator<Item = (String, usize)> {
    resource.entries().filter_map(|entry| {
        let (id, at) = match entry {
            Entry::Message(message) => (message.id.name.to_owned(), message.id.name),
            Entry::Junk { content } => (first_word(content)?, *content),
            _ => return None,
        };
        Some((id, line_of(resource.source(), at)))
    })
}

fn is_junk(entry: &Entry<&str>) -> bool {
    !matches!(entry, Entry::Message(_) | Entry::Term(_))
}

/// The line of a part of the source.
fn line_of(source: &str, part: &str) -> usize {
    // Fluent's trees hold no places, but their words are slices of the source.
    line_at(source, part.as_ptr() as usize - source.as_ptr() as usize)
}

fn line_at(source: &str, at: usize) -> usize {
    let before = source.as_bytes().iter().take(at);
    1 + before.filter(|byte| **byte == b'\n').count()
}

fn first_word(text: &str) -> Option<String> {
    let ends = |letter: char| !letter.is_ascii_alphanumeric() && letter != '-' && letter != '_';
    let word = text.split(ends).next().unwrap_or_default();
    (!word.is_empty()).then(|| word.to_owned())
}

fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}
