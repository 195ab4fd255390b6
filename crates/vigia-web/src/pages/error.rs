//! Pages for what went wrong: what it was and where to go from here, no internals.

use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use maud::html;
use vigia_core::Locale;
use vigia_store::StoreError;

use super::layout::{Page, Section};
use crate::reader::{self, Reader};
use crate::text::words;

/// A page that says what went wrong.
pub(crate) struct ErrorPage {
    pub(crate) status: StatusCode,
    pub(crate) locale: Locale,
    /// What to know or do about it, where the status alone does not say it.
    pub(crate) detail: Option<String>,
}

impl IntoResponse for ErrorPage {
    fn into_response(self) -> Response {
        let words = words(self.locale);
        let (title, hint) = match self.status {
            StatusCode::NOT_FOUND => (words.not_found, words.not_found_hint),
            StatusCode::BAD_REQUEST => (words.bad_request, ""),
            StatusCode::UNAUTHORIZED => (words.sign_in, ""),
            StatusCode::FORBIDDEN => (words.forbidden, words.forbidden_hint),
            _ => (words.server_error, words.server_error_hint),
        };
        let page = Page {
            locale: self.locale,
            name: None,
            section: Section::Other,
            title,
            refresh_seconds: None,
            content: html! {
                section.empty {
                    p.code { (self.status.as_u16()) }
                    h1 { (title) }
                    p { (self.detail.as_deref().unwrap_or(hint)) }
                    p { a href="/" { (words.activity) } }
                }
            },
        };
        (self.status, page).into_response()
    }
}

/// A page that says why a reader does not get what they ask for.
pub(crate) fn refused(reader: &Reader, status: StatusCode, detail: Option<String>) -> Response {
    ErrorPage {
        status,
        locale: reader.locale,
        detail,
    }
    .into_response()
}

/// Any path that leads nowhere.
pub(crate) async fn not_found(uri: Uri, headers: HeaderMap) -> ErrorPage {
    ErrorPage {
        status: StatusCode::NOT_FOUND,
        locale: reader::locale(&uri, &headers),
        detail: None,
    }
}

/// A failure of the store: the log gets the cause, the reader an apology.
pub(crate) fn internal_error(locale: Locale, error: &StoreError) -> Response {
    let status = if error.is_transient() {
        StatusCode::SERVICE_UNAVAILABLE
    } else {
        StatusCode::INTERNAL_SERVER_ERROR
    };
    tracing::error!(error = error as &dyn std::error::Error, "page failed");
    ErrorPage {
        status,
        locale,
        detail: None,
    }
    .into_response()
}
