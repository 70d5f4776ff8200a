//! Keeping order: what moderators may do, and the log of it.

use super::{Chat, Seat, Visitor, for_everybody, write};
use crate::{
    Result,
    repositories::{
        chat_messages::{self, Reader},
        chat_rooms, moderation_log,
        untold_notifications::Audience,
    },
    services::notifications::{self, News},
};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use domain::{
    Error, LogEntryId, MessageId, UserId,
    account::Viewer,
    chat::{
        AuthorId, ChatChange, ChatModes, ChatSettings, ModerationAction, ModerationPage, PAGE_LENGTH, TIMEOUT_MINUTES,
        modes::parse_seconds, text::excerpt,
    },
    notification::{NewNotification, NotificationKind},
};

impl Chat {
    /// Deletes a message: one's own, or any as a moderator.
    pub async fn delete(&self, visitor: &Visitor, id: MessageId) -> Result<()> {
        let viewer = visitor.member()?;
        let mut connection = self.database.connection().await?;
        let (letter, news) = connection
            .transaction(async |connection| {
                let (seat, stored) = self.enter_at(connection, visitor, id).await?;
                let is_own = stored.author == seat.author;
                if !is_own {
                    require_moderator(&seat)?;
                }
                if !chat_messages::delete(connection, id, Some(viewer.id)).await? {
                    return Err(Error::not_found("message").into());
                }
                if !is_own {
                    let (action, channel) = (ModerationAction::Delete, stored.channel);
                    moderation_log::insert(connection, channel, viewer.id, action, Some(&stored.name), &stored.text).await?;
                }
                let letter = write(connection, stored.channel, None, &ChatChange::Removed { message: id }).await?;
                let words = format!("deleted: {}", excerpt(&stored.text));
                let news =
                    if is_own { None } else { write_news(connection, viewer, stored.channel, stored.author, words).await? };
                Ok::<_, crate::Error>((letter, news))
            })
            .await?;
        drop(connection);
        self.events.send(letter);
        self.notifications.tell(news).await;
        Ok(())
    }

    /// Deletes everything that somebody wrote on a channel.
    pub async fn clear(&self, visitor: &Visitor, channel: UserId, author: AuthorId) -> Result<()> {
        let viewer = visitor.member()?;
        let mut connection = self.database.connection().await?;
        let (letter, news) = connection
            .transaction(async |connection| {
                let seat = self.enter(connection, visitor, channel).await?;
                let name = subject(connection, &seat, author).await?;
                let n = chat_messages::clear(connection, channel, author, viewer.id).await?;
                let (action, detail) = (ModerationAction::Clear, n.to_string());
                moderation_log::insert(connection, channel, viewer.id, action, Some(&name), &detail).await?;
                let letter = write(connection, channel, None, &ChatChange::Cleared { author }).await?;
                let news = write_news(connection, viewer, channel, author, "removed your messages".to_owned()).await?;
                Ok::<_, crate::Error>((letter, news))
            })
            .await?;
        drop(connection);
        self.events.send(letter);
        self.notifications.tell(news).await;
        Ok(())
    }

    /// Keeps somebody from writing for so many minutes; 0 lets them write again.
    pub async fn time_out(&self, visitor: &Visitor, channel: UserId, author: AuthorId, minutes: u32) -> Result<()> {
        let viewer = visitor.member()?;
        if minutes != 0 && !TIMEOUT_MINUTES.contains(&minutes) {
            return Err(Error::invalid("minutes", "Choose 1, 10 or 60 minutes.").into());
        }
        let mut connection = self.database.connection().await?;
        let (letter, news) = connection
            .transaction(async |connection| {
                let seat = self.enter(connection, visitor, channel).await?;
                let name = subject(connection, &seat, author).await?;
                let (until, action) = if minutes == 0 {
                    chat_rooms::end_time_out(connection, channel, author).await?;
                    (None, ModerationAction::EndTimeOut)
                } else {
                    let until = chat_rooms::time_out(connection, channel, author, minutes).await?;
                    (Some(until), ModerationAction::TimeOut)
                };
                let detail = if minutes == 0 { String::new() } else { format!("{minutes} min") };
                moderation_log::insert(connection, channel, viewer.id, action, Some(&name), &detail).await?;
                let letter = write(connection, channel, None, &ChatChange::TimedOut { author, until }).await?;
                let words = format!("timed you out for {minutes} min");
                let news = if minutes == 0 { None } else { write_news(connection, viewer, channel, author, words).await? };
                Ok::<_, crate::Error>((letter, news))
            })
            .await?;
        drop(connection);
        self.events.send(letter);
        self.notifications.tell(news).await;
        Ok(())
    }

    /// Pins a message above the chat, instead of the one that was pinned.
    pub async fn pin(&self, visitor: &Visitor, id: MessageId) -> Result<()> {
        let viewer = visitor.member()?;
        let mut connection = self.database.connection().await?;
        let letter = connection
            .transaction(async |connection| {
                let (seat, stored) = self.enter_at(connection, visitor, id).await?;
                require_moderator(&seat)?;
                if !stored.is_released {
                    return Err(Error::invalid("message", "Not everybody sees this message yet.").into());
                }
                chat_rooms::pin(connection, stored.channel, id).await?;
                let (action, detail) = (ModerationAction::Pin, excerpt(&stored.text));
                moderation_log::insert(connection, stored.channel, viewer.id, action, Some(&stored.name), &detail).await?;
                let pin = chat_messages::find(connection, id, &Reader::of_everything()).await?;
                let pin = pin.map(|pin| Box::new(for_everybody(&pin)));
                write(connection, stored.channel, stored.author.member(), &ChatChange::Pinned { pin }).await
            })
            .await?;
        self.events.send(letter);
        Ok(())
    }

    /// Takes the pinned message down.
    pub async fn unpin(&self, visitor: &Visitor, channel: UserId) -> Result<()> {
        let viewer = visitor.member()?;
        let mut connection = self.database.connection().await?;
        let letter = connection
            .transaction(async |connection| {
                require_moderator(&self.enter(connection, visitor, channel).await?)?;
                let Some(id) = chat_rooms::unpin(connection, channel).await? else { return Ok(None) };
                let stored = chat_messages::find_stored(connection, id).await?;
                let name = stored.map(|stored| stored.name);
                moderation_log::insert(connection, channel, viewer.id, ModerationAction::Unpin, name.as_deref(), "").await?;
                write(connection, channel, None, &ChatChange::Pinned { pin: None }).await.map(Some)
            })
            .await?;
        if let Some(letter) = letter {
            self.events.send(letter);
        }
        Ok(())
    }

    /// Sets everything about the viewer's own chat.
    pub async fn set(&self, viewer: &Viewer, settings: &ChatSettings) -> Result<()> {
        let channel = viewer.id;
        let mut connection = self.database.connection().await?;
        let letter = connection
            .transaction(async |connection| {
                chat_rooms::set(connection, channel, settings).await?;
                let detail = described(settings.modes);
                moderation_log::insert(connection, channel, viewer.id, ModerationAction::Modes, None, &detail).await?;
                write(connection, channel, None, &ChatChange::Modes { modes: settings.modes }).await
            })
            .await?;
        self.events.send(letter);
        Ok(())
    }

    /// Sets how slow a chat is, as its moderators may too.
    pub async fn set_slow(&self, visitor: &Visitor, channel: UserId, seconds: &str) -> Result<()> {
        let viewer = visitor.member()?;
        let slow_seconds = parse_seconds(seconds, ChatModes::MAX_SLOW).map_err(|message| Error::invalid("seconds", message))?;
        let mut connection = self.database.connection().await?;
        let letter = connection
            .transaction(async |connection| {
                let seat = self.enter(connection, visitor, channel).await?;
                require_moderator(&seat)?;
                let modes = ChatModes { slow_seconds, ..seat.modes() };
                chat_rooms::set_slow(connection, channel, slow_seconds).await?;
                let detail = described(modes);
                moderation_log::insert(connection, channel, viewer.id, ModerationAction::Modes, None, &detail).await?;
                write(connection, channel, None, &ChatChange::Modes { modes }).await
            })
            .await?;
        self.events.send(letter);
        Ok(())
    }

    /// What moderators did on a channel, for themselves and the owner.
    pub async fn moderation_log(&self, visitor: &Visitor, channel: UserId, before: Option<LogEntryId>) -> Result<ModerationPage> {
        visitor.member()?;
        let mut connection = self.database.connection().await?;
        require_moderator(&self.enter(&mut connection, visitor, channel).await?)?;
        let mut entries = moderation_log::page(&mut connection, channel, before, PAGE_LENGTH + 1).await?;
        let has_older = entries.len() > PAGE_LENGTH;
        entries.truncate(PAGE_LENGTH);
        Ok(ModerationPage { entries, has_older })
    }

    /// Removes time-outs that are over.
    pub async fn forget_time_outs(&self) -> Result<usize> {
        let mut connection = self.database.connection().await?;
        Ok(chat_rooms::forget_time_outs(&mut connection).await?)
    }
}

/// Notes that a member is to be told what was done to them. Guests are not.
async fn write_news(
    connection: &mut AsyncPgConnection,
    viewer: &Viewer,
    channel: UserId,
    author: AuthorId,
    words: String,
) -> Result<Option<News>> {
    let Some(member) = author.member() else { return Ok(None) };
    let new = NewNotification { kind: NotificationKind::Moderation, actor: Some(viewer.id), channel: Some(channel), words };
    notifications::write(connection, &Audience::Members(vec![member]), new).await.map(Some)
}

fn require_moderator(seat: &Seat) -> Result<()> {
    if seat.role.moderates() { Ok(()) } else { Err(Error::Forbidden.into()) }
}

/// The name of somebody whom this person may act against. Moderators keep their hands off each other and the owner, and
/// nobody acts against themselves.
async fn subject(connection: &mut AsyncPgConnection, seat: &Seat, author: AuthorId) -> Result<String> {
    require_moderator(seat)?;
    let is_owner = seat.author == AuthorId::Member(seat.channel);
    let is_protected = match author {
        AuthorId::Member(member) if !is_owner => chat_rooms::moderators(connection, seat.channel).await?.contains(&member),
        _ => false,
    };
    if is_protected || author == seat.author {
        return Err(Error::Forbidden.into());
    }
    let name = chat_rooms::name_of(connection, seat.channel, author).await?;
    Ok(name.ok_or_else(|| Error::not_found("person"))?)
}

/// The modes in words, for the log.
fn described(modes: ChatModes) -> String {
    let mut words = vec![if modes.is_enabled { "on" } else { "off" }.to_owned()];
    if modes.allows_guests {
        words.push("guests may write".to_owned());
    }
    if modes.followers_only {
        words.push("followers only".to_owned());
    }
    if modes.slow_seconds > 0 {
        words.push(format!("slow {} s", modes.slow_seconds));
    }
    if modes.held_seconds > 0 {
        words.push(format!("held {} s", modes.held_seconds));
    }
    words.join(", ")
}
