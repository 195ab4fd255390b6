//! The senders through their public face, against real servers on loopback and libraries that nobody here wrote.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod forgery;
mod oracle;
mod receiver;
mod sending;
mod signatures;
mod tls;
mod webhooks;
