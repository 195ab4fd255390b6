//! `vigia config`: shows and checks the settings.

use std::process::ExitCode;

use clap::Subcommand;
use vigia_contracts::PackageIds;

use crate::cli::Common;
use crate::config::{DEFAULT, Overrides};

/// What to do with the settings.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print the settings in force, secrets hidden
    Show {
        /// Print the annotated default configuration instead, the manual of settings
        #[arg(long)]
        default: bool,
    },
    /// Check the settings, contract files and texts without starting anything
    Check,
}

/// Runs the command.
pub fn run(common: &Common, command: ConfigCommand) -> anyhow::Result<ExitCode> {
    match command {
        ConfigCommand::Show { default: true } => print!("{DEFAULT}"),
        ConfigCommand::Show { default: false } => {
            let settings = common.settings(Overrides::default())?;
            print!("{}", toml::to_string_pretty(&settings)?);
        }
        ConfigCommand::Check => {
            let settings = common.settings(Overrides::default())?;
            settings.provider_configs()?;
            settings.texts()?;
            let registry = settings.registry(&PackageIds::new())?;
            println!(
                "the settings are good; {} contract packages are watched",
                registry.watch_targets().len()
            );
        }
    }
    Ok(ExitCode::SUCCESS)
}
