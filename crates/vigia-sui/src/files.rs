//! Checkpoint files: `.chk` (0x01 and BCS `CheckpointData`), bare BCS, and `.binpb` (one
//! `sui.rpc.v2.Checkpoint`) with or without zstd.
//!
//! Files come in any order and go out ascending: a first pass reads only each file's sequence
//! number, so memory holds one checkpoint at a time. Every file is checked by digests before any of
//! it goes out.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use futures::StreamExt;
use prost::Message;
use sui_rpc::proto::sui::rpc::v2 as proto;
use sui_sdk_types::CheckpointData;
use vigia_core::Checkpoint;

use crate::SourceError;
use crate::decode::{Decoded, from_checkpoint_data, from_proto};
use crate::source::{CheckpointSource, CheckpointStream, Start};

/// A checkpoint file larger than this, packed or unpacked, is refused: the protocol caps a
/// checkpoint at 30 MiB, frames of 90 MB were seen.
const FILE_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// A checkpoint file and the checkpoint it says it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexedFile {
    /// Its checkpoint.
    pub sequence: u64,
    /// Where it is.
    pub path: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    /// One byte 0x01, then BCS.
    Chk,
    Bcs,
    Protobuf,
    ProtobufZstd,
}

impl Format {
    fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        let formats = [
            (".chk", Self::Chk),
            (".bcs", Self::Bcs),
            (".binpb", Self::Protobuf),
            (".binpb.zst", Self::ProtobufZstd),
        ];
        formats
            .into_iter()
            .find(|(suffix, _)| name.ends_with(suffix))
            .map(|(_, format)| format)
    }
}

/// The checkpoint files of a folder, one checkpoint each.
#[derive(Clone, Debug)]
pub struct FileSource {
    files: Vec<IndexedFile>,
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
        Ok(Self { files })
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
        let read = |file: IndexedFile| async move {
            let path = file.path.clone();
            tokio::task::spawn_blocking(move || read_checkpoint(&file))
                .await
                .unwrap_or_else(|_| Err(file_error(&path, "reading it failed")))
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
        } else if Format::of(&path).is_some() {
            paths.push(path);
        }
    }
    Ok(())
}

/// The sequence number a file says it holds, read without decoding the rest.
fn read_sequence(path: &Path) -> Result<u64, SourceError> {
    /// `sui.rpc.v2.Checkpoint` with all other fields passed over.
    #[derive(Clone, PartialEq, Message)]
    struct SequenceOnly {
        #[prost(uint64, optional, tag = "1")]
        sequence_number: Option<u64>,
    }

    let bytes = read_bytes(path)?;
    match Format::of(path) {
        Some(Format::Protobuf | Format::ProtobufZstd) => SequenceOnly::decode(&bytes[..])
            .map_err(|error| file_error(path, format!("it is not a protobuf checkpoint: {error}")))?
            .sequence_number
            .ok_or_else(|| file_error(path, "it has no sequence number")),
        _ => {
            // BCS of a summary begins with the epoch and the sequence number.
            let number = bytes.get(8..16).and_then(|bytes| bytes.try_into().ok());
            number
                .map(u64::from_le_bytes)
                .ok_or_else(|| file_error(path, "it is too short"))
        }
    }
}

fn read_checkpoint(file: &IndexedFile) -> Result<Checkpoint, SourceError> {
    let path = &file.path;
    let bytes = read_bytes(path)?;
    let checkpoint = match Format::of(path) {
        Some(Format::Protobuf | Format::ProtobufZstd) => {
            let message = proto::Checkpoint::decode(&bytes[..])
                .map_err(|error| file_error(path, format!("it cannot be decoded: {error}")))?;
            let contents = message.contents.as_ref().and_then(|c| c.bcs.as_ref());
            if contents.is_none_or(|bcs| bcs.value.is_none()) {
                return Err(file_error(path, "it has no contents to check"));
            }
            // Nothing vouches for the amounts that a file states; they come from objects.
            let objects = message.objects.iter().flat_map(|set| &set.objects);
            let objects = objects.filter(|object| object.bcs.is_some()).count();
            if objects == 0 && !message.transactions.is_empty() {
                return Err(file_error(path, "it has no objects"));
            }
            match from_proto(&message).map_err(|error| file_error(path, error))? {
                Decoded::Complete(checkpoint) => checkpoint,
                Decoded::NeedsObjects(_) => return Err(file_error(path, "it has no objects")),
            }
        }
        _ => {
            let data: CheckpointData = bcs::from_bytes(&bytes)
                .map_err(|error| file_error(path, format!("it cannot be decoded: {error}")))?;
            from_checkpoint_data(data).map_err(|error| file_error(path, error))?
        }
    };
    Ok(checkpoint)
}

/// The payload of a file: unpacked, without the leading byte of `.chk`.
fn read_bytes(path: &Path) -> Result<Vec<u8>, SourceError> {
    let file = std::fs::File::open(path).map_err(|error| file_error(path, error))?;
    let format = Format::of(path).ok_or_else(|| file_error(path, "it is not a checkpoint file"))?;
    let mut bytes = match format {
        Format::ProtobufZstd => {
            let unpacked = zstd::Decoder::new(file).map_err(|error| file_error(path, error))?;
            read_limited(path, unpacked)?
        }
        _ => read_limited(path, file)?,
    };
    if format == Format::Chk {
        match bytes.first() {
            Some(1) => drop(bytes.remove(0)),
            _ => return Err(file_error(path, "it does not begin with byte 0x01")),
        }
    }
    Ok(bytes)
}

fn read_limited(path: &Path, reader: impl Read) -> Result<Vec<u8>, SourceError> {
    let mut bytes = Vec::new();
    let read = reader.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes);
    let count = read.map_err(|error| file_error(path, error))?;
    if count as u64 > FILE_BYTES_MAX {
        return Err(file_error(
            path,
            format!("it is larger than {FILE_BYTES_MAX} bytes"),
        ));
    }
    Ok(bytes)
}

fn file_error(path: &Path, problem: impl ToString) -> SourceError {
    SourceError::File {
        path: path.to_owned(),
        problem: problem.to_string(),
    }
}
