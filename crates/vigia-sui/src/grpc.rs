//! A full node over gRPC, through the SDK's own client and stream.
//!
//! Here: how to reach it, and what it says about itself and about coins. `live` follows its chain,
//! whole or headers only; `fetch` gets single checkpoints and runs of them.

mod epoch;
mod fetch;
mod live;
mod retries;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use sui_rpc::Client;
use sui_rpc::client::HeadersInterceptor;
use sui_rpc::field::{FieldMask, FieldMaskUtil};
use sui_rpc::proto::sui::rpc::v2 as proto;
use vigia_core::{ChainId, Checkpoint, CoinInfo, TypeTag};

use crate::SourceError;
use crate::decode::{Decoded, LIVE_MASK, OBJECTS_MASK, from_proto};

pub use fetch::{FETCH_CONCURRENCY_MAX, check_binding};

/// Frames of 90 MB were seen; tonic's default of 4 MiB fails on busy checkpoints.
const MESSAGE_BYTES_MAX: usize = 128 * 1024 * 1024;
/// How long a unary call may take.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the body of a stream may be silent before it is taken for dead. A node sends about
/// four checkpoints a second.
const SILENCE_MAX: Duration = Duration::from_secs(20);
/// Pause before trying again, doubled after each failure in a row up to the second.
const RETRY_DELAY: Duration = Duration::from_millis(250);
const RETRY_DELAY_MAX: Duration = Duration::from_secs(15);

/// A text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for whom it is meant.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// How to reach a full node.
#[derive(Clone)]
pub struct ProviderConfig {
    /// `https://HOST:PORT`.
    pub url: String,
    /// Sent as `x-token`, as QuickNode and others want it.
    pub x_token: Option<Secret>,
    /// Sent as a bearer token.
    pub bearer: Option<Secret>,
}

impl fmt::Debug for ProviderConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProviderConfig")
            // Providers hand out addresses with the token as a part of the path.
            .field("url", &without_secrets(&self.url))
            .field("x_token", &self.x_token)
            .field("bearer", &self.bearer)
            .finish()
    }
}

/// What a full node says about itself.
#[derive(Clone, Debug)]
pub struct NodeInfo {
    /// The chain it follows.
    pub chain: ChainId,
    /// Its newest checkpoint.
    pub tip: u64,
    /// Its oldest checkpoint still there.
    pub lowest_available: u64,
    /// Consensus time of its newest checkpoint.
    pub timestamp_ms: Option<u64>,
    /// Software it runs.
    pub server: Option<String>,
}

/// Trouble that a stream gets over by itself, for status and logs.
#[derive(Clone, Debug)]
pub enum StreamNotice {
    /// Something failed and will be tried again.
    Retrying {
        /// What failed.
        problem: String,
    },
    /// It works again.
    Recovered,
}

type NoticeFn = Arc<dyn Fn(StreamNotice) + Send + Sync>;

/// A live source over gRPC.
#[derive(Clone)]
pub struct GrpcSource {
    client: Client,
    url: String,
    notice: NoticeFn,
    /// Whether the node serves `ListCheckpoints`, as far as it is known; shared by clones.
    lists: Arc<AtomicBool>,
}

impl GrpcSource {
    /// Prepares a client; connects at first use. `notice` hears of trouble that passes.
    pub fn new(
        config: &ProviderConfig,
        notice: impl Fn(StreamNotice) + Send + Sync + 'static,
    ) -> Result<Self, SourceError> {
        let url_error = |problem: String| SourceError::ProviderUrl {
            url: without_secrets(&config.url),
            problem,
        };
        if !config.url.starts_with("http://") && !config.url.starts_with("https://") {
            return Err(url_error(
                "it does not start with http:// or https://".to_owned(),
            ));
        }
        // The client would go to the scheme's own port instead.
        let shown = without_secrets(&config.url);
        let after_host = shown.rsplit([']', '/']).next().unwrap_or_default();
        if let Some((_, port)) = after_host.rsplit_once(':')
            && port.parse::<u16>().is_err()
        {
            return Err(url_error("its port is not a number up to 65535".to_owned()));
        }
        let client = Client::new(config.url.as_str())
            .map_err(|status| url_error(status.message().to_owned()))?
            .with_headers(headers(config).map_err(url_error)?)
            .with_max_decoding_message_size(MESSAGE_BYTES_MAX)
            .with_response_headers_timeout(CALL_TIMEOUT)
            .with_body_idle_timeout(SILENCE_MAX);
        Ok(Self {
            client,
            url: without_secrets(&config.url),
            notice: Arc::new(notice),
            lists: Arc::new(AtomicBool::new(true)),
        })
    }

    /// The provider's address, without secrets.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Asks the node about itself.
    pub async fn info(&self) -> Result<NodeInfo, SourceError> {
        let response = self
            .client
            .clone()
            .ledger_client()
            .get_service_info(proto::GetServiceInfoRequest::default())
            .await
            .map_err(|status| self.error(&status))?
            .into_inner();
        let missing = |what: &str| self.problem(format!("its service info has no {what}"));
        let chain = response.chain_id.ok_or_else(|| missing("chain_id"))?;
        Ok(NodeInfo {
            chain: chain.parse().map_err(|error| self.problem(error))?,
            tip: response
                .checkpoint_height
                .ok_or_else(|| missing("checkpoint_height"))?,
            lowest_available: response.lowest_available_checkpoint.unwrap_or(0),
            timestamp_ms: response.timestamp.and_then(epoch::time_ms),
            server: response.server,
        })
    }

    /// What the node knows about a coin; none where it knows nothing.
    pub async fn coin_info(&self, coin_type: &TypeTag) -> Result<Option<CoinInfo>, SourceError> {
        let coin_type = coin_type.to_string();
        let mut request = proto::GetCoinInfoRequest::default();
        request.coin_type = Some(coin_type.clone());
        let response = match self
            .client
            .clone()
            .state_client()
            .get_coin_info(request)
            .await
        {
            Ok(response) => response.into_inner(),
            Err(status) if status.code() == tonic::Code::NotFound => return Ok(None),
            Err(status) => return Err(self.error(&status)),
        };
        let Some(metadata) = response.metadata else {
            return Ok(None);
        };
        let Some(decimals) = metadata.decimals.and_then(|n| u8::try_from(n).ok()) else {
            return Ok(None);
        };
        Ok(Some(CoinInfo {
            coin_type,
            decimals: Some(decimals),
            symbol: metadata.symbol.unwrap_or_default(),
            name: metadata.name.unwrap_or_default(),
        }))
    }

    /// Decodes a full checkpoint. Where it says too little, it is asked for again with its objects.
    async fn complete(&self, message: proto::Checkpoint) -> Result<Checkpoint, SourceError> {
        let sequence = match from_proto(&message)? {
            Decoded::Complete(checkpoint) => return Ok(checkpoint),
            Decoded::NeedsObjects(sequence) => sequence,
        };
        let mask: Vec<&str> = LIVE_MASK.into_iter().chain([OBJECTS_MASK]).collect();
        let message = self.get_patiently(sequence, &mask).await?;
        match from_proto(&message)? {
            Decoded::Complete(checkpoint) => Ok(checkpoint),
            Decoded::NeedsObjects(_) => Err(SourceError::Missing {
                sequence: sequence.to_string(),
                what: "objects, without which version 1 effects do not name prior owners"
                    .to_owned(),
            }),
        }
    }

    async fn get_checkpoint(
        &self,
        sequence: u64,
        mask: &[&str],
    ) -> Result<proto::Checkpoint, tonic::Status> {
        let request = proto::GetCheckpointRequest::by_sequence_number(sequence)
            .with_read_mask(FieldMask::from_paths(mask));
        let mut client = self.client.clone();
        let response = client.ledger_client().get_checkpoint(request).await?;
        let checkpoint = response.into_inner().checkpoint;
        checkpoint.ok_or_else(|| tonic::Status::data_loss("it sent an empty checkpoint"))
    }

    fn error(&self, status: &tonic::Status) -> SourceError {
        self.problem(describe(status))
    }

    fn problem(&self, problem: impl ToString) -> SourceError {
        SourceError::Provider {
            url: self.url.clone(),
            problem: problem.to_string(),
        }
    }
}

/// Pause after so many failures in a row, one more than `failures`.
fn retry_delay(failures: u32) -> Duration {
    let delay = RETRY_DELAY.saturating_mul(2u32.saturating_pow(failures));
    delay.min(RETRY_DELAY_MAX)
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

/// Scheme, host and port: user names, passwords, paths and queries may hold secrets.
fn without_secrets(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    format!("{scheme}://{host}")
}

fn describe(status: &tonic::Status) -> String {
    format!("{:?}: {}", status.code(), status.message())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shown_addresses_hold_no_secrets() {
        let shown = without_secrets("https://user:pass@host.example:9000/token-in-path?key=1");
        assert_eq!(shown, "https://host.example:9000");
        assert_eq!(format!("{:?}", Secret::new("hush")), "(secret)");
    }

    #[test]
    fn pauses_double_up_to_a_limit() {
        assert_eq!(retry_delay(0), RETRY_DELAY);
        assert_eq!(retry_delay(3), 8 * RETRY_DELAY);
        assert_eq!(retry_delay(5), Duration::from_secs(8));
        assert_eq!(retry_delay(6), RETRY_DELAY_MAX);
        assert_eq!(retry_delay(u32::MAX), RETRY_DELAY_MAX);
    }

    #[test]
    fn wrong_addresses_are_refused() {
        let config = |url: &str| ProviderConfig {
            url: url.to_owned(),
            x_token: None,
            bearer: None,
        };
        let refused = |url: &str| match GrpcSource::new(&config(url), |_| {}) {
            Err(error) => error.to_string(),
            Ok(_) => panic!("{url} was accepted"),
        };
        assert!(refused("fullnode.mainnet.sui.io:443").contains("http"));
        assert!(refused("http://").contains("not a provider address"));
    }
}
