//! What every transport promises to pollers and workers.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use vigia_core::Frame;
use vigia_transport::{Backlog, FrameReceiver, FrameSender, TransportError};

use crate::frames::{frames, large, sequences, text};
use crate::support::{MemoryDepot, drain, eventually, next};

/// A transport under test, with nothing in it.
pub(crate) trait Fixture: Sized {
    /// Starts it; none where its server is missing, which was said.
    async fn start() -> Option<Self>;

    /// A poller's side.
    async fn sender(&self) -> Arc<dyn FrameSender>;

    /// A worker's side.
    async fn receiver(&self) -> Box<dyn FrameReceiver>;

    /// A worker's side that may hold a delivery for so long; none where there is no such bound.
    async fn receiver_within(&self, hold_max: Duration) -> Option<Box<dyn FrameReceiver>>;

    /// How long a message of a dead receiver is kept from others.
    fn patience(&self) -> Duration;

    /// Puts bytes where messages are; false where only frames can be.
    async fn put(&self, message: &[u8]) -> bool;

    /// Whether nothing is left in it, waiting or in hand.
    async fn is_empty(&self) -> bool;

    /// Where large and malformed messages go.
    fn depot(&self) -> &MemoryDepot;
}

macro_rules! transport_conformance_suite {
    ($fixture:ty) => {
        $crate::suite::transport_conformance_suite!(@stamp $fixture, [
            everything_sent_arrives, what_a_lost_receiver_had_goes_to_another,
            abandoned_deliveries_come_again, acknowledged_deliveries_do_not_come_again,
            several_receivers_share, large_frames_arrive, malformed_messages_are_set_aside,
            malformed_messages_outlast_a_failing_depot, giving_up_waiting_loses_nothing,
            slow_workers_keep_what_they_have, nobody_keeps_a_delivery_for_ever,
            receipts_belong_to_their_transport, brokers_say_what_they_have,
        ]);
    };
    (@stamp $fixture:ty, [$($test:ident),* $(,)?]) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                if let Some(fixture) = <$fixture as $crate::suite::Fixture>::start().await {
                    $crate::suite::$test(&fixture).await;
                }
            }
        )*
    };
}
pub(crate) use transport_conformance_suite;

pub(crate) async fn brokers_say_what_they_have<F: Fixture>(fixture: &F) {
    let sender = fixture.sender().await;
    let none = Backlog::default();
    let Some(empty) = sender.backlog().await.unwrap() else {
        return; // within a process there is no broker
    };
    assert_eq!(empty, none);
    for frame in frames(1, 3) {
        sender.send(vec![frame]).await.unwrap();
    }
    let backlog = async || sender.backlog().await.unwrap().unwrap();
    let (waiting, held) = (3, 0);
    assert_eq!(backlog().await, Backlog { waiting, held });
    let mut receiver = fixture.receiver().await;
    let mut receipts = vec![next(&mut *receiver).await.receipt];
    receipts.push(next(&mut *receiver).await.receipt);
    receipts.push(next(&mut *receiver).await.receipt);
    let (waiting, held) = (0, 3);
    assert_eq!(backlog().await, Backlog { waiting, held });
    receiver.acknowledge(receipts).await.unwrap();
    eventually("nothing is left", async || backlog().await == none).await;
}

pub(crate) async fn everything_sent_arrives<F: Fixture>(fixture: &F) {
    let (sender, mut receiver) = (fixture.sender().await, fixture.receiver().await);
    let frames = frames(1, 120);
    sender.send(frames[..1].to_vec()).await.unwrap();
    sender.send(frames[1..100].to_vec()).await.unwrap();
    sender.send(frames[100..].to_vec()).await.unwrap();
    sender.send(Vec::new()).await.unwrap();
    assert_eq!(text(&drain(&mut *receiver, 120).await), text(&frames));
    assert_eq!(sender.stats().frames(), 120);
    assert!(receiver.stats().frames() >= 120);
    eventually("all is acknowledged", || fixture.is_empty()).await;
    assert!(receiver.receive_waiting().is_none());
}

pub(crate) async fn what_a_lost_receiver_had_goes_to_another<F: Fixture>(fixture: &F) {
    let (sender, mut lost) = (fixture.sender().await, fixture.receiver().await);
    let frames = frames(1, 8);
    for frame in &frames {
        sender.send(vec![frame.clone()]).await.unwrap();
    }
    let mut other = fixture.receiver().await;
    let in_hand = [next(&mut *lost).await, next(&mut *lost).await];
    drop((lost, in_hand));
    assert_eq!(text(&drain(&mut *other, 8).await), text(&frames));
}

pub(crate) async fn abandoned_deliveries_come_again<F: Fixture>(fixture: &F) {
    let (sender, mut receiver) = (fixture.sender().await, fixture.receiver().await);
    let frames = frames(1, 2);
    sender.send(frames.clone()).await.unwrap();
    let first = next(&mut *receiver).await;
    let abandoned = sequences(&first.frames);
    receiver.abandon(vec![first.receipt]);
    let again = drain(&mut *receiver, 2).await;
    assert!(sequences(&again).contains(&abandoned[0]));
    assert_eq!(text(&again), text(&frames));
}

pub(crate) async fn acknowledged_deliveries_do_not_come_again<F: Fixture>(fixture: &F) {
    let (sender, mut receiver) = (fixture.sender().await, fixture.receiver().await);
    let mut next_receiver = fixture.receiver().await;
    let frames = frames(1, 30);
    for frame in &frames[..29] {
        sender.send(vec![frame.clone()]).await.unwrap();
    }
    let mut receipts = Vec::new();
    let mut seen = BTreeSet::new();
    while seen.len() < 29 {
        let delivery = tokio::select! {
            delivery = receiver.receive() => delivery.unwrap(),
            // Messages it read ahead are as good as any.
            delivery = next_receiver.receive() => {
                let delivery = delivery.unwrap();
                seen.extend(sequences(&delivery.frames));
                next_receiver.acknowledge(vec![delivery.receipt]).await.unwrap();
                continue;
            }
        };
        seen.extend(sequences(&delivery.frames));
        receipts.push(delivery.receipt);
    }
    receiver.acknowledge(receipts).await.unwrap();
    eventually("all is acknowledged", || fixture.is_empty()).await;
    drop(receiver);
    sender.send(frames[29..].to_vec()).await.unwrap();
    let only = next(&mut *next_receiver).await;
    assert_eq!(sequences(&only.frames), sequences(&frames[29..]));
}

pub(crate) async fn several_receivers_share<F: Fixture>(fixture: &F) {
    let sender = fixture.sender().await;
    let (mut one, mut two) = (fixture.receiver().await, fixture.receiver().await);
    let frames = frames(1, 60);
    for frame in &frames {
        sender.send(vec![frame.clone()]).await.unwrap();
    }
    // Both have something in hand before anything is acknowledged.
    let (first, second) = (next(&mut *one).await, next(&mut *two).await);
    let mut seen: BTreeSet<u64> = sequences(&first.frames).into_iter().collect();
    assert!(seen.is_disjoint(&sequences(&second.frames).into_iter().collect()));
    seen.extend(sequences(&second.frames));
    one.acknowledge(vec![first.receipt]).await.unwrap();
    two.acknowledge(vec![second.receipt]).await.unwrap();
    while seen.len() < frames.len() {
        tokio::select! {
            delivery = one.receive() => {
                let delivery = delivery.unwrap();
                seen.extend(sequences(&delivery.frames));
                one.acknowledge(vec![delivery.receipt]).await.unwrap();
            }
            delivery = two.receive() => {
                let delivery = delivery.unwrap();
                seen.extend(sequences(&delivery.frames));
                two.acknowledge(vec![delivery.receipt]).await.unwrap();
            }
        }
    }
    eventually("all is acknowledged", || fixture.is_empty()).await;
}

pub(crate) async fn large_frames_arrive<F: Fixture>(fixture: &F) {
    let (sender, mut receiver) = (fixture.sender().await, fixture.receiver().await);
    let sent: Vec<Frame> = vec![large(1_500_000)];
    sender.send(sent.clone()).await.unwrap();
    assert_eq!(text(&drain(&mut *receiver, 1).await), text(&sent));
    eventually("all is acknowledged", || fixture.is_empty()).await;
}

pub(crate) async fn malformed_messages_are_set_aside<F: Fixture>(fixture: &F) {
    let (sender, mut receiver) = (fixture.sender().await, fixture.receiver().await);
    let malformed: [&[u8]; 3] = [b"rubbish", b"vigF\xff from the future", b"v"];
    for message in malformed {
        if !fixture.put(message).await {
            return;
        }
    }
    let frames = frames(1, 3);
    sender.send(frames.clone()).await.unwrap();
    assert_eq!(text(&drain(&mut *receiver, 3).await), text(&frames));
    let stats = receiver.stats();
    eventually("all three are set aside", async || stats.malformed() >= 3).await;
    eventually("they are acknowledged", || fixture.is_empty()).await;
    let mut aside = fixture.depot().kept().aside.clone();
    aside.sort_by_key(|(_, _, bytes)| bytes.clone());
    aside.dedup();
    let mut expected = malformed.map(<[u8]>::to_vec);
    expected.sort();
    let bytes: Vec<Vec<u8>> = aside.iter().map(|(_, _, bytes)| bytes.clone()).collect();
    assert_eq!(bytes, expected);
    let future = aside
        .iter()
        .find(|(_, _, bytes)| bytes.starts_with(b"vigF"));
    let reason = &future.unwrap().1;
    assert!(reason.contains("its version is 255"), "{reason}");
}

pub(crate) async fn malformed_messages_outlast_a_failing_depot<F: Fixture>(fixture: &F) {
    let (sender, mut receiver) = (fixture.sender().await, fixture.receiver().await);
    fixture.depot().kept().failing = true;
    if !fixture.put(b"rubbish").await {
        return;
    }
    let frames = frames(1, 3);
    sender.send(frames.clone()).await.unwrap();
    assert_eq!(text(&drain(&mut *receiver, 3).await), text(&frames));
    let depot = fixture.depot();
    eventually("the depot fails", async || depot.kept().failures > 0).await;
    assert_eq!(receiver.stats().malformed(), 0);
    assert!(!fixture.is_empty().await, "the message is still there");
    depot.kept().failing = false;
    eventually("it is set aside", || fixture.is_empty()).await;
    assert_eq!(depot.kept().aside.len(), 1);
    assert_eq!(receiver.stats().malformed(), 1);
}

/// Waiting in a `select!` that always has something better to do after a moment.
pub(crate) async fn giving_up_waiting_loses_nothing<F: Fixture>(fixture: &F) {
    let (sender, mut receiver) = (fixture.sender().await, fixture.receiver().await);
    let frames = frames(1, 150);
    let to_send = frames.clone();
    let gave_up = Arc::new(Notify::new());
    let go_on = Arc::clone(&gave_up);
    let sending = tokio::spawn(async move {
        for frame in to_send {
            // Never ahead of the receiver, so that it has to wait.
            go_on.notified().await;
            sender.send(vec![frame]).await.unwrap();
        }
        sender
    });
    let mut seen = BTreeSet::new();
    let (mut given_up, mut round) = (0, 0_u64);
    while seen.len() < frames.len() {
        round += 1;
        // From never awaited to a millisecond, so that giving up falls everywhere. Nothing is waited for
        // here: the moment is what is tried out, against a server whose time cannot be paused.
        let moment = Duration::from_micros(round * 37 % 1_000);
        tokio::select! {
            biased;
            () = tokio::time::sleep(moment) => {
                given_up += 1;
                gave_up.notify_one();
            }
            delivery = receiver.receive() => {
                let delivery = delivery.unwrap();
                seen.extend(sequences(&delivery.frames));
                receiver.acknowledge(vec![delivery.receipt]).await.unwrap();
            }
        }
        assert!(round < 200_000, "{} of 150 arrived", seen.len());
    }
    let _sender = sending.await.unwrap();
    assert!(given_up >= frames.len(), "every frame was waited for");
    eventually("all is acknowledged", || fixture.is_empty()).await;
}

pub(crate) async fn slow_workers_keep_what_they_have<F: Fixture>(fixture: &F) {
    let (sender, mut slow) = (fixture.sender().await, fixture.receiver().await);
    let frames = frames(1, 1);
    sender.send(frames.clone()).await.unwrap();
    let in_hand = next(&mut *slow).await;
    let mut other = fixture.receiver().await;
    let others = tokio::time::timeout(fixture.patience() * 3, other.receive()).await;
    assert!(
        others.is_err(),
        "it came to another although it is worked on"
    );
    drop((slow, in_hand));
    assert_eq!(text(&drain(&mut *other, 1).await), text(&frames));
}

pub(crate) async fn nobody_keeps_a_delivery_for_ever<F: Fixture>(fixture: &F) {
    let Some(mut stuck) = fixture.receiver_within(fixture.patience()).await else {
        return;
    };
    let sender = fixture.sender().await;
    let frames = frames(1, 1);
    sender.send(frames.clone()).await.unwrap();
    let in_hand = next(&mut *stuck).await;
    let mut other = fixture.receiver().await;
    let again = next(&mut *other).await;
    assert_eq!(text(&again.frames), text(&frames));
    assert!(stuck.stats().holds_expired() >= 1);
    // Both may acknowledge it.
    other.acknowledge(vec![again.receipt]).await.unwrap();
    stuck.acknowledge(vec![in_hand.receipt]).await.unwrap();
    eventually("all is acknowledged", || fixture.is_empty()).await;
}

pub(crate) async fn receipts_belong_to_their_transport<F: Fixture>(fixture: &F) {
    let (sender, mut receiver) = (fixture.sender().await, fixture.receiver().await);
    sender.send(frames(1, 1)).await.unwrap();
    let delivery = next(&mut *receiver).await;
    let (_sender, mut foreign) = vigia_transport::channel(vigia_transport::Limits::default());
    let refused = foreign.acknowledge(vec![delivery.receipt]).await;
    assert!(matches!(refused, Err(TransportError::ForeignReceipt)));
    // It was not acknowledged, so it comes again.
    drain(&mut *receiver, 1).await;
}
