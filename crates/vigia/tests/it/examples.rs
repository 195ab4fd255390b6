//! The examples of docs/examples in a real engine: what applications copy reads what vigia sends.

use fantoccini::Client;
use serde_json::{Map, Value, json};
use vigia_core::{Address, Locale, Scope, format_amount};
use vigia_store::{InboxQuery, InboxStore};

use crate::app::{App, http};
use crate::browser::told::fill;
use crate::browser::{Driver, chromedriver};
use crate::sign_in::run_with;

const MODULE: &str = include_str!("../../../../docs/examples/react-native/vigia-push.js");
const SCHEMA: &str = include_str!("../../../../docs/schemas/push-v1.json");

/// What this body makes of the module `m` and of what is `given`; big numbers come as texts.
async fn run(browser: &Client, body: &str, given: Value) -> Value {
    let script = format!(
        "const [source, given, done] = arguments;
        const url = URL.createObjectURL(new Blob([source], {{ type: 'text/javascript' }}));
        const plain = (key, value) => typeof value === 'bigint' ? String(value) : value;
        import(url)
            .then(async (m) => {{ {body} }})
            .then((made) => done(JSON.parse(JSON.stringify({{ made }}, plain))))
            .catch((error) => done({{ error: String(error.stack ?? error) }}));"
    );
    let given = vec![MODULE.into(), given];
    let reply = browser.execute_async(&script, given).await;
    let mut reply = reply.expect("the script ends");
    assert_eq!(reply.get("error"), None, "{reply}");
    reply["made"].take()
}

/// The data of what is in the inbox, as it is sent, and of all of it together; with amounts and decimals.
async fn sent(app: &App) -> Vec<Value> {
    app.ok(&["watch", "add", &Address::new([1; 32]).to_string()]);
    let store = app.store().await;
    fill(&store).await;
    let all = InboxQuery {
        scope: Scope::All,
        reader: None,
        not_before_ms: 0,
    };
    let rows = store.notification_page(&all, None, 99).await.unwrap();
    store.close().await;
    assert_eq!(rows.len(), 2, "{rows:?}");
    let data = |rows: &[vigia_store::NotificationRow]| {
        let count = u32::try_from(rows.len()).unwrap();
        let mut data = vigia_web::push_data(rows, count, "ana");
        let id = format!("{:032x}", rows.len());
        data.insert("delivery_id".to_owned(), id);
        json!(data)
    };
    let mut sent: Vec<Value> = rows.chunks(1).map(data).collect();
    sent.push(data(&rows));
    sent
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_application_reads_what_is_sent() {
    let Some(program) = chromedriver() else {
        return;
    };
    let app = App::new();
    let sent = sent(&app).await;
    let driver = Driver::start(&program);
    let browser = driver.browser().await;
    for (tag, locale) in [
        ("es-419", Locale::Es),
        ("en_US", Locale::En),
        ("pt-BR", Locale::Pt),
    ] {
        let given = json!({ "sent": sent, "locale": tag });
        // Firebase hands data over in a message; other libraries the data itself.
        let body =
            "return given.sent.map((data, n) => m.readPush(n ? { data } : data, given.locale));";
        let read = run(&browser, body, given).await;
        for (read, sent) in read.as_array().unwrap().iter().zip(&sent[..2]) {
            let push = &read["push"];
            assert_eq!(read["status"], "ok", "{read}");
            let amount = sent["amount"].as_str().unwrap();
            assert_eq!(push["amount"], amount);
            let shown = format_amount(amount.parse().unwrap(), 6, locale) + " cUSD";
            assert_eq!(push["money"], shown, "{sent}");
            assert_eq!(push["notificationIds"], json!([sent["notification_ids"]]));
            assert_eq!(
                (&push["event"], &push["count"]),
                (&json!("notification"), &json!(1))
            );
            let link = format!("activity/{}", sent["activity_id"].as_str().unwrap());
            assert_eq!(push["link"], link);
            assert_eq!(push["counterpartyIsExternal"], true, "{sent}");
        }
        let together = &read[2]["push"];
        assert_eq!(together["notificationIds"].as_array().unwrap().len(), 2);
        assert_eq!(
            (&together["count"], &together["link"]),
            (&json!(2), &json!("inbox"))
        );
        assert_eq!(
            (&together["amount"], &together["money"]),
            (&Value::Null, &Value::Null)
        );
    }
    browser.close().await.unwrap();
}

/// A value of each key, by its schema.
fn of_each_key() -> Map<String, Value> {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let keys = schema["properties"].as_object().unwrap().iter();
    let value = |key: &str, is: &Value| match (is["enum"].get(0), is["pattern"].as_str()) {
        _ if !is["const"].is_null() => is["const"].clone(),
        (Some(first), _) => first.clone(),
        (_, Some(pattern)) if pattern.starts_with("^0x") => format!("0x{:064x}", 7).into(),
        (_, Some(pattern)) if pattern.contains("a-f") => format!("{:032x}", 7).into(),
        (_, Some(_)) => "7".into(),
        _ => format!("of {key}").into(),
    };
    keys.map(|(key, is)| (key.clone(), value(key, is)))
        .collect()
}

/// The name by which the module has a key.
fn name_of(key: &str) -> String {
    if key == "counterparty_external" {
        return "counterpartyIsExternal".to_owned();
    }
    let mut parts = key.split('_');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |name, part| {
        name + &part[..1].to_uppercase() + &part[1..]
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_application_stands_whatever_comes() {
    let Some(program) = chromedriver() else {
        return;
    };
    let driver = Driver::start(&program);
    let browser = driver.browser().await;
    let all = of_each_key();
    let read = run(&browser, "return m.readPush({ data: given });", json!(all)).await;
    for (key, value) in &all {
        let found = match &read["push"][name_of(key)] {
            Value::Array(ids) => ids[0].clone(),
            Value::String(text) => text.clone().into(),
            other => other.to_string().into(),
        };
        assert_eq!(found, *value, "{key}: {read}");
    }
    // Each of them may be missing, and any may be what nobody expects.
    let body = "const wrong = ['', '0x1', '-5', '1e9', '9'.repeat(400), 7, null, {}, '__proto__'];
        const seen = [];
        for (const key of Object.keys(given)) {
            const { [key]: _, ...less } = given;
            seen.push(m.readPush({ data: less }).status);
            for (const value of wrong) seen.push(m.readPush({ data: { ...given, [key]: value } }).status);
        }
        for (const none of [undefined, null, 7, 'x', {}, { data: null }, { data: 'x' }, []])
            seen.push(m.readPush(none).status);
        const bare = { version: '1', event: 'notification' };
        return { seen: [...new Set(seen)].sort(), bare: m.readPush(bare), next: m.readPush({ ...given, version: '2' }) };";
    let made = run(&browser, body, json!(all)).await;
    assert_eq!(made["seen"], json!(["not_vigia", "ok", "unknown_version"]));
    assert_eq!(
        made["next"],
        json!({ "status": "unknown_version", "version": "2" })
    );
    let bare = &made["bare"]["push"];
    assert_eq!(
        (&bare["count"], &bare["link"]),
        (&json!(1), &json!("inbox"))
    );
    assert_eq!(
        (&bare["notificationIds"], &bare["amount"]),
        (&json!([]), &Value::Null)
    );

    let largest = i128::MAX.to_string();
    let amounts = [
        ("9007199254740993", 6, "es"),
        (&*largest, 6, "pt"),
        (&largest, 38, "en"),
        ("5", 6, "en"),
        ("1234500", 4, "en"),
        ("100", 0, "pt"),
        ("0", 9, "es"),
        ("999", 3, "en"),
        ("1000", 0, "en"),
    ];
    let body = "return given.map(([minor, decimals, locale]) => m.formatMoney(BigInt(minor), decimals, 'X', locale));";
    let shown = run(&browser, body, json!(amounts)).await;
    for ((minor, decimals, locale), shown) in amounts.iter().zip(shown.as_array().unwrap()) {
        let expected = format_amount(minor.parse().unwrap(), *decimals, locale.parse().unwrap());
        assert_eq!(*shown, expected + " X");
    }
    let body = "return [39, -1, 1.5, null].map((decimals) => m.formatMoney(BigInt(1), decimals));";
    assert_eq!(
        run(&browser, body, Value::Null).await,
        json!([null, null, null, null])
    );
    let body = "return given.map((category) => m.channelFor(category).id);";
    let categories = json!([
        "money",
        "trades",
        "invitations",
        "security",
        "news",
        "else",
        null
    ]);
    let channels = run(&browser, body, categories).await;
    assert_eq!(
        channels,
        json!([
            "vigia-money",
            "vigia-trades",
            "vigia-invitations",
            "vigia-security",
            "vigia-news",
            "vigia-money",
            "vigia-money",
        ])
    );
    browser.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_application_recognises_what_comes_twice() {
    let Some(program) = chromedriver() else {
        return;
    };
    let driver = Driver::start(&program);
    let browser = driver.browser().await;
    let body = "const kept = new Map();
        const rest = () => new Promise((go) => setTimeout(go, 1));
        const store = {
            getItem: async (key) => { await rest(); return kept.get(key) ?? null; },
            setItem: async (key, value) => { await rest(); kept.set(key, value); },
        };
        const came = (n) => m.isDuplicate(store, { deliveryId: `id-${n}` });
        const atOnce = await Promise.all([came(0), came(0), came(1)]);
        for (let n = 2; n < m.REMEMBERED_MAX + 5; n += 1) await came(n);
        const [bytes] = [...kept.values()];
        const bounded = JSON.parse(bytes).length === m.REMEMBERED_MAX;
        const later = [await came(m.REMEMBERED_MAX + 4), await came(0)];
        for (const key of kept.keys()) kept.set(key, '{ broken');
        const broken = [await came(7), await came(7)];
        const fails = { getItem: async () => { throw new Error('full'); }, setItem: async () => {} };
        const failing = await m.isDuplicate(fails, { deliveryId: 'x' });
        const nameless = [await m.isDuplicate(store, {}), await m.isDuplicate(store, null)];
        return { atOnce, bounded, later, broken, failing, nameless };";
    let made = run(&browser, body, Value::Null).await;
    assert_eq!(
        made,
        json!({
            "atOnce": [false, true, false], "bounded": true, "later": [true, false],
            "broken": [false, true], "failing": false, "nameless": [false, false],
        })
    );
    browser.close().await.unwrap();
}

/// What the module asks is asked of a real vigia.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_application_registers_its_device() {
    let Some(program) = chromedriver() else {
        return;
    };
    let app = App::with_config("[web]\nsign_in = true\nlisten = \"127.0.0.1:0\"\n");
    let created = run_with(&app, &["user", "create", "ana"], "una contraseña larga");
    assert!(created.status.success(), "{created:?}");
    let create = [
        "token", "create", "--user", "ana", "--name", "phone", "--scope", "full",
    ];
    let token = app.ok(&create).trim().to_owned();
    let mut web = app.start(&["web", "--log", "error"]);
    let line = web.line_with("http://");
    let url = format!("{}graphql", line.split_whitespace().last().unwrap());
    let driver = Driver::start(&program);
    let browser = driver.browser().await;
    for (device, locale) in [
        (
            json!({ "token": "phone-of-ana", "platform": "fcm", "locale": "pt-BR", "appVersion": "7.1" }),
            json!("PT"),
        ),
        (
            json!({ "token": "ab".repeat(32), "platform": "apns", "locale": "de" }),
            Value::Null,
        ),
        (json!({ "token": "another-phone" }), Value::Null),
    ] {
        let body = "let asked;
            const answer = { data: { registerDevice: { id: '1', isActive: true } } };
            const device = await m.registerDevice(async (query, variables) => (asked = { query, variables }, answer), given);
            const refused = await m.registerDevice(async () => ({ errors: [{ message: 'no' }] }), given).catch((error) => error.message);
            return { asked, device, refused };";
        let made = run(&browser, body, device).await;
        assert_eq!(
            (&made["device"]["id"], &made["refused"]),
            (&json!("1"), &json!("no"))
        );
        assert_eq!(made["asked"]["variables"]["input"]["locale"], locale);
        let request = http().post(&url).bearer_auth(&token).json(&made["asked"]);
        let reply: Value = request.send().await.unwrap().json().await.unwrap();
        assert_eq!(reply["data"]["registerDevice"]["isActive"], true, "{reply}");
    }
    let listed = app.ok(&["devices", "list", "--user", "ana"]);
    assert_eq!(listed.matches("apns").count(), 1, "{listed}");
    assert_eq!(listed.matches("fcm").count(), 2, "{listed}");
    browser.close().await.unwrap();
    web.stop();
}
