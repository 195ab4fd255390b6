//! What the tests of all push providers share: a message, credentials in files, a clock.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Value, json};
use tempfile::TempDir;
use vigia_core::ManualClock;
use vigia_notify::{MessageId, PushMessage, SendLimits};

pub(crate) const NOW_MS: u64 = 1_790_000_000_000;

pub(crate) const ID: &str = "00f3a1b2c3d4e5f60718293a4b5c6d7e";

/// Made for these tests with openssl; it opens nothing.
pub(crate) const RSA_KEY: &str = include_str!("keys/test_rsa.pem");

pub(crate) fn message() -> PushMessage {
    PushMessage {
        id: MessageId::new(ID).unwrap(),
        group: None,
        title: "Confío".to_owned(),
        body: "Recibiste 5.00 cUSD".to_owned(),
        data: [("kind".to_owned(), "SEND_RECEIVED".to_owned())].into(),
        ttl_s: 3_600,
        is_urgent: true,
    }
}

pub(crate) fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(NOW_MS))
}

pub(crate) fn short() -> SendLimits {
    SendLimits {
        deadline_ms: 300,
        ..SendLimits::default()
    }
}

/// A file of credentials that can be replaced as an operator's tools do.
pub(crate) struct CredentialsFile(TempDir);

impl CredentialsFile {
    pub(crate) fn new(content: &str) -> Self {
        let file = Self(tempfile::tempdir().unwrap());
        file.replace(content);
        file
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.0.path().join("credentials.json")
    }

    pub(crate) fn replace(&self, content: &str) {
        let new = self.0.path().join("new");
        fs::write(&new, content).unwrap();
        fs::rename(new, self.path()).unwrap();
    }
}

/// The header and claims of a token, unchecked.
pub(crate) fn parts_of(token: &str) -> (Value, Value) {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let mut parts = token.split('.').map(|part| {
        let bytes = URL_SAFE_NO_PAD.decode(part).unwrap();
        serde_json::from_slice::<Value>(&bytes).unwrap_or(json!(null))
    });
    (parts.next().unwrap(), parts.next().unwrap())
}
