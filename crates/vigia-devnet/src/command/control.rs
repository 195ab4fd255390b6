//! What ends a process, and what is asked of it meanwhile: one command a line on standard input,
//! one JSON answer a line on standard output.

use std::{io, thread};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use vigia_devnet::{Devnet, DevnetFace, Faults};

use crate::print_line;

/// Resolves at Ctrl-C, or when a supervisor asks the process to end.
pub(crate) async fn interrupted() -> Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminated = signal(SignalKind::terminate())?;
    tokio::select! {
        result = tokio::signal::ctrl_c() => Ok(result?),
        _ = terminated.recv() => Ok(()),
    }
}

/// Carries out commands until the input ends or the process is interrupted.
pub(crate) async fn obey(devnet: &Devnet, seed: u64) -> Result<()> {
    let mut lines = lines();
    let interrupted = interrupted();
    tokio::pin!(interrupted);
    loop {
        let line = tokio::select! {
            ended = &mut interrupted => return ended,
            line = lines.recv() => line,
        };
        let Some(line) = line else {
            return Ok(());
        };
        let answer = match carry_out(devnet, seed, &line) {
            Ok(answer) => answer,
            Err(error) => json!({ "error": format!("{error:#}") }),
        };
        print_line(&answer.to_string())?;
    }
}

/// Lines of standard input. The thread that reads them ends with the process.
fn lines() -> mpsc::Receiver<String> {
    let (sender, lines) = mpsc::channel(1);
    thread::spawn(move || {
        for line in io::stdin().lines().map_while(Result::ok) {
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    lines
}

fn carry_out(devnet: &Devnet, seed: u64, line: &str) -> Result<Value> {
    let words: Vec<_> = line.split_whitespace().collect();
    match words[..] {
        ["tip"] => {}
        ["struck"] => return Ok(struck(devnet)),
        ["advance", count] => devnet.advance(count.parse().context("advance COUNT")?),
        ["heal"] => devnet.heal(),
        ["heal", face] => find(devnet, face)?.heal(),
        ["fault", face, ref specs @ ..] => {
            let faults = Faults::parse(seed, specs.iter().copied())?;
            find(devnet, face)?.set_faults(faults);
        }
        _ => bail!("commands are: tip, struck, advance COUNT, heal [FACE], fault FACE [SPEC]..."),
    }
    Ok(json!({ "tip": devnet.tip() }))
}

/// How often faults struck, face by face.
pub(crate) fn struck(devnet: &Devnet) -> Value {
    let faces = devnet.faces();
    let faces: Vec<_> = faces.iter().map(DevnetFace::struck).collect();
    json!({ "struck": faces })
}

fn find(devnet: &Devnet, face: &str) -> Result<DevnetFace> {
    let index: usize = face.parse().context("faces are numbered from 0")?;
    let face = devnet.faces().into_iter().nth(index);
    face.with_context(|| format!("there is no face {index}"))
}
