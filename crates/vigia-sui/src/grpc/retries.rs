//! What to do when a call for a checkpoint fails: wait and try again, or give up.
//!
//! Waiting is bounded in rate, not in number: who does not want the checkpoint any more drops the
//! future. Everything but a short wait for a checkpoint to come is told to the source's notices.

use std::error::Error;

use tonic::{Code, Status};

use super::{GrpcSource, StreamNotice, describe, retry_delay};
use crate::SourceError;

/// A checkpoint that is not there yet is no trouble before it was asked for so often: what a node
/// lists trails what it streams.
const QUIET_RETRIES: u32 = 3;

/// Failures in a row, and what to do after each.
pub(super) struct Retries {
    source: GrpcSource,
    failures: u32,
    told: bool,
}

impl Retries {
    pub(super) fn new(source: &GrpcSource) -> Self {
        Self {
            source: source.clone(),
            failures: 0,
            told: false,
        }
    }

    /// Waits out a failure that passes by itself; any other is an error.
    pub(super) async fn after(
        &mut self,
        status: &Status,
        sequence: u64,
    ) -> Result<(), SourceError> {
        match status.code() {
            Code::NotFound | Code::OutOfRange => self.absent(sequence).await,
            _ if is_transient(status) => {
                self.pause(describe(status), 0).await;
                Ok(())
            }
            _ => Err(self.source.error(status)),
        }
    }

    /// Waits for a checkpoint that the node does not have yet; one that it has no more is an error.
    async fn absent(&mut self, sequence: u64) -> Result<(), SourceError> {
        match self.source.info().await {
            Ok(info) if sequence < info.lowest_available => Err(SourceError::Pruned {
                url: self.source.url.clone(),
                sequence,
                lowest: info.lowest_available,
            }),
            Ok(info) => {
                let tip = info.tip;
                let problem = format!("checkpoint {sequence} is not there yet, the tip is {tip}");
                self.pause(problem, QUIET_RETRIES).await;
                Ok(())
            }
            Err(error) => {
                self.pause(error.to_string(), 0).await;
                Ok(())
            }
        }
    }

    async fn pause(&mut self, problem: String, quiet: u32) {
        if self.failures >= quiet {
            self.told = true;
            (self.source.notice)(StreamNotice::Retrying { problem });
        }
        let delay = retry_delay(self.failures);
        self.failures += 1;
        tokio::time::sleep(delay).await;
    }

    /// It works.
    pub(super) fn recovered(&mut self) {
        self.failures = 0;
        if std::mem::take(&mut self.told) {
            (self.source.notice)(StreamNotice::Recovered);
        }
    }
}

/// What the SDK's streams retry, so do single calls.
fn is_transient(status: &Status) -> bool {
    match status.code() {
        Code::Unavailable | Code::DeadlineExceeded | Code::ResourceExhausted | Code::Aborted => {
            true
        }
        // The connection failed under it.
        Code::Cancelled | Code::Unknown => status.source().is_some(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use futures::FutureExt;

    use super::*;
    use crate::ProviderConfig;

    #[tokio::test]
    async fn short_waits_are_quiet_and_long_ones_told_until_it_works() {
        let told = Arc::new(Mutex::new(vec![]));
        let kept = Arc::clone(&told);
        let notice = move |notice: StreamNotice| {
            let text = format!("{notice:?}");
            kept.lock().expect("nobody panics with it").push(text);
        };
        let config = ProviderConfig {
            url: "http://127.0.0.1:9".to_owned(),
            x_token: None,
            bearer: None,
        };
        let source = GrpcSource::new(&config, notice).expect("an address");
        let mut retries = Retries::new(&source);
        // Polled once: far enough to tell, not to wait.
        for _ in 0..QUIET_RETRIES {
            retries
                .pause("not yet".to_owned(), QUIET_RETRIES)
                .now_or_never();
        }
        retries.recovered();
        assert!(told.lock().unwrap().is_empty());
        for _ in 0..=QUIET_RETRIES {
            retries
                .pause("not yet".to_owned(), QUIET_RETRIES)
                .now_or_never();
        }
        retries.recovered();
        retries.pause("refused".to_owned(), 0).now_or_never();
        let wanted = [
            "Retrying { problem: \"not yet\" }",
            "Recovered",
            "Retrying { problem: \"refused\" }",
        ];
        assert_eq!(*told.lock().unwrap(), wanted);
    }

    #[test]
    fn only_what_passes_by_itself_is_tried_again() {
        for code in [
            Code::Unavailable,
            Code::DeadlineExceeded,
            Code::ResourceExhausted,
            Code::Aborted,
        ] {
            assert!(is_transient(&Status::new(code, "")), "{code:?}");
        }
        for code in [
            Code::Unauthenticated,
            Code::PermissionDenied,
            Code::Unimplemented,
            Code::InvalidArgument,
            Code::DataLoss,
            Code::Unknown,
        ] {
            assert!(!is_transient(&Status::new(code, "")), "{code:?}");
        }
        let broken = std::io::Error::other("reset");
        assert!(is_transient(&Status::from_error(Box::new(broken))));
    }
}
