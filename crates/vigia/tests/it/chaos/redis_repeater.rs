//! Repeats and moves messages of a Redis stream, from outside: it reads along, appends copies of older
//! messages after newer ones, and takes others out to append them later.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use redis::aio::MultiplexedConnection;
use redis::streams::StreamReadReply;
use redis::{RedisResult, Value};
use tokio::task::JoinHandle;

use crate::servers::Repeats;

/// Where frames go under the default namespace, and the field that has them.
const STREAM: &str = "vigia:vigia:frames";
const FIELD: &str = "m";

/// Reads along until dropped.
pub(super) struct RedisRepeater(JoinHandle<()>);

struct Repeater {
    url: String,
    random: ChaCha8Rng,
    repeats: Arc<Repeats>,
    /// Entries up to here were seen.
    seen: String,
    /// Entries that were appended here.
    own: HashSet<String>,
    /// What is appended when, and whether it is a copy.
    waiting: Vec<(Instant, bool, Vec<u8>)>,
}

impl RedisRepeater {
    pub(super) fn start(url: String, seed: u64, repeats: Arc<Repeats>) -> Self {
        let repeater = Repeater {
            url,
            random: ChaCha8Rng::seed_from_u64(seed),
            repeats,
            seen: "0-0".to_owned(),
            own: HashSet::new(),
            waiting: Vec::new(),
        };
        Self(tokio::spawn(repeater.run()))
    }
}

impl Drop for RedisRepeater {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Repeater {
    async fn run(mut self) {
        loop {
            // A server that is away comes back.
            if self.read_along().await.is_err() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }

    async fn read_along(&mut self) -> RedisResult<()> {
        let client = redis::Client::open(self.url.as_str())?;
        let mut connection = client.get_multiplexed_async_connection().await?;
        loop {
            let mut read = redis::cmd("XREAD");
            read.arg(&["COUNT", "100", "BLOCK", "50", "STREAMS", STREAM])
                .arg(&self.seen);
            let reply: Option<StreamReadReply> = read.query_async(&mut connection).await?;
            let keys = reply.map(|reply| reply.keys).unwrap_or_default();
            for entry in keys.into_iter().flat_map(|key| key.ids) {
                self.seen.clone_from(&entry.id);
                if self.own.remove(&entry.id) {
                    continue;
                }
                if let Some(Value::BulkString(message)) = entry.map.get(FIELD) {
                    self.meet(&mut connection, &entry.id, message).await?;
                }
            }
            self.append_due(&mut connection).await?;
        }
    }

    async fn meet(
        &mut self,
        connection: &mut MultiplexedConnection,
        id: &str,
        message: &[u8],
    ) -> RedisResult<()> {
        let fate = self.repeats.next();
        let later = Instant::now() + Duration::from_millis(self.random.random_range(50..2_500));
        if fate.repeats {
            self.waiting.push((later, true, message.to_owned()));
        }
        if fate.moves {
            let mut remove = redis::cmd("XDEL");
            remove.arg(STREAM).arg(id);
            remove.query_async::<()>(connection).await?;
            self.waiting.push((later, false, message.to_owned()));
        }
        Ok(())
    }

    async fn append_due(&mut self, connection: &mut MultiplexedConnection) -> RedisResult<()> {
        let now = Instant::now();
        while let Some(due) = self.waiting.iter().position(|(at, ..)| *at <= now) {
            let (_, is_copy, message) = self.waiting.swap_remove(due);
            let mut append = redis::cmd("XADD");
            append.arg(STREAM).arg("*").arg(FIELD).arg(message);
            self.own.insert(append.query_async(connection).await?);
            match is_copy {
                true => self.repeats.repeated(),
                false => self.repeats.moved(),
            }
        }
        Ok(())
    }
}
