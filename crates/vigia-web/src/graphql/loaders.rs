//! What resolvers of rows read beside the rows: asked for one by one, read together, so that a list costs as many
//! statements as one row.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use async_graphql::dataloader::{DataLoader, Loader};
use async_graphql::{Context, Result};
use vigia_core::{AccountId, BusinessEvent, BusinessKey, CoinInfo, DeliveryId, Digest, UserId};
use vigia_store::{AttemptRow, DeliveryRow, DeliveryState, MemberRow, Store, StoreError, WatchRow};

use super::error::internal;

/// Most members, memberships and addresses that are shown below one row.
pub(super) const BELOW_MAX: u32 = 50;

/// Reads many at once.
pub(super) struct Reads(Arc<dyn Store>);

/// Collects what is asked for.
pub(super) type Loaders = DataLoader<Reads>;

pub(super) fn loaders(store: Arc<dyn Store>) -> Loaders {
    DataLoader::new(Reads(store), tokio::spawn)
}

/// What is known about the coin of a type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct CoinOf(pub(super) String);

/// Name of the endpoint with a key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct EndpointOf(pub(super) i64);

/// Attempts of a delivery.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct AttemptsOf(pub(super) DeliveryId);

/// A page of what an endpoint was told.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct DeliveriesOf {
    pub(super) endpoint: i64,
    pub(super) page: DeliveryPage,
}

/// Which page of deliveries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct DeliveryPage {
    pub(super) state: Option<DeliveryState>,
    pub(super) before: Option<(u64, DeliveryId)>,
    pub(super) limit: u32,
}

/// Attempts of a push.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct PushAttemptsOf(pub(super) DeliveryId);

/// Events of a business object.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct EventsOf(pub(super) BusinessKey);

/// Members of an account.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct MembersOf(pub(super) AccountId);

/// Watched addresses of an account.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct AddressesOf(pub(super) AccountId);

/// Memberships of a user.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct AccountsOf(pub(super) UserId);

/// Reads one, with whatever else is asked for now; none where there is nothing.
pub(super) async fn read<K>(
    ctx: &Context<'_>,
    key: K,
) -> Result<Option<<Reads as Loader<K>>::Value>>
where
    K: Send + Sync + Hash + Eq + Clone + 'static,
    Reads: Loader<K, Error = Arc<StoreError>>,
{
    let loaders: &Arc<Loaders> = ctx.data_unchecked();
    let read = loaders.load_one(key).await;
    read.map_err(internal)
}

type Read<K, V> = std::result::Result<HashMap<K, V>, Arc<StoreError>>;

impl Loader<CoinOf> for Reads {
    type Value = CoinInfo;
    type Error = Arc<StoreError>;

    async fn load(&self, keys: &[CoinOf]) -> Read<CoinOf, CoinInfo> {
        let types: Vec<String> = keys.iter().map(|key| key.0.clone()).collect();
        let coins = self.0.coin_find(&types).await?.into_iter();
        Ok(coins
            .map(|coin| (CoinOf(coin.coin_type.clone()), coin))
            .collect())
    }
}

impl Loader<EndpointOf> for Reads {
    type Value = String;
    type Error = Arc<StoreError>;

    async fn load(&self, _: &[EndpointOf]) -> Read<EndpointOf, String> {
        let rows = self.0.endpoint_list().await?.into_iter();
        Ok(rows
            .map(|row| (EndpointOf(row.id), row.spec.name))
            .collect())
    }
}

impl Loader<AttemptsOf> for Reads {
    type Value = Vec<AttemptRow>;
    type Error = Arc<StoreError>;

    async fn load(&self, keys: &[AttemptsOf]) -> Read<AttemptsOf, Vec<AttemptRow>> {
        let ids: Vec<DeliveryId> = keys.iter().map(|key| key.0).collect();
        let rows = self.0.delivery_attempts(&ids).await?;
        Ok(grouped(rows, AttemptsOf))
    }
}

impl Loader<DeliveriesOf> for Reads {
    type Value = Vec<DeliveryRow>;
    type Error = Arc<StoreError>;

    async fn load(&self, keys: &[DeliveriesOf]) -> Read<DeliveriesOf, Vec<DeliveryRow>> {
        // Below one list all ask for the same page; aliases may ask for some more.
        let mut pages = HashMap::<DeliveryPage, Vec<i64>>::new();
        for key in keys {
            pages.entry(key.page).or_default().push(key.endpoint);
        }
        let mut read = HashMap::new();
        for (page, endpoints) in pages {
            let DeliveryPage {
                state,
                before,
                limit,
            } = page;
            let rows = self.0.delivery_heads(&endpoints, state, before, limit);
            let rows = rows.await?.into_iter().map(|row| (row.endpoint, row));
            read.extend(grouped(rows, |endpoint| DeliveriesOf { endpoint, page }));
        }
        Ok(read)
    }
}

impl Loader<PushAttemptsOf> for Reads {
    type Value = Vec<AttemptRow>;
    type Error = Arc<StoreError>;

    async fn load(&self, keys: &[PushAttemptsOf]) -> Read<PushAttemptsOf, Vec<AttemptRow>> {
        let ids: Vec<DeliveryId> = keys.iter().map(|key| key.0).collect();
        let rows = self.0.push_attempts(&ids).await?;
        Ok(grouped(rows, PushAttemptsOf))
    }
}

impl Loader<EventsOf> for Reads {
    type Value = Vec<(BusinessEvent, Digest, u64)>;
    type Error = Arc<StoreError>;

    async fn load(&self, keys: &[EventsOf]) -> Read<EventsOf, Vec<(BusinessEvent, Digest, u64)>> {
        let keys: Vec<BusinessKey> = keys.iter().map(|key| key.0.clone()).collect();
        let rows = self.0.business_events(&keys).await?.into_iter();
        Ok(grouped(rows.map(|row| (row.0.key.clone(), row)), EventsOf))
    }
}

impl Loader<MembersOf> for Reads {
    type Value = Vec<MemberRow>;
    type Error = Arc<StoreError>;

    async fn load(&self, keys: &[MembersOf]) -> Read<MembersOf, Vec<MemberRow>> {
        let accounts: Vec<AccountId> = keys.iter().map(|key| key.0).collect();
        let rows = self.0.account_members(&accounts, BELOW_MAX).await?;
        let rows = rows.into_iter().map(|row| (row.account.id, row));
        Ok(grouped(rows, MembersOf))
    }
}

impl Loader<AddressesOf> for Reads {
    type Value = Vec<WatchRow>;
    type Error = Arc<StoreError>;

    async fn load(&self, keys: &[AddressesOf]) -> Read<AddressesOf, Vec<WatchRow>> {
        let accounts: Vec<AccountId> = keys.iter().map(|key| key.0).collect();
        let rows = self.0.account_addresses(&accounts, BELOW_MAX).await?;
        Ok(grouped(rows, AddressesOf))
    }
}

impl Loader<AccountsOf> for Reads {
    type Value = Vec<MemberRow>;
    type Error = Arc<StoreError>;

    async fn load(&self, keys: &[AccountsOf]) -> Read<AccountsOf, Vec<MemberRow>> {
        let users: Vec<UserId> = keys.iter().map(|key| key.0).collect();
        let rows = self.0.user_accounts(&users, BELOW_MAX).await?;
        let rows = rows.into_iter().map(|row| (row.user.id, row));
        Ok(grouped(rows, AccountsOf))
    }
}

/// Rows by key, in their order.
fn grouped<T, K: Hash + Eq, V>(
    rows: impl IntoIterator<Item = (T, V)>,
    key: impl Fn(T) -> K,
) -> HashMap<K, Vec<V>> {
    let mut groups = HashMap::<K, Vec<V>>::new();
    for (of, row) in rows {
        groups.entry(key(of)).or_default().push(row);
    }
    groups
}
