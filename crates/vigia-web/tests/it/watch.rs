//! `/watch`: what operators see of the watch list and change of it; nobody else.

use vigia_core::WatchTarget;
use vigia_store::{WatchReconciliation, WatchStore as _};

use crate::app::{ANA, BETO, TestApp};
use crate::sample;

fn shows(page: &str, parts: &[&str]) {
    for part in parts {
        assert!(page.contains(part), "{part:?} is not in {page}");
    }
}

#[tokio::test]
async fn what_is_watched_is_listed_and_filtered() {
    let app = TestApp::with_people("Ana <b>").await;
    let contract = vigia_core::parse_watch_target("0xabc::pay").unwrap();
    let entry = vigia_store::WatchEntry {
        target: contract,
        account: None,
    };
    app.store.watch_add(&[entry]).await.unwrap();
    let ana = sample::address(ANA).to_string();
    let (status, page) = app.seen(None, "/watch").await;
    assert_eq!(status, 200);
    shows(
        &page,
        &[
            &ana,
            "Ana &lt;b&gt;",
            "abc::pay",
            "data-kind=\"contract\"",
            "from checkpoint 0",
            "History: not asked for",
            "No process has compared",
            "data-count=\"addresses\"",
            "<dd>2</dd>",
            "/watch?account=ana",
            "/watch/remove?kind=address&amp;target=0x01",
        ],
    );
    assert_eq!(page.matches("data-watch=").count(), 3);
    let (_, page) = app.seen(None, "/watch?account=beto").await;
    assert_eq!(page.matches("data-watch=").count(), 1);
    shows(&page, &[&sample::address(BETO).to_string()]);
    for start in [&ana, "0x01", "0x0", "0101"] {
        let (_, page) = app.seen(None, &format!("/watch?address={start}")).await;
        let count = if start == "0x0" { 2 } else { 1 };
        assert_eq!(page.matches("data-watch=").count(), count, "{start}");
    }
    for path in ["/watch?account=zoe", "/watch?address=0xf"] {
        shows(
            &app.seen(None, path).await.1,
            &["Nothing like this is watched"],
        );
    }
    for path in [
        "/watch?address=xyz",
        "/watch?account=%00",
        "/watch?after=forged",
        "/watch?address=0x0&after=forged",
        "/watch?account=a&account=b",
    ] {
        assert_eq!(app.seen(None, path).await.0, 400, "{path}");
    }
    let empty = TestApp::empty().await;
    shows(
        &empty.seen(None, "/watch").await.1,
        &["Nothing is watched yet"],
    );
}

#[tokio::test]
async fn lists_have_pages() {
    let app = TestApp::empty().await;
    let entries: Vec<_> = (1..=65).map(|n| sample::entry(n, "shop", "Shop")).collect();
    app.store.watch_add(&entries).await.unwrap();
    for path in ["/watch", "/watch?account=shop", "/watch?address=0x"] {
        if path.ends_with("0x") {
            // Nothing begins with nothing: what is typed of an address has a digit.
            assert_eq!(app.seen(None, path).await.0, 400);
            continue;
        }
        let (mut seen, mut next) = (Vec::new(), Some(path.to_owned()));
        while let Some(path) = next {
            let (_, page) = app.seen(None, &path).await;
            let rows = page.split("data-watch=\"").skip(1);
            seen.extend(rows.filter_map(|row| row.split('"').next()?.parse::<i64>().ok()));
            let link = page.split("rel=\"next\" href=\"").nth(1);
            next = link.and_then(|link| Some(link.split('"').next()?.replace("&amp;", "&")));
        }
        let mut sorted = seen.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!((seen.len(), seen), (65, sorted), "{path}");
    }
    // In the order of addresses: 1 to 65 share 0x and a digit or two.
    let (_, first) = app.seen(None, "/watch?address=0x2").await;
    assert_eq!(
        first.matches("data-watch=").count(),
        16,
        "0x20 to 0x2f: {first}"
    );
}

#[tokio::test]
async fn what_pollers_have_is_compared() {
    let app = TestApp::with_people("Ana").await;
    for (holder, missing) in [("poller <1>", 0), ("poller-2", 3)] {
        let found = WatchReconciliation {
            holder: holder.to_owned(),
            entries: 2,
            missing,
            extra: 0,
        };
        app.store.watch_reconciled(&found).await.unwrap();
    }
    let (_, page) = app.seen(None, "/watch").await;
    shows(
        &page,
        &[
            "poller &lt;1&gt;",
            "has all of it",
            "differed, repaired: 3 missing, 0 too many",
        ],
    );
}

#[tokio::test]
async fn operators_add_and_remove() {
    let app = TestApp::with_people("Ana").await;
    let address = sample::address(9).to_string();
    let form = [
        ("kind", "address"),
        ("target", &*address),
        ("account", "shop"),
        ("name", "La tienda"),
        ("account_kind", "business"),
        ("user", "carla"),
        ("locale", "pt"),
    ];
    for done in ["added", "unchanged"] {
        let to = app.sent(None, "/watch", &form).await;
        assert_eq!(to, format!("/watch?done={done}"));
        shows(
            &app.seen(None, &to).await.1,
            &[&format!("data-done=\"{done}\"")],
        );
    }
    // Without an account an address has one of its own, as by the command.
    let other = sample::address(8).to_string();
    let own = [("kind", "address"), ("target", &*other)];
    app.sent(None, "/watch", &own).await;
    for (kind, target) in [("contract", "0xabc::pay"), ("coin", "0xabc::cusd::CUSD")] {
        app.sent(None, "/watch", &[("kind", kind), ("target", target)])
            .await;
    }
    let rows = app.store.watch_page(0, 99).await.unwrap();
    let said = rows.iter().skip(2).map(|row| {
        let account = row.account.as_ref().map(|(_, name)| name.clone());
        (row.target.kind(), account.unwrap_or_default())
    });
    let said: Vec<_> = said.collect();
    assert_eq!(said.len(), 4);
    assert_eq!(said[0].1, "La tienda");
    assert!(said[1].1.starts_with("0x0808"), "{said:?}");

    let remove = format!("/watch/remove?kind=address&target={address}");
    let (_, page) = app.seen(None, &remove).await;
    shows(
        &page,
        &["Watch no longer", &address, "action=\"/watch/remove\""],
    );
    let form = [("kind", "address"), ("target", &*address)];
    for done in ["removed", "nothing"] {
        let to = app.sent(None, "/watch/remove", &form).await;
        assert_eq!(to, format!("/watch?done={done}"));
    }
    let watched = app.store.watch_targets().await.unwrap().targets;
    assert!(!watched.contains(&WatchTarget::Address(sample::address(9))));
    assert_eq!(
        app.store_actions().await,
        [
            " watch-add",
            " watch-add",
            " watch-add",
            " watch-add",
            " watch-add",
            " watch-remove"
        ]
    );
}

/// What is wrong is said beside what was written.
#[tokio::test]
async fn what_is_wrong_is_said() {
    let app = TestApp::with_people("Ana").await;
    let ana = sample::address(ANA).to_string();
    for (form, field) in [
        (vec![("kind", "address"), ("target", "0xzz <i>")], "target"),
        (vec![("kind", "coin"), ("target", "0x2")], "target"),
        (vec![("kind", "king"), ("target", "0x2")], "kind"),
        (
            vec![
                ("kind", "address"),
                ("target", "0x7"),
                ("account_kind", "x"),
            ],
            "account_kind",
        ),
        (
            vec![("kind", "address"), ("target", "0x7"), ("account", "a\0")],
            "account",
        ),
        // Another holds it, and it is never moved.
        (
            vec![("kind", "address"), ("target", &*ana), ("account", "beto")],
            "account",
        ),
    ] {
        let refused = app.send(None, "/watch", &form).await;
        assert_eq!(refused.status(), 400, "{form:?}");
        let page = refused.text().await.unwrap();
        shows(
            &page,
            &[&format!("data-wrong=\"{field}\""), "role=\"alert\""],
        );
        assert!(!page.contains("<i>"), "{page}");
    }
    for form in [
        &[][..],
        &[("kind", "address"), ("target", "0x7"), ("more", "x")],
    ] {
        assert_eq!(
            app.send(None, "/watch", form).await.status(),
            400,
            "{form:?}"
        );
    }
    for form in [&[][..], &[("kind", "address"), ("target", "x")]] {
        assert_eq!(app.send(None, "/watch/remove", form).await.status(), 400);
    }
    assert_eq!(app.store.watch_page(0, 99).await.unwrap().len(), 2);
    assert_eq!(app.store_actions().await, [""; 0]);
}

#[tokio::test]
async fn it_is_the_operators_alone() {
    let app = TestApp::with_people("Ana").await;
    let unknown = app.seen(Some("ana"), "/nowhere").await;
    let ana = sample::address(ANA).to_string();
    let form = [("kind", "address"), ("target", &*ana)];
    for path in [
        "/watch",
        "/watch?after=forged",
        "/watch/remove?kind=address&target=0x7",
    ] {
        assert_eq!(app.seen(Some("ana"), path).await, unknown, "{path}");
        assert_eq!(app.seen(Some("nobody"), path).await.0, 401, "{path}");
    }
    for path in ["/watch", "/watch/remove"] {
        assert_eq!(app.send(Some("ana"), path, &form).await.status(), 404);
        assert_eq!(app.send(Some("reads"), path, &form).await.status(), 403);
        let foreign = app.post(path).header("origin", "https://evil.example");
        assert_eq!(foreign.send().await.unwrap().status(), 403);
    }
    assert_eq!(app.store.watch_page(0, 99).await.unwrap().len(), 2);
}
