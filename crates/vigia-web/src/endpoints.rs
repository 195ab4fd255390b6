//! What accounts' endpoints need that this crate does not know: their keys, and what they may be.

/// Keys of an endpoint after a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointKeys {
    /// All of them, sealed, as the database keeps them.
    pub sealed: String,
    /// What receivers verify with, the newest first; HMAC has none.
    pub public: Vec<String>,
    /// The new secret where the receiver needs it too (HMAC): shown once.
    pub secret: Option<String>,
}

/// Makes and rotates keys of accounts' endpoints, and says where they may be.
pub trait EndpointKeeper: Send + Sync {
    /// The first key of a new endpoint of this name.
    fn keys_new(&self, name: &str, hmac: bool) -> Result<EndpointKeys, String>;

    /// A new key before those there are, the oldest of which go; without `adds` only the newest stays.
    fn keys_rotated(
        &self,
        name: &str,
        sealed: &str,
        hmac: bool,
        adds: bool,
    ) -> Result<EndpointKeys, String>;

    /// What receivers verify with.
    fn public(&self, name: &str, sealed: &str) -> Result<Vec<String>, String>;

    /// Whether this may be the address of an account's endpoint; the error says why not, to its owner.
    fn check_url(&self, url: &str) -> Result<(), String>;

    /// A name that no other endpoint has.
    fn name_new(&self) -> Result<String, String>;

    /// Attempts in a second at most.
    fn per_second_max(&self) -> u32;
}
