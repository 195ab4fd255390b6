//! How well endpoints and devices are reached: shares and times of the newest attempts, for whoever operates them.

/// Attempts that are looked at, the newest of all endpoints or of all platforms (I-13): what is busier has the larger part.
pub const STATS_ATTEMPTS_MAX: u32 = 10_000;
/// How far back operators look.
pub const STATS_WINDOW_MS: u64 = 24 * 60 * 60 * 1_000;

/// How long most took, and how long the slow ones did: no more than this for so many of a hundred.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Latency {
    /// The middle one, in milliseconds.
    pub p50_ms: u64,
    /// All but one of a hundred, in milliseconds.
    pub p99_ms: u64,
}

/// How attempts at one endpoint or platform went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliveryStats {
    /// How many were looked at: at least one.
    pub attempts: u64,
    /// Those of them that arrived.
    pub succeeded: u64,
    /// How long they took.
    pub attempt: Latency,
    /// From the making of what was told to its arrival; none where nothing arrived.
    pub received: Option<Latency>,
}

impl DeliveryStats {
    /// Of a thousand attempts so many arrived, rounded down: a thousand means all of them.
    pub fn success_permille(&self) -> u32 {
        let permille = u128::from(self.succeeded) * 1_000 / u128::from(self.attempts.max(1));
        u32::try_from(permille).unwrap_or(1_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_all_is_all() {
        let of = |succeeded, attempts| {
            let attempt = Latency {
                p50_ms: 1,
                p99_ms: 1,
            };
            let stats = DeliveryStats {
                attempts,
                succeeded,
                attempt,
                received: None,
            };
            stats.success_permille()
        };
        assert_eq!((of(9_999, 10_000), of(7, 7), of(0, 3)), (999, 1_000, 0));
        assert_eq!(of(u64::MAX, u64::MAX), 1_000);
    }
}
