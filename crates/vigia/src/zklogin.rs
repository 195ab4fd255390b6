//! The keys of zkLogin's identity providers: from a file, and from where the providers publish them.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use serde::Deserialize;
use sui_sdk_types::{Jwk, JwkId};
use tokio::sync::Mutex;
use vigia_core::Clock;
use vigia_web::{JWKS_BYTES_MAX, JwksSource};

/// Largest file of zkLogin's keys in bytes (I-13).
const FILE_BYTES_MAX: u64 = 1024 * 1024;
/// Most keys of a provider (I-13).
const KEYS_MAX: usize = 256;
/// How long a provider's keys are used before it is asked again: providers publish a key for hours before they use it.
const REFRESH_MS: u64 = 10 * 60 * 1_000;
/// How long a provider is left alone that did not answer.
const RETRY_MS: u64 = 30 * 1_000;
/// How long keys stay in use of a provider that cannot be reached.
const STALE_MS: u64 = 24 * 60 * 60 * 1_000;

/// Where keys are.
pub struct ZkLoginIssuers {
    file: Option<PathBuf>,
    published: BTreeMap<String, Published>,
    clock: Arc<dyn Clock>,
}

/// A provider that publishes its keys.
struct Published {
    source: Arc<dyn JwksSource>,
    /// One asks; who needs the answer waits.
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    keys: Vec<ProviderKey>,
    came_at_ms: Option<u64>,
    asked_at_ms: Option<u64>,
}

/// The keys of an identity provider.
#[derive(Deserialize)]
struct Jwks {
    keys: Vec<ProviderKey>,
}

/// A key as providers publish it (RFC 7517).
#[derive(Clone, Deserialize)]
struct ProviderKey {
    kid: String,
    kty: String,
    e: String,
    n: String,
    #[serde(default = "rs256")]
    alg: String,
}

fn rs256() -> String {
    "RS256".to_owned()
}

impl ZkLoginIssuers {
    /// Keys in `file`, and those that `sources` have, by issuer; they count where both name an issuer.
    pub fn new(
        file: Option<PathBuf>,
        sources: BTreeMap<String, Arc<dyn JwksSource>>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let published = |source| Published {
            source,
            known: Mutex::default(),
        };
        let sources = sources.into_iter();
        Self {
            file,
            published: sources
                .map(|(issuer, source)| (issuer, published(source)))
                .collect(),
            clock,
        }
    }

    /// Whether there are any.
    pub(crate) fn are_none(&self) -> bool {
        self.file.is_none() && self.published.is_empty()
    }

    /// The keys now, and whether they are all: not where a provider, or the file, could not be read.
    pub(crate) async fn keys(&self) -> (HashMap<JwkId, Jwk>, bool) {
        let now_ms = self.clock.now_ms();
        let mut read = BTreeMap::new();
        let mut are_all = true;
        if let Some(file) = self.file.clone() {
            let reading = tokio::task::spawn_blocking(move || read_file(&file)).await;
            match reading.unwrap_or_else(|error| Err(error.into())) {
                Ok(providers) => read = providers,
                Err(error) => {
                    tracing::error!(error = &*error, "no zkLogin keys of web.zklogin_keys_file");
                    are_all = false;
                }
            }
        }
        for (issuer, published) in &self.published {
            let keys = published.keys(issuer, now_ms).await;
            are_all &= keys.is_some();
            read.insert(issuer.clone(), keys.unwrap_or_default());
        }
        let with_ids = read.into_iter().flat_map(|(iss, keys)| {
            keys.into_iter().map(move |key| {
                let ProviderKey {
                    kid,
                    kty,
                    e,
                    n,
                    alg,
                } = key;
                let iss = iss.clone();
                (JwkId { iss, kid }, Jwk { kty, e, n, alg })
            })
        });
        (with_ids.collect(), are_all)
    }
}

impl Published {
    /// Its keys; none where it has not told them for too long.
    async fn keys(&self, issuer: &str, now_ms: u64) -> Option<Vec<ProviderKey>> {
        let mut known = self.known.lock().await;
        let since = |at_ms: Option<u64>| at_ms.map(|at_ms| now_ms.abs_diff(at_ms));
        let is_new = since(known.came_at_ms).is_some_and(|age_ms| age_ms < REFRESH_MS);
        let is_early = since(known.asked_at_ms).is_some_and(|age_ms| age_ms < RETRY_MS);
        if !is_new && !is_early {
            known.asked_at_ms = Some(now_ms);
            match self.ask().await {
                Ok(keys) => {
                    known.keys = keys;
                    known.came_at_ms = Some(now_ms);
                }
                Err(error) => {
                    let error = &*error;
                    tracing::warn!(issuer, error, "the keys of a zkLogin issuer cannot be read");
                }
            }
        }
        let is_usable = since(known.came_at_ms).is_some_and(|age_ms| age_ms < STALE_MS);
        is_usable.then(|| known.keys.clone())
    }

    async fn ask(&self) -> anyhow::Result<Vec<ProviderKey>> {
        let text = self.source.jwks().await?;
        anyhow::ensure!(
            text.len() <= JWKS_BYTES_MAX,
            "more than {JWKS_BYTES_MAX} bytes"
        );
        // Keys of other kinds are passed over (RFC 7517, section 5): a proof is over RSA alone.
        let set: Lenient = serde_json::from_slice(&text).context("no JSON Web Key Set")?;
        let found = set.keys.len();
        anyhow::ensure!(found <= KEYS_MAX, "{found} keys; at most {KEYS_MAX}");
        let keys = set.keys.into_iter();
        let keys: Vec<ProviderKey> = keys
            .filter_map(|key| serde_json::from_value(key).ok())
            .collect();
        anyhow::ensure!(!keys.is_empty(), "no RSA key among them");
        Ok(keys)
    }
}

/// A set with keys of any kind.
#[derive(Deserialize)]
struct Lenient {
    keys: Vec<serde_json::Value>,
}

fn read_file(file: &Path) -> anyhow::Result<BTreeMap<String, Vec<ProviderKey>>> {
    let name = file.display();
    let bytes = std::fs::metadata(file)
        .with_context(|| format!("cannot read {name}"))?
        .len();
    anyhow::ensure!(
        bytes <= FILE_BYTES_MAX,
        "{name} has {bytes} bytes; at most {FILE_BYTES_MAX} are read"
    );
    let text = std::fs::read(file).with_context(|| format!("cannot read {name}"))?;
    let providers: BTreeMap<String, Jwks> = serde_json::from_slice(&text).with_context(|| {
        format!("{name} is not JSON of key sets by issuer, {{\"ISSUER\": {{\"keys\": [...]}}}}")
    })?;
    let providers = providers.into_iter();
    Ok(providers
        .map(|(issuer, jwks)| (issuer, jwks.keys))
        .collect())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use async_trait::async_trait;
    use vigia_core::SystemClock;
    use vigia_web::JwksError;

    use super::*;

    #[derive(Default)]
    struct Hand(AtomicU64);

    impl Clock for Hand {
        fn now_ms(&self) -> u64 {
            self.0.load(Ordering::Relaxed)
        }
    }

    /// Answers with what it holds; with nothing it cannot be reached.
    #[derive(Default)]
    struct Source(std::sync::Mutex<(Option<String>, u32)>);

    #[async_trait]
    impl JwksSource for Source {
        async fn jwks(&self) -> Result<Vec<u8>, JwksError> {
            let mut held = self.0.lock().unwrap();
            held.1 += 1;
            let text = held.0.clone();
            text.map(String::into_bytes)
                .ok_or_else(|| JwksError::Unreachable("nobody answers".into()))
        }
    }

    const ISSUER: &str = "https://issuer.example";

    fn set(kid: &str) -> Option<String> {
        Some(format!(
            "{{\"keys\":[{{\"kty\":\"EC\",\"kid\":\"other\"}},{{\"kty\":\"RSA\",\"kid\":\"{kid}\",\"e\":\"AQAB\",\"n\":\"xx\"}}]}}"
        ))
    }

    #[tokio::test]
    async fn published_keys_are_asked_for_now_and_then() {
        let (source, clock) = (Arc::<Source>::default(), Arc::<Hand>::default());
        let sources = [(
            ISSUER.to_owned(),
            Arc::clone(&source) as Arc<dyn JwksSource>,
        )];
        let issuers = ZkLoginIssuers::new(None, sources.into(), clock.clone());
        let ids = async || {
            let (keys, are_all) = issuers.keys().await;
            assert_eq!(are_all, !keys.is_empty());
            assert!(keys.keys().all(|id| id.iss == ISSUER));
            keys.into_keys().map(|id| id.kid).collect::<Vec<_>>()
        };
        let asked = || source.0.lock().unwrap().1;
        let begin_ms = 1_000_000;
        clock.0.store(begin_ms, Ordering::Relaxed);
        assert!(ids().await.is_empty());
        // It answers now; it is left alone for a while all the same.
        source.0.lock().unwrap().0 = set("one");
        assert!(ids().await.is_empty());
        assert_eq!(asked(), 1);
        clock.0.store(begin_ms + RETRY_MS, Ordering::Relaxed);
        assert_eq!(ids().await, ["one"]);
        source.0.lock().unwrap().0 = set("two");
        assert_eq!(ids().await, ["one"]);
        assert_eq!(asked(), 2);
        let turned_ms = begin_ms + RETRY_MS + REFRESH_MS;
        clock.0.store(turned_ms, Ordering::Relaxed);
        assert_eq!(ids().await, ["two"]);
        // What it said last counts for a day.
        for wrong in [
            None,
            Some("{}".to_owned()),
            Some("{\"keys\":[]}".to_owned()),
        ] {
            source.0.lock().unwrap().0 = wrong;
            clock.0.fetch_add(REFRESH_MS, Ordering::Relaxed);
            assert_eq!(ids().await, ["two"]);
        }
        assert_eq!(asked(), 6);
        clock.0.store(turned_ms + STALE_MS - 1, Ordering::Relaxed);
        assert_eq!(ids().await, ["two"]);
        clock.0.store(turned_ms + STALE_MS, Ordering::Relaxed);
        assert!(ids().await.is_empty());
    }

    #[tokio::test]
    async fn more_keys_than_any_provider_has_are_refused() {
        let key = "{\"kty\":\"RSA\",\"kid\":\"k\",\"e\":\"AQAB\",\"n\":\"xx\"}";
        for (number, is_taken) in [(KEYS_MAX, true), (KEYS_MAX + 1, false)] {
            let source = Arc::<Source>::default();
            let keys = vec![key; number].join(",");
            source.0.lock().unwrap().0 = Some(format!("{{\"keys\":[{keys}]}}"));
            let sources = [(ISSUER.to_owned(), source as Arc<dyn JwksSource>)];
            let issuers = ZkLoginIssuers::new(None, sources.into(), Arc::new(SystemClock));
            assert_eq!(issuers.keys().await.1, is_taken, "{number}");
        }
    }
}
