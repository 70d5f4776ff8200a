//! Everything that touches PostgreSQL or Redis. Knows neither HTTP nor the user interface.
//!
//! A repository is SQL, a service is an operation: rule, transaction, commit, and only then what others are told.

pub mod cache;
pub mod client;
pub mod cluster;
pub mod database;
pub mod error;
pub mod events;
pub mod key_ring;
pub mod limits;
mod markdown;
pub mod media;
mod passwords;
pub mod pictures;
pub mod presence;
mod repositories;
mod schema;
pub mod secrets;
pub mod services;
#[cfg(feature = "testing")]
pub mod testing;
mod tokens;

pub use error::{Error, Result};
pub use services::{
    accounts, blocks, broadcasts, channels, chat, community, demo, follows, notifications, outbox, performance, personal_data,
    profiles, search, stream_keys, streams, surroundings,
};

use cache::Cache;
use database::Database;
use domain::{Category, event::Topic, stream::StreamScope};
use events::{BusSettings, Events};
use futures::future::try_join_all;
use limits::Limits;
use media::MediaServer;
use secrets::Secrets;
use std::{ops::Deref, sync::Arc};
use uuid::Uuid;

/// The one handle to everything. Cheap to clone: every request has one.
#[derive(Clone)]
pub struct Backend(Arc<Services>);

impl Deref for Backend {
    type Target = Services;

    fn deref(&self) -> &Services {
        &self.0
    }
}

/// Everything, a field per service.
pub struct Services {
    pub accounts: accounts::Accounts,
    pub blocks: blocks::Blocks,
    pub broadcasts: broadcasts::Broadcasts,
    pub channels: channels::Channels,
    pub chat: chat::Chat,
    pub community: community::Community,
    pub demo: demo::Demo,
    pub follows: follows::Follows,
    pub notifications: notifications::Notifications,
    pub outbox: outbox::Outbox,
    pub performance: performance::Performance,
    pub personal_data: personal_data::PersonalData,
    pub pictures: services::pictures::Pictures,
    pub presence: presence::Presence,
    pub profiles: profiles::Profiles,
    pub search: search::Search,
    pub stream_keys: stream_keys::StreamKeys,
    pub streams: streams::Streams,
    pub surroundings: surroundings::Surroundings,
    pub cache: Cache,
    pub events: Events,
    pub limits: Limits,
    pub database: Database,
    /// The address that people use, without a slash at the end.
    pub public_origin: Arc<str>,
}

/// What distinguishes this server process from others on the same database.
#[derive(Debug, Clone)]
pub struct Node {
    /// New at every start: a restarted server has none of the media it had before.
    pub id: Uuid,
    /// Where the other servers reach this one, for example `http://10.0.0.2:3000`.
    pub address: String,
}

/// What all servers of an installation have in common.
pub struct Installation<'a> {
    /// The address that people use, without a slash at the end.
    pub public_origin: &'a str,
    pub pictures: pictures::Store,
    /// How long what visitors read is kept.
    pub cache: cache::Settings,
    /// Where it is kept for the other servers, too, and where they say who is present.
    pub redis: Option<&'a BusSettings>,
}

impl Backend {
    /// Puts the services together.
    pub fn new(
        database: Database,
        events: Events,
        limits: Limits,
        media: Arc<dyn MediaServer>,
        secrets: &Secrets,
        node: Node,
        installation: Installation<'_>,
    ) -> Result<Self> {
        let Installation { public_origin, pictures, cache, redis } = installation;
        let sessions = cache.sessions;
        let cache = Cache::new(cache, redis, &events)?;
        let key_ring = Arc::new(secrets.key_ring()?);
        let notifications = notifications::Notifications::new(database.clone(), events.clone());
        let presence =
            presence::Presence::new(node.id, events.clone(), Arc::clone(&key_ring), redis, presence::Times::default())?;
        let broadcasts = broadcasts::Broadcasts::new(database.clone(), events.clone(), media, notifications.clone(), node);
        let stream_keys = stream_keys::StreamKeys::new(database.clone(), Arc::clone(&key_ring), broadcasts.clone());
        let accounts = accounts::Accounts::new(database.clone(), events.clone(), limits.clone(), sessions)?;
        let personal_data = personal_data::PersonalData::new(
            database.clone(),
            events.clone(),
            limits.clone(),
            accounts.clone(),
            broadcasts.clone(),
        );
        Ok(Self(Arc::new(Services {
            personal_data,
            pictures: services::pictures::Pictures::new(database.clone(), events.clone(), accounts.clone(), pictures),
            search: search::Search::new(database.clone(), events.clone()),
            profiles: profiles::Profiles::new(database.clone(), events.clone()),
            accounts,
            blocks: blocks::Blocks::new(database.clone(), events.clone(), broadcasts.clone()),
            channels: channels::Channels::new(database.clone(), events.clone(), &cache, public_origin),
            chat: chat::Chat::new(database.clone(), events.clone(), notifications.clone(), key_ring, presence.clone()),
            community: community::Community::new(database.clone(), events.clone(), notifications.clone()),
            demo: demo::Demo::new(database.clone(), stream_keys.clone())?,
            follows: follows::Follows::new(database.clone(), events.clone(), notifications.clone()),
            notifications,
            presence,
            outbox: outbox::Outbox::new(database.clone(), events.clone()),
            performance: performance::Performance::new(database.clone(), events.clone(), broadcasts.clone(), cache.clone()),
            stream_keys,
            streams: streams::Streams::new(database.clone(), events.clone(), &cache),
            surroundings: surroundings::Surroundings::new(database.clone(), events.clone(), &cache),
            broadcasts,
            cache,
            events,
            limits,
            database,
            public_origin: public_origin.into(),
        })))
    }

    /// Reads what the first visitors will ask for, so that none of them waits for it.
    ///
    /// All at once, so that there are some connections to the database as well.
    pub async fn warm_up(&self) -> Result<()> {
        let categories = Category::ALL.map(|category| StreamScope::Category { category, page: 1 });
        let lists = [StreamScope::Home].into_iter().chain(categories).map(|scope| self.streams.snapshot(scope, None));
        tokio::try_join!(self.surroundings.of(None), try_join_all(lists))?;
        Ok(())
    }
}

/// The topics that an event about a live stream concerns.
fn stream_topics(stream: &domain::stream::StreamCard) -> [Topic; 3] {
    [Topic::Streams, Topic::Category(stream.category), Topic::Channel(stream.channel)]
}
