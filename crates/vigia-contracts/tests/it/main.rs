//! Interpretation from the outside: over a generated chain, coin by coin, in every order of arrival, and
//! against transactions made to mislead.

mod chain;
mod coins;
mod guard;
mod handlers;
mod hostile;
mod layouts;
mod mistakes;
mod objects;
mod order;
mod real;
mod support;
mod wallet;
