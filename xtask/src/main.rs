//! Developer commands: test, ci, tidy, bench. Never shipped.
fn main() {}
