//! The binaries of Postgres, and commands with what every cluster here has.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::as_server_user;

/// Debian keeps one folder a version, off the path.
const VERSIONS: &str = "/usr/lib/postgresql";

/// Settings of a server whose data is of no worth: what is lost without them is lost with the machine.
pub const FAST: &[&str] = &["-c", "fsync=off", "-c", "full_page_writes=off"];

/// The binaries of one version.
#[derive(Clone, Debug)]
pub struct Postgres {
    binaries: PathBuf,
}

impl Postgres {
    /// The newest version that is installed.
    pub fn newest() -> io::Result<Option<Self>> {
        Self::newest_in(Path::new(VERSIONS))
    }

    fn newest_in(versions: &Path) -> io::Result<Option<Self>> {
        let versions = match std::fs::read_dir(versions) {
            Ok(versions) => versions,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut newest = None;
        for version in versions {
            let version = version?;
            let name = version.file_name();
            let Some(number) = name.to_str().and_then(|name| name.parse::<u32>().ok()) else {
                continue;
            };
            let binaries = version.path().join("bin");
            let whole = binaries.join("initdb").exists() && binaries.join("postgres").exists();
            newest = newest.max(whole.then_some((number, binaries)));
        }
        Ok(newest.map(|(_, binaries)| Self { binaries }))
    }

    /// Where one of its programs is.
    pub fn program(&self, name: &str) -> PathBuf {
        self.binaries.join(name)
    }

    /// Makes a cluster whose user `postgres` may do everything and needs no password.
    pub fn initdb(&self, data: &Path) -> Command {
        let mut command = as_server_user(&self.program("initdb"));
        command
            .args(["-A", "trust", "-U", "postgres", "-E", "UTF8"])
            .args(["--locale=C.UTF-8", "--no-sync", "-D"])
            .arg(data);
        command
    }

    /// Serves a cluster on a port of loopback and nowhere else.
    pub fn server(&self, data: &Path, port: u16) -> Command {
        let mut command = as_server_user(&self.program("postgres"));
        command
            .arg("-D")
            .arg(data)
            .args(["-p", &port.to_string()])
            .args(["-c", "listen_addresses=127.0.0.1"])
            .args(["-c", "unix_socket_directories="]);
        command
    }

    /// Where a server on this port is, for a user who may do everything.
    pub fn url(port: u16) -> String {
        format!("postgres://postgres@127.0.0.1:{port}/postgres")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_whole_version_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        assert!(
            Postgres::newest_in(&folder.path().join("none"))
                .unwrap()
                .is_none()
        );
        let install = |version: &str, programs: &[&str]| {
            let binaries = folder.path().join(version).join("bin");
            std::fs::create_dir_all(&binaries).unwrap();
            for program in programs {
                std::fs::write(binaries.join(program), "").unwrap();
            }
        };
        install("9", &["initdb", "postgres"]);
        install("15", &["initdb", "postgres"]);
        install("17", &["initdb"]);
        install("common", &["initdb", "postgres"]);
        let newest = Postgres::newest_in(folder.path()).unwrap().unwrap();
        assert_eq!(
            newest.program("initdb"),
            folder.path().join("15/bin/initdb")
        );
    }
}
