//! What happens to a Redis server and to workers: flushed, killed, away. Both sides go on.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::sync::mpsc;
use vigia_core::Frame;
use vigia_transport::{FrameReceiver, FrameSender, RedisSender};

use crate::frames::{frames, sequences, text};
use crate::redis_streams::{PATIENCE, RedisFixture};
use crate::suite::Fixture;
use crate::support::{DEADLINE, drain, eventually, next};

/// Sends frames one by one until told to stop, each again until the transport takes it.
fn keep_sending(
    sender: Arc<dyn FrameSender>,
    frames: Vec<Frame>,
) -> (mpsc::Receiver<u64>, tokio::task::JoinHandle<()>) {
    let (sent, progress) = mpsc::channel(1);
    let sending = tokio::spawn(async move {
        for frame in frames {
            let sequence = frame.header.sequence;
            while let Err(error) = sender.send(vec![frame.clone()]).await {
                assert!(error.is_transient(), "{error:?}");
            }
            if sent.send(sequence).await.is_err() {
                return;
            }
        }
    });
    (progress, sending)
}

#[tokio::test]
async fn flushed_under_way_both_sides_go_on() {
    let Some(fixture) = RedisFixture::start().await else {
        return;
    };
    let mut receiver = fixture.receiver_of(&fixture.config());
    let (mut progress, sending) = keep_sending(fixture.sender().await, frames(1, 90));
    let mut lost_at_most = 0;
    for _ in 0..3 {
        for _ in 0..10 {
            progress.recv().await.unwrap();
        }
        let in_hand = next(&mut receiver).await;
        // What is in hand can be acknowledged afterwards, though the server knows nothing of it.
        let () = fixture.ask(&["FLUSHALL"]).await;
        receiver.acknowledge(vec![in_hand.receipt]).await.unwrap();
        lost_at_most += 10;
    }
    // What is sent from now on arrives, up to the last.
    let receiving = tokio::spawn(async move {
        let mut last = 0;
        while last < 89 {
            let delivery = next(&mut receiver).await;
            last = last.max(*sequences(&delivery.frames).last().unwrap());
            receiver.acknowledge(vec![delivery.receipt]).await.unwrap();
        }
        receiver.stats().frames()
    });
    while progress.recv().await.is_some() {}
    sending.await.unwrap();
    let received = receiving.await.unwrap();
    assert!(received + lost_at_most + 3 >= 90, "{received} of 90");
}

#[tokio::test]
async fn killed_and_restarted_empty_both_sides_go_on() {
    let Some(mut fixture) = RedisFixture::start().await else {
        return;
    };
    let sender = fixture.sender().await;
    let mut receiver = fixture.receiver_of(&fixture.config());
    let frames = frames(1, 60);
    sender.send(frames[..20].to_vec()).await.unwrap();
    drain(&mut receiver, 20).await;
    sender.send(frames[20..21].to_vec()).await.unwrap();
    let in_hand = next(&mut receiver).await;

    fixture.kill();
    let stats = receiver.stats();
    eventually("the receiver says what is wrong", async || {
        stats.problem().is_some()
    })
    .await;
    let problem = stats.problem().unwrap();
    assert!(problem.contains("redis does not answer"), "{problem}");
    let down = receiver
        .acknowledge(vec![in_hand.receipt])
        .await
        .unwrap_err();
    assert!(down.is_transient(), "{down:?}");
    let waits = {
        let (sender, frames) = (sender.clone(), frames[21..40].to_vec());
        tokio::spawn(async move { sender.send(frames).await })
    };
    let sender_stats = sender.stats();
    eventually("the sender says what is wrong", async || {
        sender_stats.problem().is_some()
    })
    .await;

    fixture.restart().await;
    waits
        .await
        .unwrap()
        .expect("a send outlasts a short outage");
    assert_eq!(text(&drain(&mut receiver, 19).await), text(&frames[21..40]));
    eventually("all is well again", async || stats.problem().is_none()).await;
    assert_eq!(sender_stats.problem(), None);
    sender.send(frames[40..].to_vec()).await.unwrap();
    assert_eq!(text(&drain(&mut receiver, 20).await), text(&frames[40..]));
    eventually("all is acknowledged", || fixture.is_empty()).await;
}

/// A failover: for a while the server takes no writes.
#[tokio::test]
async fn a_server_that_is_no_primary_is_waited_for() {
    let Some(fixture) = RedisFixture::start().await else {
        return;
    };
    let (sender, mut receiver) = (fixture.sender().await, fixture.receiver().await);
    let frames = frames(1, 2);
    sender.send(frames[..1].to_vec()).await.unwrap();
    drain(&mut *receiver, 1).await;
    // Of a primary that nobody reaches.
    let () = fixture.ask(&["REPLICAOF", "127.0.0.1", "1"]).await;
    let stats = sender.stats();
    let rest = frames[1..].to_vec();
    let waits = tokio::spawn(async move { sender.send(rest).await });
    eventually("the sender says what is wrong", async || {
        stats.problem().is_some()
    })
    .await;
    let () = fixture.ask(&["REPLICAOF", "NO", "ONE"]).await;
    waits.await.unwrap().unwrap();
    assert_eq!(text(&drain(&mut *receiver, 1).await), text(&frames[1..]));
}

#[tokio::test]
async fn a_server_that_stays_away_is_an_error_that_passes() {
    let Some(mut fixture) = RedisFixture::start().await else {
        return;
    };
    fixture.kill();
    let mut config = fixture.config();
    config.send_patience = Duration::from_millis(300);
    let sender = RedisSender::new(&config).unwrap();
    let error = sender.send(frames(1, 1)).await.unwrap_err();
    assert!(error.is_transient(), "{error:?}");
    assert!(sender.stats().failures() >= 2);
    // Both may be made before the server is there.
    let mut receiver = fixture.receiver_of(&config);
    fixture.restart().await;
    sender.send(frames(1, 1)).await.unwrap();
    drain(&mut receiver, 1).await;
}

/// A worker's process of its own, ended by SIGKILL with a delivery in hand.
#[tokio::test]
async fn what_a_killed_process_had_goes_to_another() {
    let Some(fixture) = RedisFixture::start().await else {
        return;
    };
    fixture.sender().await.send(frames(1, 1)).await.unwrap();
    let mut child = tokio::process::Command::new(env!("CARGO_BIN_EXE_redis-peer"))
        .args(["hold", &fixture.config().url])
        .arg(PATIENCE.as_millis().to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let said = tokio::time::timeout(DEADLINE, lines.next_line()).await;
    assert_eq!(said.unwrap().unwrap().unwrap(), "a delivery is in hand");
    let mut other = fixture.receiver().await;
    let others = tokio::time::timeout(fixture.patience() * 2, other.receive()).await;
    assert!(others.is_err(), "the process that lives keeps it");
    child.kill().await.unwrap();
    assert_eq!(sequences(&drain(&mut *other, 1).await), [0]);
}
