//! Notifications as GraphQL has them: rendered on reading, in the reader's language.

use std::sync::Arc;

use async_graphql::{Enum, ID, Object};
use vigia_core::NotificationText;
use vigia_store::NotificationRow;

use super::activity::Activity;
use super::scalar::UInt53;
use crate::{cursor, told};

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

/// What a notification is about.
#[derive(Clone, Copy, Enum, Eq, PartialEq)]
#[graphql(remote = "vigia_core::Category")]
pub(super) enum Category {
    /// Money that came or went.
    Money,
    /// Trades with others.
    Trades,
    /// Invitations.
    Invitations,
    /// Who signed in, and what else concerns the safety of the user: always told, at once.
    Security,
    /// What operators have to say to many.
    News,
}

/// A message for the members of an account about one of its activities, or for one user.
#[Object]
impl Notification {
    /// Its id for ever: the same message never comes under another.
    async fn id(&self) -> ID {
        self.row.id.to_string().into()
    }

    /// Its place in the inbox: where `notificationAdded` goes on.
    async fn cursor(&self) -> String {
        cursor::of_notification(self.row.seq)
    }

    /// Which message, as applications know it: `SEND_RECEIVED`.
    async fn kind(&self) -> &str {
        self.row.kind.as_str()
    }

    /// What it is about.
    async fn category(&self) -> Category {
        self.row.category.into()
    }

    /// Its first line.
    async fn title(&self) -> String {
        told::one(&*self.texts, &self.row, self.locale, false).title
    }

    /// The message.
    async fn text(&self) -> String {
        told::one(&*self.texts, &self.row, self.locale, false).body
    }

    /// When it was written, in milliseconds since 1970.
    async fn created_at_ms(&self) -> UInt53 {
        UInt53(self.row.created_at_ms)
    }

    /// Whether the reader has read it.
    async fn is_read(&self) -> bool {
        self.row.is_read
    }

    /// The activity it is about; null where there is none, or the reader may be told of the account but not read it.
    async fn activity(&self) -> Option<Activity> {
        let about = self.row.about.clone();
        about.filter(|_| self.row.may_read).map(Activity::from)
    }
}
