//! What the viewer is told, and what they want to be told.

use crate::ApiError;
#[allow(unused_imports, reason = "only the server's side of the functions below uses it")]
use crate::platform;
use domain::{NotificationId, notification};
use leptos::{prelude::*, server};
use server_fn::codec::GetUrl;

/// The viewer's notifications, the newest first, or those before one of them.
#[server(input = GetUrl)]
pub async fn notifications(before: Option<NotificationId>) -> Result<notification::NotificationPage, ApiError> {
    let (backend, viewer) = platform::signed_in()?;
    Ok(backend.notifications.page(&viewer, before).await?)
}

/// Notes that the viewer has read everything up to a notification, or everything.
#[server]
pub async fn mark_notifications_read(through: Option<NotificationId>) -> Result<(), ApiError> {
    let ((backend, viewer), reply) = (platform::signed_in()?, platform::reply()?);
    backend.notifications.mark_read(&viewer, through).await?;
    reply.go("/notifications");
    Ok(())
}

/// What the viewer wants to be told about.
#[server(input = GetUrl)]
pub async fn notification_settings() -> Result<notification::NotificationSettings, ApiError> {
    let (backend, viewer) = platform::signed_in()?;
    Ok(backend.notifications.settings(&viewer).await?)
}

/// Sets what the viewer wants to be told about. As a form sends it: a kind that is not wanted is not there.
#[server]
pub async fn set_notification_settings(
    live: Option<String>,
    follower: Option<String>,
    mention: Option<String>,
    moderation: Option<String>,
    appointed: Option<String>,
    next: Option<String>,
) -> Result<(), ApiError> {
    use domain::notification::{NotificationKind as Kind, NotificationSettings as Settings};
    let ((backend, viewer), reply) = (platform::signed_in()?, platform::reply()?);
    let fields = [
        (Kind::Live, live),
        (Kind::Follower, follower),
        (Kind::Mention, mention),
        (Kind::Moderation, moderation),
        (Kind::Appointed, appointed),
    ];
    let wanted: Vec<Kind> = fields.into_iter().filter_map(|(kind, field)| field.map(|_on| kind)).collect();
    backend.notifications.set_settings(&viewer, &Settings::wanting(&wanted)).await?;
    reply.go(next.as_deref().unwrap_or("/notifications?saved=settings"));
    Ok(())
}
