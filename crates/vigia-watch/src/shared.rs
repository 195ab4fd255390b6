//! One watch list shared by the pollers of a process and changed in place while they run.

use std::sync::{RwLock, RwLockReadGuard};

use vigia_core::WatchChange;

use crate::WatchList;

/// A `WatchList` behind a lock. A reader holds it for one checkpoint, so that a whole checkpoint is
/// matched at one version.
#[derive(Debug, Default)]
pub struct SharedWatchList(RwLock<WatchList>);

impl SharedWatchList {
    /// Shares `list`.
    pub fn new(list: WatchList) -> Self {
        Self(RwLock::new(list))
    }

    /// The list as it is now; changes wait until the guard is dropped.
    pub fn read(&self) -> RwLockReadGuard<'_, WatchList> {
        // A panic while reading cannot leave the list half-changed, so poison is no reason to stop.
        self.0
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Takes another list in place of the one there is.
    pub fn replace(&self, list: WatchList) {
        *self
            .0
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = list;
    }

    /// Applies changes of the log, in order.
    pub fn apply(&self, changes: &[WatchChange]) {
        self.0
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .apply(changes);
    }
}
