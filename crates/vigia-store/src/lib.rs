//! Narrow storage traits per stage, SQLite behind them.
