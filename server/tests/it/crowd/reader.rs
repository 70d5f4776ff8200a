//! Reads a chat as an open page does, and comes back when its connection ends.

use super::{Heard, RETRY, lock};
use crate::process::Remote;
use app::backoff::{Backoff, part};
use axum::http::StatusCode;
use domain::{
    UserId,
    chat::{ChatChange, ChatHistory, ChatSnapshot},
    event::{Event, Heartbeat, Topic, Update},
};
use std::{
    collections::BTreeSet,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

// What follows stands in `app::realtime` too, in `line` and `refresh`, which run in browsers only.

/// A connection that held so long makes the next failure a first one.
const PROVEN: Duration = Duration::from_secs(10);
/// A page takes so long to ask its other tabs what they read before it connects.
const GATHER: Duration = Duration::from_millis(50);
/// Before a new snapshot a page waits so long, and up to so much longer.
const BEFORE_SNAPSHOT: Duration = Duration::from_millis(200);
const SNAPSHOT_SPREAD: Duration = Duration::from_millis(800);
/// The shortest wait after a snapshot that could not be had.
const LEAST_MILLIS: u32 = 200;

/// How a reader comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// Soon, as often as it takes.
    Eager,
    /// As pages do, which wait the longer the more often they failed, and not all for the same time.
    Patient,
}

/// One time that a reader tried to connect.
#[derive(Debug, Clone, Copy)]
pub struct Attempt {
    pub began: Instant,
    /// None when nobody answered.
    pub status: Option<StatusCode>,
    /// When the first word of the server was here.
    pub heard: Option<Instant>,
}

/// How a connection ended.
enum End {
    /// It broke, or there was none.
    Lost,
    /// The server asked to come back after this time.
    SentAway(Duration),
}

pub(super) struct Reader {
    number: usize,
    channel: UserId,
    browser: Remote,
    servers: Vec<SocketAddr>,
    manner: Manner,
    backoff: Backoff,
    heard: Arc<Mutex<Heard>>,
    stop: CancellationToken,
    /// The last position that is known.
    last: Option<String>,
    /// Where the chat's topic stood there.
    sequence: u64,
    /// Where it stands by the last heartbeat.
    claimed: u64,
    /// Messages that came as events since the last snapshot.
    told: BTreeSet<String>,
}

impl Reader {
    pub(super) fn new(
        number: usize,
        channel: UserId,
        servers: Vec<SocketAddr>,
        manner: Manner,
        heard: Arc<Mutex<Heard>>,
        stop: CancellationToken,
    ) -> Self {
        let (browser, backoff) = (Remote::guest(), Backoff::default());
        let (last, sequence, told) = (None, 0, BTreeSet::new());
        Self { number, channel, browser, servers, manner, backoff, heard, stop, last, sequence, claimed: sequence, told }
    }

    pub(super) async fn read(mut self) {
        for attempt in self.number.. {
            let end = self.connection(self.servers[attempt % self.servers.len()]).await;
            let wait = self.wait_after(end);
            if !self.waits(wait).await {
                return;
            }
        }
    }

    /// False when it is to stop.
    async fn waits(&self, time: Duration) -> bool {
        tokio::select! {
            () = self.stop.cancelled() => false,
            () = tokio::time::sleep(time) => true,
        }
    }

    fn wait_after(&mut self, end: End) -> Duration {
        match (end, self.manner) {
            (End::SentAway(wait), Manner::Eager) => wait,
            (End::SentAway(wait), Manner::Patient) => wait.max(GATHER),
            (End::Lost, Manner::Eager) => RETRY,
            (End::Lost, Manner::Patient) => {
                if self.is_proven() {
                    self.backoff.reset();
                }
                let (random, spread_ms) = (random(), lock(&self.heard).spread_ms);
                Duration::from_millis(self.backoff.next(random).max(part(spread_ms, random)).into()).max(GATHER)
            }
        }
    }

    /// Whether the last connection showed that the server is well.
    fn is_proven(&self) -> bool {
        let heard = lock(&self.heard);
        heard.attempts.last().is_some_and(|attempt| attempt.heard.is_some() && attempt.began.elapsed() > PROVEN)
    }

    /// One connection, from its beginning to its end.
    async fn connection(&mut self, at: SocketAddr) -> End {
        let mut path = format!("/api/stream-updates?topics=chat:{}", self.channel);
        let mut headers = Vec::new();
        if let Some(last) = &self.last {
            match self.manner {
                Manner::Eager => headers.push(("last-event-id", last.as_str())),
                // Each time it is another `EventSource`, which has no header for that.
                Manner::Patient => path = format!("{path}&after={last}"),
            }
        }
        let began = Instant::now();
        let answer = self.browser.get_with(at, &path, &headers).await;
        let status = answer.as_ref().map(|answer| answer.status);
        lock(&self.heard).attempts.push(Attempt { began, status, heard: None });
        let Some(answer) = answer.filter(|answer| answer.status == StatusCode::OK) else { return End::Lost };
        let mut events = answer.events();
        lock(&self.heard).n_connections += 1;
        loop {
            let event = tokio::select! {
                () = self.stop.cancelled() => return End::Lost,
                event = events.next() => event,
            };
            let Some(event) = event else { return End::Lost };
            if let Some(attempt) = lock(&self.heard).attempts.last_mut() {
                attempt.heard.get_or_insert_with(Instant::now);
            }
            match event.name.as_str() {
                "reconnect" => {
                    let data: serde_json::Value = serde_json::from_str(&event.data).unwrap();
                    let reason = data["reason"].as_str().unwrap().to_owned();
                    lock(&self.heard).sent_away.push((Instant::now(), reason));
                    return End::SentAway(Duration::from_millis(data["retry_ms"].as_u64().unwrap()));
                }
                "resync" => {
                    if self.begin_anew(at, &event.data).await.is_none() {
                        return End::Lost;
                    }
                }
                "heartbeat" => self.believe(&event.data),
                "spread" => self.spread_over(event.data.parse().unwrap()),
                _ => self.take(&event.data),
            }
            self.last = Some(event.id);
        }
    }

    /// Takes a heartbeat, which may overtake what is on its way, but not what it claimed the last time.
    fn believe(&mut self, heartbeat: &str) {
        assert!(self.claimed <= self.sequence, "a gap that nobody spoke of");
        self.claimed = self.position(heartbeat);
        self.spread_over(0);
    }

    fn spread_over(&mut self, millis: u32) {
        lock(&self.heard).spread_ms = millis;
    }

    /// Where the chat's topic stands.
    fn position(&self, heartbeat: &str) -> u64 {
        let heartbeat: Heartbeat = serde_json::from_str(heartbeat).unwrap();
        heartbeat.topics.iter().find(|known| known.topic == Topic::Chat(self.channel)).unwrap().sequence
    }

    /// Takes a new snapshot. None when it could not be had.
    async fn begin_anew(&mut self, at: SocketAddr, heartbeat: &str) -> Option<()> {
        if self.manner == Manner::Patient && !self.waits(BEFORE_SNAPSHOT + SNAPSHOT_SPREAD.mul_f64(random())).await {
            return None;
        }
        let snapshot = self.ask(at, "chat/chat_snapshot", &format!("channel={}", self.channel)).await?;
        let snapshot: ChatSnapshot = serde_json::from_value(snapshot).unwrap();
        let (mut messages, mut has_older) = (snapshot.messages, snapshot.has_older);
        // Of what was said meanwhile a snapshot has the end.
        while let Some(oldest) = messages.first().filter(|oldest| has_older && !self.knows(&oldest.text)) {
            let query = format!("channel={}&before={}", self.channel, oldest.id);
            let history = self.ask(at, "chat/chat_history", &query).await?;
            let mut history: ChatHistory = serde_json::from_value(history).unwrap();
            has_older = history.has_older;
            history.messages.append(&mut messages);
            messages = history.messages;
        }
        self.claimed = 0;
        self.believe(heartbeat);
        self.sequence = self.claimed;
        self.told.clear();
        let mut heard = lock(&self.heard);
        heard.n_resyncs += 1;
        heard.messages.extend(messages.into_iter().map(|message| message.text));
        Some(())
    }

    fn knows(&self, message: &str) -> bool {
        lock(&self.heard).messages.contains(message)
    }

    /// Reads something, as a patient reader also from a server that has no time at once. None when it could not be had.
    async fn ask(&self, at: SocketAddr, function: &str, query: &str) -> Option<serde_json::Value> {
        let mut backoff = Backoff::default();
        loop {
            let answer = self.browser.read(at, function, query).await?;
            if answer.status == StatusCode::OK {
                return Some(answer.json().await);
            }
            if self.manner == Manner::Eager {
                return None;
            }
            let refusal = (answer.status, answer.header("retry-after"));
            assert_eq!(refusal, (StatusCode::SERVICE_UNAVAILABLE, "2"), "{function} is refused with nothing else");
            lock(&self.heard).n_put_off += 1;
            if !self.waits(Duration::from_millis(backoff.next(random()).max(LEAST_MILLIS).into())).await {
                return None;
            }
        }
    }

    fn take(&mut self, data: &str) {
        let update: Update = serde_json::from_str(data).unwrap();
        let known = update.topics.iter().find(|known| known.topic == Topic::Chat(self.channel)).unwrap();
        assert_eq!(known.sequence, self.sequence + 1, "a gap or a repetition that nobody spoke of");
        self.sequence = known.sequence;
        let mut heard = lock(&self.heard);
        heard.n_events += 1;
        let Event::Chat { change, .. } = update.event else { return };
        if let ChatChange::Added { message } = serde_json::from_str(&change).unwrap() {
            assert!(self.told.insert(message.text.clone()), "{:?} was told twice", message.text);
            heard.messages.insert(message.text);
        }
    }
}

/// Between 0 and 1.
fn random() -> f64 {
    f64::from(Uuid::new_v4().as_fields().0) / f64::from(u32::MAX)
}
