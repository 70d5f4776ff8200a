//! Sending a message, and correcting it.

use super::{Chat, Seat, Visitor, added, event};
use crate::{
    Result,
    repositories::{
        chat_messages::{self, New, Reader},
        chat_rooms,
        untold_notifications::Audience,
    },
    services::{
        notifications::{self, News},
        outbox,
    },
};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use domain::{
    ClientId, Error, MessageId, UserId,
    chat::{AuthorId, ChatChange, ChatMessage, GuestName, MessageText, RATE, RATE_SECONDS, segment::mentions, text::excerpt},
    event::Topic,
    notification::{NewNotification, NotificationKind},
};
use uuid::Uuid;

/// A message as it comes in.
#[derive(Debug, Clone, Copy, Default)]
pub struct Draft<'a> {
    /// Given by the browser; a form without script has none.
    pub client: Option<ClientId>,
    pub text: &'a str,
    pub reply_to: Option<MessageId>,
    /// How a guest signs.
    pub guest_name: Option<&'a str>,
}

impl Chat {
    /// Takes a message. The same one sent twice is one message, and the second time as good an answer as the first.
    pub async fn send(&self, visitor: &Visitor, channel: UserId, draft: Draft<'_>) -> Result<ChatMessage> {
        let text: MessageText = draft.text.parse().map_err(|message: String| Error::invalid("text", message))?;
        let guest_name = match (&visitor.viewer, draft.guest_name) {
            (Some(_), _) => None,
            (None, name) => Some(name.unwrap_or_default()),
        };
        let client = draft.client.unwrap_or_else(|| ClientId(Uuid::new_v4()));
        let mut connection = self.database.connection().await?;
        // Without a letter it was here before.
        let (message, letter, news) = connection
            .transaction(async |connection| {
                let seat = self.enter(connection, visitor, channel).await?;
                chat_rooms::lock_author(connection, seat.author).await?;
                if let Some(known) = chat_messages::by_client(connection, seat.author, client).await? {
                    return Ok::<_, crate::Error>((found(connection, &seat, known).await?, None, None));
                }
                admit(&seat, text.as_str())?;
                let guest_name = guest_name.map(str::parse::<GuestName>).transpose();
                let guest_name = guest_name.map_err(|message| Error::invalid("guest_name", message))?;
                if guest_name.as_ref().is_some_and(|name| seat.room.settings.banned_words.forbid(name.as_str())) {
                    return Err(Error::invalid("guest_name", "Please sign with another name.").into());
                }
                check_pace(connection, &seat, text.as_str()).await?;
                let reply_to = answered(connection, &seat, draft.reply_to).await?;
                let new = New {
                    channel,
                    client,
                    author: seat.author,
                    guest_name: guest_name.as_ref().map(GuestName::as_str),
                    text: text.as_str(),
                    reply_to,
                    hold: seat.modes().hold(seat.role),
                };
                let id = chat_messages::insert(connection, &new).await?;
                if let Some(member) = seat.author.member() {
                    chat_messages::reward(connection, member).await?;
                }
                let message = found(connection, &seat, id).await?;
                let topics = if message.held_until.is_some() {
                    self.insiders(connection, channel, seat.author).await?
                } else {
                    vec![Topic::Chat(channel)]
                };
                let event = event(channel, seat.author.member(), &added(&message))?;
                let letter = outbox::write(connection, &topics, event).await?;
                let is_held = message.held_until.is_some();
                let news = if is_held { None } else { write_mentions(connection, channel, &message).await? };
                Ok((message, Some(letter), news))
            })
            .await?;
        drop(connection);
        if let Some(letter) = letter {
            self.events.send(letter);
        }
        self.notifications.tell(news).await;
        Ok(message)
    }

    /// Changes the words of one's own message, for a short while after it was sent.
    pub async fn edit(&self, visitor: &Visitor, id: MessageId, text: &str) -> Result<()> {
        let viewer = visitor.member()?;
        let text: MessageText = text.parse().map_err(|message: String| Error::invalid("text", message))?;
        let mut connection = self.database.connection().await?;
        let letter = connection
            .transaction(async |connection| {
                let (seat, stored) = self.enter_at(connection, visitor, id).await?;
                if stored.author != AuthorId::Member(viewer.id) {
                    return Err(Error::Forbidden.into());
                }
                admit(&seat, text.as_str())?;
                if !chat_messages::edit(connection, id, text.as_str()).await? {
                    return Err(Error::invalid("text", "A message can be edited for two minutes only.").into());
                }
                let topics = if stored.is_released {
                    vec![Topic::Chat(stored.channel)]
                } else {
                    self.insiders(connection, stored.channel, stored.author).await?
                };
                let change = ChatChange::Edited { message: id, text: text.as_str().to_owned() };
                outbox::write(connection, &topics, event(stored.channel, Some(viewer.id), &change)?).await
            })
            .await?;
        self.events.send(letter);
        Ok(())
    }

    /// Finds a message, and what the person who asks is where it was written.
    pub(super) async fn enter_at(
        &self,
        connection: &mut AsyncPgConnection,
        visitor: &Visitor,
        id: MessageId,
    ) -> Result<(Seat, chat_messages::Stored)> {
        let missing = || Error::not_found("message");
        let stored = chat_messages::find_stored(connection, id).await?.ok_or_else(missing)?;
        let seat = self.enter(connection, visitor, stored.channel).await?;
        // Somebody who may not see it learns nothing of it.
        let is_visible = stored.is_released || seat.role.moderates() || stored.author == seat.author;
        if is_visible { Ok((seat, stored)) } else { Err(missing().into()) }
    }
}

/// Notes that those are to be told who are mentioned in a message that everybody sees.
pub(super) async fn write_mentions(
    connection: &mut AsyncPgConnection,
    channel: UserId,
    message: &ChatMessage,
) -> Result<Option<News>> {
    // Guests could name anybody.
    let Some(author) = message.author.id.member() else { return Ok(None) };
    let names = mentions(&message.text);
    if names.is_empty() {
        return Ok(None);
    }
    let mentioned = chat_rooms::members_of(connection, channel, &names).await?;
    if mentioned.is_empty() {
        return Ok(None);
    }
    let words = excerpt(&message.text);
    let new = NewNotification { kind: NotificationKind::Mention, actor: Some(author), channel: Some(channel), words };
    notifications::write(connection, &Audience::Members(mentioned), new).await.map(Some)
}

/// A message as its author sees it.
async fn found(connection: &mut AsyncPgConnection, seat: &Seat, id: MessageId) -> Result<ChatMessage> {
    let reader = Reader { author: seat.author.uuid(), ..super::reader(connection, seat).await? };
    Ok(chat_messages::find(connection, id, &reader).await?.ok_or_else(|| Error::not_found("message"))?)
}

/// Whether somebody may write these words here and now.
fn admit(seat: &Seat, text: &str) -> Result<()> {
    seat.modes().admit(seat.role, seat.room.is_following)?;
    if seat.room.timed_out_until.is_some() {
        return Err(Error::invalid("chat", "A moderator asked you to wait before you write again.").into());
    }
    if !seat.role.moderates() && seat.room.settings.banned_words.forbid(text) {
        return Err(Error::invalid("text", "This channel does not allow some of these words.").into());
    }
    Ok(())
}

/// Whether somebody writes too much, too soon or the same again.
async fn check_pace(connection: &mut AsyncPgConnection, seat: &Seat, text: &str) -> Result<()> {
    let wait = |millis: u64| Error::RateLimited { retry_after_seconds: u32::try_from(millis.div_ceil(1000)).unwrap_or(1).max(1) };
    let recent = chat_messages::recent(connection, seat.author, RATE).await?;
    if let Some(oldest) = recent.get(RATE - 1).filter(|age| **age < RATE_SECONDS * 1000) {
        return Err(wait(RATE_SECONDS * 1000 - oldest).into());
    }
    let pause = u64::from(seat.modes().pause(seat.role)) * 1000;
    if pause > 0
        && let Some(last) = chat_messages::last_in_channel(connection, seat.author, seat.channel).await?
        && last < pause
    {
        return Err(wait(pause - last).into());
    }
    if chat_messages::is_repeated(connection, seat.author, seat.channel, text).await? {
        return Err(Error::invalid("text", "You wrote just that a moment ago.").into());
    }
    Ok(())
}

/// The message that is answered: one of this chat that everybody sees.
async fn answered(connection: &mut AsyncPgConnection, seat: &Seat, id: Option<MessageId>) -> Result<Option<MessageId>> {
    let Some(id) = id else { return Ok(None) };
    let stored = chat_messages::find_stored(connection, id).await?;
    let is_here = stored.is_some_and(|stored| stored.channel == seat.channel && stored.is_released);
    if is_here { Ok(Some(id)) } else { Err(Error::not_found("message").into()) }
}
