//! Opens the transport that the settings name.

use std::sync::Arc;
use std::time::Duration;

use vigia_store::SqlStore;
use vigia_transport::{
    FrameReceiver, FrameSender, Limits, RedisConfig, RedisReceiver, RedisSender, channel,
};

use crate::config::{Settings, TransportKind};
use crate::exit::Exit;
use crate::pipeline::StoreDepot;

/// What to do about a transport that this vigia was built without.
pub(crate) const WITHOUT_CURE: &str = "build it with `cargo xtask dist`, which has every transport, or set \
                                       transport.kind to \"redis\"";

/// The ends of a transport that a process uses.
pub(crate) struct Transport {
    /// For its poller.
    pub(crate) sender: Arc<dyn FrameSender>,
    /// For its worker, where it has one.
    pub(crate) receiver: Option<Box<dyn FrameReceiver>>,
    /// After how long a poller sends again; none where nothing can be lost.
    pub(crate) resend_after: Option<Duration>,
}

/// Opens the transport; a worker's end where `works` names the database for its depot.
pub(crate) async fn open(
    settings: &Settings,
    store: &Arc<SqlStore>,
    works: bool,
) -> anyhow::Result<Transport> {
    let resend_after = Some(Duration::from_millis(settings.transport.resend_after_ms));
    match settings.transport.kind {
        TransportKind::Memory => {
            let (sender, receiver) = channel(Limits {
                frames_max: settings.transport.frames_max,
                kib_max: settings.transport.kib_max,
            });
            Ok(Transport {
                sender: Arc::new(sender),
                receiver: works.then(|| Box::new(receiver) as Box<dyn FrameReceiver>),
                resend_after: None,
            })
        }
        TransportKind::Redis => {
            let url = settings.redis_url()?.ok_or_else(|| {
                Exit::bad_input("transport.kind is \"redis\", so transport.redis_url is needed")
            })?;
            let config = RedisConfig::new(url.expose(), &settings.transport.namespace);
            let receiver = match works {
                true => Some(Box::new(RedisReceiver::start(&config, depot(store))?) as Box<_>),
                false => None,
            };
            Ok(Transport {
                sender: Arc::new(RedisSender::new(&config)?),
                receiver,
                resend_after,
            })
        }
        TransportKind::Sqs => sqs(settings, store, works, resend_after).await,
    }
}

fn depot(store: &Arc<SqlStore>) -> Arc<StoreDepot> {
    Arc::new(StoreDepot(Arc::clone(store) as _))
}

#[cfg(feature = "sqs")]
async fn sqs(
    settings: &Settings,
    store: &Arc<SqlStore>,
    works: bool,
    resend_after: Option<Duration>,
) -> anyhow::Result<Transport> {
    use vigia_transport::{SqsConfig, SqsReceiver, SqsSender};

    let transport = &settings.transport;
    if transport.sqs_queue_url.is_empty() {
        let problem = "transport.kind is \"sqs\", so transport.sqs_queue_url is needed";
        return Err(Exit::bad_input(problem).into());
    }
    let given = |text: &String| (!text.is_empty()).then(|| text.clone());
    let config = SqsConfig {
        region: given(&transport.sqs_region),
        endpoint_url: given(&transport.sqs_endpoint_url),
        ..SqsConfig::new(&transport.sqs_queue_url)
    };
    let receiver = match works {
        true => Some(Box::new(SqsReceiver::start(&config, depot(store)).await?) as Box<_>),
        false => None,
    };
    Ok(Transport {
        sender: Arc::new(SqsSender::new(&config, depot(store)).await?),
        receiver,
        resend_after,
    })
}

#[cfg(not(feature = "sqs"))]
async fn sqs(
    _settings: &Settings,
    _store: &Arc<SqlStore>,
    _works: bool,
    _resend_after: Option<Duration>,
) -> anyhow::Result<Transport> {
    Err(Exit::bad_input(format!(
        "this vigia was built without Amazon SQS: {WITHOUT_CURE}"
    ))
    .into())
}
