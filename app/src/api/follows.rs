//! Following channels.

use crate::ApiError;
#[allow(unused_imports, reason = "only the server's side of the functions below uses it")]
use crate::platform;
use domain::{
    UserId,
    follow::{self, FollowState},
};
use leptos::{prelude::*, server};
use server_fn::codec::GetUrl;

/// Makes the viewer follow a channel. `next` is where a form without script leads.
#[server]
pub async fn follow(channel: UserId, next: Option<String>) -> Result<FollowState, ApiError> {
    let ((backend, viewer), reply) = (platform::signed_in()?, platform::reply()?);
    let state = backend.follows.follow(&viewer, channel).await?;
    reply.go(next.as_deref().unwrap_or("/following"));
    Ok(state)
}

/// Makes the viewer follow a channel no longer.
#[server]
pub async fn unfollow(channel: UserId, next: Option<String>) -> Result<FollowState, ApiError> {
    let ((backend, viewer), reply) = (platform::signed_in()?, platform::reply()?);
    let state = backend.follows.unfollow(&viewer, channel).await?;
    reply.go(next.as_deref().unwrap_or("/following"));
    Ok(state)
}

/// The channels that the viewer follows: those that are live, and one page of the others, counted from 1.
#[server(input = GetUrl)]
pub async fn following(page: u32) -> Result<follow::FollowingPage, ApiError> {
    let (backend, viewer) = platform::signed_in()?;
    Ok(backend.follows.following(&viewer, page).await?)
}
