//! How many messages a broker has.

/// Messages that are in a broker, at one moment and as far as it knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Nobody has had them yet, or they were given back.
    pub waiting: u64,
    /// A worker has them in hand, or died with them and nobody has taken them over yet.
    pub held: u64,
}
