//! The client: where it goes, with what credentials, and what its errors mean.

use std::time::Duration;

use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::retry::RetryConfig;
use aws_sdk_sqs::config::timeout::TimeoutConfig;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

use super::{NAME, SqsConfig};
use crate::TransportError;

/// How long opening a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long an answer may take, beside the wait for messages.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// Codes of errors that pass although the request is what is blamed.
const PASSING: [&str; 6] = [
    "Throttling",
    "ThrottlingException",
    "RequestThrottled",
    "OverLimit",
    "KmsThrottled",
    "RequestTimeout",
];

/// A client; nothing is asked yet. It tries once: trying again is decided here, at one rate.
pub(super) async fn client(config: &SqsConfig) -> Result<Client, TransportError> {
    config.check()?;
    let http = Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https();
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(config.wait + ANSWER_TIMEOUT)
        .build();
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(http)
        .timeout_config(timeouts)
        .retry_config(RetryConfig::disabled());
    if let Some(region) = &config.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Some(url) = &config.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    if let Some(keys) = &config.credentials {
        loader = loader.credentials_provider(Credentials::new(
            keys.access_key_id.clone(),
            keys.secret_access_key.clone(),
            keys.session_token.clone(),
            None,
            "vigia settings",
        ));
    }
    Ok(Client::new(&loader.load().await))
}

/// The error of a call, by whether waiting helps.
pub(super) fn failed<E>(doing: &'static str, error: SdkError<E>) -> TransportError
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    let refused = match &error {
        SdkError::ConstructionFailure(_) => true,
        SdkError::ServiceError(service) => {
            let code = service.err().code().unwrap_or_default();
            let is_server = service.raw().status().is_server_error();
            !is_server && !PASSING.iter().any(|passing| code.contains(passing))
        }
        _ => false,
    };
    let source = error.into_source().unwrap_or_else(|error| Box::new(error));
    if refused {
        TransportError::Refused {
            broker: NAME,
            doing,
            source,
        }
    } else {
        TransportError::Unavailable {
            broker: NAME,
            doing,
            source,
        }
    }
}
