//! What is stored about a member, for that member alone. Taking all of it away is a download: `/api/export`.

use crate::ApiError;
#[allow(unused_imports, reason = "only the server's side of the functions below uses it")]
use crate::platform;
use leptos::{prelude::*, server};
use server_fn::codec::GetUrl;

/// The address that mail reaches the viewer at.
#[server(input = GetUrl)]
pub async fn own_email() -> Result<String, ApiError> {
    let (backend, viewer) = platform::signed_in()?;
    Ok(backend.personal_data.email(&viewer).await?)
}

/// Changes that address.
#[server]
pub async fn change_email(email: String, email_password: String) -> Result<(), ApiError> {
    let ((backend, viewer), reply) = (platform::signed_in()?, platform::reply()?);
    backend.personal_data.change_email(&viewer, &email, &email_password).await?;
    reply.go("/settings/account?saved=email");
    Ok(())
}

/// Deletes the viewer's account with everything that belongs to it. Answers the path to go to.
#[server]
pub async fn delete_account(username: String, delete_password: String) -> Result<String, ApiError> {
    let ((backend, viewer), reply) = (platform::signed_in()?, platform::reply()?);
    backend.personal_data.delete(&viewer, &username, &delete_password).await?;
    reply.forget();
    reply.go("/");
    Ok("/".to_owned())
}
