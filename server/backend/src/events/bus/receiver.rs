//! Delivers what the other servers say, each word once and in the order of its server.
//!
//! Where something is missing it is looked for in the stream of Redis and in PostgreSQL. What is nowhere is lost, and
//! then the hub begins a new epoch, so that every reader takes a new snapshot from the database.

use super::{
    Delivery,
    ledger::{Ledger, Verdict},
    message::{Message, Word},
    postgres::Postgres,
    redis::Redis,
    sender::BEAT_INTERVAL,
};
use std::{
    collections::{BTreeMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};
use tokio::{
    sync::mpsc,
    time::{Duration, MissedTickBehavior},
};
use uuid::Uuid;

/// Until when a server that was here before gives a sign of life: so long a silent one counts as gone.
const MEETING: Duration = Duration::from_secs(15);
/// In how many beats every server that is alive has been heard.
const BEATS: u32 = 3;

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
    own: Uuid,
    delivery: Delivery,
    ledger: Arc<Mutex<Ledger>>,
    redis: Option<Redis>,
    postgres: Postgres,
    /// What Redis remembered when it was last asked.
    epoch: Option<String>,
    /// Until when the ledger is open.
    opened: Option<Instant>,
    /// When this server began, until it is known whether others were here before.
    begun: Option<Instant>,
    /// Servers that must still say that nothing of theirs is missing, and until when.
    unproven: HashSet<Uuid>,
    doubted: Instant,
    /// When the channel was last heard, be it with this server's own words.
    heard: Instant,
}

impl Receiver {
    pub(super) fn new(
        own: Uuid,
        delivery: Delivery,
        ledger: Arc<Mutex<Ledger>>,
        redis: Option<Redis>,
        postgres: Postgres,
    ) -> Self {
        let now = Instant::now();
        let (unproven, doubted, heard) = (HashSet::new(), now, now);
        Self { own, delivery, ledger, redis, postgres, epoch: None, opened: None, begun: None, unproven, doubted, heard }
    }

    pub(super) async fn run(mut self, mut inputs: mpsc::Receiver<Input>) {
        let mut check = tokio::time::interval(BEAT_INTERVAL);
        check.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                input = inputs.recv() => match input {
                    None => return,
                    Some(Input::Said(message)) => {
                        self.heard = Instant::now();
                        self.hear(message).await;
                    }
                    Some(Input::Found(message)) => self.hear(message).await,
                    Some(Input::Beginning(positions)) => self.begin(&positions),
                    Some(Input::Subscribed) => self.subscribed().await,
                    Some(Input::Reconnected) => self.reconnected().await,
                },
                _ = check.tick() => self.check(),
            }
        }
    }

    async fn hear(&mut self, message: Message) {
        if message.origin == self.own {
            return;
        }
        if self.take(&message) == Verdict::Gap {
            self.catch_up(message.origin).await;
            if self.take(&message) == Verdict::Gap {
                tracing::warn!(origin = %message.origin, "events of another server are lost; readers start anew");
                self.ledger().accept(message.origin, message.sequence, Instant::now());
                self.delivery.lose_continuity();
                self.deliver(&message);
            }
        }
        self.unproven.remove(&message.origin);
    }

    /// Delivers a message if it is the next of its server.
    fn take(&self, message: &Message) -> Verdict {
        let verdict = self.ledger().judge(message, Instant::now());
        if verdict == Verdict::Next {
            self.deliver(message);
        }
        verdict
    }

    fn deliver(&self, message: &Message) {
        if let Word::Event { topics, event, letter } = &message.word {
            self.delivery.deliver(topics, event, *letter);
        }
    }

    /// Looks for what is missing of one server.
    async fn catch_up(&self, origin: Uuid) {
        let after = self.ledger().position(origin);
        let mut found = BTreeMap::new();
        if let Some(redis) = self.redis.as_ref().filter(|redis| redis.is_up())
            && let Ok((kept, _)) = redis.kept().await
        {
            found.extend(kept.into_iter().filter(|kept| kept.origin == origin).map(|kept| (kept.sequence, kept)));
        }
        if let Ok(kept) = self.postgres.kept(origin, after).await {
            found.extend(kept.into_iter().map(|kept| (kept.sequence, kept)));
        }
        for message in found.range(after + 1..).map(|(_, message)| message) {
            if self.take(message) == Verdict::Gap {
                return;
            }
        }
    }

    fn begin(&mut self, positions: &[(Uuid, u64)]) {
        for (origin, sequence) in positions {
            self.ledger().accept(*origin, *sequence, Instant::now());
        }
        self.opened.get_or_insert_with(Instant::now);
        self.begun = self.redis.is_none().then(Instant::now);
    }

    /// What was read before now may miss what was said before now.
    async fn subscribed(&mut self) {
        if let Some(redis) = &self.redis {
            self.epoch = redis.epoch().await.ok();
        }
        self.delivery.lose_continuity();
        self.ledger().set_open(true);
        self.opened = Some(Instant::now());
    }

    /// Takes from the stream what was missed, and finds out whether that is all.
    async fn reconnected(&mut self) {
        if self.opened.is_some() {
            // Too early to tell what is old from what is missing.
            return self.subscribed().await;
        }
        let Some(redis) = &self.redis else { return };
        let (Ok(epoch), Ok((kept, mut is_whole))) = (redis.epoch().await, redis.kept().await) else {
            // Another reconnection follows; until then the beats show what is missing.
            self.doubt();
            return;
        };
        is_whole |= kept.first().is_some_and(|oldest| self.ledger().knows(oldest));
        let remembers = self.epoch.as_ref().is_none_or(|known| *known == epoch);
        self.epoch = Some(epoch);
        if !(remembers && is_whole) {
            self.doubt();
        }
        for message in kept.into_iter().filter(|kept| kept.origin != self.own) {
            // What is missing in between is found out by the next beat.
            self.take(&message);
        }
    }

    /// From now on every server that was just alive must prove that nothing of it is missing.
    fn doubt(&mut self) {
        let since = self.heard.checked_sub(BEAT_INTERVAL * BEATS).unwrap_or(self.heard);
        let unproven = self.ledger().since(since);
        self.unproven = unproven;
        self.doubted = Instant::now();
    }

    fn check(&mut self) {
        let is_over = |since: Instant| since.elapsed() > BEAT_INTERVAL * BEATS + Duration::from_millis(500);
        if self.opened.is_some_and(is_over) {
            self.opened = None;
            self.ledger().set_open(false);
        }
        // Without a channel to subscribe to, the others may have taken until now to notice this server, and told nobody what
        // happened meanwhile. A server that was killed before this one came is no other.
        if let Some(begun) = self.begun.filter(|begun| is_over(*begun)) {
            let has_met_peers = self.postgres.has_met_peers();
            if has_met_peers {
                self.delivery.lose_continuity();
            }
            if has_met_peers || begun.elapsed() > MEETING {
                self.begun = None;
            }
        }
        if !self.unproven.is_empty() && is_over(self.doubted) && self.redis.as_ref().is_some_and(Redis::is_up) {
            tracing::warn!("a server is gone with what it said last; readers start anew");
            for origin in std::mem::take(&mut self.unproven) {
                self.ledger().forget(origin);
            }
            self.delivery.lose_continuity();
        }
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
