//! What became of one attempt: a plain value for whoever keeps attempts and plans the next one.
//!
//! Nothing here waits, sends or counts attempts.

use std::fmt;

/// Bytes of a response that an attempt keeps.
pub const RESPONSE_HEAD_BYTES_MAX: usize = 1024;

/// What an attempt means for its delivery and its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The target has it.
    Delivered,
    /// It may go through later.
    Retry {
        /// Milliseconds that the target asks to be left alone, bounded.
        after_ms: Option<u64>,
    },
    /// It may go through later, and this target is to be asked less often from now on.
    SlowDown {
        /// Milliseconds that the target asks to be left alone, bounded.
        after_ms: Option<u64>,
    },
    /// No repetition of this delivery can go through. Its target may take others.
    Refused(Refusal),
    /// The target is gone for good: an endpoint that answers 410, a dead push token. Disable it.
    Gone,
}

/// Why no repetition of a delivery can go through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The rules forbid to call this address at all: its scheme, port or literal address.
    Target,
    /// The message itself is not accepted: too large, or not in the form that the provider wants.
    Message,
    /// The token belongs to another application than our credentials do. Not [`Outcome::Gone`], since wrong
    /// credentials would otherwise empty the table of devices.
    Sender,
}

impl Refusal {
    /// A stable word for tables and interfaces.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Target => "target",
            Self::Message => "message",
            Self::Sender => "sender",
        }
    }
}

impl Outcome {
    /// A stable word for tables and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Retry { .. } => "retry",
            Self::SlowDown { .. } => "slow_down",
            Self::Refused(_) => "refused",
            Self::Gone => "gone",
        }
    }

    /// Whether another attempt is of use.
    pub fn is_retry(self) -> bool {
        matches!(self, Self::Retry { .. } | Self::SlowDown { .. })
    }

    /// Milliseconds that the target asks to be left alone.
    pub fn after_ms(self) -> Option<u64> {
        match self {
            Self::Retry { after_ms } | Self::SlowDown { after_ms } => after_ms,
            _ => None,
        }
    }
}

/// What kind of thing went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorClass {
    /// The name has no address, or nobody could say.
    Dns,
    /// Every address of the name, or the address itself, is one that must not be called.
    ForbiddenTarget,
    /// Nothing accepts connections there.
    Connect,
    /// The TLS handshake failed: a wrong or expired certificate.
    Tls,
    /// The deadline passed.
    Timeout,
    /// The connection broke, or what came over it is not HTTP.
    Protocol,
    /// The answer sends elsewhere; redirects are not followed.
    Redirect,
    /// The answer is not a success.
    Status,
    /// The provider says that the target is dead.
    TargetDead,
    /// The provider does not accept our credentials, or there are none that work.
    Credentials,
    /// The provider does not accept the message.
    Message,
    /// The provider has a fault of its own.
    Provider,
}

impl ErrorClass {
    /// A stable word for tables and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::ForbiddenTarget => "forbidden_target",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::Protocol => "protocol",
            Self::Redirect => "redirect",
            Self::Status => "status",
            Self::TargetDead => "target_dead",
            Self::Credentials => "credentials",
            Self::Message => "message",
            Self::Provider => "provider",
        }
    }

    /// What a tenant may read: what and how to mend, and nothing about the inside.
    pub fn text(self) -> &'static str {
        match self {
            Self::Dns => "the host name has no address: check its DNS records",
            Self::ForbiddenTarget => "the host is not on the public internet: use a public address",
            Self::Connect => {
                "nothing accepts connections there: check the address and the firewall"
            }
            Self::Tls => "the TLS handshake failed: check the certificate and its chain",
            Self::Timeout => "no complete answer came in time: answer first, work later",
            Self::Protocol => "the connection broke, or the answer is not HTTP",
            Self::Redirect => "the answer is a redirect, which is not followed: give the last URL",
            Self::Status => "the answer is not a success: answer with a status of 200 to 299",
            Self::TargetDead => "the provider says that this device is no longer registered",
            Self::Credentials => "the push provider does not accept the credentials of this server",
            Self::Message => "the push provider does not accept this message",
            Self::Provider => "the push provider has a fault of its own",
        }
    }
}

impl fmt::Display for ErrorClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What an answer means, or what stood in the way of asking: an attempt without its times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What it means.
    pub outcome: Outcome,
    /// What went wrong.
    pub error: Option<ErrorClass>,
    /// What was said about it, for the operator's log.
    pub detail: String,
    /// Since when the target is gone, where the provider says so: milliseconds since 1970.
    pub gone_since_ms: Option<u64>,
}

impl Verdict {
    /// Without further words.
    pub(crate) fn new(outcome: Outcome, error: Option<ErrorClass>) -> Self {
        Self {
            outcome,
            error,
            detail: String::new(),
            gone_since_ms: None,
        }
    }

    /// With what was said about it.
    pub(crate) fn detail(self, detail: String) -> Self {
        Self { detail, ..self }
    }
}

/// The record of one try of one delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// What it means.
    pub outcome: Outcome,
    /// When it began, by the clock handed in: milliseconds since 1970.
    pub started_at_ms: u64,
    /// How long it took, by a clock that never jumps.
    pub duration_ms: u64,
    /// The HTTP status, if an answer came.
    pub status: Option<u16>,
    /// How the answer's body begins: at most [`RESPONSE_HEAD_BYTES_MAX`], no control characters. A webhook's
    /// receiver wrote it, so the endpoint's owner may read it; what a push provider wrote is for the operator.
    pub response_head: String,
    /// What went wrong; its text is for tenants.
    pub error: Option<ErrorClass>,
    /// Since when the target is gone, where the provider says so: milliseconds since 1970. A token that was registered
    /// again later is not the dead one.
    pub gone_since_ms: Option<u64>,
    /// What a library or the provider said about it, for the operator's log. Never show it to tenants: it may name
    /// inner addresses. It holds no secret.
    pub operator_detail: String,
}

/// The first `bytes_max` bytes of a body as text: what is no UTF-8 and what would control a terminal is replaced.
pub fn response_head(body: &[u8], bytes_max: usize) -> String {
    let cut = &body[..body.len().min(bytes_max)];
    let mut head = String::with_capacity(cut.len());
    for character in String::from_utf8_lossy(cut).chars() {
        let shown = match character {
            '\n' | '\t' => ' ',
            // Marks that turn the direction of text can hide what a line says.
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                '\u{fffd}'
            }
            control if control.is_control() => '\u{fffd}',
            other => other,
        };
        // A replacement is longer than what it replaces.
        if head.len() + shown.len_utf8() > bytes_max {
            break;
        }
        head.push(shown);
    }
    head
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_head_is_short_and_harmless() {
        assert_eq!(response_head(b"", 8), "");
        assert_eq!(response_head(b"12345678", 8), "12345678");
        assert_eq!(response_head(b"123456789", 8), "12345678");
        assert_eq!(
            response_head(b"a\x1b[2Jb\r\n\0", 64),
            "a\u{fffd}[2Jb\u{fffd} \u{fffd}"
        );
        assert_eq!(response_head("\u{202e}x".as_bytes(), 64), "\u{fffd}x");
        // A letter that is cut in two is no letter, and its replacement has no room.
        assert_eq!(response_head("aé".as_bytes(), 2), "a");
        assert_eq!(response_head(b"\xff\xff", 2), "");
    }

    proptest! {
        #[test]
        fn a_head_never_passes_its_bound(body: Vec<u8>, bytes_max in 0usize..64) {
            let head = response_head(&body, bytes_max);
            prop_assert!(head.len() <= bytes_max);
            prop_assert!(!head.chars().any(char::is_control));
        }
    }
}
