//! `/search?q=`: leads to an address's activity or a transaction.

use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use vigia_core::{parse_address, parse_digest};

use super::ErrorPage;
use crate::reader::Reader;
use crate::text::words;

/// What is searched for.
#[derive(Deserialize)]
pub(crate) struct Search {
    #[serde(default)]
    q: String,
}

/// Leads on, or says what can be searched for.
pub(crate) async fn search(reader: Reader, Query(search): Query<Search>) -> Response {
    let text = search.q.trim();
    if let Ok(address) = parse_address(text) {
        return Redirect::to(&format!("/?address={address}")).into_response();
    }
    if let Ok(digest) = parse_digest(text) {
        return Redirect::to(&format!("/tx/{digest}")).into_response();
    }
    ErrorPage {
        status: StatusCode::BAD_REQUEST,
        locale: reader.locale,
        detail: Some(words(reader.locale).search_failed.to_owned()),
    }
    .into_response()
}
