//! What an operator has done by a button, and what came of it.

use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Value, json};
use vigia_core::DeliveryId;
use vigia_store::{Store, StoreError};

use super::view::View;
use crate::text::DeliveryWords;

/// What a button does.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Action {
    RetryDelivery,
    CancelDelivery,
    RetryPush,
    CancelPush,
    EnableEndpoint,
    DisableEndpoint,
    StopBroadcast,
}

impl Action {
    fn as_str(self) -> &'static str {
        match self {
            Self::RetryDelivery => "retry-delivery",
            Self::CancelDelivery => "cancel-delivery",
            Self::RetryPush => "retry-push",
            Self::CancelPush => "cancel-push",
            Self::EnableEndpoint => "enable-endpoint",
            Self::DisableEndpoint => "disable-endpoint",
            Self::StopBroadcast => "stop-broadcast",
        }
    }
}

/// The form of a button.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Order {
    action: Action,
    /// Of a delivery, a push or a broadcast; of an endpoint its name.
    id: String,
}

impl Order {
    /// As what it is written down.
    pub(super) fn words(&self) -> (&'static str, Value) {
        (self.action.as_str(), json!({ "id": self.id }))
    }

    /// None where nothing could have such an id. Done again it changes nothing more.
    pub(super) async fn carry_out(&self, store: &dyn Store) -> Result<Option<Done>, StoreError> {
        if self.id.contains('\0') {
            return Ok(None);
        }
        let (done, has_done) = match self.action {
            Action::EnableEndpoint => (Done::Enabled, store.endpoint_enable(&self.id, true).await?),
            Action::DisableEndpoint => (
                Done::Disabled,
                store.endpoint_enable(&self.id, false).await?,
            ),
            Action::StopBroadcast => {
                let Ok(id) = self.id.parse() else {
                    return Ok(None);
                };
                (Done::Stopped, store.broadcast_stop(id).await?)
            }
            Action::RetryDelivery
            | Action::CancelDelivery
            | Action::RetryPush
            | Action::CancelPush => {
                let Ok(id) = self.id.parse() else {
                    return Ok(None);
                };
                self.resend(store, &id).await?
            }
        };
        Ok(Some(if has_done { done } else { Done::Nothing }))
    }

    async fn resend(&self, store: &dyn Store, id: &DeliveryId) -> Result<(Done, bool), StoreError> {
        Ok(match self.action {
            Action::RetryDelivery => (Done::Retried, store.delivery_retry(id).await?),
            Action::CancelDelivery => (Done::Cancelled, store.delivery_cancel(id).await?),
            Action::RetryPush => (Done::Retried, store.push_retry(id).await?),
            Action::CancelPush => (Done::Cancelled, store.push_cancel(id).await?),
            _ => (Done::Nothing, false),
        })
    }

    /// Back to the list, which says what was done.
    pub(super) fn back(&self, view: &View, done: Done) -> Response {
        let to = view.address_with(&[("done", done.as_str()), ("id", &self.id)]);
        Redirect::to(&to).into_response()
    }
}

/// What was done, as the address of the page says it.
#[derive(Clone, Copy)]
pub(super) enum Done {
    Retried,
    Cancelled,
    Enabled,
    Disabled,
    Stopped,
    Nothing,
}

impl Done {
    const ALL: [Self; 6] = [
        Self::Retried,
        Self::Cancelled,
        Self::Enabled,
        Self::Disabled,
        Self::Stopped,
        Self::Nothing,
    ];

    pub(super) fn read(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|done| done.as_str() == text)
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Retried => "retried",
            Self::Cancelled => "cancelled",
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
            Self::Stopped => "stopped",
            Self::Nothing => "nothing",
        }
    }

    pub(super) fn text(self, words: &DeliveryWords) -> &'static str {
        match self {
            Self::Retried => words.retried,
            Self::Cancelled => words.was_cancelled,
            Self::Enabled => words.enabled_now,
            Self::Disabled => words.disabled_now,
            Self::Stopped => words.stopped,
            Self::Nothing => words.nothing_done,
        }
    }
}

/// A button that does something to one thing, and leads back to where it stands.
pub(super) fn button(view: &View, action: Action, id: &str, name: &str) -> Markup {
    html! {
        form method="post" action=(view.address()) {
            input type="hidden" name="action" value=(action.as_str());
            input type="hidden" name="id" value=(id);
            button type="submit" { (name) span.unseen { " " (id) } }
        }
    }
}
