//! Folders of checkpoint files, in the forms that `packed` knows.
//!
//! Files come in any order and go out ascending: a first pass reads only each file's sequence
//! number, so memory holds one checkpoint at a time. Every file is checked by digests before any of
//! it goes out.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use futures::StreamExt;

use crate::SourceError;
use crate::packed::{self, FILE_BYTES_MAX, Format, Packed};
use crate::providers::Providers;
use crate::source::{CheckpointSource, CheckpointStream, Start};

/// A checkpoint file and the checkpoint it says it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexedFile {
    /// Its checkpoint.
    pub sequence: u64,
    /// Where it is.
    pub path: PathBuf,
}

/// The checkpoint files of a folder, one checkpoint each.
#[derive(Clone)]
pub struct FileSource {
    files: Vec<IndexedFile>,
    /// Whose demands hold for what they hold.
    providers: Option<Providers>,
}

impl fmt::Debug for FileSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileSource")
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}

impl FileSource {
    /// Indexes the checkpoint files under `folder`, its subfolders included. `refuse` hears of each
    /// file that cannot be one; the others are kept. Files without a checkpoint's ending are passed
    /// over.
    pub fn index(folder: &Path, refuse: &mut dyn FnMut(SourceError)) -> Result<Self, SourceError> {
        let mut paths = Vec::new();
        collect_files(folder, &mut paths)?;
        paths.sort();
        let mut by_sequence = BTreeMap::<u64, PathBuf>::new();
        for path in paths {
            match read_sequence(&path) {
                Err(error) => refuse(error),
                Ok(sequence) => {
                    if let Some(first) = by_sequence.get(&sequence) {
                        let problem = format!(
                            "checkpoint {sequence} is also in {}; remove one",
                            first.display()
                        );
                        refuse(SourceError::File { path, problem });
                    } else {
                        by_sequence.insert(sequence, path);
                    }
                }
            }
        }
        let files = by_sequence
            .into_iter()
            .map(|(sequence, path)| IndexedFile { sequence, path })
            .collect();
        Ok(Self {
            files,
            providers: None,
        })
    }

    /// Where `providers` have to prove what they send, what files hold has to be proven likewise.
    #[must_use]
    pub fn proven_as(mut self, providers: &Providers) -> Self {
        self.providers = Some(providers.clone());
        self
    }

    /// The files, ascending by checkpoint.
    pub fn files(&self) -> &[IndexedFile] {
        &self.files
    }
}

impl CheckpointSource for FileSource {
    /// Yields an error for a corrupt file and goes on with the next one.
    fn stream(&self, start: Start) -> CheckpointStream {
        let from = match start {
            Start::Tip => self.files.last().map_or(0, |file| file.sequence),
            Start::Checkpoint(from) => from,
        };
        let files: Vec<IndexedFile> = self
            .files
            .iter()
            .filter(|file| file.sequence >= from)
            .cloned()
            .collect();
        let providers = self.providers.clone();
        let read = move |file: IndexedFile| {
            let (path, providers) = (file.path.clone(), providers.clone());
            async move {
                let packed = tokio::task::spawn_blocking(move || read_checkpoint(&file))
                    .await
                    .unwrap_or_else(|_| Err(file_error(&path, "reading it failed")))?;
                let Some(providers) = providers else {
                    return Ok(packed.checkpoint);
                };
                let attested = providers.attest(packed).await;
                attested.map_err(|error| match error.is_senders() {
                    true => file_error(&path, error),
                    false => error,
                })
            }
        };
        futures::stream::iter(files).then(read).boxed()
    }
}

fn collect_files(folder: &Path, paths: &mut Vec<PathBuf>) -> Result<(), SourceError> {
    let entries = std::fs::read_dir(folder).map_err(|error| file_error(folder, error))?;
    for entry in entries {
        let path = entry.map_err(|error| file_error(folder, error))?.path();
        if path.is_dir() {
            collect_files(&path, paths)?;
        } else if format_of(&path).is_some() {
            paths.push(path);
        }
    }
    Ok(())
}

/// The sequence number a file says it holds, read without decoding the rest.
fn read_sequence(path: &Path) -> Result<u64, SourceError> {
    let (format, payload) = read_payload(path)?;
    packed::sequence(format, &payload).map_err(|problem| file_error(path, problem))
}

fn read_checkpoint(file: &IndexedFile) -> Result<Packed, SourceError> {
    let (format, payload) = read_payload(&file.path)?;
    packed::decode(format, &payload).map_err(|problem| file_error(&file.path, problem))
}

fn read_payload(path: &Path) -> Result<(Format, Vec<u8>), SourceError> {
    let file = std::fs::File::open(path).map_err(|error| file_error(path, error))?;
    let format = format_of(path).ok_or_else(|| file_error(path, "it is not a checkpoint file"))?;
    let payload = packed::unpack(format, file, FILE_BYTES_MAX);
    let payload = payload.map_err(|error| file_error(path, error))?;
    Ok((format, payload))
}

fn format_of(path: &Path) -> Option<Format> {
    Format::of(path.file_name()?.to_str()?)
}

fn file_error(path: &Path, problem: impl ToString) -> SourceError {
    SourceError::File {
        path: path.to_owned(),
        problem: problem.to_string(),
    }
}
