//! Each request has an id, which its answer says and every line that is logged for it: what somebody reports leads to the line.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument as _;

const HEADER: HeaderName = HeaderName::from_static("x-request-id");
/// Longest id that is taken from whoever asks.
const ID_BYTES_MAX: usize = 64;

/// Says the id of a request in its answer and in the log.
pub(crate) async fn identify(request: Request, next: Next) -> Response {
    let id = of(request.headers());
    let span = tracing::info_span!("request", request_id = id.to_str().unwrap_or_default());
    let mut response = next.run(request).instrument(span).await;
    response.headers_mut().insert(HEADER, id);
    response
}

/// The id that a proxy in front has given it, where that is one; else one of its own.
fn of(headers: &HeaderMap) -> HeaderValue {
    let said = headers.get(HEADER).filter(|id| is_id(id.as_bytes()));
    said.cloned().unwrap_or_else(|| {
        let number = getrandom::u64().unwrap_or_default();
        HeaderValue::from_str(&format!("{number:016x}")).expect("digits are a header")
    })
}

/// Letters, digits, `-` and `_`: nothing that a log could take for anything else.
fn is_id(bytes: &[u8]) -> bool {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=ID_BYTES_MAX).contains(&bytes.len()) && bytes.iter().all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_taken_where_they_are_ids() {
        let id_of = |said: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(HEADER, HeaderValue::from_static(said));
            of(&headers).to_str().unwrap().to_owned()
        };
        assert_eq!(id_of("trace-1_a"), "trace-1_a");
        let longest: &'static str = "a".repeat(ID_BYTES_MAX).leak();
        let too_long: &'static str = "a".repeat(ID_BYTES_MAX + 1).leak();
        assert_eq!(id_of(longest), longest);
        for refused in ["", "a b", "a\tb", "{}", too_long] {
            let id = id_of(refused);
            assert_eq!(id.len(), 16, "{id}");
            assert_ne!(id, id_of(refused), "each has its own");
        }
    }
}
