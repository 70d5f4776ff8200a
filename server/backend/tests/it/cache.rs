//! What visitors read is kept, and still nobody is shown what was before a change.

mod mutations;
mod pair;
mod shared;

use crate::listener::PATIENCE;
use backend::{
    Backend,
    cache::{Namespace, Settings},
    database,
    events::{Events, Start},
    media::MediaEvent,
    testing::{backend_that_keeps, database_settings, postgres::Postgres, redis::Redis},
};
use domain::{
    Error as Domain, UserId,
    event::{Event, Position, Topic},
    stream::StreamScope,
};
use mutations::Media;
use pair::{FOR_LONG, Pair, numbers, see};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// Readers never stop while a title changes: after each change nobody gets an older one, here or at the other server once
/// it was told.
#[tokio::test(flavor = "multi_thread")]
async fn a_read_that_a_change_overtakes_is_given_to_nobody_after_it() {
    const CHANGES: u32 = 150;
    let redis = Redis::running();
    let (pair, ana, _) = Box::pin(Pair::new(Some(&redis))).await;
    let (is_over, mut readers) = (Arc::new(AtomicBool::new(false)), Vec::new());
    for backend in [&pair.here, &pair.here, &pair.here, &pair.there, &pair.there] {
        let (backend, is_over) = (backend.clone(), Arc::clone(&is_over));
        readers.push(tokio::spawn(async move {
            let mut last = 0;
            while !is_over.load(Ordering::Relaxed) {
                let title = backend.channels.page("ana", None).await.unwrap().title;
                let n = title.strip_prefix("Title ").map_or(0, |n| n.parse().unwrap());
                assert!(n >= last, "{n} after {last}");
                last = n;
                tokio::task::yield_now().await;
            }
        }));
    }
    for n in 1..=CHANGES {
        pair.here.channels.update_stream(&ana, &format!("Title {n}"), "study").await.unwrap();
        assert_eq!(pair.here.channels.page("ana", None).await.unwrap().title, format!("Title {n}"));
    }
    let told = async {
        while pair.there.channels.page("ana", None).await.unwrap().title != format!("Title {CHANGES}") {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, told).await.expect("the other server to be told");
    is_over.store(true, Ordering::Relaxed);
    for reader in readers {
        reader.await.unwrap();
    }
}

/// Events begin where a page ends, however long the page was kept.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_falls_between_a_kept_page_and_its_events() {
    let events = Events::local().unwrap();
    let backend = backend_that_keeps(&database_settings().await, events, FOR_LONG, None);
    let (ana, _) = backend.member("ana").await;
    for n in 0..150_u64 {
        let wanted = format!("Title {n}");
        let writing = tokio::spawn({
            let (backend, ana, wanted) = (backend.clone(), ana.clone(), wanted.clone());
            async move { backend.channels.update_stream(&ana, &wanted, "study").await }
        });
        tokio::time::sleep(Duration::from_micros(n * 53 % 4000)).await;
        let page = backend.channels.page("ana", None).await.unwrap();
        writing.await.unwrap().unwrap();
        let told = is_told(
            &backend,
            Topic::Channel(ana.id),
            page.position,
            |event| matches!(event, Event::ChannelUpdated { title, .. } if *title == wanted),
        );
        assert!(page.title == wanted || told, "run {n}");
    }
}

/// Whether a page that was read at this position hears of such an event.
fn is_told(backend: &Backend, topic: Topic, after: Position, is_it: impl Fn(&Event) -> bool) -> bool {
    let subscription = backend.events.hub().subscribe(vec![topic], Some(after));
    match &subscription.start {
        Start::Continues { missed, .. } => missed.iter().any(|frame| is_it(&crate::listener::read(frame))),
        Start::Resync { .. } => panic!("it was not away for long"),
    }
}

/// A list that says fewer viewers than are there would put a stream in the wrong place.
#[tokio::test(flavor = "multi_thread")]
async fn viewer_counts_end_what_is_kept() {
    let events = Events::local().unwrap();
    let backend = backend_that_keeps(&database_settings().await, events, FOR_LONG, None);
    let (ana, _) = backend.member("ana").await;
    let media = Media::at(&backend);
    media.report(&backend, MediaEvent::Started { channel: ana.id }).await;
    backend.streams.snapshot(StreamScope::Home, None).await.unwrap();
    media.report(&backend, MediaEvent::Viewers { channel: ana.id, viewers: 7 }).await;
    let after = backend.streams.snapshot(StreamScope::Home, None).await.unwrap();
    assert_eq!(after.hero.unwrap().live.viewers, 7);
}

/// Many who ask at once are one question to the database.
#[tokio::test(flavor = "multi_thread")]
async fn who_asks_at_the_same_time_shares_a_read() {
    let events = Events::local().unwrap();
    let backend = backend_that_keeps(&database_settings().await, events, FOR_LONG, None);
    let mut asking = Vec::new();
    for n in 0..50 {
        let backend = backend.clone();
        asking.push(tokio::spawn(async move {
            let asked = backend.streams.snapshot(StreamScope::Home, None);
            if n % 5 == 0 {
                // Whoever leaves takes the read from nobody.
                drop(tokio::time::timeout(Duration::from_micros(10), asked).await);
            } else {
                asked.await.unwrap();
            }
        }));
    }
    for task in asking {
        task.await.unwrap();
    }
    assert_eq!(numbers(&backend, Namespace::Home).reads, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_visitors_of_a_server_do_not_wait() {
    let backend = backend_that_keeps(&database_settings().await, Events::local().unwrap(), FOR_LONG, None);
    backend.warm_up().await.unwrap();
    let misses = || [Namespace::Home, Namespace::Category, Namespace::Recommended].map(|of| numbers(&backend, of).misses);
    let before = misses();
    see(&backend).await;
    assert_eq!(misses(), before, "all of it was there");
    assert!(before.iter().all(|misses| *misses > 0), "{before:?}");
}

/// Hidden people stay hidden, and followers see that they follow, however much the rest is shared.
#[tokio::test(flavor = "multi_thread")]
async fn members_share_what_is_the_same_for_all() {
    let events = Events::local().unwrap();
    let backend = backend_that_keeps(&database_settings().await, events, FOR_LONG, None);
    let ((ana, _), (ben, _)) = (backend.member("ana").await, backend.member("ben").await);
    let media = Media::at(&backend);
    media.report(&backend, MediaEvent::Started { channel: ana.id }).await;
    let n_live = async |reader: Option<UserId>| {
        let home = backend.streams.snapshot(StreamScope::Home, reader).await.unwrap();
        home.rows.iter().map(|row| row.total).sum::<u32>()
    };
    assert_eq!((n_live(None).await, n_live(Some(ben.id)).await), (1, 1));
    assert_eq!(numbers(&backend, Namespace::Home).reads, 1, "the member got what the visitor read");
    backend.follows.follow(&ben, ana.id).await.unwrap();
    let follow = async |reader| backend.channels.page("ana", reader).await.unwrap().follow;
    assert!(follow(Some(ben.id)).await.is_following && !follow(None).await.is_following);
    assert!(follow(Some(ana.id)).await.is_own && !follow(None).await.is_own);
    assert_eq!(numbers(&backend, Namespace::Channel).reads, 1);
    backend.blocks.block(&ana, ben.id).await.unwrap();
    assert_eq!((n_live(None).await, n_live(Some(ben.id)).await), (1, 0));
    let refused = backend.channels.page("ana", Some(ben.id)).await.unwrap_err();
    assert_eq!(refused.into_domain(), Domain::not_found("channel"));
    backend.channels.page("ana", None).await.unwrap();
}

/// While the database is away visitors see what was kept, soon, and are told that it is old; then it is new by itself.
#[tokio::test(flavor = "multi_thread")]
async fn while_the_database_is_away_kept_pages_go_on() {
    const AT_ONCE: Duration = Duration::from_millis(1500);
    let short = Duration::from_millis(1);
    let settings = Settings { streams: short, channel: short, recommended: short, stale: short, ..FOR_LONG };
    let mut postgres = Postgres::running();
    database::migrate(&postgres.settings()).await.unwrap();
    let backend = backend_that_keeps(&postgres.settings(), Events::local().unwrap(), settings, None);
    backend.member("ana").await;
    let read = async || {
        let home = backend.streams.answer(StreamScope::Home, None).await.unwrap();
        let page = backend.channels.answer("ana", None).await.unwrap();
        let chrome = backend.surroundings.answer(None).await.unwrap();
        [home.cache_status(), page.cache_status(), chrome.cache_status()]
    };
    assert_eq!(read().await, [None, None, None], "what was just read is fresh");
    for how in ["killed", "stopped"] {
        if how == "killed" {
            postgres.kill();
        } else {
            postgres.signal("STOP");
        }
        let marked = async { while read().await.iter().any(Option::is_none) {} };
        tokio::time::timeout(PATIENCE, marked).await.expect("an answer");
        let began = Instant::now();
        for status in read().await {
            assert!(status.unwrap().starts_with("learnify; hit; ttl=-"));
        }
        assert!(began.elapsed() < AT_ONCE, "{how}: {:?}", began.elapsed());
        if how == "killed" {
            postgres.start();
        } else {
            postgres.signal("CONT");
        }
        let healed = async {
            while read().await.iter().any(Option::is_some) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, healed).await.expect("it is read again");
    }
    assert!(numbers(&backend, Namespace::Home).failures >= 2);
}
