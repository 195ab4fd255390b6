//! Answers of SQS that moto never gives: batches of which a part failed.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use vigia_core::{CheckpointHeader, Digest, Frame};
use vigia_transport::codec::encode;
use vigia_transport::{FrameSender, SqsConfig, SqsCredentials, SqsSender};

use crate::frames::frames;
use crate::support::MemoryDepot;

/// A service that answers each request with the next of `answers` and passes on what was asked.
async fn service(answers: Vec<(u16, Value)>) -> (u16, mpsc::UnboundedReceiver<Value>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (asked, requests) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        for (status, answer) in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            asked.send(request_body(&mut stream).await).unwrap();
            let body = answer.to_string();
            let head = format!(
                "HTTP/1.1 {status} Answer\r\ncontent-type: application/x-amz-json-1.0\r\n\
                 connection: close\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            stream.write_all((head + &body).as_bytes()).await.unwrap();
        }
    });
    (port, requests)
}

async fn request_body(stream: &mut TcpStream) -> Value {
    let mut bytes = Vec::new();
    loop {
        stream.read_buf(&mut bytes).await.unwrap();
        let text = String::from_utf8_lossy(&bytes).to_lowercase();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.unwrap().trim().parse().unwrap();
        if body.len() >= length {
            return serde_json::from_slice(&bytes[bytes.len() - length..]).unwrap();
        }
    }
}

async fn sender(port: u16) -> SqsSender {
    let mut config = SqsConfig::new(format!("http://127.0.0.1:{port}/1/frames"));
    config.region = Some("eu-west-1".to_owned());
    config.endpoint_url = Some(format!("http://127.0.0.1:{port}"));
    config.credentials = Some(SqsCredentials {
        access_key_id: "test".to_owned(),
        secret_access_key: "test".to_owned(),
        session_token: None,
    });
    SqsSender::new(&config, Arc::new(MemoryDepot::default()))
        .await
        .unwrap()
}

fn sent(ids: &[&str], failed: &[(&str, bool)]) -> (u16, Value) {
    let successful = ids
        .iter()
        .map(|id| json!({ "Id": id, "MessageId": id, "MD5OfMessageBody": "" }));
    let failed = failed.iter().map(|(id, is_ours)| {
        json!({ "Id": id, "SenderFault": is_ours, "Code": "Odd", "Message": "as it is" })
    });
    let successful: Vec<Value> = successful.collect();
    let failed: Vec<Value> = failed.collect();
    (200, json!({ "Successful": successful, "Failed": failed }))
}

/// So many quiet checkpoints that they take four messages, all of them small.
fn four_messages() -> Vec<Frame> {
    let frame = |sequence| Frame {
        header: CheckpointHeader {
            sequence,
            digest: Digest::ZERO,
            previous_digest: None,
            epoch: 0,
            timestamp_ms: 0,
        },
        watch_version: 0,
        relevant: Vec::new(),
    };
    let frames: Vec<Frame> = (0..18_000).map(frame).collect();
    assert_eq!(encode(&frames, 196_608).unwrap().len(), 4);
    frames
}

fn bodies(request: &Value) -> Vec<String> {
    let entries = request["Entries"].as_array().unwrap().iter();
    let body = |entry: &Value| entry["MessageBody"].as_str().unwrap().to_owned();
    entries.map(body).collect()
}

#[tokio::test]
async fn failed_entries_of_a_batch_are_sent_again_and_no_others() {
    let answers = vec![
        (503, json!({ "__type": "ServiceUnavailable" })),
        sent(&["0", "2"], &[("1", false), ("3", false)]),
        sent(&["0", "1"], &[]),
    ];
    let (port, mut requests) = service(answers).await;
    let sender = sender(port).await;
    sender.send(four_messages()).await.unwrap();
    let mut sent = Vec::new();
    while let Ok(request) = requests.try_recv() {
        sent.push(bodies(&request));
    }
    assert_eq!(sent.len(), 3);
    assert_eq!(sent[0].len(), 4);
    assert_eq!(sent[1], sent[0], "after a failure of all, all");
    assert_eq!(sent[2], [sent[1][1].clone(), sent[1][3].clone()]);
    assert_eq!(sender.stats().failures(), 2);
    assert_eq!(sender.stats().problem(), None);
}

#[tokio::test]
async fn an_entry_that_is_our_fault_is_not_tried_again() {
    let (port, _requests) = service(vec![sent(&[], &[("0", true)])]).await;
    let error = sender(port).await.send(frames(1, 3)).await.unwrap_err();
    assert!(!error.is_transient(), "{error:?}");
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(source, "Odd: as it is");
}
