//! The way to the other servers: a channel of Redis, on which each says what it knows. What is said there is kept nowhere.

use super::census::Said;
use crate::{
    Error, Result,
    events::{
        BusSettings,
        channel::{self, Heard},
        redis_builder,
    },
};
use fred::{
    clients::SubscriberClient,
    interfaces::{ClientLike, PubsubInterface},
    prelude::Client,
    types::Value,
};
use serde::{Deserialize, Serialize};
use std::{sync::Arc, time::Duration};
use tokio::sync::mpsc;
use uuid::Uuid;

/// How long what is said at once may take.
const COMMAND_TIME: Duration = Duration::from_millis(750);

/// One message.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Message {
    pub(super) server: Uuid,
    /// One more than that of the server's message before.
    pub(super) sequence: u64,
    pub(super) word: Word,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Word {
    /// Whoever says this listens from now on, and knows nothing yet.
    Hello,
    /// Who is there, in some channels.
    Here(Vec<Said>),
    /// The server stops.
    Leaving,
}

/// What comes in.
#[derive(Debug)]
pub(super) enum Input {
    Said(Message),
    /// Something may have been missed.
    Interrupted,
}

/// The connections to Redis. Cheap to clone.
#[derive(Clone)]
pub(super) struct Link {
    client: Client,
    subscriber: SubscriberClient,
    channel: Arc<str>,
}

impl Link {
    /// Only a wrong address is an error. Nothing is connected before [`Self::listen`].
    pub(super) fn new(settings: &BusSettings) -> Result<Self> {
        let builder = redis_builder(settings)?;
        let channel = format!("{}:presence", settings.prefix).into();
        Ok(Self { client: builder.build()?, subscriber: builder.build_subscriber_client()?, channel })
    }

    /// Connects, and passes on what is said, this server's own words among it. A Redis that is away is tried again for ever.
    pub(super) async fn listen(self, inputs: mpsc::Sender<Input>) {
        let Self { client, subscriber, channel } = self;
        client.connect();
        channel::hear(subscriber, &channel, inputs, |heard| match heard {
            Heard::Said(json) => read(json).map(Input::Said),
            Heard::Anew => Some(Input::Interrupted),
        })
        .await;
    }

    /// Says something to all who listen just now.
    pub(super) async fn say(&self, messages: &[Message]) -> Result<()> {
        if messages.is_empty() {
            return Ok(());
        }
        if !self.client.is_connected() {
            return Err(Error::Setting("Redis is away".to_owned()));
        }
        let pipeline = self.client.pipeline();
        for message in messages {
            let json = serde_json::to_string(message).map_err(|error| Error::Setting(error.to_string()))?;
            pipeline.publish::<(), _, _>(&*self.channel, json).await?;
        }
        match tokio::time::timeout(COMMAND_TIME, pipeline.all::<Vec<Value>>()).await {
            Ok(answers) => Ok(answers.map(|_answers| ())?),
            Err(_elapsed) => Err(Error::Setting("no answer in time".to_owned())),
        }
    }
}

fn read(json: &str) -> Option<Message> {
    serde_json::from_str(json).inspect_err(|error| tracing::warn!(%error, "another server is not understood")).ok()
}
