//! Raw transactions as GraphQL has them: evidence, and what it amounts to.

use async_graphql::{Context, Enum, Json, Object, Result, SimpleObject};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use vigia_contracts::{EventError, Registry};
use vigia_core::{CoinInfo, Event, MatchReason, Proof, Status, Why};
use vigia_store::{ActivityRow, RawTransactionRow};

use super::activity::{Activity, Coin, ExecutionStatus};
use super::error::internal;
use super::query::{reader, web};
use super::scalar::UInt53;
use crate::text;

/// Why a transaction is kept.
#[derive(SimpleObject)]
struct Reason {
    /// How the target is involved: `sender`, `balance_owner`, `event_type` and others.
    kind: String,
    /// The watched address, contract or coin.
    target: String,
}

impl From<&MatchReason> for Reason {
    fn from(reason: &MatchReason) -> Self {
        Self {
            kind: text::reason_kind(reason.kind),
            target: reason.target.clone(),
        }
    }
}

/// What the transaction did to one watched balance, gas included.
#[derive(SimpleObject)]
pub(super) struct BalanceEffect {
    /// Whose balance.
    address: String,
    /// Type of the coin.
    coin_type: String,
    /// The coin, where something is known about it.
    coin: Option<Coin>,
    /// Minor units as a decimal number; negative where the balance fell.
    amount: String,
    /// The amount with its decimals and symbol; null while the decimals are unknown.
    amount_text: Option<String>,
}

/// How far a transaction is proven.
#[derive(Clone, Copy, Enum, PartialEq, Eq)]
enum ProofState {
    /// All of it: bytes, effects, events, amounts.
    Whole,
    /// All of it but some parts.
    Partial,
    /// Nothing: a provider said so.
    Claimed,
}

/// Proof of a transaction.
#[derive(SimpleObject)]
struct TransactionProof {
    /// How far it goes.
    state: ProofState,
    /// The epoch whose committee signed its checkpoint, or a later one that is linked to it; null where
    /// nothing is proven.
    epoch: Option<UInt53>,
    /// The parts that are not proven.
    unproven: Vec<UnprovenPart>,
    /// All of it in a sentence.
    text: String,
}

/// A part of a transaction that is not proven.
#[derive(SimpleObject)]
struct UnprovenPart {
    /// `amounts`, `completeness` of the history it was found by, `owners` before execution, or `all`.
    part: &'static str,
    /// Why.
    why: String,
}

impl From<&Proof> for TransactionProof {
    fn from(proof: &Proof) -> Self {
        let part = |part: &'static str, why: &Why| UnprovenPart {
            part,
            why: why.to_string(),
        };
        let (epoch, unproven) = match proof {
            Proof::Claimed { why } => (None, vec![part("all", why)]),
            Proof::Committee { epoch, unproven } => {
                let parts = unproven.iter();
                let parts = parts.map(|(unproven, why)| part(unproven.as_str(), why));
                (Some(UInt53(*epoch)), parts.collect())
            }
        };
        Self {
            state: match (epoch, proof.is_whole()) {
                (None, _) => ProofState::Claimed,
                (Some(_), true) => ProofState::Whole,
                (Some(_), false) => ProofState::Partial,
            },
            epoch,
            unproven,
            text: proof.to_string(),
        }
    }
}

/// An event, read from the BCS that the effects bind.
#[derive(SimpleObject)]
struct TransactionEvent {
    /// Position in the transaction.
    index: usize,
    /// Its Move type.
    event_type: String,
    /// Package that emitted it.
    package: String,
    /// Module that emitted it.
    module: String,
    /// Sender of the transaction.
    sender: String,
    /// BCS of its fields, in hexadecimal digits.
    contents_hex: String,
    /// Its fields by the layout declared for its type, or told by its package: integers beyond 32 bits as
    /// text, byte vectors as text or `0x` with hexadecimal digits, enums with their variant under
    /// `$variant`. Null where no layout is known, or it does not fit.
    fields: Option<Json<Map<String, Value>>>,
    /// Why a layout that is known does not fit.
    layout_error: Option<String>,
}

impl TransactionEvent {
    fn new(index: usize, event: Event, registry: &Registry) -> Self {
        let (fields, misfit) = match registry.decode_event(&event.type_, &event.contents) {
            Ok(fields) => (Some(fields), None),
            Err(EventError::Layout(_)) => (None, None),
            Err(EventError::Bytes(error)) => (None, Some(error)),
        };
        Self {
            fields: fields.map(Json),
            layout_error: misfit.map(|error| error.to_string()),
            index,
            event_type: event.type_.to_string(),
            package: event.package_id.to_string(),
            module: event.module.to_string(),
            sender: event.sender.to_string(),
            contents_hex: hex::encode(&event.contents),
        }
    }
}

impl BalanceEffect {
    /// As stored, with what is known of their coins.
    pub(super) async fn list(
        ctx: &Context<'_>,
        effects: &[vigia_core::BalanceEffect],
    ) -> Result<Vec<BalanceEffect>> {
        let types: Vec<String> = effects
            .iter()
            .map(|effect| effect.coin_type.clone())
            .collect();
        let coins = web(ctx).store.coin_find(&types).await.map_err(internal)?;
        let locale = reader(ctx).locale;
        let known = |coin_type: &str| coins.iter().find(|coin| coin.coin_type == coin_type);
        let effects = effects.iter().map(|effect| {
            let coin: Option<&CoinInfo> = known(&effect.coin_type);
            Self {
                address: effect.address.to_string(),
                coin_type: effect.coin_type.clone(),
                coin: coin.map(Coin::from),
                amount: effect.amount.to_string(),
                amount_text: coin.and_then(|coin| text::money(effect.amount, coin, locale)),
            }
        });
        Ok(effects.collect())
    }
}

/// A raw transaction with the activities the reader may see.
pub(super) struct RawTransaction {
    pub(super) row: RawTransactionRow,
    pub(super) activities: Vec<ActivityRow>,
}

/// A relevant transaction with its evidence.
#[Object]
impl RawTransaction {
    /// Its digest.
    async fn digest(&self) -> String {
        self.row.raw.digest.to_string()
    }

    /// Checkpoint it stands in.
    async fn checkpoint(&self) -> UInt53 {
        UInt53(self.row.raw.place.checkpoint)
    }

    /// Position in the checkpoint.
    async fn transaction_index(&self) -> u32 {
        self.row.raw.place.index
    }

    /// Time of the checkpoint, in milliseconds since 1970.
    async fn timestamp_ms(&self) -> UInt53 {
        UInt53(self.row.raw.timestamp_ms)
    }

    /// Epoch it was executed in.
    async fn epoch(&self) -> UInt53 {
        UInt53(self.row.raw.epoch)
    }

    /// Who sent it.
    async fn sender(&self) -> String {
        self.row.raw.sender.to_string()
    }

    /// Package of its first Move call.
    async fn package(&self) -> Option<String> {
        self.row.raw.package.map(|package| package.to_string())
    }

    /// Module of its first Move call.
    async fn module(&self) -> Option<&String> {
        self.row.raw.module.as_ref()
    }

    /// Function of its first Move call.
    async fn function(&self) -> Option<&String> {
        self.row.raw.function.as_ref()
    }

    /// How it ended.
    async fn status(&self) -> ExecutionStatus {
        match self.row.raw.failure {
            None => Status::Completed.into(),
            Some(_) => Status::Failed.into(),
        }
    }

    /// Why execution failed, where it did.
    async fn failure(&self) -> Option<&String> {
        self.row.raw.failure.as_ref()
    }

    /// What it cost the gas payer, in MIST; negative where the rebate was larger.
    async fn gas_cost(&self) -> String {
        self.row.raw.gas_cost.to_string()
    }

    /// Why it is kept.
    async fn reasons(&self) -> Vec<Reason> {
        self.row.raw.reasons.iter().map(Reason::from).collect()
    }

    /// What it did to watched balances.
    async fn balance_effects(&self, ctx: &Context<'_>) -> Result<Vec<BalanceEffect>> {
        BalanceEffect::list(ctx, &self.row.balance_effects).await
    }

    /// What it meant, for the accounts the reader may see.
    async fn activities(&self) -> Vec<Activity> {
        self.activities
            .iter()
            .cloned()
            .map(Activity::from)
            .collect()
    }

    /// Its events; null where their evidence cannot be read.
    async fn events(&self, ctx: &Context<'_>) -> Option<Vec<TransactionEvent>> {
        let registry = web(ctx).registry.get();
        let events = text::events(&self.row.raw)?.into_iter().enumerate();
        Some(
            events
                .map(|(index, event)| TransactionEvent::new(index, event, &registry))
                .collect(),
        )
    }

    /// BCS of the transaction in base64.
    async fn transaction_bcs(&self) -> String {
        STANDARD.encode(&self.row.raw.transaction_bcs)
    }

    /// BCS of its effects in base64.
    async fn effects_bcs(&self) -> String {
        STANDARD.encode(&self.row.raw.effects_bcs)
    }

    /// BCS of its events in base64, where it emitted any.
    async fn events_bcs(&self) -> Option<String> {
        self.row
            .raw
            .events_bcs
            .as_ref()
            .map(|bcs| STANDARD.encode(bcs))
    }

    /// How far all of this is proven by the validators' signatures.
    async fn proof(&self) -> TransactionProof {
        TransactionProof::from(&self.row.raw.proof)
    }

    /// Why vigia could not interpret it; it is kept and can be retried.
    async fn processing_error(&self) -> Option<&String> {
        self.row.raw.processing_error.as_ref()
    }
}
