//! A log file that begins anew when it is full, and keeps some of those before.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tracing_subscriber::fmt::MakeWriter;

/// `name`, and `name.1` to `name.N` with what was before, the newest first.
#[derive(Clone)]
pub(super) struct RotatingFile(Arc<Inner>);

struct Inner {
    path: PathBuf,
    bytes_max: u64,
    files_max: u32,
    current: Mutex<Current>,
}

struct Current {
    file: File,
    bytes: u64,
}

impl RotatingFile {
    /// Goes on with the file where it is there; its folder is made where it is not. It has `bytes_max` bytes at most, and `files_max`
    /// files before it are kept.
    pub(super) fn open(path: &Path, bytes_max: u64, files_max: u32) -> io::Result<Self> {
        if let Some(folder) = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
        {
            fs::create_dir_all(folder)?;
        }
        Ok(Self(Arc::new(Inner {
            path: path.to_owned(),
            bytes_max,
            files_max,
            current: Mutex::new(Current::open(path)?),
        })))
    }
}

impl Current {
    fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        let bytes = file.metadata()?.len();
        Ok(Self { file, bytes })
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn before(&self, number: u32) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(format!(".{number}"));
        name.into()
    }

    /// Moves each file one on; the last one goes.
    fn turn(&self) -> io::Result<Current> {
        for number in (1..self.files_max).rev() {
            let from = self.before(number);
            if from.exists() {
                fs::rename(from, self.before(number + 1))?;
            }
        }
        match self.files_max {
            0 => fs::remove_file(&self.path)?,
            _ => fs::rename(&self.path, self.before(1))?,
        }
        Current::open(&self.path)
    }
}

/// Writes one line: loggers hand in each as a whole.
pub(super) struct Line(Arc<Inner>);

impl Write for Line {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut current = self.0.lock();
        let bytes = line.len() as u64;
        if current.bytes > 0 && current.bytes.saturating_add(bytes) > self.0.bytes_max {
            // A file that cannot be moved is better written on than not at all.
            if let Ok(next) = self.0.turn() {
                *current = next;
            }
        }
        current.file.write_all(line)?;
        current.bytes += bytes;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.lock().file.flush()
    }
}

impl MakeWriter<'_> for RotatingFile {
    type Writer = Line;

    fn make_writer(&self) -> Line {
        Line(Arc::clone(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(folder: &Path) -> Vec<(String, String)> {
        let mut files: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| {
                let entry = entry.unwrap();
                let text = fs::read_to_string(entry.path()).unwrap();
                (entry.file_name().into_string().unwrap(), text)
            })
            .collect();
        files.sort();
        files
    }

    #[test]
    fn a_full_file_is_moved_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("logs/blockchain.log");
        for (files_max, expected) in [
            (
                2,
                vec![("", "44\n55\n"), (".1", "22\n33\n"), (".2", "00\n11\n")],
            ),
            (1, vec![("", "44\n55\n"), (".1", "22\n33\n")]),
            (0, vec![("", "44\n55\n")]),
        ] {
            let _ = fs::remove_dir_all(path.parent().unwrap());
            // Begun again for each line: what is there counts.
            for n in 0..=5 {
                let file = RotatingFile::open(&path, 6, files_max).unwrap();
                let line = format!("{n}{n}\n");
                file.make_writer().write_all(line.as_bytes()).unwrap();
            }
            let expected: Vec<_> = expected
                .into_iter()
                .map(|(end, text)| (format!("blockchain.log{end}"), text.to_owned()))
                .collect();
            assert_eq!(read(path.parent().unwrap()), expected);
        }
        // A line that is larger than a file is written whole.
        let file = RotatingFile::open(&path, 6, 1).unwrap();
        file.make_writer().write_all(b"longer than six\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "longer than six\n");
    }
}
