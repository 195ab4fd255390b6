//! The log of what operators and applications did.

use async_trait::async_trait;
use serde_json::Value;

use crate::Result;

/// Actions of one page.
pub const ACTIONS_MAX: u32 = 200;

/// The way by which something was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActionWay {
    /// A mutation.
    Graphql,
    /// A form of a page.
    Page,
    /// A command at the machine.
    Command,
}

impl ActionWay {
    /// The word stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Graphql => "graphql",
            Self::Page => "page",
            Self::Command => "command",
        }
    }
}

impl std::str::FromStr for ActionWay {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        match text {
            "graphql" => Ok(Self::Graphql),
            "page" => Ok(Self::Page),
            "command" => Ok(Self::Command),
            _ => Err(format!(
                "{text:?} is not a way to act (graphql, page, command)"
            )),
        }
    }
}

/// Something that was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// External id of the user who did it; empty: whoever is at the machine.
    pub actor: String,
    /// How.
    pub way: ActionWay,
    /// What: the name of a mutation, a form or a command.
    pub action: String,
    /// To what: a JSON object of names and ids, without secrets.
    pub subject: Value,
    /// What went wrong; none: it was done.
    pub problem: Option<String>,
}

/// Something that was done, as kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionRow {
    /// Key, ascending.
    pub id: i64,
    /// When.
    pub at_ms: u64,
    /// What.
    pub action: Action,
}

/// Remembers what was done.
#[async_trait]
pub trait ActionStore: Send + Sync {
    /// Writes it down.
    async fn action_record(&self, action: &Action) -> Result<()>;

    /// Actions with a key below `before`, newest first, at most `limit`; of one actor, or of all.
    async fn action_page(
        &self,
        actor: Option<&str>,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<ActionRow>>;

    /// Removes up to `limit` that were done before `before_ms`; returns how many.
    async fn action_prune(&self, before_ms: u64, limit: u32) -> Result<u64>;
}
