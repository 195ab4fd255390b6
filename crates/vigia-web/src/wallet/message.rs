//! The text that a wallet shows and signs, made after EIP-4361.

use jiff::Timestamp;
use vigia_core::ChainId;
use vigia_store::{ChallengePurpose, WalletChallenge};

/// How a text names a chain: as people do, and what tells it from any other.
pub(super) fn chain_name(chain: &ChainId) -> String {
    match chain.name() {
        Some(name) => format!("sui:{name} ({chain})"),
        None => format!("sui ({chain})"),
    }
}

/// The whole text; the same again for the same challenge and nonce.
pub(super) fn text(challenge: &WalletChallenge, nonce: &str) -> String {
    let WalletChallenge {
        address,
        domain,
        chain,
        ..
    } = challenge;
    let (wants, so) = match &challenge.purpose {
        ChallengePurpose::SignIn => (
            "you to sign in with your Sui account".to_owned(),
            "Whoever has this signature is signed in as you.".to_owned(),
        ),
        ChallengePurpose::Link { account, .. } => (
            "to link your Sui account".to_owned(),
            format!("The account {account:?} will see what this address receives and sends."),
        ),
    };
    let [issued, expires] = [challenge.issued_at_ms, challenge.expires_at_ms].map(time);
    format!(
        "{domain} wants {wants}:\n{address}\n\n{so} Sign only if you see this on {domain}. It costs nothing and \
         sends no transaction.\n\nDomain: {domain}\nChain: {chain}\nNonce: {nonce}\nIssued At: {issued}\n\
         Expiration Time: {expires}"
    )
}

/// A time as RFC 3339 writes it.
fn time(ms: u64) -> String {
    let ms = i64::try_from(ms).unwrap_or(i64::MAX);
    Timestamp::from_millisecond(ms)
        .unwrap_or(Timestamp::MAX)
        .to_string()
}

#[cfg(test)]
mod tests {
    use vigia_core::{Address, Digest, UserId};

    use super::*;

    #[test]
    fn people_can_read_what_they_sign() {
        let mut challenge = WalletChallenge {
            address: Address::new([1; 32]),
            domain: "vigia.example".to_owned(),
            chain: chain_name(&ChainId(Digest::new([0; 32]))),
            purpose: ChallengePurpose::SignIn,
            issued_at_ms: 1_700_000_000_000,
            expires_at_ms: 1_700_000_300_000,
        };
        let said = text(&challenge, "n0nce");
        let address = challenge.address;
        for line in [
            "vigia.example wants you to sign in with your Sui account:",
            &address.to_string(),
            "Domain: vigia.example",
            "Chain: sui (11111111111111111111111111111111)",
            "Nonce: n0nce",
            "Issued At: 2023-11-14T22:13:20Z",
            "Expiration Time: 2023-11-14T22:18:20Z",
        ] {
            assert!(said.lines().any(|found| found == line), "{line}\n{said}");
        }
        challenge.purpose = ChallengePurpose::Link {
            user: UserId(1),
            account: "ana\nx".to_owned(),
        };
        let said = text(&challenge, "n0nce");
        assert!(said.contains("to link your Sui account"), "{said}");
        assert!(said.contains("\"ana\\nx\""), "one line: {said}");
    }
}
