//! Counts that processes share on a real server.

use std::time::Duration;

use vigia_transport::{RedisConfig, RedisCounts};

use crate::redis_streams::RedisFixture;
use crate::suite::Fixture;
use crate::support::eventually;

fn two(fixture: &RedisFixture) -> [RedisCounts; 2] {
    [(); 2].map(|()| RedisCounts::new(&fixture.config()).unwrap())
}

#[tokio::test]
async fn a_second_has_its_permits_whoever_takes_them() {
    let Some(fixture) = RedisFixture::start().await else {
        return;
    };
    let counts = two(&fixture);
    let begun = std::time::Instant::now();
    let mut taken = 0;
    for n in 0..200 {
        taken += u32::from(counts[n % 2].take("user/7", 20).await.unwrap());
    }
    // A second's worth at once, and what came due meanwhile, which may have been rounded.
    let due = u32::try_from(begun.elapsed().as_millis() / 50).unwrap();
    assert!((20..=21 + due).contains(&taken), "{taken} of 20 and {due}");
    assert!(counts[0].take("user/8", 20).await.unwrap(), "another's own");
    // They come again at the rate: the server remembers no longer than that takes.
    let left: i64 = fixture.ask(&["PTTL", "vigia:test:count:user/7"]).await;
    assert!((1..=1_001).contains(&left), "{left}");
    eventually("a permit comes", || async {
        counts[1].take("user/7", 20).await.unwrap()
    })
    .await;
    // Less than one a second: the first at once, the next when it is due.
    assert!(counts[0].take("slow", 1).await.unwrap());
    assert!(!counts[1].take("slow", 1).await.unwrap());
}

#[tokio::test]
async fn failures_count_for_a_while_in_all_processes() {
    let Some(fixture) = RedisFixture::start().await else {
        return;
    };
    let [one, other] = two(&fixture);
    assert_eq!(one.failures("a").await.unwrap(), (0, Duration::ZERO));
    for _ in 0..3 {
        one.fail("a", Duration::from_secs(60)).await.unwrap();
        other.fail("a", Duration::from_secs(60)).await.unwrap();
    }
    let (count, left) = other.failures("a").await.unwrap();
    assert_eq!(count, 6);
    assert!((50..=60).contains(&left.as_secs()), "{left:?}");
    one.forget("a").await.unwrap();
    assert_eq!(other.failures("a").await.unwrap().0, 0);
    one.fail("b", Duration::from_millis(1)).await.unwrap();
    eventually("they are forgotten", || async {
        one.failures("b").await.unwrap().0 == 0
    })
    .await;
}

#[tokio::test]
async fn a_server_that_is_gone_is_an_error_that_tells_no_secret() {
    let config = RedisConfig::new("redis://:s3cret@127.0.0.1:1/", "test");
    let counts = RedisCounts::new(&config).unwrap();
    let error = counts.take("a", 1).await.unwrap_err();
    assert!(error.is_transient());
    assert!(!format!("{error:?}").contains("s3cret"), "{error:?}");
    let wrong = RedisConfig::new("redis://127.0.0.1/", "with space");
    assert!(RedisCounts::new(&wrong).is_err());
}
