//! A client that nobody here wrote: the Python library `gql`, by HTTP and by `graphql-transport-ws`.
//!
//! `cargo xtask test` installs it and names its Python in `VIGIA_GQL_PYTHON`; without that the test says that it is skipped.

use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

use crate::app::PATIENCE;

#[tokio::test]
async fn gql_asks_and_goes_on_where_it_was() {
    let Some(python) = std::env::var_os("VIGIA_GQL_PYTHON") else {
        eprintln!(
            "skipped: VIGIA_GQL_PYTHON names no Python with gql (cargo xtask test installs one)"
        );
        return;
    };
    let app = crate::sign_in::app(false).await;
    let token = crate::applications::token(&app, "root", "full").await;
    let mut client = Command::new(python)
        .arg(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/clients/gql_client.py"
        ))
        .arg(format!("http://{}/graphql", app.address))
        .arg(format!("ws://{}/graphql/ws", app.address))
        .arg(token)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(client.stdout.take().unwrap()).lines();
    let said = async {
        while let Some(line) = lines.next_line().await.unwrap() {
            match &*line {
                // What happens now comes over the second connection.
                "following" => app.transfer(1).await,
                line => return serde_json::from_str::<Value>(line).unwrap(),
            }
        }
        panic!("it ended without a word");
    };
    let said = tokio::time::timeout(2 * PATIENCE, said).await.unwrap();
    assert!(client.wait().await.unwrap().success());
    assert_eq!(said["listed"].as_array().unwrap().len(), 2, "{said}");
    assert_eq!(
        said["followed"],
        json!(["1", "2", "3"]),
        "none missed, none twice"
    );
}
