//! The simulated node of `vigia up --devnet`, and the users of its made-up wallet.
//!
//! The simulated chain begins anew with every start, so its database does too. A database of a real
//! chain is never touched: a file beside it says which ones are simulated.

use std::path::Path;

use anyhow::Context;
use vigia_contracts::PackageIds;
use vigia_core::{AccountKind, Locale, WatchTarget, type_text};
use vigia_devnet::{ChainConfig, Coin, Devnet, DevnetConfig, Packages};
use vigia_store::{AccountSpec, UserSpec, WatchEntry, WatchStore};
use vigia_sui::{CommitteePin, committee_digest};

use crate::config::Settings;
use crate::exit::Exit;

/// Marks a data folder whose database holds a simulated chain.
const MARKER: &str = "devnet";

/// A running simulated node.
pub(super) struct Simulated {
    node: Devnet,
}

/// Starts a node, makes room for its chain in the data folder and points the settings at it.
pub(super) async fn start(settings: &mut Settings) -> anyhow::Result<Simulated> {
    make_room(settings)?;
    let node = Devnet::start(DevnetConfig {
        chain: ChainConfig {
            seed: settings.devnet.seed,
            users: settings.devnet.users as usize,
            tps: settings.devnet.tps,
            interval_ms: settings.devnet.interval_ms,
            ..ChainConfig::default()
        },
        ..DevnetConfig::default()
    })
    .await
    .context("cannot start the simulated node")?;
    settings.provider.url = node.url();
    settings.providers.clear();
    // Its dollar from elsewhere is to it what USDC is to mainnet.
    settings.coins.allow.push(type_text(&Coin::Usdc.type_tag()));
    if let Some(committee) = node.genesis_committee() {
        // Nobody else's root is this chain's.
        let (epoch, digest) = (committee.epoch, committee_digest(&committee));
        settings.proof.committee = CommitteePin { epoch, digest }.to_string();
        settings.proof.genesis_file.clear();
    }
    Ok(Simulated { node })
}

fn make_room(settings: &Settings) -> anyhow::Result<()> {
    let database = settings.database_path();
    let marker = settings.data.dir.join(MARKER);
    if database.exists() {
        if !marker.exists() {
            return Err(Exit::bad_input(format!(
                "{} holds a real chain; give the simulated one a folder of its own with --data-dir",
                database.display()
            ))
            .into());
        }
        for suffix in ["", "-wal", "-shm"] {
            let mut file = database.clone().into_os_string();
            file.push(suffix);
            if Path::new(&file).exists() {
                std::fs::remove_file(&file).with_context(|| format!("cannot remove {file:?}"))?;
            }
        }
    }
    std::fs::create_dir_all(&settings.data.dir)
        .and_then(|()| {
            std::fs::write(&marker, "The database here holds a simulated chain, made anew by each `vigia up --devnet`.\n")
        })
        .with_context(|| format!("cannot write {}", marker.display()))
}

impl Simulated {
    /// The contracts of its chain.
    #[expect(clippy::unused_self, reason = "they are those of this node")]
    pub(super) fn packages(&self) -> PackageIds {
        let packages = Packages::declared();
        [
            ("cusd", vec![packages.cusd]),
            ("confio", vec![packages.confio]),
            ("pay", vec![packages.pay, packages.pay_upgraded]),
            ("p2p_trade", vec![packages.p2p_trade]),
            ("invite_send", vec![packages.invite_send]),
        ]
        .into_iter()
        .map(|(name, ids)| (name.to_owned(), ids))
        .collect()
    }

    /// Watches the addresses of its users.
    pub(super) async fn watch_users(&self, store: &dyn WatchStore) -> anyhow::Result<()> {
        let entries: Vec<WatchEntry> = self
            .node
            .users()
            .into_iter()
            .map(|user| {
                let key = format!("user-{}", user.index);
                let member = UserSpec {
                    external_id: key.clone(),
                    display_name: user.name.clone(),
                    locale: Locale::Es,
                };
                WatchEntry {
                    target: WatchTarget::Address(user.address),
                    account: Some(AccountSpec {
                        external_id: key,
                        kind: AccountKind::Personal,
                        display_name: user.name,
                        members: vec![member],
                    }),
                }
            })
            .collect();
        store.watch_add(&entries).await?;
        Ok(())
    }

    /// Stops it.
    pub(super) async fn stop(self) {
        if let Err(error) = self.node.shutdown().await {
            tracing::warn!(error = %vigia_core::error_chain(error.as_ref()), "the simulated node did not stop cleanly");
        }
    }
}
