//! Chat: who may read and write, and what everybody is told.
//!
//! Whoever reads a chat is somebody on it: a member by their account, a guest by where they come from.

mod former;
mod held;
mod moderation;
mod reactions;
mod sending;

pub use sending::Draft;

use crate::services::outbox;
use crate::{
    Result,
    client::Client,
    database::Database,
    events::{Events, Letter},
    key_ring::KeyRing,
    notifications::Notifications,
    presence::Presence,
    repositories::{
        blocks,
        chat_messages::{self, Reader},
        chat_rooms::{self, Room},
    },
};
use diesel_async::AsyncPgConnection;
use domain::{
    GuestId, MessageId, UserId,
    account::Viewer,
    chat::{
        AuthorId, ChatChange, ChatHistory, ChatMessage, ChatModes, ChatRole, ChatSettings, ChatSnapshot, PAGE_LENGTH,
        SNAPSHOT_LENGTH, Standing,
    },
    event::{Event, Topic},
};
use reactions::Waiting;
use std::sync::Arc;
use uuid::Uuid;

/// Who asks.
#[derive(Debug, Clone)]
pub struct Visitor {
    pub viewer: Option<Viewer>,
    /// Who was signed in before in the same browser, for a guest.
    pub former: Option<UserId>,
    pub client: Client,
}

impl Visitor {
    /// The member, for what guests never do.
    fn member(&self) -> Result<&Viewer> {
        Ok(self.viewer.as_ref().ok_or(domain::Error::Unauthenticated)?)
    }
}

/// A chat with the person who asks about it.
struct Seat {
    channel: UserId,
    author: AuthorId,
    role: ChatRole,
    room: Room,
}

impl Seat {
    fn modes(&self) -> ChatModes {
        self.room.settings.modes
    }
}

/// Chat. Cheap to clone.
#[derive(Clone)]
pub struct Chat {
    database: Database,
    events: Events,
    notifications: Notifications,
    key_ring: Arc<KeyRing>,
    presence: Presence,
    waiting: Waiting,
}

impl Chat {
    pub(crate) fn new(
        database: Database,
        events: Events,
        notifications: Notifications,
        key_ring: Arc<KeyRing>,
        presence: Presence,
    ) -> Self {
        Self { database, events, notifications, key_ring, presence, waiting: Waiting::default() }
    }

    /// The end of a chat and everything around it. Its position is read before its data: an event in between is seen twice
    /// rather than never.
    pub async fn snapshot(&self, visitor: &Visitor, channel: UserId) -> Result<ChatSnapshot> {
        let position = self.events.position();
        let mut connection = self.database.connection().await?;
        let seat = self.enter(&mut connection, visitor, channel).await?;
        let reader = reader(&mut connection, &seat).await?;
        let mut messages = chat_messages::page(&mut connection, channel, &reader, None, SNAPSHOT_LENGTH + 1).await?;
        let has_older = messages.len() > SNAPSHOT_LENGTH;
        messages.drain(..messages.len().saturating_sub(SNAPSHOT_LENGTH));
        let pin = chat_messages::pinned(&mut connection, channel, &reader).await?;
        let standing = Standing {
            author: seat.author,
            role: seat.role,
            is_following: seat.room.is_following,
            timed_out_until: seat.room.timed_out_until,
            hidden: reader.hidden,
        };
        let modes = seat.modes();
        // Whoever reads this is there, although their event connection is only opened by the page.
        let present = self.presence.present(channel).max(1);
        Ok(ChatSnapshot { position, channel, modes, standing, messages, has_older, pin, present })
    }

    /// What was said before a message.
    pub async fn history(&self, visitor: &Visitor, channel: UserId, before: MessageId) -> Result<ChatHistory> {
        let mut connection = self.database.connection().await?;
        let seat = self.enter(&mut connection, visitor, channel).await?;
        let reader = reader(&mut connection, &seat).await?;
        let mut messages = chat_messages::page(&mut connection, channel, &reader, Some(before), PAGE_LENGTH + 1).await?;
        let has_older = messages.len() > PAGE_LENGTH;
        messages.drain(..messages.len().saturating_sub(PAGE_LENGTH));
        Ok(ChatHistory { messages, has_older })
    }

    /// What the owner set for their chat.
    pub async fn settings(&self, viewer: &Viewer) -> Result<ChatSettings> {
        let mut connection = self.database.connection().await?;
        let room = chat_rooms::find(&mut connection, viewer.id, AuthorId::Member(viewer.id)).await?;
        Ok(room.ok_or_else(|| domain::Error::not_found("channel"))?.settings)
    }

    /// Finds out what somebody is on a channel. To those hidden from its owner there is no such channel.
    async fn enter(&self, connection: &mut AsyncPgConnection, visitor: &Visitor, channel: UserId) -> Result<Seat> {
        let author = self.author(visitor, channel)?;
        let room = chat_rooms::find(connection, channel, author).await?.filter(|room| !room.is_blocked);
        // Signing out is no way around a block.
        if let (None, Some(former)) = (&visitor.viewer, visitor.former)
            && blocks::exists_between(connection, former, channel).await?
        {
            return Err(domain::Error::not_found("channel").into());
        }
        let room = room.ok_or_else(|| domain::Error::not_found("channel"))?;
        let role = match author {
            AuthorId::Guest(_) => ChatRole::Guest,
            AuthorId::Member(member) if member == channel => ChatRole::Streamer,
            AuthorId::Member(_) if room.is_moderator => ChatRole::Moderator,
            AuthorId::Member(_) => ChatRole::Member,
        };
        Ok(Seat { channel, author, role, room })
    }

    /// A guest is told apart by their address, of which only a keyed hash is kept, a different one on each channel.
    fn author(&self, visitor: &Visitor, channel: UserId) -> Result<AuthorId> {
        if let Some(viewer) = &visitor.viewer {
            return Ok(AuthorId::Member(viewer.id));
        }
        let hash = self.key_ring.blind_index(&format!("guest|{channel}|{}", visitor.client.limit_key()));
        let bytes = hash.first_chunk::<16>().ok_or(crate::Error::Crypto("a hash is too short"))?;
        Ok(AuthorId::Guest(GuestId(Uuid::from_bytes(*bytes))))
    }

    /// Whom a held message is told to: those who keep order, and its author.
    async fn insiders(&self, connection: &mut AsyncPgConnection, channel: UserId, author: AuthorId) -> Result<Vec<Topic>> {
        let mut insiders = chat_rooms::moderators(connection, channel).await?;
        insiders.extend(author.member().filter(|author| !insiders.contains(author)));
        Ok(insiders.into_iter().map(Topic::Member).collect())
    }
}

/// Tells a change past the outbox: one that a page reads anew before long.
fn publish(events: &Events, topics: &[Topic], channel: UserId, change: &ChatChange) {
    match event(channel, None, change) {
        Ok(event) => events.publish(topics, &event),
        Err(error) => tracing::error!(%error, "a change of a chat cannot be told"),
    }
}

/// Puts into the outbox what everybody who reads the chat is told.
async fn write(
    connection: &mut AsyncPgConnection,
    channel: UserId,
    author: Option<UserId>,
    change: &ChatChange,
) -> Result<Letter> {
    outbox::write(connection, &[Topic::Chat(channel)], event(channel, author, change)?).await
}

fn event(channel: UserId, author: Option<UserId>, change: &ChatChange) -> Result<Event> {
    let json = serde_json::to_string(change);
    let change = json.map_err(|error| crate::Error::Setting(format!("a change of a chat cannot be encoded: {error}")))?;
    Ok(Event::Chat { channel, author, change })
}

/// Tells the pages of a member that what they are on a channel changed, as when they become its moderator.
pub(crate) fn tell_standing(events: &Events, channel: UserId, member: UserId) {
    let change = ChatChange::Standing { author: AuthorId::Member(member) };
    publish(events, &[Topic::Member(member)], channel, &change);
}

async fn reader(connection: &mut AsyncPgConnection, seat: &Seat) -> Result<Reader> {
    let hidden = match seat.author.member() {
        Some(member) => blocks::hidden_for(connection, member).await?,
        None => Vec::new(),
    };
    Ok(Reader { author: seat.author.uuid(), sees_held: seat.role.moderates(), hidden })
}

/// What is told of a new message.
fn added(message: &ChatMessage) -> ChatChange {
    ChatChange::Added { message: Box::new(for_everybody(message)) }
}

/// A message as it is told to everybody: nothing in it depends on who reads. What it quotes the readers have themselves, if
/// they may.
fn for_everybody(message: &ChatMessage) -> ChatMessage {
    let mut message = message.clone();
    if let Some(quote) = &mut message.reply_to {
        quote.text = None;
    }
    for reaction in &mut message.reactions {
        reaction.is_mine = false;
    }
    message
}
