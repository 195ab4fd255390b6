//! Checkpoint files, whole and damaged.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use prost::Message;
use sui_rpc::proto::sui::rpc::v2 as proto;
use sui_sdk_types::CheckpointData;
use vigia_core::Checkpoint;
use vigia_devnet::{FileFormat, write_checkpoint};
use vigia_sui::{FileSource, SourceError};

use crate::support::{CHAIN, comparable, message, read_folder};

fn chk(data: &CheckpointData) -> Vec<u8> {
    let mut bytes = vec![1];
    bytes.extend(bcs::to_bytes(data).expect("encodes"));
    bytes
}

/// A checkpoint with payments and plain sends in it.
fn busy() -> &'static CheckpointData {
    let busiest = CHAIN.iter().max_by_key(|data| {
        let events = data.transactions.iter().filter(|tx| tx.events.is_some());
        (events.count(), data.transactions.len())
    });
    busiest.expect("the chain has checkpoints")
}

async fn read_one(name: &str, bytes: &[u8]) -> Result<Checkpoint, SourceError> {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join(name), bytes).expect("written");
    let (mut checkpoints, mut errors) = read_folder(folder.path()).await;
    assert_eq!(checkpoints.len() + errors.len(), 1, "{errors:?}");
    let error = errors.pop();
    if let Some(error) = &error {
        assert!(error.to_string().contains(name), "{error} names no file");
    }
    error.map_or_else(|| Ok(checkpoints.remove(0)), Err)
}

async fn refused(name: &str, bytes: &[u8]) -> String {
    match read_one(name, bytes).await {
        Ok(checkpoint) => panic!("{name} was read: {:?}", checkpoint.header),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn all_formats_say_the_same() {
    for data in CHAIN.iter() {
        let plain = message(data);
        let mut without_changes = plain.clone();
        for transaction in &mut without_changes.transactions {
            transaction.balance_changes.clear();
        }
        let bytes = plain.encode_to_vec();
        let packed = zstd::encode_all(&bytes[..], 3).expect("packs");
        let wanted = comparable(&read_one("a.chk", &chk(data)).await.expect("a .chk"));
        assert_eq!(wanted.1.len(), data.transactions.len());
        for (name, bytes) in [
            ("a.bcs", &chk(data)[1..]),
            ("a.binpb", &bytes),
            ("a.binpb.zst", &packed),
            ("stripped.binpb", &without_changes.encode_to_vec()),
        ] {
            let read = read_one(name, bytes).await.expect(name);
            assert_eq!(comparable(&read), wanted, "{name}");
        }
    }
}

#[tokio::test]
async fn files_of_any_name_come_out_ascending() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("deep/er")).unwrap();
    for (n, data) in CHAIN.iter().enumerate() {
        // Names run against the numbers, over folders and formats.
        let backwards = CHAIN.len() - n;
        let path = match n % 3 {
            0 => format!("{backwards:04}.chk"),
            1 => format!("deep/{backwards:04}.binpb"),
            _ => format!("deep/er/z{backwards:04}.bcs"),
        };
        let bytes = match n % 3 {
            0 => chk(data),
            1 => message(data).encode_to_vec(),
            _ => chk(data)[1..].to_vec(),
        };
        fs::write(folder.path().join(path), bytes).unwrap();
    }
    fs::write(folder.path().join("README.txt"), "not a checkpoint").unwrap();
    let (checkpoints, errors) = read_folder(folder.path()).await;
    assert!(errors.is_empty(), "{errors:?}");
    let numbers: Vec<u64> = checkpoints.iter().map(|c| c.header.sequence).collect();
    assert_eq!(numbers, (0..CHAIN.len() as u64).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_checkpoint_in_two_files_is_refused_once() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.chk"), chk(&CHAIN[3])).unwrap();
    fs::write(folder.path().join("b.bcs"), &chk(&CHAIN[3])[1..]).unwrap();
    let (checkpoints, errors) = read_folder(folder.path()).await;
    assert_eq!(checkpoints.len(), 1);
    let [error] = &errors[..] else {
        panic!("{errors:?}");
    };
    let text = error.to_string();
    assert!(text.contains("b.bcs") && text.contains("a.chk"), "{text}");
}

#[tokio::test]
async fn a_damaged_file_does_not_stop_the_others() {
    let folder = tempfile::tempdir().unwrap();
    for data in &CHAIN[..4] {
        write_checkpoint(folder.path(), data.clone(), FileFormat::Chk).unwrap();
    }
    let middle = folder.path().join("2.chk");
    let whole = fs::read(&middle).unwrap();
    fs::write(&middle, &whole[..whole.len() - 1]).unwrap();
    let (checkpoints, errors) = read_folder(folder.path()).await;
    let numbers: Vec<u64> = checkpoints.iter().map(|c| c.header.sequence).collect();
    assert_eq!(numbers, [0, 1, 3]);
    assert!(errors[0].to_string().contains("2.chk"), "{errors:?}");
}

#[tokio::test]
async fn what_is_cut_short_or_lacks_its_first_byte_is_refused() {
    let whole = chk(busy());
    for cut in [0, 1, 8, 16, 17, whole.len() / 2, whole.len() - 1] {
        refused("cut.chk", &whole[..cut]).await;
    }
    // The epoch comes first; in epoch 0 it cannot be taken for the leading byte.
    let whole = chk(&CHAIN[3]);
    let bare = &whole[1..];
    assert!(refused("bare.chk", bare).await.contains("0x01"));
    assert!(
        refused("two.chk", &[&[2], bare].concat())
            .await
            .contains("0x01")
    );
    refused("with-byte.bcs", &whole).await;
    refused("longer.chk", &[&whole[..], &[0]].concat()).await;

    let packed = zstd::encode_all(&message(busy()).encode_to_vec()[..], 3).unwrap();
    for cut in [0, 3, packed.len() / 2, packed.len() - 1] {
        refused("cut.binpb.zst", &packed[..cut]).await;
    }
    refused("unpacked.binpb.zst", &message(busy()).encode_to_vec()).await;
    refused("packed.binpb", &packed).await;
    refused("empty.binpb", &[]).await;
}

#[tokio::test]
async fn parts_that_are_missing_are_never_read_as_zero() {
    type Change = fn(&mut proto::Checkpoint);
    let last = |message: &mut proto::Checkpoint| message.transactions.len() - 1;
    assert!(last(&mut message(busy())) > 2);
    let changes: [(&str, Change, &str); 15] = [
        ("number", |m| m.sequence_number = None, "sequence number"),
        ("other number", |m| m.sequence_number = Some(0), "summary"),
        ("summary", |m| m.summary = None, "summary.bcs"),
        ("contents", |m| m.contents = None, "contents"),
        (
            "summary bcs",
            |m| m.summary.as_mut().expect("there").bcs = None,
            "summary.bcs",
        ),
        (
            "contents bcs",
            |m| m.contents.as_mut().expect("there").bcs = None,
            "contents",
        ),
        (
            "transaction",
            |m| m.transactions[1].transaction = None,
            "transaction.bcs",
        ),
        (
            "transaction bcs",
            |m| m.transactions[1].transaction.as_mut().expect("there").bcs = None,
            "transaction.bcs",
        ),
        (
            "effects",
            |m| m.transactions[1].effects = None,
            "effects.bcs",
        ),
        (
            "events",
            |m| m.transactions.iter_mut().for_each(|tx| tx.events = None),
            "events.bcs",
        ),
        (
            "index",
            |m| m.transactions[1].transaction_index = Some(2),
            "another",
        ),
        (
            "one transaction",
            |m| drop(m.transactions.pop()),
            "transactions",
        ),
        ("order", |m| m.transactions.swap(1, 2), ""),
        ("objects", |m| m.objects = None, "objects"),
        (
            "one object",
            |m| drop(m.objects.as_mut().expect("there").objects.pop()),
            "is missing",
        ),
    ];
    for (what, change, says) in changes {
        let mut damaged = message(busy());
        change(&mut damaged);
        let error = refused("damaged.binpb", &damaged.encode_to_vec()).await;
        assert!(error.contains(says), "{what}: {error}");
    }
}

#[tokio::test]
async fn a_forged_coin_is_no_money() {
    use sui_sdk_types::{Object, ObjectData};
    // One unit more in a coin: every signed digest stays as it was.
    let forge = |object: &mut Object| -> bool {
        let is_coin = object
            .as_struct()
            .is_some_and(|s| s.object_type().is_coin().is_some());
        if let (true, ObjectData::Struct(data)) = (is_coin, object.data().clone()) {
            let mut contents = data.contents().to_vec();
            contents[32] ^= 1;
            let data = sui_sdk_types::MoveStruct::new(
                data.object_type().clone(),
                data.has_public_transfer(),
                data.version(),
                contents,
            );
            let data = ObjectData::Struct(data.expect("it begins with an id"));
            *object = Object::new(
                data,
                *object.owner(),
                object.previous_transaction(),
                object.storage_rebate(),
            );
        }
        is_coin
    };
    for input in [true, false] {
        let mut data = busy().clone();
        let forged = data.transactions.iter_mut().any(|transaction| {
            let objects = if input {
                &mut transaction.input_objects
            } else {
                &mut transaction.output_objects
            };
            objects.iter_mut().any(forge)
        });
        assert!(forged);
        let error = refused("forged.chk", &chk(&data)).await;
        assert!(error.contains("not the one it changed"), "{error}");
        let error = refused("forged.binpb", &message(&data).encode_to_vec()).await;
        assert!(error.contains("not the one it changed"), "{error}");
    }
    // Twice the same object does not count twice.
    let mut data = busy().clone();
    let wanted = comparable(&read_one("a.chk", &chk(&data)).await.unwrap());
    for transaction in &mut data.transactions {
        let again = transaction.output_objects.clone();
        transaction.output_objects.extend(again);
    }
    let read = read_one("a.chk", &chk(&data)).await.unwrap();
    assert_eq!(comparable(&read), wanted);
}

#[tokio::test]
async fn a_zstd_bomb_is_refused_while_it_unpacks() {
    use std::io::Write;
    // 8 GiB of zeros in under a megabyte: reading it whole would not fit this test.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bomb.binpb.zst");
    let mut once = zstd::Encoder::new(Vec::new(), 1).unwrap();
    let zeros = vec![0; 1 << 20];
    for _ in 0..512 {
        once.write_all(&zeros).unwrap();
    }
    let frame = once.finish().unwrap();
    // A file may be many frames after one another.
    fs::write(&path, frame.repeat(16)).unwrap();
    assert!(fs::metadata(&path).unwrap().len() < 2 << 20);
    let (checkpoints, errors) = read_folder(folder.path()).await;
    assert!(checkpoints.is_empty());
    let text = errors[0].to_string();
    assert!(
        text.contains("bomb") && text.contains("larger than"),
        "{text}"
    );
}

#[test]
fn a_folder_that_is_not_there_is_an_error() {
    let error = FileSource::index(Path::new("no-such-folder"), &mut |_| {}).unwrap_err();
    assert!(error.to_string().contains("no-such-folder"), "{error}");
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime")
        .block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_flipped_bit_is_an_error_or_nothing(
        place in any::<prop::sample::Index>(), bit in 0u8..8, format in 0usize..3
    ) {
        let name = ["flip.chk", "flip.bcs", "flip.binpb"][format];
        let whole = match format {
            0 => chk(busy()),
            1 => chk(busy())[1..].to_vec(),
            _ => message(busy()).encode_to_vec(),
        };
        let mut bytes = whole.clone();
        bytes[place.index(whole.len())] ^= 1 << bit;
        // Signatures and what the message repeats decoded are bound by nothing, nor read.
        if let Ok(read) = run(read_one(name, &bytes)) {
            let wanted = run(read_one(name, &whole)).expect("it is whole");
            let (header, transactions) = comparable(&read);
            let (wanted_header, wanted_transactions) = comparable(&wanted);
            prop_assert_eq!(transactions.len(), wanted_transactions.len());
            let same = transactions.iter().zip(&wanted_transactions).all(|(a, b)| {
                a.same_but_time(b)
            });
            prop_assert!(same, "bit {bit} at {place:?}");
            // A summary is bound by its signature alone; its digest tells.
            prop_assert!(header == wanted_header || header.digest != wanted_header.digest);
        }
    }
}
