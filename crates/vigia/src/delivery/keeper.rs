//! Keys of accounts' endpoints: made, rotated and sealed for the web role.

use std::sync::Arc;

use vigia_notify::{EndpointClass, SIGNING_KEYS_MAX, SecretBox, SigningKey, TargetRules};
use vigia_web::{EndpointKeeper, EndpointKeys};
use zeroize::Zeroizing;

/// Seals with the keys of the settings.
#[derive(Debug)]
pub struct SealedKeys {
    secrets: Arc<SecretBox>,
    rules: TargetRules,
    per_second_max: u32,
}

impl SealedKeys {
    /// Accounts' endpoints may be what the rules say, and are tried so often at most.
    pub fn new(secrets: Arc<SecretBox>, rules: TargetRules, per_second_max: u32) -> Self {
        Self {
            secrets,
            rules,
            per_second_max,
        }
    }

    fn open(&self, name: &str, sealed: &str) -> Result<Vec<SigningKey>, String> {
        let text = self.secrets.open(name, sealed);
        let text = text.map_err(|error| error.to_string())?;
        let keys = text.split_whitespace().map(SigningKey::parse);
        keys.collect::<Result<_, _>>()
            .map_err(|error| error.to_string())
    }

    fn seal(&self, name: &str, keys: &[SigningKey]) -> Result<EndpointKeys, String> {
        let texts = keys.iter().map(SigningKey::secret_text);
        let text = texts.fold(Zeroizing::new(String::new()), |mut all, key| {
            all.push_str(&key);
            all.push('\n');
            all
        });
        let sealed = self.secrets.seal(name, &text);
        Ok(EndpointKeys {
            sealed: sealed.map_err(|error| error.to_string())?,
            public: keys.iter().filter_map(SigningKey::public_text).collect(),
            secret: None,
        })
    }
}

fn generated(hmac: bool) -> Result<SigningKey, String> {
    let key = match hmac {
        true => SigningKey::generate_hmac(),
        false => SigningKey::generate_ed25519(),
    };
    key.map_err(|error| error.to_string())
}

/// The secret that the receiver needs too.
fn shared(key: &SigningKey) -> Option<String> {
    let is_shared = key.public_text().is_none();
    is_shared.then(|| key.secret_text().as_str().to_owned())
}

impl EndpointKeeper for SealedKeys {
    fn keys_new(&self, name: &str, hmac: bool) -> Result<EndpointKeys, String> {
        let key = generated(hmac)?;
        let secret = shared(&key);
        let keys = self.seal(name, &[key])?;
        Ok(EndpointKeys { secret, ..keys })
    }

    fn keys_rotated(
        &self,
        name: &str,
        sealed: &str,
        hmac: bool,
        adds: bool,
    ) -> Result<EndpointKeys, String> {
        let mut keys = self.open(name, sealed)?;
        if !adds {
            keys.truncate(1);
            return self.seal(name, &keys);
        }
        let key = generated(hmac)?;
        let secret = shared(&key);
        keys.insert(0, key);
        keys.truncate(SIGNING_KEYS_MAX);
        let keys = self.seal(name, &keys)?;
        Ok(EndpointKeys { secret, ..keys })
    }

    fn public(&self, name: &str, sealed: &str) -> Result<Vec<String>, String> {
        let keys = self.open(name, sealed)?;
        Ok(keys.iter().filter_map(SigningKey::public_text).collect())
    }

    fn check_url(&self, url: &str) -> Result<(), String> {
        let endpoint = self.rules.endpoint(url, EndpointClass::Tenant);
        endpoint.map(|_| ()).map_err(|error| error.to_string())
    }

    fn name_new(&self) -> Result<String, String> {
        let mut bytes = [0; 12];
        let filled = getrandom::fill(&mut bytes);
        filled.map_err(|error| error.to_string())?;
        Ok(format!("we_{}", hex::encode(bytes)))
    }

    fn per_second_max(&self) -> u32 {
        self.per_second_max
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_rotate_and_the_oldest_go() {
        let secret = SecretBox::generate_key().unwrap();
        let secrets = Arc::new(SecretBox::new([secret.as_str()]).unwrap());
        let keeper = SealedKeys::new(secrets, TargetRules::default(), 50);
        let first = keeper.keys_new("we_1", false).unwrap();
        assert_eq!((first.public.len(), &first.secret), (1, &None));
        let mut sealed = first.sealed.clone();
        for count in 2..=6 {
            let rotated = keeper.keys_rotated("we_1", &sealed, false, true).unwrap();
            assert_eq!(rotated.public.len(), count.min(SIGNING_KEYS_MAX));
            sealed = rotated.sealed;
        }
        assert!(
            !keeper
                .public("we_1", &sealed)
                .unwrap()
                .contains(&first.public[0])
        );
        let newest = keeper.public("we_1", &sealed).unwrap()[0].clone();
        let alone = keeper.keys_rotated("we_1", &sealed, false, false).unwrap();
        assert_eq!(alone.public, [newest]);
        let shared = keeper
            .keys_rotated("we_1", &alone.sealed, true, true)
            .unwrap();
        assert!(shared.secret.unwrap().starts_with("whsec_"));
        assert!(keeper.public("we_2", &sealed).is_err(), "another's");
        assert!(keeper.check_url("https://example.com/hook").is_ok());
        for inside in [
            "http://example.com/",
            "https://10.0.0.1/",
            "https://localhost/",
            "https://[::1]/",
        ] {
            assert!(keeper.check_url(inside).is_err(), "{inside}");
        }
        assert_ne!(keeper.name_new().unwrap(), keeper.name_new().unwrap());
    }
}
