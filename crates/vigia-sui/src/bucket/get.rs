//! One request for one file of a bucket: a single try, and what came of it.

use super::{BucketConfig, BucketSource};
use crate::packed::{self, Format, Packed, UnpackError};
use reqwest::redirect::{Attempt, Policy};
use reqwest::{Client, Response, StatusCode};

/// Times a bucket may send a request elsewhere.
const REDIRECTS_MAX: usize = 3;

/// What came of asking for a file.
pub(super) enum Got {
    Packed(Box<Packed>),
    /// It is larger than it may be.
    TooLarge,
    /// There is no such file.
    Absent,
    /// It came, and is not what it has to be.
    Broken(String),
    /// It did not come, but may at another time.
    Failed(String),
    /// The bucket does not want us.
    Refused(String),
}

/// A client that follows few redirects, and none that gives up TLS.
pub(super) fn client(config: &BucketConfig) -> Result<Client, String> {
    // Whoever came first has installed the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let silence_max = config.limits.silence_max;
    let mut builder = Client::builder()
        .redirect(Policy::custom(redirect))
        .connect_timeout(silence_max)
        .read_timeout(silence_max)
        .user_agent(concat!("vigia/", env!("CARGO_PKG_VERSION")));
    if let Some(pem) = &config.ca_pem {
        let authorities = reqwest::Certificate::from_pem_bundle(pem)
            .map_err(|error| format!("its certificate authority cannot be used: {error}"))?;
        builder = builder.tls_certs_only(authorities);
    }
    builder.build().map_err(|error| error.to_string())
}

fn redirect(attempt: Attempt<'_>) -> reqwest::redirect::Action {
    let from_tls = attempt.previous().iter().any(|url| url.scheme() == "https");
    if attempt.previous().len() > REDIRECTS_MAX {
        attempt.error(format!(
            "it sends elsewhere more than {REDIRECTS_MAX} times"
        ))
    } else if from_tls && attempt.url().scheme() != "https" {
        attempt.error("it sends to an address without TLS")
    } else {
        attempt.follow()
    }
}

impl BucketSource {
    /// Asks once for a file of this layout, of at most `bytes_max` packed and unpacked.
    pub(super) async fn get_file(&self, sequence: u64, format: Format, bytes_max: u64) -> Got {
        let mut url = self.0.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty();
            path.push(&format!("{sequence}{}", format.suffix()));
        }
        let response = match self.0.client.get(url).send().await {
            Ok(response) => response,
            Err(error) => return failed(error),
        };
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND | StatusCode::GONE => return Got::Absent,
            status if is_passing(status) => return Got::Failed(format!("it answers {status}")),
            status => return Got::Refused(format!("it answers {status}")),
        }
        match read_body(response, bytes_max).await {
            Ok(packed) => decode(sequence, format, packed, bytes_max).await,
            Err(got) => got,
        }
    }
}

/// Whether an answer may be another at another time.
fn is_passing(status: StatusCode) -> bool {
    status.is_server_error()
        || status == StatusCode::TOO_MANY_REQUESTS
        || status == StatusCode::REQUEST_TIMEOUT
}

/// The body, of which no more than `bytes_max` is held.
async fn read_body(mut response: Response, bytes_max: u64) -> Result<Vec<u8>, Got> {
    let stated = response.content_length();
    if stated.is_some_and(|length| length > bytes_max) {
        return Err(Got::TooLarge);
    }
    let mut packed = Vec::with_capacity(stated.and_then(|n| n.try_into().ok()).unwrap_or(0));
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        if (packed.len() + chunk.len()) as u64 > bytes_max {
            return Err(Got::TooLarge);
        }
        packed.extend_from_slice(&chunk);
    }
    Ok(packed)
}

async fn decode(sequence: u64, format: Format, packed: Vec<u8>, bytes_max: u64) -> Got {
    let decoding = tokio::task::spawn_blocking(move || {
        let payload = match packed::unpack(format, &packed[..], bytes_max) {
            Ok(payload) => payload,
            Err(UnpackError::TooLarge(_)) => return Got::TooLarge,
            Err(error) => return Got::Broken(error.to_string()),
        };
        match packed::decode(format, &payload) {
            Ok(packed) if packed.checkpoint.header.sequence != sequence => {
                let found = packed.checkpoint.header.sequence;
                Got::Broken(format!("it holds checkpoint {found}"))
            }
            Ok(packed) => Got::Packed(Box::new(packed)),
            Err(problem) => Got::Broken(problem),
        }
    });
    let broken = |_| Got::Broken("decoding it failed".to_owned());
    decoding.await.unwrap_or_else(broken)
}

/// How a request failed, without its address.
fn failed(error: reqwest::Error) -> Got {
    let is_redirect = error.is_redirect();
    let problem = vigia_core::error_chain(&error.without_url());
    match is_redirect {
        true => Got::Refused(problem),
        false => Got::Failed(problem),
    }
}
