//! vigia: watches the Sui chain for the people and contracts you care about.

use std::process::ExitCode;

fn main() -> ExitCode {
    vigia::cli::run()
}
