//! Whether this process can do its work: its database takes writes, its worker commits, its broker
//! answers. A provider that is away is no reason: what is stored can still be read, and `status` says it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use vigia_store::{IngestStore as _, ReadStore as _, SqlStore};
use vigia_transport::TransportStats;
use vigia_web::Readiness;

use crate::commands::process_name;
use crate::pipeline::{PollerStatus, WorkerStatus};

/// How long the database may take to begin a write.
const WRITE_WITHIN: Duration = Duration::from_secs(2);
/// A chain of which nothing new was heard for so long does not go on, or nobody tells.
const GOES_ON_WITHIN: Duration = Duration::from_secs(30);
/// How long an answer is given again: whoever asks without end must not cost the database anything.
const ANSWER_KEPT: Duration = Duration::from_secs(1);

/// What a process consists of, as far as it has come.
pub(super) struct ProcessReadiness {
    parts: Mutex<Parts>,
    answer: tokio::sync::Mutex<Answer>,
    stalled_after: Duration,
}

/// What was answered last, and when; and how far this process was.
#[derive(Default)]
struct Answer {
    last: Option<(Instant, Option<String>)>,
    progress: Progress,
}

/// How far the chain is, how far this process is, and since when it is behind.
#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    tip: Option<(u64, Instant)>,
    done: Option<u64>,
    behind_since: Option<Instant>,
}

impl Progress {
    /// For how long nothing was done although the chain went on, and still does; none where that is not so. A provider that is
    /// away tells of no new checkpoint.
    fn stalled(&mut self, tip: u64, done: u64, now: Instant) -> Option<Duration> {
        let is_first = self.tip.is_none();
        if self.tip.is_none_or(|(known, _)| known != tip) {
            self.tip = Some((tip, now));
            if !is_first {
                self.behind_since.get_or_insert(now);
            }
        }
        if self.done != Some(done) {
            self.done = Some(done);
            self.behind_since = None;
        }
        let (_, heard_at) = self.tip?;
        let goes_on = now.saturating_duration_since(heard_at) < GOES_ON_WITHIN;
        let since = self.behind_since.filter(|_| goes_on)?;
        Some(now.saturating_duration_since(since))
    }
}

#[derive(Clone, Default)]
struct Parts {
    store: Option<Arc<SqlStore>>,
    poller: Option<Arc<PollerStatus>>,
    worker: Option<Arc<WorkerStatus>>,
    transport: Vec<Arc<TransportStats>>,
}

impl ProcessReadiness {
    /// Nothing is there yet; later it is a reason that nothing was done for so long while the chain went on.
    pub(super) fn new(stalled_after: Duration) -> Self {
        Self {
            parts: Mutex::default(),
            answer: tokio::sync::Mutex::default(),
            stalled_after,
        }
    }

    pub(super) fn set_store(&self, store: &Arc<SqlStore>) {
        self.parts().store = Some(Arc::clone(store));
    }

    pub(super) fn set_poller(&self, poller: &Arc<PollerStatus>) {
        self.parts().poller = Some(Arc::clone(poller));
    }

    pub(super) fn set_worker(&self, worker: Arc<WorkerStatus>) {
        self.parts().worker = Some(worker);
    }

    pub(super) fn add_transport(&self, stats: Arc<TransportStats>) {
        self.parts().transport.push(stats);
    }

    fn parts(&self) -> MutexGuard<'_, Parts> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Readiness for ProcessReadiness {
    async fn problem(&self) -> Option<String> {
        let mut answer = self.answer.lock().await;
        let last = answer.last.as_ref();
        if let Some((_, problem)) = last.filter(|(at, _)| at.elapsed() < ANSWER_KEPT) {
            return problem.clone();
        }
        let parts = self.parts().clone();
        let mut problem = problem_of(&parts).await;
        if problem.is_none()
            && let Some((tip, done)) = progress_of(&parts).await
            && let Some(stalled) = answer.progress.stalled(tip, done, Instant::now())
            && stalled >= self.stalled_after
        {
            let seconds = stalled.as_secs();
            problem = Some(format!(
                "nothing was done for {seconds} s although the chain goes on"
            ));
        }
        answer.last = Some((Instant::now(), problem.clone()));
        problem
    }
}

/// How far the chain is that this process follows, and how far it has come: what it has committed, or handed to the broker.
async fn progress_of(parts: &Parts) -> Option<(u64, u64)> {
    let tip = parts.poller.as_ref()?.tip()?;
    let store = parts.store.as_ref()?;
    if parts.worker.is_none() {
        // With more pollers than shards, some stand by.
        let (name, shards) = (process_name(), store.shard_list().await.ok()?);
        let mut holders = shards.iter().filter_map(|row| row.holder.as_ref());
        if !holders.any(|holder| *holder == name) {
            return None;
        }
        let sent = parts.transport.iter().map(|stats| stats.frames());
        return Some((tip, sent.sum()));
    }
    let watermark = store.watermark().await.ok()?;
    Some((tip, watermark.map_or(0, |mark| mark.checkpoint)))
}

async fn problem_of(parts: &Parts) -> Option<String> {
    let Some(store) = &parts.store else {
        return Some("waiting for the database".to_owned());
    };
    if let Err(error) = store.check_writable(WRITE_WITHIN).await {
        // Without its causes, which may name hosts and files.
        return Some(error.to_string());
    }
    if let Some(problem) = parts
        .poller
        .as_ref()
        .and_then(|poller| poller.write_problem())
    {
        return Some(problem);
    }
    if let Some(problem) = parts.worker.as_ref().and_then(|worker| worker.problem()) {
        return Some(problem);
    }
    let broken = parts
        .transport
        .iter()
        .any(|stats| stats.problem().is_some());
    broken.then(|| "the broker or the depot of the transport fails".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stalls_when_the_chain_goes_on_without_it() {
        let begun = Instant::now();
        let at = |seconds| begun + Duration::from_secs(seconds);
        let behind = |seconds| Some(Duration::from_secs(seconds));
        let mut progress = Progress::default();
        assert_eq!(progress.stalled(10, 10, at(0)), None);
        // Neither moves: a chain that stands still is no fault of the process.
        assert_eq!(progress.stalled(10, 10, at(500)), None);
        assert_eq!(progress.stalled(11, 10, at(510)), behind(0));
        assert_eq!(progress.stalled(12, 10, at(515)), behind(5));
        assert_eq!(progress.stalled(13, 11, at(516)), None);
        assert_eq!(progress.stalled(14, 11, at(520)), behind(0));
        assert_eq!(progress.stalled(14, 11, at(540)), behind(20));
        // Nobody tells of new checkpoints any more.
        assert_eq!(progress.stalled(14, 11, at(550)), None);
        assert_eq!(progress.stalled(15, 11, at(700)), behind(180));
        assert_eq!(progress.stalled(15, 12, at(701)), None);
    }
}
