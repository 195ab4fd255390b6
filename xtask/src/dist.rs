//! `cargo xtask dist`: the binary that is released, with every feature a release has.
//!
//! Which those are is said once: the feature `release` of crate vigia. The binary is left as cargo makes
//! it, with the line tables of the release profile, and nothing is packed or signed.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Context;
use serde_json::Value;

use crate::run::{cargo, metadata, run as say_and_run, target_dir};

/// The crate with the binary.
const PACKAGE: &str = "vigia";
/// Its feature that names all others of a release.
const RELEASE: &str = "release";
/// What cargo is told. Versions of dependencies are those of the lock file, or it fails.
const BUILD: &[&str] = &[
    "build",
    "--release",
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
    cargo(BUILD)?;
    let binary = binary();
    let bytes = std::fs::metadata(&binary)
        .with_context(|| format!("cargo has not made {}", binary.display()))?
        .len();
    // In its own words too.
    say_and_run(Command::new(&binary).arg("--version"))?;
    println!(
        "{}\n  size      {}, not stripped\n  features  {}",
        binary.display(),
        mebibytes(bytes),
        features.join(", ")
    );
    Ok(())
}

fn binary() -> PathBuf {
    let name = format!("{PACKAGE}{}", std::env::consts::EXE_SUFFIX);
    target_dir().join("release").join(name)
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
            "build --release --locked --package vigia --bin vigia --features release"
        );
        assert!(binary().ends_with("release/vigia"), "{:?}", binary());
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
