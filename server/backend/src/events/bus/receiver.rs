//! Delivers what the other servers say, each word once and in the order of its server.
//!
//! Where something is missing it is looked for in the stream of Redis and in PostgreSQL. What is nowhere is lost, and
//! then the hub begins a new epoch, so that every reader takes a new snapshot from the database.

use super::{
    Delivery,
    ledger::Ledger,
    message::{Message, Word},
    postgres::Postgres,
    reception::{Audience, Reception, Remembered},
    redis::Redis,
    sender::BEAT_INTERVAL,
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Instant,
};
use tokio::{sync::mpsc, time::MissedTickBehavior};
use uuid::Uuid;

/// What comes in.
#[derive(Debug)]
pub(super) enum Input {
    /// On the channel of Redis.
    Said(Message),
    /// In PostgreSQL.
    Found(Message),
    /// Where the servers stand that left something in PostgreSQL.
    Beginning(Vec<(Uuid, u64)>),
    /// From here on the channel of Redis is heard.
    Subscribed,
    /// The channel may have been silent for us alone.
    Reconnected,
}

pub(super) struct Receiver {
    reception: Reception<Delivery>,
    redis: Option<Redis>,
    postgres: Postgres,
}

impl Audience for Delivery {
    fn deliver(&mut self, message: &Message) {
        match &message.word {
            Word::Event { topics, event, letter } => Self::deliver(self, topics, event, *letter),
            Word::Events(events) => events.iter().for_each(|(topics, event)| Self::deliver(self, topics, event, None)),
            Word::Beat => {}
        }
    }

    fn lose_continuity(&mut self) {
        Self::lose_continuity(self);
    }
}

impl Receiver {
    pub(super) fn new(
        own: Uuid,
        delivery: Delivery,
        ledger: Arc<Mutex<Ledger>>,
        redis: Option<Redis>,
        postgres: Postgres,
    ) -> Self {
        Self { reception: Reception::new(own, delivery, ledger, Instant::now()), redis, postgres }
    }

    pub(super) async fn run(mut self, mut inputs: mpsc::Receiver<Input>) {
        let mut check = tokio::time::interval(BEAT_INTERVAL);
        check.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                input = inputs.recv() => match input {
                    None => return,
                    Some(Input::Said(message)) => {
                        self.hear(&message).await;
                        self.reception.channel_spoke(&message, Instant::now());
                    }
                    Some(Input::Found(message)) => self.hear(&message).await,
                    Some(Input::Beginning(positions)) => {
                        self.reception.begin(&positions, self.redis.is_some(), Instant::now());
                    }
                    Some(Input::Subscribed) => self.subscribed().await,
                    Some(Input::Reconnected) => self.reconnected().await,
                },
                _ = check.tick() => {
                    let is_redis_up = self.redis.as_ref().is_some_and(Redis::is_up);
                    self.reception.check(is_redis_up, self.postgres.has_met_peers(), Instant::now());
                }
            }
        }
    }

    async fn hear(&mut self, message: &Message) {
        if let Some(after) = self.reception.hear(message, Instant::now()) {
            let found = self.kept(message.origin, after).await;
            self.reception.complete(&found, message, Instant::now());
        }
    }

    /// What is kept anywhere of what a server said after a number.
    async fn kept(&self, origin: Uuid, after: u64) -> BTreeMap<u64, Message> {
        let mut found = BTreeMap::new();
        if let Some(redis) = self.redis.as_ref().filter(|redis| redis.is_up())
            && let Ok((kept, _)) = redis.kept().await
        {
            found.extend(kept.into_iter().filter(|kept| kept.origin == origin).map(|kept| (kept.sequence, kept)));
        }
        if let Ok(kept) = self.postgres.kept(origin, after).await {
            found.extend(kept.into_iter().map(|kept| (kept.sequence, kept)));
        }
        found.split_off(&(after + 1))
    }

    async fn subscribed(&mut self) {
        let remembered = self.remembered().await;
        self.reception.subscribed(remembered, Instant::now());
    }

    async fn reconnected(&mut self) {
        let remembered = self.remembered().await;
        if self.reception.is_beginning() {
            self.reception.subscribed(remembered, Instant::now());
        } else {
            self.reception.reconnected(remembered, Instant::now());
        }
    }

    async fn remembered(&self) -> Option<Remembered> {
        let redis = self.redis.as_ref()?;
        let (epoch, (kept, is_whole)) = (redis.epoch().await.ok(), redis.kept().await.ok()?);
        Some(Remembered { epoch, kept, is_whole })
    }
}
