//! Blocking people.

use crate::ApiError;
#[allow(unused_imports, reason = "only the server's side of the functions below uses it")]
use crate::platform;
use domain::UserId;
use leptos::server;

/// Where a form without script leads: the list of those who are blocked.
#[allow(dead_code, reason = "only the server's side of the functions below uses it")]
const BLOCKED: &str = "/dashboard/community?circle=blocked";

/// Hides the viewer and somebody from each other.
#[server]
pub async fn block(person: UserId) -> Result<(), ApiError> {
    let ((backend, viewer), reply) = (platform::signed_in()?, platform::reply()?);
    backend.blocks.block(&viewer, person).await?;
    reply.go(BLOCKED);
    Ok(())
}

/// Takes the viewer's block of somebody back.
#[server]
pub async fn unblock(person: UserId) -> Result<(), ApiError> {
    let ((backend, viewer), reply) = (platform::signed_in()?, platform::reply()?);
    backend.blocks.unblock(&viewer, person).await?;
    reply.go(BLOCKED);
    Ok(())
}
