//! The command line.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::LazyLock;

use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::commands;
use crate::config::{Overrides, Settings, TransportKind};
use crate::{exit, logging};

/// The program and its flags.
#[derive(Debug, Parser)]
#[command(
    name = "vigia",
    version,
    long_version = long_version(),
    about = "Watches the Sui chain for the people and contracts you care about",
    long_about = "vigia watches the Sui chain for the people and contracts you care about, records \
                  what happened to them exactly once, and tells them.\n\n\
                  Try it with nothing else installed:   vigia up --devnet\n\
                  Watch your own address:               vigia up --provider https://fullnode.mainnet.sui.io:443\n\
                  \x20                                     vigia watch add 0x...",
    after_help = exit::HELP,
    disable_help_subcommand = true
)]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

/// The version, and what this binary was built with.
fn long_version() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| {
        format!(
            "{}\ncommit: {}\ntransports: {}",
            crate::VERSION,
            crate::COMMIT,
            TransportKind::built_in()
        )
    });
    &TEXT
}

/// Flags that every command takes.
#[derive(Clone, Debug, Args)]
pub struct Common {
    /// Configuration file [default: vigia.toml where it exists]
    #[arg(long, global = true, value_name = "FILE", env = "VIGIA_CONFIG")]
    pub config: Option<PathBuf>,
    /// Folder for everything vigia keeps on this machine [default: vigia-data]
    #[arg(long, global = true, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// error, warn, info, debug or trace [default: info]
    #[arg(long, global = true, value_name = "LEVEL")]
    pub log: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run everything in one process: poll, work and web
    Up(commands::up::UpArgs),
    /// Follow the chain; commit what concerns the watch list, or send it to `work` through a broker
    Poll(commands::up::PollArgs),
    /// Commit what pollers send through a broker, and do the upkeep
    Work(commands::up::WorkArgs),
    /// Serve the pages and GraphQL
    Web(commands::up::WebArgs),
    /// Import history from checkpoint files (.chk, .bcs, .binpb, .binpb.zst)
    Ingest(commands::ingest::IngestArgs),
    /// Import a range of history from a bucket, from providers or from files
    Backfill(commands::backfill::BackfillArgs),
    /// Prove what is stored again: no gap, nothing missing, nothing that the chain does not hold
    Audit(commands::audit::AuditArgs),
    /// Show the committees by which checkpoints are proven, as they can be pinned
    Committees(commands::committees::CommitteesArgs),
    /// Compare what is recorded with the ledger of another system, by digest
    Compare(commands::compare::CompareArgs),
    /// Say whom and what to watch
    #[command(subcommand)]
    Watch(commands::watch::WatchCommand),
    /// See and refresh the accounts that another application's database names
    #[command(subcommand)]
    Source(commands::source::SourceCommand),
    /// See balances, compare them with what nodes say, and adjust them
    #[command(subcommand)]
    Balances(commands::balances::BalancesCommand),
    /// Say what to call addresses that are nobody's account: exchanges, fee collectors, escrows
    #[command(subcommand)]
    Labels(commands::labels::LabelsCommand),
    /// Show who is told of activities, enable and disable them, and make signing keys
    #[command(subcommand)]
    Webhooks(commands::webhooks::WebhooksCommand),
    /// List what endpoints were told, send it again or cancel it
    #[command(subcommand)]
    Deliveries(commands::deliveries::DeliveriesCommand),
    /// List what devices were told, send it again or cancel it
    #[command(subcommand)]
    Pushes(commands::pushes::PushesCommand),
    /// List the devices that notifications are pushed to, and let one go
    #[command(subcommand)]
    Devices(commands::devices::DevicesCommand),
    /// Tell many users something, see how far that is, and stop it
    #[command(subcommand)]
    Broadcast(commands::broadcast::BroadcastCommand),
    /// See the texts of notifications as people read them
    #[command(subcommand)]
    Notifications(commands::notifications::NotificationsCommand),
    /// Ask for payments, and see how far they were made
    #[command(subcommand)]
    Invoices(commands::invoices::InvoicesCommand),
    /// Show the providers: who is read from, how each is, and why one is not used
    Providers(commands::providers::ProvidersArgs),
    /// Show the whole system at a glance
    Status(commands::status::StatusArgs),
    /// See transactions that could not be interpreted, try them again or let them go
    #[command(subcommand)]
    Failed(commands::failed::FailedCommand),
    /// Decode the stored events of a contract again, with the layouts there are now; needs no node
    Redecode(commands::redecode::RedecodeArgs),
    /// Show what the rules there are now would change in what is stored, and change it with --apply
    Reinterpret(commands::reinterpret::ReinterpretArgs),
    /// See and steer what is done on a schedule
    #[command(subcommand)]
    Schedules(commands::schedules::SchedulesCommand),
    /// Say who signs in, and as what
    #[command(subcommand)]
    User(commands::user::UserCommand),
    /// List what operators and applications did, newest first
    Actions(commands::actions::ActionsArgs),
    /// Make tokens by which programs sign in, and take them back
    #[command(subcommand)]
    Token(commands::token::TokenCommand),
    /// Print activities as they happen
    Tail(commands::tail::TailArgs),
    /// Bring the database's schema up to date
    Migrate,
    /// Copy a SQLite database while vigia runs
    Backup(commands::backup::BackupArgs),
    /// Move everything from one database into another: from a file to Postgres
    MigrateStore(commands::migrate_store::MigrateStoreArgs),
    /// Show or check the settings
    #[command(subcommand)]
    Config(commands::config::ConfigCommand),
    /// Check database, provider, clock and settings, and say what to do
    Doctor(commands::doctor::DoctorArgs),
    /// Ask a process on this machine whether it can do its work, as health checks of containers do
    Health(commands::health::HealthArgs),
    /// Print the completions of a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Write man pages, one for each command
    Man {
        /// The folder to write them to
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
    /// Print the GraphQL schema
    GraphqlSchema,
}

impl Command {
    /// Whether it runs until it is stopped, and goes on when nobody reads what it says.
    fn serves(&self) -> bool {
        matches!(
            self,
            Self::Up(_) | Self::Poll(_) | Self::Work(_) | Self::Web(_)
        )
    }
}

impl Common {
    /// The settings with these flags and a command's own ones on top.
    pub fn settings(&self, mut overrides: Overrides) -> anyhow::Result<Settings> {
        overrides.set("data.dir", self.data_dir.as_ref().map(|dir| dir.display()));
        overrides.set("log.level", self.log.as_ref());
        let settings = Settings::load(self.config.as_deref(), &overrides)?;
        logging::start(&settings.log)?;
        Ok(settings)
    }
}

/// Runs the program and returns its exit code.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    crate::memory::share_arenas(match cli.command {
        Command::Web(_) => crate::memory::ANSWERING,
        _ => crate::memory::FOLLOWING,
    });
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: cannot start: {error}");
            return ExitCode::from(exit::FAILED);
        }
    };
    match cli.command.serves() {
        true => crate::memory::raise_open_files(),
        false => crate::memory::end_on_closed_pipe(),
    }
    let result = runtime.block_on(dispatch(cli));
    // A blocking read that never returns must not keep the process.
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {}", vigia_core::error_chain(error.as_ref()));
            exit::code_of(&error)
        }
    }
}

async fn dispatch(cli: Cli) -> anyhow::Result<ExitCode> {
    let common = &cli.common;
    match cli.command {
        Command::Up(args) => commands::up::up(common, args).await,
        Command::Poll(args) => commands::up::poll(common, args).await,
        Command::Work(args) => commands::up::work(common, args).await,
        Command::Web(args) => commands::up::web(common, args).await,
        Command::Ingest(args) => commands::ingest::run(common, args).await,
        Command::Backfill(args) => commands::backfill::run(common, args).await,
        Command::Audit(args) => commands::audit::run(common, args).await,
        Command::Committees(args) => commands::committees::run(common, args).await,
        Command::Compare(args) => commands::compare::run(common, args).await,
        Command::Watch(command) => commands::watch::run(common, command).await,
        Command::Source(command) => commands::source::run(common, command).await,
        Command::Balances(command) => commands::balances::run(common, command).await,
        Command::Webhooks(command) => commands::webhooks::run(common, command).await,
        Command::Deliveries(command) => commands::deliveries::run(common, command).await,
        Command::Pushes(command) => commands::pushes::run(common, command).await,
        Command::Devices(command) => commands::devices::run(common, command).await,
        Command::Broadcast(command) => commands::broadcast::run(common, command).await,
        Command::Notifications(command) => commands::notifications::run(common, command),
        Command::Invoices(command) => commands::invoices::run(common, command).await,
        Command::Actions(args) => commands::actions::run(common, args).await,
        Command::Labels(command) => commands::labels::run(common, command).await,
        Command::Providers(args) => commands::providers::run(common, args).await,
        Command::Status(args) => commands::status::run(common, args).await,
        Command::Failed(command) => commands::failed::run(common, command).await,
        Command::Redecode(args) => commands::redecode::run(common, args).await,
        Command::Reinterpret(args) => commands::reinterpret::run(common, args).await,
        Command::Schedules(command) => commands::schedules::run(common, command).await,
        Command::User(command) => commands::user::run(common, command).await,
        Command::Token(command) => commands::token::run(common, command).await,
        Command::Tail(args) => commands::tail::run(common, args).await,
        Command::Migrate => commands::migrate::run(common).await,
        Command::Backup(args) => commands::backup::run(common, args).await,
        Command::MigrateStore(args) => commands::migrate_store::run(common, args).await,
        Command::Config(command) => commands::config::run(common, command),
        Command::Doctor(args) => commands::doctor::run(common, args).await,
        Command::Health(args) => commands::health::run(common, args).await,
        Command::Completions { shell } => {
            let mut command = Cli::command();
            clap_complete::generate(shell, &mut command, "vigia", &mut std::io::stdout());
            Ok(ExitCode::SUCCESS)
        }
        Command::Man { folder } => {
            std::fs::create_dir_all(&folder)
                .and_then(|()| clap_mangen::generate_to(Cli::command(), &folder))
                .map_err(|error| {
                    let folder = folder.display();
                    exit::Exit::bad_input(format!("cannot write man pages to {folder}: {error}"))
                })?;
            Ok(ExitCode::SUCCESS)
        }
        Command::GraphqlSchema => {
            print!("{}", vigia_web::schema_sdl());
            Ok(ExitCode::SUCCESS)
        }
    }
}

#[cfg(test)]
mod documented;
