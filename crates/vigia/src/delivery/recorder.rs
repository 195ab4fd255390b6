//! What has ended is written beside what goes on: a transaction that takes long holds up nothing that is taken meanwhile.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::LOOK;

/// What is written at once.
const BATCH_MAX: usize = 512;
/// What may wait to be written; with more, nothing new is taken.
const WAITING_MAX: usize = 8 * BATCH_MAX;

type Written<T> = (Vec<T>, vigia_store::Result<()>);

/// Writes what has ended, a batch at a time, in the order in which it ended.
pub(super) struct Recorder<T> {
    waiting: Vec<T>,
    writing: Option<JoinHandle<Written<T>>>,
    /// When what could not be written is tried again.
    paused_until: Option<Instant>,
}

impl<T: Send + 'static> Recorder<T> {
    pub(super) fn new() -> Self {
        Self {
            waiting: Vec::new(),
            writing: None,
            paused_until: None,
        }
    }

    /// That something has ended.
    pub(super) fn add(&mut self, ended: T) {
        self.waiting.push(ended);
    }

    /// Whether so much waits that nothing new should be taken.
    pub(super) fn is_full(&self) -> bool {
        self.waiting.len() >= WAITING_MAX
    }

    /// Whether anything is not written yet.
    pub(super) fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.writing.is_none()
    }

    /// Whether what is being written is.
    pub(super) fn is_written(&self) -> bool {
        self.writing.as_ref().is_some_and(JoinHandle::is_finished)
    }

    /// Begins to write what waits, unless something is being written. `write` gives the batch back, with how it went.
    pub(super) fn begin<F>(&mut self, write: impl FnOnce(Vec<T>) -> F)
    where
        F: Future<Output = Written<T>> + Send + 'static,
    {
        let is_paused = self
            .paused_until
            .is_some_and(|until| Instant::now() < until);
        if self.writing.is_some() || self.waiting.is_empty() || is_paused {
            return;
        }
        let rest = self.waiting.split_off(self.waiting.len().min(BATCH_MAX));
        let batch = std::mem::replace(&mut self.waiting, rest);
        self.writing = Some(tokio::spawn(write(batch)));
    }

    /// Waits until what is being written is; returns it. What could not be written waits again. Never ends while nothing is
    /// being written; nothing is lost when it is given up.
    pub(super) async fn written(&mut self) -> vigia_store::Result<Vec<T>> {
        let Some(writing) = &mut self.writing else {
            return std::future::pending().await;
        };
        let joined = writing.await;
        self.writing = None;
        let (mut batch, result) = match joined {
            Ok(written) => written,
            // As if it had been written here.
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        };
        match result {
            Ok(()) => {
                self.paused_until = None;
                Ok(batch)
            }
            Err(error) => {
                batch.append(&mut self.waiting);
                self.waiting = batch;
                self.paused_until = Some(Instant::now() + LOOK);
                Err(error)
            }
        }
    }

    /// Writes all that waits, at once also where it is to wait after a failure: nothing comes after. The first error ends it, and what is
    /// not written is done again by another process.
    pub(super) async fn finish<F>(
        &mut self,
        mut write: impl FnMut(Vec<T>) -> F,
    ) -> vigia_store::Result<()>
    where
        F: Future<Output = Written<T>> + Send + 'static,
    {
        while !self.is_idle() {
            self.paused_until = None;
            self.begin(&mut write);
            self.written().await?;
        }
        Ok(())
    }

    /// When it is to be begun again.
    pub(super) fn pause(&self) -> Option<Duration> {
        let until = self.paused_until?;
        Some(until.saturating_duration_since(Instant::now()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure() -> vigia_store::StoreError {
        vigia_store::StoreError::OutOfRange {
            what: "number",
            value: String::new(),
        }
    }

    async fn fine(batch: Vec<u32>) -> Written<u32> {
        (batch, Ok(()))
    }

    #[tokio::test(start_paused = true)]
    async fn what_cannot_be_written_waits_again() {
        let mut recorder = Recorder::new();
        recorder.add(1);
        recorder.begin(|batch| async { (batch, Err(failure())) });
        recorder.add(2);
        assert!(recorder.written().await.is_err());
        recorder.begin(fine);
        assert!(!recorder.is_written() && !recorder.is_idle(), "not at once");
        tokio::time::sleep(recorder.pause().expect("a pause")).await;
        recorder.begin(fine);
        assert_eq!(recorder.written().await.expect("it is written"), [1, 2]);
        assert!(recorder.is_idle());
    }

    #[tokio::test(start_paused = true)]
    async fn at_the_end_nothing_waits_for_a_pause() {
        let mut recorder = Recorder::new();
        recorder.add(1);
        recorder.begin(|batch| async { (batch, Err(failure())) });
        assert!(recorder.written().await.is_err());
        assert!(recorder.pause().is_some_and(|pause| !pause.is_zero()));
        recorder.finish(fine).await.expect("it is written");
        assert!(recorder.is_idle());
        recorder.add(2);
        let ended = recorder
            .finish(|batch| async { (batch, Err(failure())) })
            .await;
        assert!(ended.is_err() && !recorder.is_idle());
    }

    #[tokio::test]
    async fn it_is_written_in_batches() {
        let mut recorder = Recorder::new();
        for n in 0..u32::try_from(WAITING_MAX).expect("it fits") {
            assert!(!recorder.is_full());
            recorder.add(n);
        }
        assert!(recorder.is_full());
        recorder.begin(fine);
        assert!(!recorder.is_full());
        // One at a time.
        recorder.begin(|_| async { unreachable!("one is being written") });
        let first = recorder.written().await.expect("it is written");
        assert_eq!((first.len(), first[0]), (BATCH_MAX, 0));
        let mut written = first.len();
        while !recorder.is_idle() {
            recorder.begin(fine);
            written += recorder.written().await.expect("it is written").len();
        }
        assert_eq!(written, WAITING_MAX);
    }
}
