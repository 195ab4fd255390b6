//! Devices: where a user's pushes go.

use async_graphql::{Context, Enum, ID, InputObject, Object, Result};
use vigia_core::NotificationKind;
use vigia_store::{
    APP_VERSION_BYTES_MAX, DEVICE_TOKEN_BYTES_MAX, DEVICES_MAX, DeviceRow, DeviceSpec, Notice,
};

use super::error::{bad_input, internal};
use super::inbox::subject;
use super::notification::Locale;
use super::query::{check_writer, web};
use super::scalar::UInt53;
use crate::own_devices::{LISTED_MAX, REMOVED, people_call, token_shown};

/// Who brings a push to a device.
#[derive(Clone, Copy, Enum, Eq, PartialEq)]
#[graphql(remote = "vigia_core::Platform")]
pub(super) enum Platform {
    /// Firebase Cloud Messaging: Android, and iOS through Google.
    Fcm,
    /// Apple Push Notification service.
    Apns,
    /// Web Push: browsers.
    Web,
}

/// A device of a user.
struct Device(DeviceRow);

/// A device of a user, to which notifications are pushed.
#[Object]
impl Device {
    /// Its key.
    async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// Who brings pushes to it.
    async fn platform(&self) -> Platform {
        self.0.spec.platform.into()
    }

    /// How its token begins and ends: the whole of it is told to nobody.
    async fn token(&self) -> String {
        token_shown(&self.0.spec)
    }

    /// Its language; null: the user's.
    async fn locale(&self) -> Option<Locale> {
        self.0.spec.locale.map(Into::into)
    }

    /// Version of the application on it.
    async fn app_version(&self) -> &str {
        &self.0.spec.app_version
    }

    /// Whether it is told anything.
    async fn is_active(&self) -> bool {
        self.0.is_active
    }

    /// Why it is not.
    async fn reason(&self) -> Option<&String> {
        self.0.reason.as_ref()
    }

    /// When it was registered last, in milliseconds since 1970.
    async fn registered_at_ms(&self) -> UInt53 {
        UInt53(self.0.registered_at_ms)
    }

    /// When a push arrived last, in milliseconds since 1970.
    async fn delivered_at_ms(&self) -> Option<UInt53> {
        self.0.delivered_at_ms.map(UInt53)
    }
}

/// A device to register.
#[derive(InputObject)]
pub(super) struct DeviceInput {
    /// Who brings pushes to it.
    platform: Platform,
    /// What the platform knows it by: FCM's registration token, Apple's device token in hexadecimal digits, or the JSON of
    /// a browser's `PushSubscription`.
    token: String,
    /// Its language; the user's unless given.
    locale: Option<Locale>,
    /// Version of the application on it.
    #[graphql(default)]
    app_version: String,
}

/// The part of queries about devices.
#[derive(Default)]
pub(crate) struct DeviceQueries;

/// What can be asked of devices.
#[Object]
impl DeviceQueries {
    /// The reader's devices, those told nothing any more included, in the order in which they were registered first.
    #[graphql(complexity = "20 * child_complexity")]
    async fn devices(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose; the reader's unless given. For operators.")] user: Option<String>,
    ) -> Result<Vec<Device>> {
        let user = subject(ctx, user.as_deref()).await?;
        let rows = web(ctx).store.device_list(Some(user), 0, LISTED_MAX).await;
        Ok(rows.map_err(internal)?.into_iter().map(Device).collect())
    }
}

/// Mutations of devices.
#[derive(Default)]
pub(crate) struct DeviceMutation;

/// What can be changed of devices.
#[Object]
impl DeviceMutation {
    /// Registers a device of the reader, or says again that it is there: with every start of the application. What
    /// happens from then on is pushed to it. A user is told that a new device gets their messages.
    async fn register_device(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The device.")] input: DeviceInput,
        #[graphql(desc = "Whose; the reader's unless given. For operators.")] user: Option<String>,
    ) -> Result<Device> {
        check_writer(ctx)?;
        let user = subject(ctx, user.as_deref()).await?;
        let spec = checked(input)?;
        let web = web(ctx);
        let registered = web.store.device_register(user, &spec).await;
        let (row, is_new) = registered.map_err(internal)?;
        if is_new {
            let notice = Notice {
                user,
                kind: NotificationKind::new("NEW_DEVICE"),
                cause: format!("device/{}", row.id),
                details: serde_json::json!({
                    "platform": people_call(row.spec.platform),
                    "time_ms": row.created_at_ms,
                }),
            };
            let told = web.store.notification_tell(&[notice]).await;
            told.map_err(internal)?;
        }
        Ok(Device(row))
    }

    /// Pushes nothing more to a device of the reader; false where there is no such active one.
    async fn remove_device(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its key.")] id: ID,
        #[graphql(desc = "Whose; the reader's unless given. For operators.")] user: Option<String>,
    ) -> Result<bool> {
        check_writer(ctx)?;
        let user = subject(ctx, user.as_deref()).await?;
        let id = id
            .parse()
            .map_err(|_| bad_input("id", "this is not the key of a device", "`id` as it came"))?;
        let store = &web(ctx).store;
        let removed = store.device_remove(Some(user), id, REMOVED).await;
        removed.map_err(internal)
    }
}

/// The device, or why it cannot be one.
pub(super) fn checked(input: DeviceInput) -> Result<DeviceSpec> {
    let token = input.token.trim();
    if token.is_empty() || token.len() > DEVICE_TOKEN_BYTES_MAX || token.contains('\0') {
        let problem = format!("it has {} bytes", token.len());
        let expected = format!(
            "1 to {DEVICE_TOKEN_BYTES_MAX} bytes; a user has at most {DEVICES_MAX} devices"
        );
        return Err(bad_input("token", problem, &expected));
    }
    if input.app_version.len() > APP_VERSION_BYTES_MAX || input.app_version.contains('\0') {
        let problem = format!("it has {} bytes", input.app_version.len());
        let expected = format!("at most {APP_VERSION_BYTES_MAX} bytes");
        return Err(bad_input("appVersion", problem, &expected));
    }
    Ok(DeviceSpec {
        platform: input.platform.into(),
        token: token.to_owned(),
        locale: input.locale.map(Into::into),
        app_version: input.app_version,
    })
}
