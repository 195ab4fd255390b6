//! Whether checkpoints follow one another: each number is the next, each names the digest before.

use vigia_core::{Checkpoint, CheckpointHeader, Digest};

use crate::SourceError;

/// Where a run of checkpoints stands.
#[derive(Clone, Debug)]
pub struct Link {
    next: u64,
    previous: Option<Digest>,
}

impl Link {
    /// A run that begins at this checkpoint; what is before it is not known.
    pub fn new(from: u64) -> Self {
        Self {
            next: from,
            previous: None,
        }
    }

    /// A run that goes on at this checkpoint, behind the one with this digest.
    pub fn resume(next: u64, previous: Option<Digest>) -> Self {
        Self { next, previous }
    }

    /// The checkpoint that has to come.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// Digest of the last that came.
    pub fn previous(&self) -> Option<Digest> {
        self.previous
    }

    /// Takes the next checkpoint, which has to be that.
    pub fn check(&mut self, checkpoint: Checkpoint) -> Result<Checkpoint, SourceError> {
        self.check_header(&checkpoint.header)?;
        Ok(checkpoint)
    }

    fn check_header(&mut self, header: &CheckpointHeader) -> Result<(), SourceError> {
        let (expected, found) = (self.next, header.sequence);
        if found != expected {
            return Err(SourceError::OutOfOrder { expected, found });
        }
        if let Some(before) = self.previous
            && header.previous_digest != Some(before)
        {
            let named = header
                .previous_digest
                .map_or_else(|| "nothing".to_owned(), |digest| digest.to_string());
            let problem = format!("it follows {named}, but the one before it here is {before}");
            return Err(SourceError::invalid(found, problem));
        }
        self.previous = Some(header.digest);
        self.next = found.saturating_add(1);
        Ok(())
    }
}
