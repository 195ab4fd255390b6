//! What SQS carries is text: a message as base64, or where in the depot it is.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sui_sdk_types::hash::Hasher;

use crate::broker::Payload;

/// What SQS takes as one message, and as all messages of one batch together.
pub(super) const BODY_BYTES_MAX: usize = 256 * 1024;

/// Bytes whose base64 fills a body exactly. Larger messages go through the depot.
pub(super) const RAW_BYTES_MAX: usize = BODY_BYTES_MAX / 4 * 3;

/// Entries of one batch.
pub(super) const BATCH_MAX: usize = 10;

/// Begins a body that names a message in the depot; no base64 has a colon.
const IN_DEPOT: &str = "depot:";

/// The body of a message that fits.
pub(super) fn inline(message: &[u8]) -> String {
    STANDARD.encode(message)
}

/// The body for a message that is in the depot.
pub(super) fn by_reference(id: &str) -> String {
    format!("{IN_DEPOT}{id}")
}

/// The id of a message in the depot: the digest of its bytes.
pub(super) fn depot_id(message: &[u8]) -> String {
    hex::encode(Hasher::digest(message).inner())
}

/// What a body holds.
pub(super) fn payload(body: &str) -> Payload {
    if let Some(id) = body.strip_prefix(IN_DEPOT) {
        return Payload::InDepot(id.to_owned());
    }
    match STANDARD.decode(body) {
        Ok(message) => Payload::Message(message),
        Err(error) => Payload::Malformed {
            reason: format!("its body is not base64: {error}"),
            bytes: body.as_bytes().to_vec(),
        },
    }
}

/// Cuts bodies, in order, into batches that SQS takes.
pub(super) fn batches(bodies: Vec<String>) -> Vec<Vec<String>> {
    let mut batches: Vec<Vec<String>> = Vec::new();
    let mut bytes = 0;
    for body in bodies {
        match batches.last_mut() {
            Some(batch) if batch.len() < BATCH_MAX && bytes + body.len() <= BODY_BYTES_MAX => {
                bytes += body.len();
                batch.push(body);
            }
            _ => {
                bytes = body.len();
                batches.push(vec![body]);
            }
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_message_fills_a_body_and_one_more_byte_does_not_fit() {
        assert_eq!(inline(&vec![0xff; RAW_BYTES_MAX]).len(), BODY_BYTES_MAX);
        assert!(inline(&vec![0xff; RAW_BYTES_MAX + 1]).len() > BODY_BYTES_MAX);
    }

    #[test]
    fn bodies_say_what_they_hold() {
        let message = vec![0, 1, 255];
        assert!(matches!(payload(&inline(&message)), Payload::Message(m) if m == message));
        let id = depot_id(&message);
        assert_eq!(id.len(), 64);
        assert!(matches!(payload(&by_reference(&id)), Payload::InDepot(found) if found == id));
        let malformed = payload("{}");
        assert!(matches!(malformed, Payload::Malformed { bytes, .. } if bytes == b"{}"));
    }

    #[test]
    fn batches_end_at_ten_and_at_the_bytes() {
        let sizes = |lengths: &[usize]| -> Vec<usize> {
            let bodies = lengths.iter().map(|length| "x".repeat(*length)).collect();
            batches(bodies).iter().map(Vec::len).collect()
        };
        assert_eq!(sizes(&[]), [0; 0]);
        assert_eq!(sizes(&[1; 10]), [10]);
        assert_eq!(sizes(&[1; 11]), [10, 1]);
        let half = BODY_BYTES_MAX / 2;
        assert_eq!(sizes(&[half, half, 1]), [2, 1]);
        assert_eq!(sizes(&[half, half + 1]), [1, 1]);
        assert_eq!(sizes(&[BODY_BYTES_MAX, BODY_BYTES_MAX]), [1, 1]);
    }
}
