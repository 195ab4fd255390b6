//! Options that say what is wrong, and where.

use std::{net::SocketAddr, str::FromStr};

use anyhow::{Result, anyhow};
use clap::Args;
use vigia_devnet::{FaultKind, Faults};

/// What is wrong with what is served.
#[derive(Args)]
pub(crate) struct FaultArgs {
    /// Misbehave, such as cut:30s or omit-tx,every=5; may be given several times, `list` explains all
    #[arg(long = "fault", value_name = "SPEC")]
    faults: Vec<String>,
    /// Decides where faults strike; without any --fault draws a combination of them
    #[arg(long, value_name = "N")]
    fault_seed: Option<u64>,
}

impl FaultArgs {
    /// The text that explains all faults, if it is asked for.
    pub(crate) fn help(&self) -> Option<String> {
        let asked = self.faults.iter().any(|spec| spec == "list");
        asked.then(FaultKind::help)
    }

    pub(crate) fn seed(&self) -> u64 {
        self.fault_seed.unwrap_or_default()
    }

    pub(crate) fn faults(&self) -> Result<Faults> {
        match self.fault_seed {
            Some(seed) if self.faults.is_empty() => Ok(Faults::combination(seed)),
            _ => parsed(self.seed(), &self.faults),
        }
    }
}

fn parsed(seed: u64, specs: &[String]) -> Result<Faults> {
    let specs = specs.iter().map(String::as_str);
    Faults::parse(seed, specs).map_err(|error| anyhow!("{error} (--fault list explains all)"))
}

/// Another address and what is wrong there: `ADDR [SPEC]...`.
#[derive(Clone, Debug)]
pub(crate) struct Outlet {
    pub(crate) listen: SocketAddr,
    specs: Vec<String>,
}

impl FromStr for Outlet {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut words = text.split_whitespace();
        let address = words.next().unwrap_or_default();
        let listen = address.parse();
        let listen = listen.map_err(|_| anyhow!("{address:?} is no address and port"))?;
        let specs: Vec<_> = words.map(str::to_owned).collect();
        parsed(0, &specs)?;
        Ok(Self { listen, specs })
    }
}

impl Outlet {
    pub(crate) fn faults(&self, seed: u64) -> Result<Faults> {
        parsed(seed, &self.specs)
    }
}
