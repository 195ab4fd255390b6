//! The files that pages load, and the description of what programs call, embedded.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

const FILES: [(&str, &str, &str); 4] = [
    (
        "vigia.css",
        "text/css; charset=utf-8",
        include_str!("../assets/vigia.css"),
    ),
    (
        "vigia.js",
        "text/javascript; charset=utf-8",
        include_str!("../assets/vigia.js"),
    ),
    (
        "wallet.js",
        "text/javascript; charset=utf-8",
        include_str!("../assets/wallet.js"),
    ),
    (
        "vigia.svg",
        "image/svg+xml",
        include_str!("../assets/vigia.svg"),
    ),
];

/// Serves one file; pages name it with the version, so that a new vigia brings new files.
pub(crate) async fn asset(Path(name): Path<String>) -> Response {
    match FILES.iter().find(|(file, ..)| *file == name) {
        Some((_, kind, content)) => {
            let headers = [
                (CONTENT_TYPE, *kind),
                (CACHE_CONTROL, "public, max-age=3600"),
            ];
            (headers, *content).into_response()
        }
        None => (StatusCode::NOT_FOUND, "no such file\n").into_response(),
    }
}

/// `GET /v1/openapi.json`: what programs call beside GraphQL.
pub(crate) async fn openapi() -> Response {
    let headers = [(CONTENT_TYPE, "application/json")];
    (headers, include_str!("../../../docs/schemas/openapi.json")).into_response()
}
