//! `/endpoints`: what members let other systems be told of their accounts, and how those are reached.
//!
//! Plain forms, so that it works without script. Of an endpoint that is not the reader's nothing is said, not even that it is.

mod form;
mod one;
mod order;

use std::sync::Arc;

use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde_json::json;
use vigia_store::{EndpointRow, EndpointState, StoreError};

use self::form::{EndpointForm, FormOf};
use self::order::Done;
use super::figures::{NO_FIGURE, figure};
use super::item::time;
use super::layout::{Page, Section, empty};
use super::{internal_error, refused};
use crate::app::App;
use crate::own_endpoints::{EndpointRefusal, OwnEndpoints, WrongWish};
use crate::reader::{Reader, query_value};
use crate::targets::{EndpointTarget, endpoints as all_targets};
use crate::text::{EndpointWords, count, delivery_words, endpoint_words, permille};

pub(crate) use one::{endpoint, endpoint_delivery};
pub(crate) use order::endpoint_ordered;

/// The list, with what was done last (`?done=`).
pub(crate) async fn endpoints(State(app): State<Arc<App>>, reader: Reader, uri: Uri) -> Response {
    let found = async {
        let own = OwnEndpoints::new(&app.context, &reader.principal);
        Ok((own.accounts().await?, targets(&app, &reader).await?))
    };
    let (accounts, targets) = match found.await {
        Ok(found) => found,
        Err(error) => return internal_error(reader.locale, &error),
    };
    let words = endpoint_words(reader.locale);
    let now_ms = app.context.clock.now_ms();
    let has_keeper = app.context.endpoints.is_some();
    let may_manage = accounts.is_none_or(|accounts| !accounts.is_empty());
    let done = query_value(&uri, "done").and_then(Done::read);
    let content = html! {
        div.heading {
            h1 { (words.title) }
            @if has_keeper && may_manage && reader.may_write {
                a.button href="/endpoints/new" { (words.new) }
            }
        }
        (said(done, words))
        @if !may_manage { (empty(words.not_yours, words.not_yours_hint, None)) }
        @else if !has_keeper { (empty(words.no_keeper, words.no_keeper_hint, None)) }
        @else if targets.is_empty() { (empty(words.none, words.none_hint, None)) }
        @else { p.note { (words.hint) } }
        ul.balances.targets {
            @for target in &targets { (item(target, &reader, now_ms)) }
        }
    };
    framed(&reader, words.title, content).into_response()
}

/// The reader's endpoints, with how each is reached.
async fn targets(app: &App, reader: &Reader) -> Result<Vec<EndpointTarget>, StoreError> {
    let own = OwnEndpoints::new(&app.context, &reader.principal);
    let rows = own.list().await?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let mut targets = all_targets(&app.context).await?;
    targets.retain(|target| rows.iter().any(|row| row.id == target.row.id));
    Ok(targets)
}

fn item(target: &EndpointTarget, reader: &Reader, now_ms: u64) -> Markup {
    let row = &target.row;
    html! {
        li data-endpoint=(row.spec.name) data-state=(row.state.as_str()) {
            div.heading {
                span.what {
                    a.title href={ "/endpoints/" (row.spec.name) } { (called(row)) }
                    (address(row, reader, now_ms))
                }
                (state(row, reader))
            }
            @if let Some(reason) = &row.reason { p.problem { (reason) } }
            (figures(target, reader))
        }
    }
}

/// What its owner calls it, else its name.
fn called(row: &EndpointRow) -> &str {
    match row.label.is_empty() {
        true => &row.spec.name,
        false => &row.label,
    }
}

fn state(row: &EndpointRow, reader: &Reader) -> Markup {
    let look = match row.state {
        EndpointState::Enabled => "state good",
        _ => "state bad",
    };
    html! { span class=(look) { (delivery_words(reader.locale).endpoint_state(row.state)) } }
}

/// Whose it is, where, and since when it fails.
fn address(row: &EndpointRow, reader: &Reader, now_ms: u64) -> Markup {
    let words = delivery_words(reader.locale);
    html! {
        span.meta {
            span { (row.account.as_ref().map_or("", |(_, name)| name)) }
            code { (row.spec.url) }
        }
        @if let Some(since_ms) = row.failing_since_ms {
            span.meta {
                span.failed { (words.failing_since) " " (time(since_ms, now_ms, reader.locale)) }
            }
        }
    }
}

/// How it was reached in the last day, and what waits or was given up.
fn figures(target: &EndpointTarget, reader: &Reader) -> Markup {
    let (words, locale) = (delivery_words(reader.locale), reader.locale);
    let stats = target.stats.as_ref();
    let success = stats.map(|stats| permille(stats.success_permille(), locale));
    let attempts = stats.map_or(0, |stats| stats.attempts);
    html! {
        dl.figures {
            (figure(endpoint_words(locale).success, success.as_deref().unwrap_or(NO_FIGURE)))
            (figure(words.attempts, &count(attempts, locale)))
            (figure(words.state(vigia_store::DeliveryState::Pending), &count(target.counts.pending, locale)))
            (figure(words.state(vigia_store::DeliveryState::Dead), &count(target.counts.dead, locale)))
        }
    }
}

/// The form of a new one.
pub(crate) async fn endpoint_new(State(app): State<Arc<App>>, reader: Reader) -> Response {
    form_new(&app, &reader, &EndpointForm::default(), None).await
}

async fn form_new(
    app: &App,
    reader: &Reader,
    form: &EndpointForm,
    wrong: Option<&WrongWish>,
) -> Response {
    let own = OwnEndpoints::new(&app.context, &reader.principal);
    let keeper = match own.keeper() {
        Ok(keeper) => keeper,
        Err(refusal) => return not_done(reader, refusal),
    };
    let found = async {
        let newest = own.list().await?.last().map_or(0, |row| row.id);
        Ok((own.accounts().await?, newest))
    };
    let (accounts, newest) = match found.await {
        Ok(found) => found,
        Err(error) => return internal_error(reader.locale, &error),
    };
    if accounts.as_ref().is_some_and(Vec::is_empty) {
        return refused(reader, StatusCode::NOT_FOUND, None);
    }
    let words = endpoint_words(reader.locale);
    let of = FormOf::New {
        accounts: accounts.as_deref(),
        newest,
    };
    let content = form.render(&of, keeper.per_second_max(), wrong, reader);
    answer_form(reader, words.new, content, wrong)
}

fn answer_form(
    reader: &Reader,
    title: &str,
    content: Markup,
    wrong: Option<&WrongWish>,
) -> Response {
    let content = html! {
        div.heading { h1 { (title) } }
        (content)
    };
    let status = match wrong {
        Some(_) => StatusCode::BAD_REQUEST,
        None => StatusCode::OK,
    };
    (status, framed(reader, title, content)).into_response()
}

/// Makes one. Sent twice, the form makes one.
pub(crate) async fn endpoint_create(
    State(app): State<Arc<App>>,
    Writer(reader): Writer,
    sent: Result<Form<EndpointForm>, FormRejection>,
) -> Response {
    let Ok(Form(form)) = sent else {
        return not_of_the_page(&reader);
    };
    let own = OwnEndpoints::new(&app.context, &reader.principal);
    let created = async {
        if let Some(name) = form.made_already(&own.list().await?) {
            return Ok((name, None));
        }
        let (row, secret) = own
            .create(&form.account, form.wish()?, form.is_hmac()?)
            .await?;
        Ok((row.spec.name, secret))
    };
    match created.await {
        Ok((name, secret)) => {
            let subject = json!({ "name": name, "account": form.account });
            reader
                .record(&app.context, "create-endpoint", subject)
                .await;
            done_with(&reader, &name, Done::Created, secret)
        }
        Err(EndpointRefusal::Wrong(wrong)) => form_new(&app, &reader, &form, Some(&wrong)).await,
        Err(refusal) => not_done(&reader, refusal),
    }
}

/// The form of one that is there.
pub(crate) async fn endpoint_edit(
    State(app): State<Arc<App>>,
    reader: Reader,
    Path(name): Path<String>,
) -> Response {
    let own = OwnEndpoints::new(&app.context, &reader.principal);
    match own.find(&name).await {
        Ok(row) => form_edit(&app, &reader, &row, &EndpointForm::from(&row), None),
        Err(refusal) => not_found(&reader, refusal),
    }
}

fn form_edit(
    app: &App,
    reader: &Reader,
    row: &EndpointRow,
    form: &EndpointForm,
    wrong: Option<&WrongWish>,
) -> Response {
    let own = OwnEndpoints::new(&app.context, &reader.principal);
    let keeper = match own.keeper() {
        Ok(keeper) => keeper,
        Err(refusal) => return not_done(reader, refusal),
    };
    let words = endpoint_words(reader.locale);
    let content = form.render(
        &FormOf::Old(&row.spec.name),
        keeper.per_second_max(),
        wrong,
        reader,
    );
    answer_form(reader, words.edit, content, wrong)
}

/// Changes one.
pub(crate) async fn endpoint_update(
    State(app): State<Arc<App>>,
    Writer(reader): Writer,
    Path(name): Path<String>,
    sent: Result<Form<EndpointForm>, FormRejection>,
) -> Response {
    let own = OwnEndpoints::new(&app.context, &reader.principal);
    let row = match own.find(&name).await {
        Ok(row) => row,
        Err(refusal) => return not_found(&reader, refusal),
    };
    let Ok(Form(form)) = sent else {
        return not_of_the_page(&reader);
    };
    let updated = async { own.update(&name, form.wish()?).await };
    match updated.await {
        Ok(_) => {
            let subject = json!({ "name": name });
            reader
                .record(&app.context, "update-endpoint", subject)
                .await;
            done_with(&reader, &name, Done::Changed, None)
        }
        Err(EndpointRefusal::Wrong(wrong)) => form_edit(&app, &reader, &row, &form, Some(&wrong)),
        Err(refusal) => not_done(&reader, refusal),
    }
}

/// Asks whether one is to be removed.
pub(crate) async fn endpoint_remove(
    State(app): State<Arc<App>>,
    reader: Reader,
    Path(name): Path<String>,
) -> Response {
    let own = OwnEndpoints::new(&app.context, &reader.principal);
    let row = match own.find(&name).await {
        Ok(row) => row,
        Err(refusal) => return not_found(&reader, refusal),
    };
    let words = endpoint_words(reader.locale);
    let now_ms = app.context.clock.now_ms();
    let content = html! {
        div.heading { h1 { (words.remove) ": " (called(&row)) } }
        (address(&row, &reader, now_ms))
        p.problem { (words.remove_hint) }
        form.actions method="post" action={ "/endpoints/" (name) "/remove" } {
            button.danger type="submit" disabled[!reader.may_write] { (words.remove) }
            a.button href={ "/endpoints/" (name) } { (words.back) }
        }
    };
    framed(&reader, words.remove, content).into_response()
}

/// Removes one. Whoever does so again finds that it is gone.
pub(crate) async fn endpoint_removed(
    State(app): State<Arc<App>>,
    Writer(reader): Writer,
    Path(name): Path<String>,
) -> Response {
    let own = OwnEndpoints::new(&app.context, &reader.principal);
    match own.remove(&name).await {
        Ok(_) => {
            let subject = json!({ "name": name });
            reader
                .record(&app.context, "remove-endpoint", subject)
                .await;
            let done = Done::Removed.as_str();
            Redirect::to(&format!("/endpoints?done={done}")).into_response()
        }
        Err(refusal) => not_found(&reader, refusal),
    }
}

/// Somebody who may change something.
pub(crate) struct Writer(Reader);

impl FromRequestParts<Arc<App>> for Writer {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Response> {
        let reader = Reader::from_request_parts(parts, app).await?;
        match reader.may_write {
            true => Ok(Self(reader)),
            false => Err(refused(&reader, StatusCode::FORBIDDEN, None)),
        }
    }
}

/// Back to the endpoint, which says what was done; first to its secret, where one was made.
fn done_with(reader: &Reader, name: &str, done: Done, secret: Option<String>) -> Response {
    let to = format!("/endpoints/{name}?done={}", done.as_str());
    let Some(secret) = secret else {
        return Redirect::to(&to).into_response();
    };
    let words = endpoint_words(reader.locale);
    let content = html! {
        div.heading { h1 { (words.secret) } }
        p.note { (words.secret_hint) }
        pre data-secret { code { (secret) } }
        p.actions { a.button href=(to) { (words.secret_kept) } }
    };
    framed(reader, words.secret, content).into_response()
}

fn said(done: Option<Done>, words: &EndpointWords) -> Markup {
    html! {
        @if let Some(done) = done {
            p.note role="status" data-done=(done.as_str()) { b { (done.text(words)) } }
        }
    }
}

fn framed<'a>(reader: &'a Reader, title: &'a str, content: Markup) -> Page<'a> {
    Page {
        locale: reader.locale,
        name: reader.name.as_deref(),
        section: Section::Other,
        title,
        refresh_seconds: None,
        content,
    }
}

fn not_of_the_page(reader: &Reader) -> Response {
    let why = "this is no form of the page".to_owned();
    refused(reader, StatusCode::BAD_REQUEST, Some(why))
}

/// The endpoint is not there for the reader.
fn not_found(reader: &Reader, refusal: EndpointRefusal) -> Response {
    match refusal {
        EndpointRefusal::Wrong(_) => refused(reader, StatusCode::NOT_FOUND, None),
        other => not_done(reader, other),
    }
}

fn not_done(reader: &Reader, refusal: EndpointRefusal) -> Response {
    let words = endpoint_words(reader.locale);
    match refusal {
        EndpointRefusal::Store(error) => internal_error(reader.locale, &error),
        EndpointRefusal::Wrong(wrong) => {
            let why = words.wrong(wrong.argument).to_owned();
            refused(reader, StatusCode::BAD_REQUEST, Some(why))
        }
        EndpointRefusal::NoKeeper => {
            let why = words.no_keeper_hint.to_owned();
            refused(reader, StatusCode::BAD_REQUEST, Some(why))
        }
        EndpointRefusal::Keys => {
            let why = words.keys_unusable.to_owned();
            refused(reader, StatusCode::INTERNAL_SERVER_ERROR, Some(why))
        }
    }
}
