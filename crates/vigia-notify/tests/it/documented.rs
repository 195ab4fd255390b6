//! The programs in docs/webhooks.md run as they stand there, and verify what vigia signs.
//!
//! Python is that of the oracles. Node.js is what `VIGIA_NODE22` names, else the one on the path; where there is none the
//! test says so.

use std::env;
use std::fs;
use std::process::Command;

use vigia_core::{Clock, SystemClock};
use vigia_notify::{MessageId, SigningKey, SigningKeys, webhook_headers};

const PAGE: &str = include_str!("../../../../docs/webhooks.md");

const BODY: &str = r#"{"amount":"5000000","who":"Ñandú"}"#;

/// The program that stands under the line which begins with `title`.
fn program(title: &str) -> String {
    let mut lines = PAGE
        .lines()
        .skip_while(|line| !line.starts_with(title))
        .skip(1);
    assert_eq!(lines.next(), Some(""), "docs/webhooks.md has {title}");
    let code = lines.take_while(|line| line.is_empty() || line.starts_with("    "));
    code.map(|line| line.get(4..).unwrap_or_default().to_owned() + "\n")
        .collect()
}

/// Whether `run`, behind the documented program, finds a message authentic as it came and none that was changed.
fn verifies(
    interpreter: &str,
    program: &str,
    file: &str,
    run: &str,
    public: &str,
    headers: &str,
) -> [bool; 3] {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(file);
    fs::write(&path, format!("{program}\n{run}\n")).unwrap();
    let stranger = SigningKey::generate_ed25519()
        .unwrap()
        .public_text()
        .unwrap();
    [(BODY, public), ("{}", public), (BODY, stranger.as_str())].map(|(body, public)| {
        let output = Command::new(interpreter)
            .arg(&path)
            .args([body, headers, public])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        assert!(
            said == "yes" || said == "no",
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        said == "yes"
    })
}

/// A key's public text, and the headers of a message that it signs among others, as JSON.
fn signed() -> (String, String) {
    let keys = vec![
        SigningKey::generate_hmac().unwrap(),
        SigningKey::generate_ed25519().unwrap(),
        SigningKey::generate_ed25519().unwrap(),
    ];
    let public = keys[2].public_text().unwrap();
    let id = MessageId::new("00f3a1b2c3d4e5f60718293a4b5c6d7e").unwrap();
    let keys = SigningKeys::new(keys).unwrap();
    let headers = webhook_headers(&id, SystemClock.now_ms(), BODY.as_bytes(), &keys);
    let headers = serde_json::json!({
        "webhook-id": headers.id,
        "webhook-timestamp": headers.timestamp,
        "webhook-signature": headers.signature,
    });
    (public, headers.to_string())
}

#[test]
fn the_program_in_python_verifies() {
    let Some(python) = env::var_os("VIGIA_NOTIFY_PYTHON") else {
        let required = env::var_os("VIGIA_REQUIRE_CLIENTS").is_some_and(|value| value == "1");
        assert!(!required, "VIGIA_NOTIFY_PYTHON is not set");
        println!("skipped: VIGIA_NOTIFY_PYTHON is not set, `cargo xtask test` sets it");
        return;
    };
    let run = "import json, sys\n\
               try:\n    verify(sys.argv[1].encode(), json.loads(sys.argv[2]), sys.argv[3])\n    print('yes')\n\
               except ValueError:\n    print('no')";
    let (public, headers) = signed();
    let python = python.to_str().unwrap();
    let found = verifies(
        python,
        &program("Python, ed25519"),
        "verify.py",
        run,
        &public,
        &headers,
    );
    assert_eq!(found, [true, false, false]);
}

#[test]
fn the_program_in_javascript_verifies() {
    let node = env::var("VIGIA_NODE22").unwrap_or_else(|_| "node".to_owned());
    if Command::new(&node).arg("--version").output().is_err() {
        println!("skipped: there is no Node.js at {node}");
        return;
    }
    let run = "const [body, headers, key] = process.argv.slice(2);\n\
               console.log(isAuthentic(Buffer.from(body), JSON.parse(headers), key) ? 'yes' : 'no');";
    let (public, headers) = signed();
    let found = verifies(
        &node,
        &program("Node.js, ed25519"),
        "verify.mjs",
        run,
        &public,
        &headers,
    );
    assert_eq!(found, [true, false, false]);
}
