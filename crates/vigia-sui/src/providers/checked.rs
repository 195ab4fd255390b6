//! What becomes of messages: decoded, and proven where that is wanted, one by one or in runs.
//!
//! A message of its own is proven by its own signature. Of a run only the last one's signature is
//! checked, and those before it by the links that lead to them, which takes a digest instead of a
//! pairing. Where a run breaks, what leads up to the break is proven by itself, so that whoever sent the
//! message that does not hold is found.

use std::collections::VecDeque;

use sui_rpc::proto::sui::rpc::v2 as proto;
use tokio::sync::OwnedSemaphorePermit;
use vigia_core::{Checkpoint, CheckpointHeader};

use super::Providers;
use super::fetch::Fetch;
use crate::SourceError;
use crate::budget::Budget;
use crate::decode::{HEADER_MASK, LIVE_MASK, header_from_proto, summary_from_proto};
use crate::grpc::ProviderClient;
use crate::trust::{Anchor, CertifiedSummary, ProvenCheckpoint, prove_amounts, prove_linked};
use crate::wire::{Form, Scanned, Scanner, WireMessage};

/// Messages that one signature proves at most.
const RUN_MAX: usize = 32;

/// What is asked for of each checkpoint, and what is made of the answer.
pub(super) trait Content: Clone + Send + Sync + 'static {
    type Item: Send + 'static;

    /// The fields to ask for.
    fn mask(&self) -> &'static [&'static str];

    /// How far messages are decoded as they come.
    fn form(&self) -> Form;

    /// What a message says, unproven.
    fn decode(
        &self,
        client: &ProviderClient,
        message: WireMessage,
    ) -> impl Future<Output = Result<Self::Item, SourceError>> + Send;

    /// What a message says, as far as it is proven.
    fn prove(
        &self,
        client: &ProviderClient,
        message: proto::Checkpoint,
        anchor: &Anchor,
    ) -> impl Future<Output = Result<Self::Item, SourceError>> + Send;

    fn header(item: &Self::Item) -> &CheckpointHeader;
}

/// Whole checkpoints, a megabyte each and more.
#[derive(Clone)]
pub(super) struct Whole {
    mask: &'static [&'static str],
    /// What leaves out transactions that concern nobody; none where all are wanted.
    scanner: Option<Scanner>,
}

/// Headers, about a kilobyte each.
#[derive(Clone)]
pub(super) struct Headers {
    mask: &'static [&'static str],
}

impl Providers {
    /// Whole checkpoints, with what it takes to prove them where that is wanted.
    pub(super) fn whole(&self) -> Whole {
        let mask: &[&str] = match (self.wants_proof(), self.wants_all_amounts()) {
            (false, _) => &LIVE_MASK,
            (true, false) => &ProvenCheckpoint::MASK,
            (true, true) => &ProvenCheckpoint::MASK_WITH_OBJECTS,
        };
        // What is proven is proven whole.
        let scanner = self.scanner().filter(|_| !self.wants_proof()).cloned();
        Whole { mask, scanner }
    }

    /// Headers, with what it takes to prove them where that is wanted.
    pub(super) fn header_content(&self) -> Headers {
        let mask: &[&str] = match self.wants_proof() {
            false => &HEADER_MASK,
            true => &CertifiedSummary::MASK,
        };
        Headers { mask }
    }

    /// What a message says, proven by its own signature where proof is wanted.
    pub(super) async fn check<C: Content>(
        &self,
        content: &C,
        client: &ProviderClient,
        message: WireMessage,
    ) -> Result<C::Item, SourceError> {
        let Some(prover) = self.prover()? else {
            return content.decode(client, message).await;
        };
        let message = message.into_full()?;
        let anchor = prover.anchor_of(self, &message).await?;
        content.prove(client, message, &anchor).await
    }
}

impl Content for Whole {
    type Item = Checkpoint;

    fn mask(&self) -> &'static [&'static str] {
        self.mask
    }

    fn form(&self) -> Form {
        match self.scanner {
            Some(_) => Form::Scanned,
            None => Form::Full,
        }
    }

    async fn decode(
        &self,
        client: &ProviderClient,
        message: WireMessage,
    ) -> Result<Checkpoint, SourceError> {
        let message = match (message, &self.scanner) {
            (WireMessage::Scanned(message, _), Some(scanner)) => match scanner.scan(*message)? {
                Scanned::Complete(checkpoint) => return Ok(checkpoint),
                Scanned::NeedsObjects(message) => *message,
            },
            (message, _) => message.into_full()?,
        };
        client.complete(message).await
    }

    async fn prove(
        &self,
        client: &ProviderClient,
        message: proto::Checkpoint,
        anchor: &Anchor,
    ) -> Result<Checkpoint, SourceError> {
        let proven = client.prove(&message, anchor).await?;
        let (mut checkpoint, objects) = (proven.checkpoint, proven.objects);
        if self.mask == ProvenCheckpoint::MASK_WITH_OBJECTS {
            for transaction in &mut checkpoint.transactions {
                // What it lacks is said in the transaction's proof, and asked for if it matters.
                let _ = prove_amounts(transaction, &objects);
            }
        }
        Ok(checkpoint)
    }

    fn header(item: &Checkpoint) -> &CheckpointHeader {
        &item.header
    }
}

impl Content for Headers {
    type Item = CheckpointHeader;

    fn mask(&self) -> &'static [&'static str] {
        self.mask
    }

    fn form(&self) -> Form {
        Form::Full
    }

    async fn decode(
        &self,
        _: &ProviderClient,
        message: WireMessage,
    ) -> Result<CheckpointHeader, SourceError> {
        header_from_proto(&message.into_full()?)
    }

    async fn prove(
        &self,
        _: &ProviderClient,
        message: proto::Checkpoint,
        anchor: &Anchor,
    ) -> Result<CheckpointHeader, SourceError> {
        let (_, header) = summary_from_proto(&message)?;
        anchor.check(&header)?;
        Ok(header)
    }

    fn header(item: &CheckpointHeader) -> &CheckpointHeader {
        item
    }
}

/// A message and who sent it, with its share of a budget.
struct Sent {
    index: usize,
    message: WireMessage,
}

impl Sent {
    fn bytes(&self) -> usize {
        self.message.bytes()
    }

    /// All of the message, which it takes to prove it.
    fn full(&self) -> Result<&proto::Checkpoint, SourceError> {
        self.message.full()
    }
}

/// Something checked, who sent it, and its share of the budget.
pub(super) struct Checked<T> {
    pub(super) index: usize,
    pub(super) item: T,
    pub(super) held: Option<OwnedSemaphorePermit>,
}

/// Why a fetch brings nothing at the moment.
pub(super) struct Refused {
    /// Whose message does not hold; none where there is no message.
    pub(super) by: Option<usize>,
    pub(super) error: SourceError,
}

/// A range of checkpoints, checked.
pub(super) struct CheckedFetch<C: Content> {
    providers: Providers,
    fetch: Fetch,
    content: C,
    /// What decoded checkpoints may take, where that is counted.
    budget: Option<Budget>,
    /// Bytes of messages that one signature proves at most.
    run_bytes_max: usize,
    /// Bytes of the last message: about as many as the next one has.
    expected: usize,
    /// The share of the message that arrives next.
    arriving: Option<OwnedSemaphorePermit>,
    /// A message that did not fit into the run before.
    left: Option<Sent>,
    checked: VecDeque<Checked<C::Item>>,
    /// What is to be told once all that was checked is taken.
    refused: Option<Refused>,
}

impl<C: Content> CheckedFetch<C> {
    pub(super) fn new(
        providers: &Providers,
        content: C,
        from: u64,
        to_inclusive: u64,
        budget: Option<Budget>,
    ) -> Self {
        Self {
            fetch: Fetch::new(
                providers,
                (content.mask(), content.form()),
                from,
                to_inclusive,
            ),
            // Half of what may be decoded, which takes twice the bytes of the messages.
            run_bytes_max: providers.0.limits.buffer_bytes / 8,
            providers: providers.clone(),
            content,
            budget,
            expected: 0,
            arriving: None,
            left: None,
            checked: VecDeque::new(),
            refused: None,
        }
    }

    /// What comes next, unless everything was brought. A refusal is a report: it goes on with whoever
    /// can be asked then.
    pub(super) async fn next(&mut self) -> Option<Result<Checked<C::Item>, Refused>> {
        loop {
            if let Some(checked) = self.checked.pop_front() {
                return Some(Ok(checked));
            }
            if let Some(refused) = self.refused.take() {
                return Some(Err(refused));
            }
            let run = self.gather().await;
            if run.is_empty() && self.refused.is_none() {
                return None;
            }
            self.check_run(run).await;
        }
    }

    /// What was taken last is not what was wanted: it is asked for again, of somebody else.
    pub(super) fn refuse(&mut self, index: usize, sequence: u64, error: &SourceError) {
        (self.left, self.refused) = (None, None);
        self.checked.clear();
        self.fetch.back_to(sequence, index, error);
    }

    /// Messages that are proven together.
    async fn gather(&mut self) -> Vec<Sent> {
        let run_max = match self.providers.wants_proof() {
            true => RUN_MAX,
            false => 1,
        };
        if let (Some(budget), None) = (&self.budget, &self.arriving) {
            // Before it is asked for, so that what arrives is within the budget like what has arrived.
            self.arriving = Some(budget.hold(2 * self.expected).await);
        }
        let mut run: Vec<Sent> = self.left.take().into_iter().collect();
        let mut bytes: usize = run.iter().map(Sent::bytes).sum();
        while run.len() < run_max && (run.is_empty() || bytes < self.run_bytes_max) {
            let Some(came) = self.fetch.next().await else {
                break;
            };
            let (index, message) = match came {
                Ok(came) => came,
                Err(error) => {
                    self.refused = Some(Refused { by: None, error });
                    break;
                }
            };
            let expected = self.fetch.next;
            if let Some(found) = message.sequence_number().filter(|n| *n != expected) {
                let error = SourceError::OutOfOrder { expected, found };
                self.drop_from(expected, index, error);
                break;
            }
            self.fetch.accepted();
            let sent = Sent { index, message };
            self.expected = sent.bytes();
            if !run.is_empty() && bytes + sent.bytes() > self.run_bytes_max {
                self.left = Some(sent);
                break;
            }
            bytes += sent.bytes();
            run.push(sent);
        }
        run
    }

    /// Checks a run, of which as much is kept as holds.
    async fn check_run(&mut self, run: Vec<Sent>) {
        let ahead = usize::from(self.left.is_some());
        let first = self.fetch.next - (run.len() + ahead) as u64;
        let found = match anchors(&self.providers, &run).await {
            Ok(found) => found,
            Err((index, error)) => return self.drop_from(first, index, error),
        };
        let (anchors, broken) = found;
        let count = anchors.as_ref().map_or(run.len(), Vec::len);
        let mut anchors = anchors.map(Vec::into_iter);
        for (sequence, sent) in (first..).zip(run.into_iter().take(count)) {
            // Decoded it takes about as much again.
            let held = match (&self.budget, self.arriving.take()) {
                (Some(budget), Some(arriving)) => {
                    Some(budget.adjust(arriving, 2 * sent.bytes()).await)
                }
                (Some(budget), None) => Some(budget.hold(2 * sent.bytes()).await),
                (None, _) => None,
            };
            let client = self.providers.client(sent.index).clone();
            let checked = match anchors.as_mut().and_then(Iterator::next) {
                Some(anchor) => match sent.message.into_full() {
                    Ok(message) => self.content.prove(&client, message, &anchor).await,
                    Err(error) => Err(error),
                },
                None => self.content.decode(&client, sent.message).await,
            };
            match checked {
                Ok(item) => self.checked.push_back(Checked {
                    index: sent.index,
                    item,
                    held,
                }),
                Err(error) => return self.drop_from(sequence, sent.index, error),
            }
        }
        if let Some((index, error)) = broken {
            self.drop_from(first + count as u64, index, error);
        }
    }

    /// What is from `sequence` on has to be asked for again.
    fn drop_from(&mut self, sequence: u64, index: usize, error: SourceError) {
        self.left = None;
        self.fetch.back_to(sequence, index, &error);
        let by = error.is_senders().then_some(index);
        self.refused = Some(Refused { by, error });
    }
}

/// Who broke a run, and how.
type BrokenAt = (usize, SourceError);
type Broken = Option<BrokenAt>;

/// Anchors for as many messages of a run as can be proven, from the first on, and why no more can,
/// and whose fault that is; no anchors where no proof is wanted.
async fn anchors(
    providers: &Providers,
    run: &[Sent],
) -> Result<(Option<Vec<Anchor>>, Broken), BrokenAt> {
    let Some(last) = run.last() else {
        return Ok((None, None));
    };
    let prover = providers.prover();
    let Some(prover) = prover.map_err(|error| (last.index, error))? else {
        return Ok((None, None));
    };
    let (mut run, mut broken) = (run, None);
    while let Some((last, before)) = run.split_last() {
        let anchored = match last.full() {
            Ok(message) => prover.anchor_of(providers, message).await,
            Err(error) => Err(error),
        };
        let anchor = match anchored {
            Ok(anchor) => anchor,
            Err(error) => {
                run = match error.is_senders() {
                    true => before,
                    // What can be proven without going anywhere.
                    false => of_known_epochs(before, prover.committees().newest_epoch()),
                };
                broken = Some((last.index, error));
                continue;
            }
        };
        match linked(run, &anchor) {
            Ok(anchors) => return Ok((Some(anchors), broken)),
            Err((position, error)) => {
                // Unless that one does not hold by itself, the one behind it does not follow it.
                let (at, behind) = run.split_at(position + 1);
                broken = behind.first().map(|sent| (sent.index, error));
                run = at;
            }
        }
    }
    Ok((Some(Vec::new()), broken))
}

/// The messages of a run before the first of an epoch after `newest`.
fn of_known_epochs(run: &[Sent], newest: u64) -> &[Sent] {
    let is_known = |sent: &Sent| {
        let summary = sent.full().and_then(summary_from_proto);
        summary.is_ok_and(|(summary, _)| summary.epoch <= newest)
    };
    let known = run.iter().take_while(|sent| is_known(sent)).count();
    &run[..known]
}

/// Anchors for a run by the anchor of its last, or the position of the one that they do not lead to.
fn linked(run: &[Sent], last: &Anchor) -> Result<Vec<Anchor>, (usize, SourceError)> {
    let mut headers = Vec::with_capacity(run.len());
    for (position, sent) in run.iter().enumerate() {
        let summary = sent.full().and_then(summary_from_proto);
        let (_, header) = summary.map_err(|error| (position, error))?;
        headers.push(header);
    }
    prove_linked(&headers, last).map_err(|error| {
        let proven = |from: &usize| prove_linked(&headers[*from..], last).is_ok();
        let first_proven = (0..headers.len()).find(proven);
        let position = first_proven.unwrap_or(headers.len()).saturating_sub(1);
        (position, error.into())
    })
}
