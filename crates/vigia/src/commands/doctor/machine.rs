//! The machine that vigia runs on.

use std::path::{Path, PathBuf};

use super::Findings;
use crate::commands::is_shared;
use crate::config::Settings;

/// With less room than this on its disk a database is about to stop.
const FREE_MIB_MIN: u64 = 1_024;
/// File systems over which SQLite's locks and shared memory do not hold.
const NETWORK_FILE_SYSTEMS: &[&str] = &[
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "9p",
    "fuse.sshfs",
    "fuse.s3fs",
    "glusterfs",
    "ceph",
    "afs",
];
/// Files that a process has open beside connections of readers.
const FILES_BESIDE: u64 = 256;

pub(super) fn check(findings: &mut Findings, settings: &Settings) {
    if !is_shared(settings) {
        check_disk(findings, &settings.database_path());
    }
    check_secrets(findings, settings);
    check_files(findings, settings);
}

/// Whether there is room for the database, on a disk that can hold one.
fn check_disk(findings: &mut Findings, database: &Path) {
    let folder = existing(database);
    if let Some(kind) = file_system(&folder)
        && NETWORK_FILE_SYSTEMS.contains(&kind.as_str())
    {
        findings.problem(
            "disk",
            format!("{} is on {kind}, over the network", database.display()),
            "SQLite needs a disk of this machine: move the data folder (--data-dir), or use Postgres (store.url)",
        );
    }
    match free_mib(&folder) {
        Some(free) if free < FREE_MIB_MIN => findings.problem(
            "disk",
            format!("{free} MiB are free at {}", folder.display()),
            "make room or move the data folder: a full disk stops what is committed",
        ),
        Some(free) => findings.good(
            "disk",
            format!("{free} MiB are free at {}", folder.display()),
        ),
        None => {}
    }
}

/// The path, or the folder above it that is there.
fn existing(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let there = absolute.ancestors().find(|path| path.exists());
    there.map_or(absolute.clone(), Path::to_owned)
}

/// The kind of file system that a path is on, where this system tells.
fn file_system(path: &Path) -> Option<String> {
    let path = path.canonicalize().ok()?;
    let mounts = std::fs::read_to_string("/proc/self/mounts").ok()?;
    kind_of(&mounts, &path)
}

fn kind_of(mounts: &str, path: &Path) -> Option<String> {
    let fields = mounts
        .lines()
        .map(|line| line.split(' ').collect::<Vec<_>>());
    let at = fields.filter(|fields| fields.len() > 2 && path.starts_with(fields[1]));
    // The last of those that are mounted deepest covers the others.
    let at = at.max_by_key(|fields| fields[1].len())?;
    Some(at[2].to_owned())
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(
    unsafe_code,
    reason = "the C library's statvfs, which std has no way to"
)]
fn free_mib(path: &Path) -> Option<u64> {
    use std::os::unix::ffi::OsStrExt as _;

    let path = std::ffi::CString::new(path.as_os_str().as_bytes()).ok()?;
    let mut found = std::mem::MaybeUninit::<libc::statvfs>::uninit();
    // SAFETY: the path ends with a zero byte, and the call fills the structure where it returns 0.
    let found = unsafe {
        if libc::statvfs(path.as_ptr(), found.as_mut_ptr()) != 0 {
            return None;
        }
        found.assume_init()
    };
    Some(found.f_bavail.saturating_mul(found.f_frsize) >> 20)
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn free_mib(_path: &Path) -> Option<u64> {
    None
}

/// Whether others on this machine may read secrets.
fn check_secrets(findings: &mut Findings, settings: &Settings) {
    let files = settings.secret_files();
    let mut open = Vec::new();
    for (setting, file) in &files {
        if is_open(file) {
            open.push(format!("{} ({setting})", file.display()));
        }
    }
    match (files.len(), open.is_empty()) {
        (0, _) => {}
        (count, true) => findings.good(
            "secrets",
            format!("{count} files, which no other user may read"),
        ),
        (_, false) => findings.problem(
            "secrets",
            format!("every user of this machine may read {}", open.join(", ")),
            "chmod 600 each, and let the user that vigia runs as own it",
        ),
    }
}

#[cfg(unix)]
fn is_open(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(file).is_ok_and(|found| found.permissions().mode() & 0o004 != 0)
}

#[cfg(not(unix))]
fn is_open(_file: &Path) -> bool {
    false
}

/// Whether as many readers as are allowed may be connected.
fn check_files(findings: &mut Findings, settings: &Settings) {
    let Some(limit) = std::fs::read_to_string("/proc/self/limits")
        .ok()
        .and_then(|limits| open_files(&limits))
    else {
        return;
    };
    let readers = u64::try_from(settings.web.limits.live_readers_max).unwrap_or(u64::MAX);
    let needed = readers.saturating_add(FILES_BESIDE);
    if limit < needed {
        findings.problem(
            "open files",
            format!("{limit} are allowed, and {readers} readers may follow what happens (web.limits.live_readers_max)"),
            "raise the limit (LimitNOFILE= of systemd, ulimit -n, or ulimits of the container), or allow fewer readers",
        );
    } else {
        findings.good(
            "open files",
            format!("{limit} are allowed, {needed} may be needed"),
        );
    }
}

/// The limit that a process may raise its own to, as those that serve do when they start.
fn open_files(limits: &str) -> Option<u64> {
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"))?;
    let hard = line.split_whitespace().nth(4)?;
    Some(hard.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deepest_mount_counts() {
        let mounts = "/dev/vda / ext4 rw 0 0\nserver:/data /srv/data nfs4 rw 0 0\ntmpfs /srv/data/fast tmpfs rw 0 0\n";
        let kind = |path: &str| kind_of(mounts, Path::new(path));
        assert_eq!(kind("/var/lib").as_deref(), Some("ext4"));
        assert_eq!(kind("/srv/data/vigia").as_deref(), Some("nfs4"));
        assert_eq!(kind("/srv/database").as_deref(), Some("ext4"));
        assert_eq!(kind("/srv/data/fast/vigia").as_deref(), Some("tmpfs"));
    }

    #[test]
    fn limits_are_read() {
        let limits = "Limit                     Soft Limit           Hard Limit           Units     \n\
                      Max open files            1024                 4096                 files     \n";
        assert_eq!(open_files(limits), Some(4_096));
        assert_eq!(
            open_files("Max open files  unlimited  unlimited files"),
            Some(u64::MAX)
        );
    }
}
