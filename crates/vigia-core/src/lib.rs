//! Plain values of vigia and their invariants: no I/O, no async.
