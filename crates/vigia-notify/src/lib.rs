//! Renders notifications and sends deliveries.
