//! Actors: people who publish and watch over loopback UDP, and a server that is told to.

use std::time::Duration;

use media::client::{Client, ClientEvent, Goal, MediaFrame, Offer, VideoCodec};
use media::{Config, Error, Event, MediaServer, SessionId, StreamId, ViewerId};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use uuid::Uuid;

/// Far more than anything here takes; only a broken test waits so long.
const PATIENCE: Duration = Duration::from_secs(20);

/// Waits for what must come.
pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("did not happen: {what}"))
}

pub(crate) fn stream(n: u128) -> StreamId {
    StreamId(Uuid::from_u128(n))
}

pub(crate) fn viewer(n: u128) -> ViewerId {
    ViewerId(Uuid::from_u128(n))
}

/// A server and what it says.
pub(crate) struct Stage {
    pub(crate) server: MediaServer,
    events: mpsc::Receiver<Event>,
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self::with(Config::default())
    }

    pub(crate) fn with(config: Config) -> Self {
        let (server, events) = MediaServer::start(config).unwrap();
        Self { server, events }
    }

    /// The next thing the server says, which must be this.
    pub(crate) async fn expect(&mut self, expected: Event) {
        let event = soon(&format!("{expected:?}"), self.events.recv()).await;
        assert_eq!(event, Some(expected));
    }

    /// Asserts that everything said so far was heard.
    pub(crate) fn expect_silence(&mut self) {
        assert_eq!(self.events.try_recv().ok(), None);
    }

    pub(crate) async fn publish(&self, id: StreamId) -> Publishing {
        self.try_publish(id, VideoCodec::Vp8).await.unwrap()
    }

    pub(crate) async fn try_publish(&self, id: StreamId, codec: VideoCodec) -> Result<Publishing, Error> {
        self.publish_losing(id, codec, 0).await
    }

    /// Publishes over a network that loses every n-th packet.
    pub(crate) async fn publish_losing(&self, id: StreamId, codec: VideoCodec, n: u32) -> Result<Publishing, Error> {
        let offer = Offer::new(Goal::Publish, &[codec], true).unwrap();
        let answer = self.server.publish(id, offer.sdp(), None).await?;
        let mut client = offer.accept(&answer.sdp).unwrap();
        client.lose_every(n);
        let (stop, stopped) = mpsc::channel(1);
        let task = tokio::spawn(send_frames(client, codec, stopped));
        Ok(Publishing { session: answer.session, stop, task })
    }

    pub(crate) async fn watch(&self, id: StreamId, person: ViewerId) -> Watching {
        self.try_watch(id, person, true, &[VideoCodec::Vp8]).await.unwrap()
    }

    pub(crate) async fn try_watch(
        &self,
        id: StreamId,
        person: ViewerId,
        counted: bool,
        codecs: &[VideoCodec],
    ) -> Result<Watching, Error> {
        let offer = Offer::new(Goal::Watch, codecs, true).unwrap();
        let answer = self.server.watch(id, person, counted, offer.sdp(), None).await?;
        Ok(Watching { session: answer.session, client: offer.accept(&answer.sdp).unwrap(), highest: None })
    }
}

/// How a publisher stops.
#[derive(Clone, Copy, Debug)]
enum Stop {
    Goodbye,
    Silence,
}

/// Somebody who publishes, in the background.
pub(crate) struct Publishing {
    pub(crate) session: SessionId,
    stop: mpsc::Sender<Stop>,
    task: JoinHandle<u32>,
}

impl Publishing {
    /// Closes the connection properly.
    pub(crate) async fn leave(self) {
        self.stop.send(Stop::Goodbye).await.unwrap();
        self.task.await.unwrap();
    }

    /// Vanishes without a word.
    pub(crate) async fn vanish(self) {
        self.stop.send(Stop::Silence).await.unwrap();
        self.task.await.unwrap();
    }

    /// Waits until the server has ended the session. How many keyframes were asked for.
    pub(crate) async fn ended(self) -> u32 {
        soon("the end of the publisher", self.task).await.unwrap()
    }
}

/// Sends 50 frames a second: a keyframe first and when asked, and no others.
async fn send_frames(mut client: Client, codec: VideoCodec, mut stopped: mpsc::Receiver<Stop>) -> u32 {
    let mut beat = tokio::time::interval(Duration::from_millis(20));
    let mut time = Duration::ZERO;
    let mut keyframe = true;
    let mut requests = 0;
    loop {
        tokio::select! {
            event = client.next() => match event {
                ClientEvent::KeyframeRequest => {
                    requests += 1;
                    keyframe = true;
                }
                ClientEvent::Closed => return requests,
                _ => {}
            },
            _ = beat.tick() => {
                if client.is_connected() {
                    client.send(MediaFrame::Video(&frame(codec, keyframe)), time).unwrap();
                    client.send(MediaFrame::Audio(&[0xf8, 0xff, 0xfe]), time).unwrap();
                    keyframe = false;
                }
                time += Duration::from_millis(20);
            }
            stop = stopped.recv() => match stop {
                Some(Stop::Goodbye) => {
                    client.close();
                    return requests;
                }
                Some(Stop::Silence) => return requests,
                // The test is over, but a publisher whose handle was dropped keeps on publishing.
                None => while client.next().await != ClientEvent::Closed {},
            },
        }
    }
}

/// Not a picture, but enough of one for those who only forward it. Keyframes need several packets.
fn frame(codec: VideoCodec, keyframe: bool) -> Vec<u8> {
    let body = vec![0x5a; if keyframe { 3_000 } else { 100 }];
    match (codec, keyframe) {
        (VideoCodec::Vp8, true) => [vec![0x10, 0x00, 0x00, 0x9d, 0x01, 0x2a], body].concat(),
        (VideoCodec::Vp8, false) => [vec![0x11, 0x00, 0x00], body].concat(),
        (VideoCodec::H264, true) => {
            [vec![0, 0, 0, 1, 0x67, 0x42, 0xe0, 0x1f, 0, 0, 0, 1, 0x68, 0xce, 0x06, 0, 0, 0, 1, 0x65], body].concat()
        }
        (VideoCodec::H264, false) => [vec![0, 0, 0, 1, 0x41], body].concat(),
    }
}

/// One packet of video, as far as tests look at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) keyframe: bool,
    pub(crate) seq: u64,
    pub(crate) time: u32,
}

/// Somebody who watches.
pub(crate) struct Watching {
    pub(crate) session: SessionId,
    client: Client,
    highest: Option<Seen>,
}

impl Watching {
    pub(crate) async fn connected(&mut self) {
        assert_eq!(soon("a viewer connects", self.client.next()).await, ClientEvent::Connected);
    }

    /// The next packet of video. Checks what must always hold: a picture begins with a keyframe, numbers do not
    /// jump and times do not go back.
    pub(crate) async fn video(&mut self) -> Seen {
        loop {
            let event = soon("a packet of video", self.client.next()).await;
            match event {
                ClientEvent::Packet { video: true, keyframe, seq, time, .. } => {
                    let seen = Seen { keyframe, seq, time };
                    match self.highest {
                        None => {
                            assert!(keyframe, "the first packet was not a keyframe");
                            assert!(seq < 65_536);
                        }
                        Some(last) => {
                            assert_eq!(seq, last.seq + 1);
                            assert!(time.wrapping_sub(last.time) < 90_000 * 30, "time went back");
                        }
                    }
                    self.highest = Some(seen);
                    return seen;
                }
                ClientEvent::Closed => panic!("the session was closed"),
                _ => {}
            }
        }
    }

    /// Watches until this many packets of video came without a gap between them, in whatever order.
    pub(crate) async fn gapless(&mut self, packets: usize) {
        let mut seen = std::collections::BTreeSet::new();
        while !seen.iter().zip(seen.iter().skip(packets)).any(|(first, last)| last - first == packets as u64) {
            if let ClientEvent::Packet { video: true, seq, .. } = soon("a packet of video", self.client.next()).await {
                seen.insert(seq);
            }
        }
    }

    /// Has a network from now on that loses every n-th packet.
    pub(crate) fn lose_every(&mut self, n: u32) {
        self.client.lose_every(n);
    }

    /// Waits for the start of a keyframe.
    pub(crate) async fn keyframe(&mut self) -> Seen {
        loop {
            let seen = self.video().await;
            if seen.keyframe {
                return seen;
            }
        }
    }

    /// Waits for a packet of sound.
    pub(crate) async fn audio(&mut self) {
        soon("a packet of audio", async {
            while !matches!(self.client.next().await, ClientEvent::Packet { video: false, .. }) {}
        })
        .await;
    }

    /// Waits until the server has ended the session.
    pub(crate) async fn ended(&mut self) {
        soon("the end of a viewer", async { while self.client.next().await != ClientEvent::Closed {} }).await;
    }

    pub(crate) fn leave(mut self) {
        self.client.close();
    }
}
