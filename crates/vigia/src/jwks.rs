//! The public keys of an issuer of tokens, from where the settings say.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use async_trait::async_trait;
use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use tokio::io::AsyncReadExt as _;
use vigia_web::{JWKS_BYTES_MAX, JwksError, JwksSource};

/// Longest time that an issuer may take: requests wait for it.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Keys that are at an address.
pub struct HttpJwks {
    client: Client,
    url: Url,
}

/// Keys that are in a file, which is read again whenever keys are asked for.
pub struct FileJwks {
    path: PathBuf,
}

impl HttpJwks {
    /// Asks at `url`; fails where no client can be made. Nobody is followed elsewhere.
    pub fn new(url: Url) -> anyhow::Result<Self> {
        // Whoever came first has installed the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .user_agent(concat!("vigia/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .timeout(TIMEOUT)
            .build()
            .context("no HTTPS client can be made for web.jwt.jwks_url")?;
        Ok(Self { client, url })
    }
}

impl FileJwks {
    /// Reads `path`.
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }
}

#[async_trait]
impl JwksSource for HttpJwks {
    async fn jwks(&self) -> Result<Vec<u8>, JwksError> {
        let request = self.client.get(self.url.clone()).send();
        let response = request
            .await
            .and_then(|response| response.error_for_status());
        let mut response = response.map_err(unreachable)?;
        if response.status().is_redirection() {
            let status = response.status();
            return Err(unreachable(format!("{} answers {status}", self.url)));
        }
        let mut text = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
            if text.len() + chunk.len() > JWKS_BYTES_MAX {
                return Err(JwksError::TooLarge);
            }
            text.extend_from_slice(&chunk);
        }
        Ok(text)
    }
}

#[async_trait]
impl JwksSource for FileJwks {
    async fn jwks(&self) -> Result<Vec<u8>, JwksError> {
        let file = tokio::fs::File::open(&self.path)
            .await
            .map_err(unreachable)?;
        let mut text = Vec::new();
        // One byte more tells what is too large.
        let mut bounded = file.take(JWKS_BYTES_MAX as u64 + 1);
        bounded.read_to_end(&mut text).await.map_err(unreachable)?;
        match text.len() > JWKS_BYTES_MAX {
            true => Err(JwksError::TooLarge),
            false => Ok(text),
        }
    }
}

fn unreachable(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> JwksError {
    JwksError::Unreachable(error.into())
}
