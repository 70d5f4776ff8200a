//! Servers are killed, stopped and restarted while people use them.
//!
//! With `LEARNIFY_FULL_SIZE` set, as `make faults` does, there are more of each.

use crate::{
    crowd::Crowd,
    harness::EventReader,
    presence::told,
    process::{Remote, Server, Shared, free_address, saw, session_cookie, until},
};
use axum::http::StatusCode;
use backend::testing::{is_full_size, redis::Redis, sample_picture};
use domain::UserId;
use futures::{StreamExt, stream};
use media::client::{Client, ClientEvent, Goal, MediaFrame, Offer, VideoCodec};
use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::{JoinHandle, JoinSet},
};
use tokio_util::sync::CancellationToken;

/// Until when a server that was told to stop has ended.
const STOP: Duration = Duration::from_secs(10);

/// Until when a stream is over whose server died: the grace window of its publisher, and some time to find it.
const NO_LONGER_LIVE: Duration = Duration::from_secs(25);

/// Sends media to a channel. Answers when the server has taken the offer.
pub(super) async fn publish(at: SocketAddr, owner: &Remote) -> JoinHandle<()> {
    let offer = Offer::new(Goal::Publish, &[VideoCodec::Vp8], true).unwrap();
    let answer = owner.post(at, "/whip", "application/sdp", offer.sdp().to_owned()).await.unwrap();
    assert_eq!(answer.status, StatusCode::CREATED);
    let client = offer.accept(&answer.text().await).unwrap();
    tokio::spawn(send(client))
}

async fn send(mut client: Client) {
    const BEAT: Duration = Duration::from_millis(20);
    // Not a picture, but enough of one for who only forwards it.
    let keyframe = [[0x10, 0x00, 0x00, 0x9d, 0x01, 0x2a].as_slice(), [0x5a; 100].as_slice()].concat();
    let (mut beat, mut time) = (tokio::time::interval(BEAT), Duration::ZERO);
    loop {
        tokio::select! {
            event = client.next() => {
                if event == ClientEvent::Closed {
                    return;
                }
            }
            _ = beat.tick() => {
                client.send(MediaFrame::Video(&keyframe), time).unwrap();
                client.send(MediaFrame::Audio(&[0xf8, 0xff, 0xfe]), time).unwrap();
                time += BEAT;
            }
        }
    }
}

pub(super) async fn n_live(shared: &Shared, channel: UserId) -> usize {
    let live = format!("SELECT channel_id::text AS found FROM live_streams WHERE channel_id = '{channel}'");
    let running = format!("SELECT id::text AS found FROM broadcasts WHERE channel_id = '{channel}' AND ended_at IS NULL");
    let (live, running) = (shared.backend.texts(&live).await.len(), shared.backend.texts(&running).await.len());
    live.max(running)
}

/// F18: the server is killed in the middle of everything, again and again, and a stream is live when it is killed first.
#[tokio::test(flavor = "multi_thread")]
async fn f18_what_a_killed_server_has_said_yes_to_is_done_once() {
    let rounds = if is_full_size() { 20 } else { 3 };
    let shared = Shared::new(None).await;
    let (address, (teacher, token)) = (free_address(), shared.backend.member("teacher").await);
    let mut server = shared.server_at(address).await;
    let publishing = publish(address, &Remote::member(token.as_str())).await;
    until("the stream is live", Duration::from_secs(20), async || n_live(&shared, teacher.id).await == 1).await;

    let crowd = Crowd::begin(&shared, &[address], 5).await;
    let (mut emptied, mut first_killed, mut over) = (Duration::ZERO, None, None);
    for round in 0..rounds {
        crowd.does(20).await;
        // Somewhere in the middle, each time somewhere else.
        tokio::time::sleep(Duration::from_micros(round * 137_911 % 400_000)).await;
        server.kill().await;
        publishing.abort();
        let first_killed = first_killed.get_or_insert_with(Instant::now);
        crowd.check(&shared.backend).await;
        let killed = shared.backend.texts("SELECT clock_timestamp()::text AS found").await.remove(0);
        server = shared.server_at(address).await;
        let left = format!("SELECT id::text AS found FROM outbox WHERE written_at < '{killed}'");
        let limit = Duration::from_secs(5);
        let took = until("what was left behind is told", limit, async || shared.backend.texts(&left).await.is_empty()).await;
        emptied = emptied.max(took);
        if over.is_none() && n_live(&shared, teacher.id).await == 0 {
            over = Some(first_killed.elapsed());
        }
    }
    until("the stream is no longer live", NO_LONGER_LIVE, async || n_live(&shared, teacher.id).await == 0).await;
    let over = over.unwrap_or_else(|| first_killed.unwrap().elapsed());
    assert!(over < NO_LONGER_LIVE, "{over:?}");
    let report = crowd.end(&shared.backend).await;
    saw(&format!(
        "F18: killed {rounds} times; the outbox was empty {emptied:?} after a start at most, the stream known to be over {over:?} \
         after the first; {report}"
    ));
    drop(server);
}

/// F18 and F41: who was at a server that is killed does not count as present for long.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "waits for as long as a server may be silent; `make faults` runs it"]
async fn f41_who_was_at_a_killed_server_is_gone_in_time() {
    let shared = Shared::new(Some(Redis::running())).await;
    let (here, there) = (shared.server().await, shared.server().await);
    let (channel, _) = shared.backend.member("teacher").await;
    let path = format!("/api/stream-updates?topics=channel:{}", channel.id);
    let mut open = Vec::new();
    for server in [&here, &there, &there, &there] {
        open.push(Remote::guest().get(server.address, &path).await.unwrap().events());
    }
    let mut page = open.swap_remove(0);
    while told(&mut page).await != 4 {}
    there.kill().await;
    let killed_at = Instant::now();
    while told(&mut page).await != 1 {}
    let took = killed_at.elapsed();
    saw(&format!("F18 and F41: a page at another server was told {took:?} after a server was killed who is still there"));
    assert!(took <= Duration::from_secs(45), "{took:?}");
    drop((open, here));
}

/// A picture on its way: its server works on it, and waits for the rest.
struct Upload {
    stream: TcpStream,
    rest: Vec<u8>,
}

impl Upload {
    async fn begin(at: SocketAddr, token: &str) -> Self {
        let picture = sample_picture(1);
        let head = format!(
            "POST /api/pictures/avatar HTTP/1.1\r\nHost: {at}\r\nCookie: {}\r\nContent-Type: image/png\r\n\
             Content-Length: {}\r\nExpect: 100-continue\r\n\r\n",
            session_cookie(token),
            picture.len()
        );
        let mut stream = TcpStream::connect(at).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = [0; 25];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(std::str::from_utf8(&answer).unwrap(), "HTTP/1.1 100 Continue\r\n\r\n", "the server wants the picture");
        let (beginning, rest) = picture.split_at(picture.len() / 2);
        stream.write_all(beginning).await.unwrap();
        Self { stream, rest: rest.to_vec() }
    }

    /// Whether it was taken.
    async fn finish(mut self) -> bool {
        self.stream.write_all(&self.rest).await.unwrap();
        let mut answer = Vec::new();
        self.stream.read_to_end(&mut answer).await.unwrap();
        answer.starts_with(b"HTTP/1.1 201")
    }
}

/// Reads until the server asks to come back, and answers after how many milliseconds.
async fn asked_to_leave(mut events: EventReader, told: CancellationToken) -> u64 {
    loop {
        let event = events.next().await.expect("a word before the end");
        if event.name == "reconnect" {
            told.cancel();
            assert_eq!(events.next().await, None);
            let data: serde_json::Value = serde_json::from_str(&event.data).unwrap();
            return data["retry_ms"].as_u64().unwrap();
        }
    }
}

/// F23: the server is told to stop while thousands read, some write, and pictures are on their way, one of which never comes.
#[tokio::test(flavor = "multi_thread")]
async fn f23_a_server_that_stops_finishes_what_it_has_begun() {
    let n_streams = if is_full_size() { 5000 } else { 200 };
    let shared = Shared::new(None).await;
    let mut server = shared.server().await;
    let at = server.address;
    let mut uploads = Vec::new();
    for n in 0..5 {
        let (_, token) = shared.backend.member(&format!("painter{n}")).await;
        uploads.push(Upload::begin(at, token.as_str()).await);
    }
    let (guest, told) = (Remote::guest(), CancellationToken::new());
    let mut opening = stream::iter(0..n_streams)
        .map(|_| async {
            let mut events = guest.get(at, "/api/stream-updates?topics=streams").await.unwrap().events();
            assert_eq!(events.next().await.unwrap().name, "resync");
            events
        })
        .buffer_unordered(50);
    let mut readers = JoinSet::new();
    while let Some(events) = opening.next().await {
        readers.spawn(asked_to_leave(events, told.clone()));
    }
    let mut crowd = Crowd::begin(&shared, &[at], 0).await;
    crowd.does(20).await;

    server.terminate();
    let began = Instant::now();
    told.cancelled().await;
    // The connection stays open, and nothing more comes.
    let stuck = uploads.pop().unwrap();
    let n_uploads = uploads.len();
    for upload in uploads {
        assert!(upload.finish().await, "what was on its way is taken");
    }
    let mut retries = readers.join_all().await;
    retries.sort_unstable();
    let all_told = began.elapsed();
    server.ended(STOP.saturating_sub(began.elapsed())).await;
    let took = began.elapsed();
    drop(stuck);
    crowd.stop_writing().await;
    crowd.check(&shared.backend).await;
    let avatars = shared.backend.texts("SELECT username::text AS found FROM users WHERE avatar IS NOT NULL").await;
    assert_eq!(avatars.len(), n_uploads);
    let spread = retries.last().unwrap() - retries.first().unwrap();
    assert!(spread >= 4000, "they come back within {spread} ms");
    saw(&format!(
        "F23: {n_streams} readers were asked to leave within {all_told:?} and to come back over {spread} ms, {n_uploads} pictures \
         arrived, and the server ended {took:?} after it was told"
    ));
}

/// F24: two servers are restarted one after the other, while people use both.
#[tokio::test(flavor = "multi_thread")]
async fn f24_a_rolling_restart_loses_nothing_and_fails_nobody() {
    let rounds = if is_full_size() { 10 } else { 1 };
    let shared = Shared::new(Some(Redis::running())).await;
    let addresses = [free_address(), free_address()];
    let mut servers: Vec<Server> = Vec::new();
    for address in addresses {
        servers.push(shared.server_at(address).await);
    }
    let crowd = Crowd::begin(&shared, &addresses, 10).await;
    let mut slowest = Duration::ZERO;
    for _ in 0..rounds {
        for (server, address) in servers.iter_mut().zip(addresses) {
            crowd.does(20).await;
            server.terminate();
            slowest = slowest.max(server.ended(STOP).await);
            // The other one alone.
            crowd.does(20).await;
            *server = shared.server_at(address).await;
        }
    }
    crowd.does(20).await;
    let report = crowd.end(&shared.backend).await;
    saw(&format!("F24: {rounds} rounds over two servers, which ended within {slowest:?}; {report}"));
}
