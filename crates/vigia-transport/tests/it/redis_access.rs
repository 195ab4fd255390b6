//! Passwords and TLS, and that neither is told to anybody.

use std::process::{Command, Stdio};
use std::time::Duration;

use vigia_transport::{FrameSender, RedisConfig, RedisSender};

use crate::frames::frames;
use crate::redis_streams::{RedisFixture, program};
use crate::server::Server;
use crate::suite::Fixture;
use crate::support::{DEADLINE, drain};

#[tokio::test]
async fn wrong_passwords_and_protocols_are_named_without_them() {
    let Some(fixture) = RedisFixture::start().await else {
        return;
    };
    let () = fixture
        .ask(&["CONFIG", "SET", "requirepass", "right"])
        .await;
    for (url, transient, said) in [
        (
            format!("redis://:s3cret@127.0.0.1:{}/", fixture.port),
            false,
            "redis refuses",
        ),
        (
            format!("redis://127.0.0.1:{}/", fixture.port),
            false,
            "redis refuses",
        ),
        (
            format!("rediss://:s3cret@127.0.0.1:{}/", fixture.port),
            true,
            "redis does not answer",
        ),
    ] {
        let mut config = RedisConfig::new(url, "test");
        config.send_patience = Duration::ZERO;
        let sender = RedisSender::new(&config).unwrap();
        let error = sender.send(frames(1, 1)).await.unwrap_err();
        assert_eq!(error.is_transient(), transient, "{error:?}");
        let shown = format!("{error:?} {}", sender.stats().problem().unwrap());
        assert!(shown.contains(said) && !shown.contains("s3cret"), "{shown}");
    }
    let right = RedisConfig::new(
        format!("redis://:right@127.0.0.1:{}/", fixture.port),
        "test",
    );
    RedisSender::new(&right)
        .unwrap()
        .send(frames(1, 1))
        .await
        .unwrap();
    drain(&mut fixture.receiver_of(&right), 1).await;
}

/// Over TLS frames go through, with a certificate that the system's roots vouch for. The roots are
/// those of a variable, which only another process can have.
#[tokio::test]
async fn frames_go_through_tls() {
    let Some(program) = program() else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (cert, key) = (
        directory.path().join("cert.pem"),
        directory.path().join("key.pem"),
    );
    std::fs::write(&cert, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let server = Server::start(|port| {
        let mut command = Command::new(&program);
        command.current_dir(directory.path());
        command.args(["--port", "0", "--tls-port", &port.to_string()]);
        command.args([
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--tls-auth-clients",
            "no",
        ]);
        command.arg("--tls-cert-file").arg(&cert);
        command.arg("--tls-key-file").arg(&key);
        command.arg("--tls-ca-cert-file").arg(&cert);
        command
    })
    .await;
    let client = |roots: Option<&std::path::Path>| {
        let mut client = tokio::process::Command::new(env!("CARGO_BIN_EXE_redis-peer"));
        client.args(["exchange", &format!("rediss://localhost:{}/", server.port)]);
        client
            .env_remove("SSL_CERT_DIR")
            .env_remove("SSL_CERT_FILE");
        if let Some(roots) = roots {
            client.env("SSL_CERT_FILE", roots);
        }
        client
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        async move {
            tokio::time::timeout(DEADLINE, client.output())
                .await
                .unwrap()
                .unwrap()
        }
    };
    let trusting = client(Some(&cert)).await;
    assert!(trusting.status.success(), "{trusting:?}");
    let wary = client(None).await;
    let said = String::from_utf8_lossy(&wary.stderr).to_lowercase();
    assert!(
        !wary.status.success() && said.contains("certificate"),
        "{said}"
    );
}
