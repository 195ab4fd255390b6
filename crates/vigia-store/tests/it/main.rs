//! The conformance suite of the storage traits, stamped on each backend.
//!
//! A backend is a `Fixture`; what the suite asserts is what the traits promise, never how a backend
//! does it. What only one backend has (its files, its versions) is tested in a module of its own.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod copy;
mod held;
mod postgres;
mod sample;
mod sqlite;
mod suite;
mod views;
