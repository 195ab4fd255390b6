//! Streams, repairs and verifies what Sui full nodes send; the only crate that knows gRPC.
