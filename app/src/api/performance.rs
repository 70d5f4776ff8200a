//! How the server is doing, for administrators.

#[allow(unused_imports, reason = "only the server's side of the functions below uses it")]
use crate::platform;
use crate::{ApiError, performance::Report};
use leptos::{prelude::*, server};
use server_fn::codec::GetUrl;

/// How the server that answers is doing, now and in the last ten minutes.
#[allow(clippy::unused_async, reason = "a server function is asynchronous in the browser")]
#[server(input = GetUrl)]
pub async fn performance() -> Result<Report, ApiError> {
    let (backend, viewer) = platform::signed_in()?;
    platform::report(&backend, &viewer)
}

/// Has all servers forget what they keep.
#[allow(clippy::unused_async, reason = "a server function is asynchronous in the browser")]
#[server]
pub async fn empty_cache() -> Result<(), ApiError> {
    let ((backend, viewer), reply) = (platform::signed_in()?, platform::reply()?);
    backend.performance.empty_cache(&viewer)?;
    reply.go(crate::paths::ADMIN);
    Ok(())
}
