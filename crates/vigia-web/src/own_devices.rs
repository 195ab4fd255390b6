//! What pages and GraphQL share of a user's own devices.

use vigia_core::Platform;
use vigia_store::DeviceSpec;

use crate::text::short;

/// Devices that are listed, those of before included.
pub(crate) const LISTED_MAX: u32 = 100;
/// Why a device that its user removed is told nothing.
pub(crate) const REMOVED: &str = "its user removed it";
/// Signs of a token that are shown.
const TOKEN_SHOWN: usize = 6;

/// How a device's token begins and ends: the whole of it is told to nobody.
pub(crate) fn token_shown(spec: &DeviceSpec) -> String {
    match spec.token.is_ascii() {
        true => short(&spec.token, TOKEN_SHOWN),
        false => "…".to_owned(),
    }
}

/// What people call a platform, in every language.
pub(crate) fn people_call(platform: Platform) -> &'static str {
    match platform {
        Platform::Fcm => "Android",
        Platform::Apns => "iOS",
        Platform::Web => "Web",
    }
}
