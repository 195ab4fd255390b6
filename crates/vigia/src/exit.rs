//! Exit codes, and the errors that carry one.

use std::process::ExitCode;

/// All went well.
pub const OK: u8 = 0;
/// Something failed that is not the caller's fault.
pub const FAILED: u8 = 1;
/// Bad input: a flag, setting, address, file or line; nothing half-written. Also clap's own code.
pub const BAD_INPUT: u8 = 2;
/// The database belongs to another chain or a newer vigia, or is in the middle of a copy.
pub const REFUSED: u8 = 3;
/// The database or the provider is out of reach.
pub const UNAVAILABLE: u8 = 4;

/// What the codes mean, for `vigia --help`.
pub const HELP: &str = "\
Exit codes:
  0  all went well
  1  something failed
  2  bad input: a flag, setting, address, file or line; nothing was half-written
  3  refused: the database belongs to another chain or a newer vigia, or to an unfinished copy
  4  the database or the provider is out of reach";

/// An error that says which code to exit with.
#[derive(Debug)]
pub struct Exit {
    code: u8,
    message: String,
}

impl Exit {
    /// Bad input, with what is wrong and how to mend it.
    pub fn bad_input(message: impl ToString) -> Self {
        Self {
            code: BAD_INPUT,
            message: message.to_string(),
        }
    }

    /// Told to end before it could begin, which is no failure.
    pub fn stopped(message: impl ToString) -> Self {
        Self {
            code: OK,
            message: message.to_string(),
        }
    }

    /// Out of reach.
    pub fn unavailable(message: impl ToString) -> Self {
        Self {
            code: UNAVAILABLE,
            message: message.to_string(),
        }
    }
}

impl std::fmt::Display for Exit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Exit {}

/// The code for an error, by what it is somewhere in its chain.
pub fn code_of(error: &anyhow::Error) -> ExitCode {
    use vigia_store::StoreError;

    let code = error.chain().find_map(|cause| {
        if let Some(exit) = cause.downcast_ref::<Exit>() {
            return Some(exit.code);
        }
        if let Some(store) = cause.downcast_ref::<StoreError>() {
            return Some(match store {
                StoreError::ChainMismatch { .. }
                | StoreError::SchemaTooNew { .. }
                | StoreError::CopyUnfinished
                | StoreError::CopyRefused { .. } => REFUSED,
                StoreError::CopySourceBusy(_) => UNAVAILABLE,
                error if error.is_transient() => UNAVAILABLE,
                _ => FAILED,
            });
        }
        if cause.is::<crate::config::ConfigError>() || cause.is::<vigia_core::InputError>() {
            return Some(BAD_INPUT);
        }
        match cause.downcast_ref::<vigia_sui::SourceError>()? {
            vigia_sui::SourceError::ProviderUrl { .. }
            | vigia_sui::SourceError::BucketUrl { .. }
            | vigia_sui::SourceError::File { .. } => Some(BAD_INPUT),
            vigia_sui::SourceError::Provider { .. }
            | vigia_sui::SourceError::Bucket { may_pass: true, .. }
            | vigia_sui::SourceError::NoProvider { .. } => Some(UNAVAILABLE),
            _ => Some(FAILED),
        }
    });
    ExitCode::from(code.unwrap_or(FAILED))
}
