//! `/settings`: how a user wants to be told, on which devices, and where they are signed in.
//!
//! Plain forms, so that it works without script. Everything is the reader's own: no form names a user.

mod form;
mod lists;

use std::sync::Arc;

use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::json;
use vigia_core::UserId;
use vigia_store::{DeviceRow, SessionRow, StoreError};

use self::form::{PreferenceForm, Wrong};
use super::layout::{Page, Section, empty};
use super::{internal_error, refused};
pub(super) use lists::session_facts;

use crate::app::App;
use crate::own_devices::{LISTED_MAX, REMOVED};
use crate::reader::{Reader, query_value};
use crate::text::{SettingsWords, address_words, endpoint_words, settings_words};

/// The page, with what was done last (`?done=`).
pub(crate) async fn settings(
    State(app): State<Arc<App>>,
    reader: Reader,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    let Some(user) = reader.principal.user() else {
        return of_nobody(&reader);
    };
    let found = async {
        let preferences = app.context.store.preference_find(user).await?;
        let form = PreferenceForm::from(&preferences);
        Ok((form, Found::read(&app, user, &headers).await?))
    };
    match found.await {
        Ok((form, found)) => {
            let done = query_value(&uri, "done").and_then(Done::read);
            page(&app, &reader, &found, &form, Said::Done(done)).into_response()
        }
        Err(error) => internal_error(reader.locale, &error),
    }
}

/// Keeps how the reader wants to be told, or says what cannot be.
pub(crate) async fn preferences_set(
    State(app): State<Arc<App>>,
    Own { reader, user }: Own,
    headers: HeaderMap,
    sent: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> Response {
    let sent = sent
        .ok()
        .and_then(|Form(pairs)| PreferenceForm::read(pairs));
    let Some(form) = sent else {
        return not_of_the_page(&reader);
    };
    let preferences = match form.preferences() {
        Ok(preferences) => preferences,
        Err(wrong) => {
            return match Found::read(&app, user, &headers).await {
                Ok(found) => {
                    let page = page(&app, &reader, &found, &form, Said::Wrong(wrong));
                    (StatusCode::BAD_REQUEST, page).into_response()
                }
                Err(error) => internal_error(reader.locale, &error),
            };
        }
    };
    let set = app.context.store.preference_set(user, &preferences).await;
    let set = set.map(|()| Done::Saved);
    answer(&app, &reader, "set-preferences", None, set).await
}

/// What a button is about.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Keyed {
    id: i64,
}

/// Pushes nothing more to a device of the reader.
pub(crate) async fn device_removed(
    State(app): State<Arc<App>>,
    Own { reader, user }: Own,
    sent: Result<Form<Keyed>, FormRejection>,
) -> Response {
    let Ok(Form(Keyed { id })) = sent else {
        return not_of_the_page(&reader);
    };
    let store = &app.context.store;
    let removed = store.device_remove(Some(user), id, REMOVED).await;
    let done = removed.map(|removed| Done::Removed.or_nothing(removed));
    answer(&app, &reader, "remove-device", Some(id), done).await
}

/// Ends a session of the reader.
pub(crate) async fn session_ended(
    State(app): State<Arc<App>>,
    Own { reader, user }: Own,
    sent: Result<Form<Keyed>, FormRejection>,
) -> Response {
    let Ok(Form(Keyed { id })) = sent else {
        return not_of_the_page(&reader);
    };
    let ended = app.context.store.session_end_one(user, id).await;
    let done = ended.map(|ended| Done::Ended.or_nothing(ended));
    answer(&app, &reader, "end-session", Some(id), done).await
}

/// Ends all sessions of the reader but the one they ask by; all where that is none.
pub(crate) async fn other_sessions_ended(
    State(app): State<Arc<App>>,
    Own { reader, user }: Own,
    headers: HeaderMap,
) -> Response {
    let store = &app.context.store;
    let ended = async {
        match this_session(&app, &headers).await? {
            Some(id) => store.session_end_others(user, id).await,
            None => store.session_end_all(user).await,
        }
    };
    let done = ended
        .await
        .map(|ended| Done::OthersEnded.or_nothing(ended > 0));
    answer(&app, &reader, "end-other-sessions", None, done).await
}

/// A user who changes something of their own.
pub(crate) struct Own {
    reader: Reader,
    user: UserId,
}

impl FromRequestParts<Arc<App>> for Own {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Response> {
        let reader = Reader::from_request_parts(parts, app).await?;
        if !reader.may_write {
            return Err(refused(&reader, StatusCode::FORBIDDEN, None));
        }
        match reader.principal.user() {
            Some(user) => Ok(Self { reader, user }),
            None => {
                let why = settings_words(reader.locale).nobody_hint.to_owned();
                Err(refused(&reader, StatusCode::BAD_REQUEST, Some(why)))
            }
        }
    }
}

fn not_of_the_page(reader: &Reader) -> Response {
    let why = "this is no form of the page".to_owned();
    refused(reader, StatusCode::BAD_REQUEST, Some(why))
}

/// Goes back to the page, which says what was done.
async fn answer(
    app: &App,
    reader: &Reader,
    action: &str,
    id: Option<i64>,
    done: Result<Done, StoreError>,
) -> Response {
    match done {
        Ok(done) => {
            let subject = id.map_or_else(|| json!({}), |id| json!({ "id": id.to_string() }));
            reader.record(&app.context, action, subject).await;
            Redirect::to(&format!("/settings?done={}", done.as_str())).into_response()
        }
        Err(error) => internal_error(reader.locale, &error),
    }
}

/// The session by which somebody asks; none with a token.
async fn this_session(app: &App, headers: &HeaderMap) -> Result<Option<i64>, StoreError> {
    let sign_in = app.context.authenticator.sign_in();
    match sign_in.and_then(|sign_in| sign_in.session_hash(headers)) {
        Some(hash) => app.context.store.session_key(&hash).await,
        None => Ok(None),
    }
}

/// What was done, as the address of the page says it.
#[derive(Clone, Copy)]
enum Done {
    Saved,
    Removed,
    Ended,
    OthersEnded,
    Nothing,
}

impl Done {
    const ALL: [Self; 5] = [
        Self::Saved,
        Self::Removed,
        Self::Ended,
        Self::OthersEnded,
        Self::Nothing,
    ];

    fn or_nothing(self, done: bool) -> Self {
        if done { self } else { Self::Nothing }
    }

    fn read(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|done| done.as_str() == text)
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Saved => "saved",
            Self::Removed => "removed",
            Self::Ended => "ended",
            Self::OthersEnded => "others-ended",
            Self::Nothing => "nothing",
        }
    }

    fn text(self, words: &SettingsWords) -> &'static str {
        match self {
            Self::Saved => words.saved,
            Self::Removed => words.device_removed,
            Self::Ended => words.session_ended,
            Self::OthersEnded => words.others_ended,
            Self::Nothing => words.nothing_done,
        }
    }
}

/// What the page says of the last form.
#[derive(Clone, Copy)]
enum Said {
    Done(Option<Done>),
    Wrong(Wrong),
}

/// What the page lists.
struct Found {
    devices: Vec<DeviceRow>,
    sessions: Vec<SessionRow>,
    this_session: Option<i64>,
}

impl Found {
    async fn read(app: &App, user: UserId, headers: &HeaderMap) -> Result<Self, StoreError> {
        let store = &app.context.store;
        Ok(Self {
            devices: store.device_list(Some(user), 0, LISTED_MAX).await?,
            sessions: store.session_list(Some(user)).await?,
            this_session: this_session(app, headers).await?,
        })
    }
}

fn page<'a>(
    app: &App,
    reader: &'a Reader,
    found: &Found,
    form: &PreferenceForm,
    said: Said,
) -> Page<'a> {
    let words = settings_words(reader.locale);
    let now_ms = app.context.clock.now_ms();
    let wrong = match said {
        Said::Wrong(wrong) => Some(wrong),
        Said::Done(_) => None,
    };
    let content = html! {
        div.heading {
            h1 { (words.title) }
            nav.actions aria-label=(words.title) {
                a.button href="/addresses" { (address_words(reader.locale).title) }
                a.button href="/endpoints" { (endpoint_words(reader.locale).title) }
            }
        }
        (said_markup(said, words))
        (form.render(wrong, reader))
        (lists::devices(&found.devices, reader, now_ms))
        (lists::sessions(&found.sessions, found.this_session, reader, now_ms))
    };
    framed(reader, content)
}

fn framed(reader: &Reader, content: Markup) -> Page<'_> {
    Page {
        locale: reader.locale,
        name: reader.name.as_deref(),
        section: Section::Other,
        title: settings_words(reader.locale).title,
        refresh_seconds: None,
        content,
    }
}

fn said_markup(said: Said, words: &SettingsWords) -> Markup {
    html! {
        @if let Said::Done(Some(done)) = said {
            p.note role="status" data-done=(done.as_str()) { b { (done.text(words)) } }
        }
    }
}

/// For whoever has nothing to set.
fn of_nobody(reader: &Reader) -> Response {
    let words = settings_words(reader.locale);
    let content = html! {
        div.heading { h1 { (words.title) } }
        (empty(words.nobody, words.nobody_hint, Some("vigia user create NAME")))
    };
    framed(reader, content).into_response()
}
