//! `vigia backup`: a copy of a SQLite database while vigia runs.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;

use super::{is_shared, open_existing_store};
use crate::cli::Common;
use crate::config::Overrides;
use crate::exit::Exit;

/// Flags of `vigia backup`.
#[derive(Debug, Args)]
pub struct BackupArgs {
    /// Where the copy goes; nothing may be there yet
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
}

/// Runs the command.
pub async fn run(common: &Common, args: BackupArgs) -> anyhow::Result<ExitCode> {
    let settings = common.settings(Overrides::default())?;
    if is_shared(&settings) {
        let problem = "the database is on Postgres: copy it with pg_dump or by archived WAL (docs/operations/backup.md)";
        return Err(Exit::bad_input(problem).into());
    }
    let to = &args.to;
    if to.exists() {
        let problem = format!("{} is there already: name another file", to.display());
        return Err(Exit::bad_input(problem).into());
    }
    // Under its own name only once it is whole.
    let mut partial = to.clone().into_os_string();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    if partial.exists() {
        std::fs::remove_file(&partial).with_context(|| {
            format!(
                "cannot remove {}, left by a copy that did not end",
                partial.display()
            )
        })?;
    }
    let store = open_existing_store(&settings).await?;
    let copied = store.backup_to(&partial).await;
    store.close().await;
    if let Err(error) = copied {
        // What there is of it is of no use.
        let _ = std::fs::remove_file(&partial);
        return Err(anyhow::Error::from(error).context(format!("cannot copy to {}", to.display())));
    }
    std::fs::File::open(&partial)
        .and_then(|file| file.sync_all())
        .and_then(|()| std::fs::rename(&partial, to))
        .with_context(|| format!("cannot put the copy at {}", to.display()))?;
    let size = std::fs::metadata(to)
        .map(|found| found.len())
        .unwrap_or_default();
    println!("{} ({} KiB)", to.display(), size >> 10);
    Ok(ExitCode::SUCCESS)
}
