//! Sends spans to a collector, by OTLP over gRPC.

use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry_otlp::{WithExportConfig as _, WithTonicConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SpanData, SpanExporter as _};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tonic::metadata::{AsciiMetadataKey, AsciiMetadataValue, MetadataMap};
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint};
use vigia_sui::Secret;

use crate::exit::Exit;
use crate::metrics::TraceMetrics;
use crate::pipeline::Trouble;

/// Spans that are sent together at most.
const BATCH_MAX: usize = 512;
/// How long the first of them waits for company.
const BATCH_WAIT: Duration = Duration::from_secs(1);
/// How long a collector may take to answer; what it does not take by then is dropped.
const EXPORT_WITHIN: Duration = Duration::from_secs(5);
/// The same for what is left at the end: nobody waits long for a collector that is away.
const LAST_EXPORT_WITHIN: Duration = Duration::from_secs(1);

/// Where spans go.
pub struct TraceTarget {
    /// `http://` or `https://`, and a host with the port of OTLP over gRPC, 4317 where the standard is kept.
    pub endpoint: String,
    /// What the collector wants to be shown: name and value.
    pub header: Option<(String, Secret)>,
    /// Certificate authorities to trust instead of the well-known ones, in PEM.
    pub ca_pem: Option<Vec<u8>>,
    /// What all processes of this vigia are called.
    pub service: String,
    /// Which of them this is.
    pub instance: String,
}

/// Sends what is written.
pub struct Exporter {
    exporter: opentelemetry_otlp::SpanExporter,
    spans: mpsc::Receiver<SpanData>,
    metrics: TraceMetrics,
}

impl Exporter {
    /// Connects when there is something to send, and again after a failure.
    pub fn new(
        target: TraceTarget,
        spans: mpsc::Receiver<SpanData>,
        metrics: TraceMetrics,
    ) -> Result<Self, Exit> {
        let wrong = |key: &str, problem: String| {
            Exit::bad_input(format!("setting traces.{key}: {problem}"))
        };
        let endpoint = target.endpoint;
        let of_endpoint = |error: tonic::transport::Error| {
            let expected = "expected http:// or https:// with a host and a port";
            wrong(
                "endpoint",
                format!("{endpoint:?} is no address: {error}; {expected}"),
            )
        };
        let mut channel = Endpoint::from_shared(endpoint.clone())
            .map_err(of_endpoint)?
            .connect_timeout(EXPORT_WITHIN);
        if endpoint.starts_with("https://") {
            let tls = match &target.ca_pem {
                Some(pem) => ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem)),
                None => ClientTlsConfig::new().with_enabled_roots(),
            };
            channel = channel.tls_config(tls).map_err(of_endpoint)?;
        }
        let mut metadata = MetadataMap::new();
        if let Some((name, value)) = &target.header {
            let expected = "NAME: VALUE, of which the name has letters, digits and -";
            let bad = || wrong("header", expected.to_owned());
            let name = AsciiMetadataKey::from_bytes(name.as_bytes()).map_err(|_| bad())?;
            let mut value = AsciiMetadataValue::try_from(value.expose()).map_err(|_| bad())?;
            value.set_sensitive(true);
            metadata.insert(name, value);
        }
        let mut exporter = opentelemetry_otlp::SpanExporter::builder()
            .with_tonic()
            .with_channel(channel.connect_lazy())
            .with_metadata(metadata)
            .with_timeout(EXPORT_WITHIN)
            .build()
            .map_err(|error| wrong("endpoint", error.to_string()))?;
        let resource = Resource::builder_empty()
            .with_service_name(target.service)
            .with_attributes([
                KeyValue::new("service.version", crate::VERSION),
                KeyValue::new("service.instance.id", target.instance),
            ])
            .build();
        exporter.set_resource(&resource);
        Ok(Self {
            exporter,
            spans,
            metrics,
        })
    }

    /// Sends until nobody writes any more; from `shutdown` on at once, and for as long as the collector answers.
    pub async fn run(mut self, shutdown: CancellationToken) {
        let trouble = Trouble::new("cannot send traces to the collector, going on without");
        loop {
            let mut batch = Vec::new();
            if self.spans.recv_many(&mut batch, BATCH_MAX).await == 0 {
                return;
            }
            self.wait_for_company(&mut batch, &shutdown).await;
            let count = batch.len() as u64;
            match self.export(batch, shutdown.is_cancelled()).await {
                Ok(()) => {
                    self.metrics.exported(count);
                    trouble.well();
                }
                Err(problem) => {
                    self.metrics.dropped(count);
                    trouble.failing_as(problem);
                    if shutdown.is_cancelled() {
                        return;
                    }
                }
            }
        }
    }

    async fn wait_for_company(&mut self, batch: &mut Vec<SpanData>, shutdown: &CancellationToken) {
        let company = async {
            while batch.len() < BATCH_MAX {
                let room = BATCH_MAX - batch.len();
                if self.spans.recv_many(batch, room).await == 0 {
                    return;
                }
            }
        };
        tokio::select! {
            () = company => {}
            () = tokio::time::sleep(BATCH_WAIT) => {}
            () = shutdown.cancelled() => {}
        }
    }

    async fn export(&self, batch: Vec<SpanData>, is_last: bool) -> Result<(), String> {
        let within = match is_last {
            true => LAST_EXPORT_WITHIN,
            false => EXPORT_WITHIN,
        };
        match tokio::time::timeout(within, self.exporter.export(batch)).await {
            Ok(exported) => exported.map_err(|error| error.to_string()),
            Err(_) => Err("it did not answer in time".to_owned()),
        }
    }
}
