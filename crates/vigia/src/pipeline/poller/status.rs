//! How a poller is doing.

use std::sync::{Mutex, MutexGuard, PoisonError};

use vigia_store::StoreError;

/// What the provider is doing, shared by the stream's notices and the reports to the database.
#[derive(Debug, Default)]
pub struct PollerStatus {
    state: Mutex<PollerState>,
    unwritten: Mutex<Option<String>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct PollerState {
    pub(super) tip: Option<u64>,
    pub(super) error: Option<String>,
}

impl PollerStatus {
    /// Something is wrong.
    pub fn failing(&self, problem: impl ToString) {
        self.change(|state| state.error = Some(problem.to_string()));
    }

    /// All is well.
    pub fn well(&self) {
        self.change(|state| state.error = None);
    }

    /// What keeps it from writing where it begins, in words that anybody may read.
    pub fn write_problem(&self) -> Option<String> {
        self.unwritten().clone()
    }

    /// Whether that is news.
    pub(super) fn cannot_write(&self, error: &StoreError) -> bool {
        let problem = format!("cannot begin: {error}");
        self.unwritten().replace(problem).is_none()
    }

    pub(super) fn written(&self) {
        *self.unwritten() = None;
    }

    fn unwritten(&self) -> MutexGuard<'_, Option<String>> {
        self.unwritten
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The newest checkpoint heard of.
    pub fn tip(&self) -> Option<u64> {
        self.get().tip
    }

    pub(super) fn seen(&self, tip: u64) {
        self.change(|state| state.tip = state.tip.max(Some(tip)));
    }

    fn change(&self, change: impl FnOnce(&mut PollerState)) {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
    }

    pub(super) fn get(&self) -> PollerState {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
