//! `vigia notifications`: the texts of notifications, as people read them; needs no database.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::json;
use vigia_core::{Locale, NotificationKind, NotificationText, RenderInput, nearest};
use vigia_notify::{FluentTexts, TextKind, sample_input};

use crate::cli::Common;
use crate::config::Overrides;
use crate::exit::Exit;

/// What to do with notifications.
#[derive(Debug, Subcommand)]
pub enum NotificationsCommand {
    /// Show a kind's text with made-up values, your own texts included
    Preview(PreviewArgs),
    /// List the kinds that have a text of their own, with what it may show
    Kinds {
        /// Print one JSON object a line
        #[arg(long)]
        json: bool,
    },
}

/// Flags of `vigia notifications preview`.
#[derive(Debug, Args)]
pub struct PreviewArgs {
    /// The kind, such as `SEND_RECEIVED`
    kind: String,
    /// Only in this language: es, en or pt
    #[arg(long, value_name = "LANGUAGE")]
    locale: Option<String>,
    /// Show the text without amounts, as on a lock screen
    #[arg(long)]
    hide_amounts: bool,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(common: &Common, command: NotificationsCommand) -> anyhow::Result<ExitCode> {
    let texts = common.settings(Overrides::default())?.texts()?;
    match command {
        NotificationsCommand::Preview(args) => preview(&texts, &args)?,
        NotificationsCommand::Kinds { json } => list(&texts.kinds(), json),
    }
    Ok(ExitCode::SUCCESS)
}

fn preview(texts: &FluentTexts, args: &PreviewArgs) -> Result<(), Exit> {
    let locales = match &args.locale {
        Some(locale) => vec![locale.parse().map_err(Exit::bad_input)?],
        None => vec![Locale::Es, Locale::En, Locale::Pt],
    };
    let Some(found) = texts.kind(&args.kind) else {
        return Err(unknown(texts, &args.kind));
    };
    let kind = NotificationKind::new(found.kind);
    for locale in locales {
        let mut input = RenderInput {
            hides_amounts: args.hide_amounts,
            ..sample_input(&kind, locale)
        };
        let (title, text) = (texts.title(&input, locale), texts.render(&input, locale));
        input.hides_amounts = true;
        let hidden = texts.render(&input, locale);
        let locale = locale.as_str();
        if args.json {
            let kind = kind.as_str();
            let shown = json!({
                "kind": kind, "locale": locale, "title": title, "text": text, "hidden": hidden,
            });
            println!("{shown}");
        } else {
            println!("{locale}  title   {title}\n    text    {text}\n    hidden  {hidden}");
        }
    }
    Ok(())
}

/// What people would read instead, and what may be meant.
fn unknown(texts: &FluentTexts, name: &str) -> Exit {
    let kind = NotificationKind::new(name);
    let generic = texts.render(&sample_input(&kind, Locale::Es), Locale::Es);
    let kinds = texts.kinds();
    let wanted = name.to_ascii_uppercase().replace('-', "_");
    let hint = match nearest(&wanted, kinds.iter().map(|kind| &*kind.kind)) {
        Some(near) => format!("did you mean {near}?"),
        None => "`vigia notifications kinds` lists those that have".to_owned(),
    };
    Exit::bad_input(format!(
        "{name:?} has no text of its own, people would read {generic:?}; {hint}"
    ))
}

fn list(kinds: &[TextKind], json: bool) {
    for kind in kinds {
        let about = kind.about.unwrap_or("of your own texts");
        if json {
            let shown = json!({
                "kind": kind.kind, "about": about, "variables": kind.variables,
                "builtIn": kind.about.is_some(),
            });
            println!("{shown}");
        } else {
            println!("{:<26} {about}", kind.kind);
            println!("{:<26} ${}", "", kind.variables.join(" $"));
        }
    }
}
