//! What a user may ask in a second counts over all web processes that name the same Redis server, and how often a password
//! was wrong.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::app::{App, Running, http};
use crate::servers::Redis;
use crate::sign_in::run_with;

const PASSWORD: &str = "una contraseña larga";

/// A web process, and where it is.
fn web(app: &App) -> (Running, String) {
    let mut web = app.start(&["web"]);
    let line = web.line_with("http://");
    let address = line[line.find("http://").unwrap()..].trim().to_owned();
    (web, address)
}

fn deployment(redis: &Redis) -> App {
    let app = App::with_config(&format!(
        "[transport]\nredis_url = \"{}\"\n[web]\nsign_in = true\nlisten = \"127.0.0.1:0\"\nuser_per_second = 10\n",
        redis.url()
    ));
    let created = run_with(&app, &["user", "create", "root", "--admin"], PASSWORD);
    assert!(created.status.success());
    app
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_has_one_share_in_two_processes() {
    let Some(redis) = Redis::start() else { return };
    let app = deployment(&redis);
    let create = [
        "token", "create", "--user", "root", "--name", "probe", "--scope", "full",
    ];
    let token = app.ok(&create).trim().to_owned();
    let (one, other) = (web(&app), web(&app));
    let query = json!({ "query": "{ status { version } }" });
    let client = http();
    let ask = async |address: &str| {
        let request = client.post(format!("{address}graphql"));
        let reply = request.json(&query).bearer_auth(&token).send().await;
        reply.unwrap().status().as_u16()
    };
    let burst = async || {
        let begun = Instant::now();
        let (mut granted, mut refused) = (0, 0);
        for n in 0..40 {
            let (_, address) = if n % 2 == 0 { &one } else { &other };
            match ask(address).await {
                200 => granted += 1,
                429 => refused += 1,
                status => panic!("{status}"),
            }
        }
        let due = begun.elapsed().as_millis() / 100;
        (granted, refused, u64::try_from(due).unwrap())
    };
    let (granted, refused, due) = burst().await;
    assert!(
        (10..=11 + due).contains(&granted),
        "{granted}, {refused} of 10 and {due}"
    );
    // Without the server each has a share of its own, and nobody waits for it.
    drop(redis);
    let begun = Instant::now();
    while ask(&one.1).await == 429 || ask(&other.1).await == 429 {
        assert!(
            begun.elapsed() < Duration::from_secs(10),
            "they count for themselves"
        );
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (granted, refused, due) = burst().await;
    assert!(
        (19..=22 + 2 * due).contains(&granted),
        "{granted}, {refused} of 20 and {due} twice"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_passwords_count_in_all_processes() {
    let Some(redis) = Redis::start() else { return };
    let app = deployment(&redis);
    let (one, other) = (web(&app), web(&app));
    let client = http();
    let attempt = async |address: &str, password: &str| {
        let origin = address.trim_end_matches('/').to_owned();
        let body = format!("name=root&password={password}");
        let request = client
            .post(format!("{address}sign-in"))
            .header("origin", origin)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body);
        request.send().await.unwrap().status().as_u16()
    };
    for n in 0..5 {
        let (_, address) = if n % 2 == 0 { &one } else { &other };
        let status = attempt(address, "wrong").await;
        assert!(status < 500 && status != 429, "{n}: {status}");
    }
    // Neither has seen five, both know of them.
    for (_, address) in [&one, &other] {
        assert_eq!(attempt(address, "wrong").await, 429);
    }
}
