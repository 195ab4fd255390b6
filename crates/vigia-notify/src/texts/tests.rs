//! Texts as people read them.

use proptest::prelude::*;
use vigia_core::{Address, NotificationKind, TextArg};

use super::*;

mod built_in;
mod overrides;

const NEWS: &str = "Hay novedades en tu cuenta";

/// Makes a text of a kind of which no more is known than this.
fn render(kind: &str, money: Option<&str>, who: Option<&str>, locale: Locale) -> String {
    let kind = NotificationKind::new(kind);
    let input = RenderInput {
        direction: Direction::In,
        money: money.map(ToOwned::to_owned),
        counterparty_name: who,
        ..RenderInput::new(&kind)
    };
    FluentTexts::built_in().render(&input, locale)
}

fn with_args(kind: &str, args: &[(&str, TextArg<'_>)], locale: Locale) -> String {
    let kind = NotificationKind::new(kind);
    let input = RenderInput {
        args,
        ..RenderInput::new(&kind)
    };
    FluentTexts::built_in().render(&input, locale)
}

#[test]
fn reads_as_people_write() {
    let mut bytes = [0u8; 32];
    (bytes[0], bytes[31]) = (0x12, 0xab);
    let kind = NotificationKind::new("SEND_FROM_EXTERNAL");
    let input = RenderInput {
        direction: Direction::In,
        money: Some("5.00 cUSD".to_owned()),
        counterparty: Some(Address::new(bytes)),
        ..RenderInput::new(&kind)
    };
    let text = |locale| FluentTexts::built_in().render(&input, locale);
    assert_eq!(text(Locale::Es), "Recibiste 5.00 cUSD de 0x12…ab");
    assert_eq!(text(Locale::En), "You received 5.00 cUSD from 0x12…ab");
    assert_eq!(text(Locale::Pt), "Você recebeu 5.00 cUSD de 0x12…ab");
}

#[test]
fn leaves_out_what_is_not_known() {
    let es = |kind, who| render(kind, Some("1.00 SUI"), who, Locale::Es);
    assert_eq!(es("SEND_RECEIVED", None), "Recibiste 1.00 SUI");
    assert_eq!(es("P2P_OFFER_ACCEPTED", None), "Tu oferta fue aceptada");
    assert_eq!(
        es("P2P_OFFER_ACCEPTED", Some("Ana")),
        "Ana aceptó tu oferta"
    );
    assert_eq!(
        render("SEND_RECEIVED", None, None, Locale::En),
        "You received an amount"
    );
}

#[test]
fn kinds_without_a_text_are_news() {
    for kind in ["NO_SUCH_KIND", "AN_AMOUNT", "DATE", "", "{ $money }"] {
        assert_eq!(
            render(kind, None, None, Locale::Pt),
            "Há novidades na sua conta",
            "{kind}"
        );
        assert_eq!(
            render(kind, Some("1.00 SUI"), Some("Ana"), Locale::Es),
            "Recibiste 1.00 SUI de Ana"
        );
    }
    let texts = FluentTexts::built_in();
    let kind = NotificationKind::new("NO_SUCH_KIND");
    let input = RenderInput {
        direction: Direction::Out,
        money: Some("1.00 SUI".to_owned()),
        ..RenderInput::new(&kind)
    };
    assert_eq!(texts.render(&input, Locale::Es), "Enviaste 1.00 SUI");
    assert_eq!(texts.title(&input, Locale::Es), "Dinero enviado");
    assert_eq!(texts.fallbacks(), 0, "it is no failure");
}

#[test]
fn names_are_not_templates() {
    let text = render(
        "SEND_RECEIVED",
        Some("1.00 SUI"),
        Some("{ $money }[x]"),
        Locale::Es,
    );
    assert_eq!(text, "Recibiste 1.00 SUI de { $money }[x]");
    for name in ["yes", "no", "none", "other"] {
        let text = render("SEND_RECEIVED", Some("1.00 SUI"), Some(name), Locale::Es);
        assert_eq!(text, format!("Recibiste 1.00 SUI de {name}"));
    }
}

#[test]
fn titles_are_the_accounts_where_money_is() {
    let kind = NotificationKind::new("SEND_RECEIVED");
    let texts = FluentTexts::built_in();
    let mut input = RenderInput::new(&kind);
    assert_eq!(texts.title(&input, Locale::Es), "Dinero recibido");
    input.account_name = Some("");
    assert_eq!(texts.title(&input, Locale::En), "Money received");
    input.account_name = Some("Café Luna");
    assert_eq!(texts.title(&input, Locale::Pt), "Café Luna");
}

#[test]
fn hidden_amounts_stay_out() {
    let texts = FluentTexts::built_in();
    let hidden = |kind: &str| {
        let kind = NotificationKind::new(kind);
        let input = RenderInput {
            hides_amounts: true,
            ..sample_input(&kind, Locale::Es)
        };
        texts.render(&input, Locale::Es)
    };
    assert_eq!(hidden("SEND_RECEIVED"), "Recibiste dinero de Ana");
    assert_eq!(hidden("DIGEST_RECEIVED"), "Recibiste 10 depósitos");
    assert_eq!(hidden("P2P_OFFER_ACCEPTED"), "Ana aceptó tu oferta");
    assert_eq!(hidden("NO_SUCH_KIND"), "Recibiste dinero de Ana");
}

#[test]
fn numbers_and_plurals_are_the_languages() {
    let count = |count, locale| with_args("DIGEST", &[("count", TextArg::Count(count))], locale);
    assert_eq!(count(10, Locale::Es), "10 novedades en tu cuenta");
    assert_eq!(count(1, Locale::Es), "Una novedad en tu cuenta");
    assert_eq!(count(0, Locale::Pt), "0 novidades na sua conta");
    assert_eq!(count(12_345, Locale::Es), "12,345 novedades en tu cuenta");
    assert_eq!(count(12_345, Locale::Pt), "12.345 novidades na sua conta");
    assert!(count(u64::MAX, Locale::En).ends_with(" pieces of news about your account"));
    let kind = NotificationKind::new("DIGEST_RECEIVED");
    let digest = |locale| FluentTexts::built_in().render(&sample_input(&kind, locale), locale);
    assert_eq!(digest(Locale::Es), "10 depósitos: 50.00 cUSD");
    assert_eq!(digest(Locale::Pt), "10 depósitos: 50,00 cUSD");
}

#[test]
fn times_are_the_readers() {
    let kind = NotificationKind::new("NEW_SIGN_IN");
    let mut input = sample_input(&kind, Locale::Es);
    let texts = FluentTexts::built_in();
    assert_eq!(
        texts.render(&input, Locale::Es),
        "Se inició sesión en tu cuenta desde Firefox: 28 nov 2026, 05:20 UTC. \
         Si no fuiste tú, cambia tu contraseña"
    );
    input.time_zone = Some("America/Bogota");
    assert!(
        texts
            .render(&input, Locale::En)
            .contains("28 Nov 2026, 00:20 UTC-5")
    );
}

#[test]
fn what_cannot_be_made_is_counted_and_replaced() {
    let texts = FluentTexts::built_in();
    let kind = NotificationKind::new("DIGEST");
    let without = RenderInput::new(&kind);
    assert_eq!(texts.render(&without, Locale::Es), NEWS);
    assert_eq!(texts.fallbacks(), 1);
    let wrong = RenderInput {
        args: &[("count", TextArg::Text("10"))],
        ..without.clone()
    };
    assert_eq!(texts.render(&wrong, Locale::Es), NEWS);
    assert_eq!(texts.fallbacks(), 2);
    assert_eq!(texts.told.lock().unwrap().len(), 1, "said once");
    texts.render(&wrong, Locale::En);
    assert_eq!(texts.told.lock().unwrap().len(), 2, "and in each language");
    assert_eq!(texts.title(&wrong, Locale::Es), "Novedades");
    assert_eq!(texts.fallbacks(), 3, "titles show no count");
}

proptest! {
    #[test]
    fn nothing_that_is_told_changes_the_text(
        name in ".*",
        other in "\\PC*",
        money in ".{1,40}",
        index in 0..variable::KNOWN.len(),
        locale in proptest::sample::select(&LOCALES[..]),
    ) {
        const MARK: &str = "\u{e000}";
        let kind = NotificationKind::new(variable::KNOWN[index].id);
        let texts = FluentTexts::built_in();
        let made = |who: &str, said: &str, money: &str| {
            let said = TextArg::Text(said);
            let input = RenderInput {
                money: Some(money.to_owned()),
                counterparty_name: Some(who),
                args: &[
                    ("count", TextArg::Count(7)),
                    ("time", TextArg::TimeMs(7)),
                    ("business", said),
                    ("client", said),
                    ("platform", said),
                    ("endpoint", said),
                    ("reason", said),
                ],
                ..RenderInput::new(&kind)
            };
            texts.render(&input, locale)
        };
        let marked = made(MARK, "\u{e001}", "\u{e002}");
        let filled = marked.split(MARK).map(|part| {
            part.replace('\u{e001}', "\u{e003}").replace('\u{e002}', &money).replace('\u{e003}', &other)
        });
        // Only where a value holds a mark itself would this way of filling differ.
        prop_assume!(!money.contains(['\u{e001}', '\u{e003}']));
        prop_assert_eq!(made(&name, &other, &money), filled.collect::<Vec<_>>().join(&name));
        prop_assert_eq!(texts.fallbacks(), 0);
    }

    #[test]
    fn no_kind_zone_or_time_is_too_odd(kind in ".*", zone in ".*", at: u64, count: u64) {
        let kind = NotificationKind::new(kind);
        let known = NotificationKind::new("PASSWORD_CHANGED");
        let args = [("count", TextArg::Count(count)), ("time", TextArg::TimeMs(at))];
        let texts = FluentTexts::built_in();
        for kind in [&kind, &known] {
            let input = RenderInput { args: &args, time_zone: Some(&zone), ..RenderInput::new(kind) };
            for locale in LOCALES {
                prop_assert!(!texts.render(&input, locale).is_empty());
                prop_assert!(!texts.title(&input, locale).is_empty());
            }
        }
    }
}
