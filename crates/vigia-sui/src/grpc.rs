//! One provider over gRPC: how to reach it, and what can be asked of it.
//!
//! A call here is one try at one provider. What to do when it fails, and whom to ask instead, is
//! decided in `providers`; following and fetching build on `run` and `subscription`.

mod affected;
mod balances;
mod capabilities;
mod channel;
mod epoch;
pub(crate) mod filter;
mod meter;
mod packages;
mod raw;
mod run;
mod subscription;
mod trust;
mod watchdog;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use futures::StreamExt;
use futures::stream::BoxStream;
use sui_rpc::Client;
use sui_rpc::client::{TransactionStreamFrame, TransactionStreamRequest};
use sui_rpc::field::{FieldMask, FieldMaskUtil};
use sui_rpc::proto::sui::rpc::v2 as proto;
use tonic::Code;
use vigia_core::{ChainId, Checkpoint, CoinInfo, TypeTag, icon_url};

use crate::SourceError;
use crate::decode::{Decoded, LIVE_MASK, OBJECTS_MASK, from_proto};
use crate::providers::DayBudget;

pub(crate) use affected::{AffectedQuery, Page, PageEnd};
pub use balances::HeldBalances;
pub(crate) use epoch::time_ms;
use meter::MeterLayer;
pub use meter::Usage;
use raw::RawChannel;
pub(crate) use run::{Run, RunLimits};
pub(crate) use subscription::Subscription;

/// Frames of 90 MB were seen; tonic's default of 4 MiB fails on busy checkpoints.
pub(crate) const MESSAGE_BYTES_MAX: usize = 128 * 1024 * 1024;
/// How long a call may take to begin to answer.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);

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
    /// What it is called in messages.
    pub name: String,
    /// `https://HOST:PORT`.
    pub url: String,
    /// Sent as `x-token`, as QuickNode and others want it.
    pub x_token: Option<Secret>,
    /// Sent as a bearer token.
    pub bearer: Option<Secret>,
    /// Certificate authorities in PEM, instead of the well-known ones.
    pub ca_pem: Option<Vec<u8>>,
    /// Requests that it takes in a second; none where there is no limit.
    pub requests_per_second: Option<u32>,
    /// What it is used for.
    pub roles: ProviderRoles,
    /// What may be asked of it in a day.
    pub budget: DayBudget,
}

/// What a provider is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProviderRoles {
    /// To follow the chain.
    pub live: bool,
    /// To fetch what is behind.
    pub history: bool,
    /// To fetch what the others have pruned.
    pub archive: bool,
}

impl Default for ProviderRoles {
    /// All but an archive's.
    fn default() -> Self {
        Self {
            live: true,
            history: true,
            archive: false,
        }
    }
}

impl ProviderConfig {
    /// A provider without tokens or limits, called by its address.
    pub fn new(url: impl Into<String>) -> Self {
        let url = url.into();
        Self {
            name: without_secrets(&url),
            url,
            x_token: None,
            bearer: None,
            ca_pem: None,
            requests_per_second: None,
            roles: ProviderRoles::default(),
            budget: DayBudget::default(),
        }
    }
}

impl fmt::Debug for ProviderConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProviderConfig")
            .field("name", &self.name)
            // Providers hand out addresses with the token as a part of the path.
            .field("url", &without_secrets(&self.url))
            .field("x_token", &self.x_token)
            .field("bearer", &self.bearer)
            .field("ca_pem", &self.ca_pem.is_some())
            .field("requests_per_second", &self.requests_per_second)
            .field("roles", &self.roles)
            .field("budget", &self.budget)
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

/// One provider. Clones share its connection, its counts and its limit.
#[derive(Clone)]
pub(crate) struct ProviderClient {
    client: Client,
    raw: RawChannel,
    url: String,
    usage: Arc<Usage>,
    /// Whether it serves `ListCheckpoints`, as far as it is known.
    lists: Arc<AtomicBool>,
    /// How many calls it takes at once, as far as it has shown.
    concurrency: Arc<AtomicUsize>,
    /// Calls that wait for a checkpoint which is not there yet.
    absent: Arc<AtomicUsize>,
}

/// A call that waits for a checkpoint which is not there yet, while this lives.
struct AwaitsAbsent(Arc<AtomicUsize>);

impl Drop for AwaitsAbsent {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl ProviderClient {
    /// Prepares a client; connects at first use.
    pub(crate) fn new(config: &ProviderConfig) -> Result<Self, SourceError> {
        let usage = Arc::default();
        let meter = MeterLayer::new(&usage, config.requests_per_second);
        Ok(Self {
            client: channel::client(config, meter.clone())?,
            raw: RawChannel::new(config, meter)?,
            url: without_secrets(&config.url),
            usage,
            lists: Arc::new(AtomicBool::new(true)),
            concurrency: Arc::new(AtomicUsize::new(run::CONCURRENCY_FIRST)),
            absent: Arc::default(),
        })
    }

    /// The provider's address, without secrets.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The SDK's own stream of transactions.
    pub(crate) fn stream_transactions(
        &self,
        request: TransactionStreamRequest,
    ) -> BoxStream<'static, Result<TransactionStreamFrame, tonic::Status>> {
        self.client.stream_transactions(request).boxed()
    }

    /// Whether a call waits for a checkpoint that it does not have yet.
    pub(crate) fn awaits_absent(&self) -> bool {
        self.absent.load(Ordering::Relaxed) > 0
    }

    fn await_absent(&self) -> AwaitsAbsent {
        self.absent.fetch_add(1, Ordering::Relaxed);
        AwaitsAbsent(Arc::clone(&self.absent))
    }

    /// What was asked of it and what came.
    pub(crate) fn usage(&self) -> &Arc<Usage> {
        &self.usage
    }

    /// Asks the node about itself.
    pub(crate) async fn info(&self) -> Result<NodeInfo, SourceError> {
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
    pub(crate) async fn coin_info(
        &self,
        coin_type: &TypeTag,
    ) -> Result<Option<CoinInfo>, SourceError> {
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
            icon_url: metadata.icon_url.as_deref().and_then(icon_url),
        }))
    }

    /// Decodes a full checkpoint. Where it says too little, it is asked for again with its objects.
    pub(crate) async fn complete(
        &self,
        message: proto::Checkpoint,
    ) -> Result<Checkpoint, SourceError> {
        let sequence = match from_proto(&message)? {
            Decoded::Complete(checkpoint) => return Ok(checkpoint),
            Decoded::NeedsObjects(sequence) => sequence,
        };
        let mask: Vec<&str> = LIVE_MASK.into_iter().chain([OBJECTS_MASK]).collect();
        let fetched = self
            .get_checkpoint(sequence, &mask, MESSAGE_BYTES_MAX)
            .await;
        let message = fetched.map_err(|status| self.error(&status))?;
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
        bytes_max: usize,
    ) -> Result<proto::Checkpoint, tonic::Status> {
        let request = proto::GetCheckpointRequest::by_sequence_number(sequence)
            .with_read_mask(FieldMask::from_paths(mask));
        let client = self.client.clone();
        let mut client = client.with_max_decoding_message_size(bytes_max);
        let response = client.ledger_client().get_checkpoint(request).await?;
        let checkpoint = response.into_inner().checkpoint;
        checkpoint.ok_or_else(|| tonic::Status::data_loss("it sent an empty checkpoint"))
    }

    pub(crate) fn error(&self, status: &tonic::Status) -> SourceError {
        SourceError::Provider {
            url: self.url.clone(),
            problem: describe(status),
            may_pass: may_pass(status),
        }
    }

    /// It did not answer, or not in time.
    pub(crate) fn silent(&self, problem: String) -> SourceError {
        SourceError::Provider {
            url: self.url.clone(),
            problem,
            may_pass: true,
        }
    }

    /// Something about it that is not as it has to be.
    pub(crate) fn problem(&self, problem: impl ToString) -> SourceError {
        SourceError::Provider {
            url: self.url.clone(),
            problem: problem.to_string(),
            may_pass: false,
        }
    }
}

/// Whether what failed may work when it is tried again, by itself.
fn may_pass(status: &tonic::Status) -> bool {
    match status.code() {
        Code::Unavailable | Code::DeadlineExceeded | Code::ResourceExhausted | Code::Aborted => {
            true
        }
        // The connection failed under it.
        Code::Cancelled | Code::Unknown => std::error::Error::source(status).is_some(),
        _ => false,
    }
}

/// Scheme, host and port: user names, passwords, paths and queries may hold secrets.
pub(crate) fn without_secrets(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    format!("{scheme}://{host}")
}

pub(crate) fn describe(status: &tonic::Status) -> String {
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
    fn only_what_passes_by_itself_is_tried_again() {
        use tonic::Status;
        let passing = [
            Code::Unavailable,
            Code::DeadlineExceeded,
            Code::ResourceExhausted,
            Code::Aborted,
        ];
        for code in passing {
            assert!(may_pass(&Status::new(code, "")), "{code:?}");
        }
        for code in [
            Code::Unauthenticated,
            Code::PermissionDenied,
            Code::Unimplemented,
            Code::InvalidArgument,
            Code::DataLoss,
            Code::Unknown,
        ] {
            assert!(!may_pass(&Status::new(code, "")), "{code:?}");
        }
        let broken = std::io::Error::other("reset");
        assert!(may_pass(&Status::from_error(Box::new(broken))));
    }

    #[test]
    fn wrong_addresses_are_refused() {
        let refused = |url: &str| match ProviderClient::new(&ProviderConfig::new(url)) {
            Err(error) => error.to_string(),
            Ok(_) => panic!("{url} was accepted"),
        };
        assert!(refused("fullnode.mainnet.sui.io:443").contains("http"));
        assert!(refused("http://").contains("not a provider address"));
    }
}
