//! Live streams, as lists show them.

use crate::ApiError;
#[allow(unused_imports, reason = "only the server's side of the functions below uses it")]
use crate::platform;
use domain::stream::{self, StreamScope};
use leptos::{prelude::*, server};
use server_fn::codec::GetUrl;

/// The live streams of the home page or of one page of a category, with the position they were read at.
#[server(input = GetUrl)]
pub async fn stream_snapshot(scope: StreamScope) -> Result<stream::StreamSnapshot, ApiError> {
    let reader = platform::viewer().map(|viewer| viewer.id);
    let age = platform::age();
    Ok(age.of(platform::backend()?.streams.answer(scope, reader).await?))
}
