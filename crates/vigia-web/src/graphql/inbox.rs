//! The inbox: what is read of it, and how its user wants to be told.

use async_graphql::connection::Connection;
use async_graphql::{Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use vigia_core::{DAY_MINUTES, Muted, Preferences, QuietHours, UserId, time_zone};
use vigia_store::NotificationRow;

use super::error::{bad_input, forbidden, internal};
use super::notification::{Category, Locale, Notification};
use super::page;
use super::query::{check_writer, reader, web};
use crate::cursor;

/// Where people are told.
#[derive(Clone, Copy, Enum, Eq, PartialEq)]
#[graphql(remote = "vigia_core::Channel")]
enum Channel {
    /// On their phones and in their browsers.
    Push,
    /// In the application's inbox.
    Inbox,
}

/// What is not to be told, and where.
#[derive(SimpleObject, InputObject)]
#[graphql(input_name = "MutedCategoryInput")]
struct MutedCategory {
    /// Where.
    channel: Channel,
    /// What; security cannot be muted.
    category: Category,
}

/// Hours in which nothing but security makes a noise: pushes wait for their end, and come as one.
#[derive(SimpleObject, InputObject)]
#[graphql(input_name = "QuietPeriodInput")]
struct QuietPeriod {
    /// The first minute of the day that is quiet, 0 to 1439.
    from_minute: u32,
    /// The first minute of the day that is not, 0 to 1439; over midnight where that is not later.
    to_minute: u32,
}

/// How a user wants to be told.
#[derive(SimpleObject)]
struct NotificationPreferences {
    /// What not.
    muted: Vec<MutedCategory>,
    /// Name of the user's time zone in the IANA database.
    time_zone: String,
    /// When nothing makes a noise, on the clocks of the time zone.
    quiet_hours: Option<QuietPeriod>,
    /// Whether pushes say no amounts: locked screens are public.
    hides_amounts: bool,
}

/// How a user wants to be told; what is not given stays as it is.
#[derive(InputObject)]
pub(super) struct NotificationPreferencesInput {
    /// What not: all of it.
    muted: Option<Vec<MutedCategory>>,
    /// Name of the user's time zone in the IANA database: `America/Bogota`.
    time_zone: Option<String>,
    /// When nothing makes a noise.
    quiet_hours: Option<QuietPeriod>,
    /// Ends quiet hours.
    #[graphql(default)]
    no_quiet_hours: bool,
    /// Whether pushes say no amounts.
    hides_amounts: Option<bool>,
}

impl From<Preferences> for NotificationPreferences {
    fn from(preferences: Preferences) -> Self {
        let muted = preferences.muted.iter();
        let quiet = |hours: QuietHours| QuietPeriod {
            from_minute: hours.from_minute().into(),
            to_minute: hours.to_minute().into(),
        };
        Self {
            muted: muted
                .map(|(channel, category)| MutedCategory {
                    channel: channel.into(),
                    category: category.into(),
                })
                .collect(),
            quiet_hours: preferences.quiet_hours.map(quiet),
            hides_amounts: preferences.hides_amounts,
            time_zone: preferences.time_zone,
        }
    }
}

/// Whom a call is about: its reader, or whom an operator names.
pub(super) async fn subject(ctx: &Context<'_>, named: Option<&str>) -> Result<UserId> {
    let reader = reader(ctx);
    let Some(name) = named else {
        return reader.principal.user().ok_or_else(|| {
            let expected = "the external id of a user";
            bad_input("user", "nobody is signed in, so say whose", expected)
        });
    };
    if !reader.principal.is_operator() {
        return Err(forbidden("only operators may name another user"));
    }
    let found = web(ctx).store.user_find(name).await.map_err(internal)?;
    found.map(|user| user.id).ok_or_else(|| {
        let problem = format!("there is no user {name:?}");
        bad_input("user", problem, "the external id of a user")
    })
}

/// The part of queries about the inbox.
#[derive(Default)]
pub(crate) struct InboxQueries;

/// What can be asked of the inbox.
#[Object]
impl InboxQueries {
    /// The inbox, newest first; of an operator everybody's.
    #[graphql(complexity = "page::cost(first, child_complexity)")]
    async fn notifications(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Page size, 1 to 100; 20 unless given.")] first: Option<i32>,
        #[graphql(desc = "Cursor of the last notification of the page before.")] after: Option<
            String,
        >,
        #[graphql(desc = "Language of the texts; the request's unless given.")] locale: Option<
            Locale,
        >,
    ) -> Result<Connection<String, Notification>> {
        let size = page::size(first)?;
        let before = page::after(after.as_deref(), cursor::to_notification)?;
        let (web, reader) = (web(ctx), reader(ctx));
        let locale = locale.map_or(reader.locale, Into::into);
        let rows = web
            .store
            .notification_page(&reader.inbox(web), before, size + 1)
            .await
            .map_err(internal)?;
        let node = |row| Notification {
            row,
            locale,
            texts: web.text.clone(),
        };
        let cursor = |row: &NotificationRow| cursor::of_notification(row.seq);
        Ok(page::connection(rows, size, cursor, node))
    }

    /// How many notifications are not read, at most 100.
    async fn unread_notifications(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose; the reader's unless given. For operators.")] user: Option<String>,
    ) -> Result<u32> {
        let (user, web) = (subject(ctx, user.as_deref()).await?, web(ctx));
        let since_ms = web.inbox_not_before_ms();
        let unread = web.store.notification_unread(user, since_ms).await;
        unread.map_err(internal)
    }

    /// How the reader wants to be told.
    async fn notification_preferences(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose; the reader's unless given. For operators.")] user: Option<String>,
    ) -> Result<NotificationPreferences> {
        let user = subject(ctx, user.as_deref()).await?;
        let found = web(ctx).store.preference_find(user).await;
        Ok(found.map_err(internal)?.into())
    }
}

/// Mutations of the inbox.
#[derive(Default)]
pub(crate) struct InboxMutation;

/// What can be changed of the inbox.
#[Object]
impl InboxMutation {
    /// Marks a notification as read by the reader alone; false where the reader has none of this id.
    async fn mark_notification_read(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its id.")] id: ID,
        #[graphql(desc = "Whose; the reader's unless given. For operators.")] user: Option<String>,
    ) -> Result<bool> {
        check_writer(ctx)?;
        let user = subject(ctx, user.as_deref()).await?;
        let id = id.parse();
        let id = id.map_err(|problem: String| bad_input("id", problem, "`id` as it came"))?;
        let read = web(ctx).store.notification_read(user, &id).await;
        read.map_err(internal)
    }

    /// Marks all notifications as read by the reader alone; returns how many are not, since they came meanwhile.
    async fn mark_all_notifications_read(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Cursor of the newest one that was seen; all there are unless given.")]
        up_to: Option<String>,
        #[graphql(desc = "Whose; the reader's unless given. For operators.")] user: Option<String>,
    ) -> Result<u32> {
        check_writer(ctx)?;
        let user = subject(ctx, user.as_deref()).await?;
        let up_to = match up_to.as_deref() {
            None => i64::MAX,
            Some(text) => cursor::to_notification(text).ok_or_else(|| {
                bad_input(
                    "upTo",
                    "this is not a cursor of the inbox",
                    "`cursor` as it came",
                )
            })?,
        };
        let web = web(ctx);
        let marked = web.store.notification_read_all(user, up_to).await;
        marked.map_err(internal)?;
        let since_ms = web.inbox_not_before_ms();
        let unread = web.store.notification_unread(user, since_ms).await;
        unread.map_err(internal)
    }

    /// Says how the reader wants to be told.
    async fn set_notification_preferences(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How.")] input: NotificationPreferencesInput,
        #[graphql(desc = "Whose; the reader's unless given. For operators.")] user: Option<String>,
    ) -> Result<NotificationPreferences> {
        check_writer(ctx)?;
        let user = subject(ctx, user.as_deref()).await?;
        let store = &web(ctx).store;
        let mut preferences = store.preference_find(user).await.map_err(internal)?;
        apply(&mut preferences, input)?;
        let set = store.preference_set(user, &preferences).await;
        set.map_err(internal)?;
        Ok(preferences.into())
    }
}

/// Takes in what is given.
pub(super) fn apply(
    preferences: &mut Preferences,
    input: NotificationPreferencesInput,
) -> Result<()> {
    if let Some(muted) = input.muted {
        let pairs = muted
            .into_iter()
            .map(|muted| (muted.channel.into(), muted.category.into()));
        let expected = "any channel with any category but SECURITY";
        let muted = Muted::new(pairs);
        preferences.muted = muted.map_err(|problem| bad_input("muted", problem, expected))?;
    }
    if let Some(zone) = input.time_zone {
        let expected = "a name of the IANA database, such as America/Bogota";
        time_zone(&zone).map_err(|problem| bad_input("timeZone", problem, expected))?;
        preferences.time_zone = zone;
    }
    if input.no_quiet_hours {
        preferences.quiet_hours = None;
    }
    if let Some(QuietPeriod {
        from_minute,
        to_minute,
    }) = input.quiet_hours
    {
        let minute = |minute: u32| u16::try_from(minute).unwrap_or(DAY_MINUTES);
        let quiet = QuietHours::new(minute(from_minute), minute(to_minute));
        let expected = "two different minutes of the day, 0 to 1439";
        let quiet = quiet.map_err(|problem| bad_input("quietHours", problem, expected));
        preferences.quiet_hours = Some(quiet?);
    }
    if let Some(hides) = input.hides_amounts {
        preferences.hides_amounts = hides;
    }
    Ok(())
}
