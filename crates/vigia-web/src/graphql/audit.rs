//! The log of what operators and applications did: written with each mutation, read by operators.

use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::async_trait::async_trait;
use async_graphql::connection::Connection;
use async_graphql::extensions::{
    Extension, ExtensionContext, ExtensionFactory, NextParseQuery, NextResolve, ResolveInfo,
};
use async_graphql::parser::types::{ExecutableDocument, Field};
use async_graphql::{
    Context, Enum, ID, Object, Result, ServerResult, Value as GraphqlValue, Variables,
};
use serde_json::{Map, Value, json};
use vigia_store::{Action, ActionRow, ActionWay};

use super::error::internal;
use super::failed::check_operator;
use super::page;
use super::query::web;
use super::scalar::UInt53;
use crate::acting::record;
use crate::reader::Reader;
use crate::{WebContext, cursor};

/// Arguments that say what something was done to, and hold no secret.
const SAID: [&str; 19] = [
    "account",
    "address",
    "amount",
    "businessId",
    "coin",
    "digest",
    "dropsOld",
    "enabled",
    "endpoint",
    "from",
    "id",
    "kind",
    "name",
    "onlyDead",
    "paused",
    "ratePerSecond",
    "role",
    "to",
    "user",
];
/// Bytes of one of them that are kept.
const SAID_BYTES_MAX: usize = 200;

/// Writes what operators and applications do.
pub(super) struct Auditing;

impl ExtensionFactory for Auditing {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(AuditOfRequest::default())
    }
}

#[derive(Default)]
struct AuditOfRequest {
    variables: Mutex<Variables>,
}

#[async_trait]
impl Extension for AuditOfRequest {
    async fn parse_query(
        &self,
        ctx: &ExtensionContext<'_>,
        query: &str,
        variables: &Variables,
        next: NextParseQuery<'_>,
    ) -> ServerResult<ExecutableDocument> {
        *self.lock() = variables.clone();
        next.run(ctx, query, variables).await
    }

    async fn resolve(
        &self,
        ctx: &ExtensionContext<'_>,
        info: ResolveInfo<'_>,
        next: NextResolve<'_>,
    ) -> ServerResult<Option<GraphqlValue>> {
        let acting = match info.parent_type {
            "Mutation" => acting(ctx),
            _ => None,
        };
        let Some((web, actor)) = acting else {
            return next.run(ctx, info).await;
        };
        let (action, subject) = (info.name.to_owned(), self.subject(info.field));
        let done = next.run(ctx, info).await;
        let action = Action {
            actor,
            way: ActionWay::Graphql,
            action,
            subject,
            problem: done.as_ref().err().map(|error| error.message.clone()),
        };
        record(web, &action).await;
        done
    }
}

/// Who acts, where what they do is written down.
fn acting<'c>(ctx: &ExtensionContext<'c>) -> Option<(&'c WebContext, String)> {
    let reader: &Reader = ctx.data_opt()?;
    let actor = reader.acts_as()?;
    Some((ctx.data_opt()?, actor))
}

impl AuditOfRequest {
    fn lock(&self) -> std::sync::MutexGuard<'_, Variables> {
        self.variables
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// What is kept of the arguments.
    fn subject(&self, field: &Field) -> Value {
        let variables = self.lock();
        let mut subject = Map::new();
        for (name, value) in &field.arguments {
            let (name, value) = (name.node.as_str(), value.node.clone());
            let value = value.into_const_with(|name| variables.get(&name).cloned().ok_or(()));
            let Ok(value) = value.map(|value| value.into_json().unwrap_or_default()) else {
                continue;
            };
            match value {
                // A batch is known by its size: its receipt says the rest.
                Value::Array(items) if name == "changes" => {
                    subject.insert(name.to_owned(), json!(items.len()));
                }
                value if SAID.contains(&name) && !value.is_object() && !value.is_array() => {
                    subject.insert(name.to_owned(), shortened(value));
                }
                _ => {}
            }
        }
        Value::Object(subject)
    }
}

fn shortened(value: Value) -> Value {
    match value {
        Value::String(text) if text.len() > SAID_BYTES_MAX => {
            let mut end = SAID_BYTES_MAX;
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            Value::String(format!("{}…", &text[..end]))
        }
        value => value,
    }
}

/// The way by which something was done.
#[derive(Clone, Copy, Enum, Eq, PartialEq)]
#[graphql(remote = "vigia_store::ActionWay", name = "ActionWay")]
enum Way {
    /// A mutation.
    Graphql,
    /// A form of a page.
    Page,
    /// A command at the machine.
    Command,
}

struct Done(ActionRow);

/// Something that an operator or an application did.
#[Object(name = "Action")]
impl Done {
    /// Its key.
    async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// When, in milliseconds since 1970.
    async fn at_ms(&self) -> UInt53 {
        UInt53(self.0.at_ms)
    }

    /// External id of the user who did it; null: whoever is at the machine.
    async fn actor(&self) -> Option<&String> {
        Some(&self.0.action.actor).filter(|actor| !actor.is_empty())
    }

    /// How.
    async fn way(&self) -> Way {
        self.0.action.way.into()
    }

    /// What: the name of a mutation, a form or a command.
    async fn action(&self) -> &str {
        &self.0.action.action
    }

    /// To what: a JSON object of names and ids.
    async fn subject(&self) -> String {
        self.0.action.subject.to_string()
    }

    /// What went wrong; null: it was done.
    async fn problem(&self) -> Option<&String> {
        self.0.action.problem.as_ref()
    }
}

/// The part of queries about what was done.
#[derive(Default)]
pub(crate) struct AuditQueries;

/// What can be asked of what was done.
#[Object]
impl AuditQueries {
    /// What operators and applications did, newest first. For operators.
    #[graphql(complexity = "page::cost(first, child_complexity)")]
    async fn actions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Page size, 1 to 100; 20 unless given.")] first: Option<i32>,
        #[graphql(desc = "Cursor of the last action of the page before.")] after: Option<String>,
        #[graphql(desc = "External id of who did it; all unless given.")] actor: Option<String>,
    ) -> Result<Connection<String, Done>> {
        check_operator(ctx)?;
        let size = page::size(first)?;
        let before = page::after(after.as_deref(), cursor::to_action)?;
        let store = &web(ctx).store;
        let rows = store.action_page(actor.as_deref(), before, size + 1).await;
        let cursor = |row: &ActionRow| cursor::of_action(row.id);
        Ok(page::connection(
            rows.map_err(internal)?,
            size,
            cursor,
            Done,
        ))
    }
}
