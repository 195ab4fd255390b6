//! Interpretation from the outside: over a generated chain, in every order of arrival, and against
//! transactions made to mislead.

mod chain;
mod hostile;
mod order;
mod support;
