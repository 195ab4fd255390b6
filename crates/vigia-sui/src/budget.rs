//! A budget of bytes for what waits between a provider and its reader.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes are counted by the KiB, so that any budget fits the semaphore.
const UNIT: usize = 1024;

/// So many bytes may be held at once. What is larger than all of it is let through alone.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    units: Arc<Semaphore>,
    units_max: usize,
}

impl Budget {
    pub(crate) fn new(bytes: usize) -> Self {
        let units_max = bytes.div_ceil(UNIT).clamp(1, u32::MAX as usize);
        Self {
            units: Arc::new(Semaphore::new(units_max)),
            units_max,
        }
    }

    /// Waits until `bytes` may be held; they are until what this returns is dropped.
    pub(crate) async fn hold(&self, bytes: usize) -> OwnedSemaphorePermit {
        self.acquire(self.units_of(bytes)).await
    }

    /// Makes what is held already `bytes`: gives back what is too much, or waits for what is missing. Nobody
    /// else may wait for more in the meantime.
    pub(crate) async fn adjust(
        &self,
        mut held: OwnedSemaphorePermit,
        bytes: usize,
    ) -> OwnedSemaphorePermit {
        let (has, wants) = (held.num_permits(), self.units_of(bytes));
        if has < wants {
            held.merge(self.acquire(wants - has).await);
        } else {
            drop(held.split(has - wants));
        }
        held
    }

    async fn acquire(&self, units: usize) -> OwnedSemaphorePermit {
        let units = u32::try_from(units).expect("the budget is that small");
        let units_held = Arc::clone(&self.units).acquire_many_owned(units).await;
        units_held.expect("the semaphore is never closed")
    }

    fn units_of(&self, bytes: usize) -> usize {
        bytes.div_ceil(UNIT).clamp(1, self.units_max)
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[tokio::test]
    async fn what_fits_is_held_and_what_is_larger_goes_alone() {
        let budget = Budget::new(10 * UNIT);
        let six = budget.hold(6 * UNIT).await;
        assert!(budget.hold(4 * UNIT + 1).now_or_never().is_none());
        let four = budget.hold(4 * UNIT).now_or_never();
        assert!(four.is_some());
        assert!(budget.hold(usize::MAX).now_or_never().is_none());
        drop((six, four));
        let all = budget.hold(usize::MAX).now_or_never();
        assert!(all.is_some());
        assert!(budget.hold(1).now_or_never().is_none());
    }
    #[tokio::test]
    async fn what_is_held_becomes_more_or_less() {
        let budget = Budget::new(10 * UNIT);
        let expected = budget.hold(4 * UNIT).await;
        let held = budget.adjust(expected, UNIT).await;
        let rest = budget.hold(9 * UNIT).now_or_never();
        assert!(rest.is_some());
        drop(rest);
        let held = budget.adjust(held, usize::MAX).await;
        assert!(budget.hold(1).now_or_never().is_none());
        drop(held);
        assert!(budget.hold(10 * UNIT).now_or_never().is_some());
    }
}
