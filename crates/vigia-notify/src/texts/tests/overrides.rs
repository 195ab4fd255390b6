//! Texts that are put over the built-in ones, and all that can be wrong with them.

use tempfile::{TempDir, tempdir};

use super::*;

fn directory(files: &[(&str, &str)]) -> TempDir {
    let dir = tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(dir.path().join(name), text).unwrap();
    }
    dir
}

fn good(files: &[(&str, &str)]) -> FluentTexts {
    FluentTexts::with_overrides(directory(files).path()).unwrap()
}

fn problems(files: &[(&str, &str)]) -> Vec<TextProblem> {
    match FluentTexts::with_overrides(directory(files).path()) {
        Err(TextsError::Problems(problems)) => problems,
        Err(error) => panic!("{error}"),
        Ok(_) => Vec::new(),
    }
}

/// The only problem of a Spanish file, as people read it.
fn problem(text: &str) -> String {
    let found = problems(&[("es.ftl", text)]);
    assert_eq!(found.len(), 1, "{text}: {found:#?}");
    found[0].to_string()
}

fn body(texts: &FluentTexts, kind: &str, locale: Locale) -> String {
    let kind = NotificationKind::new(kind);
    texts.render(&sample_input(&kind, locale), locale)
}

#[test]
fn a_message_is_replaced_and_the_rest_stays() {
    let texts = good(&[(
        "es.ftl",
        "send-received = ¡{ $who } te mandó { $money }!\n\
         digest =\n    .title = Hay { $count } novedades\n\
         -app = Confío\n\
         endpoint-test = Prueba de { -app }\n",
    )]);
    assert_eq!(
        body(&texts, "SEND_RECEIVED", Locale::Es),
        "¡Ana te mandó 5.00 cUSD!"
    );
    assert_eq!(
        body(&texts, "SEND_RECEIVED", Locale::En),
        "You received 5.00 cUSD from Ana"
    );
    assert_eq!(
        body(&texts, "ENDPOINT_TEST", Locale::Es),
        "Prueba de Confío"
    );
    assert_eq!(
        body(&texts, "DIGEST", Locale::Es),
        "10 novedades en tu cuenta"
    );
    let digest = NotificationKind::new("DIGEST");
    let title = texts.title(&sample_input(&digest, Locale::Es), Locale::Es);
    assert_eq!(title, "Hay 10 novedades");
    let kind = NotificationKind::new("SEND_RECEIVED");
    let hidden = RenderInput {
        hides_amounts: true,
        ..sample_input(&kind, Locale::Es)
    };
    assert_eq!(texts.render(&hidden, Locale::Es), "Recibiste dinero de Ana");
    assert_eq!(texts.title(&hidden, Locale::Es), "Dinero recibido");
    assert_eq!(texts.fallbacks(), 0);
}

#[test]
fn an_empty_directory_changes_nothing() {
    let texts = good(&[]);
    assert_eq!(
        body(&texts, "SEND_SENT", Locale::Es),
        "Enviaste 5.00 cUSD a Ana"
    );
    assert!(texts.kinds().iter().all(|kind| kind.about.is_some()));
}

#[test]
fn kinds_of_contract_files_have_texts() {
    let es = "coupon-won = Ganaste { $money } { $has-who ->\n        [yes] con { $who }\n       *[otro] solo\n    }\n";
    let files = [
        ("es.ftl", es),
        ("en.ftl", "coupon-won = You won { $money }\n"),
        ("pt.ftl", "coupon-won = Você ganhou { $money }\n"),
    ];
    let texts = good(&files);
    assert_eq!(
        body(&texts, "COUPON_WON", Locale::Es),
        "Ganaste 5.00 cUSD con Ana"
    );
    let kind = NotificationKind::new("COUPON_WON");
    let hidden = RenderInput {
        hides_amounts: true,
        ..sample_input(&kind, Locale::Es)
    };
    assert_eq!(
        texts.render(&hidden, Locale::Es),
        "Ganaste una cantidad con Ana"
    );
    assert_eq!(texts.title(&hidden, Locale::Es), "Dinero recibido");
    assert_eq!(texts.kind("coupon_won").unwrap().about, None);

    let found = problems(&files[..1]);
    assert_eq!(found.len(), 1, "{found:?}");
    let message = found[0].to_string();
    assert!(
        message.starts_with("es.ftl, line 1, coupon-won:"),
        "{message}"
    );
    assert!(message.contains("en.ftl and pt.ftl"), "{message}");
    // What cannot be read is not missing as well.
    let broken = [files[0], ("en.ftl", "coupon-won = {\n"), files[2]];
    assert_eq!(problems(&broken).len(), 1);
    let near = problem("send-recieved = Recibiste\n");
    assert!(near.contains("send-received"), "{near}");
}

#[test]
fn what_fails_gives_way_to_the_built_in_text() {
    let texts = good(&[(
        "es.ftl",
        "new-sign-in = Hola\n    .title = Entrada { DATE($time) }\n",
    )]);
    let kind = NotificationKind::new("NEW_SIGN_IN");
    let input = sample_input(&kind, Locale::Es);
    assert_eq!(texts.title(&input, Locale::Es), "Entrada 28 nov 2026");
    let without = RenderInput::new(&kind);
    assert_eq!(texts.title(&without, Locale::Es), "Nuevo inicio de sesión");
    assert_eq!(texts.fallbacks(), 1);
}

#[test]
fn problems_say_where_what_and_how_to_mend_it() {
    let cases = [
        (
            "\nsend-received Hola\n",
            &["es.ftl, line 2, send-received", "expected", "\"=\""][..],
        ),
        ("digest = { $count\n", &["line 1, digest", "cannot be read"]),
        (
            "\n\nsend-received = Hola { $mony }\n",
            &[
                "line 3, send-received",
                "no $mony",
                "$money, $has-money",
                "did you mean $money?",
            ],
        ),
        ("digest = { $money }\n", &["no $money", "$count, $account"]),
        ("an-amount = { $account }\n", &["it shows no variables"]),
        (
            "digest = { DATE($count) }\n",
            &["DATE takes a time", "$count is a count"],
        ),
        (
            "password-changed = { NUMBER($time) }\n",
            &["NUMBER takes a count", "$time is a time"],
        ),
        (
            "password-changed = { DATE() }\n",
            &["DATE takes one variable"],
        ),
        (
            "password-changed = { DATE($time, style: \"x\") }\n",
            &["DATE takes no style"],
        ),
        (
            "digest = { DATETIME($count) }\n",
            &["no function DATETIME", "DATE, TIME, NUMBER"],
        ),
        ("digest = { -brand }\n", &["{ -brand } is not in this file"]),
        (
            "-brand = A\ndigest = { -brandt }\n",
            &["did you mean -brand?"],
        ),
        (
            "digest = { summary }\n",
            &["{ summary } is not in this file"],
        ),
        (
            "summary = a\ndigest = { summary.tilte }\n",
            &["{ summary.tilte } is not"],
        ),
        ("digest = { digest }\n", &["{ digest }", "leads to itself"]),
        ("-brand = { $money }\n", &["-brand", "shows no variables"]),
        (
            "-brand = A\ndigest = { -brand(case: \"x\") }\n",
            &["-brand takes nothing"],
        ),
        (
            "digest = a\ndigest = b\n",
            &["line 2, digest", "line 1 already"],
        ),
        (
            "digest = a\n    .titel = b\n",
            &["line 2", ".titel", ".title and .hidden"],
        ),
        (
            "digest = a\n    .title = b\n    .title = c\n",
            &["line 3", ".title is there twice"],
        ),
        (
            "send-received = { $has-who ->\n    [si] A\n   *[no] B\n }\n",
            &["line 2", "[si] is never chosen", "yes, no"],
        ),
        (
            "digest = { $count ->\n    [uno] A\n   *[other] B\n }\n",
            &["[uno] is never chosen", "one, two"],
        ),
        (
            "password-changed = { $time ->\n    [one] A\n   *[other] B\n }\n",
            &["$time is a time"],
        ),
        ("digest = {\"\"}\n", &["es.ftl, digest", "says nothing"]),
        (
            "digest = a\n    .title = {\" \"}\n",
            &[".title says nothing"],
        ),
    ];
    for (text, words) in cases {
        let message = problem(text);
        for word in words {
            assert!(message.contains(word), "{word:?} is not in {message:?}");
        }
    }
    let message = problems(&[("es.ftl", "SEND_RECEIVED = a\n")]);
    let message = message.iter().map(ToString::to_string).collect::<String>();
    assert!(message.contains("write send-received"), "{message}");
}

#[test]
fn everything_is_told_at_once() {
    let files = [
        ("es.ftl", "digest = { $mony }\nsummary = { -a }\n"),
        ("pt.ftl", "digest = {\n"),
        ("sp.ftl", ""),
    ];
    let Err(error) = FluentTexts::with_overrides(directory(&files).path()) else {
        panic!();
    };
    let text = error.to_string();
    assert!(
        text.starts_with("the texts have 4 problems:\n  es.ftl, line 1"),
        "{text}"
    );
    assert!(
        text.contains("sp.ftl: is no file of texts: they are es.ftl, en.ftl and pt.ftl"),
        "{text}"
    );
    let many = "digest = { $a } { $b }\n".to_owned()
        + &(0..60)
            .map(|n| format!("digest = {{ $x{n} }}\n"))
            .collect::<String>();
    let Err(error) = FluentTexts::with_overrides(directory(&[("es.ftl", &many)]).path()) else {
        panic!();
    };
    let text = error.to_string();
    assert!(
        text.ends_with(&format!(
            "and {} more",
            problems(&[("es.ftl", &many)]).len() - TEXT_PROBLEMS_SHOWN_MAX
        )),
        "{text}"
    );
    assert_eq!(text.lines().count(), 1 + TEXT_PROBLEMS_SHOWN_MAX + 1);
}

#[test]
fn what_is_no_text_is_refused() {
    assert!(problems(&[(".hidden", "")]).is_empty(), "what mounts leave");
    let dir = directory(&[]);
    std::fs::write(dir.path().join("en.ftl"), b"digest = a\n\xff").unwrap();
    std::fs::create_dir(dir.path().join("pt.ftl")).unwrap();
    let Err(error) = FluentTexts::with_overrides(dir.path()) else {
        panic!();
    };
    let text = error.to_string();
    assert!(text.contains("en.ftl, line 2: is not UTF-8"), "{text}");
    assert!(text.contains("pt.ftl: is no file"), "{text}");
    let crowd = directory(&[]);
    for n in 0..=1_000 {
        std::fs::write(crowd.path().join(n.to_string()), "").unwrap();
    }
    let Err(TextsError::Problems(found)) = FluentTexts::with_overrides(crowd.path()) else {
        panic!();
    };
    assert_eq!(found.len(), 1_000, "more need not be looked at");
    let missing = FluentTexts::with_overrides(&dir.path().join("none"));
    assert!(matches!(missing, Err(TextsError::Read { .. })));
}

#[test]
fn files_have_limits() {
    let padded = |bytes: usize| {
        let text = "digest = a\n# ";
        text.to_owned() + &"x".repeat(bytes - text.len())
    };
    assert!(problems(&[("es.ftl", &padded(TEXT_FILE_BYTES_MAX))]).is_empty());
    assert!(problem(&padded(TEXT_FILE_BYTES_MAX + 1)).contains("larger than"));

    let terms = |count| {
        (0..count)
            .map(|n| format!("-t{n} = a\n"))
            .collect::<String>()
    };
    assert!(problems(&[("es.ftl", &terms(TEXT_MESSAGES_MAX))]).is_empty());
    assert!(problem(&terms(TEXT_MESSAGES_MAX + 1)).contains("at most 1000"));

    let places = |count| format!("digest = {}\n", "{ $count }".repeat(count));
    let texts = good(&[("es.ftl", &places(TEXT_PLACES_MAX))]);
    assert_eq!(
        body(&texts, "DIGEST", Locale::Es),
        "10".repeat(TEXT_PLACES_MAX)
    );
    assert!(problem(&places(TEXT_PLACES_MAX + 1)).contains("more than 100 braces"));

    let chain = |length: usize| {
        let link = |n: usize| format!("-t{n} = {{ -t{} }}\n", n + 1);
        (1..length).map(link).collect::<String>() + &format!("-t{length} = a\ndigest = {{ -t1 }}\n")
    };
    assert!(problems(&[("es.ftl", &chain(8))]).is_empty());
    assert!(problem(&chain(9)).contains("more than 8 others"));

    let nested = |depth| format!("digest = {}1{}\n", "{".repeat(depth), "}".repeat(depth));
    assert!(problems(&[("es.ftl", &nested(TEXT_NESTING_MAX))]).is_empty());
    assert!(problem(&nested(TEXT_NESTING_MAX + 1)).contains("deeper than 16"));
    assert!(problem(&nested(100_000)).contains("deeper than 16"));
}

#[test]
fn references_that_multiply_end() {
    let line = |n: usize| format!("-t{n} = {}\n", format!("{{ -t{} }}", n + 1).repeat(10));
    let text = (0..7).map(line).collect::<String>() + "-t7 = a\ndigest = { -t0 }\n";
    let found = problems(&[("es.ftl", &text)]);
    assert!(
        found
            .iter()
            .any(|one| one.problem.contains("more than 100 braces")),
        "{found:?}"
    );
}

proptest! {
    #[test]
    fn no_file_is_too_odd(text in "(digest|-a|x|send-received| |=|\\{|\\}|\\$count|\\$who|\\[one\\]|\\*|->|\n|\"|DATE|\\(|\\)|\\.|#|ñ){0,60}") {
        let dir = directory(&[("es.ftl", &text)]);
        if let Ok(texts) = FluentTexts::with_overrides(dir.path()) {
            for kind in ["DIGEST", "SEND_RECEIVED"] {
                prop_assert!(!body(&texts, kind, Locale::Es).is_empty());
            }
        }
    }
}
