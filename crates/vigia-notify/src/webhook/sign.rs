//! The three headers of Standard Webhooks 1.0. Pure.

use crate::MessageId;

use super::SigningKeys;

/// What a signed request carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookHeaders {
    /// `webhook-id`: the same at every attempt, so that a receiver knows what it has had.
    pub id: String,
    /// `webhook-timestamp`: seconds since 1970 at this attempt.
    pub timestamp: String,
    /// `webhook-signature`: one signature for each key, separated by blanks.
    pub signature: String,
}

/// Signs `body` as message `id` at `now_ms`, with every key.
pub fn webhook_headers(
    id: &MessageId,
    now_ms: u64,
    body: &[u8],
    keys: &SigningKeys,
) -> WebhookHeaders {
    let timestamp = (now_ms / 1_000).to_string();
    let mut content = Vec::with_capacity(id.as_str().len() + timestamp.len() + body.len() + 2);
    content.extend_from_slice(id.as_str().as_bytes());
    content.push(b'.');
    content.extend_from_slice(timestamp.as_bytes());
    content.push(b'.');
    content.extend_from_slice(body);
    let signatures: Vec<String> = keys.iter().map(|key| key.sign(&content)).collect();
    WebhookHeaders {
        id: id.as_str().to_owned(),
        timestamp,
        signature: signatures.join(" "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SigningKey;

    /// What Svix's server is tested with.
    #[test]
    fn signs_as_the_reference_does() {
        let keys = [
            "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==",
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        ]
        .map(|text| SigningKey::parse(text).unwrap());
        let headers = webhook_headers(
            &MessageId::new("msg_p5jXN8AQM9LWM0D4loKWxJek").unwrap(),
            1_614_265_330_999,
            br#"{"test": 2432232314}"#,
            &SigningKeys::new(keys.into()).unwrap(),
        );
        assert_eq!(headers.id, "msg_p5jXN8AQM9LWM0D4loKWxJek");
        assert_eq!(headers.timestamp, "1614265330");
        assert_eq!(
            headers.signature,
            "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg== \
             v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }
}
