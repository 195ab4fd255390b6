//! The live source against a simulated full node.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::StreamExt;
use sui_sdk_types::CheckpointData;
use vigia_core::{
    Address, DatatypeName, DatatypeShape, FieldType, StructTag, SystemClock, parse_coin_type,
};
use vigia_devnet::{
    ChainConfig, Coin, Devnet, DevnetConfig, FileFormat, Pace, Packages, generate, write_checkpoint,
};
use vigia_sui::{CheckpointSource, ProviderConfig, Providers, Secret, Start};

use crate::node::{PATIENCE, address_of, next, replay, source, trouble};
use crate::support::{CHAIN, chain_config, comparable, read_folder};

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_brings_what_files_hold() {
    let folder = tempfile::tempdir().unwrap();
    for data in CHAIN.iter() {
        write_checkpoint(folder.path(), data.clone(), FileFormat::Chk).unwrap();
    }
    let (wanted, errors) = read_folder(folder.path()).await;
    assert!(errors.is_empty(), "{errors:?}");
    let node = Devnet::start(DevnetConfig {
        chain: chain_config(),
        pace: Pace::Complete,
        ..DevnetConfig::default()
    });
    let node = node.await.unwrap();
    let (source, _) = source(&node.url());
    let mut stream = source.stream(Start::Checkpoint(0));
    for wanted in &wanted {
        let read = next(&mut stream).await.unwrap();
        assert_eq!(comparable(&read), comparable(wanted));
    }
    let info = source.info().await.unwrap();
    assert_eq!(info.tip, wanted.last().unwrap().header.sequence);
    assert_eq!(info.chain.0, wanted[0].header.digest);
    assert_eq!(info.lowest_available, 0);
    node.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn from_the_tip_means_not_from_the_beginning() {
    let node = Devnet::start(DevnetConfig {
        chain: ChainConfig {
            transactions: None,
            ..chain_config()
        },
        history: 20,
        pace: Pace::Manual,
        ..DevnetConfig::default()
    });
    let node = node.await.unwrap();
    let (source, _) = source(&node.url());
    let mut stream = source.stream(Start::Tip);
    let mut seen: Vec<u64> = vec![];
    let reading = async {
        while seen.len() < 5 {
            // A subscription shows nothing before the chain grows, and when it is there cannot be
            // seen from here: grow until it brings something.
            match tokio::time::timeout(Duration::from_millis(50), stream.next()).await {
                Err(_) => node.advance(1),
                Ok(item) => {
                    let item = item.expect("a live stream never ends");
                    seen.push(item.expect("no trouble").header.sequence);
                }
            }
        }
    };
    tokio::time::timeout(PATIENCE, reading).await.unwrap();
    assert!(seen[0] >= 19, "{seen:?}");
    assert!(
        seen.windows(2).all(|pair| pair[1] == pair[0] + 1),
        "{seen:?}"
    );
    node.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_comes_back_is_read_on_without_gap_or_repeat() {
    let node = replay(&CHAIN[..6], None).await;
    let address = address_of(&node);
    let (source, troubles) = source(&node.url());
    let mut stream = source.stream(Start::Checkpoint(2));
    let mut seen = vec![];
    for _ in 2..6 {
        seen.push(next(&mut stream).await.unwrap().header.sequence);
    }
    node.shutdown().await.unwrap();
    trouble(&mut stream, &troubles).await;

    let node = replay(&CHAIN[..], Some(address)).await;
    let reading = async {
        while seen.len() + 2 < CHAIN.len() {
            if let Ok(checkpoint) = next(&mut stream).await {
                seen.push(checkpoint.header.sequence);
            }
        }
    };
    tokio::time::timeout(PATIENCE, reading).await.unwrap();
    assert_eq!(seen, (2..CHAIN.len() as u64).collect::<Vec<_>>());
    node.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn another_chain_behind_the_same_address_is_not_taken_for_it() {
    let node = replay(&CHAIN[..6], None).await;
    let address = address_of(&node);
    let (source, troubles) = source(&node.url());
    let mut stream = source.stream(Start::Checkpoint(0));
    for _ in 0..6 {
        next(&mut stream).await.unwrap();
    }
    node.shutdown().await.unwrap();
    trouble(&mut stream, &troubles).await;

    let other_config = ChainConfig {
        seed: 2,
        ..chain_config()
    };
    let other: Vec<CheckpointData> = generate(other_config).collect();
    let node = replay(&other, Some(address)).await;
    let refused = async {
        loop {
            match next(&mut stream).await {
                Ok(checkpoint) => panic!("accepted {:?}", checkpoint.header),
                Err(error) if error.to_string().contains("another chain") => return,
                Err(_) => {}
            }
        }
    };
    tokio::time::timeout(PATIENCE, refused).await.unwrap();
    node.shutdown().await.unwrap();

    // The right one comes back, and nothing is lost.
    let node = replay(&CHAIN[..], Some(address)).await;
    let reading = async {
        loop {
            if let Ok(checkpoint) = next(&mut stream).await {
                return checkpoint.header;
            }
        }
    };
    let header = tokio::time::timeout(PATIENCE, reading).await.unwrap();
    let wanted = &CHAIN[6].checkpoint_summary.checkpoint;
    assert_eq!((header.sequence, header.digest), (6, wanted.digest()));
    node.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn coins_are_known_or_not() {
    let node = replay(&CHAIN[..3], None).await;
    let (source, _) = source(&node.url());
    for coin in [Coin::Cusd, Coin::Sui, Coin::Scam] {
        let tag = coin.type_tag();
        let info = source.coin_info(&tag).await.unwrap().unwrap();
        assert_eq!(info.coin_type, tag.to_string());
        assert_eq!(info.decimals.map(u32::from), Some(coin.decimals()));
        assert_eq!(info.symbol, coin.symbol());
    }
    let unknown = parse_coin_type("0x77::gold::GOLD").unwrap();
    assert_eq!(source.coin_info(&unknown).await.unwrap(), None);
    node.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn packages_tell_their_versions_and_datatypes() {
    let node = replay(&CHAIN[..], None).await;
    let (source, _) = source(&node.url());
    let packages = Packages::declared();
    let versions = source.package_versions(packages.pay).await.unwrap();
    let versions = versions.unwrap();
    assert_eq!(versions[0].package, packages.pay);
    assert!(
        versions
            .iter()
            .all(|version| version.original == packages.pay)
    );
    let nobodys = Address::new([0x77; 32]);
    assert_eq!(source.package_versions(nobodys).await.unwrap(), None);

    let name = |text: &str| {
        let tag = format!("{}::{text}", packages.pay).parse::<StructTag>();
        DatatypeName::from(&tag.unwrap())
    };
    let told = source.datatype(&name("pay::PaymentMade")).await.unwrap();
    let DatatypeShape::Struct(fields) = told.unwrap().shape else {
        panic!("an event is a struct");
    };
    let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
    assert_eq!(names[..3], ["payer", "recipient", "amount"]);
    assert_eq!(
        fields[5].field_type,
        FieldType::Vector(Box::new(FieldType::U8))
    );
    assert_eq!(source.datatype(&name("pay::Nothing")).await.unwrap(), None);
    node.shutdown().await.unwrap();
}

const HUSH: &str = "hush-hush-token";

#[tokio::test(flavor = "multi_thread")]
async fn nobody_there_is_an_error_that_keeps_secrets() {
    // A port that was free a moment ago.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let config = ProviderConfig {
        x_token: Some(Secret::new(HUSH)),
        bearer: Some(Secret::new(HUSH)),
        ..ProviderConfig::new(format!("http://user:{HUSH}@{address}/{HUSH}?key={HUSH}"))
    };
    assert!(!format!("{config:?}").contains(HUSH), "{config:?}");
    let notices = Arc::new(Mutex::new(vec![]));
    let kept = Arc::clone(&notices);
    let notice = move |notice| {
        let text = format!("{notice:?}");
        kept.lock().expect("nobody panics with it").push(text);
    };
    let source = match Providers::one(&config, Arc::new(SystemClock), notice) {
        Ok(source) => source,
        Err(error) => {
            assert!(!format!("{error} {error:?}").contains(HUSH), "{error:?}");
            return;
        }
    };
    assert!(!source.url().contains(HUSH));
    let error = source.info().await.unwrap_err();
    let text = format!("{error} {error:?}");
    assert!(text.contains(&address.to_string()), "{text}");
    assert!(!text.contains(HUSH), "{text}");
    let tag = Coin::Sui.type_tag();
    let error = source.coin_info(&tag).await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains(HUSH), "{error:?}");

    let mut stream = source.stream(Start::Checkpoint(0));
    let troubled = async {
        loop {
            match tokio::time::timeout(Duration::from_millis(50), stream.next()).await {
                Ok(Some(Err(error))) => return format!("{error} {error:?}"),
                Ok(_) => panic!("nobody is there"),
                Err(_) => {}
            }
            if let Some(text) = notices.lock().expect("nobody panics with it").first() {
                return text.clone();
            }
        }
    };
    let text = tokio::time::timeout(PATIENCE, troubled).await.unwrap();
    assert!(!text.contains(HUSH), "{text}");
}

#[tokio::test]
async fn tokens_that_no_header_can_carry_are_refused_unseen() {
    let bad = format!("{HUSH}\n");
    for (x_token, bearer) in [(Some(&bad), None), (None, Some(&bad))] {
        let config = ProviderConfig {
            x_token: x_token.map(Secret::new),
            bearer: bearer.map(Secret::new),
            ..ProviderConfig::new("http://127.0.0.1:9")
        };
        let Err(error) = Providers::one(&config, Arc::new(SystemClock), |_| {}) else {
            panic!("a token with a line break was accepted");
        };
        assert!(!format!("{error} {error:?}").contains(HUSH), "{error:?}");
    }
    for url in [
        format!("ftp://{HUSH}@host/{HUSH}"),
        format!("http://host:notaport/{HUSH}"),
        format!("http://[::1]:65536/{HUSH}"),
    ] {
        let Err(error) = Providers::one(&ProviderConfig::new(&url), Arc::new(SystemClock), |_| {})
        else {
            panic!("{url} was accepted");
        };
        assert!(!format!("{error} {error:?}").contains(HUSH), "{error:?}");
    }
    assert!(
        Providers::one(
            &ProviderConfig::new("http://[::1]:65535/"),
            Arc::new(SystemClock),
            |_| {}
        )
        .is_ok()
    );
    assert!(
        Providers::one(
            &ProviderConfig::new("http://[::1]"),
            Arc::new(SystemClock),
            |_| {}
        )
        .is_ok()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn epochs_are_told() {
    let node = Devnet::start(DevnetConfig {
        chain: ChainConfig {
            epoch_checkpoints: 5,
            ..chain_config()
        },
        pace: Pace::Complete,
        ..DevnetConfig::default()
    });
    let node = node.await.unwrap();
    let (source, _) = source(&node.url());
    let first = source.epoch(Some(0)).await.unwrap().unwrap();
    assert_eq!((first.epoch, first.first_checkpoint), (0, Some(0)));
    assert!(
        first.last_checkpoint.is_some() && first.end_ms.is_some(),
        "{first:?}"
    );
    assert!(first.committee_members > Some(0) && first.reference_gas_price > Some(0));
    let current = source.epoch(None).await.unwrap().unwrap();
    assert!(current.epoch > 0);
    assert_eq!((current.last_checkpoint, current.end_ms), (None, None));
    assert!(current.start_ms > first.start_ms);
    let unknown = source.epoch(Some(current.epoch + 1)).await.unwrap();
    assert_eq!(unknown, None);
    node.shutdown().await.unwrap();
}
