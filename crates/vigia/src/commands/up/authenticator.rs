//! Who asks the web role, and how that is known.

use std::collections::BTreeMap;
use std::sync::Arc;

use vigia_core::SystemClock;
use vigia_store::SqlStore;
use vigia_transport::{RedisConfig, RedisCounts};
use vigia_web::{
    Authenticator, JwksSource, JwtVerifier, LocalOperatorAuthenticator, SharedCounts, SignIn,
    Wallets,
};

use crate::config::{JwksPlace, Settings};
use crate::jwks::{FileJwks, HttpJwks};
use crate::shared_counts::CountsOnRedis;
use crate::wallet::SuiWallets;
use crate::zklogin::ZkLoginIssuers;

/// Counts that all web processes share: where people sign in, and a Redis server is named.
pub(super) fn shared_counts(settings: &Settings) -> anyhow::Result<Option<Arc<dyn SharedCounts>>> {
    let url = settings.redis_url()?.filter(|_| settings.web.sign_in);
    let Some(url) = url else { return Ok(None) };
    let config = RedisConfig::new(url.expose(), &settings.transport.namespace);
    Ok(Some(Arc::new(CountsOnRedis(RedisCounts::new(&config)?))))
}

/// Who tells people apart, if anybody.
pub(super) fn authenticator(
    settings: &Settings,
    store: &Arc<SqlStore>,
) -> anyhow::Result<Arc<dyn Authenticator>> {
    let Some(how) = settings.web.sign_in() else {
        return Ok(Arc::new(LocalOperatorAuthenticator));
    };
    let clock = Arc::new(SystemClock);
    let zklogin_keys = &settings.web.zklogin_keys_file;
    let zklogin_keys = (!zklogin_keys.as_os_str().is_empty()).then(|| zklogin_keys.clone());
    let mut published = BTreeMap::new();
    for (issuer, url) in settings.web.zklogin_issuers()? {
        let source: Arc<dyn JwksSource> = Arc::new(HttpJwks::new(url)?);
        published.insert(issuer, source);
    }
    let issuers = ZkLoginIssuers::new(zklogin_keys, published, clock.clone());
    let verifier = Arc::new(SuiWallets::new(issuers));
    let wallets = Wallets::new(Arc::clone(store) as _, verifier, clock.clone());
    let mut sign_in = SignIn::new(Arc::clone(store) as _, clock.clone(), how).with_wallets(wallets);
    if let Some(counts) = shared_counts(settings)? {
        sign_in = sign_in.with_counts(counts);
    }
    let Some((jwt, place)) = settings.web.jwt.read()? else {
        return Ok(Arc::new(sign_in));
    };
    let source: Arc<dyn JwksSource> = match place {
        JwksPlace::Url(url) => Arc::new(HttpJwks::new(url)?),
        JwksPlace::File(path) => Arc::new(FileJwks::new(path)),
    };
    let jwt = JwtVerifier::new(jwt, source, clock);
    Ok(Arc::new(sign_in.with_jwt(jwt)))
}
