//! People who use a site while it breaks: some write and insist until they are told that it is done, some read along.
//!
//! Whatever breaks, what was answered with success is stored, once, and everybody has heard of it, once and in order, or
//! was told to start anew.

mod reader;

pub use reader::{Attempt, Manner};

use crate::process::{Remote, Shared, until};
use axum::http::StatusCode;
use backend::Backend;
use domain::UserId;
use reader::Reader;
use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, Instant},
};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Who writes. All of them write on the channel of the first.
const WRITERS: usize = 8;
/// Between two commands of one writer.
const PAUSE: Duration = Duration::from_millis(200);
/// Between two messages of one writer: five in ten seconds are allowed.
const MESSAGE_PAUSE: Duration = Duration::from_millis(2300);
/// Until when a command must have been done, however often it was tried.
const INSISTENCE: Duration = Duration::from_secs(20);
/// After what a browser tries again.
const RETRY: Duration = Duration::from_millis(100);
/// Until when everybody must have heard of everything.
const HEARING: Duration = Duration::from_secs(20);

/// How often something was done: what was tried may be done, what was answered with success is.
#[derive(Debug, Clone, Copy, Default)]
struct Times {
    tried: u32,
    done: u32,
}

/// What all writers did.
#[derive(Debug, Clone, Default)]
struct Ledger {
    tried: BTreeSet<String>,
    said: BTreeSet<String>,
    titles: BTreeMap<usize, Times>,
    /// Odd when the writer follows the next one's channel.
    follows: BTreeMap<usize, Times>,
    n_done: usize,
    /// How often there was no answer, or none but to try again.
    n_refused: usize,
    slowest: Duration,
}

/// What one reader knows, and how it came to that.
#[derive(Debug, Clone, Default)]
pub struct Heard {
    messages: BTreeSet<String>,
    n_connections: usize,
    pub n_resyncs: usize,
    n_events: usize,
    /// In their order.
    pub attempts: Vec<Attempt>,
    /// When a server asked it to come back, and why.
    pub sent_away: Vec<(Instant, String)>,
    /// How often it was told that there is no time for a snapshot, and waited.
    pub n_put_off: usize,
    /// Over how many milliseconds it is to come back, should the server be gone.
    pub spread_ms: u32,
}

/// Writers and readers at work.
pub struct Crowd {
    ledger: Arc<Mutex<Ledger>>,
    writers: Vec<JoinHandle<()>>,
    stop_writing: CancellationToken,
    heard: Vec<Arc<Mutex<Heard>>>,
    readers: Vec<JoinHandle<()>>,
    stop_reading: CancellationToken,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap()
}

fn name(writer: usize) -> String {
    format!("writer{writer}")
}

impl Crowd {
    /// Makes the writers, with whose names and channels nothing else may be done.
    pub async fn begin(shared: &Shared, servers: &[SocketAddr], n_readers: usize) -> Self {
        Self::begin_with(shared, servers, n_readers, Manner::Eager).await
    }

    /// The same with readers who come back in this manner.
    pub async fn begin_with(shared: &Shared, servers: &[SocketAddr], n_readers: usize, manner: Manner) -> Self {
        let mut members = Vec::new();
        for writer in 0..WRITERS {
            members.push(shared.backend.member(&name(writer)).await);
        }
        let channel = members[0].0.id;
        let ledger = Arc::new(Mutex::new(Ledger::default()));
        let (stop_writing, stop_reading) = (CancellationToken::new(), CancellationToken::new());
        let next = |writer: usize| members[(writer + 1) % WRITERS].0.id;
        let writers = (0..WRITERS).map(|number| {
            let writer = Writer {
                number,
                channel,
                next: next(number),
                browser: Remote::member(members[number].1.as_str()),
                servers: servers.to_vec(),
                ledger: Arc::clone(&ledger),
                stop: stop_writing.clone(),
            };
            tokio::spawn(writer.write())
        });
        let writers = writers.collect();
        let heard: Vec<Arc<Mutex<Heard>>> = (0..n_readers).map(|_| Arc::default()).collect();
        let readers = heard.iter().enumerate().map(|(number, heard)| {
            let servers = servers.to_vec();
            let reader = Reader::new(number, channel, servers, manner, Arc::clone(heard), stop_reading.clone());
            tokio::spawn(reader.read())
        });
        let readers = readers.collect();
        Self { ledger, writers, stop_writing, heard, readers, stop_reading }
    }

    /// Waits until so many more commands were answered with success.
    pub async fn does(&self, n_commands: usize) {
        let before = lock(&self.ledger).n_done;
        until("people get on", INSISTENCE * 2, async || {
            assert!(!self.writers.iter().any(JoinHandle::is_finished), "a writer failed");
            lock(&self.ledger).n_done >= before + n_commands
        })
        .await;
    }

    /// How often a writer had to try again.
    pub fn n_refused(&self) -> usize {
        lock(&self.ledger).n_refused
    }

    /// Waits until something holds of every reader, and answers how long that took.
    pub async fn waits_for(&self, what: &str, limit: Duration, holds: impl Fn(&Heard) -> bool) -> Duration {
        until(what, limit, async || {
            assert!(!self.readers.iter().any(JoinHandle::is_finished), "a reader failed");
            self.heard.iter().all(|heard| holds(&lock(heard)))
        })
        .await
    }

    /// What each reader knows by now.
    pub fn heard(&self) -> Vec<Heard> {
        self.heard.iter().map(|heard| lock(heard).clone()).collect()
    }

    /// Lets the writers go, whose last commands may stay without an answer when no server is left.
    pub async fn stop_writing(&mut self) {
        self.stop_writing.cancel();
        for writer in self.writers.drain(..) {
            writer.await.unwrap();
        }
    }

    /// Compares what is stored with what was answered.
    pub async fn check(&self, backend: &Backend) {
        let before = lock(&self.ledger).clone();
        let stored = backend.texts("SELECT text || ' ' || count(*) AS found FROM chat_messages GROUP BY text").await;
        let titles =
            "SELECT username || ' ' || title AS found FROM channels JOIN users ON id = user_id WHERE username LIKE 'writer%'";
        let titles = backend.texts(titles).await;
        let follows = "SELECT username AS found FROM follows JOIN users ON id = follower_id";
        let follows: BTreeSet<String> = backend.texts(follows).await.into_iter().collect();
        // Points are given in the transaction of what they are for; of messages, for fifty a day.
        let half_done = "SELECT username AS found FROM stats JOIN users ON id = user_id WHERE xp <> \
            (SELECT coalesce(sum(least(50, n)), 0) FROM (SELECT count(*) AS n FROM chat_messages \
                WHERE member_id = users.id GROUP BY date_trunc('day', sent_at, 'UTC')) AS daily) \
             + 5 * (SELECT count(*) FROM first_follows WHERE follower_id = users.id)";
        assert_eq!(backend.texts(half_done).await, Vec::<String>::new(), "done by half");
        let after = lock(&self.ledger).clone();

        let mut messages = BTreeSet::new();
        for row in stored {
            let (text, count) = row.rsplit_once(' ').unwrap();
            assert_eq!(count, "1", "{text:?} is there twice");
            assert!(after.tried.contains(text), "{text:?} was never sent");
            messages.insert(text.to_owned());
        }
        let lost: Vec<&String> = before.said.difference(&messages).collect();
        assert!(lost.is_empty(), "said, and gone: {lost:?}");
        for row in titles {
            let mut words = row.split(' ');
            let writer: usize = words.next().unwrap().strip_prefix("writer").unwrap().parse().unwrap();
            let stored = words.nth(1).and_then(|number| number.parse().ok()).unwrap_or(0);
            let (done, tried) = (times(&before.titles, writer).done, times(&after.titles, writer).tried);
            assert!((done..=tried).contains(&stored), "{row:?}, of {done} to {tried}");
        }
        for writer in 0..WRITERS {
            let (done, tried) = (times(&before.follows, writer).done, times(&after.follows, writer).tried);
            let is_following = follows.contains(&name(writer));
            assert!((done..=tried).any(|times| (times % 2 == 1) == is_following), "{writer} follows: {is_following}, {done}");
        }
    }

    /// Ends it: compares what is stored with what was answered and with what was heard, and says what became of it.
    pub async fn end(mut self, backend: &Backend) -> String {
        self.stop_writing().await;
        self.check(backend).await;
        let said = lock(&self.ledger).said.clone();
        let knows_all = |heard: &Heard| heard.messages.is_superset(&said);
        let late = self.waits_for("everybody has heard of everything", HEARING, knows_all).await;
        self.stop_reading.cancel();
        for reader in self.readers {
            reader.await.unwrap();
        }
        let mut all = Heard::default();
        for heard in &self.heard {
            let heard = lock(heard);
            all.n_connections += heard.n_connections;
            all.n_resyncs += heard.n_resyncs;
            all.n_events += heard.n_events;
        }
        let ledger = lock(&self.ledger);
        format!(
            "{} commands were done, each once, after {:?} at most; {} readers knew all of {} messages {late:?} after the last, \
             by {} events over {} connections that told them {} times to start anew",
            ledger.n_done,
            ledger.slowest,
            self.heard.len(),
            said.len(),
            all.n_events,
            all.n_connections,
            all.n_resyncs
        )
    }
}

fn times(all: &BTreeMap<usize, Times>, writer: usize) -> Times {
    all.get(&writer).copied().unwrap_or_default()
}

struct Writer {
    number: usize,
    /// Where everybody writes.
    channel: UserId,
    /// The channel that this one follows, and then no longer, and again.
    next: UserId,
    browser: Remote,
    servers: Vec<SocketAddr>,
    ledger: Arc<Mutex<Ledger>>,
    stop: CancellationToken,
}

impl Writer {
    async fn write(self) {
        let mut last_message: Option<Instant> = None;
        for turn in 0_usize.. {
            if last_message.is_none_or(|last| last.elapsed() >= MESSAGE_PAUSE) {
                last_message = Some(Instant::now());
                self.say(turn).await;
            } else if turn % 2 == 0 {
                self.rename().await;
            } else {
                self.follow().await;
            }
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }

    /// The message has a name of its own, so that sending it twice makes one.
    async fn say(&self, turn: usize) {
        let (text, client, channel) = (format!("{}-{turn}", self.number), Uuid::new_v4().to_string(), self.channel.to_string());
        lock(&self.ledger).tried.insert(text.clone());
        let fields = [("channel", channel.as_str()), ("text", &text), ("client", &client)];
        if self.insist("chat/send_message", &fields).await {
            lock(&self.ledger).said.insert(text);
        }
    }

    async fn rename(&self) {
        let next = {
            let mut ledger = lock(&self.ledger);
            let times = ledger.titles.entry(self.number).or_default();
            times.tried += 1;
            times.tried
        };
        if self.insist("channels/update_stream", &[("title", &format!("Title {next}")), ("category", "study")]).await {
            lock(&self.ledger).titles.entry(self.number).or_default().done = next;
        }
    }

    async fn follow(&self) {
        let next = {
            let mut ledger = lock(&self.ledger);
            let times = ledger.follows.entry(self.number).or_default();
            times.tried += 1;
            times.tried
        };
        let function = if next % 2 == 1 { "follows/follow" } else { "follows/unfollow" };
        if self.insist(function, &[("channel", &self.next.to_string())]).await {
            lock(&self.ledger).follows.entry(self.number).or_default().done = next;
        }
    }

    /// Tries until the answer is success, at another server when one does not answer or has no time. False at the end.
    async fn insist(&self, function: &str, fields: &[(&str, &str)]) -> bool {
        let began = Instant::now();
        for attempt in self.number.. {
            let at = self.servers[attempt % self.servers.len()];
            match self.browser.call(at, function, fields).await {
                Some(answer) if answer.status == StatusCode::OK => break,
                Some(answer) if answer.status == StatusCode::SERVICE_UNAVAILABLE => {}
                Some(answer) => {
                    let (status, text) = (answer.status, answer.text().await);
                    panic!("{function}: {status} {text}");
                }
                None => {}
            }
            lock(&self.ledger).n_refused += 1;
            assert!(began.elapsed() < INSISTENCE, "{function} could not be done");
            tokio::select! {
                () = self.stop.cancelled() => return false,
                () = tokio::time::sleep(RETRY) => {}
            }
        }
        let mut ledger = lock(&self.ledger);
        ledger.n_done += 1;
        ledger.slowest = ledger.slowest.max(began.elapsed());
        true
    }
}
