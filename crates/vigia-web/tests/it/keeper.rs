//! Keys of endpoints that show what they are: `e1` may be told, `h2` is a secret.

use std::sync::atomic::{AtomicU32, Ordering};

use vigia_web::{EndpointKeeper, EndpointKeys};

/// Seals nothing.
#[derive(Default)]
pub(crate) struct PlainKeeper(AtomicU32);

fn keys(all: &[String], secret: Option<String>) -> EndpointKeys {
    let public = all.iter().filter(|key| key.starts_with('e'));
    EndpointKeys {
        sealed: all.join(" "),
        public: public.map(|key| format!("whpk_{key}")).collect(),
        secret,
    }
}

fn opened(sealed: &str) -> Vec<String> {
    sealed.split_whitespace().map(str::to_owned).collect()
}

impl EndpointKeeper for PlainKeeper {
    fn keys_new(&self, name: &str, hmac: bool) -> Result<EndpointKeys, String> {
        self.keys_rotated(name, "", hmac, true)
    }

    fn keys_rotated(
        &self,
        _: &str,
        sealed: &str,
        hmac: bool,
        adds: bool,
    ) -> Result<EndpointKeys, String> {
        let mut all = opened(sealed);
        if !adds {
            all.truncate(1);
            return Ok(keys(&all, None));
        }
        let kind = if hmac { "h" } else { "e" };
        let key = format!("{kind}{}", all.len() + 1);
        all.insert(0, key.clone());
        Ok(keys(&all, hmac.then(|| format!("whsec_{key}"))))
    }

    fn public(&self, _: &str, sealed: &str) -> Result<Vec<String>, String> {
        Ok(keys(&opened(sealed), None).public)
    }

    fn check_url(&self, url: &str) -> Result<(), String> {
        match url.starts_with("https://") {
            true => Ok(()),
            false => Err(format!("{url:?} does not begin with https://")),
        }
    }

    fn name_new(&self) -> Result<String, String> {
        Ok(format!("we_{}", self.0.fetch_add(1, Ordering::Relaxed)))
    }

    fn per_second_max(&self) -> u32 {
        50
    }
}
