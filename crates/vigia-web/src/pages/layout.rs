//! The frame around every page.

use axum::response::{Html, IntoResponse, Response};
use maud::{DOCTYPE, Markup, html};
use vigia_core::Locale;

use crate::text::{balance_words, deal_words, settings_words, sign_in_words, words};

/// Files are named with the version, so that a new vigia brings new ones.
const CSS: &str = concat!("/assets/vigia.css?v=", env!("CARGO_PKG_VERSION"));
const JS: &str = concat!("/assets/vigia.js?v=", env!("CARGO_PKG_VERSION"));
/// Loaded by the page where wallets sign in alone.
pub(super) const WALLET_JS: &str = concat!("/assets/wallet.js?v=", env!("CARGO_PKG_VERSION"));
const MARK: &str = concat!("/assets/vigia.svg?v=", env!("CARGO_PKG_VERSION"));

/// A page of the navigation.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    Activity,
    Balances,
    Deals,
    Inbox,
    Ingestion,
    /// None of them.
    Other,
}

/// What a page is made of.
pub(super) struct Page<'a> {
    pub(super) locale: Locale,
    /// Who is signed in; none where nobody is.
    pub(super) name: Option<&'a str>,
    pub(super) section: Section,
    pub(super) title: &'a str,
    /// Reloads without script after so many seconds; with script only what is marked changes.
    pub(super) refresh_seconds: Option<u32>,
    pub(super) content: Markup,
}

impl IntoResponse for Page<'_> {
    fn into_response(self) -> Response {
        Html(self.render().into_string()).into_response()
    }
}

impl Page<'_> {
    fn render(&self) -> Markup {
        let words = words(self.locale);
        html! {
            (DOCTYPE)
            html lang=(self.locale.as_str()) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    title { (self.title) " · vigia" }
                    link rel="icon" href=(MARK) type="image/svg+xml";
                    link rel="stylesheet" href=(CSS);
                    script src=(JS) defer {}
                    @if let Some(seconds) = self.refresh_seconds {
                        noscript { meta http-equiv="refresh" content=(seconds); }
                    }
                }
                body {
                    a.skip href="#content" { (words.skip) }
                    (self.header())
                    main #content tabindex="-1" { (self.content) }
                    (self.footer())
                }
            }
        }
    }

    fn header(&self) -> Markup {
        let words = words(self.locale);
        let sections = [
            (Section::Activity, "/", words.activity),
            (
                Section::Balances,
                "/balances",
                balance_words(self.locale).title,
            ),
            (Section::Deals, "/trades", deal_words(self.locale).title),
            (Section::Inbox, "/inbox", words.inbox),
            (Section::Ingestion, "/ingestion", words.ingestion),
        ];
        html! {
            header.top {
                div.bar {
                    a.brand href="/" aria-label="vigia" {
                        img src=(MARK) alt="" width="28" height="28";
                        span { "vigia" }
                    }
                    nav aria-label="vigia" {
                        @for (section, path, name) in sections {
                            a href=(path) aria-current=[(section == self.section).then_some("page")] {
                                (name)
                            }
                        }
                    }
                    form.search action="/search" method="get" role="search" {
                        input type="search" name="q" maxlength="200" autocomplete="off"
                            spellcheck="false" aria-label=(words.search_hint)
                            placeholder=(words.search_hint);
                        button type="submit" { (words.search) }
                    }
                }
            }
        }
    }

    fn footer(&self) -> Markup {
        let words = words(self.locale);
        html! {
            footer.bottom {
                p { (words.tagline) }
                @if let Some(name) = self.name {
                    form.signed-in method="post" action="/sign-out" {
                        a href="/settings" { (settings_words(self.locale).title) }
                        span { (name) }
                        button type="submit" { (sign_in_words(self.locale).sign_out) }
                    }
                }
                p.languages aria-label=(words.language) {
                    @for (locale, name) in
                        [(Locale::Es, "Español"), (Locale::En, "English"), (Locale::Pt, "Português")]
                    {
                        a href={ "?lang=" (locale.as_str()) } lang=(locale.as_str())
                            aria-current=[(locale == self.locale).then_some("true")] { (name) }
                    }
                }
            }
        }
    }
}

/// Something that is empty, and what to do about it.
pub(super) fn empty(title: &str, hint: &str, command: Option<&str>) -> Markup {
    html! {
        section.empty {
            img src=(MARK) alt="" width="56" height="56";
            h2 { (title) }
            p { (hint) }
            @if let Some(command) = command { pre { code { (command) } } }
        }
    }
}
