//! `cargo xtask newcomer`: follows docs/quick-start.md word by word as a user that did not exist before, who has nothing but a
//! clone of what is committed, and checks that what the document shows is what comes.
//!
//! Needs root and the internet, as the document does. Where the site of rustup cannot be reached the toolchain of this machine is
//! copied in its stead, and said so. The user and all it made are removed at the end.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};

use crate::run::{root, run as say_and_run};

const DOCUMENT: &str = "docs/quick-start.md";
const USER: &str = "vigia-newcomer";
/// How long a build may take.
const BUILT_WITHIN: Duration = Duration::from_mins(60);
/// How long anything else may take, what comes "a few seconds later" included.
const DONE_WITHIN: Duration = Duration::from_mins(1);
/// How long a process may take to end.
const ENDED_WITHIN: Duration = Duration::from_secs(10);

/// What has to be shown in the document and to come: for a block with these words, these parts.
const SHOWN: &[(&str, &[&str])] = &[
    (
        "vigia --version",
        &["vigia 0.1.0", "transports: memory, redis"],
    ),
    (
        "vigia up --devnet",
        &[
            "page      http://127.0.0.1:8420/",
            "database  vigia-data/vigia.db",
        ],
    ),
    (
        "vigia status",
        &["lag                0 checkpoints", "watched addresses  50"],
    ),
    ("vigia tail", &[" cUSD  "]),
    ("vigia watch add", &[" watched, from checkpoint "]),
    (
        "vigia watch list",
        &["The exchange  history: complete from checkpoint 0"],
    ),
    (
        "/graphql",
        &[r#"{"data":{"activities":{"nodes":[{"kind":""#],
    ),
    (
        "vigia webhooks list",
        &[
            "first  enabled  http://127.0.0.1:8002/vigia",
            " 0 dead",
            "a test is on its way: see vigia deliveries show ",
            "  delivered  first #",
        ],
    ),
];
/// What the receiver says when it has handled one.
const HANDLED: &str = " handled 0";

/// Runs the command.
pub(crate) fn run() -> anyhow::Result<()> {
    let text = std::fs::read_to_string(root().join(DOCUMENT))?;
    let newcomer = Newcomer::arrive()?;
    let mut story = Story {
        newcomer: &newcomer,
        text: &text,
        building: newcomer.terminal()?,
        asking: None,
        receiving: None,
        is_up: false,
    };
    for block in blocks(&text) {
        let begun = Instant::now();
        let line = block.lines().next().unwrap_or_default();
        println!("{line}");
        match story.follow(&block) {
            Ok(()) => println!("  done after {:.1} s", begun.elapsed().as_secs_f32()),
            Err(error) => return Err(error.context(format!("at {block:?}"))),
        }
    }
    println!("{DOCUMENT} works, word by word");
    Ok(())
}

/// The commands of the document, in order.
fn blocks(text: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut current: Option<String> = None;
    for line in text.lines() {
        match (&mut current, line) {
            (None, "```sh") => current = Some(String::new()),
            (Some(_), "```") => blocks.extend(current.take()),
            (Some(block), line) => {
                let _ = writeln!(block, "{line}");
            }
            (None, _) => {}
        }
    }
    blocks
}

/// A user that did not exist before, gone with the value.
struct Newcomer {
    home: PathBuf,
}

impl Newcomer {
    fn arrive() -> anyhow::Result<Self> {
        let home = std::env::temp_dir().join(format!("{USER}-{}", std::process::id()));
        let mut add = Command::new("useradd");
        add.args(["--create-home", "--shell", "/bin/bash", "--home-dir"]);
        say_and_run(add.arg(&home).arg(USER)).context("root is needed, to make a user")?;
        let newcomer = Self { home };
        let source = newcomer.home.join("vigia");
        say_and_run(
            Command::new("git")
                .args(["clone", "--quiet", "--no-hardlinks"])
                .arg(root())
                .arg(&source),
        )?;
        newcomer.own(&source)?;
        Ok(newcomer)
    }

    fn own(&self, path: &Path) -> anyhow::Result<()> {
        let owner = format!("{USER}:{USER}");
        say_and_run(
            Command::new("chown")
                .args(["--recursive", &owner])
                .arg(path),
        )
    }

    /// A shell of theirs in the folder of the source, with the environment of somebody who has just signed in.
    fn terminal(&self) -> anyhow::Result<Terminal> {
        let mut shell = Command::new("setpriv");
        shell.args([
            "--reuid",
            USER,
            "--regid",
            USER,
            "--init-groups",
            "bash",
            "--norc",
        ]);
        shell.env_clear();
        shell.env("HOME", &self.home);
        shell.envs([("USER", USER), ("LANG", "C.UTF-8"), ("TERM", "dumb")]);
        shell.env(
            "PATH",
            "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        );
        Terminal::open(shell.current_dir(self.home.join("vigia")))
    }

    /// What rustup would have done, where its site cannot be reached.
    fn copy_toolchain(&self) -> anyhow::Result<()> {
        let sysroot = Command::new("rustc")
            .args(["--print", "sysroot"])
            .output()?;
        let sysroot = String::from_utf8(sysroot.stdout)?;
        let cargo = self.home.join(".cargo");
        std::fs::create_dir_all(&cargo)?;
        let toolchain = self.home.join(".toolchain");
        say_and_run(
            Command::new("cp")
                .args(["--archive", "--dereference", sysroot.trim()])
                .arg(&toolchain),
        )?;
        let bin = toolchain.join("bin");
        std::fs::write(
            cargo.join("env"),
            format!("export PATH=\"{}:$PATH\"\n", bin.display()),
        )?;
        self.own(&cargo)?;
        self.own(&toolchain)
    }
}

impl Drop for Newcomer {
    fn drop(&mut self) {
        let removed = Command::new("userdel")
            .args(["--force", "--remove", USER])
            .output();
        if removed.is_err() || self.home.exists() {
            let _ = std::fs::remove_dir_all(&self.home);
        }
    }
}

/// A shell that takes one block after the other.
struct Terminal {
    shell: Child,
    input: ChildStdin,
    said: Arc<(Mutex<String>, Condvar)>,
    blocks: usize,
}

impl Terminal {
    fn open(command: &mut Command) -> anyhow::Result<Self> {
        let mut shell = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()?;
        let input = shell.stdin.take().context("it is piped")?;
        let output = shell.stdout.take().context("it is piped")?;
        let said = Arc::<(Mutex<String>, Condvar)>::default();
        let hearing = Arc::clone(&said);
        std::thread::spawn(move || {
            for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
                let mut said = hearing.0.lock().expect("nobody panics with it");
                let _ = writeln!(said, "{}", String::from_utf8_lossy(&line));
                hearing.1.notify_all();
            }
        });
        let mut terminal = Self {
            shell,
            input,
            said,
            blocks: 0,
        };
        writeln!(terminal.input, "exec 2>&1")?;
        Ok(terminal)
    }

    /// What is printed when the block of this number is over, before its exit code.
    fn mark(number: usize) -> String {
        format!("@@block {number} ended with ")
    }

    fn begin(&mut self, block: &str) -> anyhow::Result<()> {
        self.said.0.lock().expect("nobody panics with it").clear();
        self.blocks += 1;
        let mark = Self::mark(self.blocks);
        // A line of its own, whatever was printed before.
        write!(self.input, "{block}\necho; echo \"{mark}$?\"\n")?;
        Ok(self.input.flush()?)
    }

    /// Waits until what was printed holds all of `parts`, and returns it.
    fn wait(&self, parts: &[&str], within: Duration) -> anyhow::Result<String> {
        let said = self.said.0.lock().expect("nobody panics with it");
        let missing = |said: &mut String| !parts.iter().all(|part| said.contains(part));
        let (said, waited) = self
            .said
            .1
            .wait_timeout_while(said, within, missing)
            .expect("nobody panics with it");
        ensure!(!waited.timed_out(), "waited in vain for {parts:?}:\n{said}");
        Ok(said.clone())
    }

    fn ended(&self, within: Duration) -> anyhow::Result<String> {
        let mark = Self::mark(self.blocks);
        let said = self.wait(&[&mark], within)?;
        ensure!(said.contains(&format!("{mark}0\n")), "it failed:\n{said}");
        Ok(said)
    }

    /// Ctrl-C.
    fn interrupt(&self) -> anyhow::Result<()> {
        let shell = self.shell.id();
        let children = std::fs::read_to_string(format!("/proc/{shell}/task/{shell}/children"))?;
        for child in children.split_whitespace() {
            say_and_run(Command::new("kill").args(["-INT", child]))?;
        }
        Ok(())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _gone_already = self.interrupt();
        let _ = writeln!(self.input, "exit");
        let _ = self.shell.kill();
        let _ = self.shell.wait();
    }
}

/// How far the newcomer is.
struct Story<'s> {
    newcomer: &'s Newcomer,
    text: &'s str,
    /// The first terminal: builds, then runs vigia.
    building: Terminal,
    asking: Option<Terminal>,
    receiving: Option<Terminal>,
    is_up: bool,
}

impl Story<'_> {
    fn follow(&mut self, block: &str) -> anyhow::Result<()> {
        if block.contains("apt-get") {
            return say_and_run(Command::new("bash").args(["-e", "-c", block]));
        }
        if block.contains("sh.rustup.rs") {
            return self.rustup(block);
        }
        if block.contains("cargo build") {
            self.building.begin(block)?;
            let said = self.building.ended(BUILT_WITHIN)?;
            return self.check(block, &said);
        }
        if block.contains("YOUR_ADDRESS") {
            println!("  left out: the real chain is not reached from here");
            return Ok(());
        }
        if block.starts_with("vigia up --devnet") {
            return self.up(block);
        }
        if block.contains("php -S") {
            let mut terminal = self.newcomer.terminal()?;
            terminal.begin(block)?;
            terminal.wait(&["started"], DONE_WITHIN)?;
            self.receiving = Some(terminal);
            return Ok(());
        }
        if block.contains("rm -r vigia-data") {
            self.stop()?;
        }
        self.ask(block)
    }

    fn rustup(&mut self, block: &str) -> anyhow::Result<()> {
        let site = ["-sSf", "--max-time", "10", "https://sh.rustup.rs"];
        let reached = Command::new("curl").args(site).output();
        if reached.is_ok_and(|reached| reached.status.success()) {
            self.building.begin(block)?;
        } else {
            println!("  the site of rustup cannot be reached: this machine's toolchain is copied");
            self.newcomer.copy_toolchain()?;
            let (_, rest) = block.split_once('\n').context("two lines")?;
            self.building.begin(rest)?;
        }
        self.building.ended(BUILT_WITHIN).map(|_| ())
    }

    fn up(&mut self, block: &str) -> anyhow::Result<()> {
        if self.is_up {
            self.building.interrupt()?;
            self.building.ended(ENDED_WITHIN)?;
        }
        self.is_up = true;
        self.building.begin(block)?;
        for part in self.parts(block)? {
            self.building.wait(&[part], DONE_WITHIN)?;
        }
        if let Some(receiving) = &self.receiving {
            ensure!(
                self.text.contains(HANDLED),
                "the document does not show {HANDLED:?}"
            );
            receiving.wait(&[HANDLED], DONE_WITHIN)?;
        }
        Ok(())
    }

    fn stop(&mut self) -> anyhow::Result<()> {
        self.building.interrupt()?;
        self.building.ended(ENDED_WITHIN)?;
        self.is_up = false;
        self.receiving = None;
        Ok(())
    }

    /// In the second terminal, until what the document shows has come.
    fn ask(&mut self, block: &str) -> anyhow::Result<()> {
        let mut terminal = match self.asking.take() {
            Some(terminal) => terminal,
            None => self.newcomer.terminal()?,
        };
        let begun = Instant::now();
        loop {
            terminal.begin(block)?;
            // What vigia's doctor finds is an answer too.
            let said = match block.starts_with("vigia doctor") {
                true => terminal.wait(&[&Terminal::mark(terminal.blocks)], DONE_WITHIN)?,
                false => terminal.ended(DONE_WITHIN)?,
            };
            match self.check(block, &said) {
                Ok(()) => break,
                Err(error) if begun.elapsed() > DONE_WITHIN => return Err(error),
                Err(_) => std::thread::sleep(Duration::from_secs(1)),
            }
        }
        self.asking = Some(terminal);
        Ok(())
    }

    fn check(&self, block: &str, said: &str) -> anyhow::Result<()> {
        for part in self.parts(block)? {
            if !said.contains(part) {
                bail!("{part:?} is missing:\n{said}");
            }
        }
        Ok(())
    }

    /// What has to come of a block, all of which the document shows.
    fn parts(&self, block: &str) -> anyhow::Result<Vec<&'static str>> {
        let of_block = SHOWN.iter().filter(|(words, _)| block.contains(words));
        let parts: Vec<&str> = of_block.flat_map(|(_, parts)| *parts).copied().collect();
        for part in &parts {
            ensure!(
                self.text.contains(part),
                "the document does not show {part:?}"
            );
        }
        Ok(parts)
    }
}
