//! What the pages of operators share: who may see them, and how one leads to another.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use maud::{Markup, html};

use super::layout::{Page, Section};
use super::refused;
use crate::app::App;
use crate::reader::Reader;
use crate::text::{
    broadcast_words, contract_words, delivery_words, endpoint_words, operator_words, watch_words,
};

/// An operator; to anybody else the page is not there.
pub(crate) struct Operator(pub(crate) Reader);

impl FromRequestParts<Arc<App>> for Operator {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Response> {
        let reader = Reader::from_request_parts(parts, app).await?;
        match reader.principal.is_operator() {
            true => Ok(Self(reader)),
            false => Err(refused(&reader, StatusCode::NOT_FOUND, None)),
        }
    }
}

/// An operator who may change something.
pub(crate) struct Operating(pub(super) Reader);

impl FromRequestParts<Arc<App>> for Operating {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Response> {
        let Operator(reader) = Operator::from_request_parts(parts, app).await?;
        match reader.may_write {
            true => Ok(Self(reader)),
            false => Err(refused(&reader, StatusCode::FORBIDDEN, None)),
        }
    }
}

/// Links to the pages of operators.
pub(super) fn operator_links(reader: &Reader) -> Markup {
    let words = operator_words(reader.locale);
    let pages = [
        ("/deliveries", delivery_words(reader.locale).title),
        ("/endpoints", endpoint_words(reader.locale).title),
        ("/broadcasts", broadcast_words(reader.locale).title),
        ("/watch", watch_words(reader.locale).title),
        ("/contracts", contract_words(reader.locale).title),
        ("/schedules", words.schedules),
        ("/users", words.users),
        ("/actions", words.actions),
    ];
    html! {
        nav.tabs aria-label=(words.pages) {
            @for (path, name) in pages { a href=(path) { (name) } }
        }
    }
}

/// A page of operators in its frame.
pub(super) fn operator_page<'a>(reader: &'a Reader, title: &'a str, content: Markup) -> Page<'a> {
    Page {
        locale: reader.locale,
        name: reader.name.as_deref(),
        section: Section::Ingestion,
        title,
        refresh_seconds: None,
        content: html! {
            div.heading { h1 { (title) } }
            (content)
        },
    }
}

/// That an address or a form is none of the page's.
pub(super) fn unreadable(reader: &Reader, why: &str) -> Response {
    refused(reader, StatusCode::BAD_REQUEST, Some(why.to_owned()))
}
