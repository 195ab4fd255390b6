//! Proof on generated chains.
