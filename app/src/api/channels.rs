//! Channels: their public page, and what their owners set.

use crate::ApiError;
#[allow(unused_imports, reason = "only the server's side of the functions below uses it")]
use crate::platform;
use domain::channel;
use leptos::{prelude::*, server};
use server_fn::codec::GetUrl;

/// The page of a channel, as far as the reader may know of it.
#[server(input = GetUrl)]
pub async fn channel_page(username: String) -> Result<channel::ChannelPage, ApiError> {
    let reader = platform::viewer().map(|viewer| viewer.id);
    let age = platform::age();
    Ok(age.of(platform::backend()?.channels.answer(&username, reader).await?))
}

/// The viewer's own channel, for the dashboard.
#[server(input = GetUrl)]
pub async fn own_channel() -> Result<channel::OwnChannel, ApiError> {
    let (backend, viewer) = platform::signed_in()?;
    Ok(backend.channels.own(&viewer).await?)
}

/// Sets title and category of the viewer's channel, also while it is live.
#[server]
pub async fn update_stream(title: String, category: String) -> Result<(), ApiError> {
    let (backend, viewer) = platform::signed_in()?;
    Ok(backend.channels.update_stream(&viewer, &title, &category).await?)
}

/// The viewer's stream key, in plain text. Never part of a page before it is asked for.
#[server]
pub async fn reveal_stream_key() -> Result<String, ApiError> {
    let (backend, viewer) = platform::signed_in()?;
    Ok(backend.stream_keys.reveal(&viewer).await?)
}

/// Replaces the viewer's stream key. The old one stops at once, and so does a broadcast that runs on it.
#[server]
pub async fn rotate_stream_key() -> Result<String, ApiError> {
    let (backend, viewer) = platform::signed_in()?;
    Ok(backend.stream_keys.rotate(&viewer).await?)
}
