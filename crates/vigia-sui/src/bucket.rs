//! A bucket of checkpoints over HTTP(S): one file a checkpoint, `SEQ.binpb.zst` or `SEQ.chk`.
//!
//! Which of the two is found out at first use. Files are checked by digests as those in folders are,
//! and a run checks that each names the one before. What comes broken, late or not at all is asked for
//! again; what is not there is an error that says so, never the end. Whether a bucket holds the right
//! chain is for the caller to compare with a node.

mod get;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::FuturesOrdered;
use futures::{FutureExt, StreamExt};
use reqwest::Url;
use vigia_core::Checkpoint;

use crate::SourceError;
use crate::grpc::without_secrets;
use crate::link::Link;
use crate::packed::{FILE_BYTES_MAX, Format, Packed};
use crate::providers::Providers;
use crate::source::CheckpointStream;
use get::{Got, client};

/// The layouts that buckets have, the current one first.
const LAYOUTS: [Format; 2] = [Format::ProtobufZstd, Format::Chk];
/// What a file may always bring: most checkpoints are smaller.
const SHARE_BYTES_MIN: u64 = 4 * 1024 * 1024;

/// Where a bucket is.
#[derive(Clone)]
pub struct BucketConfig {
    /// `https://HOST/PATH`; names of files are added to the path.
    pub url: String,
    /// Certificate authorities in PEM, instead of the system's.
    pub ca_pem: Option<Vec<u8>>,
    /// How much of it at once.
    pub limits: BucketLimits,
}

/// How much is asked of a bucket at once, and how patiently.
#[derive(Clone, Copy, Debug)]
pub struct BucketLimits {
    /// Bytes that requests under way may bring together; a single larger checkpoint is got alone.
    pub buffer_bytes: u64,
    /// Requests under way, at most.
    pub concurrency_max: usize,
    /// After so long without a byte a request is given up.
    pub silence_max: Duration,
    /// Times a file is asked for before it is an error.
    pub tries_max: u32,
    /// Pause before the second time, doubled for each one more.
    pub pause: Duration,
}

impl Default for BucketLimits {
    fn default() -> Self {
        Self {
            buffer_bytes: 64 * 1024 * 1024,
            concurrency_max: 16,
            silence_max: Duration::from_secs(10),
            tries_max: 8,
            pause: Duration::from_millis(100),
        }
    }
}

/// A bucket. Clones share what is known of it.
#[derive(Clone)]
pub struct BucketSource(Arc<Shared>);

struct Shared {
    base: Url,
    shown: String,
    client: reqwest::Client,
    limits: BucketLimits,
    /// Whose demands hold for what it holds.
    providers: OnceLock<Providers>,
    /// Index of the layout that the last file had.
    layout: AtomicUsize,
}

impl BucketSource {
    /// Prepares a client; connects at first use.
    pub fn new(config: &BucketConfig) -> Result<Self, SourceError> {
        let shown = without_secrets(&config.url);
        let unusable = |problem: String| SourceError::BucketUrl {
            url: shown.clone(),
            problem,
        };
        let base = Url::parse(&config.url).map_err(|error| unusable(error.to_string()))?;
        if !matches!(base.scheme(), "http" | "https") || !base.has_host() {
            return Err(unusable("it is not one of http or https".to_owned()));
        }
        Ok(Self(Arc::new(Shared {
            client: client(config).map_err(unusable)?,
            shown,
            base,
            limits: config.limits,
            providers: OnceLock::new(),
            layout: AtomicUsize::new(0),
        })))
    }

    /// Where `providers` have to prove what they send, what the bucket holds has to be proven likewise.
    #[must_use]
    pub fn proven_as(self, providers: &Providers) -> Self {
        // Set already, it is by the same process with the same providers.
        let _ = self.0.providers.set(providers.clone());
        self
    }

    /// Its address, without path and secrets.
    pub fn url(&self) -> &str {
        &self.0.shown
    }

    /// Fetches one checkpoint.
    pub async fn fetch(&self, sequence: u64) -> Result<Checkpoint, SourceError> {
        match self.get(sequence, FILE_BYTES_MAX).await? {
            Some(checkpoint) => Ok(checkpoint),
            None => Err(self.too_large(sequence)),
        }
    }

    /// Fetches the checkpoints from `from` to `to_inclusive`, ascending, each naming the one before.
    /// Ends after the last or an error.
    pub fn fetch_run(&self, from: u64, to_inclusive: u64) -> CheckpointStream {
        let run = Run {
            bucket: self.clone(),
            link: Link::new(from),
            to_inclusive,
            calls: FuturesOrdered::new(),
            uncalled: Some(from),
        };
        futures::stream::unfold(Some(run), |run| async move {
            let mut run = run?;
            let item = run.next().await?;
            let go_on = item.is_ok().then_some(run);
            Some((item, go_on))
        })
        .boxed()
    }

    /// Gets a file, again where that may mend it; none where it is larger than `bytes_max`.
    async fn get(&self, sequence: u64, bytes_max: u64) -> Result<Option<Checkpoint>, SourceError> {
        let limits = self.0.limits;
        let (mut tries, mut pause) = (1, limits.pause);
        loop {
            let error = match self.get_any(sequence, bytes_max).await {
                Got::Packed(packed) => return self.attested(*packed).await.map(Some),
                Got::TooLarge => return Ok(None),
                Got::Absent => SourceError::BucketAbsent {
                    url: self.0.shown.clone(),
                    sequence,
                },
                Got::Refused(problem) => return Err(self.problem(sequence, problem, false)),
                // One that stays broken is so in the bucket.
                Got::Broken(problem) => self.problem(sequence, problem, false),
                Got::Failed(problem) => self.problem(sequence, problem, true),
            };
            // What is not there, or broken, is seldom mended by waiting.
            let tries_max = match error.may_pass() {
                true => limits.tries_max,
                false => limits.tries_max.min(3),
            };
            if tries >= tries_max {
                return Err(error);
            }
            tracing::debug!(bucket = self.0.shown, checkpoint = sequence, %error, "asking again");
            tokio::time::sleep(pause).await;
            (tries, pause) = (tries + 1, pause * 2);
        }
    }

    /// Asks for the layout that is known, and for the other where that is not there.
    async fn get_any(&self, sequence: u64, bytes_max: u64) -> Got {
        let known = self.0.layout.load(Ordering::Relaxed);
        for index in [known, 1 - known] {
            match self.get_file(sequence, LAYOUTS[index], bytes_max).await {
                Got::Absent => {}
                got => {
                    if let Got::Packed(_) = got {
                        self.0.layout.store(index, Ordering::Relaxed);
                    }
                    return got;
                }
            }
        }
        Got::Absent
    }

    /// Proven, where that is wanted.
    async fn attested(&self, packed: Packed) -> Result<Checkpoint, SourceError> {
        match self.0.providers.get() {
            Some(providers) => providers.attest(packed).await,
            None => Ok(packed.checkpoint),
        }
    }

    fn problem(&self, sequence: u64, problem: String, may_pass: bool) -> SourceError {
        SourceError::Bucket {
            url: self.0.shown.clone(),
            sequence,
            problem,
            may_pass,
        }
    }

    fn too_large(&self, sequence: u64) -> SourceError {
        let problem = format!("it is larger than {FILE_BYTES_MAX} bytes");
        self.problem(sequence, problem, false)
    }
}

type Called = Result<Option<Checkpoint>, SourceError>;

/// A run under way.
struct Run {
    bucket: BucketSource,
    link: Link,
    to_inclusive: u64,
    calls: FuturesOrdered<BoxFuture<'static, Called>>,
    /// The first that no call is under way for.
    uncalled: Option<u64>,
}

impl Run {
    async fn next(&mut self) -> Option<Result<Checkpoint, SourceError>> {
        self.call_ahead();
        let sequence = self.link.next();
        let called = match self.calls.next().await? {
            // Larger than its share of the budget: alone, when its turn comes.
            Ok(None) => self.bucket.fetch(sequence).await,
            Ok(Some(checkpoint)) => Ok(checkpoint),
            Err(error) => Err(error),
        };
        Some(called.and_then(|checkpoint| self.link.check(checkpoint)))
    }

    fn call_ahead(&mut self) {
        let limits = self.bucket.0.limits;
        let concurrency_max = limits.concurrency_max.max(1);
        let share = limits.buffer_bytes / concurrency_max as u64;
        let share = share.clamp(SHARE_BYTES_MIN, FILE_BYTES_MAX);
        let by_bytes = usize::try_from(limits.buffer_bytes / share).unwrap_or(usize::MAX);
        let calls_max = concurrency_max.min(by_bytes.max(1));
        while self.calls.len() < calls_max
            && let Some(sequence) = self.uncalled.filter(|n| *n <= self.to_inclusive)
        {
            let bucket = self.bucket.clone();
            let call = async move { bucket.get(sequence, share).await };
            self.calls.push_back(call.boxed());
            self.uncalled = sequence.checked_add(1);
        }
    }
}
