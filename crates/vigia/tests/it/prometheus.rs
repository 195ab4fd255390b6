//! Figures and alerts, read by Prometheus itself.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use vigia_devnet::Pace;

use crate::app::{App, PATIENCE, http, text};
use crate::node::{app_watching, busy_chain, start};
use crate::servers::free_port;

/// Where the programs are; none where they are not, which it says.
fn program(name: &str) -> Option<PathBuf> {
    let Some(folder) = std::env::var_os("VIGIA_PROMETHEUS") else {
        eprintln!("skipped: VIGIA_PROMETHEUS names no folder with {name}");
        return None;
    };
    Some(Path::new(&folder).join(name))
}

fn deploy() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy")
}

#[test]
fn alerts_fire_for_what_they_are_for() {
    let Some(promtool) = program("promtool") else {
        return;
    };
    let folder = deploy().join("prometheus");
    for arguments in [
        ["check", "rules", "alerts.yml"],
        ["test", "rules", "alerts_test.yml"],
    ] {
        let output = Command::new(&promtool)
            .args(arguments)
            .current_dir(&folder)
            .output()
            .expect("promtool runs");
        let said = text(&output.stdout) + &text(&output.stderr);
        assert!(output.status.success(), "{said}");
        assert!(said.contains("SUCCESS"), "{said}");
    }
}

/// A server that ends with its guard.
struct Prometheus {
    child: Child,
    url: String,
}

impl Prometheus {
    /// Reads `target` every second.
    fn start(program: &Path, app: &App, target: &str) -> Self {
        let config = app.path("prometheus.yml");
        let rules = deploy().join("prometheus/alerts.yml");
        let yaml = format!(
            "global: {{ scrape_interval: 1s, evaluation_interval: 1s }}\nrule_files: [{rules:?}]\n\
             scrape_configs:\n  - job_name: vigia\n    static_configs: [{{ targets: [{target:?}] }}]\n"
        );
        std::fs::write(&config, yaml).expect("a file");
        let address = format!("127.0.0.1:{}", free_port());
        let child = Command::new(program)
            .arg(format!("--config.file={}", config.display()))
            .arg(format!(
                "--storage.tsdb.path={}",
                app.path("tsdb").display()
            ))
            .arg(format!("--web.listen-address={address}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("prometheus starts");
        Self {
            child,
            url: format!("http://{address}"),
        }
    }

    /// Asks until the answer is as wanted.
    async fn wait(&self, path: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        let mut last = None;
        while begun.elapsed() < PATIENCE {
            if let Ok(response) = http().get(format!("{}{path}", self.url)).send().await
                && let Ok(answer) = response.json::<Value>().await
            {
                if holds(&answer) {
                    return answer;
                }
                last = Some(answer);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{path}: {last:?}");
    }

    /// The value of a query with one result.
    async fn value(&self, query: &str, holds: impl Fn(f64) -> bool) -> f64 {
        let number = |answer: &Value| {
            let value = answer["data"]["result"][0]["value"][1].as_str()?;
            value.parse::<f64>().ok()
        };
        let path = format!("/api/v1/query?query={query}");
        let answer = self.wait(&path, |answer| number(answer).is_some_and(&holds));
        number(&answer.await).expect("it is one")
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _gone_already = self.child.kill();
        let _reaped = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn prometheus_reads_a_running_system() {
    let Some(program) = program("prometheus") else {
        return;
    };
    let node = start(busy_chain(2_000), Pace::Live, 10).await;
    let app = app_watching(&node, |_| true);
    let config = std::fs::read_to_string(app.path("vigia.toml")).expect("there is one");
    app.configure(&format!(
        "[provider]\nurl = \"{}\"\n[metrics]\nlisten = \"127.0.0.1:0\"\n[web]\nlisten = \"127.0.0.1:0\"\n{config}",
        node.url()
    ));
    let mut running = app.start(&["up", "--log", "error"]);
    let line = running.line_with("metrics at");
    let target = line
        .trim_start_matches("metrics at http://")
        .trim_end_matches("/metrics");
    let prometheus = Prometheus::start(&program, &app, target);
    prometheus.value("up", |up| up > 0.5).await;
    app.wait_for("all activities", |status| {
        node.final_tip().is_some() && status["watermark"].as_u64() == node.final_tip()
    });
    let status = app.status();
    // The rest came as history of addresses, which is no live commit.
    let close = |found: f64, expected: &Value| {
        let expected = expected.as_f64().expect("a number");
        found > 0.5 && found < expected + 0.5
    };
    for (query, expected) in [
        (
            "vigia_transactions_committed_total",
            &status["rawTransactions"],
        ),
        ("vigia_activities_committed_total", &status["activities"]),
        (
            "vigia_notifications_committed_total",
            &status["notifications"],
        ),
        (
            "vigia_watched{kind=\"address\"}",
            &status["watchedAddresses"],
        ),
    ] {
        prometheus
            .value(query, |found| close(found, expected))
            .await;
    }
    for query in [
        "vigia_watermark_checkpoint",
        "vigia_provider_usable",
        "vigia_match_duration_seconds_count",
        "sum(vigia_commit_duration_seconds_count{stage=\"write\"})",
        "sum(vigia_match_reasons_total)",
        "process_resident_memory_bytes",
        "process_start_time_seconds",
        "vigia_build_info",
    ] {
        prometheus.value(query, |found| found > 0.0).await;
    }
    // The rules are taken, and each can be evaluated over what there is.
    let rules = prometheus.wait("/api/v1/rules", |answer| {
        let rules = answer["data"]["groups"][0]["rules"].as_array();
        rules.is_some_and(|rules| rules.iter().all(|rule| rule["health"] == "ok"))
    });
    let rules = rules.await;
    let rules = rules["data"]["groups"][0]["rules"]
        .as_array()
        .expect("rules");
    assert_eq!(rules.len(), 19, "{rules:?}");
    let firing: Vec<&Value> = rules
        .iter()
        .filter(|rule| rule["state"] == "firing")
        .collect();
    assert!(firing.is_empty(), "{firing:?}");
    // Figures hold nobody's address or name.
    let figures = http().get(format!("http://{target}/metrics")).send().await;
    let figures = figures.expect("it answers").text().await.expect("text");
    assert!(
        !figures.contains("0x") && !figures.contains("user-"),
        "{figures}"
    );
    running.stop();
    node.shutdown().await.expect("the node stops");
}
