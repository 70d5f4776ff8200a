//! What happens when readers come and go at the wrong moment, and when the database is away, full of work or left in the
//! middle of something.
//!
//! Each test prints what it saw; `make faults` shows it.

use crate::listener::{PATIENCE, event, number, read, saw};
use backend::{
    Backend, Error, cache,
    chat::{Draft, Visitor},
    database,
    events::{Events, Start, Subscription},
    testing::{backend_on, backend_that_keeps, client, database_settings, is_full_size, postgres::Postgres, test_backend},
};
use diesel::{QueryableByName, sql_types::BigInt};
use diesel_async::RunQueryDsl;
use domain::{
    ClientId, UserId,
    account::Viewer,
    event::{Event, Topic},
    stream::StreamScope,
};
use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use uuid::Uuid;

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

async fn count(backend: &Backend, rows: &str) -> i64 {
    let mut connection = backend.database.connection().await.unwrap();
    let count: Count = diesel::sql_query(format!("SELECT count(*) AS n FROM {rows}")).get_result(&mut connection).await.unwrap();
    count.n
}

async fn home(backend: &Backend) -> Result<(), Error> {
    backend.streams.snapshot(StreamScope::Home, None).await.map(|_snapshot| ())
}

async fn title(backend: &Backend, viewer: &Viewer, title: &str) -> Result<(), Error> {
    backend.channels.update_stream(viewer, title, "study").await
}

/// The answer to an operation while the database is away: that it is, and not never.
async fn refused(operation: impl Future<Output = Result<(), Error>>) -> Duration {
    let began = Instant::now();
    let answer = tokio::time::timeout(PATIENCE, operation).await.expect("an answer");
    assert_eq!(answer.unwrap_err().into_domain(), domain::Error::Unavailable);
    began.elapsed()
}

/// Until when a change is refused while the database is away.
const LIMIT: Duration = Duration::from_millis(2500);

/// Waits until the services work again, without being started anew.
async fn healed(backend: &Backend) -> Duration {
    let began = Instant::now();
    let works = async {
        while home(backend).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, works).await.expect("the services to work again");
    began.elapsed()
}

/// F01 and F06: readers drop their connection again and again while events are published, also in the middle of catching up.
#[tokio::test(flavor = "multi_thread")]
async fn f01_readers_that_come_and_go_miss_nothing_and_hear_nothing_twice() {
    const EVENTS: u64 = 4000;
    const READERS: u64 = 20;
    let events = Events::local().unwrap();
    let progress: Arc<Vec<AtomicU64>> = Arc::new((0..READERS).map(|_| AtomicU64::new(0)).collect());
    let mut readers = Vec::new();
    let beginning = events.position();
    for n in 0..READERS {
        let (events, progress) = (events.clone(), Arc::clone(&progress));
        readers.push(tokio::spawn(async move {
            let (mut last, mut heard, mut n_connections) = (beginning, 0, 0_u64);
            while heard < EVENTS {
                let mut subscription = events.hub().subscribe(vec![Topic::Streams], Some(last));
                n_connections += 1;
                let mut frames = missed(&mut subscription);
                let most = (n * 7 + n_connections * 13) % 60;
                while u64::try_from(frames.len()).unwrap() < most && heard + most < EVENTS {
                    let Some(frame) = subscription.frames.recv().await else { break };
                    frames.push(frame);
                }
                for frame in frames {
                    heard += 1;
                    assert_eq!(number(&frame), Some(heard.into()), "reader {n}, connection {n_connections}");
                    last = frame.position;
                }
                progress[usize::try_from(n).unwrap()].store(heard, Ordering::Relaxed);
                tokio::task::yield_now().await;
            }
            n_connections
        }));
    }
    for n in 1..=EVENTS {
        // The history holds a thousand; whoever is away for longer starts anew, which is not what this is about.
        while progress.iter().any(|heard| n > heard.load(Ordering::Relaxed) + 300) {
            tokio::task::yield_now().await;
        }
        events.publish(&[Topic::Streams], &event(n.into()));
        if n % 8 == 0 {
            tokio::task::yield_now().await;
        }
    }
    let mut n_connections = 0;
    for reader in readers {
        n_connections += tokio::time::timeout(PATIENCE, reader).await.expect("all readers to hear the last").unwrap();
    }
    saw(&format!("F01 and F06: {READERS} readers over {n_connections} connections heard each of {EVENTS} events once, in order"));
}

/// F02: readers that were away for more than the history holds begin anew, once, and read one snapshot between them.
#[tokio::test(flavor = "multi_thread")]
async fn f02_who_was_away_for_too_long_begins_anew_once_with_what_is_true() {
    const READERS: usize = 200;
    let kept = cache::Settings { channel: Duration::from_hours(1), ..cache::Settings::default() };
    let backend = backend_that_keeps(&database_settings().await, Events::local().unwrap(), kept, None);
    let (ana, _) = backend.member("ana").await;
    let left_at = backend.events.position();
    for n in 0..=1000_u32 {
        backend.events.publish(&[Topic::Channel(ana.id)], &event(n.into()));
    }
    title(&backend, &ana, "While they were away").await.unwrap();
    let reads = || backend.cache.numbers().into_iter().map(|(_, numbers)| numbers.reads).sum::<u64>();
    let before = reads();
    let mut returning = Vec::new();
    for _ in 0..READERS {
        let (backend, id) = (backend.clone(), ana.id);
        returning.push(tokio::spawn(async move {
            let subscription = backend.events.hub().subscribe(vec![Topic::Channel(id)], Some(left_at));
            let Start::Resync { from } = subscription.start else { panic!("it was away for too long") };
            let page = backend.channels.page("ana", None).await.unwrap();
            assert_eq!(page.title, "While they were away");
            let again = backend.events.hub().subscribe(vec![Topic::Channel(id)], Some(from.position));
            assert!(matches!(again.start, Start::Continues { missed, .. } if missed.is_empty()), "once is enough");
        }));
    }
    for returning in returning {
        returning.await.unwrap();
    }
    assert_eq!(reads() - before, 1, "the page is read once for all of them");
    saw(&format!(
        "F02: {READERS} readers that missed more than a thousand events began anew once, after one read of the database"
    ));
}

fn missed(subscription: &mut Subscription) -> Vec<Arc<backend::events::Frame>> {
    let beginning = Start::Resync { from: subscription.heartbeat() };
    match std::mem::replace(&mut subscription.start, beginning) {
        Start::Continues { missed, .. } => missed,
        Start::Resync { .. } => panic!("it was not away for long"),
    }
}

/// F05: something changes between the moment a page is read and the moment its events begin.
#[tokio::test(flavor = "multi_thread")]
async fn f05_nothing_falls_between_a_page_and_its_events() {
    let backend = test_backend().await;
    let (ana, _) = backend.member("ana").await;
    let mut in_page = 0;
    let n_runs = if is_full_size() { 1000 } else { 300_u64 };
    for n in 0..n_runs {
        let wanted = format!("Title {n}");
        let writing = tokio::spawn({
            let (backend, ana, wanted) = (backend.clone(), ana.clone(), wanted.clone());
            async move { title(&backend, &ana, &wanted).await }
        });
        tokio::time::sleep(Duration::from_micros(n * 53 % 4000)).await;
        let page = backend.channels.page("ana", None).await.unwrap();
        tokio::time::sleep(Duration::from_micros(n * 29 % 1000)).await;
        let mut subscription = backend.events.hub().subscribe(vec![Topic::Channel(ana.id)], Some(page.position));
        writing.await.unwrap().unwrap();
        let mut frames = missed(&mut subscription);
        while let Ok(frame) = subscription.frames.try_recv() {
            frames.push(frame);
        }
        let told = frames.iter().any(|frame| matches!(read(frame), Event::ChannelUpdated { title, .. } if title == wanted));
        assert!(page.title == wanted || told, "run {n}");
        in_page += u32::from(page.title == wanted);
    }
    saw(&format!("F05: of {n_runs} changes {in_page} were in the page, all others in its events"));
}

/// F43: a double click, a retry and a second tab at the same moment.
#[tokio::test(flavor = "multi_thread")]
async fn f43_what_is_sent_many_times_at_once_is_there_once() {
    let backend = test_backend().await;
    let (ana, _) = backend.member("ana").await;
    let before = backend.events.position();
    let client_id = ClientId(Uuid::new_v4());
    let mut sending = Vec::new();
    for _ in 0..20 {
        let (backend, ana) = (backend.clone(), ana.clone());
        sending.push(tokio::spawn(async move {
            let visitor = Visitor { viewer: Some(ana.clone()), former: None, client: client() };
            let draft = Draft { client: Some(client_id), text: "Only once", ..Draft::default() };
            backend.chat.send(&visitor, ana.id, draft).await.map(|message| message.id)
        }));
    }
    let mut ids = BTreeSet::new();
    for task in sending {
        ids.extend(task.await.unwrap().ok());
    }
    assert_eq!(ids.len(), 1, "every answer names the same message");
    let told = missed(&mut backend.events.hub().subscribe(vec![Topic::Chat(ana.id)], Some(before)));
    assert_eq!((count(&backend, "chat_messages").await, told.len()), (1, 1));
    saw("F43: 20 requests at once made one message and one event");
}

#[tokio::test(flavor = "multi_thread")]
async fn f12_a_database_that_crashes_is_found_again() {
    let mut postgres = Postgres::running();
    database::migrate(&postgres.settings()).await.unwrap();
    let backend = backend_on(&postgres.settings(), Events::local().unwrap());
    let (ana, _) = backend.member("ana").await;
    postgres.kill();
    let (read, write) = (refused(home(&backend)).await, refused(title(&backend, &ana, "While away")).await);
    assert!(write < LIMIT, "{write:?}");
    postgres.start();
    let after = healed(&backend).await;
    title(&backend, &ana, "Back again").await.unwrap();
    saw(&format!("F12: a read was refused after {read:?}, a write after {write:?}; it worked {after:?} after the start"));
}

#[tokio::test(flavor = "multi_thread")]
async fn f13_a_database_that_hangs_is_waited_for_in_vain_only_so_long() {
    let postgres = Postgres::running();
    database::migrate(&postgres.settings()).await.unwrap();
    let backend = backend_on(&postgres.settings(), Events::local().unwrap());
    let (ana, _) = backend.member("ana").await;
    let mut held = Vec::new();
    while held.len() < backend.database.pool().size {
        held.push(backend.database.connection().await.unwrap());
    }
    drop(held);
    assert_eq!(backend.database.pool().idle, backend.database.pool().size, "each will be tried in vain");
    postgres.signal("STOP");
    let (write, read) = (refused(title(&backend, &ana, "While it hangs")).await, refused(home(&backend)).await);
    postgres.signal("CONT");
    assert!(write < LIMIT && read < LIMIT, "{write:?}, {read:?}");
    let after = healed(&backend).await;
    title(&backend, &ana, "It goes on").await.unwrap();
    saw(&format!("F13: a write was refused after {write:?}, a read after {read:?}; it worked {after:?} after it went on"));
}

/// F13: what the database had begun on is given up too, and while it is silent nobody waits.
#[tokio::test(flavor = "multi_thread")]
async fn f13_what_a_database_that_hangs_had_begun_is_given_up() {
    let postgres = Postgres::running();
    database::migrate(&postgres.settings()).await.unwrap();
    let backend = backend_on(&postgres.settings(), Events::local().unwrap());
    let begun = tokio::spawn({
        let database = backend.database.clone();
        async move { Ok(diesel::sql_query("SELECT pg_sleep(4)").execute(&mut database.connection().await?).await.map(|_slept| ())?) }
    });
    let sleeping = "pg_stat_activity WHERE query = 'SELECT pg_sleep(4)' AND state = 'active'";
    while count(&backend, sleeping).await == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    postgres.signal("STOP");
    let given_up = refused(async { begun.await.unwrap() }).await;
    let refused = refused(home(&backend)).await;
    postgres.signal("CONT");
    assert!(given_up < LIMIT, "{given_up:?}");
    assert!(refused < LIMIT / 10, "it is known by then: {refused:?}");
    let after = healed(&backend).await;
    assert!(after < LIMIT, "{after:?}");
    saw(&format!(
        "F13: a statement was given up after {given_up:?}; then it took {refused:?} to be refused, and {after:?} to heal"
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn f15_without_a_free_connection_people_are_told_so() {
    let mut settings = database_settings().await;
    settings.limits.wait = Duration::from_secs(1);
    let backend = backend_on(&settings, Events::local().unwrap());
    let (ana, _) = backend.member("ana").await;
    let mut held = Vec::new();
    while held.len() < backend.database.pool().size {
        held.push(backend.database.connection().await.unwrap());
    }
    let (read, write) = tokio::join!(refused(home(&backend)), refused(title(&backend, &ana, "No room")));
    assert!(write < LIMIT, "{write:?}");
    drop(held);
    home(&backend).await.unwrap();
    saw(&format!("F15: a read was refused after {read:?}, a write after {write:?}"));
}

/// A browser that goes away takes its request with it, wherever that was.
#[tokio::test(flavor = "multi_thread")]
async fn f16_what_is_cancelled_leaves_nothing_half_done() {
    let backend = test_backend().await;
    let (owner, _) = backend.member("owner1").await;
    let mut members = Vec::new();
    for n in 0..10 {
        members.push(backend.member(&format!("member{n}")).await.0);
    }
    let n_requests = if is_full_size() { 2000 } else { 200_u64 };
    let (mut n_cancelled, mut n_finished) = (0, 0);
    for n in 0..n_requests {
        let viewer = members[usize::try_from(n).unwrap() % members.len()].clone();
        let (backend, channel) = (backend.clone(), owner.id);
        let task = tokio::spawn(async move {
            let visitor = Visitor { viewer: Some(viewer.clone()), former: None, client: client() };
            let text = format!("text {n}");
            drop(backend.chat.send(&visitor, channel, Draft { text: &text, ..Draft::default() }).await);
            drop(backend.follows.follow(&viewer, channel).await);
            drop(backend.follows.unfollow(&viewer, channel).await);
        });
        // Somewhere on the way, each time somewhere else; some get to the end, however slow this machine is.
        if n % 20 > 0 {
            tokio::time::sleep(Duration::from_micros(n * 397 % 15_000)).await;
            task.abort();
        }
        match task.await {
            Ok(()) => n_finished += 1,
            Err(error) => {
                assert!(error.is_cancelled(), "{error}");
                n_cancelled += 1;
            }
        }
    }
    assert!(n_cancelled > 0 && n_finished > 0, "{n_cancelled} were cancelled and {n_finished} were not");
    let idle = "pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'";
    let ended = async {
        while count(&backend, idle).await > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, ended).await.expect("no transaction stays open");
    let sent = count(&backend, "chat_messages").await;
    assert!(sent > 0);
    let letters = count(&backend, "outbox WHERE event LIKE '%\"chat\"%'").await;
    assert_eq!(sent, letters, "every message that is stored was going to be told");
    let rewarded = count(&backend, "(SELECT 1 FROM stats, generate_series(1, xp)) AS points").await;
    let first = count(&backend, "first_follows").await;
    assert_eq!(rewarded, sent + 5 * first, "points are given with what they are for");
    saw(&format!(
        "F16: {n_cancelled} of {n_requests} were cancelled; {sent} had sent, {first} had followed, and nothing is half done"
    ));
}

/// Everybody follows and blocks everybody at once.
#[tokio::test(flavor = "multi_thread")]
async fn f17_what_crosses_ends_in_one_of_the_right_states() {
    let backend = test_backend().await;
    let mut members = Vec::new();
    for n in 0..4 {
        members.push(backend.member(&format!("member{n}")).await.0);
    }
    let mut tasks = Vec::new();
    let n_rounds = if is_full_size() { 100 } else { 30_usize };
    for round in 0..n_rounds {
        let viewer = members[round % 4].clone();
        let other: UserId = members[(round + 1 + round / 4 % 3) % 4].id;
        let backend = backend.clone();
        tasks.push(tokio::spawn(async move {
            let outcome = match round % 3 {
                0 => backend.blocks.block(&viewer, other).await,
                1 => backend.follows.follow(&viewer, other).await.map(|_state| ()),
                _ => backend.blocks.unblock(&viewer, other).await,
            };
            match outcome.map_err(Error::into_domain) {
                Ok(()) => true,
                // Where there is a block.
                Err(domain::Error::NotFound { .. }) => false,
                Err(error) => panic!("{error:?}"),
            }
        }));
    }
    let mut n_done = 0;
    for task in tasks {
        n_done += usize::from(task.await.unwrap());
    }
    assert!(n_done >= n_rounds * 2 / 3, "only follows may be refused: {n_done} of {n_rounds} were done");
    let across = "follows JOIN blocks ON (follower_id, channel_id) IN ((blocker_id, blocked_id), (blocked_id, blocker_id))";
    assert_eq!(count(&backend, across).await, 0, "nobody follows across a block");
    let deadlocks = "pg_stat_database WHERE datname = current_database() AND deadlocks > 0";
    assert_eq!(count(&backend, deadlocks).await, 0);
    for (viewer, other) in members.iter().flat_map(|viewer| members.iter().map(move |other| (viewer, other.id))) {
        if viewer.id != other {
            backend.blocks.unblock(viewer, other).await.unwrap();
        }
    }
    for (viewer, other) in members.iter().zip(members.iter().cycle().skip(1)) {
        backend.follows.follow(viewer, other.id).await.unwrap();
    }
    saw(&format!("F17: {n_done} of {n_rounds} were done, no deadlock, and nobody follows across a block"));
}

/// A database that takes no more connections is not silent: who has one goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_takes_no_more_connections_still_answers() {
    let postgres = Postgres::running();
    database::migrate(&postgres.settings()).await.unwrap();
    let backend = backend_on(&postgres.settings(), Events::local().unwrap());
    let mut connection = backend.database.connection().await.unwrap();
    // A database nobody may connect to refuses in the same way as one that is full.
    let mut run = async |statement: &str| diesel::sql_query(statement).execute(&mut connection).await.unwrap();
    run("UPDATE pg_database SET datallowconn = false WHERE datname = current_database()").await;
    run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()")
        .await;
    // As long as it takes to ask anew twice.
    for _ in 0..6 {
        run("SELECT pg_sleep(0.2)").await;
    }
    assert!(backend.database.is_ready());
}
