//! One HTTP exchange under one deadline: no redirects, no proxies, no decompression, and of the answer only what is kept.

use std::error::Error;
use std::time::Duration;

use reqwest::header::RETRY_AFTER;
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, ClientBuilder, RequestBuilder, Response};
use tokio::time::{Instant, timeout_at};
use vigia_core::error_chain;

use crate::ErrorClass;
use crate::push::CredentialsError;
use crate::target::{ForbiddenAddresses, NoAddress};

/// Bounds of one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SendLimits {
    /// Milliseconds for all of it: name, connection, TLS, headers and body.
    pub deadline_ms: u64,
    /// Milliseconds of them for connecting.
    pub connect_ms_max: u64,
    /// Milliseconds of them for the answer's body once its headers are there: the status decides, not the body.
    pub body_ms_max: u64,
    /// Bytes of an answer's body that are read; past them the connection is closed.
    pub response_bytes_max: u64,
    /// Bytes of a body that is sent.
    pub request_bytes_max: usize,
    /// Milliseconds that a target may ask to be left alone; more is cut.
    pub retry_after_ms_max: u64,
}

impl Default for SendLimits {
    fn default() -> Self {
        Self {
            deadline_ms: 15_000,
            connect_ms_max: 5_000,
            body_ms_max: 2_000,
            response_bytes_max: 64 * 1024,
            request_bytes_max: 256 * 1024,
            retry_after_ms_max: 24 * 3_600_000,
        }
    }
}

/// Why a sender cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum SenderError {
    /// The file of certificate authorities is none.
    #[error("the extra certificate authorities are not certificates in PEM: check the file")]
    Authorities(#[source] reqwest::Error),
    /// The client cannot be made.
    #[error(
        "no HTTPS client can be made: check that the system's certificate authorities are installed"
    )]
    Client(#[source] reqwest::Error),
    /// The credentials cannot be read.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// A setting that no sender can work with.
    #[error("{setting} {problem}")]
    Setting {
        /// Which one.
        setting: &'static str,
        /// What is wrong with it.
        problem: String,
    },
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<String>,
    /// The beginning of the body.
    pub(crate) body: Vec<u8>,
}

/// Why nothing came back.
pub(crate) struct Failure {
    pub(crate) class: ErrorClass,
    /// For the operator alone.
    pub(crate) detail: String,
}

/// A client without any of the conveniences that would make one request two, or lead it elsewhere.
pub(crate) fn client_builder(
    limits: &SendLimits,
    ca_pem: Option<&[u8]>,
) -> Result<ClientBuilder, SenderError> {
    // Whoever came first has installed the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = Client::builder()
        .user_agent(concat!("vigia/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .referer(false)
        .no_proxy()
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate()
        .tcp_nodelay(true)
        .connect_timeout(Duration::from_millis(limits.connect_ms_max));
    if let Some(pem) = ca_pem {
        let authorities = Certificate::from_pem_bundle(pem).map_err(SenderError::Authorities)?;
        builder = builder.tls_certs_merge(authorities);
    }
    Ok(builder)
}

/// Sends a request once, and keeps at most `kept_bytes_max` of the answer's body.
pub(crate) async fn exchange(
    request: RequestBuilder,
    limits: &SendLimits,
    kept_bytes_max: usize,
) -> Result<Answer, Failure> {
    let until = Instant::now() + Duration::from_millis(limits.deadline_ms);
    let response = match timeout_at(until, request.send()).await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => return Err(failure(error)),
        Err(_) => {
            return Err(Failure {
                class: ErrorClass::Timeout,
                detail: format!("no headers within {} ms", limits.deadline_ms),
            });
        }
    };
    let status = response.status().as_u16();
    let retry_after = response.headers().get(RETRY_AFTER);
    let retry_after = retry_after.and_then(|value| value.to_str().ok().map(ToOwned::to_owned));
    let body_until = until.min(Instant::now() + Duration::from_millis(limits.body_ms_max));
    let body = read_body(
        response,
        body_until,
        limits.response_bytes_max,
        kept_bytes_max,
    )
    .await;
    Ok(Answer {
        status,
        retry_after,
        body,
    })
}

/// Reads the body so that its connection can be used again, as far as the bounds go. However it ends, the status has
/// come and says what became of the request.
async fn read_body(
    mut response: Response,
    until: Instant,
    bytes_max: u64,
    kept_bytes_max: usize,
) -> Vec<u8> {
    let mut kept = Vec::new();
    let mut read: u64 = 0;
    while let Ok(Ok(Some(chunk))) = timeout_at(until, response.chunk()).await {
        let room = kept_bytes_max - kept.len();
        kept.extend_from_slice(&chunk[..chunk.len().min(room)]);
        read = read.saturating_add(chunk.len() as u64);
        if read > bytes_max {
            break;
        }
    }
    kept
}

/// What kind of failure it was.
fn failure(error: reqwest::Error) -> Failure {
    let error = error.without_url();
    let class = if holds::<ForbiddenAddresses>(&error) {
        ErrorClass::ForbiddenTarget
    } else if holds::<NoAddress>(&error) {
        ErrorClass::Dns
    } else if error.is_timeout() {
        ErrorClass::Timeout
    } else if holds::<rustls::Error>(&error) {
        ErrorClass::Tls
    } else if error.is_connect() {
        ErrorClass::Connect
    } else {
        ErrorClass::Protocol
    };
    Failure {
        class,
        detail: error_chain(&error),
    }
}

/// Whether an error, or one that it stems from, is a `T`.
fn holds<T: Error + 'static>(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<T>() {
            return true;
        }
        // An I/O error names the source of what it holds as its own, and passes over what it holds.
        let held = error
            .downcast_ref::<std::io::Error>()
            .and_then(std::io::Error::get_ref);
        if held.is_some_and(|held| holds::<T>(held)) {
            return true;
        }
        next = error.source();
    }
    false
}
