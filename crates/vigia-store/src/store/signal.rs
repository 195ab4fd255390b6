//! A number that rises, and waiting for it to pass a bound.
//!
//! A change made in this process wakes waiters at once. For changes of other processes the database
//! is asked again every interval, by one waiter for all of them, so that a thousand readers cost as
//! many queries as one.

use std::future::Future;
use std::time::Duration;

use tokio::sync::{Mutex, Notify, watch};
use tokio::time::Instant;

use crate::Result;

/// A rising number and when the database was last asked for it.
pub(super) struct Signal {
    value: watch::Sender<i64>,
    asked: Mutex<Option<Instant>>,
    /// That the number has risen, and nobody knows how far.
    looks: Notify,
}

impl Signal {
    pub(super) fn new() -> Self {
        Self {
            value: watch::Sender::new(0),
            asked: Mutex::new(None),
            looks: Notify::new(),
        }
    }

    /// Tells waiters that the number is at least `value`.
    pub(super) fn raise(&self, value: i64) {
        self.value.send_if_modified(|current| {
            let rises = value > *current;
            *current = value.max(*current);
            rises
        });
    }

    /// Tells waiters that the number has risen: one of them asks the database how far.
    pub(super) fn look(&self) {
        self.looks.notify_one();
    }

    /// Waits until the number is above `seen`, asking the database every `interval`.
    pub(super) async fn wait<F>(
        &self,
        seen: i64,
        interval: Duration,
        ask: impl Fn() -> F,
    ) -> Result<i64>
    where
        F: Future<Output = Result<i64>>,
    {
        let mut changes = self.value.subscribe();
        loop {
            let value = *changes.borrow_and_update();
            if value > seen {
                return Ok(value);
            }
            self.refresh(interval, &ask).await?;
            tokio::select! {
                // The sender lives in `self`: only a change or the interval ends this.
                _ = tokio::time::timeout(interval, changes.changed()) => {}
                () = self.looks.notified() => *self.asked.lock().await = None,
            }
        }
    }

    /// Asks the database, unless another waiter is doing so or has within the interval.
    async fn refresh<F>(&self, interval: Duration, ask: &impl Fn() -> F) -> Result<()>
    where
        F: Future<Output = Result<i64>>,
    {
        let Ok(mut asked) = self.asked.try_lock() else {
            return Ok(());
        };
        if asked.is_some_and(|at| at.elapsed() < interval) {
            return Ok(());
        }
        let value = ask().await?;
        *asked = Some(Instant::now());
        self.raise(value);
        Ok(())
    }
}
