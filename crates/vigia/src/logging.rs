//! Logs: text for people on a terminal, one JSON object a line otherwise, on stderr; and in a file where that is wanted.

mod file;

use std::io::{self, IsTerminal};
use std::path::Path;

use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer};

use self::file::RotatingFile;
use crate::config::{LogFormat, LogSettings};
use crate::exit::Exit;

/// Starts logging as the settings say.
pub fn start(settings: &LogSettings) -> Result<(), Exit> {
    let is_text = match settings.format {
        LogFormat::Auto => io::stderr().is_terminal(),
        LogFormat::Text => true,
        LogFormat::Json => false,
    };
    let stderr = layer(io::stderr, is_text).with_filter(filter("log.level", &settings.level)?);
    let file = match settings.file.as_os_str().is_empty() {
        true => None,
        false => {
            let file = open(&settings.file, settings)?;
            let is_text = settings.file_format == LogFormat::Text;
            let level = filter("log.file_level", &settings.file_level)?;
            Some(layer(file, is_text).with_filter(level))
        }
    };
    // A second start in one process (tests) keeps the first.
    let _started = tracing_subscriber::registry()
        .with(stderr)
        .with(file)
        .try_init();
    Ok(())
}

fn open(path: &Path, settings: &LogSettings) -> Result<RotatingFile, Exit> {
    let bytes_max = settings.file_mib_max.saturating_mul(1 << 20);
    RotatingFile::open(path, bytes_max, settings.files_max).map_err(|error| {
        let path = path.display();
        Exit::bad_input(format!(
            "setting log.file is {path}, which cannot be written: {error}; name a file in a folder that this user may write"
        ))
    })
}

fn filter(key: &str, level: &str) -> Result<EnvFilter, Exit> {
    EnvFilter::try_new(level).map_err(|error| {
        Exit::bad_input(format!(
            "setting {key} is {level:?}: {error}; expected error, warn, info, debug or trace"
        ))
    })
}

fn layer<S, W>(writer: W, is_text: bool) -> Box<dyn Layer<S> + Send + Sync>
where
    S: tracing::Subscriber + for<'s> LookupSpan<'s>,
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let layer = tracing_subscriber::fmt::layer().with_writer(writer);
    match is_text {
        true => layer.with_target(false).compact().boxed(),
        false => layer.json().boxed(),
    }
}
