//! What telling endpoints is made of, from the settings.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use vigia_core::{NotificationText, Platform, SystemClock};
use vigia_notify::{
    ApnsSender, ApnsSettings, BreakerSettings, FcmSender, FcmSettings, RetrySchedule, SendLimits,
    WebPushSender, WebPushSettings, WebhookSender, WebhookSettings,
};
use vigia_store::{DeliveryStore as _, SqlStore};

use super::super::process_name;
use super::Roles;
use crate::config::{Settings, WEBHOOK};
use crate::delivery::{
    Broadcaster, Deliverer, DeliveryLimits, DeliveryTargets, PushChannel, PushLimits, PushSender,
    PushSequencer, Pusher, Sequencer, Wake,
};
use crate::exit::Exit;

const HOUR_MS: u64 = 3_600_000;

impl Roles {
    /// Starts telling people and endpoints.
    pub(super) async fn deliver(
        &mut self,
        settings: &Settings,
        store: &Arc<SqlStore>,
    ) -> anyhow::Result<()> {
        self.push(settings, store)?;
        self.send_webhooks(settings, store).await
    }

    /// Starts telling people: broadcasts in any case, pushes where there are credentials.
    fn push(&mut self, settings: &Settings, store: &Arc<SqlStore>) -> anyhow::Result<()> {
        settings.check_push()?;
        let rules = settings.push.rules();
        let made = Arc::new(Notify::new());
        let broadcaster = Broadcaster::new(Arc::clone(store), rules.clone(), Arc::clone(&made));
        let shutdown = self.shutdown.clone();
        self.tasks.spawn(async move {
            broadcaster.run(shutdown).await;
            Ok(())
        });
        let channels = push_channels(settings)?;
        if channels.is_empty() {
            return Ok(());
        }
        let sequencer = PushSequencer::new(Arc::clone(store), rules, Arc::clone(&made));
        let shutdown = self.shutdown.clone();
        self.tasks.spawn(async move {
            sequencer.run(shutdown).await;
            Ok(())
        });
        let limits = PushLimits {
            lease: Duration::from_millis(settings.delivery.lease_ms),
            schedule: RetrySchedule::pushes(),
            ttl_s: settings.push.ttl_hours.saturating_mul(3_600),
            late_after_ms: settings.push.late_after_ms,
        };
        let texts: Arc<dyn NotificationText> = Arc::new(settings.texts()?);
        self.metrics.told.watch_texts(Arc::clone(&texts));
        let pusher = Pusher::new(
            Arc::clone(store),
            texts,
            Arc::new(SystemClock),
            limits,
            process_name(),
            made,
        )
        .with_metrics(self.metrics.told.clone())
        .with_traces(self.traces.clone());
        let shutdown = self.shutdown.clone();
        self.tasks.spawn(async move {
            pusher.run(channels, shutdown).await;
            Ok(())
        });
        Ok(())
    }

    /// Starts telling the endpoints of `[[webhooks]]`; nothing where there are none.
    async fn send_webhooks(
        &mut self,
        settings: &Settings,
        store: &Arc<SqlStore>,
    ) -> anyhow::Result<()> {
        let Some(webhooks) = start(settings, store).await? else {
            return Ok(());
        };
        let Webhooks {
            sequencer,
            deliverer,
            targets,
        } = webhooks;
        let shutdown = self.shutdown.clone();
        self.tasks.spawn(async move {
            sequencer.run(shutdown).await;
            Ok(())
        });
        let deliverer = deliverer
            .with_metrics(self.metrics.told.clone())
            .with_traces(self.traces.clone());
        let shutdown = self.shutdown.clone();
        self.tasks.spawn(async move {
            deliverer.run(targets, shutdown).await;
            Ok(())
        });
        Ok(())
    }
}

/// What tells endpoints.
struct Webhooks {
    sequencer: Sequencer<SqlStore>,
    deliverer: Deliverer<SqlStore>,
    targets: DeliveryTargets,
}

/// What sends to each platform whose credentials are given.
pub(crate) fn push_channels(settings: &Settings) -> anyhow::Result<Vec<PushChannel>> {
    let push = &settings.push;
    let clock = || Arc::new(SystemClock);
    let limits = SendLimits {
        deadline_ms: settings.delivery.deadline_ms,
        ..SendLimits::default()
    };
    let ca_pem = ca_pem(settings)?;
    let mut senders = Vec::new();
    for platform in push.platforms() {
        senders.push(match platform {
            Platform::Fcm => {
                let channel = &push.fcm_android_channel;
                let fcm = FcmSettings {
                    url: push.fcm_url.clone(),
                    limits,
                    ca_pem: ca_pem.clone(),
                    android_channel: (!channel.is_empty()).then(|| channel.clone()),
                    ..FcmSettings::new(&push.fcm_credentials)
                };
                let sender = FcmSender::new(fcm, clock()).map_err(Exit::bad_input)?;
                PushSender::Fcm(Arc::new(sender))
            }
            Platform::Apns => {
                let apns = ApnsSettings {
                    url: push.apns_url.clone(),
                    limits,
                    ca_pem: ca_pem.clone(),
                    ..ApnsSettings::new(&push.apns_credentials, &push.apns_topic)
                };
                let sender = ApnsSender::new(apns, clock()).map_err(Exit::bad_input)?;
                PushSender::Apns(Arc::new(sender))
            }
            Platform::Web => {
                let web = WebPushSettings {
                    // A user gives these addresses too.
                    rules: settings.delivery.rules()?,
                    limits,
                    ca_pem: ca_pem.clone(),
                    ..WebPushSettings::new(&push.web_credentials)
                };
                let sender = WebPushSender::new(web, clock()).map_err(Exit::bad_input)?;
                PushSender::Web(Arc::new(sender))
            }
        });
    }
    let channel = |sender| {
        let channel = PushChannel::new(sender, push.in_flight_max, push.per_second_max);
        let is_shadow = !settings.delivery.sends(channel.platform().as_str());
        channel.in_shadow(is_shadow)
    };
    Ok(senders.into_iter().map(channel).collect())
}

/// Certificate authorities to trust beside the system's.
fn ca_pem(settings: &Settings) -> anyhow::Result<Option<Vec<u8>>> {
    let file = &settings.delivery.ca_file;
    if file.as_os_str().is_empty() {
        return Ok(None);
    }
    let read = std::fs::read(file).map_err(|error| {
        let file = file.display();
        Exit::bad_input(format!("delivery.ca_file {file}: {error}"))
    })?;
    Ok(Some(read))
}

/// Declares the endpoints of the settings, and makes what tells all there are; none where there can be none.
async fn start(settings: &Settings, store: &Arc<SqlStore>) -> anyhow::Result<Option<Webhooks>> {
    let endpoints = settings.endpoints()?;
    let delivery = &settings.delivery;
    let secrets = delivery.secrets()?.map(Arc::new);
    let mut webhooks = WebhookSettings {
        rules: delivery.rules()?,
        ca_pem: ca_pem(settings)?,
        ..WebhookSettings::default()
    };
    webhooks.limits.deadline_ms = delivery.deadline_ms;
    let limits = DeliveryLimits {
        in_flight_max: delivery.in_flight_max,
        endpoint_in_flight_max: delivery.endpoint_in_flight_max,
        slow_in_flight_max: delivery.slow_in_flight_max,
        slow_after: Duration::from_millis(delivery.slow_after_ms),
        lease: Duration::from_millis(delivery.lease_ms),
        disable_after_ms: delivery.disable_after_hours.saturating_mul(HOUR_MS),
        breaker: BreakerSettings::default(),
        schedule: RetrySchedule::webhooks(),
        is_shadow: !delivery.sends(WEBHOOK),
    };
    let specs: Vec<_> = endpoints
        .iter()
        .map(|endpoint| endpoint.spec.clone())
        .collect();
    let has_any = !specs.is_empty() || secrets.is_some();
    let wake = Arc::new(Wake::default());
    let deliverer = Deliverer::new(
        Arc::clone(store),
        WebhookSender::new(webhooks, Arc::new(SystemClock))?,
        Arc::new(SystemClock),
        limits,
        process_name(),
        Arc::clone(&wake),
    );
    // Wrong addresses are refused before anything is written.
    let targets = deliverer
        .endpoints(endpoints, secrets)
        .map_err(Exit::bad_input)?;
    store.endpoint_declare(&specs).await?;
    let sequencer = Sequencer::new(Arc::clone(store), wake);
    Ok(has_any.then_some(Webhooks {
        sequencer,
        deliverer,
        targets,
    }))
}
