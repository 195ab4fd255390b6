//! `/deliveries`: how endpoints and devices are reached, what was told and was not, and what an operator does about it.
//!
//! Plain forms, so that it works without script. To anybody who is no operator the page is not there.

mod list;
mod order;
mod targets;
mod view;

use std::sync::Arc;

use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Form, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use vigia_core::DeliveryId;
use vigia_store::{BroadcastRow, BroadcastState, StoreError};

use self::list::{Listed, tabs};
use self::order::{Done, Order};
use self::view::{Asked, View};
use super::layout::{Page, Section};
use super::{internal_error, refused};
use crate::app::App;
use crate::reader::Reader;
use crate::targets::{EndpointTarget, PlatformTarget, endpoints, platforms};
use crate::text::delivery_words;

/// The page, one of its lists (`?of=`, `?state=`, `?endpoint=`), or a page further down in it (`?after=`).
pub(crate) async fn deliveries(
    State(app): State<Arc<App>>,
    reader: Reader,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    if !reader.principal.is_operator() {
        return refused(&reader, StatusCode::NOT_FOUND, None);
    }
    let view = match view_of(&asked) {
        Ok(view) => view,
        Err(why) => return refused(&reader, StatusCode::BAD_REQUEST, Some(why)),
    };
    match found(&app, &view).await {
        Ok(Some(found)) => page(&app, &reader, &view, &found, asked.ok().as_deref()),
        Ok(None) => {
            let why = "endpoint: there is none of this name".to_owned();
            refused(&reader, StatusCode::BAD_REQUEST, Some(why))
        }
        Err(error) => internal_error(reader.locale, &error),
    }
}

/// Does what an operator asks for and goes back to the list.
pub(crate) async fn deliveries_ordered(
    State(app): State<Arc<App>>,
    reader: Reader,
    asked: Result<Query<Asked>, QueryRejection>,
    order: Result<Form<Order>, FormRejection>,
) -> Response {
    if !reader.principal.is_operator() {
        return refused(&reader, StatusCode::NOT_FOUND, None);
    }
    if !reader.may_write {
        return refused(&reader, StatusCode::FORBIDDEN, None);
    }
    let (Ok(view), Ok(Form(order))) = (view_of(&asked), order) else {
        let why = "this is no order that the page has a button for".to_owned();
        return refused(&reader, StatusCode::BAD_REQUEST, Some(why));
    };
    let carried_out = order.carry_out(&*app.context.store).await;
    if let Ok(Some(_)) = &carried_out {
        let (action, subject) = order.words();
        reader.record(&app.context, action, subject).await;
    }
    match carried_out {
        Ok(Some(done)) => order.back(&view, done),
        Ok(None) => {
            let why = "id: nothing has such an id".to_owned();
            refused(&reader, StatusCode::BAD_REQUEST, Some(why))
        }
        Err(error) => internal_error(reader.locale, &error),
    }
}

fn view_of(asked: &Result<Query<Asked>, QueryRejection>) -> Result<View, String> {
    match asked {
        Ok(Query(asked)) => View::read(asked),
        Err(_) => Err("of, state, endpoint or after: not readable".to_owned()),
    }
}

/// What the page shows.
struct Found {
    endpoints: Vec<EndpointTarget>,
    platforms: Vec<PlatformTarget>,
    broadcasts: Vec<BroadcastRow>,
    listed: Listed,
}

/// None where the view is of an endpoint that there is not.
async fn found(app: &App, view: &View) -> Result<Option<Found>, StoreError> {
    let store = &app.context.store;
    let endpoints = endpoints(&app.context).await?;
    let named = view.endpoint.as_deref().map(|name| {
        let mut rows = endpoints.iter().map(|target| &target.row);
        rows.find(|row| row.spec.name == name).map(|row| row.id)
    });
    if named == Some(None) {
        return Ok(None);
    }
    let mut broadcasts = crate::broadcasts::list(&**store).await?;
    broadcasts.retain(|row| row.state == BroadcastState::Running);
    Ok(Some(Found {
        endpoints,
        platforms: platforms(&app.context).await?,
        broadcasts,
        listed: Listed::read(&**store, view, named.flatten()).await?,
    }))
}

fn page(app: &App, reader: &Reader, view: &View, found: &Found, asked: Option<&Asked>) -> Response {
    let words = delivery_words(reader.locale);
    let now_ms = app.context.clock.now_ms();
    let content = html! {
        div.heading { h1 { (words.title) } }
        @if let Some(asked) = asked { (done(asked, found, reader)) }
        p.note { (words.stats_note) }
        (targets::endpoint_list(&found.endpoints, view, reader, now_ms))
        (targets::platform_list(&found.platforms, reader))
        (targets::broadcast_list(&found.broadcasts, view, reader, now_ms))
        section #list {
            h2 { (words.list) }
            (tabs(view, found, reader.locale))
            (found.listed.render(view, &found.endpoints, reader, now_ms))
        }
    };
    Page {
        locale: reader.locale,
        name: reader.name.as_deref(),
        section: Section::Ingestion,
        title: words.title,
        refresh_seconds: None,
        content,
    }
    .into_response()
}

/// What was done last. An address that says nothing known says nothing.
fn done(asked: &Asked, found: &Found, reader: &Reader) -> Markup {
    let done = asked.done.as_deref().and_then(Done::read);
    let id = asked.id.as_deref().filter(|id| {
        let mut endpoints = found.endpoints.iter();
        id.parse::<DeliveryId>().is_ok()
            || id.parse::<i64>().is_ok()
            || endpoints.any(|target| target.row.spec.name == *id)
    });
    html! {
        @if let Some((done, id)) = done.zip(id) {
            p.note role="status" data-done=(done.as_str()) {
                b { (done.text(delivery_words(reader.locale))) } ": " code { (id) }
            }
        }
    }
}
