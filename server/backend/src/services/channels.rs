//! Channels: their public page, and what their owners set.

use crate::{
    Result,
    cache::{Answer, Cache, Cached, Shelf, lifetimes::Key},
    database::Database,
    events::{Events, Letter},
    markdown,
    repositories::{blocks, broadcasts, channels, follows, live_streams, pictures, schedule, social_links},
    services::outbox,
    stream_topics,
};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use domain::{
    Category, UserId,
    account::Viewer,
    channel::{About, ChannelPage, OwnChannel, StreamSettings},
    event::{Event, Position, Topic},
    follow::FollowState,
    level::Level,
    user::Username,
};
use std::sync::Arc;

/// Channels. Cheap to clone.
#[derive(Clone)]
pub struct Channels {
    database: Database,
    events: Events,
    public_origin: Arc<str>,
    /// Pages as readers see them who are not signed in.
    shelf: Shelf<ChannelPage>,
}

impl Channels {
    pub(crate) fn new(database: Database, events: Events, cache: &Cache, public_origin: &str) -> Self {
        Self { database, events, public_origin: public_origin.into(), shelf: cache.shelf() }
    }

    /// The public page of a channel. To who is hidden from its owner there is none.
    pub async fn page(&self, username: &str, reader: Option<UserId>) -> Result<ChannelPage> {
        Ok(self.answer(username, reader).await?.value)
    }

    /// The same, and how old that is.
    pub async fn answer(&self, username: &str, reader: Option<UserId>) -> Result<Answer<ChannelPage>> {
        let position = self.events.position();
        let name = parse(username)?;
        let (database, public_origin) = (self.database.clone(), Arc::clone(&self.public_origin));
        let key = Key::Channel(name.as_str().to_lowercase());
        let load = move |position| {
            let (database, public_origin, name) = (database.clone(), Arc::clone(&public_origin), name.clone());
            async move { read_page(&database, &public_origin, position, &name).await }
        };
        let mut answer = Box::pin(self.shelf.get(key, load)).await?;
        if let Some(reader) = reader {
            let page = &mut answer.value;
            let mut connection = self.database.connection().await?;
            if blocks::exists_between(&mut connection, reader, page.channel).await? {
                return Err(unknown().into());
            }
            page.follow.is_own = reader == page.channel;
            page.follow.is_following =
                !page.follow.is_own && follows::is_following(&mut connection, reader, page.channel).await?;
            page.position = page.position.not_after(position);
        }
        Ok(answer)
    }

    /// The viewer's own channel, for the dashboard.
    pub async fn own(&self, viewer: &Viewer) -> Result<OwnChannel> {
        // Never what is kept: it fills the form in which the owner changes it.
        let mut page = read_page(&self.database, &self.public_origin, self.events.position(), &viewer.username).await?;
        page.follow.is_own = true;
        let mut connection = self.database.connection().await?;
        let thumbnail = pictures::thumbnail(&mut connection, viewer.id).await?;
        Ok(OwnChannel { page, thumbnail, whip_url: format!("{}/whip", self.public_origin) })
    }

    /// Sets title and category of the viewer's channel; a running broadcast shows them at once.
    pub async fn update_stream(&self, viewer: &Viewer, title: &str, category: &str) -> Result<()> {
        let settings = StreamSettings::parse(title, category)?;
        let mut connection = self.database.connection().await?;
        let letter = connection
            .transaction(async |connection| {
                let before = channels::update(connection, viewer.id, &settings).await?;
                let before = before.ok_or_else(|| domain::Error::not_found("channel"))?;
                write_change(connection, viewer.id, Some(before)).await
            })
            .await?;
        self.events.send(letter);
        Ok(())
    }

    /// The channel with this username, as far as the reader may know of it.
    pub async fn id(&self, username: &str, reader: Option<UserId>) -> Result<UserId> {
        let mut connection = self.database.connection().await?;
        Ok(find(&mut connection, username, reader).await?.id)
    }
}

/// Puts into the outbox what a channel looks like now, as a live stream or without one. `before` is a category it may have
/// left.
pub(crate) async fn write_change(
    connection: &mut AsyncPgConnection,
    channel: UserId,
    before: Option<Category>,
) -> Result<Letter> {
    if let Some(stream) = live_streams::find(connection, channel).await? {
        let mut topics = stream_topics(&stream).to_vec();
        let previous_category = before.unwrap_or(stream.category);
        if previous_category != stream.category {
            topics.push(Topic::Category(previous_category));
        }
        return outbox::write(connection, &topics, Event::StreamUpdated { stream, previous_category }).await;
    }
    let facts = channels::facts(connection, channel).await?;
    let (display_name, title, category) = facts.ok_or_else(|| domain::Error::not_found("channel"))?;
    let event = Event::ChannelUpdated { channel, display_name, title, category, presentation: None };
    outbox::write(connection, &[Topic::Channel(channel)], event).await
}

impl Cached for ChannelPage {
    fn topics(&self, _key: &Key) -> Vec<Topic> {
        vec![Topic::Channel(self.channel)]
    }

    fn position_mut(&mut self) -> &mut Position {
        &mut self.position
    }
}

/// The page of a channel for a reader without an account.
async fn read_page(database: &Database, public_origin: &str, position: Position, name: &Username) -> Result<ChannelPage> {
    let mut connection = database.connection().await?;
    let channel = channels::find_by_username(&mut connection, name).await?.ok_or_else(unknown)?;
    let upcoming = schedule::upcoming(&mut connection, Some(channel.id), &[]).await?;
    let followers = follows::count(&mut connection, channel.id).await?;
    let last_broadcast = broadcasts::last(&mut connection, channel.id).await?;
    let about = About {
        level: Level::of_xp(channel.xp),
        member_since: channel.member_since,
        // A few microseconds for 500 characters; a stored copy would have to be kept true.
        bio: markdown::rich_text(&channel.bio),
        links: social_links::list(&mut connection, channel.id).await?,
    };
    Ok(ChannelPage {
        position,
        channel: channel.id,
        address: format!("{public_origin}/{}", channel.username),
        username: channel.username,
        display_name: channel.display_name,
        title: channel.title,
        category: channel.category,
        avatar: channel.avatar,
        cover: channel.thumbnail.or(channel.preview),
        live: channel.live,
        follow: FollowState { followers, ..FollowState::default() },
        last_broadcast,
        upcoming,
        about,
    })
}

/// The channel with this username. Hidden from the reader, it is not found.
async fn find(connection: &mut AsyncPgConnection, username: &str, reader: Option<UserId>) -> Result<channels::Channel> {
    let channel = channels::find_by_username(connection, &parse(username)?).await?.ok_or_else(unknown)?;
    if let Some(reader) = reader
        && blocks::exists_between(connection, reader, channel.id).await?
    {
        return Err(unknown().into());
    }
    Ok(channel)
}

/// What cannot be a name names nobody; no need to ask.
fn parse(username: &str) -> Result<Username, domain::Error> {
    username.parse().map_err(|_not_a_name: String| unknown())
}

fn unknown() -> domain::Error {
    domain::Error::not_found("channel")
}
