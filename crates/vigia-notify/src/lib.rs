//! Renders notifications; sending them to phones and endpoints comes with deliveries.
//!
//! Texts are rendered on reading, in the reader's language (`vigia_core::NotificationText`).

mod texts;

pub use texts::BuiltInTexts;
