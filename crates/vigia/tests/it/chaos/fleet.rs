//! The processes of one deployment, and what is done to them.

use std::time::{Duration, Instant};

use crate::app::{App, Running};

/// Processes that poll and that work.
pub(super) const POLLERS: usize = 2;
pub(super) const WORKERS: usize = 3;

/// The processes of one deployment.
pub(super) struct Fleet<'a> {
    app: &'a App,
    commands: Vec<Vec<String>>,
    running: Vec<Running>,
    /// Those under SIGSTOP, and until when.
    stopped: Vec<(usize, Instant)>,
}

impl<'a> Fleet<'a> {
    pub(super) fn start(app: &'a App, provider: &str) -> Self {
        let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let poll = words(&format!("poll --provider {provider} --from 0 --log error"));
        let work = words(&format!("work --provider {provider} --log error"));
        let mut commands = vec![poll; POLLERS];
        commands.extend(vec![work; WORKERS]);
        let running = commands
            .iter()
            .map(|command| launch(app, command))
            .collect();
        Self {
            app,
            commands,
            running,
            stopped: Vec::new(),
        }
    }

    pub(super) fn kill(&mut self, index: usize) {
        self.stopped.retain(|(stopped, _)| *stopped != index);
        self.running[index].child.kill().expect("it was running");
        self.running[index].child.wait().expect("it is gone");
        self.running[index] = launch(self.app, &self.commands[index]);
    }

    pub(super) fn stop(&mut self, index: usize, span: Duration) {
        if self.stopped.iter().all(|(stopped, _)| *stopped != index) {
            self.running[index].signal(libc::SIGSTOP);
            self.stopped.push((index, Instant::now() + span));
        }
    }

    /// Wakes those whose time has come, or all; none may have ended by itself.
    pub(super) fn wake(&mut self, all: bool) {
        for (running, command) in self.running.iter_mut().zip(&self.commands) {
            let ended = running.child.try_wait().expect("it can be waited for");
            assert!(ended.is_none(), "{command:?} ended by itself: {ended:?}");
        }
        let now = Instant::now();
        let (due, rest): (Vec<_>, Vec<_>) = std::mem::take(&mut self.stopped)
            .into_iter()
            .partition(|(_, until)| all || *until <= now);
        for (index, _) in due {
            self.running[index].signal(libc::SIGCONT);
        }
        self.stopped = rest;
    }

    pub(super) fn end(mut self) {
        self.wake(true);
        for running in self.running {
            running.stop();
        }
    }
}

fn launch(app: &App, command: &[String]) -> Running {
    let arguments: Vec<&str> = command.iter().map(String::as_str).collect();
    app.start(&arguments)
}
