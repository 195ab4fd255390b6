//! Programs in Python that verify and decrypt what vigia sends, in the environment that `cargo xtask test` makes.
//!
//! Without it tests say that they are skipped, and fail instead under `VIGIA_REQUIRE_CLIENTS=1`.

use std::env;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

/// What the program `tests/oracles/{name}` answers to `input`; none when there is no Python for it.
pub(crate) fn ask(name: &str, input: &Value) -> Option<Value> {
    let Some(python) = env::var_os("VIGIA_NOTIFY_PYTHON") else {
        let required = env::var_os("VIGIA_REQUIRE_CLIENTS").is_some_and(|value| value == "1");
        assert!(!required, "VIGIA_NOTIFY_PYTHON is not set");
        println!("skipped: VIGIA_NOTIFY_PYTHON is not set, `cargo xtask test` sets it");
        return None;
    };
    let program = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/oracles")
        .join(name);
    let mut child = Command::new(python)
        .arg(program)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the Python at VIGIA_NOTIFY_PYTHON starts");
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.to_string().as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{name} failed, see above");
    Some(serde_json::from_slice(&output.stdout).unwrap())
}
