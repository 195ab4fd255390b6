//! Faults from the command line, in a process of its own.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use serde_json::Value;
use tonic::Code;
use vigia_devnet::{FaultKind, Faults, FileFormat, generate, write_checkpoint};

use crate::support::{self, get, list};

/// A command that serves, spoken to over its standard input and output. Dropping it ends it.
struct Process {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Process {
    fn start(arguments: &[&str]) -> (Self, Value) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vigia-devnet"));
        command
            .args(arguments)
            .args(["--json", "--listen", "127.0.0.1:0"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let mut process = Self {
            input: child.stdin.take(),
            child,
            output,
        };
        let started = process.answer();
        (process, started)
    }

    fn answer(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    fn tell(&mut self, line: &str) -> Value {
        writeln!(self.input.as_ref().unwrap(), "{line}").unwrap();
        self.answer()
    }

    /// Ends its input; returns what it says last.
    fn end(mut self) -> Value {
        self.input = None;
        let last = self.answer();
        assert!(self.child.wait().unwrap().success());
        last
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn run(arguments: &[&str]) -> std::process::Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vigia-devnet"));
    command.args(arguments).output().unwrap()
}

#[test]
fn all_faults_are_explained() {
    for command in [&["serve"][..], &["bucket", "--dir", "."]] {
        let output = run(&[command, &["--fault", "list"]].concat());
        let text = String::from_utf8(output.stdout).unwrap();
        for kind in FaultKind::all() {
            assert!(text.contains(kind.sees()) && text.contains(kind.must()));
        }
    }
}

#[test]
fn the_documentation_has_every_fault() {
    let page = include_str!("../../../../docs/devnet.md");
    for kind in FaultKind::all() {
        let mut rows = page.lines().filter(|line| line.starts_with("| `"));
        let row = rows.find(|row| row[3..].starts_with(kind.name()) && row.contains(kind.sees()));
        assert!(
            row.is_some_and(|row| row.contains(kind.must())),
            "{}",
            kind.name()
        );
    }
}

#[test]
fn wrong_faults_are_refused_with_what_is_accepted() {
    for (arguments, reason) in [
        (
            &["--fault", "cut:30"][..],
            "\"30\" needs a unit (ms, s, m, h), as in 30s",
        ),
        (
            &["--fault", "nonsense"],
            "unknown fault \"nonsense\", known are cut,",
        ),
        (
            &["--face", "nowhere cut:1s"],
            "\"nowhere\" is no address and port",
        ),
        (&["--face", "127.0.0.1:0 lag:0"], "must be at least 1"),
        (&["--manual"], "--control"),
    ] {
        let output = run(&[&["serve", "--listen", "127.0.0.1:0"], arguments].concat());
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && text.contains(reason), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_make_the_same_chain() {
    let chain = [
        "serve",
        "--complete",
        "--transactions",
        "200",
        "--seed",
        "5",
        "--users",
        "10",
    ];
    let (_one, first) =
        Process::start(&[&chain[..], &["--fault", "omit-tx,every=1,from=15"]].concat());
    let (_other, second) = Process::start(&chain);
    assert_eq!(first["chain_id"], second["chain_id"]);
    assert_eq!(first["faults"][0], "omit-tx,every=1,from=15");
    let (one, other) = (
        first["url"].as_str().unwrap(),
        second["url"].as_str().unwrap(),
    );
    let (lying, honest) = (list(one, 0).await.unwrap(), list(other, 0).await.unwrap());
    assert_eq!(lying[..15], honest[..15]);
    assert_ne!(lying[15..], honest[15..]);
    let summaries = |list: &[_]| -> Vec<_> {
        let list = list.iter();
        list.map(|c: &sui_rpc::proto::sui::rpc::v2::Checkpoint| c.summary.clone())
            .collect()
    };
    assert_eq!(summaries(&lying), summaries(&honest));
}

#[tokio::test(flavor = "multi_thread")]
async fn faces_are_told_what_to_do_while_they_serve() {
    let (mut process, started) = Process::start(&[
        "serve",
        "--manual",
        "--control",
        "--history",
        "5",
        "--fault-seed",
        "3",
        "--fault",
        "no-list",
        "--face",
        "127.0.0.1:0 unavailable:1h",
        "--bucket",
        "127.0.0.1:0",
    ]);
    let urls: Vec<_> = started["faces"]
        .as_array()
        .unwrap()
        .iter()
        .map(|u| u.as_str().unwrap())
        .collect();
    assert_eq!((urls.len(), &started["tip"]), (3, &Value::from(4)));
    assert_eq!(
        list(urls[0], 0).await.unwrap_err().code(),
        Code::Unimplemented
    );
    assert_eq!(get(urls[1], 0).await.unwrap_err().code(), Code::Unavailable);

    assert_eq!(process.tell("advance 3")["tip"], 7);
    process.tell("heal 1");
    let honest = get(urls[1], 7).await.unwrap();
    process.tell("fault 0 omit-tx,every=1");
    let lying = get(urls[0], 7).await.unwrap();
    assert_eq!(lying.transactions.len() + 1, honest.transactions.len());
    process.tell("heal");
    assert_eq!(get(urls[0], 7).await.unwrap(), honest);
    for (command, reason) in [
        ("fault 9 lag", "there is no face 9"),
        ("fault 0 nonsense", "unknown fault"),
        ("dance", "commands are: tip, struck,"),
    ] {
        let error = process.tell(command)["error"].as_str().unwrap().to_owned();
        assert!(error.contains(reason), "{error}");
    }
    let struck = process.tell("struck");
    assert_eq!(struck["struck"][0]["no-list"], 1);
    assert_eq!(struck["struck"][1]["unavailable"], 1);
    assert_eq!(process.end(), struck);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seed_alone_draws_a_combination() {
    let (process, started) = Process::start(&["serve", "--fault-seed", "11", "--control"]);
    let drawn: Vec<_> = Faults::combination(11)
        .list
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(started["faults"], Value::from(drawn));
    process.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_is_a_bucket() {
    let directory = tempfile::tempdir().unwrap();
    let data = generate(support::chain_config()).next().unwrap();
    write_checkpoint(directory.path(), data, FileFormat::Chk).unwrap();
    let path = directory.path().display().to_string();
    let (mut process, started) = Process::start(&[
        "bucket",
        "--dir",
        &path,
        "--fault",
        "not-found,every=1,times=1",
    ]);
    let url = started["url"]
        .as_str()
        .unwrap()
        .trim_start_matches("http://")
        .to_owned();
    let mut statuses = vec![];
    for _ in 0..2 {
        use std::io::Read;
        let mut connection = std::net::TcpStream::connect(&url).unwrap();
        write!(
            connection,
            "GET /0.chk HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
        )
        .unwrap();
        let mut head = [0; 12];
        connection.read_exact(&mut head).unwrap();
        statuses.push(String::from_utf8(head.to_vec()).unwrap());
    }
    assert_eq!(statuses, ["HTTP/1.1 404", "HTTP/1.1 200"]);
    let id = process.child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(process.answer()["struck"][0]["not-found"], 1);
    assert!(process.child.wait().unwrap().success());
}
