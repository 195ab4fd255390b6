//! What is done to an endpoint by a button, and what came of it.

use std::sync::Arc;

use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use vigia_core::DeliveryId;
use vigia_store::EndpointRow;

use super::form::is_hmac;
use super::{Writer, done_with, not_done, not_found, not_of_the_page};
use crate::app::App;
use crate::own_endpoints::{EndpointRefusal, OwnEndpoints};
use crate::reader::Reader;
use crate::text::EndpointWords;

/// What a button does.
#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Action {
    Enable,
    Disable,
    Test,
    Rotate,
    DropOld,
    ReplayDead,
    Retry,
}

impl Action {
    fn as_str(self) -> &'static str {
        match self {
            Self::Enable => "enable",
            Self::Disable => "disable",
            Self::Test => "test",
            Self::Rotate => "rotate",
            Self::DropOld => "drop-old",
            Self::ReplayDead => "replay-dead",
            Self::Retry => "retry",
        }
    }
}

/// The form of a button.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Order {
    action: Action,
    /// Of the delivery to send again.
    #[serde(default)]
    id: String,
    /// How a new key signs.
    #[serde(default)]
    algorithm: String,
    /// The keys that the page showed.
    #[serde(default)]
    keys: String,
}

/// What was done, as the address of the page says it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Done {
    Created,
    Changed,
    Removed,
    Enabled,
    Disabled,
    Tested,
    Rotated,
    Dropped,
    Replayed,
    Retried,
    Nothing,
}

impl Done {
    const ALL: [Self; 11] = [
        Self::Created,
        Self::Changed,
        Self::Removed,
        Self::Enabled,
        Self::Disabled,
        Self::Tested,
        Self::Rotated,
        Self::Dropped,
        Self::Replayed,
        Self::Retried,
        Self::Nothing,
    ];

    pub(super) fn read(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|done| done.as_str() == text)
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Changed => "changed",
            Self::Removed => "removed",
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
            Self::Tested => "tested",
            Self::Rotated => "rotated",
            Self::Dropped => "dropped",
            Self::Replayed => "replayed",
            Self::Retried => "retried",
            Self::Nothing => "nothing",
        }
    }

    pub(super) fn text(self, words: &EndpointWords) -> &'static str {
        match self {
            Self::Created => words.created,
            Self::Changed => words.changed,
            Self::Removed => words.removed,
            Self::Enabled => words.enabled,
            Self::Disabled => words.disabled,
            Self::Tested => words.tested,
            Self::Rotated => words.rotated,
            Self::Dropped => words.dropped,
            Self::Replayed => words.replayed,
            Self::Retried => words.retried,
            Self::Nothing => words.nothing_done,
        }
    }

    fn or_nothing(self, done: bool) -> Self {
        if done { self } else { Self::Nothing }
    }
}

/// Does what somebody asks for and goes back to the endpoint. Done again it changes nothing more.
pub(crate) async fn endpoint_ordered(
    State(app): State<Arc<App>>,
    Writer(reader): Writer,
    Path(name): Path<String>,
    order: Result<Form<Order>, FormRejection>,
) -> Response {
    let own = OwnEndpoints::new(&app.context, &reader.principal);
    let row = match own.find(&name).await {
        Ok(row) => row,
        Err(refusal) => return not_found(&reader, refusal),
    };
    let Ok(Form(order)) = order else {
        return not_of_the_page(&reader);
    };
    match carry_out(&app, &own, &row, &order).await {
        Ok(Some((done, secret))) => {
            let action = format!("{}-endpoint", order.action.as_str());
            let mut subject = json!({ "name": name });
            if order.action == Action::Retry {
                subject["id"] = json!(order.id);
            }
            reader.record(&app.context, &action, subject).await;
            done_with(&reader, &name, done, secret)
        }
        Ok(None) => not_of_the_page(&reader),
        Err(refusal) => not_done(&reader, refusal),
    }
}

/// None where the page has no such button.
async fn carry_out(
    app: &App,
    own: &OwnEndpoints<'_>,
    row: &EndpointRow,
    order: &Order,
) -> Result<Option<(Done, Option<String>)>, EndpointRefusal> {
    let name = &*row.spec.name;
    let done = match order.action {
        Action::Enable | Action::Disable => {
            let enables = order.action == Action::Enable;
            let after = own.enable(name, enables).await?;
            let done = if enables {
                Done::Enabled
            } else {
                Done::Disabled
            };
            done.or_nothing(after.state != row.state)
        }
        Action::Test => Done::Tested.or_nothing(own.test(name).await?.is_some()),
        Action::Rotate | Action::DropOld => {
            // Pressed twice, the second is about keys that are no longer these.
            if order.keys != keys_mark(row) {
                return Ok(Some((Done::Nothing, None)));
            }
            let drops_old = order.action == Action::DropOld;
            let hmac = is_hmac(&order.algorithm)?;
            let (_, secret) = own.rotate(row, hmac, drops_old).await?;
            let done = if drops_old {
                Done::Dropped
            } else {
                Done::Rotated
            };
            return Ok(Some((done, secret)));
        }
        Action::ReplayDead => {
            let all = (1, row.sequence);
            Done::Replayed.or_nothing(own.replay(name, all, true).await? > 0)
        }
        Action::Retry => {
            let Ok(id) = order.id.parse() else {
                return Ok(None);
            };
            Done::Retried.or_nothing(retry(app, row, &id).await?)
        }
    };
    Ok(Some((done, None)))
}

/// Sends a delivery of the endpoint again that has ended; whoever presses twice sends it once.
async fn retry(app: &App, row: &EndpointRow, id: &DeliveryId) -> Result<bool, EndpointRefusal> {
    let store = &app.context.store;
    let found = store.delivery_find(id).await?;
    let is_of_it = found.is_some_and(|(delivery, _)| delivery.endpoint == row.id);
    Ok(is_of_it && store.delivery_retry(id).await?)
}

/// Tells keys from the ones before or after, without saying anything of them.
pub(super) fn keys_mark(row: &EndpointRow) -> String {
    let sealed = row.secrets.as_deref().unwrap_or_default();
    hex::encode(&Sha256::digest(sealed.as_bytes())[..8])
}

/// A button that does something, with what else it sends.
pub(super) fn button(
    row: &EndpointRow,
    action: Action,
    id: Option<&str>,
    name: &str,
    reader: &Reader,
) -> Markup {
    html! {
        form method="post" action={ "/endpoints/" (row.spec.name) } {
            (hidden(action))
            @if let Some(id) = id { input type="hidden" name="id" value=(id); }
            @if action == Action::DropOld { (marked(row)) }
            button type="submit" disabled[!reader.may_write] {
                (name)
                @if let Some(id) = id { span.unseen { " " (id) } }
            }
        }
    }
}

pub(super) fn hidden(action: Action) -> Markup {
    html! { input type="hidden" name="action" value=(action.as_str()); }
}

pub(super) fn marked(row: &EndpointRow) -> Markup {
    html! { input type="hidden" name="keys" value=(keys_mark(row)); }
}
