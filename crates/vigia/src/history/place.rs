//! Where whole checkpoints of history come from.

use std::path::Path;
use std::sync::Arc;

use futures::StreamExt;
use vigia_core::Checkpoint;
use vigia_sui::{
    BucketSource, CheckpointSource, CheckpointStream, FileSource, Providers, SourceError, Start,
};

/// A source of checkpoints that are behind.
#[derive(Clone)]
pub enum HistorySource {
    /// Full nodes.
    Grpc(Providers),
    /// A bucket of files over HTTP.
    Bucket(BucketSource),
    /// A folder of files.
    Files(Arc<FileSource>),
}

impl HistorySource {
    /// The checkpoint files of a folder; those that cannot be read are named on stderr.
    pub fn files(folder: &Path) -> Result<Self, SourceError> {
        let source = FileSource::index(folder, &mut |error| eprintln!("refused {error}"))?;
        Ok(Self::Files(Arc::new(source)))
    }

    /// Where `providers` have to prove what they send, what this holds has to be proven likewise.
    #[must_use]
    pub fn proven_as(self, providers: &Providers) -> Self {
        match self {
            Self::Grpc(own) => Self::Grpc(own),
            Self::Bucket(bucket) => Self::Bucket(bucket.proven_as(providers)),
            Self::Files(files) => {
                let files = FileSource::clone(&files).proven_as(providers);
                Self::Files(Arc::new(files))
            }
        }
    }

    /// The same, and where all has to be proven, whether amounts of all transactions are wanted: files have
    /// them anyway.
    #[must_use]
    pub fn with_all_amounts(&self, wanted: bool) -> Self {
        match self {
            Self::Grpc(providers) => Self::Grpc(providers.with_all_amounts(wanted)),
            other => other.clone(),
        }
    }

    /// The word for it on the command line.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Grpc(_) => "grpc",
            Self::Bucket(_) => "bucket",
            Self::Files(_) => "files",
        }
    }

    /// Where it is, without secrets.
    pub fn place(&self) -> String {
        match self {
            Self::Grpc(providers) => providers.url(),
            Self::Bucket(bucket) => bucket.url().to_owned(),
            Self::Files(files) => format!("{} files", files.files().len()),
        }
    }

    /// The checkpoints from `from` to `to_inclusive`, ascending; ends after the last or an error.
    pub fn checkpoints(&self, from: u64, to_inclusive: u64) -> CheckpointStream {
        match self {
            Self::Grpc(providers) => providers.fetch_run(from, to_inclusive),
            Self::Bucket(bucket) => bucket.fetch_run(from, to_inclusive),
            Self::Files(files) => {
                let within = move |item: &Result<Checkpoint, SourceError>| {
                    let is_beyond =
                        |checkpoint: &Checkpoint| checkpoint.header.sequence > to_inclusive;
                    let beyond = item.as_ref().is_ok_and(is_beyond);
                    futures::future::ready(!beyond)
                };
                let stream = files.stream(Start::Checkpoint(from));
                stream.take_while(within).boxed()
            }
        }
    }

    /// One checkpoint.
    pub async fn checkpoint(&self, sequence: u64) -> Result<Checkpoint, SourceError> {
        let found = self.checkpoints(sequence, sequence).next().await;
        found.unwrap_or(Err(SourceError::Missing {
            sequence: sequence.to_string(),
            what: "its file".to_owned(),
        }))
    }
}
