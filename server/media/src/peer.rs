//! One WebRTC peer: feeding it, draining it, and noticing that it is gone.
//!
//! The library wants every change to be followed by taking out everything it has to say, before the next change.
//! Each method here is one such change and the draining after it.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::time::Instant;

use str0m::net::{Protocol, Receive};
use str0m::{Event, IceConnectionState, Input, Output, Rtc};

use crate::address::{Learned, Paths, PeerKey, is_stun};
use crate::config::Config;
use crate::ids::{SessionId, StreamId};
use crate::publisher::Publisher;
use crate::socket::{Datagram, MediaSocket};
use crate::stats::{self, Counters};
use crate::viewer::Viewer;

/// How often in a row time may be moved on without anything happening in between. Two are needed.
const MAX_SPINS: u32 = 8;

/// Which side of a stream a peer is on.
#[derive(Debug)]
pub(crate) enum Role {
    Publisher(Publisher),
    Viewer(Viewer),
}

/// The peer cannot go on. It is discarded; nobody else notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gone;

/// What a peer needs of the engine while it is driven.
pub(crate) struct Io<'a> {
    pub(crate) socket: &'a MediaSocket,
    pub(crate) counters: &'a Counters,
    pub(crate) events: &'a mut VecDeque<(PeerKey, Event)>,
}

/// A session, WHIP or WHEP.
pub(crate) struct Peer {
    pub(crate) key: PeerKey,
    pub(crate) session: SessionId,
    pub(crate) stream: StreamId,
    pub(crate) role: Role,
    pub(crate) fragment: String,
    pub(crate) candidates: Vec<SocketAddr>,
    pub(crate) paths: Paths,
    /// Whether ICE and DTLS are done.
    pub(crate) connected: bool,
    pub(crate) created: Instant,
    /// When the last packet came.
    pub(crate) seen: Instant,
    /// When the library wants to be told the time.
    pub(crate) deadline: Instant,
    pub(crate) rtc: Box<Rtc>,
}

impl Peer {
    /// Runs one change so that a failure inside the library ends this peer and nothing else.
    pub(crate) fn guard(
        &mut self,
        io: &mut Io<'_>,
        change: impl FnOnce(&mut Self, &mut Io<'_>) -> Result<(), Gone>,
    ) -> Result<(), Gone> {
        let counters = io.counters;
        catch_unwind(AssertUnwindSafe(|| change(self, io))).unwrap_or_else(|_| {
            stats::add(&counters.failures, 1);
            tracing::error!(stream = %self.stream, "the WebRTC library failed; session discarded");
            Err(Gone)
        })
    }

    /// Feeds a datagram in. What became of its source address is the result.
    pub(crate) fn receive(&mut self, io: &mut Io<'_>, datagram: &Datagram<'_>, now: Instant) -> Result<Learned, Gone> {
        let Some(destination) = self.destination(datagram) else { return Ok(Learned::Refused) };
        let Ok(contents) = Receive::new(Protocol::Udp, datagram.source, destination, datagram.bytes) else {
            return Ok(Learned::Refused);
        };
        let input = Input::Receive(now, contents);
        let learned = if is_stun(datagram.bytes) {
            // Checks the integrity: an address counts only if its owner knows the password.
            if !self.rtc.accepts(&input) {
                return Ok(Learned::Refused);
            }
            self.paths.learn(datagram.source, datagram.local)
        } else {
            Learned::Known
        };
        if learned == Learned::Refused {
            return Ok(learned);
        }
        self.seen = now;
        if let Err(error) = self.rtc.handle_input(input) {
            // Anybody can send a bad packet; what really broke the session shows when it is polled.
            tracing::debug!(%error, "packet refused");
        }
        self.drain(io, now)?;
        Ok(learned)
    }

    /// The candidate that a datagram was sent to. Behind 1:1 NAT that is not the address it arrived at.
    fn destination(&self, datagram: &Datagram<'_>) -> Option<SocketAddr> {
        let arrived = self.candidates.iter().find(|candidate| Some(candidate.ip()) == datagram.local);
        let same_family = || self.candidates.iter().find(|candidate| candidate.is_ipv4() == datagram.source.is_ipv4());
        arrived.or_else(same_family).copied()
    }

    /// Tells the library the time.
    pub(crate) fn advance(&mut self, io: &mut Io<'_>, now: Instant) -> Result<(), Gone> {
        if let Err(error) = self.rtc.handle_input(Input::Timeout(now)) {
            tracing::debug!(%error, "timer failed");
            return Err(Gone);
        }
        self.drain(io, now)
    }

    /// Takes out everything the library has to say. Must follow every change.
    pub(crate) fn drain(&mut self, io: &mut Io<'_>, now: Instant) -> Result<(), Gone> {
        let mut spins = 0;
        loop {
            match self.rtc.poll_output() {
                // Packets that were just written go out when the time has moved on, even if by nothing.
                Ok(Output::Timeout(deadline)) if deadline <= now && spins < MAX_SPINS => {
                    spins += 1;
                    self.rtc.handle_input(Input::Timeout(now)).or(Err(Gone))?;
                }
                Ok(Output::Timeout(deadline)) => {
                    self.deadline = deadline;
                    return if self.rtc.is_alive() { Ok(()) } else { Err(Gone) };
                }
                Ok(Output::Transmit(transmit)) => {
                    let local = self.paths.local(transmit.destination);
                    if io.socket.send(local, transmit.destination, &transmit.contents) {
                        stats::add(&io.counters.packets_out, 1);
                        stats::add(&io.counters.bytes_out, transmit.contents.len());
                    } else {
                        io.counters.packets_dropped.fetch_add(1, Ordering::Relaxed);
                    }
                }
                Ok(Output::Event(event)) => io.events.push_back((self.key, event)),
                Err(error) => {
                    tracing::debug!(%error, "session failed");
                    return Err(Gone);
                }
            }
        }
    }

    /// Says goodbye: RTCP BYE and the closing of DTLS, which the other side takes as the end.
    pub(crate) fn close(&mut self, io: &mut Io<'_>, now: Instant) {
        if self.rtc.close().is_ok() {
            // It is over either way.
            let _ = self.drain(io, now);
        }
    }

    /// Whether the peer has been silent, or not connected, for too long.
    pub(crate) fn is_lost(&self, config: &Config, now: Instant) -> bool {
        now.saturating_duration_since(self.seen) >= config.silence
            || (!self.connected && now.saturating_duration_since(self.created) >= config.setup)
    }
}

/// Whether this event means that the peer has left.
pub(crate) fn is_farewell(event: &Event) -> bool {
    matches!(event, Event::Closed | Event::IceConnectionStateChange(IceConnectionState::Disconnected))
}
