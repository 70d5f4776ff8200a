//! Accounts and sessions.

use crate::ApiError;
#[allow(unused_imports, reason = "only the server's side of the functions below uses it")]
use crate::platform;
use domain::{
    SessionId,
    account::{SessionInfo, Viewer},
};
use leptos::{prelude::*, server};
use server_fn::codec::GetUrl;

/// Who is signed in here.
#[allow(clippy::unused_async, reason = "a server function is asynchronous in the browser")]
#[server(input = GetUrl)]
pub async fn current_viewer() -> Result<Option<Viewer>, ApiError> {
    Ok(platform::viewer())
}

/// Creates an account with its channel and signs in. Answers the path to go to.
///
/// `claim` is the one-time owner link's token, when there is one.
#[server]
pub async fn sign_up(
    username: String,
    email: String,
    password: String,
    next: Option<String>,
    claim: Option<String>,
) -> Result<String, ApiError> {
    let (backend, reply, client) = (platform::backend()?, platform::reply()?, platform::client()?);
    let token = backend.accounts.sign_up(&username, &email, &password, claim.as_deref(), &client).await?;
    reply.keep(&token);
    let next = domain::account::local_path(next.as_deref().unwrap_or("/dashboard")).to_owned();
    reply.go(&next);
    Ok(next)
}

/// Signs in with a username or an e-mail address. Answers the path to go to.
#[server]
pub async fn sign_in(username: String, password: String, next: Option<String>) -> Result<String, ApiError> {
    let (backend, reply, client) = (platform::backend()?, platform::reply()?, platform::client()?);
    let token = backend.accounts.sign_in(&username, &password, &client).await?;
    reply.keep(&token);
    let next = domain::account::local_path(next.as_deref().unwrap_or("/")).to_owned();
    reply.go(&next);
    Ok(next)
}

/// Ends this session.
#[server]
pub async fn sign_out() -> Result<(), ApiError> {
    let (viewer, backend, reply) = (platform::viewer(), platform::backend()?, platform::reply()?);
    if let Some(viewer) = viewer {
        backend.accounts.end_session(&viewer, viewer.session).await?;
        reply.mark(&backend, viewer.id)?;
    }
    reply.forget();
    reply.go("/");
    Ok(())
}

/// The browsers that are signed in to the viewer's account, the most recently used first.
#[server(input = GetUrl)]
pub async fn sessions() -> Result<Vec<SessionInfo>, ApiError> {
    let (backend, viewer) = platform::signed_in()?;
    Ok(backend.accounts.sessions(&viewer).await?)
}

/// Signs one of the viewer's browsers out.
#[server]
pub async fn end_session(session: SessionId) -> Result<(), ApiError> {
    let (backend, viewer) = platform::signed_in()?;
    Ok(backend.accounts.end_session(&viewer, session).await?)
}

/// Changes the password, signs every other browser out and gives this one a new token.
#[server]
pub async fn change_password(current_password: String, new_password: String) -> Result<(), ApiError> {
    let ((backend, viewer), reply, client) = (platform::signed_in()?, platform::reply()?, platform::client()?);
    let token = backend.accounts.change_password(&viewer, &current_password, &new_password, &client).await?;
    reply.keep(&token);
    reply.go("/settings/account?saved=password");
    Ok(())
}

/// Makes the viewer the owner of this site, with the token of the one-time link.
#[server]
pub async fn claim_site(claim: String) -> Result<(), ApiError> {
    let ((backend, viewer), reply, client) = (platform::signed_in()?, platform::reply()?, platform::client()?);
    let token = backend.accounts.claim_site(&viewer, &claim, &client).await?;
    reply.keep(&token);
    reply.go("/dashboard");
    Ok(())
}
