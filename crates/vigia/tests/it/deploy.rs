//! What is deployed from files under `deploy/`: the files are right, and the layouts they say run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use vigia_devnet::Pace;
use vigia_store::IngestStore as _;

use crate::app::{App, Running, http, text};
use crate::node::{busy_chain, contracts, start, watch_users};
use crate::servers::{PostgresDatabase, Redis, free_port};

fn deploy(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../deploy")
        .join(file)
}

/// The Python that has what reads these files; none where there is none, which it says.
fn python() -> Option<PathBuf> {
    let python = std::env::var_os("VIGIA_DEPLOY_PYTHON");
    if python.is_none() {
        eprintln!("skipped: VIGIA_DEPLOY_PYTHON names no Python with PyYAML and cfn-lint");
    }
    python.map(PathBuf::from)
}

/// A YAML file.
fn read(python: &Path, file: &str) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/deploy/read.py");
    let output = Command::new(python).arg(script).arg(deploy(file)).output();
    let output = output.expect("Python runs");
    assert!(output.status.success(), "{}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// Variables of a service, with what a shell would put for `${NAME:-default}`.
fn environment(service: &Value) -> BTreeMap<String, String> {
    let variables = service["environment"].as_object().expect("variables");
    let of = |(name, value): (&String, &Value)| {
        let value = match value {
            Value::String(value) => value.clone(),
            other => other.to_string(),
        };
        let value = match value
            .strip_prefix("${")
            .and_then(|rest| rest.strip_suffix('}'))
        {
            Some(inner) => inner
                .split_once(":-")
                .map_or("", |(_, default)| default)
                .to_owned(),
            None => value,
        };
        (name.clone(), value)
    };
    variables.iter().map(of).collect()
}

/// What `vigia config show` makes of these variables; unknown ones are an error.
fn settings_of(app: &App, variables: &BTreeMap<String, String>) -> String {
    let mut command = app.command(&["config", "show"]);
    command.envs(variables);
    let output = command.output().expect("the binary runs");
    let said = text(&output.stdout) + &text(&output.stderr);
    assert!(output.status.success(), "{variables:?}: {said}");
    said
}

#[test]
fn the_template_of_aws_is_right() {
    let Some(python) = python() else { return };
    let template = deploy("aws/vigia.yml");
    let lint = Command::new(python.with_file_name("cfn-lint"))
        .args(["--non-zero-exit-code", "informational", "--"])
        .arg(&template)
        .output()
        .expect("Python runs");
    let said = text(&lint.stdout) + &text(&lint.stderr);
    assert!(lint.status.success(), "{said}");
    // Every variable that it names is a setting.
    let template = read(&python, "aws/vigia.yml");
    let app = App::new();
    let mut tasks = 0;
    for resource in template["Resources"]
        .as_object()
        .expect("resources")
        .values()
    {
        if resource["Type"] != "AWS::ECS::TaskDefinition" {
            continue;
        }
        tasks += 1;
        let container = &resource["Properties"]["ContainerDefinitions"][0];
        let mut variables = BTreeMap::new();
        for (list, value) in [("Environment", "Value"), ("Secrets", "ValueFrom")] {
            for variable in container[list].as_array().expect("a list") {
                let name = variable["Name"].as_str().expect("a name").to_owned();
                let value = match variable[value].as_str().expect("a text") {
                    "!Ref Shards" => "16",
                    "!Ref ProviderUrl" => "https://node.example:443",
                    "!Ref DatabaseUrl" => "postgres://vigia:hush@db/vigia",
                    "!Ref Frames" => "https://sqs.example/1/frames",
                    "!Ref Domain" => "vigia.example",
                    other => other,
                };
                variables.insert(name, value.to_owned());
            }
        }
        settings_of(&app, &variables);
    }
    assert_eq!(tasks, 3);
}

#[test]
fn the_unit_of_systemd_names_settings() {
    let unit = std::fs::read_to_string(deploy("systemd/vigia.service")).expect("a unit");
    let line = unit
        .lines()
        .find_map(|line| line.strip_prefix("Environment="));
    let variables = line.expect("variables").split(' ').map(|pair| {
        let (name, value) = pair.split_once('=').expect("a pair");
        (
            name.to_owned(),
            value.replace("%d", "/run/credentials/vigia.service"),
        )
    });
    let said = settings_of(&App::new(), &variables.collect());
    assert!(
        said.contains("/run/credentials/vigia.service/provider_token"),
        "{said}"
    );
}

#[test]
fn every_service_of_the_compose_file_is_told_settings() {
    let Some(python) = python() else { return };
    let compose = read(&python, "docker/docker-compose.yml");
    let services = compose["services"].as_object().expect("services");
    let phases = |service: &Value| service["profiles"].to_string();
    let mut by_phase = BTreeMap::<&str, Vec<&str>>::new();
    let app = App::new();
    for (name, service) in services {
        for phase in ["one", "separate", "sharded", "watched"] {
            if phases(service).contains(phase) {
                by_phase.entry(phase).or_default().push(name);
            }
        }
        if service["command"][0]
            .as_str()
            .is_some_and(|command| ["up", "poll", "work", "web"].contains(&command))
        {
            let mut variables = environment(service);
            variables.remove("VIGIA_CONFIG");
            settings_of(&app, &variables);
            assert_eq!(service["read_only"], true, "{name}");
        }
    }
    assert_eq!(by_phase["one"], ["vigia"]);
    assert_eq!(
        by_phase["separate"],
        ["db", "poller", "redis", "web", "worker"]
    );
    assert_eq!(
        by_phase["sharded"],
        [
            "db", "poller", "poller-2", "poller-3", "redis", "web", "worker", "worker-2"
        ]
    );
    assert_eq!(by_phase["watched"], ["prometheus"]);
    // What Prometheus looks for are the services there are.
    let prometheus = read(&python, "prometheus/prometheus.yml");
    let names = &prometheus["scrape_configs"][0]["dns_sd_configs"][0]["names"];
    for name in names.as_array().expect("names") {
        let name = name.as_str().expect("a name");
        assert!(services.contains_key(name), "{name}");
    }
}

/// A process of the layout, and where it says how it is.
struct Process {
    name: String,
    running: Running,
    health: String,
}

/// The layout of the profile `sharded`, as processes beside each other: the commands and variables of the compose file, with addresses
/// of this machine in place of containers' names and paths.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_layout_of_the_compose_file_runs() {
    let Some(python) = python() else { return };
    let (Some(database), Some(redis)) = (PostgresDatabase::create().await, Redis::start()) else {
        return;
    };
    let compose = read(&python, "docker/docker-compose.yml");
    let app = App::with_config(&contracts());
    let node = start(busy_chain(1_500), Pace::Complete, 1).await;
    let secrets = app.path("secrets");
    std::fs::create_dir_all(&secrets).expect("a folder");
    std::fs::write(secrets.join("database_url"), database.url()).expect("a secret");
    std::fs::write(secrets.join("provider_token"), "").expect("a secret");
    let url = database.url();
    let migrate = app
        .command(&["migrate"])
        .env("VIGIA__STORE__URL", &url)
        .output();
    assert!(migrate.expect("the binary runs").status.success());
    watch_users_of(&app, &url, &node);

    let mut processes = Vec::new();
    for (name, service) in compose["services"].as_object().expect("services") {
        let command = service["command"][0].as_str().unwrap_or_default();
        let is_ours = ["poll", "work", "web"].contains(&command);
        if !is_ours || !service["profiles"].to_string().contains("sharded") {
            continue;
        }
        let mut health = String::new();
        let mut variables = environment(service);
        for (variable, value) in &mut variables {
            *value = value.replace("/run/secrets", &secrets.display().to_string());
            *value = value.replace("redis://redis:6379", &redis.url());
            if variable.ends_with("__LISTEN") {
                let port = free_port();
                *value = format!("127.0.0.1:{port}");
                let is_health = variable.contains("__HEALTH__") || variable.contains("__WEB__");
                if is_health {
                    health = format!("http://127.0.0.1:{port}/readyz");
                }
            }
            match variable.as_str() {
                "VIGIA_CONFIG" => *value = app.path("vigia.toml").display().to_string(),
                "VIGIA__PROVIDER__URL" => *value = node.url(),
                _ => {}
            }
        }
        if command == "poll" {
            variables.insert("VIGIA__POLL__START".to_owned(), "0".to_owned());
        }
        let mut starting = app.command(&[command, "--log", "error"]);
        starting.envs(&variables);
        let (running, _) = Running::start(starting);
        processes.push(Process {
            name: name.clone(),
            running,
            health,
        });
    }
    assert_eq!(processes.len(), 6);
    // Each is asked as its container's health check would.
    for process in &processes {
        let begun = std::time::Instant::now();
        loop {
            let output = app.run(&["health", "--url", &process.health]);
            if output.status.success() {
                assert_eq!(text(&output.stdout), "ready\n");
                break;
            }
            assert!(
                begun.elapsed() < crate::app::PATIENCE,
                "{}: {}",
                process.name,
                text(&output.stdout)
            );
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
    }
    let store = database.store().await;
    let begun = std::time::Instant::now();
    while store
        .watermark()
        .await
        .expect("it is read")
        .map(|mark| mark.checkpoint)
        != node.final_tip()
    {
        assert!(
            begun.elapsed() < crate::app::PATIENCE,
            "{:?}",
            store.status().await
        );
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    use vigia_store::ReadStore as _;
    assert!(store.status().await.expect("it is read").activities > 300);
    // Nobody gets in without signing in.
    let web = processes
        .iter()
        .find(|process| process.name == "web")
        .expect("there is one");
    let page = web.health.replace("/readyz", "/v1/activities");
    let page = http().get(page).send().await.expect("it answers");
    assert_eq!(page.status(), 401);
    store.close().await;
    for process in processes {
        process.running.stop();
    }
    node.shutdown().await.expect("the node stops");
}

/// Watches users over the shared database.
fn watch_users_of(app: &App, url: &str, node: &vigia_devnet::Devnet) {
    let config = std::fs::read_to_string(app.path("vigia.toml")).expect("there is one");
    app.configure(&format!("[store]\nurl = \"{url}\"\n{config}"));
    watch_users(app, node, |_| true);
    app.configure(&config);
}
