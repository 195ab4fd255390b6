//! The documents and files for people, to hold them to what the program has.

use std::path::{Path, PathBuf};

/// A folder of the repository.
pub(crate) fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(name)
}

/// These files of the repository, and all below these folders with one of the endings; each with its text.
pub(crate) fn read(files: &[&str], folders: &[&str], endings: &[&str]) -> Vec<(String, String)> {
    let mut found: Vec<PathBuf> = files.iter().map(|file| folder(file)).collect();
    let mut folders: Vec<PathBuf> = folders.iter().map(|name| folder(name)).collect();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let ending = path.extension().and_then(|ending| ending.to_str());
            if path.is_dir() {
                folders.push(path);
            } else if ending.is_some_and(|ending| endings.contains(&ending)) {
                found.push(path);
            }
        }
    }
    let text = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).expect("text");
        (path.display().to_string(), text)
    };
    found.into_iter().map(text).collect()
}
