//! The senders through their public face, against real servers on loopback and libraries that nobody here wrote.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod apns;
mod documented;
mod fcm;
mod forgery;
mod oracle;
mod provider;
mod pushing;
mod receiver;
mod sending;
mod signatures;
mod tls;
mod web_push;
mod webhooks;
