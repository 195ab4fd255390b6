//! `cargo xtask dist`: the binary that is released, with every feature a release has.
//!
//! Which those are is said once: the feature `release` of crate vigia. It is built by the profile `dist` (optimized across crates,
//! stripped), knows its commit, and holds no path of the machine that built it, so that equal sources make equal binaries. Man pages
//! and completions lie beside it; nothing is packed or signed.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Context;
use serde_json::Value;

use crate::run::{cargo_with, metadata, root, run as say_and_run, target_dir};

/// The crate with the binary.
const PACKAGE: &str = "vigia";
/// Its feature that names all others of a release.
const RELEASE: &str = "release";
/// The profile of what is given to others.
const PROFILE: &str = "dist";
/// Shells that there are completions for.
const SHELLS: [&str; 3] = ["bash", "fish", "zsh"];
/// What cargo is told. Versions of dependencies are those of the lock file, or it fails.
const BUILD: &[&str] = &[
    "build",
    "--profile",
    PROFILE,
    "--locked",
    "--package",
    PACKAGE,
    "--bin",
    PACKAGE,
    "--features",
    RELEASE,
];

/// Runs the command.
pub(crate) fn run() -> anyhow::Result<()> {
    let features = release_features(&metadata()?)?;
    let flags = remapped(&std::env::var("RUSTFLAGS").unwrap_or_default());
    let commit = commit();
    cargo_with(BUILD, &[("VIGIA_COMMIT", &commit), ("RUSTFLAGS", &flags)])?;
    let binary = binary();
    let bytes = std::fs::metadata(&binary)
        .with_context(|| format!("cargo has not made {}", binary.display()))?
        .len();
    // In its own words too.
    say_and_run(Command::new(&binary).arg("--version"))?;
    let folder = target_dir().join(PROFILE);
    let man = folder.join("man");
    say_and_run(Command::new(&binary).arg("man").arg(&man))?;
    let completions = folder.join("completions");
    std::fs::create_dir_all(&completions)?;
    for shell in SHELLS {
        let printed = Command::new(&binary)
            .args(["completions", shell])
            .output()?;
        anyhow::ensure!(printed.status.success(), "no completions for {shell}");
        std::fs::write(completions.join(format!("vigia.{shell}")), printed.stdout)?;
    }
    println!(
        "{}\n  size         {}, stripped\n  commit       {commit}\n  features     {}\n  man pages    {}\n  completions  {}",
        binary.display(),
        mebibytes(bytes),
        features.join(", "),
        man.display(),
        completions.display()
    );
    Ok(())
}

/// The commit that is built, with a mark where the tree has been changed since; unknown where there is no git.
fn commit() -> String {
    let git = |arguments: &[&str]| {
        let output = Command::new("git")
            .args(arguments)
            .current_dir(root())
            .output();
        let output = output.ok().filter(|output| output.status.success())?;
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let Some(commit) = git(&["rev-parse", "--short=12", "HEAD"]) else {
        return "unknown".to_owned();
    };
    match git(&["status", "--porcelain", "--untracked-files=no"]).as_deref() {
        Some("") => commit,
        _ => format!("{commit}-changed"),
    }
}

/// Flags of the compiler by which binaries hold no path of this machine.
fn remapped(flags: &str) -> String {
    let mut flags = flags.to_owned();
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")));
    for (from, to) in [(Some(root()), "/vigia"), (home, "/cargo")] {
        if let Some(from) = from {
            let flag = format!(" --remap-path-prefix={}={to}", from.display());
            flags.push_str(&flag);
        }
    }
    flags.trim().to_owned()
}

fn binary() -> PathBuf {
    let name = format!("{PACKAGE}{}", std::env::consts::EXE_SUFFIX);
    target_dir().join(PROFILE).join(name)
}

/// What the feature `release` stands for.
fn release_features(metadata: &Value) -> anyhow::Result<Vec<String>> {
    let packages = metadata["packages"].as_array();
    let package = packages
        .into_iter()
        .flatten()
        .find(|package| package["name"] == PACKAGE);
    let package = package.with_context(|| format!("there is no crate {PACKAGE}"))?;
    let features = package["features"][RELEASE].as_array();
    let features = features.with_context(|| format!("{PACKAGE} has no feature {RELEASE}"))?;
    Ok(features
        .iter()
        .filter_map(|feature| feature.as_str().map(ToOwned::to_owned))
        .collect())
}

fn mebibytes(bytes: u64) -> String {
    let tenths = bytes * 10 / (1 << 20);
    format!("{}.{} MiB", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_release_has_every_transport() {
        let features = release_features(&metadata().unwrap()).unwrap();
        assert!(
            features.iter().any(|feature| feature == "sqs"),
            "{features:?}"
        );
    }

    #[test]
    fn the_release_is_built_from_the_lock_file_with_its_features() {
        let line = BUILD.join(" ");
        assert_eq!(
            line,
            "build --profile dist --locked --package vigia --bin vigia --features release"
        );
        assert!(binary().ends_with("dist/vigia"), "{:?}", binary());
    }

    #[test]
    fn a_crate_without_the_feature_is_refused() {
        let metadata = json!({ "packages": [{ "name": "vigia", "features": {} }] });
        let problem = release_features(&metadata).unwrap_err().to_string();
        assert_eq!(problem, "vigia has no feature release");
        assert!(release_features(&json!({ "packages": [] })).is_err());
    }

    #[test]
    fn sizes_are_cut_to_a_tenth() {
        assert_eq!(mebibytes(0), "0.0 MiB");
        assert_eq!(mebibytes((1 << 20) - 1), "0.9 MiB");
        assert_eq!(mebibytes(42 << 20), "42.0 MiB");
    }
}
