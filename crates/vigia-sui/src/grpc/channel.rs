//! The connection to a provider: TLS, headers, windows, keep-alives.

use std::time::Duration;

use sui_rpc::Client;
use sui_rpc::client::HeadersInterceptor;
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint};

use super::meter::MeterLayer;
use super::{CALL_TIMEOUT, MESSAGE_BYTES_MAX, ProviderConfig, Secret, without_secrets};
use crate::SourceError;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// A connection that does not answer a ping within the second of these is closed.
const PING_INTERVAL: Duration = Duration::from_secs(5);
const PING_TIMEOUT: Duration = Duration::from_secs(5);
/// A stream that is not read holds up no others: thirty times it fits into the connection's window.
const STREAM_WINDOW_BYTES: u32 = 2 * 1024 * 1024;
const CONNECTION_WINDOW_BYTES: u32 = 64 * 1024 * 1024;
/// After so long without a frame the client gives a body up. Streams have a watchdog of their own,
/// which is quicker; this one is for bodies that nobody reads.
pub(super) const SILENCE_MAX: Duration = Duration::from_secs(60);

/// A client that connects at first use.
pub(super) fn client(config: &ProviderConfig, meter: MeterLayer) -> Result<Client, SourceError> {
    let (endpoint, headers) = endpoint_and_headers(config)?;
    Ok(Client::from_endpoint(&endpoint)
        .with_headers(headers)
        .with_max_decoding_message_size(MESSAGE_BYTES_MAX)
        .with_body_idle_timeout(SILENCE_MAX)
        .request_layer(meter))
}

/// Where a provider is and what it wants to be shown.
pub(super) fn endpoint_and_headers(
    config: &ProviderConfig,
) -> Result<(Endpoint, HeadersInterceptor), SourceError> {
    let url_error = |problem: String| SourceError::ProviderUrl {
        url: without_secrets(&config.url),
        problem,
    };
    let endpoint = endpoint(config).map_err(url_error)?;
    Ok((endpoint, headers(config).map_err(url_error)?))
}

fn endpoint(config: &ProviderConfig) -> Result<Endpoint, String> {
    let is_tls = config.url.starts_with("https://");
    if !is_tls && !config.url.starts_with("http://") {
        return Err("it does not start with http:// or https://".to_owned());
    }
    // The client would go to the scheme's own port instead.
    let shown = without_secrets(&config.url);
    let after_host = shown.rsplit([']', '/']).next().unwrap_or_default();
    if let Some((_, port)) = after_host.rsplit_once(':')
        && port.parse::<u16>().is_err()
    {
        return Err("its port is not a number up to 65535".to_owned());
    }
    let endpoint = Endpoint::from_shared(shown).map_err(|_| "it has no host".to_owned())?;
    let endpoint = endpoint
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(CALL_TIMEOUT)
        .tcp_keepalive(Some(Duration::from_secs(15)))
        .http2_keep_alive_interval(PING_INTERVAL)
        .keep_alive_timeout(PING_TIMEOUT)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES);
    if !is_tls {
        return Ok(endpoint);
    }
    let tls = match &config.ca_pem {
        None => ClientTlsConfig::new().with_enabled_roots(),
        Some(pem) => ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem)),
    };
    endpoint
        .tls_config(tls)
        .map_err(|error| format!("its certificate authority cannot be used: {error}"))
}

fn headers(config: &ProviderConfig) -> Result<HeadersInterceptor, String> {
    let mut headers = HeadersInterceptor::new();
    if let Some(Secret(token)) = &config.x_token {
        let mut value: tonic::metadata::MetadataValue<_> = token
            .parse()
            .map_err(|_| "the x-token has characters a header cannot carry")?;
        value.set_sensitive(true);
        headers.headers_mut().insert("x-token", value);
    }
    if let Some(Secret(token)) = &config.bearer {
        if token.chars().any(|c| c.is_control()) {
            return Err("the bearer token has characters a header cannot carry".to_owned());
        }
        headers.bearer_auth(token);
    }
    Ok(headers)
}
