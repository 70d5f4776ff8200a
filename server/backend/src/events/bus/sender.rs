//! Numbers what this server says, and brings it out: by Redis while it answers, by PostgreSQL while it does not.

use super::{
    Tasks,
    message::{Message, Word},
    postgres::Postgres,
    redis::Redis,
};
use crate::events::letter::Settled;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    sync::mpsc,
    time::{Instant, MissedTickBehavior},
};
use uuid::Uuid;

/// Messages that go out together.
const BATCH: usize = 256;
/// How often the other servers are told where this one stands.
pub(super) const BEAT_INTERVAL: Duration = Duration::from_secs(1);
/// What Redis took for so long before it failed may be lost with it, and is said again by PostgreSQL.
const DOUBT: Duration = Duration::from_secs(3);
/// Messages that may be in doubt.
const DOUBT_LENGTH: usize = 2000;
/// How long to wait when neither way is open.
const PAUSE: Duration = Duration::from_millis(250);

/// Where messages are put in. Cheap to clone.
#[derive(Clone)]
pub(super) struct Outgoing {
    own: Uuid,
    last: Arc<Mutex<u64>>,
    queue: mpsc::Sender<Message>,
}

impl Outgoing {
    pub(super) fn start(own: Uuid, redis: Option<Redis>, postgres: Postgres, settled: Settled, tasks: &Tasks) -> Self {
        let (queue, waiting) = mpsc::channel(super::QUEUE_LENGTH);
        let last = Arc::default();
        let sender = Sender { own, redis, postgres, settled, doubtful: VecDeque::new(), sequence: 0 };
        tasks.spawn(sender.run(waiting));
        Self { own, last, queue }
    }

    /// Queues a word, never waiting. When the queue is full the number is used up all the same, so that the loss shows.
    pub(super) fn say(&self, word: Word) {
        // Held while queueing, so that the order is that of the numbers.
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        *last += 1;
        if self.queue.try_send(Message { origin: self.own, sequence: *last, word }).is_err() {
            tracing::warn!("a word could not be queued for the other servers; they start anew");
        }
    }
}

struct Sender {
    own: Uuid,
    redis: Option<Redis>,
    postgres: Postgres,
    /// Where letters go that are out.
    settled: Settled,
    /// What Redis took lately.
    doubtful: VecDeque<(Instant, (u64, String))>,
    /// The last that was brought out.
    sequence: u64,
}

impl Sender {
    async fn run(mut self, mut waiting: mpsc::Receiver<Message>) {
        let mut beat = tokio::time::interval(BEAT_INTERVAL);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut messages = Vec::with_capacity(BATCH);
        loop {
            tokio::select! {
                n = waiting.recv_many(&mut messages, BATCH) => {
                    if n == 0 {
                        return;
                    }
                    let letters: Vec<Uuid> = messages.iter().filter_map(|message| message.word.letter()).collect();
                    if self.redis.is_none() && !self.postgres.has_peers() {
                        // Nobody is there to be told.
                        messages.clear();
                    }
                    let written = messages.drain(..).filter_map(|message| Some((message.sequence, message.write()?)));
                    let written: Vec<(u64, String)> = written.collect();
                    while !self.bring_out(&written).await {
                        tokio::time::sleep(PAUSE).await;
                    }
                    self.settled.add(letters);
                }
                _ = beat.tick() => self.beat().await,
            }
        }
    }

    /// True when the messages are where the others find them, or when there are no others.
    async fn bring_out(&mut self, messages: &[(u64, String)]) -> bool {
        let is_out = self.by_redis(messages).await || !self.postgres.has_peers() || self.by_postgres(messages).await;
        if let (true, Some((sequence, _))) = (is_out, messages.last()) {
            self.sequence = self.sequence.max(*sequence);
        }
        is_out
    }

    async fn by_redis(&mut self, messages: &[(u64, String)]) -> bool {
        let Some(redis) = self.redis.as_ref().filter(|redis| redis.is_up()) else { return false };
        if let Err(error) = redis.say(messages).await {
            tracing::warn!(%error, "Redis does not answer; the other servers are told by PostgreSQL");
            return false;
        }
        let now = Instant::now();
        self.doubtful.extend(messages.iter().cloned().map(|message| (now, message)));
        let surplus = self.doubtful.len().saturating_sub(DOUBT_LENGTH);
        self.doubtful.drain(..surplus);
        true
    }

    async fn by_postgres(&mut self, messages: &[(u64, String)]) -> bool {
        self.forget_doubts();
        let mut all: Vec<(u64, String)> = self.doubtful.iter().map(|(_, message)| message.clone()).collect();
        all.extend_from_slice(messages);
        if all.is_empty() {
            return true;
        }
        match self.postgres.say(&all).await {
            Ok(()) => {
                self.doubtful.clear();
                true
            }
            Err(error) => {
                tracing::warn!(%error, "the other servers cannot be told; it is tried again");
                false
            }
        }
    }

    /// Tells where this server stands; when Redis fails just now, what it took last is said again.
    async fn beat(&mut self) {
        let Some(redis) = &self.redis else { return };
        if redis.is_up() {
            self.forget_doubts();
            let beat = Message { origin: self.own, sequence: self.sequence, word: Word::Beat };
            if let (Some(redis), Some(beat)) = (&self.redis, beat.write())
                && redis.mention(&beat).await.is_ok()
            {
                return;
            }
        }
        if !self.doubtful.is_empty() && self.postgres.has_peers() {
            self.by_postgres(&[]).await;
        }
    }

    fn forget_doubts(&mut self) {
        while self.doubtful.front().is_some_and(|(at, _)| at.elapsed() > DOUBT) {
            self.doubtful.pop_front();
        }
    }
}
