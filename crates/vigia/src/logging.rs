//! Logs: text for people on a terminal, one JSON object a line otherwise, always on stderr.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::config::{LogFormat, LogSettings};
use crate::exit::Exit;

/// Starts logging as the settings say.
pub fn start(settings: &LogSettings) -> Result<(), Exit> {
    let filter = EnvFilter::try_new(&settings.level).map_err(|error| {
        Exit::bad_input(format!(
            "setting log.level is {:?}: {error}; expected error, warn, info, debug or trace",
            settings.level
        ))
    })?;
    let text = match settings.format {
        LogFormat::Auto => std::io::stderr().is_terminal(),
        LogFormat::Text => true,
        LogFormat::Json => false,
    };
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    // A second start in one process (tests) keeps the first.
    let _started = if text {
        builder.with_target(false).compact().try_init()
    } else {
        builder.json().try_init()
    };
    Ok(())
}
