//! Profiles: what members say about themselves.

use crate::ApiError;
#[allow(unused_imports, reason = "only the server's side of the functions below uses it")]
use crate::platform;
use domain::{profile, rich_text};
use leptos::{prelude::*, server};
use server_fn::codec::GetUrl;

/// The viewer's own profile, as they typed it.
#[server(input = GetUrl)]
pub async fn own_profile() -> Result<profile::OwnProfile, ApiError> {
    let (backend, viewer) = platform::signed_in()?;
    Ok(backend.profiles.own(&viewer).await?)
}

/// A bio as others would read it.
#[allow(clippy::unused_async, reason = "a server function is asynchronous in the browser")]
#[server(input = GetUrl)]
pub async fn preview_bio(bio: String) -> Result<rich_text::RichText, ApiError> {
    let (backend, _viewer) = platform::signed_in()?;
    Ok(backend.profiles.preview(&bio)?)
}

/// Sets the viewer's name and bio.
#[server]
pub async fn update_profile(display_name: String, bio: String) -> Result<(), ApiError> {
    let ((backend, viewer), reply) = (platform::signed_in()?, platform::reply()?);
    backend.profiles.update(&viewer, &display_name, &bio).await?;
    reply.go("/settings?saved=profile");
    Ok(())
}

/// Sets the viewer's links to other networks. `order` names the networks with commas between them; what it leaves out
/// comes last.
#[server]
pub async fn update_social_links(
    order: String,
    github: String,
    youtube: String,
    linkedin: String,
    instagram: String,
    x: String,
    facebook: String,
) -> Result<(), ApiError> {
    let ((backend, viewer), reply) = (platform::signed_in()?, platform::reply()?);
    let typed = |network| match network {
        domain::social::Network::Github => github.clone(),
        domain::social::Network::Youtube => youtube.clone(),
        domain::social::Network::Linkedin => linkedin.clone(),
        domain::social::Network::Instagram => instagram.clone(),
        domain::social::Network::X => x.clone(),
        domain::social::Network::Facebook => facebook.clone(),
    };
    backend.profiles.update_links(&viewer, &order, typed).await?;
    reply.go("/settings?saved=links");
    Ok(())
}
