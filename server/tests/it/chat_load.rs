//! A measurement, not a test of every day: a room of a thousand members, in which fifty messages are said every second.
//!
//! `make bench-chat` runs it. Everybody reads the event stream through the whole router; half of them lose their connection
//! once, miss what is said meanwhile, and come back. It ends with one line of JSON, which says how long a message took from
//! the moment in which it was sent, and how many were lost or came twice, which must be none.

use crate::harness::{Browser, EventReader, Site};
use axum::http::StatusCode;
use backend::{
    Backend,
    chat::{Draft, Visitor},
    testing::client,
};
use domain::{
    SessionId, UserId,
    account::{Role, Viewer},
    user::Username,
};
use serde_json::json;
use server::config::{Config, EventConnections};
use std::{
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};
use uuid::Uuid;

const MEMBERS: usize = 1000;
/// Of the members, as many write: each of them less often than five times in ten seconds.
const WRITERS: usize = 150;
const MESSAGES: usize = 1000;
const PER_SECOND: u32 = 50;
/// How long somebody is away whose connection was lost. Some fifty messages are said meanwhile.
const AWAY: Duration = Duration::from_secs(1);
/// The aim of the 99th percentile.
const AIM: Duration = Duration::from_millis(500);
/// Whatever is wrong, nobody waits longer for the end of the measurement.
const AT_MOST: Duration = Duration::from_mins(5);
/// The last word, after which nobody waits for another.
const END: &str = "That was all.";

/// When each message was sent.
type Sent = Arc<Vec<OnceLock<Instant>>>;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement; run it with `make bench-chat`"]
async fn a_thousand_people_hear_fifty_messages_a_second() {
    tokio::time::timeout(AT_MOST, measure()).await.expect("it ends by itself");
}

async fn measure() {
    let limits = EventConnections {
        total: 2 * MEMBERS,
        per_address: 2 * MEMBERS,
        per_member: 4,
        per_session: 4,
        ..EventConnections::default()
    };
    let site = Site::with(|config| Config { event_connections: limits, ..config }).await;
    let (owner, _) = site.backend.member("owner1").await;
    add_members(&site.backend).await;
    let sent: Sent = Arc::new((0..MESSAGES).map(|_| OnceLock::new()).collect());
    let mut readers = Vec::with_capacity(MEMBERS);
    for n in 0..MEMBERS {
        let mut browser = site.guest();
        browser.cookies.insert("__Host-sid".to_owned(), token(n));
        let path = format!("/api/stream-updates?topics=chat:{}", owner.id);
        let leaves_at = (n % 2 == 0).then_some(n * MESSAGES / MEMBERS);
        readers.push(Reader::open(browser, path, leaves_at).await);
    }
    let readers: Vec<_> = readers.into_iter().map(|reader| tokio::spawn(reader.hear(Arc::clone(&sent)))).collect();
    let begin = Instant::now();
    send_all(&site.backend, owner.id, &sent).await;
    let seconds = begin.elapsed().as_secs_f64();
    let visitor = Visitor { viewer: Some(owner.clone()), former: None, client: client() };
    site.backend.chat.send(&visitor, owner.id, Draft { text: END, ..Draft::default() }).await.unwrap();
    let mut all = Heard::default();
    for reader in readers {
        all.add(reader.await.unwrap());
    }
    report(all, seconds);
}

/// Says everything, at the pace that was promised, whether or not the server keeps up.
async fn send_all(backend: &Backend, channel: UserId, sent: &Sent) {
    let mut interval = tokio::time::interval(Duration::from_secs(1) / PER_SECOND);
    let mut sending = Vec::with_capacity(MESSAGES);
    for n in 0..MESSAGES {
        interval.tick().await;
        let visitor = Visitor { viewer: Some(member(n % WRITERS)), former: None, client: client() };
        let (backend, sent) = (backend.clone(), Arc::clone(sent));
        sending.push(tokio::spawn(async move {
            let text = format!("bench-{n:06}");
            sent[n].set(Instant::now()).unwrap();
            backend.chat.send(&visitor, channel, Draft { text: &text, ..Draft::default() }).await.unwrap();
        }));
    }
    for task in sending {
        task.await.unwrap();
    }
}

fn report(mut all: Heard, seconds: f64) {
    all.delays.sort_unstable();
    let millis = |share: usize| {
        let delay = all.delays.get((all.delays.len().saturating_sub(1)) * share / 1000).copied().unwrap_or_default();
        (delay.as_secs_f64() * 10_000.0).round() / 10.0
    };
    let report = json!({
        "members": MEMBERS,
        "messages": MESSAGES,
        "per_second_wanted": PER_SECOND,
        "per_second": (f64::from(u32::try_from(MESSAGES).unwrap()) / seconds * 10.0).round() / 10.0,
        "delivered": all.distinct,
        "caught_up_after_reconnecting": all.distinct - all.delays.len(),
        "reconnects": all.n_reconnects,
        "lost": all.n_lost,
        "doubled": all.n_doubled,
        "delivery_ms": { "p50": millis(500), "p99": millis(990), "longest": millis(1000) },
        "aim_p99_ms": AIM.as_millis(),
    });
    std::io::Write::write_all(&mut std::io::stdout(), format!("\n{report}\n").as_bytes()).unwrap();
    assert_eq!((all.n_lost, all.n_doubled), (0, 0), "nothing is lost and nothing comes twice");
}

/// Members and their sessions, without the cost of signing them up.
async fn add_members(backend: &Backend) {
    let statement = format!(
        "WITH people AS (INSERT INTO users (id, username, email, display_name, password_hash) \
            SELECT ('00000000-0000-0000-0000-' || lpad(n::text, 12, '0'))::uuid, 'w' || lpad(n::text, 4, '0'), \
                   n || '@example.org', 'Member ' || n, '' FROM generate_series(0, {}) AS n RETURNING id), \
         known AS (INSERT INTO stats (user_id) SELECT id FROM people) \
         INSERT INTO sessions (id, user_id, token_hash, browser) \
            SELECT id, id, sha256(convert_to(lpad(right(id::text, 12), 43, 't'), 'UTF8')), 'A test' FROM people",
        MEMBERS - 1
    );
    backend.sql(&statement).await;
}

fn member(n: usize) -> Viewer {
    Viewer {
        id: UserId(format!("00000000-0000-0000-0000-{n:012}").parse().unwrap()),
        session: SessionId(Uuid::nil()),
        username: Username::from_stored(format!("w{n:04}")),
        role: Role::Member,
        avatar: None,
    }
}

/// What a member's browser keeps.
fn token(n: usize) -> String {
    format!("{:t>43}", format!("{n:012}"))
}

/// What was heard, by one reader or by all.
#[derive(Default)]
struct Heard {
    distinct: usize,
    n_lost: usize,
    n_doubled: usize,
    n_reconnects: usize,
    /// Of the messages that were sent while the reader was there.
    delays: Vec<Duration>,
}

impl Heard {
    fn add(&mut self, other: Self) {
        self.distinct += other.distinct;
        self.n_lost += other.n_lost;
        self.n_doubled += other.n_doubled;
        self.n_reconnects += other.n_reconnects;
        self.delays.extend(other.delays);
    }
}

struct Reader {
    browser: Browser,
    path: String,
    events: EventReader,
    last: String,
    since: Instant,
    /// After how many messages the connection is lost once.
    leaves_at: Option<usize>,
}

impl Reader {
    async fn open(mut browser: Browser, path: String, leaves_at: Option<usize>) -> Self {
        let answer = browser.get(&path).await;
        assert_eq!(answer.status, StatusCode::OK);
        let mut events = answer.events();
        let first = events.next().await.unwrap();
        assert_eq!(first.name, "resync", "a page that was read before says where it stands");
        Self { browser, path, events, last: first.id, since: Instant::now(), leaves_at }
    }

    /// Comes back as a browser does: with the last position it has.
    async fn come_back(&mut self) {
        let answer = self.browser.with("last-event-id", &self.last).get(&self.path).await;
        self.events = answer.events();
        assert_eq!(self.events.next().await.unwrap().name, "heartbeat", "it goes on where it was");
        self.since = Instant::now();
    }

    /// Hears everything up to the last word.
    async fn hear(mut self, sent: Sent) -> Heard {
        let mut came = vec![false; MESSAGES];
        let mut heard = Heard::default();
        loop {
            if self.leaves_at.is_some_and(|n| heard.distinct >= n) {
                self.leaves_at = None;
                self.events = EventReader::ended();
                tokio::time::sleep(AWAY).await;
            }
            let event = match self.events.next().await {
                Some(event) if event.name != "reconnect" => event,
                // It was lost, or the server found it too slow.
                _ => {
                    heard.n_reconnects += 1;
                    self.come_back().await;
                    continue;
                }
            };
            if event.name != "message" {
                continue;
            }
            self.last = event.id;
            if event.data.contains(END) {
                break;
            }
            let Some((_, rest)) = event.data.split_once("bench-") else { continue };
            let n: usize = rest[..6].parse().unwrap();
            if std::mem::replace(&mut came[n], true) {
                heard.n_doubled += 1;
                continue;
            }
            heard.distinct += 1;
            let at = *sent[n].get().unwrap();
            if at > self.since {
                heard.delays.push(at.elapsed());
            }
        }
        heard.n_lost = came.iter().filter(|came| !**came).count();
        heard
    }
}
