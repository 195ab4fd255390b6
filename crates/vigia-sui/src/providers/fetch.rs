//! Runs of checkpoints from whichever provider brings them.
//!
//! A provider that fails, falls silent or sends what cannot be is left for the next one, at the
//! checkpoint that was not brought; what no provider has is an error. Trouble that is got over is told
//! to the notices, and has no end: whoever does not want the checkpoints any more drops the stream.

use std::time::Duration;

use futures::StreamExt;
use vigia_core::{Checkpoint, CheckpointHeader};

use super::checked::{Checked, CheckedFetch, Refused, Whole};
use super::{Choice, Left, Need, Providers, StreamNotice};
use crate::SourceError;
use crate::grpc::{ProviderClient, Run, RunLimits};
use crate::source::CheckpointStream;
use crate::wire::{Form, WireMessage};

/// Bytes in a quiet span that count as progress: a large checkpoint on a slow line is no silence, a
/// trickle is.
const PROGRESS_BYTES_MIN: u64 = 256 * 1024;
/// Pause after what is proven by others could not be.
const PROOF_PAUSE: Duration = Duration::from_secs(1);

/// How often it is told that nobody may be asked today.
const SPENT_PAUSE: Duration = Duration::from_secs(5);

/// Whether `checkpoint` is the one that the stream of headers named.
pub fn check_binding(
    header: &CheckpointHeader,
    checkpoint: &Checkpoint,
) -> Result<(), SourceError> {
    let fetched = &checkpoint.header;
    if fetched.sequence != header.sequence {
        return Err(SourceError::OutOfOrder {
            expected: header.sequence,
            found: fetched.sequence,
        });
    }
    if fetched.digest != header.digest {
        return Err(SourceError::Unbound {
            sequence: header.sequence,
            expected: header.digest,
            found: fetched.digest,
        });
    }
    Ok(())
}

impl Providers {
    /// Fetches one checkpoint, waiting for it where nobody has it yet.
    pub async fn fetch(&self, sequence: u64) -> Result<Checkpoint, SourceError> {
        let mut run = self.fetch_run(sequence, sequence);
        let fetched = run.next().await;
        fetched.unwrap_or_else(|| Err(self.nobody()))
    }

    /// Fetches the checkpoints from `from` to `to_inclusive`, ascending, waiting for those that nobody
    /// has yet. Ends after the last or an error.
    pub fn fetch_run(&self, from: u64, to_inclusive: u64) -> CheckpointStream {
        self.stream_of(from, to_inclusive, None)
    }

    /// Fetches the checkpoints of these headers, which follow each other, and checks that they are
    /// the same. That nobody sends those is an error, and the end.
    pub fn fetch_bound(&self, headers: Vec<CheckpointHeader>) -> CheckpointStream {
        let (Some(first), Some(last)) = (headers.first(), headers.last()) else {
            return futures::stream::empty().boxed();
        };
        let (from, to_inclusive) = (first.sequence, last.sequence);
        for (expected, header) in (from..).zip(&headers) {
            if header.sequence != expected {
                let found = header.sequence;
                let error = SourceError::OutOfOrder { expected, found };
                return futures::stream::iter([Err(error)]).boxed();
            }
        }
        self.stream_of(from, to_inclusive, Some(headers))
    }

    fn stream_of(
        &self,
        from: u64,
        to_inclusive: u64,
        headers: Option<Vec<CheckpointHeader>>,
    ) -> CheckpointStream {
        let fetching = Fetching {
            fetch: CheckedFetch::new(self, self.whole(), from, to_inclusive, None),
            providers: self.clone(),
            next: from,
            headers,
            refused_by: Vec::new(),
            told: false,
        };
        futures::stream::unfold(Some(fetching), |fetching| async move {
            let mut fetching = fetching?;
            let item = fetching.next().await?;
            let go_on = item.is_ok().then_some(fetching);
            Some((item, go_on))
        })
        .boxed()
    }

    /// Waits for what a provider sends; one that sends nothing is silent.
    pub(super) async fn unless_silent<T>(
        &self,
        index: usize,
        coming: impl Future<Output = T>,
    ) -> Result<T, SourceError> {
        let client = self.client(index);
        let quiet_after = self.0.limits.quiet_after;
        let mut coming = std::pin::pin!(coming);
        loop {
            let bytes = client.usage().bytes();
            if let Ok(came) = tokio::time::timeout(quiet_after, &mut coming).await {
                return Ok(came);
            }
            if !self.moves(client, bytes) {
                let quiet_ms = quiet_after.as_millis();
                return Err(client.silent(format!("nothing came for {quiet_ms} ms")));
            }
        }
    }

    /// Whether something is on its way, since `bytes` had come.
    pub(super) fn moves(&self, client: &ProviderClient, bytes: u64) -> bool {
        client.usage().bytes() >= bytes + PROGRESS_BYTES_MIN || client.awaits_absent()
    }
}

/// Messages of a range of checkpoints, from one provider after another.
pub(super) struct Fetch {
    providers: Providers,
    mask: &'static [&'static str],
    form: Form,
    /// What comes next.
    pub(super) next: u64,
    to_inclusive: u64,
    /// Whom to ask as long as that goes well.
    prefer: Option<usize>,
    run: Option<(usize, Run)>,
}

impl Fetch {
    pub(super) fn new(
        providers: &Providers,
        (mask, form): (&'static [&'static str], Form),
        from: u64,
        to_inclusive: u64,
    ) -> Self {
        Self {
            providers: providers.clone(),
            mask,
            form,
            next: from,
            to_inclusive,
            prefer: providers.current(),
            run: None,
        }
    }

    /// The next message and who sent it; none at the end. An error is a report: it goes on with
    /// whoever can be asked then. To be followed by `accepted` or `back_to`; nothing is lost where this
    /// is given up.
    pub(super) async fn next(&mut self) -> Option<Result<(usize, WireMessage), SourceError>> {
        if self.next > self.to_inclusive {
            return None;
        }
        self.review();
        let index = match self.run.as_ref() {
            Some((index, _)) => *index,
            None => match self.choose().await {
                Ok(index) => index,
                Err(error) => return Some(Err(error)),
            },
        };
        let providers = self.providers.clone();
        let (_, run) = self.run.get_or_insert_with(|| {
            let limits = RunLimits {
                mask: self.mask,
                form: self.form,
                bytes: providers.0.limits.buffer_bytes / 2,
                concurrency_max: providers.0.limits.concurrency_max,
            };
            let client = providers.client(index);
            (index, client.run(self.next, self.to_inclusive, limits))
        });
        let came = match providers.unless_silent(index, run.next()).await {
            Ok(Some(came)) => came,
            Ok(None) => Err(providers.client(index).problem("a run ended early")),
            Err(silent) => Err(silent),
        };
        Some(match came {
            Ok(message) => Ok((index, message)),
            Err(error) => {
                if let SourceError::Pruned { .. } = error {
                    // Noted, so that it is not asked again for that.
                    let _ = providers.hear(index).await;
                }
                self.refused(&error);
                Err(error)
            }
        })
    }

    /// Leaves one whose budget of the day is spent, where another one can go on or it has to stop.
    fn review(&mut self) {
        let Some(index) = self.run.as_ref().map(|(index, _)| *index) else {
            return;
        };
        if self.providers.left(index) == Left::Some {
            return;
        }
        let need = Need::History(Some(self.next));
        if self.providers.choose(need, Some(index)) != Choice::Use(index) {
            self.run = None;
        }
    }

    /// Whom to ask, waiting until somebody may be.
    async fn choose(&mut self) -> Result<usize, SourceError> {
        loop {
            let need = Need::History(Some(self.next));
            match self.providers.choose(need, self.prefer) {
                Choice::Use(index) => {
                    self.prefer = Some(index);
                    return Ok(index);
                }
                Choice::Pruned(lowest) => {
                    return Err(SourceError::Pruned {
                        url: self.providers.url(),
                        sequence: self.next,
                        lowest,
                    });
                }
                Choice::Spent => {
                    tokio::time::sleep(SPENT_PAUSE).await;
                    return Err(self.providers.spent_error());
                }
                Choice::Wait(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
            }
        }
    }

    /// What came was what is wanted.
    pub(super) fn accepted(&mut self) {
        if let Some((index, _)) = &self.run {
            self.providers.brought(*index, self.next);
        }
        self.next += 1;
    }

    /// What came from `sequence` on cannot be used: it is asked for again, of somebody else where it was
    /// the sender's fault.
    pub(super) fn back_to(&mut self, sequence: u64, index: usize, error: &SourceError) {
        self.run = None;
        self.next = sequence;
        if error.is_senders() {
            self.providers.failed(index, error);
        }
    }

    /// What came cannot be used: somebody else is asked.
    fn refused(&mut self, error: &SourceError) {
        if let Some((index, _)) = self.run.take() {
            self.providers.failed(index, error);
        }
    }
}

/// A stream of decoded checkpoints.
struct Fetching {
    providers: Providers,
    fetch: CheckedFetch<Whole>,
    next: u64,
    /// What they have to be, where that is known.
    headers: Option<Vec<CheckpointHeader>>,
    /// Who sent another checkpoint than the one wanted.
    refused_by: Vec<usize>,
    told: bool,
}

impl Fetching {
    async fn next(&mut self) -> Option<Result<Checkpoint, SourceError>> {
        loop {
            let refused = match self.fetch.next().await? {
                Ok(checked) => match self.check(checked) {
                    Ok(checkpoint) => {
                        self.next += 1;
                        self.refused_by.clear();
                        self.recovered();
                        return Some(Ok(checkpoint));
                    }
                    Err(refused) => refused,
                },
                Err(refused) => refused,
            };
            if let Some(index) = refused.by
                && !self.refused_by.contains(&index)
            {
                self.refused_by.push(index);
            }
            if self.is_final(&refused) {
                return Some(Err(refused.error));
            }
            self.told = true;
            self.providers.notice(StreamNotice::Retrying {
                problem: refused.error.to_string(),
            });
            pause_unless_senders(&refused.error).await;
        }
    }

    /// What came has to be what comes next.
    fn check(&mut self, checked: Checked<Checkpoint>) -> Result<Checkpoint, Refused> {
        let (index, checkpoint) = (checked.index, checked.item);
        let (expected, found) = (self.next, checkpoint.header.sequence);
        let bound = match self.wanted() {
            _ if found != expected => Err(SourceError::OutOfOrder { expected, found }),
            Some(header) => check_binding(&header, &checkpoint),
            None => Ok(()),
        };
        match bound {
            Ok(()) => Ok(checkpoint),
            Err(error) => {
                self.fetch.refuse(index, expected, &error);
                let by = Some(index);
                Err(Refused { by, error })
            }
        }
    }

    /// The header of what comes next, where that is known.
    fn wanted(&self) -> Option<CheckpointHeader> {
        let headers = self.headers.as_ref()?;
        let position = self.next.checked_sub(headers.first()?.sequence)?;
        headers.get(usize::try_from(position).ok()?).cloned()
    }

    /// What waiting does not mend: nobody has it, or everybody sent something else.
    fn is_final(&self, refused: &Refused) -> bool {
        match &refused.error {
            SourceError::Pruned { sequence, .. } => {
                let need = Need::History(Some(*sequence));
                let choice = self.providers.choose(need, None);
                matches!(choice, Choice::Pruned(_))
            }
            error if error.may_pass() => false,
            _ => self.refused_by.len() >= self.providers.0.members.len(),
        }
    }

    fn recovered(&mut self) {
        if std::mem::take(&mut self.told) {
            self.providers.notice(StreamNotice::Recovered);
        }
    }
}

/// Waits where asking somebody else does not help, since the trouble is with the proof.
pub(super) async fn pause_unless_senders(error: &SourceError) {
    if !error.is_senders() {
        tokio::time::sleep(PROOF_PAUSE).await;
    }
}
