//! What is asked of the C library: how memory is shared out, and what a closed pipe means.
//!
//! No other allocator: the library's own is the smallest and, with one arena, the cheapest that was
//! measured (docs/performance.md).

/// Arenas of a process that follows or commits: what a checkpoint holds goes from thread to thread, and each arena keeps what it
/// once held.
pub const FOLLOWING: i32 = 1;
/// Arenas of a process that only answers: many threads make and drop what is small and their own, and one arena is one lock.
pub const ANSWERING: i32 = 8;

/// Makes all threads share so many arenas of glibc's, which has by default up to eight for each core. To be called
/// before there is a second thread. Whoever sets `MALLOC_ARENA_MAX` decides otherwise.
pub fn share_arenas(arenas: i32) {
    #[cfg(not(all(target_os = "linux", target_env = "gnu")))]
    let _ = arenas;
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    if std::env::var_os("MALLOC_ARENA_MAX").is_none() {
        #[expect(unsafe_code, reason = "the C library has no safe interface for it")]
        // SAFETY: it takes two numbers and reads no memory of ours. Where it is refused, nothing changes.
        let _is_set = unsafe { libc::mallopt(libc::M_ARENA_MAX, arenas) };
    }
}

/// Lets this process have as many files open as it may: shells and service managers begin with 1,024, and each live reader is one.
pub fn raise_open_files() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        let mut limit = libc::rlimit {
            rlim_cur: 0,
            rlim_max: 0,
        };
        #[expect(unsafe_code, reason = "the C library has no safe interface for it")]
        // SAFETY: both calls read or write the one structure, which outlives them. Where they are refused, nothing changes.
        unsafe {
            if libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) == 0 {
                limit.rlim_cur = limit.rlim_max;
                let _is_set = libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit);
            }
        }
    }
}

/// Makes whoever writes into a pipe that nobody reads any more end quietly, as other commands do: `vigia ... | head`.
/// Not for roles that serve: they outlive whoever read their log.
pub fn end_on_closed_pipe() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        #[expect(unsafe_code, reason = "the C library has no safe interface for it")]
        // SAFETY: the default action of a signal is set, and no handler of ours.
        let _was = unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
    }
}
