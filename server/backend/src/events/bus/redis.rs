//! Redis as the way between servers: a channel for who listens, and beside it a capped stream for who has missed something.

use super::{
    BusSettings, Tasks,
    channel::{self, Heard},
    message::Message,
    receiver::Input,
};
use crate::{Error, Result};
use fred::{
    clients::SubscriberClient,
    interfaces::{ClientLike, KeysInterface, PubsubInterface, StreamsInterface},
    prelude::Client,
    types::{
        Builder, SetOptions, Value,
        config::{Config, ReconnectPolicy, UnresponsiveConfig},
        streams::XReadValue,
    },
};
use secrecy::ExposeSecret;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::sync::mpsc;
use uuid::Uuid;

/// Messages that the stream keeps at least.
const STREAM_LENGTH: u64 = 4096;
/// After how long Redis counts as away. PostgreSQL must still have the time to be quicker than two seconds.
const COMMAND_TIME: Duration = Duration::from_millis(750);
/// After how long without an answer another connection is made.
const SILENCE: Duration = Duration::from_secs(3);
/// How often a Redis that was away is asked whether it is back.
const PROBE_INTERVAL: Duration = Duration::from_millis(250);

/// Cheap to clone.
#[derive(Clone)]
pub(super) struct Redis {
    client: Client,
    channel: Arc<str>,
    stream: Arc<str>,
    epoch: Arc<str>,
    is_up: Arc<AtomicBool>,
}

impl Redis {
    /// Starts the connections. A Redis that is away is tried again for ever; only a wrong address is an error.
    /// What is heard goes to `inputs`.
    pub(super) fn connect(settings: &BusSettings, inputs: mpsc::Sender<Input>, tasks: &Tasks) -> Result<Self> {
        let builder = builder(settings)?;
        let client = builder.build()?;
        let subscriber = builder.build_subscriber_client()?;
        let name = |part: &str| format!("{}:{part}", settings.prefix).into();
        let redis = Self {
            client,
            channel: name("events"),
            stream: name("events:log"),
            epoch: name("events:epoch"),
            is_up: Arc::default(),
        };
        redis.client.connect();
        tasks.spawn(redis.clone().probe());
        tasks.spawn(listen(subscriber, Arc::clone(&redis.channel), inputs));
        Ok(redis)
    }

    /// Whether Redis took the last that it was told.
    pub(super) fn is_up(&self) -> bool {
        self.is_up.load(Ordering::Relaxed) && self.client.is_connected()
    }

    /// Tells messages to all who listen, in order, and keeps them for who does not hear them.
    pub(super) async fn say(&self, messages: &[(u64, String)]) -> Result<()> {
        let cap = ("MAXLEN", "~", i64::try_from(STREAM_LENGTH).unwrap_or(i64::MAX), None::<i64>);
        let pipeline = self.client.pipeline();
        for (_, message) in messages {
            pipeline.xadd::<(), _, _, _, _>(&*self.stream, false, cap, "*", ("m", message.as_str())).await?;
            pipeline.publish::<(), _, _>(&*self.channel, message.as_str()).await?;
        }
        self.bounded(pipeline.all::<Vec<Value>>()).await.map(|_answers| ())
    }

    /// Tells a message to who listens just now, and keeps nothing.
    pub(super) async fn mention(&self, message: &str) -> Result<()> {
        self.bounded(self.client.publish::<(), _, _>(&*self.channel, message)).await
    }

    /// What the stream keeps, the oldest first, and whether it goes back to the beginning of its epoch.
    pub(super) async fn kept(&self) -> Result<(Vec<Message>, bool)> {
        let newest_first: Vec<XReadValue<String, String, String>> =
            self.client.xrevrange_values(&*self.stream, "+", "-", Some(STREAM_LENGTH)).await?;
        let is_whole = u64::try_from(newest_first.len()).is_ok_and(|n| n < STREAM_LENGTH);
        let messages = newest_first.iter().rev().filter_map(|(_, fields)| Message::read(fields.get("m")?));
        Ok((messages.collect(), is_whole))
    }

    /// Names what this Redis remembers: another word means that it has forgotten.
    pub(super) async fn epoch(&self) -> Result<String> {
        let new = Uuid::new_v4().to_string();
        self.client.set::<Option<String>, _, _>(&*self.epoch, new, None, Some(SetOptions::NX), false).await?;
        Ok(self.client.get(&*self.epoch).await?)
    }

    async fn bounded<T>(&self, command: impl Future<Output = Result<T, fred::error::Error>>) -> Result<T> {
        let outcome = match tokio::time::timeout(COMMAND_TIME, command).await {
            Ok(outcome) => outcome.map_err(Error::from),
            Err(_elapsed) => Err(Error::Setting("no answer in time".to_owned())),
        };
        if outcome.is_err() {
            self.is_up.store(false, Ordering::Relaxed);
        }
        outcome
    }

    /// Notices when Redis is back.
    async fn probe(self) {
        let (mut interval, mut silent_since) = (tokio::time::interval(PROBE_INTERVAL), None);
        loop {
            interval.tick().await;
            if self.is_up.load(Ordering::Relaxed) || !self.client.is_connected() {
                silent_since = None;
                continue;
            }
            let is_back = matches!(tokio::time::timeout(COMMAND_TIME, self.client.ping::<String>(None)).await, Ok(Ok(_)));
            self.is_up.store(is_back, Ordering::Relaxed);
            if !is_back && silent_since.get_or_insert_with(Instant::now).elapsed() >= SILENCE {
                silent_since = None;
                // fred gives a connection up when what was written last is not answered, but something is written all the time.
                let _is_connected = tokio::time::timeout(COMMAND_TIME, self.client.force_reconnection()).await;
            }
        }
    }
}

/// Connections to this Redis, which may come later than this server.
pub(crate) fn builder(settings: &BusSettings) -> Result<Builder> {
    let config = Config::from_url(settings.url.expose_secret())
        .map_err(|error| Error::Setting(format!("REDIS_URL is not valid: {}", error.details())))?;
    let config = Config { fail_fast: false, ..config };
    let mut builder = Builder::from_config(config);
    builder
        .with_connection_config(|connection| {
            connection.connection_timeout = Duration::from_secs(2);
            connection.unresponsive =
                UnresponsiveConfig { max_timeout: Some(Duration::from_secs(2)), interval: Duration::from_millis(500) };
            connection.max_command_buffer_len = super::QUEUE_LENGTH;
            connection.max_command_attempts = 1;
        })
        .with_performance_config(|performance| {
            performance.default_command_timeout = Duration::from_millis(1500);
            performance.broadcast_channel_capacity = 65_536;
        })
        .set_policy(ReconnectPolicy::new_exponential(0, 50, 500, 2));
    Ok(builder)
}

/// Passes on what the channel says.
async fn listen(subscriber: SubscriberClient, channel: Arc<str>, inputs: mpsc::Sender<Input>) {
    let mut was_heard = false;
    channel::hear(subscriber, &channel, inputs, |heard| match heard {
        Heard::Said(json) => Message::read(json).map(Input::Said),
        Heard::Anew if std::mem::replace(&mut was_heard, true) => Some(Input::Reconnected),
        Heard::Anew => Some(Input::Subscribed),
    })
    .await;
}
