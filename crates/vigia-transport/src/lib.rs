//! Carries relevant transactions between processes.
