//! What there was of a coin over time: the figures of a chart.

use async_graphql::{Context, Enum, Object, Result, SimpleObject};
use vigia_core::parse_address;

use super::activity::Coin;
use super::error::{bad_input, internal};
use super::query::{reader, web};
use super::scalar::UInt53;
use crate::chart::{Chart, Span, Step};
use crate::over_time::OverTime;

/// How far back.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
#[graphql(remote = "crate::chart::Span")]
enum BalanceSpan {
    /// 7 days, in steps of an hour.
    Week,
    /// 30 days, in steps of six hours.
    Month,
    /// 365 days, in steps of a day.
    Year,
}

/// What there was of a coin at an address over time.
#[derive(SimpleObject)]
struct BalanceHistory {
    /// The address.
    address: String,
    /// The coin's type in canonical form.
    coin_type: String,
    /// What is known about it; null where nothing is.
    coin: Option<Coin>,
    /// What there is now, in minor units, as a decimal text.
    amount: String,
    /// The steps in which it moved; null while it is not known for a whole hour.
    course: Option<BalanceCourse>,
}

/// How an amount went.
#[derive(SimpleObject)]
struct BalanceCourse {
    /// Where it begins, in milliseconds since 1970: later than asked for where it is not known that far back.
    from_ms: UInt53,
    /// Where it ends: now, in milliseconds since 1970.
    to_ms: UInt53,
    /// What there was at the beginning, in minor units, as a decimal text.
    opening: String,
    /// The steps in which something moved, the first one first; in between it stays as it is.
    steps: Vec<BalanceStep>,
}

/// A time in which an amount moved.
#[derive(SimpleObject)]
struct BalanceStep {
    /// When the time began, in milliseconds since 1970.
    at_ms: UInt53,
    /// By how much it moved in all, in minor units, as a decimal text.
    moved: String,
    /// What there was afterwards, in minor units, as a decimal text.
    amount: String,
}

impl From<Chart> for BalanceCourse {
    fn from(chart: Chart) -> Self {
        Self {
            from_ms: UInt53(chart.from_ms),
            to_ms: UInt53(chart.to_ms),
            opening: chart.opening.to_string(),
            steps: chart.steps.into_iter().map(BalanceStep::from).collect(),
        }
    }
}

impl From<Step> for BalanceStep {
    fn from(step: Step) -> Self {
        Self {
            at_ms: UInt53(step.at_ms),
            moved: step.moved.to_string(),
            amount: step.amount.to_string(),
        }
    }
}

impl From<OverTime> for BalanceHistory {
    fn from(found: OverTime) -> Self {
        Self {
            address: found.row.address.to_string(),
            amount: found.current().to_string(),
            coin: found.coin.as_ref().map(Coin::from),
            coin_type: found.coin_type,
            course: found.chart.map(BalanceCourse::from),
        }
    }
}

/// The part of queries about balances over time.
#[derive(Default)]
pub(crate) struct OverTimeQueries;

/// What can be asked of them.
#[Object]
impl OverTimeQueries {
    /// What there was of a coin at an address of the reader's accounts; null where the reader has no such address.
    #[graphql(complexity = "child_complexity + 100")]
    async fn balance_history(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The address.")] address: String,
        #[graphql(desc = "Code of a declared coin, or `0xPACKAGE::module::NAME`.")] coin: String,
        #[graphql(desc = "How far back; 30 days unless given.")] span: Option<BalanceSpan>,
    ) -> Result<Option<BalanceHistory>> {
        let web = web(ctx);
        let address = parse_address(&address)
            .map_err(|error| bad_input("address", error, "`0x` and 64 hex digits"))?;
        let Some(coin_type) = web.registry.get().coin_type(&coin) else {
            return Err(bad_input(
                "coin",
                format!("{coin:?} is no coin"),
                "a code from `coins`, or `0xPACKAGE::module::NAME`",
            ));
        };
        let span = span.map_or(Span::Month, Into::into);
        let scope = reader(ctx).scope();
        let found = OverTime::read(web, &scope, (address, coin_type), span).await;
        let found = found.map_err(internal)?;
        Ok(found.map(BalanceHistory::from))
    }
}
