//! The vigia binary: configuration, command line, roles, wiring.
fn main() {}
