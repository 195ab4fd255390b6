//! What a node says that addresses have, and between which checkpoints it said so.

use futures::{StreamExt as _, TryStreamExt as _};
use sui_rpc::proto::sui::rpc::v2 as proto;
use sui_sdk_types::{Address, TypeTag};
use vigia_core::{address_text, type_text};

use super::ProviderClient;
use crate::SourceError;

/// Coins of a page.
const PAGE: u32 = 1_000;
/// Most pages of an address: whoever is sent more kinds of coins than that has no balances here (I-13).
const PAGES_MAX: usize = 20;
/// Addresses that are asked about at once.
const CONCURRENCY: usize = 8;

/// Coins and how much there is of each, page by page.
type Pages = Vec<Vec<(String, u64)>>;

/// What addresses have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldBalances {
    /// The node's newest checkpoint before it was asked.
    pub from: u64,
    /// Its newest after it had answered: what it said was true at one between the two.
    pub to: u64,
    /// By address, in the order asked: coin types in canonical text and what there is of each.
    pub held: Vec<(Address, Vec<(String, u64)>)>,
    /// Requests that it took.
    pub requests: u64,
}

impl ProviderClient {
    /// Asks what addresses have, of coin objects and address balances together.
    pub(crate) async fn balances(
        &self,
        addresses: &[Address],
    ) -> Result<HeldBalances, SourceError> {
        let from = self.info().await?.tip;
        let asked = futures::stream::iter(addresses.iter().copied())
            .map(|address| self.balances_of(address));
        let answers: Vec<(Address, Pages)> = asked.buffered(CONCURRENCY).try_collect().await?;
        let pages: usize = answers.iter().map(|(_, pages)| pages.len()).sum();
        Ok(HeldBalances {
            from,
            to: self.info().await?.tip,
            held: answers
                .into_iter()
                .map(|(address, pages)| (address, pages.concat()))
                .collect(),
            requests: 2 + u64::try_from(pages).unwrap_or(u64::MAX),
        })
    }

    async fn balances_of(&self, address: Address) -> Result<(Address, Pages), SourceError> {
        let mut request = proto::ListBalancesRequest::default();
        request.owner = Some(address_text(&address));
        request.page_size = Some(PAGE);
        let mut pages = Vec::new();
        loop {
            let mut client = self.client.clone();
            let response = client.state_client().list_balances(request.clone()).await;
            let response = response.map_err(|status| self.error(&status))?.into_inner();
            let balances = response.balances.iter();
            let page: Result<Vec<_>, String> = balances.map(balance).collect();
            pages.push(page.map_err(|problem| self.problem(problem))?);
            match response.next_page_token {
                Some(next) if !next.is_empty() && pages.len() < PAGES_MAX => {
                    request.page_token = Some(next);
                }
                Some(next) if !next.is_empty() => {
                    let kinds = PAGES_MAX * PAGE as usize;
                    let problem = format!("{address} has more than {kinds} kinds of coins");
                    return Err(self.problem(problem));
                }
                _ => return Ok((address, pages)),
            }
        }
    }
}

/// An absent amount would read as 0 (I-4).
fn balance(balance: &proto::Balance) -> Result<(String, u64), String> {
    let coin_type = balance
        .coin_type
        .as_deref()
        .ok_or("a balance has no coin type")?;
    let parsed: TypeTag = coin_type
        .parse()
        .map_err(|error| format!("a balance is of {coin_type:?}, which is no type: {error}"))?;
    let amount = balance
        .balance
        .ok_or_else(|| format!("the balance of {coin_type} has no amount"))?;
    Ok((type_text(&parsed), amount))
}
