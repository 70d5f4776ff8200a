//! The WebRTC side of a client: feeding and draining the library.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use str0m::format::Codec;
use str0m::media::Mid;
use str0m::net::{Protocol, Receive};
use str0m::rtp::RtpPacket;
use str0m::{Event, Input, Output, Rtc};

use super::loss::Loss;
use super::{ClientEvent, Goal};
use crate::keyframe::starts_keyframe;
use crate::peer::is_farewell;
use crate::socket::{Buffers, Datagram, MediaSocket};

const MAX_SPINS: u32 = 8;

pub(super) struct Session {
    pub(super) goal: Goal,
    pub(super) rtc: Box<Rtc>,
    pub(super) socket: MediaSocket,
    pub(super) video: Option<Mid>,
    pub(super) audio: Option<Mid>,
    pub(super) deadline: Instant,
    pub(super) loss: Loss,
    candidates: Vec<SocketAddr>,
    events: VecDeque<ClientEvent>,
    connected: bool,
    closed: bool,
}

impl Session {
    pub(super) fn new(
        goal: Goal,
        rtc: Box<Rtc>,
        socket: MediaSocket,
        candidates: Vec<SocketAddr>,
        video: Option<Mid>,
        audio: Option<Mid>,
    ) -> Self {
        let deadline = Instant::now();
        Self {
            goal,
            rtc,
            socket,
            video,
            audio,
            deadline,
            loss: Loss::default(),
            candidates,
            events: VecDeque::new(),
            connected: false,
            closed: false,
        }
    }

    pub(super) fn next_event(&mut self) -> Option<ClientEvent> {
        self.events.pop_front().or_else(|| self.closed.then_some(ClientEvent::Closed))
    }

    pub(super) fn is_connected(&self) -> bool {
        self.connected && !self.closed
    }

    pub(super) fn receive(&mut self, buffers: &mut Buffers) {
        while matches!(self.socket.receive(buffers), Ok(true)) {
            for datagram in buffers.datagrams() {
                if self.loss.takes(datagram.bytes) {
                    continue;
                }
                self.take(&datagram, Instant::now());
            }
        }
    }

    fn take(&mut self, datagram: &Datagram<'_>, now: Instant) {
        let arrived = self.candidates.iter().find(|candidate| Some(candidate.ip()) == datagram.local);
        let Some(destination) = arrived.or_else(|| self.candidates.first()) else { return };
        if let Ok(contents) = Receive::new(Protocol::Udp, datagram.source, *destination, datagram.bytes) {
            // A bad packet is the network's business.
            let _ = self.rtc.handle_input(Input::Receive(now, contents));
            self.drain(now);
        }
    }

    pub(super) fn advance(&mut self, now: Instant) {
        self.closed |= self.rtc.handle_input(Input::Timeout(now)).is_err();
        self.drain(now);
    }

    pub(super) fn close(&mut self) {
        if self.rtc.close().is_ok() {
            self.drain(Instant::now());
        }
        self.closed = true;
    }

    pub(super) fn drain(&mut self, now: Instant) {
        let mut spins = 0;
        loop {
            match self.rtc.poll_output() {
                Ok(Output::Timeout(deadline)) if deadline <= now && spins < MAX_SPINS => {
                    spins += 1;
                    self.closed |= self.rtc.handle_input(Input::Timeout(now)).is_err();
                }
                Ok(Output::Timeout(deadline)) => {
                    self.deadline = deadline.max(now + Duration::from_millis(1));
                    break;
                }
                Ok(Output::Transmit(transmit)) if self.loss.takes(&transmit.contents) => {}
                Ok(Output::Transmit(transmit)) => {
                    self.socket.send(Some(transmit.source.ip()), transmit.destination, &transmit.contents);
                }
                Ok(Output::Event(event)) => self.heed(event),
                Err(_) => {
                    self.closed = true;
                    break;
                }
            }
        }
        self.closed |= !self.rtc.is_alive();
    }

    fn heed(&mut self, event: Event) {
        match event {
            Event::Connected => {
                self.connected = true;
                self.events.push_back(ClientEvent::Connected);
            }
            Event::KeyframeRequest(_) => self.events.push_back(ClientEvent::KeyframeRequest),
            Event::RtpPacket(packet) if !packet.payload.is_empty() => self.hear(&packet),
            event => self.closed |= is_farewell(&event),
        }
    }

    fn hear(&mut self, packet: &RtpPacket) {
        let params = self.rtc.codec_config().params();
        let sent = params.iter().find(|params| params.pt() == packet.header.payload_type);
        let codec = sent.map_or(Codec::Unknown, |params| params.spec().codec);
        self.events.push_back(ClientEvent::Packet {
            video: codec.is_video(),
            keyframe: starts_keyframe(codec, &packet.payload),
            seq: *packet.seq_no,
            time: packet.header.timestamp,
            payload: packet.payload.to_vec(),
        });
    }
}
