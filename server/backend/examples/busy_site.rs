//! A full database with streams that start and stop all the time, as another server on it would cause it.
//!
//! `make bench-pages` runs it beside the server that it measures. It fills a database of its own, prints one line of JSON
//! that says how to reach it, and then has streams start and stop through the services, so that the server hears of them
//! as of those of any other: by Redis if `REDIS_URL` names one, else by PostgreSQL. To each line that it is sent it answers
//! with one of JSON that says how many did so far. When nobody can send it any more it ends, and its database with it.
//!
//! `STREAMS_PER_SECOND` start in a second, and as many stop (50 if not set). `LEARNIFY_FULL_SIZE` makes the database as
//! full as the site is made for, instead of a twentieth of that; there are 5,000 live streams in either.

#![allow(clippy::unwrap_used, reason = "what fails here is the measurement")]

use backend::{
    Backend, cache,
    database::Database,
    events::{BusSettings, Events},
    media::MediaEvent,
    testing::{
        backend_that_keeps, database_settings,
        population::{self, Size, person},
    },
};
use domain::UserId;
use secrecy::ExposeSecret;
use serde_json::json;
use std::{
    collections::{HashSet, VecDeque},
    io::Write,
    path::Path,
    time::Duration,
};
use tokio::{
    sync::mpsc,
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Live streams that are there all the time.
const LIVE: u32 = 5000;
/// Seconds that a stream lives which comes and goes.
const LIFE: u32 = 2;
const MOST_PER_SECOND: u32 = 1000;
const FOLLOWS: u32 = 100;
const NAME: &str = "busy_learner";

#[tokio::main]
async fn main() {
    let (rate, redis) = chosen();
    let settings = database_settings().await.with_pool_size(8);
    let size = Size { live: LIVE, ..Size::chosen() };
    population::fill(&Database::new(&settings).unwrap(), size).await;
    let events = Events::shared(Uuid::new_v4(), &Database::new(&settings).unwrap(), redis.as_ref()).unwrap();
    let backend = backend_that_keeps(&settings, events, cache::Settings::NONE, None);
    make_durable(&backend).await;
    let token = sign_up(&backend, size).await;
    let folder = backend.texts("SELECT current_setting('data_directory') AS found").await.remove(0);
    let file = std::fs::read_to_string(Path::new(&folder).join("postmaster.pid")).unwrap();
    let ready = json!({
        "database_url": settings.url.expose_secret(),
        "database_pid": file.lines().next().unwrap().parse::<u32>().unwrap(),
        "members": size.users,
        "live": size.live,
        "streams_per_second": rate,
        "name": NAME,
        "session": token,
    });

    let stopped = CancellationToken::new();
    let began = backend.texts("SELECT clock_timestamp()::text AS found").await.remove(0);
    let (media, reported) = mpsc::channel(64);
    let following = tokio::spawn({
        let (broadcasts, stopped) = (backend.broadcasts.clone(), stopped.clone());
        async move { broadcasts.run(reported, stopped).await }
    });
    tokio::spawn({
        let (outbox, stopped) = (backend.outbox.clone(), stopped.clone());
        async move { outbox.run(stopped).await }
    });
    tokio::spawn(come_and_go(backend.clone(), media, size, rate));
    say(&ready);
    let mut questions = questions();
    while let Some(()) = questions.recv().await {
        let (started, stopped) = (count(&backend, &began, "").await, count(&backend, &began, "AND ended_at IS NOT NULL").await);
        say(&json!({ "started": started, "stopped": stopped }));
    }
    stopped.cancel();
    following.await.unwrap();
}

#[expect(clippy::disallowed_methods, reason = "a measurement has no settings but these")]
fn chosen() -> (u32, Option<BusSettings>) {
    let rate = std::env::var("STREAMS_PER_SECOND").map_or(50, |rate| rate.parse().unwrap());
    assert!((1..=MOST_PER_SECOND).contains(&rate), "STREAMS_PER_SECOND is a number from 1 to {MOST_PER_SECOND}");
    let url = std::env::var("REDIS_URL").ok().filter(|url| !url.is_empty());
    let prefix = std::env::var("REDIS_PREFIX").unwrap_or_else(|_unset| "learnify".to_owned());
    (rate, url.map(|url| BusSettings { url: url.into(), prefix }))
}

/// The databases of tests may lose what they hold. From here on this one waits for the disk as that of a site does.
async fn make_durable(backend: &Backend) {
    for setting in ["fsync", "full_page_writes", "synchronous_commit"] {
        backend.sql(&format!("ALTER SYSTEM SET {setting} = on")).await;
    }
    backend.sql("SELECT pg_reload_conf()").await;
    backend.sql("CHECKPOINT").await;
}

/// A member who follows popular channels and others. Answers the token of their session.
async fn sign_up(backend: &Backend, size: Size) -> String {
    let (viewer, token) = backend.member(NAME).await;
    let every = size.channels / size.live;
    // Some of those who are live, and some beside them.
    for n in 0..FOLLOWS {
        backend.follows.follow(&viewer, person(1 + n * every + n % 5)).await.unwrap();
    }
    token.as_str().to_owned()
}

/// Has a stream start and another stop at an even pace, until the process ends. What comes late is caught up with.
async fn come_and_go(backend: Backend, media: mpsc::Sender<MediaEvent>, size: Size, rate: u32) {
    let (ends, mut ending) = mpsc::channel::<UserId>(64);
    tokio::spawn({
        let broadcasts = backend.broadcasts.clone();
        async move {
            while let Some(channel) = ending.recv().await {
                broadcasts.end(channel).await.unwrap();
            }
        }
    });
    let live = backend.texts("SELECT channel_id::text AS found FROM live_streams").await;
    let live: HashSet<Uuid> = live.iter().map(|id| id.parse().unwrap()).collect();
    // Popular ones and others in turn.
    let channels = (0..size.channels).cycle().map(|n| person(1 + n * 7919 % size.channels)).filter(|id| !live.contains(&id.0));
    let mut running = VecDeque::new();
    let mut tick = interval(Duration::from_secs(1) / rate);
    tick.set_missed_tick_behavior(MissedTickBehavior::Burst);
    for channel in channels {
        tick.tick().await;
        media.send(MediaEvent::Started { channel }).await.unwrap();
        running.push_back(channel);
        if running.len() > usize::try_from(rate * LIFE).unwrap()
            && let Some(first) = running.pop_front()
        {
            ends.send(first).await.unwrap();
        }
    }
}

/// The lines that this program is sent, until nobody can send any.
fn questions() -> mpsc::Receiver<()> {
    let (sender, questions) = mpsc::channel(1);
    std::thread::spawn(move || std::io::stdin().lines().map_while(Result::ok).try_for_each(|_line| sender.blocking_send(())));
    questions
}

async fn count(backend: &Backend, began: &str, condition: &str) -> u64 {
    let query = format!("SELECT count(*)::text AS found FROM broadcasts WHERE started_at >= '{began}' {condition}");
    backend.texts(&query).await.remove(0).parse().unwrap()
}

fn say(line: &serde_json::Value) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).unwrap();
}
