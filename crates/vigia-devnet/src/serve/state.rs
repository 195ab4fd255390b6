//! `StateService`: balances and coin metadata as of the newest checkpoint.

use std::sync::Arc;

use bytes::Bytes;
use sui_rpc::proto::sui::rpc::v2::{self as proto, state_service_server::StateService};
use sui_sdk_types::{Address, Object, Owner, StructTag, TypeTag};
use tonic::{Request, Response, Status};

use super::{face::Face, filter::parse_address, ledger::required, mask, node::Holding, view::View};

const PAGE_DEFAULT: u32 = 50;
const PAGE_MAX: u32 = 1_000;

/// The live state of a node.
pub(crate) struct State {
    pub(crate) face: Arc<Face>,
}

#[tonic::async_trait]
impl StateService for State {
    async fn get_coin_info(
        &self,
        request: Request<proto::GetCoinInfoRequest>,
    ) -> Result<Response<proto::GetCoinInfoResponse>, Status> {
        let coin_type = parse_type(&required(request.into_inner().coin_type, "coin_type")?)?;
        let node = self.face.node();
        let view = self.face.live_view(&node);
        let metadata = view.coin_metadata(&coin_type).and_then(coin_metadata);
        let mut response = proto::GetCoinInfoResponse::default();
        response.metadata =
            Some(metadata.ok_or_else(|| Status::not_found(format!("coin {coin_type}")))?);
        response.treasury = treasury(&view, &coin_type);
        response.coin_type = Some(coin_type.to_string());
        Ok(Response::new(response))
    }

    async fn get_balance(
        &self,
        request: Request<proto::GetBalanceRequest>,
    ) -> Result<Response<proto::GetBalanceResponse>, Status> {
        let request = request.into_inner();
        let owner = parse_address(&required(request.owner, "owner")?)?;
        let coin_type = parse_type(&required(request.coin_type, "coin_type")?)?;
        let node = self.face.node();
        let balances = self.face.live_view(&node).balances(&owner);
        let holding = balances.get(&coin_type);
        let mut response = proto::GetBalanceResponse::default();
        response.balance = Some(balance(&coin_type, holding.copied().unwrap_or_default()));
        Ok(Response::new(response))
    }

    async fn list_balances(
        &self,
        request: Request<proto::ListBalancesRequest>,
    ) -> Result<Response<proto::ListBalancesResponse>, Status> {
        let request = request.into_inner();
        let owner = parse_address(&required(request.owner, "owner")?)?;
        let node = self.face.node();
        let held = self.face.live_view(&node).balances(&owner);
        let balances = held
            .iter()
            .filter(|(_, holding)| holding.total != 0)
            .map(|(coin_type, holding)| balance(coin_type, *holding))
            .collect();
        let (balances, next) = page(balances, request.page_size, request.page_token)?;
        let mut response = proto::ListBalancesResponse::default();
        response.balances = balances;
        response.next_page_token = next;
        Ok(Response::new(response))
    }

    async fn list_owned_objects(
        &self,
        request: Request<proto::ListOwnedObjectsRequest>,
    ) -> Result<Response<proto::ListOwnedObjectsResponse>, Status> {
        const DEFAULT: &str = "object_id,version,object_type";
        let request = request.into_inner();
        let owner = parse_address(&required(request.owner, "owner")?)?;
        let mask = mask::read_mask::<proto::Object>(request.read_mask, DEFAULT)?;
        let wanted = request.object_type.as_deref().map(parse_struct);
        let wanted = wanted.transpose()?;
        let node = self.face.node();
        let view = self.face.live_view(&node);
        let mut owned: Vec<_> = view
            .objects()
            .filter(|object| owned_by(object, owner, wanted.as_ref()))
            .collect();
        owned.sort_by_key(|object| object.object_id());
        let (owned, next) = page(owned, request.page_size, request.page_token)?;
        let mut response = proto::ListOwnedObjectsResponse::default();
        response.objects = owned
            .iter()
            .map(|o| self.face.tell_object(o, &mask))
            .collect();
        response.next_page_token = next;
        Ok(Response::new(response))
    }

    /// No contract of this chain uses dynamic fields.
    async fn list_dynamic_fields(
        &self,
        request: Request<proto::ListDynamicFieldsRequest>,
    ) -> Result<Response<proto::ListDynamicFieldsResponse>, Status> {
        parse_address(&required(request.into_inner().parent, "parent")?)?;
        Ok(Response::new(proto::ListDynamicFieldsResponse::default()))
    }
}

fn parse_type(text: &str) -> Result<TypeTag, Status> {
    text.parse()
        .map_err(|error| Status::invalid_argument(format!("invalid type {text:?}: {error}")))
}

fn parse_struct(text: &str) -> Result<StructTag, Status> {
    text.parse()
        .map_err(|error| Status::invalid_argument(format!("invalid type {text:?}: {error}")))
}

fn balance(coin_type: &TypeTag, holding: Holding) -> proto::Balance {
    // A chain without negative balances holds only amounts that fit.
    let amount = |value: i128| u64::try_from(value).ok();
    let mut message = proto::Balance::default();
    message.coin_type = Some(coin_type.to_string());
    message.balance = amount(holding.total);
    message.address_balance = amount(holding.funds);
    message.coin_balance = amount(holding.total - holding.funds);
    message
}

/// Reads `0x2::coin::CoinMetadata<T>`.
fn coin_metadata(object: &Object) -> Option<proto::CoinMetadata> {
    type Fields = (Address, u8, String, String, String, Option<String>);
    let contents = object.as_struct()?.contents();
    let (id, decimals, name, symbol, description, icon): Fields = bcs::from_bytes(contents).ok()?;
    let mut message = proto::CoinMetadata::default();
    message.id = Some(id.to_string());
    message.decimals = Some(decimals.into());
    message.name = Some(name);
    message.symbol = Some(symbol);
    message.description = Some(description);
    message.icon_url = icon;
    Some(message)
}

/// Reads `0x2::coin::TreasuryCap<T>`.
fn treasury(view: &View<'_>, coin_type: &TypeTag) -> Option<proto::CoinTreasury> {
    let contents = view.treasury(coin_type)?.as_struct()?.contents();
    let (id, supply): (Address, u64) = bcs::from_bytes(contents).ok()?;
    let mut message = proto::CoinTreasury::default();
    message.id = Some(id.to_string());
    message.total_supply = Some(supply);
    Some(message)
}

/// A type without parameters stands for any instantiation.
fn owned_by(object: &Object, owner: Address, wanted: Option<&StructTag>) -> bool {
    let (Owner::Address(of), Some(data)) = (object.owner(), object.as_struct()) else {
        return false;
    };
    let tag = data.object_type();
    *of == owner
        && wanted.is_none_or(|wanted| {
            (wanted.address(), wanted.module(), wanted.name())
                == (tag.address(), tag.module(), tag.name())
                && (wanted.type_params().is_empty() || wanted.type_params() == tag.type_params())
        })
}

/// One page of a sorted list; the token is the offset of the next.
pub(crate) fn page<T>(
    mut all: Vec<T>,
    size: Option<u32>,
    token: Option<Bytes>,
) -> Result<(Vec<T>, Option<Bytes>), Status> {
    let size = size.filter(|size| *size > 0).unwrap_or(PAGE_DEFAULT);
    let size = usize::try_from(size.min(PAGE_MAX)).expect("a page fits in memory");
    let offset = match token {
        None => 0,
        Some(token) => std::str::from_utf8(&token)
            .ok()
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| Status::invalid_argument("invalid page_token"))?,
    };
    let mut rest = all.split_off(all.len().min(offset));
    let next = (rest.len() > size).then(|| Bytes::from((offset + size).to_string()));
    rest.truncate(size);
    Ok((rest, next))
}
