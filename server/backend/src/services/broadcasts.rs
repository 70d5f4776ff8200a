//! Broadcasts: they begin when media arrives, outlast a short absence of their publisher, and end.

mod watch;

use crate::{
    Error, Node, Result,
    database::Database,
    events::{Events, Letter},
    media::{self, Answer, MediaEvent, MediaLoad, MediaServer, Refusal},
    repositories::{
        clock,
        live_streams::{self, Arrival},
        nodes,
        notifications::were_told_live,
        untold_notifications::Audience,
    },
    services::{
        channels::write_change,
        notifications::{self, Notifications},
        outbox,
    },
    stream_topics,
};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use domain::{
    Category, UserId,
    event::{Event, Topic, ViewerCount},
    notification::{NewNotification, NotificationKind},
};
use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::{sync::mpsc, time::MissedTickBehavior};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use watch::Watch;

/// Viewer counts are stored and told at most this often.
const COUNT_INTERVAL: Duration = Duration::from_millis(250);
/// How often this server looks for broadcasts that are over.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);
/// How often this server gives a sign of life; well below the grace window, after which its streams count as dead.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(4);

/// Where the media of a stream is to be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    Here,
    /// At another server, which is reached at this address.
    Elsewhere(String),
}

/// Broadcasts. Cheap to clone.
#[derive(Clone)]
pub struct Broadcasts {
    database: Database,
    events: Events,
    media: Arc<dyn MediaServer>,
    notifications: Notifications,
    node: Arc<Node>,
    /// The session that publishes each channel here; as many as the media server takes publishers.
    publishers: Arc<Mutex<HashMap<UserId, String>>>,
    watch: Arc<Mutex<Watch>>,
}

impl Broadcasts {
    pub(crate) fn new(
        database: Database,
        events: Events,
        media: Arc<dyn MediaServer>,
        notifications: Notifications,
        node: Node,
    ) -> Self {
        Self { database, events, media, notifications, node: Arc::new(node), publishers: Arc::default(), watch: Arc::default() }
    }

    /// The id of this server, which a session's address names.
    pub fn node(&self) -> Uuid {
        self.node.id
    }

    /// How much media this server carries just now.
    pub fn media_load(&self) -> MediaLoad {
        self.media.load()
    }

    /// Accepts a publisher of a channel. The broadcast begins with its first media.
    pub async fn publish(&self, channel: UserId, offer: &str, host: Option<IpAddr>) -> Result<Answer, Refusal> {
        let answer = self.media.publish(channel, offer, host).await?;
        self.publishers().insert(channel, answer.session.clone());
        Ok(answer)
    }

    /// Accepts a viewer of a stream whose media is here.
    pub async fn watch(
        &self,
        channel: UserId,
        audience: media::Audience,
        offer: &str,
        host: Option<IpAddr>,
    ) -> Result<Answer, Refusal> {
        self.media.watch(channel, audience, offer, host).await
    }

    /// Where the media of a channel is, if it is live.
    pub async fn place(&self, channel: UserId) -> Result<Option<Place>> {
        let mut connection = self.database.connection().await?;
        let Some(node) = live_streams::node(&mut connection, channel).await? else { return Ok(None) };
        if node == self.node.id {
            return Ok(Some(Place::Here));
        }
        Ok(nodes::address(&mut connection, node).await?.map(Place::Elsewhere))
    }

    /// Where a session is that names its server.
    pub async fn place_of_node(&self, node: Uuid) -> Result<Option<Place>> {
        if node == self.node.id {
            return Ok(Some(Place::Here));
        }
        let mut connection = self.database.connection().await?;
        Ok(nodes::address(&mut connection, node).await?.map(Place::Elsewhere))
    }

    /// Ends a viewer's session at this server. False when there is none of this name.
    pub async fn close_viewer(&self, session: &str) -> bool {
        self.media.close(session).await
    }

    /// Ends everything that a person watches of one channel at this server.
    pub(crate) async fn close_viewer_of(&self, channel: UserId, viewer: UserId) {
        self.media.close_viewer(channel, viewer.0).await;
    }

    /// Ends a publisher's session at this server, and its broadcast: the publisher says that it is over.
    /// A session that another has taken over ends nothing. False when there is none of this name.
    pub async fn close_publisher(&self, session: &str) -> Result<bool> {
        let channel = self.publishers().iter().find(|(_, current)| *current == session).map(|(channel, _)| *channel);
        let was_open = self.media.close(session).await;
        if let Some(channel) = channel {
            self.end(channel).await?;
        }
        Ok(was_open || channel.is_some())
    }

    /// Ends a channel's broadcast at once, without the grace window: its publisher said so.
    pub async fn end(&self, channel: UserId) -> Result<()> {
        let mut connection = self.database.connection().await?;
        let ended = connection.transaction(async |connection| end_within(connection, channel).await).await?;
        drop(connection);
        self.close_ended(channel, ended).await;
        Ok(())
    }

    /// Cuts the publisher off because its right is gone, and ends what it sent.
    pub(crate) async fn stop_publisher(&self, channel: UserId) -> Result<()> {
        self.end(channel).await
    }

    /// Cuts off everybody at a channel whose broadcast was ended, and says so if there was one.
    pub(crate) async fn close_ended(&self, channel: UserId, ended: Option<Letter>) {
        self.close_stream(channel).await;
        if let Some(letter) = ended {
            self.events.send(letter);
        }
    }

    /// Follows the media server and the clock until `stopped`. One task per server runs this.
    pub async fn run(&self, mut media: mpsc::Receiver<MediaEvent>, stopped: CancellationToken) {
        let mut sweep = tokio::time::interval(SWEEP_INTERVAL);
        let mut keep_alive = tokio::time::interval(KEEP_ALIVE_INTERVAL);
        let mut count = tokio::time::interval(COUNT_INTERVAL);
        for interval in [&mut sweep, &mut keep_alive, &mut count] {
            interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        }
        let mut counts: HashMap<UserId, u32> = HashMap::new();
        // What the media server said and the database has not taken yet, the newest word per channel.
        let mut pending: BTreeMap<UserId, bool> = BTreeMap::new();
        loop {
            let outcome = tokio::select! {
                () = stopped.cancelled() => break,
                event = media.recv() => match event {
                    None => break,
                    Some(MediaEvent::Viewers { channel, viewers }) => {
                        counts.insert(channel, viewers);
                        Ok(())
                    }
                    Some(MediaEvent::Started { channel }) => {
                        pending.insert(channel, true);
                        self.settle(&mut pending).await
                    }
                    Some(MediaEvent::Interrupted { channel }) => {
                        pending.insert(channel, false);
                        self.settle(&mut pending).await
                    }
                },
                _ = sweep.tick() => self.settle(&mut pending).await.and(self.sweep().await),
                _ = keep_alive.tick() => self.keep_alive().await,
                _ = count.tick(), if !counts.is_empty() => self.count(&mut counts).await,
            };
            if let Err(error) = outcome {
                tracing::warn!(%error, "what is live could not be stored; it is tried again");
            }
        }
        if let Err(error) = self.leave().await {
            tracing::warn!(%error, "the other servers could not be told that this one stops");
        }
    }

    /// Stores what the media server said, and keeps what the database does not take.
    async fn settle(&self, pending: &mut BTreeMap<UserId, bool>) -> Result<()> {
        while let Some((channel, is_sending)) = pending.first_key_value().map(|(channel, sending)| (*channel, *sending)) {
            if is_sending {
                self.arrive(channel).await?;
            } else {
                self.interrupt(channel).await?;
            }
            pending.remove(&channel);
        }
        Ok(())
    }

    async fn arrive(&self, channel: UserId) -> Result<()> {
        let mut connection = self.database.connection().await?;
        let node = self.node.id;
        let arrived = connection
            .transaction(async |connection| match live_streams::arrive(connection, channel, node).await? {
                None => Ok(None),
                Some(Arrival::Returned) => write_change(connection, channel, None).await.map(|letter| Some((None, letter))),
                Some(Arrival::Began) => {
                    let Some(stream) = live_streams::find(connection, channel).await? else { return Ok(None) };
                    let (topics, title) = (stream_topics(&stream), stream.title.clone());
                    let letter = outbox::write(connection, &topics, Event::StreamStarted { stream }).await?;
                    if were_told_live(connection, channel).await? {
                        return Ok(Some((None, letter)));
                    }
                    let new = NewNotification { kind: NotificationKind::Live, actor: Some(channel), channel: None, words: title };
                    let news = notifications::write(connection, &Audience::Followers, new).await?;
                    Ok::<_, Error>(Some((Some(news), letter)))
                }
            })
            .await?;
        drop(connection);
        let Some((news, letter)) = arrived else {
            self.close_stream(channel).await;
            return Ok(());
        };
        self.events.send(letter);
        if news.is_some() {
            // There may be many to tell; what happens on air does not wait for it.
            let notifications = self.notifications.clone();
            tokio::spawn(async move { notifications.tell(news).await });
        }
        Ok(())
    }

    async fn interrupt(&self, channel: UserId) -> Result<()> {
        let mut connection = self.database.connection().await?;
        let node = self.node.id;
        let letter = connection
            .transaction(async |connection| {
                if !live_streams::interrupt(connection, channel, node).await? {
                    return Ok(None);
                }
                write_change(connection, channel, None).await.map(Some)
            })
            .await?;
        if let Some(letter) = letter {
            self.events.send(letter);
        }
        Ok(())
    }

    /// Ends the broadcasts that are over, whichever server they were at, and what people watch here across a new block.
    pub async fn sweep(&self) -> Result<()> {
        let mut connection = self.database.connection().await?;
        let (ended, letters) = connection
            .transaction(async |connection| {
                let clock = clock(connection).await?;
                let can_tell = self.watch.lock().unwrap_or_else(PoisonError::into_inner).look(Instant::now(), clock);
                let ended = if can_tell { live_streams::end_overdue(connection).await? } else { Vec::new() };
                let letters = outbox::write_all(connection, ended.iter().map(|(channel, category)| end(*channel, *category)));
                let letters = letters.await?;
                Ok::<_, Error>((ended, letters))
            })
            .await?;
        let blocked = live_streams::newly_blocked(&mut connection, self.node.id).await?;
        drop(connection);
        for (channel, viewer) in blocked {
            self.close_viewer_of(channel, viewer).await;
        }
        for ((channel, _), letter) in ended.into_iter().zip(letters) {
            self.close_ended(channel, Some(letter)).await;
        }
        Ok(())
    }

    async fn keep_alive(&self) -> Result<()> {
        let mut connection = self.database.connection().await?;
        nodes::upsert(&mut connection, self.node.id, &self.node.address).await?;
        Ok(live_streams::keep_alive(&mut connection, self.node.id).await?)
    }

    /// Stores and tells the viewer counts that changed, each reader one event.
    async fn count(&self, counts: &mut HashMap<UserId, u32>) -> Result<()> {
        let changed: Vec<(UserId, u32)> = counts.iter().map(|(channel, viewers)| (*channel, *viewers)).collect();
        let mut connection = self.database.connection().await?;
        let stored = live_streams::set_viewers(&mut connection, self.node.id, &changed).await?;
        counts.clear();
        let mut by_category: BTreeMap<Category, Vec<ViewerCount>> = BTreeMap::new();
        for count in &stored {
            by_category.entry(count.category).or_default().push(*count);
            self.events.publish(&[Topic::Channel(count.channel)], &Event::Viewers { counts: vec![*count] });
        }
        for (category, counts) in by_category {
            self.events.publish(&[Topic::Category(category)], &Event::Viewers { counts });
        }
        if !stored.is_empty() {
            self.events.publish(&[Topic::Streams], &Event::Viewers { counts: stored });
        }
        Ok(())
    }

    /// Opens the grace window of everything here, so that publishers may go on at another server.
    async fn leave(&self) -> Result<()> {
        let mut connection = self.database.connection().await?;
        let node = self.node.id;
        let letters = connection
            .transaction(async |connection| {
                let mut letters = Vec::new();
                for channel in live_streams::interrupt_all(connection, node).await? {
                    letters.push(write_change(connection, channel, None).await?);
                }
                Ok::<_, Error>(letters)
            })
            .await?;
        self.events.send_all(letters);
        Ok(nodes::delete(&mut connection, self.node.id).await?)
    }

    async fn close_stream(&self, channel: UserId) {
        self.publishers().remove(&channel);
        self.media.close_stream(channel).await;
    }

    fn publishers(&self) -> MutexGuard<'_, HashMap<UserId, String>> {
        self.publishers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends the broadcast of a channel, if one runs, within a transaction of its caller.
pub(crate) async fn end_within(connection: &mut AsyncPgConnection, channel: UserId) -> Result<Option<Letter>> {
    let Some(category) = live_streams::end(connection, channel).await? else { return Ok(None) };
    let (topics, event) = end(channel, category);
    outbox::write(connection, &topics, event).await.map(Some)
}

/// What is told of an end.
fn end(channel: UserId, category: Category) -> (Vec<Topic>, Event) {
    (vec![Topic::Streams, Topic::Category(category), Topic::Channel(channel)], Event::StreamEnded { channel, category })
}
