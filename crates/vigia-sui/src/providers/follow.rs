//! A stream that follows the chain for ever, of whole checkpoints or of their headers.
//!
//! One task goes on reading for as long as the stream is wanted: far behind it fetches what there is;
//! near the tip it subscribes first, then repairs the gap behind the subscription, then hands over
//! (I-5). Every checkpoint that comes out is the next one and names the one before, whoever brought it.
//! A stream that ends, errs or falls silent is a reconnect, to the same provider or another (I-6).

use std::time::Duration;

use futures::StreamExt;
use futures::stream::BoxStream;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::Instant;
use vigia_core::Digest;

use super::checked::{Checked, CheckedFetch, Content};
use super::fetch::pause_unless_senders;
use super::{Choice, Need, Providers, Standing};
use crate::SourceError;
use crate::budget::Budget;
use crate::grpc::{ProviderClient, Subscription};
use crate::source::{CheckpointSource, CheckpointStream, HeaderStream, Start};
use crate::wire::WireMessage;

/// Decoded checkpoints that may wait for the reader, however small.
const ITEMS_MAX: usize = 1_024;
/// How often it is looked whether a preferred provider can be used again.
const REVIEW_INTERVAL: Duration = Duration::from_secs(1);
/// How often a reader is told that nobody has what it needs, or may be asked for it today.
const TOLD_PAUSE: Duration = Duration::from_secs(5);

impl CheckpointSource for Providers {
    fn stream(&self, start: Start) -> CheckpointStream {
        follow(self, self.whole(), start)
    }
}

impl Providers {
    /// Follows the headers of all checkpoints, without their transactions. As of `stream`, none is
    /// left out, each names the one before it, and the stream never ends.
    pub fn headers(&self, start: Start) -> HeaderStream {
        follow(self, self.header_content(), start)
    }
}

/// An item with its share of the budget, or a report.
type Came<T> = Result<(T, Option<OwnedSemaphorePermit>), SourceError>;

fn follow<C: Content>(
    providers: &Providers,
    content: C,
    start: Start,
) -> BoxStream<'static, Result<C::Item, SourceError>> {
    let (sender, receiver) = mpsc::channel::<Came<C::Item>>(ITEMS_MAX);
    let half = providers.0.limits.buffer_bytes / 2;
    let follower = Follower::<C> {
        providers: providers.clone(),
        next: match start {
            Start::Tip => None,
            Start::Checkpoint(sequence) => Some(sequence),
        },
        last: None,
        out: sender,
        decoded: Budget::new(half),
        subscribed: Budget::new(half),
        reviewed: Instant::now(),
        content,
    };
    let reading = Reading(tokio::spawn(follower.run()).abort_handle());
    let state = (receiver, reading, None);
    futures::stream::unfold(state, |(mut receiver, reading, held)| async move {
        // Whoever asks for the next one is done with the one before.
        drop(held);
        let (item, held) = match receiver.recv().await? {
            Ok((item, held)) => (Ok(item), Some(held)),
            Err(error) => (Err(error), None),
        };
        Some((item, (receiver, reading, held)))
    })
    .boxed()
}

/// Ends the task when the stream is dropped.
struct Reading(tokio::task::AbortHandle);

impl Drop for Reading {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The task behind a stream.
struct Follower<C: Content> {
    providers: Providers,
    /// What comes next; none before the tip is known.
    next: Option<u64>,
    /// Digest of the checkpoint before that, where this stream has brought it.
    last: Option<Digest>,
    out: mpsc::Sender<Came<C::Item>>,
    decoded: Budget,
    subscribed: Budget,
    reviewed: Instant,
    content: C,
}

/// Why reading from a provider came to an end.
enum Ended {
    /// Nobody reads any more.
    Unwanted,
    /// Another one is to be used.
    Better,
    /// This went wrong, and has been counted against whom it concerns.
    Failed(SourceError),
}

impl<C: Content> Follower<C> {
    async fn run(mut self) {
        while !self.out.is_closed() {
            let need = Need::Live(self.next);
            let ended = match self.providers.choose(need, self.providers.current()) {
                Choice::Use(index) => self.read_from(index).await,
                Choice::Wait(ms) => {
                    tokio::time::sleep(Duration::from_millis(ms)).await;
                    self.hear_who_was_left().await;
                    continue;
                }
                Choice::Spent => {
                    let told = self.report(self.providers.spent_error()).await;
                    tokio::time::sleep(TOLD_PAUSE).await;
                    told
                }
                // What nobody streams an archive may list.
                Choice::Pruned(lowest) => self.fetch(lowest).await,
            };
            match ended {
                Err(Ended::Unwanted) => return,
                Err(Ended::Failed(error)) => {
                    // The reader may be gone, which the loop sees.
                    let _ = self.out.send(Err(error)).await;
                }
                Ok(()) | Err(Ended::Better) => {}
            }
        }
    }

    /// Asks the provider in use how far it is, where it was left for being behind: who looks after those that stand by leaves it
    /// out, and where the others have no more what is needed, it is the one to go on with as soon as it is not.
    async fn hear_who_was_left(&self) {
        let Some(index) = self.providers.current() else {
            return;
        };
        let standing = {
            let now_ms = self.providers.now_ms();
            self.providers.roster().standing(index, now_ms)
        };
        if matches!(standing, Standing::Behind { .. }) {
            // What goes wrong is noted.
            let _ = self.providers.hear(index).await;
        }
    }

    /// Reads from one provider until that ends.
    async fn read_from(&mut self, index: usize) -> Result<(), Ended> {
        let info = self.providers.hear(index).await.map_err(Ended::Failed)?;
        let next = *self.next.get_or_insert(info.tip);
        if next < info.lowest_available {
            // Noted: the next choice is another one.
            return Ok(());
        }
        self.providers.set_current(index);
        let mut tip = info.tip;
        while self.behind(tip) >= self.providers.0.limits.subscribe_within {
            self.fetch(tip).await?;
            let heard = self.providers.hear(index).await;
            tip = heard.map_err(Ended::Failed)?.tip;
            self.review(index)?;
        }
        let client = self.providers.client(index).clone();
        let opening = client.subscribe(self.content.mask(), self.content.form(), &self.subscribed);
        let opened = match self.providers.unless_silent(index, opening).await {
            Ok(opened) => opened,
            Err(error) => Err(error),
        };
        let mut subscription = opened.map_err(|error| self.blame(index, error))?;
        // What came before the subscription is due now; when its first frame comes is another matter.
        let heard = self.providers.hear(index).await;
        self.fetch(heard.map_err(Ended::Failed)?.tip).await?;
        loop {
            let message = self.subscribed_next(index, &mut subscription).await?;
            let Some(sequence) = message.sequence_number() else {
                let what = "sequence_number".to_owned();
                let sequence = "without a number".to_owned();
                return Err(self.blame(index, SourceError::Missing { sequence, what }));
            };
            let next = self.next.unwrap_or(sequence);
            if sequence < next {
                // Sent twice, or out of turn: what it holds was brought already.
                tracing::debug!(checkpoint = sequence, "a frame that came before");
                continue;
            }
            if sequence > next {
                self.fetch(sequence - 1).await?;
            }
            self.take_live(index, &client, message).await?;
            self.providers.brought(index, sequence);
            self.review(index)?;
        }
    }

    /// The next frame. Silence is looked into: a chain that stands still is not a provider that does.
    async fn subscribed_next(
        &mut self,
        index: usize,
        subscription: &mut Subscription,
    ) -> Result<WireMessage, Ended> {
        let client = self.providers.client(index).clone();
        let quiet_after = self.providers.0.limits.quiet_after;
        loop {
            let bytes = client.usage().bytes();
            match tokio::time::timeout(quiet_after, subscription.next()).await {
                Ok(Ok(message)) => return Ok(message),
                Ok(Err(error)) => return Err(self.blame(index, error)),
                Err(_) if self.providers.moves(&client, bytes) => continue,
                Err(_) => {}
            }
            let heard = self.providers.hear(index).await;
            let tip = heard.map_err(Ended::Failed)?.tip;
            if self.next.is_none_or(|next| tip >= next) {
                let problem = format!("its stream is silent, although checkpoint {tip} is there");
                return Err(self.blame(index, client.silent(problem)));
            }
            self.review(index)?;
        }
    }

    /// Brings everything up to `to_inclusive`, from whoever has it.
    async fn fetch(&mut self, to_inclusive: u64) -> Result<(), Ended> {
        let Some(next) = self.next else { return Ok(()) };
        let (content, budget) = (self.content.clone(), Some(self.decoded.clone()));
        let mut fetch = CheckedFetch::new(&self.providers, content, next, to_inclusive, budget);
        while let Some(came) = fetch.next().await {
            let Checked { index, item, held } = match came {
                Ok(checked) => checked,
                Err(refused) => {
                    let is_pruned = matches!(refused.error, SourceError::Pruned { .. });
                    pause_unless_senders(&refused.error).await;
                    self.report(refused.error).await?;
                    if is_pruned {
                        tokio::time::sleep(TOLD_PAUSE).await;
                    }
                    continue;
                }
            };
            match self.check_next(&item) {
                Ok(()) => self.hand_on(item, held).await?,
                Err(error) => {
                    let expected = self.next.unwrap_or(next);
                    fetch.refuse(index, expected, &error);
                    self.report(error).await?;
                }
            }
        }
        Ok(())
    }

    /// Decodes a message that was streamed and hands it on, if it is what comes next and follows the
    /// last.
    async fn take_live(
        &mut self,
        index: usize,
        client: &ProviderClient,
        message: WireMessage,
    ) -> Result<(), Ended> {
        // Decoded it takes about as much again.
        let held = self.decoded.hold(2 * message.bytes()).await;
        let checked = self.providers.check(&self.content, client, message).await;
        let checked = checked.and_then(|item| self.check_next(&item).map(|()| item));
        match checked {
            Ok(item) => self.hand_on(item, Some(held)).await,
            Err(error) if error.is_senders() => Err(self.blame(index, error)),
            Err(error) => {
                pause_unless_senders(&error).await;
                Err(Ended::Failed(error))
            }
        }
    }

    /// What came has to be the next one, and to name the last.
    fn check_next(&self, item: &C::Item) -> Result<(), SourceError> {
        let header = C::header(item);
        let found = header.sequence;
        if let Some(expected) = self.next
            && found != expected
        {
            return Err(SourceError::OutOfOrder { expected, found });
        }
        if self.last.is_some() && self.last != header.previous_digest {
            let problem = "it does not follow the checkpoint before it; is this another chain?";
            return Err(SourceError::invalid(found, problem));
        }
        Ok(())
    }

    async fn hand_on(
        &mut self,
        item: C::Item,
        held: Option<OwnedSemaphorePermit>,
    ) -> Result<(), Ended> {
        let header = C::header(&item);
        self.last = Some(header.digest);
        self.next = Some(header.sequence.saturating_add(1));
        let sent = self.out.send(Ok((item, held))).await;
        sent.map_err(|_| Ended::Unwanted)
    }

    async fn report(&self, error: SourceError) -> Result<(), Ended> {
        let sent = self.out.send(Err(error)).await;
        sent.map_err(|_| Ended::Unwanted)
    }

    fn blame(&self, index: usize, error: SourceError) -> Ended {
        self.providers.failed(index, &error);
        Ended::Failed(error)
    }

    fn behind(&self, tip: u64) -> u64 {
        tip.saturating_sub(self.next.unwrap_or(tip))
    }

    /// Ends reading where another provider is to be used from here on.
    fn review(&mut self, index: usize) -> Result<(), Ended> {
        if self.reviewed.elapsed() < REVIEW_INTERVAL {
            return Ok(());
        }
        self.reviewed = Instant::now();
        match self.providers.choose(Need::Live(self.next), Some(index)) {
            Choice::Use(better) if better != index => {
                let standing = {
                    let now_ms = self.providers.now_ms();
                    self.providers.roster().standing(index, now_ms)
                };
                if standing != Standing::Well {
                    tracing::warn!(
                        provider = self.providers.client(index).url(),
                        standing = %standing,
                        "leaving this provider"
                    );
                }
                Err(Ended::Better)
            }
            Choice::Spent => Err(Ended::Better),
            _ => Ok(()),
        }
    }
}
