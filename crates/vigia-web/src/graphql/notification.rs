//! Notifications as GraphQL has them: rendered on reading, in the reader's language.

use std::sync::Arc;

use async_graphql::{Enum, ID, Object};
use vigia_core::NotificationText;
use vigia_store::NotificationRow;

use super::activity::Activity;
use super::scalar::UInt53;
use crate::text;

/// A language vigia writes in.
#[derive(Clone, Copy, Enum, Eq, PartialEq)]
#[graphql(remote = "vigia_core::Locale")]
pub(super) enum Locale {
    /// Spanish.
    Es,
    /// English.
    En,
    /// Portuguese.
    Pt,
}

/// A notification with what renders it.
pub(super) struct Notification {
    pub(super) row: NotificationRow,
    pub(super) locale: vigia_core::Locale,
    pub(super) texts: Arc<dyn NotificationText>,
}

/// A message for the members of an account about one of its activities.
#[Object]
impl Notification {
    /// Its id for ever: the same message never comes under another.
    async fn id(&self) -> ID {
        self.row.id.to_string().into()
    }

    /// Which message, as applications know it: `SEND_RECEIVED`.
    async fn kind(&self) -> &str {
        self.row.kind.as_str()
    }

    /// The message.
    async fn text(&self) -> String {
        text::notification(&*self.texts, &self.row, self.locale)
    }

    /// When it was written, in milliseconds since 1970.
    async fn created_at_ms(&self) -> UInt53 {
        UInt53(self.row.created_at_ms)
    }

    /// What it is about.
    async fn activity(&self) -> Activity {
        Activity(self.row.about.clone())
    }
}
