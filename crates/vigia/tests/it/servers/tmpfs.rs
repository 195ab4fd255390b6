//! A small disk that a test may fill up.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use vigia_testbed::is_root;

/// A file system of so many bytes, in memory; unmounted with its guard.
pub(crate) struct Tmpfs {
    folder: TempDir,
}

impl Tmpfs {
    /// None where this user may not mount, which it says.
    pub(crate) fn mount(mebibytes: u32) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let mounted = is_root()
            && Command::new("mount")
                .args(["-t", "tmpfs", "-o", &format!("size={mebibytes}m"), "tmpfs"])
                .arg(folder.path())
                .status()
                .is_ok_and(|status| status.success());
        if !mounted {
            eprintln!("skipped: only root may mount a disk that is small enough to fill");
            return None;
        }
        Some(Self { folder })
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes until nothing more fits.
    pub(crate) fn fill(&self) {
        let mut ballast = File::create(self.ballast()).expect("a file");
        for block in [1 << 20, 4096] {
            while ballast.write_all(&vec![1; block]).is_ok() {}
        }
    }

    /// Makes room again.
    pub(crate) fn relieve(&self) {
        std::fs::remove_file(self.ballast()).expect("it is there");
    }

    fn ballast(&self) -> PathBuf {
        self.path().join("ballast")
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        // Lazily: files may be open for a moment.
        let _gone_already = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}
