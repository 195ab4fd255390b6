//! Credentials in a file that may change while vigia runs: the next attempt has the new ones, and a broken new file
//! leaves the old ones in place.

use std::fs::{self, Metadata};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use zeroize::Zeroizing;

/// Bytes that a file of credentials may have.
pub(crate) const CREDENTIALS_BYTES_MAX: u64 = 64 * 1024;

/// Why a file gives no credentials. Nothing of its content is shown.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// The file cannot be read.
    #[error("credentials at {} cannot be read: check the path and its permissions", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The file is not what it has to be.
    #[error("credentials at {}: {problem}", path.display())]
    Content {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it, and how to mend it.
        problem: String,
    },
}

/// How a kind of credentials is read; an error says what is wrong without showing any of it.
type Parse<T> = fn(&[u8]) -> Result<T, String>;

/// The credentials of one file, as they are now.
pub(crate) struct Reloading<T> {
    path: PathBuf,
    parse: Parse<T>,
    state: Mutex<State<T>>,
}

struct State<T> {
    stamp: Option<Stamp>,
    value: Arc<T>,
    problem: Option<String>,
}

/// What changes when a file does, whether it was written or another put in its place.
#[derive(PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    bytes: u64,
    inode: u64,
}

impl<T> Reloading<T> {
    /// Reads the file; one that is broken from the start is an error.
    pub(crate) fn open(path: &Path, parse: Parse<T>) -> Result<Self, CredentialsError> {
        let stamp = stamp(path).ok();
        let value = load(path, parse)?;
        Ok(Self {
            path: path.to_owned(),
            parse,
            state: Mutex::new(State {
                stamp,
                value: Arc::new(value),
                problem: None,
            }),
        })
    }

    /// The credentials for an attempt that begins now. Asking the file system whether a small local file changed takes
    /// microseconds, so it is asked on the spot.
    pub(crate) fn current(&self) -> Arc<T> {
        let mut state = self.state();
        let stamp = stamp(&self.path).ok();
        if stamp != state.stamp {
            state.stamp = stamp;
            match load(&self.path, self.parse) {
                Ok(value) => {
                    tracing::info!(path = %self.path.display(), "took new push credentials");
                    state.value = Arc::new(value);
                    state.problem = None;
                }
                Err(error) => {
                    let problem = vigia_core::error_chain(&error);
                    tracing::error!(
                        problem,
                        "new push credentials are broken, the old ones stay in use"
                    );
                    state.problem = Some(problem);
                }
            }
        }
        state.value.clone()
    }

    /// What is wrong with the file as it is now, if the credentials in use are older ones.
    pub(crate) fn problem(&self) -> Option<String> {
        self.state().problem.clone()
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn stamp(path: &Path) -> std::io::Result<Stamp> {
    let metadata = fs::metadata(path)?;
    Ok(Stamp {
        modified: metadata.modified().ok(),
        bytes: metadata.len(),
        inode: inode(&metadata),
    })
}

#[cfg(unix)]
fn inode(metadata: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn inode(_: &Metadata) -> u64 {
    0
}

fn load<T>(path: &Path, parse: Parse<T>) -> Result<T, CredentialsError> {
    let read = |source| CredentialsError::Read {
        path: path.to_owned(),
        source,
    };
    let content = |problem| CredentialsError::Content {
        path: path.to_owned(),
        problem,
    };
    let file = fs::File::open(path).map_err(read)?;
    let mut bytes = Zeroizing::new(Vec::new());
    let mut limited = file.take(CREDENTIALS_BYTES_MAX + 1);
    limited.read_to_end(&mut bytes).map_err(read)?;
    if bytes.len() as u64 > CREDENTIALS_BYTES_MAX {
        let problem =
            format!("it has more than {CREDENTIALS_BYTES_MAX} bytes, so it is another file");
        return Err(content(problem));
    }
    parse(&bytes).map_err(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(bytes: &[u8]) -> Result<String, String> {
        match bytes.strip_prefix(b"good ") {
            Some(rest) => Ok(String::from_utf8_lossy(rest).into_owned()),
            None => Err("it is not good".to_owned()),
        }
    }

    #[test]
    fn a_new_file_is_taken_and_a_broken_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("credentials");
        let replace = |content: &str| {
            let new = folder.path().join("new");
            fs::write(&new, content).unwrap();
            fs::rename(new, &path).unwrap();
        };
        replace("good one");
        let reloading = Reloading::open(&path, parse).unwrap();
        assert_eq!(*reloading.current(), "one");
        replace("good two");
        assert_eq!(*reloading.current(), "two");
        replace("bad S3CRET");
        assert_eq!(*reloading.current(), "two");
        let problem = reloading.problem().unwrap();
        assert!(
            problem.contains("it is not good") && !problem.contains("S3CRET"),
            "{problem}"
        );
        fs::remove_file(&path).unwrap();
        assert_eq!(*reloading.current(), "two");
        assert!(reloading.problem().unwrap().contains("cannot be read"));
        replace("good three");
        assert_eq!(*reloading.current(), "three");
        assert_eq!(reloading.problem(), None);
        // In place, with another length.
        fs::write(&path, "good four!").unwrap();
        assert_eq!(*reloading.current(), "four!");
    }

    #[test]
    fn a_file_that_is_broken_from_the_start_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("credentials");
        let open = |bytes: usize| {
            fs::write(&path, format!("good {}", "x".repeat(bytes - 5))).unwrap();
            Reloading::open(&path, parse)
                .map(|_| ())
                .map_err(|error| error.to_string())
        };
        let bytes_max = usize::try_from(CREDENTIALS_BYTES_MAX).unwrap();
        assert_eq!(open(bytes_max), Ok(()));
        assert!(
            open(bytes_max + 1)
                .unwrap_err()
                .contains("more than 65536 bytes")
        );
        let missing = Reloading::open(&folder.path().join("none"), parse);
        let error = missing.map(|_| ()).unwrap_err().to_string();
        assert!(error.contains("none cannot be read"), "{error}");
    }
}
