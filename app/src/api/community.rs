//! The people around the viewer's channel, and who moderates it.

use crate::ApiError;
#[allow(unused_imports, reason = "only the server's side of the functions below uses it")]
use crate::platform;
use domain::{
    UserId,
    community::{self, Circle, PeopleOrder},
};
use leptos::{prelude::*, server};
use server_fn::codec::GetUrl;

/// Where a form without script leads.
#[allow(dead_code, reason = "only the server's side of the functions below uses it")]
const MODERATORS: &str = "/dashboard/community?circle=moderators";

/// One page of the people around the viewer's channel.
#[server(input = GetUrl)]
pub async fn community(circle: Circle, search: String, order: PeopleOrder, page: u32) -> Result<community::PeoplePage, ApiError> {
    let (backend, viewer) = platform::signed_in()?;
    Ok(backend.community.page(&viewer, community::PeopleQuery { circle, search, order, page }).await?)
}

/// Makes somebody a moderator of the viewer's channel.
#[server]
pub async fn appoint_moderator(username: String) -> Result<(), ApiError> {
    let ((backend, viewer), reply) = (platform::signed_in()?, platform::reply()?);
    backend.community.appoint(&viewer, &username).await?;
    reply.go(MODERATORS);
    Ok(())
}

/// Takes the office from a moderator of the viewer's channel.
#[server]
pub async fn dismiss_moderator(member: UserId) -> Result<(), ApiError> {
    let ((backend, viewer), reply) = (platform::signed_in()?, platform::reply()?);
    backend.community.dismiss(&viewer, member).await?;
    reply.go(MODERATORS);
    Ok(())
}
