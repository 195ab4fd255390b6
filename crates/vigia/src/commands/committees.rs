//! `vigia committees`: the committees by which checkpoints are proven, as they can be pinned elsewhere.

use std::process::ExitCode;

use clap::Args;
use vigia_store::{COMMITTEES_MAX, CommitteeRow, CommitteeStore, SqlStore};
use vigia_sui::{Committee, CommitteePin};

use super::open_existing_store;
use crate::cli::Common;
use crate::config::Overrides;

/// Committees that are shown, besides the root.
const SHOWN_DEFAULT: usize = 10;

/// Flags of `vigia committees`.
#[derive(Debug, Args)]
pub struct CommitteesArgs {
    /// First epoch [default: the root, and the newest ten]
    #[arg(long, value_name = "EPOCH")]
    from: Option<u64>,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub async fn run(common: &Common, args: CommitteesArgs) -> anyhow::Result<ExitCode> {
    let settings = common.settings(Overrides::default())?;
    let store = open_existing_store(&settings).await?;
    let rows = match args.from {
        Some(from) => all_from(&store, from).await?,
        None => newest(&store).await?,
    };
    store.close().await;
    if rows.is_empty() && !args.json {
        println!(
            "no committee is known: nothing was proven with this database. Set [proof] trust = \"quorum\" \
             and a root"
        );
    }
    for row in &rows {
        let committee = Committee::from_bcs(&row.committee_bcs)?;
        let (epoch, digest) = (row.epoch, committee.digest());
        let pin = CommitteePin { epoch, digest }.to_string();
        let members = committee.members().len();
        match args.json {
            true => println!(
                "{}",
                serde_json::json!({
                    "epoch": epoch,
                    "pin": pin,
                    "members": members,
                    "isRoot": row.summary_bcs.is_none(),
                    "source": row.source,
                })
            ),
            false => println!("{pin}  {members} validators  {}", row.source),
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn all_from(store: &SqlStore, from: u64) -> anyhow::Result<Vec<CommitteeRow>> {
    let (mut rows, mut next) = (Vec::new(), from);
    loop {
        let page = store.committee_list(next, COMMITTEES_MAX).await?;
        let Some(last) = page.last() else {
            return Ok(rows);
        };
        next = last.epoch + 1;
        rows.extend(page);
    }
}

/// The root, and what was proven from it last.
async fn newest(store: &SqlStore) -> anyhow::Result<Vec<CommitteeRow>> {
    let Some(root) = store.committee_root(u64::MAX).await? else {
        return Ok(Vec::new());
    };
    let mut rows = all_from(store, root.epoch + 1).await?;
    let passed = rows.len().saturating_sub(SHOWN_DEFAULT);
    rows.drain(..passed);
    rows.insert(0, root);
    Ok(rows)
}
