//! Cables that are cut: nothing passes any more, and no packet tells so.
//!
//! The server is on a machine of its own, as far as the network is concerned, which only administrators can make.

use super::LIMIT;
use crate::{
    harness::EventReader,
    process::{Remote, Server, Shared, saw, until},
};
use axum::http::StatusCode;
use backend::{
    database,
    testing::{machine::Machine, postgres::Postgres},
};
use domain::{
    UserId,
    event::{Event, SILENCE_SECONDS, Topic, Update},
};
use futures::{StreamExt, stream};
use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;

/// How long the cable to the database is cut: longer than anything waits for an answer.
const OUTAGE: Duration = Duration::from_secs(25);
/// Until when a reader is gone whose cable is cut: the time to the next heartbeat, that without an answer to it, and some.
const GONE: Duration = Duration::from_secs(45);
const SOON: Duration = Duration::from_secs(10);

fn machine(fault: &str) -> Option<Machine> {
    let machine = Machine::new();
    if machine.is_none() {
        saw(&format!("{fault}: left out, since only an administrator of a Linux can cut cables (with iproute2)"));
    }
    machine
}

fn channel_path(channel: UserId) -> String {
    format!("/api/stream-updates?topics={}", Topic::Channel(channel))
}

/// How many event connections a server has open, as it says itself.
async fn n_open(at: SocketAddr) -> usize {
    let metrics = Remote::service().get(at, "/metrics").await.unwrap().text().await;
    let line = metrics.lines().find_map(|line| line.strip_prefix("learnify_event_connections "));
    line.expect("the server counts them").parse().unwrap()
}

/// Reads to the end, which must not come, and notes how many people are said to be there.
async fn watch(mut events: EventReader, present: Arc<AtomicU32>) {
    while let Some(event) = events.next().await {
        if event.name == "message"
            && let Event::PresenceChanged { present: n, .. } = serde_json::from_str::<Update>(&event.data).unwrap().event
        {
            present.store(n, Ordering::Relaxed);
        }
    }
}

/// F29: readers whose cable is cut are gone soon, and counted no longer.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "waits for the silence after which a peer counts as dead; `make faults` runs it"]
async fn f29_readers_whose_cable_is_cut_are_gone() {
    const N_READERS: usize = 500;
    let Some(machine) = machine("F29") else { return };
    let (cut, whole) = (machine.cable(), machine.cable());
    let shared = Shared::new(None).await;
    let server = shared.server_on(&machine, &cut, shared.database()).await;
    let aside = SocketAddr::from((whole.there, server.address.port()));
    let (teacher, token) = shared.backend.member("teacher").await;
    let path = channel_path(teacher.id);

    let present = Arc::<AtomicU32>::default();
    let events = Remote::member(token.as_str()).get(aside, &path).await.unwrap().events();
    let watching = AbortOnDropHandle::new(tokio::spawn(watch(events, Arc::clone(&present))));
    let pupil = Remote::member(shared.backend.member("pupil").await.1.as_str());
    let pupil = pupil.get(server.address, &path).await.unwrap().events();
    let guest = Remote::guest();
    let open = |_| async { guest.get(server.address, "/api/stream-updates?topics=streams").await.unwrap().events() };
    let readers: Vec<EventReader> = stream::iter(1..N_READERS).map(open).buffer_unordered(50).collect().await;
    until("both members are counted", SOON, async || present.load(Ordering::Relaxed) == 2).await;
    assert_eq!(n_open(aside).await, N_READERS + 1);

    cut.cut();
    let began = Instant::now();
    let first = until("some are gone", GONE, async || n_open(aside).await <= N_READERS).await;
    let all = async || n_open(aside).await == 1;
    until("all are gone", GONE.saturating_sub(began.elapsed()), all).await;
    let gone = began.elapsed();
    let left = GONE.saturating_sub(gone);
    until("who is gone is not counted as present", left, async || present.load(Ordering::Relaxed) == 1).await;
    let counted = began.elapsed();
    assert!(!watching.is_finished(), "another cable is not concerned");
    saw(&format!(
        "F29: of {N_READERS} readers whose cable was cut the first was gone after {first:?}, the last after {gone:?}, and those \
         present were right after {counted:?}"
    ));
    drop((readers, pupil, server));
}

/// A change that somebody asked for.
struct Change {
    began: Instant,
    took: Duration,
    status: StatusCode,
}

/// Asks for one change after the other.
async fn write(member: Remote, at: SocketAddr, changes: Arc<Mutex<Vec<Change>>>, is_over: Arc<AtomicBool>) {
    let fields = [("title", "A new title"), ("category", "study")];
    while !is_over.load(Ordering::Relaxed) {
        let began = Instant::now();
        // It gives up after the time after which a browser does.
        let answer = member.call(at, "channels/update_stream", &fields).await.expect("an answer");
        changes.lock().unwrap().push(Change { began, took: began.elapsed(), status: answer.status });
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Looks once at what goes on while the database is away.
async fn goes_on(guest: &Remote, at: SocketAddr) {
    let began = Instant::now();
    assert_eq!(guest.get(at, "/livez").await.unwrap().status, StatusCode::OK);
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    let answer = guest.get(at, "/").await.unwrap();
    assert_eq!(answer.status, StatusCode::OK);
    assert!(!answer.text().await.contains("busy or restarting"), "what is kept is shown");
}

/// F14: the cable to the database is cut while people write, and mended.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "cuts a cable for longer than anybody waits; `make faults` runs it"]
async fn f14_a_cut_cable_to_the_database_is_known_and_survived() {
    const N_WRITERS: usize = 6;
    let Some(machine) = machine("F14") else { return };
    let (people, cut) = (machine.cable(), machine.cable());
    let (postgres, url) = Postgres::running_at(&cut);
    database::migrate(&postgres.settings()).await.unwrap();
    let shared = Shared::on(postgres.settings(), None);
    let server = shared.server_on(&machine, &people, &url).await;
    let (at, guest) = (server.address, Remote::guest());
    let events = guest.get(at, "/api/stream-updates?topics=streams").await.unwrap().events();
    let events = events.patient(Duration::from_secs(SILENCE_SECONDS));
    let watching = AbortOnDropHandle::new(tokio::spawn(watch(events, Arc::default())));
    let (changes, is_over) = (Arc::<Mutex<Vec<Change>>>::default(), Arc::<AtomicBool>::default());
    let mut writers = JoinSet::new();
    for n in 0..N_WRITERS {
        let member = Remote::member(shared.backend.member(&format!("writer{n}")).await.1.as_str());
        writers.spawn(write(member, at, Arc::clone(&changes), Arc::clone(&is_over)));
    }
    let n_done = |since: Instant| {
        let changes = changes.lock().unwrap();
        changes.iter().filter(|change| change.began > since && change.status == StatusCode::OK).count()
    };
    let began = Instant::now();
    until("all of them write", SOON, async || n_done(began) >= 10 * N_WRITERS).await;
    goes_on(&guest, at).await;

    let cut_at = Instant::now();
    cut.cut();
    let is_cut = Instant::now();
    while is_cut.elapsed() < OUTAGE {
        goes_on(&guest, at).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    assert_eq!(guest.get(at, "/readyz").await.unwrap().status, StatusCode::SERVICE_UNAVAILABLE);
    let mended_at = Instant::now();
    cut.mend();
    let mended = Instant::now();
    let again = until("changes are taken again", SOON, async || n_done(mended) > 0).await;
    until("the server says that it is ready", SOON, async || {
        guest.get(at, "/readyz").await.is_some_and(|answer| answer.status == StatusCode::OK)
    })
    .await;
    let well = Instant::now();
    until("all of them write", SOON, async || n_done(well) >= 10 * N_WRITERS).await;
    is_over.store(true, Ordering::Relaxed);
    writers.join_all().await;
    assert!(!watching.is_finished(), "event connections stay");

    let (mut longest, mut n_refused) = (Duration::ZERO, 0);
    for Change { began, took, status } in changes.lock().unwrap().drain(..) {
        let ended = began + took;
        if ended < cut_at || began > well {
            assert_eq!(status, StatusCode::OK);
        } else if began > is_cut && ended < mended_at {
            assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
            (longest, n_refused) = (longest.max(took), n_refused + 1);
        }
        // What was in the middle may have been done, or not.
    }
    saw(&format!(
        "F14: the cable to the database was cut for {OUTAGE:?}; {n_refused} changes were refused within {longest:?}, kept pages and \
         event connections went on, and changes were taken {again:?} after the cable was mended"
    ));
    assert!(n_refused >= N_WRITERS, "{n_refused}");
    assert!(longest < LIMIT, "{longest:?}");
    stop(server).await;
}

async fn stop(mut server: Server) {
    server.terminate();
    server.ended(SOON).await;
}
