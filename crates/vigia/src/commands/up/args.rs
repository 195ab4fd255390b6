//! Flags of `vigia up`, `poll`, `work` and `web`.

use clap::Args;

use crate::config::Overrides;

/// Flags about the provider.
#[derive(Debug, Args)]
pub(super) struct ProviderArgs {
    /// Address of a Sui full node's gRPC service
    #[arg(long, value_name = "URL")]
    pub(super) provider: Option<String>,
    /// Where a new database begins: "tip" or the number of a checkpoint [default: tip]
    #[arg(long, value_name = "CHECKPOINT")]
    pub(super) from: Option<String>,
}

/// Flags about the web role.
#[derive(Debug, Args)]
pub(super) struct ListenArgs {
    /// Where pages and GraphQL are served [default: 127.0.0.1:8420]
    #[arg(long, value_name = "ADDR")]
    pub(super) listen: Option<String>,
    /// Listen beyond loopback although nobody has to sign in: everybody who reaches the address sees
    /// everything
    #[arg(long)]
    pub(super) insecure_no_auth: bool,
}

/// Flags about telling.
#[derive(Debug, Args)]
pub(super) struct ShadowArgs {
    /// Send nothing to anybody: what is due is written down as cancelled
    #[arg(long)]
    pub(super) shadow: bool,
}

/// Flags of `vigia up`.
#[derive(Debug, Args)]
pub struct UpArgs {
    #[command(flatten)]
    pub(super) provider: ProviderArgs,
    #[command(flatten)]
    pub(super) listen: ListenArgs,
    #[command(flatten)]
    pub(super) shadow: ShadowArgs,
    /// Follow a simulated Sui node inside this process, with the users of a made-up wallet
    #[arg(long, conflicts_with_all = ["provider", "from"])]
    pub(super) devnet: bool,
}

/// Flags of `vigia poll`.
#[derive(Debug, Args)]
pub struct PollArgs {
    #[command(flatten)]
    pub(super) provider: ProviderArgs,
    /// Poll up to the checkpoint that is the newest now, commit it, and end
    #[arg(long)]
    pub(super) once: bool,
}

/// Flags of `vigia work`.
#[derive(Debug, Args)]
pub struct WorkArgs {
    #[command(flatten)]
    pub(super) shadow: ShadowArgs,
    /// Address of a Sui full node's gRPC service
    #[arg(long, value_name = "URL")]
    pub(super) provider: Option<String>,
}

/// Flags of `vigia web`.
#[derive(Debug, Args)]
pub struct WebArgs {
    #[command(flatten)]
    pub(super) listen: ListenArgs,
}

impl ProviderArgs {
    pub(super) fn set(&self, overrides: &mut Overrides) {
        overrides.set("provider.url", self.provider.as_ref());
        overrides.set("poll.start", self.from.as_ref());
    }
}

impl ShadowArgs {
    pub(super) fn set(&self, overrides: &mut Overrides) {
        overrides.set("delivery.channels", self.shadow.then_some(""));
    }
}

impl ListenArgs {
    pub(super) fn set(&self, overrides: &mut Overrides) {
        overrides.set("web.listen", self.listen.as_ref());
        overrides.set(
            "web.insecure_no_auth",
            self.insecure_no_auth.then_some(true),
        );
    }
}
