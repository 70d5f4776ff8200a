//! F36: clocks that go wrong and are set while people use the site.
//!
//! Times that count are the database's, and how long something takes is told by clocks that nobody sets. So whatever the clock
//! of a server tells, nobody is signed out, no stream ends, nobody leaves, and nothing gets into another order.

use super::restarts::{n_live, publish};
use crate::{
    crowd::Crowd,
    harness::EventReader,
    process::{Remote, Server, Shared, free_address, saw, until},
};
use axum::http::StatusCode;
use backend::{
    Backend, database,
    testing::{PASSWORD, clock::Clock, is_full_size, postgres::Postgres, redis::Redis},
};
use domain::{
    UserId,
    event::{Event, Topic, Update},
};
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use tokio_util::task::AbortOnDropHandle;

const HOUR: i64 = 3600;
/// Until when something shows that happens every few seconds.
const SOON: Duration = Duration::from_secs(20);

/// A clock to be set wrong, where there is the library for it.
fn clock() -> Option<Clock> {
    let clock = Clock::new();
    if clock.is_none() {
        saw("F36: left out, since this machine has no libfaketime (Debian: apt-get install faketime)");
    }
    clock
}

/// What an open page was told.
#[derive(Debug, Clone, Copy, Default)]
struct Told {
    n_heartbeats: u32,
    /// How many people are here.
    present: u32,
    n_resyncs: u32,
    has_ended: bool,
}

/// The page of a channel, open until dropped.
struct Page {
    told: Arc<Mutex<Told>>,
    reading: AbortOnDropHandle<()>,
}

impl Page {
    async fn open(browser: &Remote, at: SocketAddr, channel: UserId) -> Self {
        let path = format!("/api/stream-updates?topics={}", Topic::Channel(channel));
        let events = browser.get(at, &path).await.unwrap().events();
        let told: Arc<Mutex<Told>> = Arc::default();
        Self { told: Arc::clone(&told), reading: AbortOnDropHandle::new(tokio::spawn(read(events, told))) }
    }

    fn told(&self) -> Told {
        assert!(!self.reading.is_finished(), "it read until {:?}", self.told);
        *self.told.lock().unwrap()
    }
}

async fn read(mut events: EventReader, told: Arc<Mutex<Told>>) {
    // Silence that is longer than a heartbeat fails in here.
    while let Some(event) = events.next().await {
        let mut told = told.lock().unwrap();
        match event.name.as_str() {
            "heartbeat" => told.n_heartbeats += 1,
            "resync" => told.n_resyncs += 1,
            "reconnect" => told.has_ended = true,
            _ => {
                if let Event::PresenceChanged { present, .. } = serde_json::from_str::<Update>(&event.data).unwrap().event {
                    told.present = present;
                }
            }
        }
    }
    told.lock().unwrap().has_ended = true;
}

/// Two people, each with the page of a channel open at a server of their own.
struct People {
    browsers: [Remote; 2],
    pages: [Page; 2],
    at: [SocketAddr; 2],
}

impl People {
    async fn come(backend: &Backend, channel: UserId, at: [SocketAddr; 2]) -> Self {
        let mut browsers = Vec::new();
        for name in ["ana", "ben"] {
            browsers.push(Remote::member(backend.member(name).await.1.as_str()));
        }
        let browsers: [Remote; 2] = browsers.try_into().unwrap_or_else(|_| unreachable!());
        let pages = [Page::open(&browsers[0], at[0], channel).await, Page::open(&browsers[1], at[1], channel).await];
        let people = Self { browsers, pages, at };
        until("both are here", SOON, async || people.pages.iter().all(|page| page.told().present == 2)).await;
        people
    }

    /// Looks that they are signed in at both servers, and that both are still here, without having been sent anywhere.
    async fn are_well(&self) {
        for browser in &self.browsers {
            for at in self.at {
                let answer = browser.get(at, "/settings").await.unwrap();
                assert_eq!(answer.status, StatusCode::OK, "signed out at {at}: {}", answer.header("location"));
            }
        }
        for page in &self.pages {
            let told = page.told();
            assert_eq!((told.present, told.n_resyncs, told.has_ended), (2, 1, false), "{told:?}");
        }
    }

    /// Waits until both pages had so many more heartbeats.
    async fn hear(&self, n_heartbeats: u32) {
        let counts = || self.pages.each_ref().map(|page| page.told().n_heartbeats);
        let before = counts();
        let patience = SOON * n_heartbeats;
        until("heartbeats", patience, async || counts().iter().zip(before).all(|(now, then)| now - then >= n_heartbeats)).await;
    }
}

/// By how many seconds a server's clock is ahead of the database's, as the log tells when somebody signs in.
async fn ahead(backend: &Backend, server: &Server) -> i64 {
    let fields = [("username", "teacher"), ("password", PASSWORD)];
    assert_eq!(Remote::guest().call(server.address, "accounts/sign_in", &fields).await.unwrap().status, StatusCode::OK);
    let log = server.log();
    let line = log.lines().rev().find(|line| line.contains("signed in")).expect("who signs in is in the log");
    let time = line.split_whitespace().next().unwrap();
    let ahead = format!("SELECT round(extract(epoch FROM '{time}'::timestamptz - clock_timestamp()))::text AS found");
    backend.texts(&ahead).await.remove(0).parse().unwrap()
}

/// The clock of one of two servers is set, and it is started anew by a clock that is behind.
#[tokio::test(flavor = "multi_thread")]
async fn f36_a_server_whose_clock_is_set_goes_on() {
    let Some(clock) = clock() else { return };
    let offsets: &[i64] = if is_full_size() { &[HOUR, -HOUR, 40 * 24 * HOUR, 0, HOUR] } else { &[-HOUR, HOUR] };
    let shared = Shared::new(Some(Redis::running())).await;
    let (teacher, token) = shared.backend.member("teacher").await;
    let mut wrong = shared.server_by(&clock, free_address()).await;
    let right = shared.server().await;
    let at = [wrong.address, right.address];
    let publishing = publish(wrong.address, &Remote::member(token.as_str())).await;
    until("the stream is live", SOON, async || n_live(&shared, teacher.id).await == 1).await;
    let people = People::come(&shared.backend, teacher.id, at).await;
    let crowd = Crowd::begin(&shared, &at, 6).await;
    for offset in offsets {
        clock.set(*offset);
        let found = ahead(&shared.backend, &wrong).await;
        assert!((found - offset).abs() <= 5, "set to {offset}, told {found}");
        crowd.does(20).await;
        if is_full_size() {
            // Longer than a server may be silent with its streams.
            people.hear(2).await;
        }
        people.are_well().await;
        assert_eq!(n_live(&shared, teacher.id).await, 1, "it is still live by a clock that is {offset} s ahead");
    }
    people.hear(1).await;
    people.are_well().await;
    assert_eq!(n_live(&shared, teacher.id).await, 1);

    // What was written before was written by a clock that was ahead.
    drop(people);
    publishing.abort();
    wrong.terminate();
    wrong.ended(SOON).await;
    clock.set(-HOUR);
    let mut wrong = shared.server_by(&clock, wrong.address).await;
    crowd.does(40).await;
    let report = crowd.end(&shared.backend).await;
    let mixed_up = "SELECT text AS found FROM \
        (SELECT text, sent_at, max(sent_at) OVER (ORDER BY id ROWS UNBOUNDED PRECEDING) AS latest FROM chat_messages) AS told \
        WHERE sent_at < latest - interval '2 seconds'";
    assert_eq!(shared.backend.texts(mixed_up).await, Vec::<String>::new(), "they are shown among what was said before");
    wrong.terminate();
    wrong.ended(SOON).await;
    saw(&format!("F36: the clock of a server was set {} times, by up to {} h: {report}", offsets.len(), largest(offsets)));
}

fn largest(offsets: &[i64]) -> i64 {
    offsets.iter().map(|offset| offset.abs() / HOUR).max().unwrap()
}

/// The clock of the database is set, which everybody goes by, and set right again.
#[tokio::test(flavor = "multi_thread")]
async fn f36_a_database_whose_clock_is_set_ends_no_session_and_no_stream() {
    let Some(clock) = clock() else { return };
    let postgres = Postgres::running_by(&clock);
    database::migrate(&postgres.settings()).await.unwrap();
    let shared = Shared::on(postgres.settings(), Some(Redis::running()));
    let (teacher, token) = shared.backend.member("teacher").await;
    let servers = [shared.server().await, shared.server().await];
    let at = [servers[0].address, servers[1].address];
    let publishing = publish(at[0], &Remote::member(token.as_str())).await;
    until("the stream is live", SOON, async || n_live(&shared, teacher.id).await == 1).await;
    let people = People::come(&shared.backend, teacher.id, at).await;
    let broadcasts =
        async || shared.backend.texts("SELECT id::text AS found FROM live_streams JOIN broadcasts ON id = broadcast_id").await;
    let running = broadcasts().await;
    for offset in [HOUR, 0] {
        // Until the next one both servers look several times whether streams are over.
        let just = "SELECT 1::text AS found FROM live_streams WHERE abs(extract(epoch FROM clock_timestamp() - seen_at)) < 0.5";
        until("a sign of life was just given", SOON, async || shared.backend.texts(just).await.len() == 1).await;
        let began = Instant::now();
        clock.set(offset);
        let told = async || -> i64 {
            let found = shared.backend.texts("SELECT extract(epoch FROM clock_timestamp())::bigint::text AS found").await;
            found[0].parse().unwrap()
        };
        let now = || i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap();
        until("the database has that clock", SOON, async || (told().await - now() - offset).abs() <= 5).await;
        let given = "SELECT 1::text AS found FROM nodes WHERE abs(extract(epoch FROM clock_timestamp() - seen_at)) < 60";
        until("both servers give signs of life by it", SOON, async || shared.backend.texts(given).await.len() == 2).await;
        // Longer than a server may be silent, after which everybody would be taken for dead.
        people.hear(1).await;
        people.are_well().await;
        assert_eq!(broadcasts().await, running, "the broadcast goes on, {:?} after the clock was set", began.elapsed());
    }
    publishing.abort();
    drop(people);
    for mut server in servers {
        server.terminate();
        server.ended(SOON).await;
    }
    saw("F36: the clock of the database was set by 1 h and back; nobody was signed out, and the broadcast went on");
}
