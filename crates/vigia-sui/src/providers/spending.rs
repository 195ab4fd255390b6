//! What was asked of a provider today, against what may be. Pure.
//!
//! All processes spend the same budget: what they have recorded is told now and then, and what this one
//! has spent since comes on top.

/// What may be asked of a provider in a day of UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DayBudget {
    /// Requests; none where there is no limit.
    pub requests: Option<u64>,
    /// Bytes received; none where there is no limit.
    pub bytes: Option<u64>,
    /// Whether nothing at all is asked past it, even where nobody else serves.
    pub is_hard: bool,
}

impl DayBudget {
    /// Whether nothing is left of it: one request or byte more would be too many.
    pub fn is_spent(&self, spent: Spent) -> bool {
        self.requests.is_some_and(|max| spent.requests >= max)
            || self.bytes.is_some_and(|max| spent.bytes >= max)
    }
}

/// Requests made and bytes received.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Requests made.
    pub requests: u64,
    /// Bytes received.
    pub bytes: u64,
}

impl Spent {
    fn plus(self, other: Self) -> Self {
        Self {
            requests: self.requests.saturating_add(other.requests),
            bytes: self.bytes.saturating_add(other.bytes),
        }
    }

    fn since(self, before: Self) -> Self {
        Self {
            requests: self.requests.saturating_sub(before.requests),
            bytes: self.bytes.saturating_sub(before.bytes),
        }
    }
}

/// What was spent in a day, by all processes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Spending {
    day: u64,
    /// As it was told last.
    told: Spent,
    /// What this process had counted then, since it began.
    counted: Spent,
}

impl Spending {
    /// All processes have recorded so much for a day, when this one had `counted` so much.
    pub(super) fn told(&mut self, day: u64, told: Spent, counted: Spent) {
        *self = Self { day, told, counted };
    }

    /// What is spent on a day by now, where this process has counted so much since it began.
    pub(super) fn on(&mut self, day: u64, counted: Spent) -> Spent {
        if day != self.day {
            self.told(day, Spent::default(), counted);
        }
        self.told.plus(counted.since(self.counted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spent(requests: u64, bytes: u64) -> Spent {
        Spent { requests, bytes }
    }

    #[test]
    fn a_budget_is_spent_with_its_last_request_or_byte() {
        let budget = DayBudget {
            requests: Some(10),
            bytes: Some(1_000),
            is_hard: false,
        };
        assert!(!budget.is_spent(spent(9, 999)));
        assert!(budget.is_spent(spent(10, 0)));
        assert!(budget.is_spent(spent(0, 1_000)));
        assert!(!DayBudget::default().is_spent(spent(u64::MAX, u64::MAX)));
    }

    #[test]
    fn what_others_spend_counts_and_a_new_day_begins_with_nothing() {
        let mut spending = Spending::default();
        assert_eq!(spending.on(0, spent(3, 30)), spent(3, 30));
        // Of the 50 that are recorded 5 are this process's, up to when it had counted 5.
        spending.told(7, spent(50, 500), spent(5, 50));
        assert_eq!(spending.on(7, spent(8, 80)), spent(53, 530));
        assert_eq!(spending.on(8, spent(9, 90)), spent(0, 0));
        assert_eq!(spending.on(8, spent(10, 95)), spent(1, 5));
    }
}
