//! The program as its users meet it: the real binary, a real database, a simulated node.

mod app;
mod bad_input;
mod browser;
mod files;
mod kills;
mod live;
mod node;
mod walk;
