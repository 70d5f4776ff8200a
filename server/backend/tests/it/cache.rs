//! What visitors read is kept, and still nobody is shown what was before a change.

use crate::{
    listener::PATIENCE,
    servers::{Servers, meet},
};
use backend::{
    Backend,
    cache::{Namespace, Numbers, Settings},
    chat::{Draft, Visitor},
    database,
    events::{Events, Start},
    media::MediaEvent,
    testing::{
        PASSWORD, backend_on, backend_that_keeps, client, database_settings, postgres::Postgres, redis::Redis, sample_picture,
    },
};
use domain::{
    Category, Error as Domain, UserId,
    account::Viewer,
    channel::ChannelPage,
    chrome::Chrome,
    event::{Event, Position, Topic},
    picture::PictureKind,
    stream::{StreamScope, StreamSnapshot},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Only an event makes anything new.
const FOR_LONG: Settings = {
    let hour = Duration::from_hours(1);
    Settings {
        entries: 100,
        streams: hour,
        channel: hour,
        recommended: hour,
        sessions: Duration::from_secs(3),
        stale: hour,
        keep: hour,
    }
};
const NOWHERE: Position = Position { epoch: 0, sequence: 0 };

/// Everything that is kept, as a visitor sees it, without positions.
#[derive(Debug, Clone, PartialEq)]
struct Seen {
    home: StreamSnapshot,
    categories: Vec<StreamSnapshot>,
    channels: Vec<Option<ChannelPage>>,
    chrome: Chrome,
}

async fn see(backend: &Backend) -> Seen {
    let list = async |scope| StreamSnapshot { position: NOWHERE, ..backend.streams.snapshot(scope, None).await.unwrap() };
    let page = async |name| match backend.channels.page(name, None).await {
        Ok(page) => Some(ChannelPage { position: NOWHERE, ..page }),
        Err(error) => {
            assert_eq!(error.into_domain(), Domain::not_found("channel"));
            None
        }
    };
    let mut categories = Vec::new();
    for category in Category::ALL {
        categories.push(list(StreamScope::Category { category, page: 1 }).await);
    }
    Seen {
        home: list(StreamScope::Home).await,
        categories,
        channels: vec![page("ana").await, page("ben").await],
        chrome: Chrome { position: NOWHERE, ..backend.surroundings.of(None).await.unwrap() },
    }
}

fn numbers(backend: &Backend, of: Namespace) -> Numbers {
    backend.cache.numbers().into_iter().find(|(namespace, _)| *namespace == of).unwrap().1
}

fn reads(backend: &Backend) -> u64 {
    backend.cache.numbers().into_iter().map(|(_, numbers)| numbers.reads).sum()
}

/// Two servers that keep what they read, and one that keeps nothing.
struct Pair {
    here: Backend,
    there: Backend,
    truth: Backend,
    seen: Seen,
}

impl Pair {
    async fn new(redis: Option<&Redis>) -> (Self, Viewer, Viewer) {
        let servers = Servers::new().await;
        let (ours, theirs) = servers.pair(redis).await;
        let settings = redis.map(Redis::settings);
        let keeps = |events| backend_that_keeps(servers.settings(), events, FOR_LONG, settings.as_ref());
        let (here, there) = (keeps(ours), keeps(theirs));
        let truth = backend_on(servers.settings(), Events::local().unwrap());
        let ((ana, _), (ben, _)) = (here.member("ana").await, here.member("ben").await);
        let seen = see(&truth).await;
        let pair = Self { here, there, truth, seen };
        assert_eq!((see(&pair.here).await, see(&pair.there).await), (pair.seen.clone(), pair.seen.clone()));
        (pair, ana, ben)
    }

    /// After something changed at this server: what is kept was of use before, and is not shown any more.
    async fn show_the_new_state(&mut self, what: &str) {
        let new = see(&self.truth).await;
        assert_ne!(new, self.seen, "{what}: nothing changed");
        self.seen = new;
        self.show_the_same(what).await;
    }

    async fn show_the_same(&self, what: &str) {
        assert_eq!(see(&self.here).await, self.seen, "{what}: this server");
        let told = async {
            while see(&self.there).await != self.seen {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let told = tokio::time::timeout(PATIENCE, told).await;
        assert!(told.is_ok(), "{what}: another server shows {:#?}\ninstead of {:#?}", see(&self.there).await, self.seen);
        // Nothing old comes back, and once all events are here nothing needs to be read.
        let missing = self.seen.channels.iter().filter(|page| page.is_none()).count();
        let needed = u64::try_from(missing).unwrap();
        let settled = async {
            loop {
                let before = (reads(&self.here), reads(&self.there));
                for backend in [&self.here, &self.there] {
                    assert_eq!(see(backend).await, self.seen, "{what}: again");
                }
                if (reads(&self.here), reads(&self.there)) == (before.0 + needed, before.1 + needed) {
                    break;
                }
            }
        };
        tokio::time::timeout(PATIENCE, settled).await.expect("what was read is kept");
    }
}

/// Media at a server, which the test speaks for.
struct Media {
    reports: mpsc::Sender<MediaEvent>,
    stopped: CancellationToken,
}

impl Media {
    fn at(backend: &Backend) -> Self {
        let (reports, reported) = mpsc::channel(16);
        let stopped = CancellationToken::new();
        let (broadcasts, token) = (backend.broadcasts.clone(), stopped.clone());
        tokio::spawn(async move { broadcasts.run(reported, token).await });
        Self { reports, stopped }
    }

    /// Reports something, and waits until the server says something about it.
    async fn report(&self, backend: &Backend, event: MediaEvent) {
        let mut told = backend.events.hub().subscribe(vec![Topic::Streams], None);
        self.reports.send(event).await.unwrap();
        tokio::time::timeout(PATIENCE, told.frames.recv()).await.expect("it is told").unwrap();
    }
}

impl Drop for Media {
    fn drop(&mut self) {
        self.stopped.cancel();
    }
}

/// Has every publisher seem to be gone for long, and waits until a server has looked and says something about it.
async fn let_time_pass(backend: &Backend) {
    let mut told = backend.events.hub().subscribe(vec![Topic::Streams], None);
    let mut connection = backend.database.connection().await.unwrap();
    let earlier = "UPDATE live_streams SET interrupted_at = now() - interval '1 minute'";
    diesel_async::RunQueryDsl::execute(diesel::sql_query(earlier), &mut connection).await.unwrap();
    tokio::time::timeout(PATIENCE, told.frames.recv()).await.expect("it is told").unwrap();
}

async fn after_each_mutation(redis: Option<&Redis>) {
    let (mut pair, ana, ben) = Box::pin(Pair::new(redis)).await;
    let here = pair.here.clone();
    let upload = async |kind, seed| {
        here.pictures.upload(&ana, kind, sample_picture(seed)).await.map_err(|error| error.to_string()).unwrap();
    };

    here.channels.update_stream(&ana, "Before it starts", "study").await.unwrap();
    pair.show_the_new_state("title and category, not live").await;
    here.profiles.update(&ana, "Ana Lovelace", "I **explain**.").await.unwrap();
    pair.show_the_new_state("name and bio, not live").await;
    here.profiles.update_links(&ana, "", |network| format!("{}/ana", network.hosts()[0])).await.unwrap();
    pair.show_the_new_state("links").await;
    upload(PictureKind::Avatar, 1).await;
    pair.show_the_new_state("a portrait, not live").await;
    upload(PictureKind::Thumbnail, 2).await;
    pair.show_the_new_state("a stream's picture, not live").await;
    here.pictures.remove(&ana, PictureKind::Avatar).await.unwrap();
    pair.show_the_new_state("no portrait").await;

    here.follows.follow(&ben, ana.id).await.unwrap();
    pair.show_the_new_state("a follower").await;
    here.follows.unfollow(&ben, ana.id).await.unwrap();
    pair.show_the_new_state("a follower less").await;
    here.follows.follow(&ben, ana.id).await.unwrap();
    pair.show_the_new_state("a follower again").await;
    here.blocks.block(&ana, ben.id).await.unwrap();
    pair.show_the_new_state("a follower who was blocked").await;
    here.blocks.unblock(&ana, ben.id).await.unwrap();
    let visitor = Visitor { viewer: Some(ben.clone()), former: None, client: client() };
    here.chat.send(&visitor, ben.id, Draft { text: "Hello", ..Draft::default() }).await.unwrap();
    pair.seen = see(&pair.truth).await;
    pair.show_the_same("experience").await;

    let media = Media::at(&here);
    media.report(&here, MediaEvent::Started { channel: ana.id }).await;
    pair.show_the_new_state("a stream that starts").await;
    here.channels.update_stream(&ana, "While it runs", "coding").await.unwrap();
    pair.show_the_new_state("title and category, live").await;
    here.profiles.update(&ana, "Ada", "").await.unwrap();
    pair.show_the_new_state("name and bio, live").await;
    upload(PictureKind::Avatar, 3).await;
    pair.show_the_new_state("a portrait, live").await;
    here.pictures.remove(&ana, PictureKind::Thumbnail).await.unwrap();
    pair.show_the_new_state("no picture of the stream, live").await;
    here.pictures.preview(&ana, sample_picture(4)).await.map_err(|error| error.to_string()).unwrap().expect("it is shown");
    pair.show_the_new_state("a frame of the stream").await;
    media.report(&here, MediaEvent::Interrupted { channel: ana.id }).await;
    pair.show_the_new_state("a publisher that is gone").await;
    media.report(&here, MediaEvent::Started { channel: ana.id }).await;
    pair.show_the_new_state("a publisher that is back").await;
    here.broadcasts.end(ana.id).await.unwrap();
    pair.show_the_new_state("a stream that ends").await;
    media.report(&here, MediaEvent::Started { channel: ana.id }).await;
    pair.show_the_new_state("a stream that starts again").await;
    let_time_pass(&here).await;
    pair.show_the_new_state("a publisher that did not come back").await;

    here.personal_data.delete(&ben, "ben", PASSWORD).await.unwrap();
    pair.show_the_new_state("an account that is deleted").await;
    here.personal_data.delete(&ana, "ana", PASSWORD).await.unwrap();
    pair.show_the_new_state("the account of who taught").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_mutation_this_server_and_another_read_the_new_state() {
    Box::pin(after_each_mutation(Some(&Redis::running()))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_mutation_without_redis_too() {
    Box::pin(after_each_mutation(None)).await;
}

/// What one server has read, another need not: it takes it from Redis.
#[tokio::test(flavor = "multi_thread")]
async fn what_one_server_read_is_there_for_the_other() {
    let redis = Redis::running();
    let (pair, ana, _) = Box::pin(Pair::new(Some(&redis))).await;
    let found = async {
        let mut n = 0;
        while numbers(&pair.there, Namespace::Channel).shared == 0 {
            n += 1;
            pair.here.channels.update_stream(&ana, &format!("Title {n}"), "study").await.unwrap();
            pair.here.channels.page("ana", None).await.unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
            let there = pair.there.channels.page("ana", None).await.unwrap();
            assert_eq!(there.position.epoch, pair.there.events.position().epoch, "the position is one of this server");
        }
    };
    tokio::time::timeout(PATIENCE, found).await.expect("the other server to find what this one read");
}

/// Redis that goes away costs time at most.
#[tokio::test(flavor = "multi_thread")]
async fn redis_may_hang_crash_and_forget() {
    let mut redis = Redis::running();
    let (mut pair, ana, _) = Box::pin(Pair::new(Some(&redis))).await;
    let change = async |here: &Backend, title: &str| here.channels.update_stream(&ana, title, "study").await.unwrap();
    redis.signal("STOP");
    change(&pair.here, "While it hangs").await;
    let began = Instant::now();
    assert_eq!(pair.here.channels.page("ana", None).await.unwrap().title, "While it hangs");
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    pair.show_the_new_state("Redis hangs").await;
    redis.signal("CONT");
    change(&pair.here, "It goes on").await;
    pair.show_the_new_state("Redis goes on").await;
    redis.kill();
    change(&pair.here, "While it is gone").await;
    pair.show_the_new_state("Redis is gone").await;
    redis.start();
    meet(&pair.here.events, &pair.there.events).await;
    change(&pair.here, "It is back").await;
    pair.show_the_new_state("Redis is back").await;
    redis.command(&["FLUSHALL"]);
    change(&pair.here, "It has forgotten").await;
    pair.show_the_new_state("Redis was emptied").await;
}

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

/// Hidden people stay hidden, and followers see that they follow, however much the rest is shared.
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

#[tokio::test(flavor = "multi_thread")]
async fn what_all_servers_counted_is_added_up_in_redis() {
    let mut redis = Redis::running();
    let (pair, ..) = Box::pin(Pair::new(Some(&redis))).await;
    let told = async |backend: &Backend| {
        let told = async {
            loop {
                if let Some(sums) = backend.cache.share_numbers().await {
                    break sums;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(PATIENCE, told).await.expect("Redis answers")
    };
    told(&pair.here).await;
    let sums = told(&pair.there).await;
    for ((namespace, here), sum) in pair.here.cache.numbers().into_iter().zip(sums) {
        let there = numbers(&pair.there, namespace);
        assert_eq!(sum, here.plus(there), "{namespace:?}");
        assert!(sum.questions() > 0, "{namespace:?}");
    }
    assert_eq!(told(&pair.here).await, sums, "nothing is added twice");
    assert_eq!(pair.here.cache.numbers_everywhere(), Some(Namespace::ALL.into_iter().zip(sums).collect()));
    redis.signal("STOP");
    let began = Instant::now();
    assert_eq!(pair.here.cache.share_numbers().await, None);
    assert!(began.elapsed() < Duration::from_secs(1), "a Redis that hangs is not waited for: {:?}", began.elapsed());
    redis.kill();
    assert_eq!(pair.here.cache.share_numbers().await, None);
    assert_eq!(pair.here.cache.numbers_everywhere(), None, "what is not known is not told");
}
