//! vigia: watches the Sui chain for the people and contracts you care about.

use std::process::ExitCode;

fn main() -> ExitCode {
    vigia::memory::share_one_arena();
    vigia::cli::run()
}
