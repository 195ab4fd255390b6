//! Activities as GraphQL has them.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, InputObject, Json, Object, Result, SimpleObject};
use vigia_core::CoinInfo;
use vigia_store::{ActivityFilter, ActivityRow};

use super::error::bad_input;
use super::label::LabelKind;
use super::notification::Locale;
use super::people::Account;
use super::query::{reader, web};
use super::scalar::UInt53;
use crate::search::Said;
use crate::text;

/// Which way money went, seen from the account.
#[derive(Clone, Copy, Enum, Eq, PartialEq)]
#[graphql(remote = "vigia_core::Direction")]
pub(super) enum Direction {
    /// To the account.
    In,
    /// From the account.
    Out,
    /// Between addresses of the account, or nothing moved.
    Neutral,
}

/// What activities are to be like; what is not given asks for nothing in particular. Reading goes through the reader's activities
/// until the page is full.
#[derive(InputObject)]
pub(super) struct ActivityFilterInput {
    /// The application's key of an account.
    account: Option<String>,
    /// One of these kinds, at most 20.
    #[graphql(default)]
    kinds: Vec<String>,
    /// Of one of these coins, by code or type, at most 20.
    #[graphql(default)]
    coins: Vec<String>,
    /// Which way money went.
    direction: Option<Direction>,
    /// At this time or later, in milliseconds since 1970.
    from_ms: Option<UInt53>,
    /// Before this time.
    before_ms: Option<UInt53>,
    /// Address of the other party.
    counterparty: Option<String>,
    /// In the application's reference, the note, or what the other party is called; the case of the letters A to Z does not matter.
    text: Option<String>,
}

/// The filter that arguments say.
pub(super) fn filtered(
    ctx: &Context<'_>,
    address: Option<String>,
    input: Option<ActivityFilterInput>,
) -> Result<ActivityFilter> {
    let mut said = Said {
        address,
        ..Said::default()
    };
    if let Some(input) = input {
        said = Said {
            address: said.address,
            account: input.account,
            kinds: input.kinds,
            coins: input.coins,
            direction: input.direction.map(Into::into),
            from_ms: input.from_ms.map(|ms| ms.0),
            before_ms: input.before_ms.map(|ms| ms.0),
            counterparty: input.counterparty,
            text: input.text,
        };
    }
    let read = said.read(&web(ctx).registry.get());
    read.map_err(|wrong| bad_input(wrong.what, wrong.problem, wrong.expected))
}

/// How a transaction ended.
#[derive(Clone, Copy, Enum, Eq, PartialEq)]
#[graphql(name = "ExecutionStatus", remote = "vigia_core::Status")]
pub(super) enum ExecutionStatus {
    /// Executed.
    Completed,
    /// Executed and failed: only gas was charged.
    Failed,
}

/// Why nobody is told of what people would be told of otherwise.
#[derive(Clone, Copy, Enum, Eq, PartialEq)]
#[graphql(remote = "vigia_core::Suppressed")]
enum Suppressed {
    /// A coin that the deployment neither declares nor allows was received.
    UnknownCoin,
    /// Less of a coin was received than is worth telling.
    Dust,
}

/// What is known about a coin.
#[derive(SimpleObject)]
pub(super) struct Coin {
    /// Its type, `0xPACKAGE::module::NAME` in canonical form.
    coin_type: String,
    /// Digits after the point; null while no node has told.
    decimals: Option<u8>,
    /// What people call it.
    symbol: String,
    /// Its full name.
    name: String,
    /// Where its picture is (`https:`, `ipfs:` or `data:image/`), as whoever made the coin says.
    icon_url: Option<String>,
}

impl From<&CoinInfo> for Coin {
    fn from(coin: &CoinInfo) -> Self {
        Self {
            coin_type: coin.coin_type.clone(),
            decimals: coin.decimals,
            symbol: coin.symbol.clone(),
            name: coin.name.clone(),
            icon_url: coin.icon_url.clone(),
        }
    }
}

/// An activity as read.
pub(super) struct Activity(pub(super) Arc<ActivityRow>);

impl From<ActivityRow> for Activity {
    fn from(row: ActivityRow) -> Self {
        Self(Arc::new(row))
    }
}

/// What one transaction meant for one account.
#[Object]
impl Activity {
    /// Its key; rises in order of commit. What `activityAdded` goes on after.
    async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// Digest of its transaction.
    async fn digest(&self) -> String {
        self.0.digest.to_string()
    }

    /// Checkpoint of its transaction.
    async fn checkpoint(&self) -> UInt53 {
        UInt53(self.0.activity.place.checkpoint)
    }

    /// Position of its transaction in the checkpoint.
    async fn transaction_index(&self) -> u32 {
        self.0.activity.place.index
    }

    /// Time of the checkpoint, in milliseconds since 1970.
    async fn timestamp_ms(&self) -> UInt53 {
        UInt53(self.0.timestamp_ms)
    }

    /// Which meaning of the transaction it is: `event/N`, `coin/TYPE` or `transaction`.
    async fn slot(&self) -> String {
        self.0.activity.slot.to_string()
    }

    /// What it was: `transfer`, `payment`, or a word of a declared contract.
    async fn kind(&self) -> &str {
        &self.0.activity.kind
    }

    /// Which way money went.
    async fn direction(&self) -> Direction {
        self.0.activity.direction.into()
    }

    /// How the transaction ended.
    async fn status(&self) -> ExecutionStatus {
        self.0.activity.status.into()
    }

    /// The account it is for.
    async fn account(&self) -> Account {
        Account(self.0.account.clone())
    }

    /// The address of the account that took part, where one did.
    async fn address(&self) -> Option<String> {
        self.0.activity.address.map(|address| address.to_string())
    }

    /// Type of the coin that moved, where one did.
    async fn coin_type(&self) -> Option<&String> {
        self.0.activity.coin_type.as_ref()
    }

    /// That coin, where something is known about it.
    async fn coin(&self) -> Option<Coin> {
        self.0.coin.as_ref().map(Coin::from)
    }

    /// Minor units as a decimal number, never negative: the direction says which way.
    async fn amount(&self) -> Option<String> {
        self.0.activity.amount.map(|amount| amount.to_string())
    }

    /// The amount with its decimals and symbol, ready to show; null while the decimals are unknown.
    async fn amount_text(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Language of the text; the request's unless given.")] locale: Option<
            Locale,
        >,
    ) -> Option<String> {
        let locale = locale.map_or(reader(ctx).locale, Into::into);
        text::money(self.0.activity.amount?, self.0.coin.as_ref()?, locale)
    }

    /// Address of the other party, where there is exactly one.
    async fn counterparty(&self) -> Option<String> {
        self.0
            .activity
            .counterparty
            .map(|address| address.to_string())
    }

    /// What to call the other party: the name of the account that held its address then, else the label of
    /// the address; null where it has neither.
    async fn counterparty_name(&self) -> Option<&str> {
        self.0.counterparty_name()
    }

    /// What the other party's address is, where it has a label.
    async fn counterparty_label_kind(&self) -> Option<LabelKind> {
        let label = self.0.counterparty_label.as_ref();
        label.map(|label| label.kind.into())
    }

    /// Whether the other party was nobody's account here; null where there is not exactly one.
    async fn counterparty_is_external(&self) -> Option<bool> {
        self.0.counterparty_is_external()
    }

    /// Name of the declared contract that explains it.
    async fn contract(&self) -> Option<&String> {
        self.0.activity.contract.as_ref()
    }

    /// Id of the payment, trade or invitation in that contract.
    async fn business_id(&self) -> Option<&String> {
        self.0.activity.business_id.as_ref()
    }

    /// Why nobody is told of it, where people are of others like it; null for all else.
    async fn suppressed(&self) -> Option<Suppressed> {
        self.0.activity.suppressed.map(Into::into)
    }

    /// What the application noted when it announced the transaction; for this account alone.
    async fn note(&self) -> Option<&String> {
        self.0.note.as_ref()
    }

    /// Everything else worth showing, as a JSON object.
    async fn details(&self) -> Json<&serde_json::Value> {
        Json(&self.0.activity.details)
    }
}
