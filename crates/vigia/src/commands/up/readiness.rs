//! Whether this process can do its work: its database takes writes, its worker commits, its broker
//! answers. A provider that is away is no reason: what is stored can still be read, and `status` says it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use vigia_store::SqlStore;
use vigia_transport::TransportStats;
use vigia_web::Readiness;

use crate::pipeline::{PollerStatus, WorkerStatus};

/// How long the database may take to begin a write.
const WRITE_WITHIN: Duration = Duration::from_secs(2);
/// How long an answer is given again: whoever asks without end must not cost the database anything.
const ANSWER_KEPT: Duration = Duration::from_secs(1);

/// What a process consists of, as far as it has come.
#[derive(Default)]
pub(super) struct ProcessReadiness {
    parts: Mutex<Parts>,
    answer: tokio::sync::Mutex<Option<(Instant, Option<String>)>>,
}

#[derive(Clone, Default)]
struct Parts {
    store: Option<Arc<SqlStore>>,
    poller: Option<Arc<PollerStatus>>,
    worker: Option<Arc<WorkerStatus>>,
    transport: Vec<Arc<TransportStats>>,
}

impl ProcessReadiness {
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
        if let Some((_, problem)) = answer.as_ref().filter(|(at, _)| at.elapsed() < ANSWER_KEPT) {
            return problem.clone();
        }
        let parts = self.parts().clone();
        let problem = problem_of(&parts).await;
        *answer = Some((Instant::now(), problem.clone()));
        problem
    }
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
