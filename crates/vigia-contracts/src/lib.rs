//! Interprets a transaction through declared contracts and coins: pure.
