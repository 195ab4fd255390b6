//! The real binary as processes of its own, with what each has used.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use vigia_devnet::Packages;

use super::usage;

/// How often the memory of a process that runs to its end is looked at.
const LOOK_INTERVAL: Duration = Duration::from_millis(20);

/// The binary with a configuration.
pub(crate) struct Program {
    folder: TempDir,
}

/// What a process that ran to its end took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Used {
    pub(crate) wall: Duration,
    pub(crate) cpu: Duration,
    pub(crate) peak_rss_kib: u64,
}

impl Program {
    /// With the text of a configuration file.
    pub(crate) fn new(config: &str) -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
        std::fs::write(folder.path().join("vigia.toml"), config).expect("a file");
        Self { folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs a command that has to succeed to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Used {
        let begun = Instant::now();
        let mut process = self.start(arguments);
        let mut used = Used {
            wall: Duration::ZERO,
            cpu: Duration::ZERO,
            peak_rss_kib: 0,
        };
        loop {
            used.peak_rss_kib = usage::peak_rss_kib_of(process.id()).unwrap_or(used.peak_rss_kib);
            used.cpu = usage::cpu_time_of(process.id()).unwrap_or(used.cpu);
            if let Some(status) = process.0.try_wait().expect("a child") {
                assert!(status.success(), "vigia {arguments:?} ended with {status}");
                used.wall = begun.elapsed();
                return used;
            }
            std::thread::sleep(LOOK_INTERVAL);
        }
    }

    /// Runs a command that has to succeed; returns what it printed.
    pub(crate) fn output(&self, arguments: &[&str]) -> String {
        let output = Command::new(env!("CARGO_BIN_EXE_vigia"))
            .args(arguments)
            .args(["--log", "warn"])
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()
            .expect("the binary starts");
        let status = output.status;
        assert!(status.success(), "vigia {arguments:?} ended with {status}");
        String::from_utf8(output.stdout).expect("text")
    }

    /// Starts a command that goes on; it ends with its guard.
    pub(crate) fn start(&self, arguments: &[&str]) -> Process {
        let child = Command::new(env!("CARGO_BIN_EXE_vigia"))
            .args(arguments)
            .args(["--log", "warn"])
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn();
        Process(child.expect("the binary starts"))
    }
}

/// A running process.
pub(crate) struct Process(Child);

impl Process {
    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        usage::look();
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The contracts of the simulated node, as a configuration names them.
pub(crate) fn packages() -> String {
    let packages = Packages::declared();
    format!(
        "[contracts.packages]\ncusd = \"{}\"\nconfio = \"{}\"\npay = [\"{}\", \"{}\"]\n\
         p2p_trade = \"{}\"\ninvite_send = \"{}\"\n",
        packages.cusd,
        packages.confio,
        packages.pay,
        packages.pay_upgraded,
        packages.p2p_trade,
        packages.invite_send
    )
}
