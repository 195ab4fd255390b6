//! The watch list as a pure, swappable matcher.
