//! Places where a test has a process end at once: between two steps whose order matters. Not in released binaries.

#[cfg(debug_assertions)]
use std::sync::LazyLock;
#[cfg(debug_assertions)]
use std::sync::atomic::{AtomicU64, Ordering};

/// Where: the name of a point, and how often it is passed before. `claimed:3` ends it at the fourth time.
#[cfg(debug_assertions)]
const VARIABLE: &str = "VIGIA_TEST_CRASH_AT";

/// Ends this process where a test wants it at this point, as SIGKILL does: nothing of it runs any more.
#[cfg(debug_assertions)]
pub(super) fn point(name: &str) {
    static AT: LazyLock<Option<(String, u64)>> = LazyLock::new(|| {
        let text = std::env::var(VARIABLE).ok()?;
        let (name, after) = text.split_once(':')?;
        Some((name.to_owned(), after.parse().ok()?))
    });
    static PASSED: AtomicU64 = AtomicU64::new(0);
    let Some((at, after)) = &*AT else { return };
    if at == name && PASSED.fetch_add(1, Ordering::Relaxed) == *after {
        std::process::abort();
    }
}

/// Nothing.
#[cfg(not(debug_assertions))]
pub(super) fn point(_: &str) {}
