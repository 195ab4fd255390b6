//! Push messages to phones and browsers: what is common to FCM, APNs and Web Push.

pub(crate) mod apns;
mod credentials;
pub(crate) mod fcm;
mod jwt;
pub(crate) mod web;

pub use credentials::CredentialsError;

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::{Client, ClientBuilder};
use serde_json::{Map, Value};
use tokio::time::timeout;
use url::{Host, Url};

use crate::http::{Failure, SendLimits, SenderError, client_builder};
use crate::stopwatch::Stopwatch;
use crate::{Attempt, ErrorClass, MessageId, Outcome, Refusal, Verdict};

/// Bytes of a device token.
pub const TOKEN_BYTES_MAX: usize = 4_096;

/// Bytes of a provider's answer that are looked at.
const ANSWER_BYTES_MAX: usize = 8 * 1024;

/// Under which name the application finds the id of the delivery, to recognise what comes twice.
pub const DELIVERY_ID_KEY: &str = "delivery_id";

/// What a person is told, ready to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushMessage {
    /// The delivery. What comes twice under one id replaces itself on the screen.
    pub id: MessageId,
    /// Messages with the same group replace each other; without one each stands for itself.
    pub group: Option<MessageId>,
    /// The first line.
    pub title: String,
    /// The text.
    pub body: String,
    /// For the application: texts only, as FCM knows nothing else. [`DELIVERY_ID_KEY`] is added.
    pub data: BTreeMap<String, String>,
    /// Seconds for which the provider keeps it while the device cannot be reached.
    pub ttl_s: u32,
    /// Whether it may wake the device.
    pub is_urgent: bool,
}

impl PushMessage {
    /// What replaces what on the screen.
    fn replaces(&self) -> &str {
        self.group.as_ref().unwrap_or(&self.id).as_str()
    }

    /// The data with the id of the delivery.
    fn data_with_id(&self) -> Map<String, Value> {
        let own = self.data.iter();
        let mut data: Map<String, Value> = own
            .map(|(key, value)| (key.clone(), value.clone().into()))
            .collect();
        data.insert(DELIVERY_ID_KEY.to_owned(), self.id.as_str().into());
        data
    }

    /// The second at which the provider may forget it.
    fn expires_s(&self, now_ms: u64) -> u64 {
        (now_ms / 1_000).saturating_add(self.ttl_s.into())
    }
}

/// A message that no provider would take, and that is therefore not sent.
fn refuse(detail: String) -> Verdict {
    let outcome = Outcome::Refused(Refusal::Message);
    Verdict::new(outcome, Some(ErrorClass::Message)).detail(detail)
}

/// A device token that cannot be one.
fn dead(detail: &str) -> Verdict {
    Verdict::new(Outcome::Gone, Some(ErrorClass::TargetDead)).detail(detail.to_owned())
}

/// An attempt that may take several requests, for credentials too, under the one deadline.
async fn within(
    limits: &SendLimits,
    stopwatch: &Stopwatch,
    sending: impl Future<Output = Result<Attempt, Failure>>,
) -> Attempt {
    let failure = match timeout(Duration::from_millis(limits.deadline_ms), sending).await {
        Ok(Ok(attempt)) => return attempt,
        Ok(Err(failure)) => failure,
        Err(_) => Failure {
            class: ErrorClass::Timeout,
            detail: format!("no answer within {} ms", limits.deadline_ms),
        },
    };
    stopwatch.failed(failure)
}

/// A client for one provider: HTTP/2, one connection that is kept and watched.
fn provider_client(
    base: &Url,
    limits: &SendLimits,
    ca_pem: Option<&[u8]>,
) -> Result<Client, SenderError> {
    let builder = client_builder(limits, ca_pem)?;
    // Without TLS nothing agrees on a protocol; a test server is told at once.
    let builder = match base.scheme() {
        "http" => builder.http2_prior_knowledge(),
        _ => builder,
    };
    watched(builder).build().map_err(SenderError::Client)
}

/// A connection that a network has forgotten looks alive until something is asked of it.
fn watched(builder: ClientBuilder) -> ClientBuilder {
    builder
        .http2_keep_alive_interval(Duration::from_secs(20))
        .http2_keep_alive_timeout(Duration::from_secs(10))
        .http2_keep_alive_while_idle(false)
        .pool_idle_timeout(Duration::from_secs(600))
}

/// A provider's URL: HTTPS, or plain HTTP on this machine for tests.
fn provider_url(setting: &'static str, text: &str) -> Result<Url, SenderError> {
    let problem = |problem: &str| SenderError::Setting {
        setting,
        problem: problem.to_owned(),
    };
    let url = Url::parse(text).map_err(|_| problem("is not a URL"))?;
    let is_here = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => return Err(problem("has no host")),
    };
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_here => Ok(url),
        _ => Err(problem("has to begin with https://")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_go_over_tls_or_stay_on_this_machine() {
        for good in [
            "https://fcm.googleapis.com",
            "http://127.0.0.1:1",
            "http://localhost",
            "http://[::1]",
        ] {
            assert!(provider_url("fcm.url", good).is_ok(), "{good}");
        }
        for bad in [
            "http://fcm.googleapis.com",
            "http://10.0.0.1",
            "ftp://localhost",
            "fcm",
            "",
        ] {
            let error = provider_url("fcm.url", bad).unwrap_err().to_string();
            assert!(error.starts_with("fcm.url "), "{error}");
        }
    }
}
