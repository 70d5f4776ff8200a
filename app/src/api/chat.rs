//! Chat: reading, writing, and keeping order.

use crate::ApiError;
#[allow(unused_imports, reason = "only the server's side of the functions below uses it")]
use crate::platform;
use domain::{
    ClientId, LogEntryId, MessageId, UserId,
    chat::{self, Emoji},
};
use leptos::{prelude::*, server};
use server_fn::codec::GetUrl;

/// The end of a chat and everything around it.
#[server(input = GetUrl)]
pub async fn chat_snapshot(channel: UserId) -> Result<chat::ChatSnapshot, ApiError> {
    let (backend, visitor) = platform::visitor()?;
    Ok(backend.chat.snapshot(&visitor, channel).await?)
}

/// What was said before a message.
#[server(input = GetUrl)]
pub async fn chat_history(channel: UserId, before: MessageId) -> Result<chat::ChatHistory, ApiError> {
    let (backend, visitor) = platform::visitor()?;
    Ok(backend.chat.history(&visitor, channel, before).await?)
}

/// Sends a message. `client` names it, so that sending it twice makes one.
#[server]
pub async fn send_message(
    channel: UserId,
    text: String,
    client: Option<ClientId>,
    reply_to: Option<MessageId>,
    guest_name: Option<String>,
) -> Result<chat::ChatMessage, ApiError> {
    let (backend, visitor) = platform::visitor()?;
    let draft = backend::chat::Draft { client, text: &text, reply_to, guest_name: guest_name.as_deref() };
    Ok(backend.chat.send(&visitor, channel, draft).await?)
}

/// Changes the words of one's own message.
#[server]
pub async fn edit_message(message: MessageId, text: String) -> Result<(), ApiError> {
    let (backend, visitor) = platform::visitor()?;
    Ok(backend.chat.edit(&visitor, message, &text).await?)
}

/// Deletes one's own message, or any as a moderator.
#[server]
pub async fn delete_message(message: MessageId) -> Result<(), ApiError> {
    let (backend, visitor) = platform::visitor()?;
    Ok(backend.chat.delete(&visitor, message).await?)
}

/// Deletes everything that somebody wrote on a channel.
#[server]
pub async fn clear_messages(channel: UserId, author: String) -> Result<(), ApiError> {
    let (backend, visitor) = platform::visitor()?;
    let author: chat::AuthorId = author.parse().map_err(|message: String| domain::Error::invalid("author", message))?;
    Ok(backend.chat.clear(&visitor, channel, author).await?)
}

/// Keeps somebody from writing for so many minutes; 0 lets them write again.
#[server]
pub async fn time_out(channel: UserId, author: String, minutes: u32) -> Result<(), ApiError> {
    let (backend, visitor) = platform::visitor()?;
    let author: chat::AuthorId = author.parse().map_err(|message: String| domain::Error::invalid("author", message))?;
    Ok(backend.chat.time_out(&visitor, channel, author, minutes).await?)
}

/// Pins a message above its chat.
#[server]
pub async fn pin_message(message: MessageId) -> Result<(), ApiError> {
    let (backend, visitor) = platform::visitor()?;
    Ok(backend.chat.pin(&visitor, message).await?)
}

/// Takes the pinned message down.
#[server]
pub async fn unpin_message(channel: UserId) -> Result<(), ApiError> {
    let (backend, visitor) = platform::visitor()?;
    Ok(backend.chat.unpin(&visitor, channel).await?)
}

/// Says something about a message with one click, or takes it back.
#[server]
pub async fn react(message: MessageId, emoji: Emoji, is_on: bool) -> Result<(), ApiError> {
    let (backend, visitor) = platform::visitor()?;
    Ok(backend.chat.react(&visitor, message, emoji, is_on).await?)
}

/// What the viewer set for their own chat.
#[server(input = GetUrl)]
pub async fn chat_settings() -> Result<chat::ChatSettings, ApiError> {
    let (backend, viewer) = platform::signed_in()?;
    Ok(backend.chat.settings(&viewer).await?)
}

/// Sets everything about the viewer's own chat. A switch that is off is missing in the form.
#[server]
pub async fn set_chat(
    is_enabled: Option<String>,
    allows_guests: Option<String>,
    followers_only: Option<String>,
    slow_seconds: String,
    held_seconds: String,
    banned_words: String,
) -> Result<(), ApiError> {
    let (backend, viewer) = platform::signed_in()?;
    let switches = [is_enabled.is_some(), allows_guests.is_some(), followers_only.is_some()];
    let settings = chat::ChatSettings::parse(switches, &slow_seconds, &held_seconds, &banned_words)?;
    Ok(backend.chat.set(&viewer, &settings).await?)
}

/// Sets how slow a chat is, as its moderators may too.
#[server]
pub async fn set_slow_mode(channel: UserId, seconds: String) -> Result<(), ApiError> {
    let (backend, visitor) = platform::visitor()?;
    Ok(backend.chat.set_slow(&visitor, channel, &seconds).await?)
}

/// What moderators did on a channel, for themselves and the owner.
#[server(input = GetUrl)]
pub async fn moderation_log(channel: UserId, before: Option<LogEntryId>) -> Result<chat::ModerationPage, ApiError> {
    let (backend, visitor) = platform::visitor()?;
    Ok(backend.chat.moderation_log(&visitor, channel, before).await?)
}
