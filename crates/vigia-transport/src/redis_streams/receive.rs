//! Reads the stream as one consumer of the group, and takes over from consumers that died.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use rand::Rng;
use redis::streams::{StreamAutoClaimReply, StreamId, StreamReadReply};
use redis::{Cmd, FromRedisValue, RedisError, Value};
use tokio::time::Instant;

use super::link::{Link, failed};
use super::{FIELD, GROUP, NAME, RedisConfig};
use crate::TransportError;
use crate::broker::{Broker, Incoming, Payload};

/// Messages read at once.
const READ_MAX: usize = 8;

/// Messages named in one command.
const NAMED_MAX: usize = 256;

/// Longest single wait for messages: how late a look for dead consumers can be.
const BLOCK_MAX: Duration = Duration::from_secs(2);

/// Forgets idle consumers in one step, so that none can take a message in between.
const SWEEP: &str = r"
local removed = 0
for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local fields = {}
  for i = 1, #consumer, 2 do fields[consumer[i]] = consumer[i + 1] end
  if fields.pending == 0 and fields.idle >= tonumber(ARGV[2]) then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], fields.name)
    removed = removed + 1
  end
end
return removed";

/// The stream, seen by one consumer.
pub(super) struct RedisBroker {
    /// For reads that wait; nothing else may wait behind them.
    reads: Link,
    commands: Link,
    stream: String,
    consumer: String,
    claim_after: Duration,
    consumer_idle_max: Duration,
    block: Duration,
    has_group: AtomicBool,
    due: Mutex<Due>,
}

/// What is done now and then, and where it goes on.
struct Due {
    claim: Instant,
    claim_from: String,
    sweep: Instant,
}

impl RedisBroker {
    pub(super) fn new(config: &RedisConfig) -> Result<Self, TransportError> {
        config.check()?;
        let block = (config.claim_after / 2).clamp(Duration::from_millis(1), BLOCK_MAX);
        let unique: u64 = rand::rng().random();
        Ok(Self {
            reads: Link::new(&config.url, block)?,
            commands: Link::new(&config.url, Duration::ZERO)?,
            stream: config.stream()?,
            consumer: format!("{}-{unique:016x}", std::process::id()),
            claim_after: config.claim_after,
            consumer_idle_max: config.consumer_idle_max,
            block,
            has_group: AtomicBool::new(false),
            due: Mutex::new(Due {
                claim: Instant::now(),
                claim_from: "0-0".to_owned(),
                sweep: Instant::now() + config.consumer_idle_max / 2,
            }),
        })
    }

    /// Makes the group, from the stream's first entry on; both may have gone with the server's data.
    async fn make_group(&self) -> Result<(), TransportError> {
        let mut create = redis::cmd("XGROUP");
        create
            .arg("CREATE")
            .arg(&self.stream)
            .arg(GROUP)
            .arg("0")
            .arg("MKSTREAM");
        match self.commands.query::<()>(&create).await {
            Err(error) if error.code() != Some("BUSYGROUP") => {
                Err(failed("making the consumer group", error))
            }
            _ => {
                self.has_group.store(true, Ordering::Relaxed);
                Ok(())
            }
        }
    }

    /// Messages whose consumer gave no sign of life.
    async fn claim(&self) -> Result<Vec<Incoming>, TransportError> {
        let Some(from) = self.claim_begin() else {
            return Ok(Vec::new());
        };
        let mut claim = self.command("XAUTOCLAIM");
        claim
            .arg(&self.consumer)
            .arg(millis(self.claim_after))
            .arg(&from)
            .arg("COUNT")
            .arg(READ_MAX);
        let reply: Option<StreamAutoClaimReply> =
            self.grouped(&self.commands, &claim, "claiming").await?;
        let Some(reply) = reply else {
            return Ok(Vec::new());
        };
        if !reply.claimed.is_empty() {
            tracing::info!(
                messages = reply.claimed.len(),
                "took over messages whose worker gave no sign of life"
            );
        }
        self.claim_end(&reply.next_stream_id);
        Ok(reply.claimed.into_iter().map(incoming).collect())
    }

    /// Where to claim from, if it is time.
    fn claim_begin(&self) -> Option<String> {
        let due = self.due();
        (due.claim <= Instant::now()).then(|| due.claim_from.clone())
    }

    /// Remembers where to go on; at the end of the list there is a pause.
    fn claim_end(&self, next: &str) {
        let mut due = self.due();
        next.clone_into(&mut due.claim_from);
        if next == "0-0" {
            due.claim = Instant::now() + self.claim_after / 2;
        }
    }

    /// Messages that nobody has had yet.
    async fn read(&self) -> Result<Vec<Incoming>, TransportError> {
        let mut read = redis::cmd("XREADGROUP");
        read.arg("GROUP")
            .arg(GROUP)
            .arg(&self.consumer)
            .arg("COUNT")
            .arg(READ_MAX)
            .arg("BLOCK")
            .arg(millis(self.block))
            .arg("STREAMS")
            .arg(&self.stream)
            .arg(">");
        // Within: none where the wait ended without a message.
        let reply: Option<Option<StreamReadReply>> =
            self.grouped(&self.reads, &read, "reading").await?;
        let keys = reply.flatten().map(|reply| reply.keys).unwrap_or_default();
        let entries = keys.into_iter().flat_map(|key| key.ids);
        Ok(entries.map(incoming).collect())
    }

    /// Runs a command that needs the group; none where the group is gone, which the next call
    /// makes again.
    async fn grouped<T: FromRedisValue>(
        &self,
        link: &Link,
        command: &Cmd,
        doing: &'static str,
    ) -> Result<Option<T>, TransportError> {
        match link.query(command).await {
            Ok(reply) => Ok(Some(reply)),
            Err(error) if is_without_group(&error) => {
                tracing::warn!("the consumer group is gone, making it again");
                self.has_group.store(false, Ordering::Relaxed);
                Ok(None)
            }
            Err(error) => Err(failed(doing, error)),
        }
    }

    /// A command on the stream's group.
    fn command(&self, name: &str) -> Cmd {
        let mut command = redis::cmd(name);
        command.arg(&self.stream).arg(GROUP);
        command
    }

    fn due(&self) -> std::sync::MutexGuard<'_, Due> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Broker for RedisBroker {
    const NAME: &'static str = NAME;

    async fn fetch(&self) -> Result<Vec<Incoming>, TransportError> {
        if !self.has_group.load(Ordering::Relaxed) {
            self.make_group().await?;
        }
        let claimed = self.claim().await?;
        if !claimed.is_empty() {
            return Ok(claimed);
        }
        self.read().await
    }

    /// A claim by the consumer that has them already starts their idle time anew. One that was
    /// claimed by another in the meantime comes back: both will commit it, the second finds it
    /// written.
    async fn extend(&self, handles: &[String]) -> Result<(), TransportError> {
        for some in handles.chunks(NAMED_MAX) {
            let mut claim = self.command("XCLAIM");
            claim.arg(&self.consumer).arg(0).arg(some).arg("JUSTID");
            self.grouped::<Value>(&self.commands, &claim, "keeping messages")
                .await?;
        }
        Ok(())
    }

    async fn remove(&self, handles: &[String]) -> Result<(), TransportError> {
        for some in handles.chunks(NAMED_MAX) {
            let mut pipeline = redis::pipe();
            pipeline
                .cmd("XACK")
                .arg(&self.stream)
                .arg(GROUP)
                .arg(some)
                .ignore()
                .cmd("XDEL")
                .arg(&self.stream)
                .arg(some)
                .ignore();
            let removed = self.commands.query_all::<()>(&pipeline).await;
            removed.map_err(|error| failed("acknowledging", error))?;
        }
        Ok(())
    }

    async fn upkeep(&self) -> Result<(), TransportError> {
        if self.due().sweep > Instant::now() {
            return Ok(());
        }
        self.due().sweep = Instant::now() + self.consumer_idle_max / 2;
        let mut sweep = redis::cmd("EVAL");
        sweep
            .arg(SWEEP)
            .arg(1)
            .arg(&self.stream)
            .arg(GROUP)
            .arg(millis(self.consumer_idle_max));
        self.grouped::<u64>(&self.commands, &sweep, "forgetting dead consumers")
            .await?;
        Ok(())
    }
}

fn incoming(entry: StreamId) -> Incoming {
    let payload = match entry.map.get(FIELD) {
        Some(Value::BulkString(bytes)) => Payload::Message(bytes.clone()),
        _ => Payload::Malformed {
            reason: format!("the entry has no field {FIELD:?}"),
            bytes: format!("{:?}", entry.map).into_bytes(),
        },
    };
    Incoming {
        handle: entry.id,
        payload,
    }
}

/// The group or the whole stream is gone, perhaps while a read waited for it.
fn is_without_group(error: &RedisError) -> bool {
    matches!(error.code(), Some("NOGROUP" | "UNBLOCKED"))
        || error
            .detail()
            .is_some_and(|detail| detail.contains("no such key"))
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
