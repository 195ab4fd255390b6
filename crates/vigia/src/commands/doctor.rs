//! `vigia doctor`: looks for the commonest faults and says the cure; docs/operations/doctor.md lists them.

mod chain;
mod database;
mod declared;
mod machine;
mod running;

use std::fmt::Display;
use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use crate::cli::Common;
use crate::config::Overrides;
use crate::exit;

/// Flags of `vigia doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Address of a Sui full node's gRPC service
    #[arg(long, value_name = "URL")]
    provider: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// What was found, in the order in which it was looked at.
#[derive(Default)]
struct Findings {
    is_json: bool,
    problems: u32,
    found: Vec<Value>,
}

impl Findings {
    fn good(&mut self, what: &str, found: impl Display) {
        self.add("ok", what, &found, None);
    }

    fn note(&mut self, what: &str, found: impl Display) {
        self.add("note", what, &found, None);
    }

    fn problem(&mut self, what: &str, found: impl Display, cure: &str) {
        self.problems += 1;
        self.add("problem", what, &found, Some(cure));
    }

    /// Says it at once: what comes next may take its time.
    fn add(&mut self, level: &str, what: &str, found: &dyn Display, cure: Option<&str>) {
        if self.is_json {
            let found = found.to_string();
            let finding = json!({ "level": level, "what": what, "found": found, "cure": cure });
            return self.found.push(finding);
        }
        let level = match cure {
            Some(_) => "PROBLEM",
            None => level,
        };
        println!("{level:<8} {what}: {found}");
        if let Some(cure) = cure {
            println!("         {cure}");
        }
    }
}

/// Runs the command.
pub async fn run(common: &Common, args: DoctorArgs) -> anyhow::Result<ExitCode> {
    let mut overrides = Overrides::default();
    overrides.set("provider.url", args.provider.as_ref());
    let settings = common.settings(overrides)?;
    let mut findings = Findings {
        is_json: args.json,
        ..Findings::default()
    };
    findings.good("settings", "they can be read");
    declared::check(&mut findings, &settings).await;
    machine::check(&mut findings, &settings);
    let stored = database::check(&mut findings, &settings).await;
    declared::check_proof(&mut findings, &settings, stored.as_ref()).await;
    chain::check(&mut findings, &settings, stored.as_ref()).await?;
    if let Some(stored) = stored {
        running::check(&mut findings, &settings, &stored).await;
        stored.store.close().await;
    }
    match (args.json, findings.problems) {
        (true, problems) => {
            let found = findings.found;
            println!("{}", json!({ "problems": problems, "findings": found }));
        }
        (false, 0) => println!("all is well"),
        (false, 1) => println!("1 problem found"),
        (false, n) => println!("{n} problems found"),
    }
    Ok(ExitCode::from(if findings.problems == 0 {
        exit::OK
    } else {
        exit::FAILED
    }))
}
