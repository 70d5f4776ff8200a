//! A client at work.

use std::time::{Duration, Instant};

use str0m::Rtc;
use str0m::media::{Frequency, MediaTime, Mid};

use super::loss::Loss;
use super::session::Session;
use super::{ClientError, Goal};
use crate::socket::{Buffers, MediaSocket};

/// Picture or voice, encoded.
#[derive(Clone, Copy, Debug)]
pub enum MediaFrame<'a> {
    /// One frame of video: VP8, or H.264 with start codes (Annex B).
    Video(&'a [u8]),
    /// One Opus packet.
    Audio(&'a [u8]),
}

/// What happened to a client.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientEvent {
    /// ICE and DTLS are done; media may flow.
    Connected,
    /// The server asks for a keyframe. Publishers only.
    KeyframeRequest,
    /// A packet of media came. Viewers only.
    Packet {
        /// Video or audio.
        video: bool,
        /// Whether a keyframe begins with it.
        keyframe: bool,
        /// The RTP sequence number, extended beyond 16 bits.
        seq: u64,
        /// The RTP timestamp.
        time: u32,
        /// The RTP payload.
        payload: Vec<u8>,
    },
    /// The session is over. No further event follows.
    Closed,
}

/// A session with a server.
pub struct Client {
    session: Session,
    buffers: Buffers,
}

impl Client {
    pub(super) fn new(
        goal: Goal,
        rtc: Box<Rtc>,
        socket: MediaSocket,
        candidates: Vec<std::net::SocketAddr>,
        video: Option<Mid>,
        audio: Option<Mid>,
    ) -> Self {
        Self { session: Session::new(goal, rtc, socket, candidates, video, audio), buffers: Buffers::new() }
    }

    /// Waits for the next event, and does all sending and receiving meanwhile. Must be called again soon:
    /// nothing happens in between. Safe to cancel.
    pub async fn next(&mut self) -> ClientEvent {
        let Self { session, buffers } = self;
        loop {
            if let Some(event) = session.next_event() {
                return event;
            }
            tokio::select! {
                _ = session.socket.readable() => session.receive(buffers),
                () = tokio::time::sleep_until(session.deadline.into()) => session.advance(Instant::now()),
            }
        }
    }

    /// Whether media may be sent.
    pub fn is_connected(&self) -> bool {
        self.session.is_connected()
    }

    /// Sends a frame that was captured at `time` after the beginning. Without effect for a viewer, before
    /// [`ClientEvent::Connected`], or for a medium that was not negotiated.
    pub fn send(&mut self, frame: MediaFrame<'_>, time: Duration) -> Result<(), ClientError> {
        let session = &mut self.session;
        let (mid, data, clock_rate) = match frame {
            MediaFrame::Video(data) => (session.video, data, Frequency::NINETY_KHZ),
            MediaFrame::Audio(data) => (session.audio, data, Frequency::FORTY_EIGHT_KHZ),
        };
        if session.goal != Goal::Publish || !session.is_connected() {
            return Ok(());
        }
        let now = Instant::now();
        let time = MediaTime::from_micros(time.as_micros().try_into().unwrap_or(u64::MAX)).rebase(clock_rate);
        if let Some(writer) = mid.and_then(|mid| session.rtc.writer(mid)) {
            let payload = writer.payload_params().next().map(str0m::format::PayloadParams::pt);
            if let Some(pt) = payload {
                writer.write(pt, now, time, data)?;
            }
        }
        session.drain(now);
        Ok(())
    }

    /// From now on loses every n-th packet of media, sent or received, as a bad network does. 0 loses none.
    pub fn lose_every(&mut self, n: u32) {
        self.session.loss = Loss::every(n);
    }

    /// Says goodbye to the server.
    pub fn close(&mut self) {
        self.session.close();
    }
}
