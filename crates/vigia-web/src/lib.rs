//! GraphQL, pages and live updates.
