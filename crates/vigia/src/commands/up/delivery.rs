//! What telling endpoints is made of, from the settings.

use std::sync::Arc;

use tokio::sync::Notify;
use vigia_core::SystemClock;
use vigia_notify::{BreakerSettings, RetrySchedule, WebhookSender, WebhookSettings};
use vigia_store::{DeliveryStore as _, SqlStore};

use super::super::process_name;
use super::Roles;
use crate::config::Settings;
use crate::delivery::{Deliverer, DeliveryLimits, Sequencer};
use crate::exit::Exit;

const HOUR_MS: u64 = 3_600_000;

impl Roles {
    /// Starts telling the endpoints of `[[webhooks]]`; nothing where there are none.
    pub(super) async fn deliver(
        &mut self,
        settings: &Settings,
        store: &Arc<SqlStore>,
    ) -> anyhow::Result<()> {
        let Some((sequencer, deliverer)) = start(settings, store).await? else {
            return Ok(());
        };
        let shutdown = self.shutdown.clone();
        self.tasks.spawn(async move {
            sequencer.run(shutdown).await;
            Ok(())
        });
        let shutdown = self.shutdown.clone();
        self.tasks.spawn(async move {
            deliverer.run(shutdown).await;
            Ok(())
        });
        Ok(())
    }
}

/// Declares the endpoints of the settings, and makes what tells them; none where there are none.
async fn start(
    settings: &Settings,
    store: &Arc<SqlStore>,
) -> anyhow::Result<Option<(Sequencer<SqlStore>, Deliverer<SqlStore>)>> {
    let endpoints = settings.endpoints()?;
    let delivery = &settings.delivery;
    let mut webhooks = WebhookSettings::default();
    webhooks.limits.deadline_ms = delivery.deadline_ms;
    if !delivery.ca_file.as_os_str().is_empty() {
        let read = std::fs::read(&delivery.ca_file);
        webhooks.ca_pem = Some(read.map_err(|error| {
            let file = delivery.ca_file.display();
            Exit::bad_input(format!("delivery.ca_file {file}: {error}"))
        })?);
    }
    let limits = DeliveryLimits {
        in_flight_max: delivery.in_flight_max,
        endpoint_in_flight_max: delivery.endpoint_in_flight_max,
        lease: std::time::Duration::from_millis(delivery.lease_ms),
        disable_after_ms: delivery.disable_after_hours.saturating_mul(HOUR_MS),
        breaker: BreakerSettings::default(),
        schedule: RetrySchedule::webhooks(),
    };
    let specs: Vec<_> = endpoints
        .iter()
        .map(|endpoint| endpoint.spec.clone())
        .collect();
    let made = Arc::new(Notify::new());
    let deliverer = Deliverer::new(
        Arc::clone(store),
        WebhookSender::new(webhooks, Arc::new(SystemClock))?,
        Arc::new(SystemClock),
        limits,
        process_name(),
        endpoints,
        Arc::clone(&made),
    );
    // Wrong addresses are refused before anything is written.
    let deliverer = deliverer.map_err(Exit::bad_input)?;
    store.endpoint_declare(&specs).await?;
    let sequencer = Sequencer::new(Arc::clone(store), made);
    Ok((!specs.is_empty()).then_some((sequencer, deliverer)))
}
