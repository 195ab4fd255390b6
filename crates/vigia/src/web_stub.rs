//! stub
#![allow(missing_docs, unused)]
use std::sync::Arc;
pub struct LocalOperatorAuthenticator;
pub struct WebConfig {
    pub insecure_no_auth: bool,
    pub development: bool,
    pub listen: std::net::SocketAddr,
}
impl WebConfig {
    pub fn new(listen: std::net::SocketAddr) -> Self {
        Self {
            insecure_no_auth: false,
            development: false,
            listen,
        }
    }
}
pub struct WebContext {
    pub store: Arc<dyn vigia_store::Store>,
    pub text: Arc<dyn vigia_core::NotificationText>,
    pub authenticator: Arc<LocalOperatorAuthenticator>,
    pub clock: Arc<dyn vigia_core::Clock>,
    pub version: &'static str,
}
pub struct WebServer(std::net::SocketAddr);
impl WebServer {
    pub async fn bind(c: WebConfig, _x: WebContext) -> Result<Self, String> {
        Ok(Self(c.listen))
    }
    pub fn address(&self) -> std::net::SocketAddr {
        self.0
    }
    pub async fn serve(self, f: impl Future<Output = ()>) -> anyhow::Result<()> {
        f.await;
        Ok(())
    }
}
pub fn schema_sdl() -> String {
    String::new()
}
