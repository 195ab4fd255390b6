//! Traces, as a collector gets them that takes OTLP over gRPC by the generated server of the protocol's own files.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{Span, span::SpanKind};
use tonic::{Request, Response, Status};
use vigia_core::Scope;
use vigia_devnet::Pace;
use vigia_store::ReadStore as _;

use crate::app::{App, PATIENCE};
use crate::node::{busy_chain, contracts, finished_rows, start, watch_users};
use crate::servers::{Hook, PostgresDatabase, Redis};

/// What it wants to be shown.
const KEY: &str = "k3y-of-the-collector";

/// A span, and who sent it.
#[derive(Clone)]
struct Got {
    service: String,
    instance: String,
    span: Span,
}

/// Takes spans from whoever shows the key.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<Got>>>);

fn value(attributes: &[KeyValue], name: &str) -> Option<String> {
    let found = attributes.iter().find(|attribute| attribute.key == name)?;
    match found.value.as_ref()? {
        AnyValue {
            value: Some(Value::StringValue(text)),
        } => Some(text.clone()),
        AnyValue {
            value: Some(Value::IntValue(number)),
        } => Some(number.to_string()),
        other => panic!("{name} is {other:?}"),
    }
}

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let shown = request.metadata().get("x-team");
        if shown.is_none_or(|shown| shown != KEY) {
            return Err(Status::unauthenticated("no key"));
        }
        let mut got = self.0.lock().unwrap();
        for of_resource in request.into_inner().resource_spans {
            let resource = of_resource.resource.expect("who sends").attributes;
            let of = |name| value(&resource, name).expect(name);
            let spans = of_resource.scope_spans.into_iter();
            got.extend(spans.flat_map(|scope| scope.spans).map(|span| Got {
                service: of("service.name"),
                instance: of("service.instance.id"),
                span,
            }));
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

impl Collector {
    /// Listens on a port of its own until the test is over; returns its address.
    async fn listen(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let incoming = tonic::transport::server::TcpIncoming::from(listener);
        let server = tonic::transport::Server::builder()
            .add_service(TraceServiceServer::new(self.clone()))
            .serve_with_incoming(incoming);
        tokio::spawn(server);
        url
    }

    fn got(&self) -> Vec<Got> {
        self.0.lock().unwrap().clone()
    }
}

fn named<'g>(spans: &[&'g Got], name: &str) -> Vec<&'g Got> {
    let named = spans.iter().filter(|got| got.span.name == name);
    named.copied().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_is_one_trace_from_its_checkpoint_to_whoever_is_told() {
    let (Some(database), Some(redis)) = (PostgresDatabase::create().await, Redis::start()) else {
        return;
    };
    let collector = Collector::default();
    let hook = Hook::listen().await;
    let node = start(busy_chain(600), Pace::Complete, 1).await;
    let app = App::new();
    app.configure(&format!(
        "[store]\nurl = \"{}\"\n[transport]\nkind = \"redis\"\nredis_url = \"{}\"\n[traces]\nendpoint = \"{}\"\n\
         header_file = \"collector.key\"\nservice = \"wallet\"\n{}{}",
        database.url(),
        redis.url(),
        collector.listen().await,
        contracts(),
        hook.declared(&app)
    ));
    std::fs::write(app.path("collector.key"), format!("X-Team: {KEY}\n")).unwrap();
    watch_users(&app, &node, |index| index % 4 != 0);
    let url = node.url();
    let (work, _) = app.start_logged(&["work"]);
    let (poll, log) = app.start_logged(&["poll", "--provider", &url, "--from", "0"]);
    let store = database.store().await;
    finished_rows(&node, &store, PATIENCE).await;
    let activities = store.status().await.unwrap().activities;
    let begun = Instant::now();
    while hook.ids().len() as u64 != activities {
        assert!(begun.elapsed() < PATIENCE, "{} told", hook.ids().len());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // What waits is sent before they end.
    poll.stop();
    work.stop();

    let got = collector.got();
    let mut traces = BTreeMap::<Vec<u8>, Vec<&Got>>::new();
    for one in &got {
        assert_eq!(one.service, "wallet");
        let of_trace = traces.entry(one.span.trace_id.clone()).or_default();
        of_trace.push(one);
    }
    let mut told = BTreeSet::new();
    let mut after = 0;
    let mut seen = 0;
    loop {
        let page = store.activity_since(&Scope::All, after, 100).await.unwrap();
        for row in &page {
            let spans = &traces[&row.digest.as_bytes()[..16]];
            let roots = named(spans, "transaction");
            let root = &roots[0].span;
            assert_eq!(roots.len(), 1);
            assert_eq!(root.span_id, row.digest.as_bytes()[16..24]);
            assert!(root.parent_span_id.is_empty());
            assert_eq!(root.start_time_unix_nano, row.timestamp_ms * 1_000_000);
            let digest = value(&root.attributes, "sui.transaction.digest");
            assert_eq!(digest, Some(row.digest.to_string()));
            let (matches, commits) = (named(spans, "match"), named(spans, "commit"));
            assert_eq!((matches.len(), commits.len()), (1, 1));
            assert_eq!(matches[0].span.kind, i32::from(SpanKind::Producer));
            assert_eq!(commits[0].span.kind, i32::from(SpanKind::Consumer));
            assert_ne!(matches[0].instance, commits[0].instance, "two processes");
            let mut delivered = 0;
            for one in spans.iter().filter(|one| one.span.name != "transaction") {
                let span = &one.span;
                assert_eq!(span.parent_span_id, root.span_id);
                assert!(span.start_time_unix_nano <= span.end_time_unix_nano);
                assert_ne!(span.span_id, root.span_id);
                if span.name == "deliver" {
                    let id = value(&span.attributes, "vigia.delivery.id").unwrap();
                    let status = value(&span.attributes, "http.response.status_code");
                    assert_eq!(status.as_deref(), Some("200"));
                    let code = span.status.as_ref().map_or(0, |status| status.code);
                    assert_eq!(code, i32::from(StatusCode::Unset));
                    let hex = |bytes: &[u8]| -> String {
                        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
                    };
                    let parent = format!("00-{}-{}-01", hex(&span.trace_id), hex(&span.span_id));
                    told.insert((id, Some(parent)));
                    delivered += 1;
                }
            }
            assert!(delivered > 0);
            seen += 1;
        }
        match page.last() {
            Some(last) => after = last.id,
            None => break,
        }
    }
    assert_eq!(seen, activities);
    // The receiver was told of the very spans that the collector has.
    let heard: BTreeSet<_> = hook.trace_parents().into_iter().collect();
    assert_eq!(told, heard);
    for line in log.lines() {
        assert!(!line.contains(KEY), "{line}");
    }
    println!(
        "{} spans of {} traces, {activities} activities",
        got.len(),
        traces.len()
    );
    store.close().await;
    node.shutdown().await.unwrap();
}

/// A collector that is away, or does not take the key, is said once and stops nothing; how much was dropped is counted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_collector_everything_goes_on() {
    let node = start(busy_chain(300), Pace::Complete, 1).await;
    let collector = Collector::default();
    let refusing = collector.listen().await;
    for endpoint in ["http://127.0.0.1:9", refusing.as_str()] {
        let app = App::with_config(&format!(
            "[traces]\nendpoint = \"{endpoint}\"\nheader = \"x-team: wrong-k3y\"\n{}",
            contracts()
        ));
        watch_users(&app, &node, |_| true);
        let shown = app.ok(&["config", "show"]);
        assert!(
            shown.contains("(secret)") && !shown.contains("wrong-k3y"),
            "{shown}"
        );
        let url = node.url();
        let (running, log) = app.start_logged(&["poll", "--provider", &url, "--from", "0"]);
        let store = app.store().await;
        finished_rows(&node, &store, PATIENCE).await;
        log.wait_for("cannot send traces to the collector");
        running.stop();
        let said = log.lines();
        let said = said
            .iter()
            .filter(|line| line.contains("cannot send traces"));
        assert_eq!(said.count(), 1, "once, not for each batch");
        assert!(!log.lines().join("\n").contains("wrong-k3y"));
        store.close().await;
    }
    assert!(collector.got().is_empty());
    node.shutdown().await.unwrap();
}

#[test]
fn what_is_no_collector_is_said_at_the_start() {
    for (setting, said) in [
        ("endpoint = \"collector:4317\"", "traces.endpoint"),
        ("endpoint = \"http://\"", "traces.endpoint"),
        (
            "endpoint = \"http://127.0.0.1:1\"\nheader = \"hunter2\"",
            "traces.header",
        ),
        (
            "endpoint = \"http://127.0.0.1:1\"\nheader = \"no name: hunter2\"",
            "traces.header",
        ),
        ("one_in = 0", "traces.one_in"),
    ] {
        let app = App::with_config(&format!("[traces]\n{setting}\n"));
        let output = app.run(&["up", "--devnet"]);
        let error = crate::app::text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{setting}: {error}");
        assert!(
            error.contains(said) && !error.contains("hunter2"),
            "{error}"
        );
    }
}

/// What fails for somebody is found in the log by the id that their answer has.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_is_found_in_the_log_by_its_id() {
    let Some(database) = PostgresDatabase::create().await else {
        return;
    };
    let app = App::with_config(&format!(
        "[store]\nurl = \"{}\"\n[web]\nlisten = \"127.0.0.1:0\"\n",
        database.url()
    ));
    app.ok(&["migrate"]);
    let (mut web, log) = app.start_logged(&["web"]);
    let page = web.line_with("http://");
    let page = page[page.find("http://").unwrap()..].trim().to_owned();
    let ask = async |id: Option<&str>| {
        let query = serde_json::json!({ "query": "{ activities(first: 1) { nodes { kind } } }" });
        let mut request = crate::app::http()
            .post(format!("{page}graphql"))
            .json(&query);
        if let Some(id) = id {
            request = request.header("x-request-id", id);
        }
        let answer = request.send().await.unwrap();
        let id = answer.headers()["x-request-id"]
            .to_str()
            .unwrap()
            .to_owned();
        (id, answer.text().await.unwrap())
    };
    let (own, text) = ask(None).await;
    assert_eq!(own.len(), 16);
    assert!(text.contains("\"nodes\""), "{text}");
    database
        .run_as_owner("ALTER TABLE vigia.activity RENAME TO gone")
        .await;
    let (given, text) = ask(Some("of-the-proxy-7")).await;
    assert_eq!(given, "of-the-proxy-7");
    assert!(text.contains("INTERNAL"), "{text}");
    log.wait_for("\"request_id\":\"of-the-proxy-7\"");
    assert!(
        !log.lines().iter().any(|line| line.contains(&own)),
        "it went well"
    );
    web.stop();
}
