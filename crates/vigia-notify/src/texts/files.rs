//! Reads the files of a directory of texts.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use vigia_core::Locale;

use super::LOCALES;
use super::problem::{TextProblem, TextsError};

/// The largest file of texts, in bytes: many times what all messages take (I-13).
pub const TEXT_FILE_BYTES_MAX: usize = 256 * 1024;
/// Entries of the directory that are looked at (I-13).
const ENTRIES_MAX: usize = 1_000;

/// A file that was read.
pub(super) struct TextFile {
    pub(super) name: String,
    pub(super) text: String,
}

/// The files of a directory, by language.
pub(super) struct TextFiles {
    pub(super) files: [Option<TextFile>; 3],
    /// What is wrong with them before they are looked into. Files of other names are, since a misspelt name would
    /// be texts that nobody ever reads.
    pub(super) problems: Vec<TextProblem>,
}

/// Reads the files of a directory.
pub(super) fn read(dir: &Path) -> Result<TextFiles, TextsError> {
    let mut problems = Vec::new();
    let failed = |source| TextsError::Read {
        path: dir.to_owned(),
        source,
    };
    for entry in std::fs::read_dir(dir).map_err(failed)?.take(ENTRIES_MAX) {
        let name = entry.map_err(failed)?.file_name();
        let name = name.to_string_lossy().into_owned();
        // What orchestrators mount keeps its versions in names that begin with a point.
        if !name.starts_with('.') && !LOCALES.iter().any(|locale| file_name(*locale) == name) {
            let problem =
                "is no file of texts: they are es.ftl, en.ftl and pt.ftl; move it elsewhere";
            problems.push(of_file(name, problem.to_owned()));
        }
    }
    let mut files = [None, None, None];
    for (slot, locale) in files.iter_mut().zip(LOCALES) {
        match read_one(dir, locale)? {
            Ok(file) => *slot = file,
            Err(problem) => problems.push(problem),
        }
    }
    Ok(TextFiles { files, problems })
}

/// None where there is none.
fn read_one(
    dir: &Path,
    locale: Locale,
) -> Result<Result<Option<TextFile>, TextProblem>, TextsError> {
    let name = file_name(locale);
    let path = dir.join(&name);
    let failed = |source| TextsError::Read {
        path: path.clone(),
        source,
    };
    match std::fs::metadata(&path) {
        Ok(found) if found.is_file() => {}
        Ok(_) => return Ok(Err(of_file(name, "is no file".to_owned()))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Ok(None)),
        Err(error) => return Err(failed(error)),
    }
    let mut bytes = Vec::new();
    let file = File::open(&path).map_err(failed)?;
    file.take(TEXT_FILE_BYTES_MAX as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() > TEXT_FILE_BYTES_MAX {
        let problem = format!("is larger than {TEXT_FILE_BYTES_MAX} bytes; take texts out of it");
        return Ok(Err(of_file(name, problem)));
    }
    Ok(match String::from_utf8(bytes) {
        Ok(text) => Ok(Some(TextFile { name, text })),
        Err(error) => {
            let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
            Err(TextProblem {
                line: Some(line),
                ..of_file(name, "is not UTF-8; save it as that".to_owned())
            })
        }
    })
}

fn file_name(locale: Locale) -> String {
    format!("{}.ftl", locale.as_str())
}

fn of_file(file: String, problem: String) -> TextProblem {
    TextProblem {
        file,
        line: None,
        message: None,
        problem,
    }
}
