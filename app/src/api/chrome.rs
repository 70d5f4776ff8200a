//! What stands around every page.

use crate::ApiError;
#[allow(unused_imports, reason = "only the server's side of the functions below uses it")]
use crate::platform;
use domain::chrome;
use leptos::{prelude::*, server};
use server_fn::codec::GetUrl;

/// The channels of the side bar and the number on the bell, with the position they were read at.
#[server(input = GetUrl)]
pub async fn chrome() -> Result<chrome::Chrome, ApiError> {
    let reader = platform::viewer().map(|viewer| viewer.id);
    let age = platform::age();
    Ok(age.of(platform::backend()?.surroundings.answer(reader).await?))
}
