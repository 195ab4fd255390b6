//! Who reads a page or asks a query, and in which language.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header::{ACCEPT, ACCEPT_LANGUAGE, COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::{IntoResponse, Response};
use vigia_core::{Locale, Principal, Scope, User};
use vigia_store::{ApplicationScopes, InboxQuery};

use crate::app::App;
use crate::guard::too_many;
use crate::pages::{ErrorPage, internal_error, sign_in_path};
use crate::rate::Who;
use crate::{AuthError, Identity, WebContext, graphql};

/// The cookie that remembers a language chosen with `?lang=`.
pub(crate) const LANGUAGE_COOKIE: &str = "lang";
/// Below these programs are answered, in the form of GraphQL also where they are refused.
const PROGRAMS: [&str; 2] = ["/graphql", "/v1/"];
/// Entries of `Accept-Language` that are looked at.
const LANGUAGES_MAX: usize = 10;

/// The reader of one request.
#[derive(Clone, Debug)]
pub(crate) struct Reader {
    pub(crate) principal: Principal,
    pub(crate) locale: Locale,
    /// Name of the user who is signed in.
    pub(crate) name: Option<String>,
    /// External id of that user.
    pub(crate) user: Option<String>,
    /// Whether they may change anything this way.
    pub(crate) may_write: bool,
    /// What they may do for an application.
    pub(crate) application: ApplicationScopes,
}

impl Reader {
    /// What the reader may read.
    pub(crate) fn scope(&self) -> Scope {
        self.principal.scope()
    }

    /// The reader's inbox; of an operator everybody's.
    pub(crate) fn inbox(&self, context: &WebContext) -> InboxQuery {
        InboxQuery {
            scope: self.scope(),
            reader: self.principal.user(),
            not_before_ms: context.inbox_not_before_ms(),
        }
    }
}

impl FromRequestParts<Arc<App>> for Reader {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Response> {
        let reader = Self::known(app, &parts.uri, &parts.headers).await;
        let reader = reader.map_err(|error| nobody(parts, app, error))?;
        let per_second = app.config.limits.user_per_second;
        let user = reader.principal.user();
        let now_ms = app.context.clock.now_ms();
        let is_within = match user {
            Some(user) => app.rates.take(Who::User(user.0), per_second, now_ms).await,
            None => true,
        };
        is_within.then_some(reader).ok_or_else(too_many)
    }
}

impl Reader {
    /// Who sent a request.
    pub(crate) async fn known(
        app: &App,
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Result<Self, AuthError> {
        let identity = app.context.authenticator.authenticate(headers).await?;
        let Identity {
            principal,
            user,
            may_write,
            application,
        } = identity;
        Ok(Self {
            principal,
            locale: chosen_locale(uri, headers)
                .or(user.as_ref().map(|user| user.locale))
                .or_else(|| accepted_locale(headers))
                .unwrap_or_default(),
            user: user.as_ref().map(|user| user.external_id.clone()),
            name: user.map(name),
            may_write,
            application,
        })
    }
}

fn name(user: User) -> String {
    match user.display_name.is_empty() {
        true => user.external_id,
        false => user.display_name,
    }
}

/// Programs are told in their form, browsers are led to where people sign in.
fn nobody(parts: &Parts, app: &App, error: AuthError) -> Response {
    let locale = locale(&parts.uri, &parts.headers);
    let path = parts.uri.path();
    let is_program = PROGRAMS.iter().any(|start| path.starts_with(start));
    match error {
        error if is_program => graphql::nobody(error),
        AuthError::Store(error) => internal_error(locale, &error),
        AuthError::SignInRequired if leads_to_sign_in(parts, app) => {
            let next = parts.uri.path_and_query();
            sign_in_path(next.map_or(path, |next| next.as_str()))
        }
        error => ErrorPage {
            status: error.status(),
            locale,
            detail: Some(error.to_string()),
        }
        .into_response(),
    }
}

fn leads_to_sign_in(parts: &Parts, app: &App) -> bool {
    let accepts = parts.headers.get(ACCEPT);
    let accepts = accepts.and_then(|accepts| accepts.to_str().ok());
    let is_page = accepts.is_some_and(|accepts| accepts.contains("text/html"));
    is_page && parts.method == Method::GET && app.context.authenticator.sign_in().is_some()
}

/// The language to answer in: `?lang=`, the cookie, what the browser asks for, Spanish.
pub(crate) fn locale(uri: &Uri, headers: &HeaderMap) -> Locale {
    chosen_locale(uri, headers)
        .or_else(|| accepted_locale(headers))
        .unwrap_or_default()
}

fn chosen_locale(uri: &Uri, headers: &HeaderMap) -> Option<Locale> {
    query_value(uri, "lang")
        .and_then(|lang| lang.parse().ok())
        .or_else(|| cookie_locale(headers))
}

/// The first value of a query parameter that needs no decoding.
pub(crate) fn query_value<'u>(uri: &'u Uri, name: &str) -> Option<&'u str> {
    uri.query()?
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find_map(|(key, value)| (key == name).then_some(value))
}

fn cookie_locale(headers: &HeaderMap) -> Option<Locale> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .find_map(|(name, value)| (name == LANGUAGE_COOKIE).then(|| value.parse().ok())?)
}

/// The first language of `Accept-Language` that vigia writes in; browsers list the preferred first.
fn accepted_locale(headers: &HeaderMap) -> Option<Locale> {
    let accepted = headers.get(ACCEPT_LANGUAGE)?.to_str().ok()?;
    accepted
        .split(',')
        .take(LANGUAGES_MAX)
        .filter_map(|entry| entry.split(';').next())
        .find_map(|tag| tag.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn chosen(uri: &'static str, cookie: &'static str, accept: &'static str) -> Locale {
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, HeaderValue::from_static(cookie));
        headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_static(accept));
        locale(&Uri::from_static(uri), &headers)
    }

    #[test]
    fn the_nearest_wish_wins() {
        assert_eq!(chosen("/?lang=pt", "lang=en", "es"), Locale::Pt);
        assert_eq!(chosen("/", "a=b; lang=en", "es"), Locale::En);
        assert_eq!(chosen("/", "", "de-DE,pt-BR;q=0.9,en;q=0.8"), Locale::Pt);
        assert_eq!(chosen("/?lang=tlh", "lang=x", "de"), Locale::Es);
    }
}
