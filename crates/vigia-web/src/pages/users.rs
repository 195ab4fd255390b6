//! `/users`: who signs in, by what and when last, for operators; admins say there what others may do.

use std::sync::Arc;

use axum::Form;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use form_urlencoded::Serializer;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::json;
use vigia_core::UserRole;
use vigia_store::{Login, RoleOutcome, SessionRow, StoreError, TokenRow};

use super::item::{deadline, time};
use super::layout::empty;
use super::operators::{Operating, Operator, operator_page, unreadable};
use super::settings::session_facts;
use super::{PAGE, internal_error, refused};
use crate::app::App;
use crate::reader::Reader;
use crate::text::{OperatorWords, operator_words, settings_words};

/// The address's parameters as they come.
#[derive(Deserialize)]
pub(crate) struct Asked {
    /// Only this one, with all by which they are signed in.
    user: Option<String>,
    #[serde(default)]
    after: String,
    /// What was done last.
    done: Option<String>,
}

/// The list (`?after=`), or one user (`?user=`).
pub(crate) async fn users(
    State(app): State<Arc<App>>,
    Operator(reader): Operator,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let Ok(Query(asked)) = asked else {
        return unreadable(&reader, "user or after: not readable");
    };
    let user = asked.user.as_deref().map(str::trim);
    // No id has a zero byte, and Postgres takes none.
    if asked.after.contains('\0') || user.is_some_and(|user| user.contains('\0')) {
        return unreadable(&reader, operator_words(reader.locale).unknown_user);
    }
    let Some(user) = user.filter(|user| !user.is_empty()) else {
        let rows = app.context.store.login_list(&asked.after, PAGE + 1);
        return match rows.await {
            Ok(rows) => list(&reader, rows, !asked.after.is_empty()),
            Err(error) => internal_error(reader.locale, &error),
        };
    };
    match Found::read(&app, user).await {
        Ok(Some(found)) => {
            let done = asked.done.as_deref().and_then(Done::read);
            one(&app, &reader, &found, done)
        }
        Ok(None) => unreadable(&reader, operator_words(reader.locale).unknown_user),
        Err(error) => internal_error(reader.locale, &error),
    }
}

/// What a button does.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Action {
    EndSessions,
    RevokeToken,
    /// For admins.
    SetRole,
}

/// The form of a button.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Order {
    action: Action,
    user: String,
    /// Of the token.
    #[serde(default)]
    id: Option<i64>,
    /// What the user may do.
    #[serde(default)]
    role: Option<String>,
}

/// Ends sessions, takes a token back or gives a role. Done again it changes nothing more.
pub(crate) async fn user_ordered(
    State(app): State<Arc<App>>,
    Operating(reader): Operating,
    order: Result<Form<Order>, FormRejection>,
) -> Response {
    let Ok(Form(order)) = order else {
        return unreadable(&reader, "this is no order that the page has a button for");
    };
    if matches!(order.action, Action::SetRole) && !reader.principal.is_admin() {
        return refused(&reader, StatusCode::FORBIDDEN, None);
    }
    let carried_out = carry_out(&app, &order).await;
    match carried_out {
        Ok(Some((action, done))) => {
            let subject = match (order.id, &order.role) {
                (Some(id), _) => json!({ "user": order.user, "id": id.to_string() }),
                (None, Some(role)) => json!({ "user": order.user, "role": role }),
                (None, None) => json!({ "user": order.user }),
            };
            if !matches!(done, Done::LastAdmin) {
                reader.record(&app.context, action, subject).await;
            }
            let to = address(&[("user", &order.user), ("done", done.as_str())]);
            Redirect::to(&to).into_response()
        }
        Ok(None) => unreadable(&reader, operator_words(reader.locale).unknown_user),
        Err(error) => internal_error(reader.locale, &error),
    }
}

/// None where there is no such user, or a token without an id.
async fn carry_out(app: &App, order: &Order) -> Result<Option<(&'static str, Done)>, StoreError> {
    let store = &app.context.store;
    if order.user.contains('\0') {
        return Ok(None);
    }
    let Some(login) = store.login_find(&order.user).await? else {
        return Ok(None);
    };
    Ok(match (order.action, order.id) {
        (Action::SetRole, None) => {
            let Some(Ok(role)) = order.role.as_deref().map(str::parse) else {
                return Ok(None);
            };
            let done = match store.role_set(&order.user, role).await? {
                RoleOutcome::Set(before) => Done::RoleSet.or_nothing(before != role),
                RoleOutcome::LastAdmin => Done::LastAdmin,
                RoleOutcome::NoUser => return Ok(None),
            };
            Some(("set-role", done))
        }
        (Action::EndSessions, None) => {
            let ended = store.session_end_all(login.user.id).await?;
            Some(("end-sessions", Done::SessionsEnded.or_nothing(ended > 0)))
        }
        (Action::RevokeToken, Some(id)) => {
            let tokens = store.token_list(Some(login.user.id)).await?;
            let is_theirs = tokens.iter().any(|token| token.id == id);
            let revoked = is_theirs && store.token_revoke(id).await?;
            Some(("revoke-token", Done::Revoked.or_nothing(revoked)))
        }
        _ => None,
    })
}

/// What was done, as the address of the page says it.
#[derive(Clone, Copy)]
enum Done {
    SessionsEnded,
    Revoked,
    RoleSet,
    LastAdmin,
    Nothing,
}

impl Done {
    fn or_nothing(self, done: bool) -> Self {
        if done { self } else { Self::Nothing }
    }

    fn read(text: &str) -> Option<Self> {
        let all = [
            Self::SessionsEnded,
            Self::Revoked,
            Self::RoleSet,
            Self::LastAdmin,
            Self::Nothing,
        ];
        let mut all = all.into_iter();
        all.find(|done| done.as_str() == text)
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::SessionsEnded => "sessions-ended",
            Self::Revoked => "revoked",
            Self::RoleSet => "role-set",
            Self::LastAdmin => "last-admin",
            Self::Nothing => "nothing",
        }
    }

    fn text(self, words: &OperatorWords) -> &'static str {
        match self {
            Self::SessionsEnded => words.sessions_ended,
            Self::Revoked => words.revoked,
            Self::RoleSet => words.role_set,
            Self::LastAdmin => words.last_admin,
            Self::Nothing => words.nothing_done,
        }
    }
}

fn address(pairs: &[(&str, &str)]) -> String {
    let mut query = Serializer::new(String::new());
    format!("/users?{}", query.extend_pairs(pairs).finish())
}

fn list(reader: &Reader, mut rows: Vec<Login>, is_further: bool) -> Response {
    let words = operator_words(reader.locale);
    let page = usize::try_from(PAGE).unwrap_or(usize::MAX);
    let has_more = rows.len() > page;
    rows.truncate(page);
    let next = rows.last().filter(|_| has_more);
    let next = next.map(|row| address(&[("after", &row.user.external_id)]));
    let content = html! {
        (search(reader))
        @if rows.is_empty() {
            (empty(words.no_users, words.no_users_hint, Some("vigia user create root --admin")))
        } @else { p.note {
                (words.users_hint)
                @if !reader.principal.is_admin() { " " (words.roles_hint) }
            } }
        ul.feed {
            @for row in &rows {
                li data-user=(row.user.external_id) {
                    a href=(address(&[("user", &row.user.external_id)])) { (login(row, words)) }
                }
            }
        }
        nav.paging aria-label=(words.users) {
            @if is_further { a href="/users" { (words.users) } }
            @if let Some(next) = next {
                a rel="next" href=(next) { (crate::text::words(reader.locale).failed_next) }
            }
        }
    };
    operator_page(reader, words.users, content).into_response()
}

fn search(reader: &Reader) -> Markup {
    let words = operator_words(reader.locale);
    html! {
        form.filter method="get" action="/users" {
            label.field {
                span { (words.user) }
                input name="user" required maxlength="200" autocapitalize="none" spellcheck="false";
            }
            div.actions { button type="submit" { (words.show) } }
        }
    }
}

fn login(row: &Login, words: &OperatorWords) -> Markup {
    let password = match row.password_hash {
        Some(_) => words.by_password,
        None => words.no_password,
    };
    html! {
        span.what {
            span.title { (row.user.external_id) span.party { " · " (row.user.display_name) } }
            span.meta {
                span data-role=(row.role.as_str()) { (words.role(row.role)) }
                span { (password) }
            }
        }
    }
}

/// A user with all by which they are signed in.
struct Found {
    login: Login,
    sessions: Vec<SessionRow>,
    tokens: Vec<TokenRow>,
}

impl Found {
    async fn read(app: &App, user: &str) -> Result<Option<Self>, StoreError> {
        let store = &app.context.store;
        let Some(login) = store.login_find(user).await? else {
            return Ok(None);
        };
        let id = Some(login.user.id);
        Ok(Some(Self {
            sessions: store.session_list(id).await?,
            tokens: store.token_list(id).await?,
            login,
        }))
    }
}

fn one(app: &App, reader: &Reader, found: &Found, done: Option<Done>) -> Response {
    let words = operator_words(reader.locale);
    let now_ms = app.context.clock.now_ms();
    let title = &found.login.user.external_id;
    let content = html! {
        @if let Some(done) = done {
            p.note role="status" data-done=(done.as_str()) { b { (done.text(words)) } }
        }
        div data-user=(title) { (login(&found.login, words)) }
        @if reader.principal.is_admin() { (role_form(found, reader)) }
        @else { p.note { (words.roles_hint) } }
        (sessions(found, reader, now_ms))
        (tokens(found, reader, now_ms))
        p { a href="/users" { (words.users) } }
    };
    operator_page(reader, title, content).into_response()
}

/// What the user may do, for admins to say.
fn role_form(found: &Found, reader: &Reader) -> Markup {
    let words = operator_words(reader.locale);
    html! {
        form.filter method="post" action="/users" data-role-form {
            input type="hidden" name="action" value="set-role";
            input type="hidden" name="user" value=(found.login.user.external_id);
            label.field {
                span { (words.role_label) }
                select name="role" {
                    @for role in [UserRole::User, UserRole::Operator, UserRole::Admin] {
                        option value=(role.as_str()) selected[role == found.login.role] { (words.role(role)) }
                    }
                }
            }
            div.actions { button type="submit" disabled[!reader.may_write] { (words.set_role) } }
        }
        p.note { (words.role_hint) }
    }
}

fn sessions(found: &Found, reader: &Reader, now_ms: u64) -> Markup {
    let (words, of_sessions) = (operator_words(reader.locale), settings_words(reader.locale));
    html! {
        section {
            div.heading {
                h2 { (of_sessions.sessions) }
                @if !found.sessions.is_empty() {
                    (button("end-sessions", found, None, words.end_sessions, reader))
                }
            }
            @if found.sessions.is_empty() { p.note { (of_sessions.no_sessions) } }
            ul.balances.own {
                @for row in &found.sessions {
                    li data-session=(row.id) { (session_facts(row, None, reader, now_ms)) }
                }
            }
        }
    }
}

fn tokens(found: &Found, reader: &Reader, now_ms: u64) -> Markup {
    let words = operator_words(reader.locale);
    html! {
        section {
            h2 { (words.tokens) }
            @if found.tokens.is_empty() { p.note { (words.no_tokens) } }
            ul.balances.own {
                @for row in &found.tokens {
                    li data-token=(row.id) {
                        (token(row, reader, now_ms))
                        (button("revoke-token", found, Some(row.id), words.revoke, reader))
                    }
                }
            }
        }
    }
}

fn token(row: &TokenRow, reader: &Reader, now_ms: u64) -> Markup {
    let (words, of_sessions) = (operator_words(reader.locale), settings_words(reader.locale));
    html! {
        span.what {
            span.title { (row.name) " " code { (row.scope) } }
            span.meta {
                span { (words.made) " " (time(row.created_at_ms, now_ms, reader.locale)) }
                @match row.used_at_ms {
                    Some(at_ms) => span { (of_sessions.last_use) " " (time(at_ms, now_ms, reader.locale)) },
                    None => span { (words.never_used) },
                }
                @match row.expires_at_ms {
                    Some(at_ms) => span { (of_sessions.expires) " " (deadline(at_ms)) },
                    None => span { (words.never_ends) },
                }
            }
        }
    }
}

fn button(action: &str, found: &Found, id: Option<i64>, name: &str, reader: &Reader) -> Markup {
    html! {
        form.actions method="post" action="/users" {
            input type="hidden" name="action" value=(action);
            input type="hidden" name="user" value=(found.login.user.external_id);
            @if let Some(id) = id { input type="hidden" name="id" value=(id); }
            button type="submit" disabled[!reader.may_write] {
                (name)
                @if let Some(id) = id { span.unseen { " " (id) } }
            }
        }
    }
}
