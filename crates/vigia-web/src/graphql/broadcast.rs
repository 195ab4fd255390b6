//! Broadcasts, for operators alone.

use async_graphql::{Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use vigia_store::{BroadcastRow, BroadcastSegment};

use super::error::{bad_input, internal};
use super::failed::check_operator;
use super::notification::Locale;
use super::query::{check_writer, web};
use super::scalar::UInt53;
use crate::broadcasts::{self, BroadcastWish};

/// How far a broadcast is.
#[derive(Clone, Copy, Enum, Eq, PartialEq)]
#[graphql(remote = "vigia_store::BroadcastState")]
enum BroadcastState {
    /// It goes on.
    Running,
    /// An operator stopped it.
    Stopped,
    /// All are told.
    Done,
}

/// What is said, in one language.
#[derive(SimpleObject, InputObject)]
#[graphql(input_name = "BroadcastTextInput")]
struct BroadcastText {
    /// The language.
    locale: Locale,
    /// The first line, at most 200 bytes.
    title: String,
    /// The text, at most 2,000 bytes.
    body: String,
}

/// Whom a broadcast is for; what is empty asks for nothing in particular.
#[derive(InputObject, Default)]
struct BroadcastSegmentInput {
    /// Users who read one of these languages.
    #[graphql(default)]
    locales: Vec<Locale>,
    /// Users who are a member of an account of this kind: `personal` or `business`.
    account_kind: Option<String>,
    /// Users with these external ids, at most 10,000.
    #[graphql(default)]
    users: Vec<String>,
}

struct Broadcast(BroadcastRow);

/// What operators have to say to many users, one after the other.
#[Object]
impl Broadcast {
    /// Its key.
    async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// How far it is.
    async fn state(&self) -> BroadcastState {
        self.0.state.into()
    }

    /// What it says.
    async fn texts(&self) -> Vec<BroadcastText> {
        let texts = self.0.spec.texts.iter();
        let said = texts.filter_map(|(locale, text)| {
            let locale: vigia_core::Locale = locale.parse().ok()?;
            Some(BroadcastText {
                locale: locale.into(),
                title: text.title.clone(),
                body: text.body.clone(),
            })
        });
        said.collect()
    }

    /// Users that were told.
    async fn told(&self) -> UInt53 {
        UInt53(self.0.told)
    }

    /// Users there were when it began, whether it is for them or not.
    async fn users(&self) -> UInt53 {
        UInt53(self.0.total)
    }

    /// Users it tells in a second, at most.
    async fn rate_per_second(&self) -> u32 {
        self.0.spec.rate_per_s
    }

    /// When it began, in milliseconds since 1970.
    async fn created_at_ms(&self) -> UInt53 {
        UInt53(self.0.created_at_ms)
    }

    /// When it ended, in milliseconds since 1970.
    async fn finished_at_ms(&self) -> Option<UInt53> {
        self.0.finished_at_ms.map(UInt53)
    }
}

async fn find(ctx: &Context<'_>, id: i64) -> Result<Option<Broadcast>> {
    let found = broadcasts::find(&*web(ctx).store, id).await;
    Ok(found.map_err(internal)?.map(Broadcast))
}

/// The part of queries about broadcasts.
#[derive(Default)]
pub(crate) struct BroadcastQueries;

/// What can be asked of broadcasts.
#[Object]
impl BroadcastQueries {
    /// The newest broadcasts. For operators.
    #[graphql(complexity = "20 * child_complexity")]
    async fn broadcasts(&self, ctx: &Context<'_>) -> Result<Vec<Broadcast>> {
        check_operator(ctx)?;
        let rows = broadcasts::list(&*web(ctx).store).await;
        Ok(rows.map_err(internal)?.into_iter().map(Broadcast).collect())
    }
}

/// Mutations of broadcasts.
#[derive(Default)]
pub(crate) struct BroadcastMutation;

/// What can be changed of broadcasts.
#[Object]
impl BroadcastMutation {
    /// Begins to tell users something, each once: in their inbox, and on their devices as they want it. For operators.
    async fn start_broadcast(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is said: in one language at least.")] texts: Vec<BroadcastText>,
        #[graphql(desc = "To whom; to all unless given.")] segment: Option<BroadcastSegmentInput>,
        #[graphql(desc = "To how many of them in a second, 1 to 10,000; 100 unless given.")]
        rate_per_second: Option<u32>,
    ) -> Result<Option<Broadcast>> {
        check_operator(ctx)?;
        check_writer(ctx)?;
        let texts = texts.into_iter().map(|text| {
            let said = vigia_store::BroadcastText {
                title: text.title,
                body: text.body,
            };
            (text.locale.into(), said)
        });
        let segment = segment.unwrap_or_default();
        let wish = BroadcastWish {
            texts: texts.collect(),
            segment: BroadcastSegment {
                locales: segment.locales.into_iter().map(Into::into).collect(),
                account_kind: segment.account_kind,
                users: segment.users,
            },
            rate_per_s: rate_per_second,
        };
        let spec = wish
            .spec()
            .map_err(|wrong| bad_input(wrong.argument, wrong.problem, wrong.expected))?;
        let begun = web(ctx).store.broadcast_begin(&spec).await;
        find(ctx, begun.map_err(internal)?).await
    }

    /// Stops a broadcast: whoever was told stays told, what was not sent is not. Null where there is none. For
    /// operators.
    async fn stop_broadcast(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its key.")] id: ID,
    ) -> Result<Option<Broadcast>> {
        check_operator(ctx)?;
        check_writer(ctx)?;
        let id = id.parse().map_err(|_| {
            bad_input(
                "id",
                "this is not the key of a broadcast",
                "`id` as it came",
            )
        })?;
        let stopped = web(ctx).store.broadcast_stop(id).await;
        stopped.map_err(internal)?;
        find(ctx, id).await
    }
}
