//! What peers say, and what is done about it: above all, a publisher's packets to its viewers.

use std::time::Instant;

use str0m::Event as RtcEvent;
use str0m::rtp::RtpPacket;

use crate::address::PeerKey;
use crate::event::Event;
use crate::ids::StreamId;
use crate::peer::{Role, is_farewell};
use crate::publisher::{Heard, Kind, MediaPacket};
use crate::viewer::Forwarded;

use super::Engine;

impl Engine {
    pub(super) fn heed(&mut self, key: PeerKey, event: RtcEvent, now: Instant) {
        match event {
            RtcEvent::RtpPacket(packet) => self.hear(key, packet, now),
            RtcEvent::Connected => self.connected(key, now),
            RtcEvent::KeyframeRequest(_) => {
                if let Some(stream) = self.peers.get(&key).map(|peer| peer.stream) {
                    self.want_keyframe(stream, now);
                }
            }
            event if is_farewell(&event) => self.gone.push(key),
            _ => {}
        }
    }

    fn connected(&mut self, key: PeerKey, now: Instant) {
        let Some(peer) = self.peers.get_mut(&key) else { return };
        peer.connected = true;
        let id = peer.stream;
        let Some(stream) = self.streams.get_mut(&id) else { return };
        if let Role::Viewer(viewer) = &peer.role {
            if viewer.counted {
                stream.audience.join(viewer.id);
                self.tell_audience(id, now);
            }
            self.want_keyframe(id, now);
        }
    }

    fn hear(&mut self, key: PeerKey, packet: RtpPacket, now: Instant) {
        let Some(peer) = self.peers.get_mut(&key) else { return };
        let id = peer.stream;
        let Role::Publisher(publisher) = &mut peer.role else { return };
        match publisher.hear(packet, now) {
            Heard::Nothing => {}
            Heard::Excess => {
                tracing::warn!(stream = %id, "publisher exceeds the bit rate limit; session ended");
                self.gone.push(key);
            }
            Heard::Media(packet) => {
                let Some(stream) = self.streams.get_mut(&id) else { return };
                if stream.publisher != Some(key) {
                    return;
                }
                if !stream.announced {
                    stream.announced = true;
                    self.outbox.push(Event::Started { stream: id });
                }
                self.forward(id, &packet, now);
            }
        }
    }

    fn forward(&mut self, id: StreamId, packet: &MediaPacket, now: Instant) {
        let Some(stream) = self.streams.get_mut(&id) else { return };
        if packet.kind == Kind::Video && packet.entry {
            stream.keyframe_came();
        }
        // Taken out for the time of the loop: nobody joins or leaves before the packet went to all.
        let viewers = std::mem::take(&mut stream.viewers);
        let mut somebody_waits = false;
        for viewer in &viewers {
            self.drive(*viewer, |peer, io| {
                let Role::Viewer(role) = &mut peer.role else { return Ok(()) };
                if !peer.connected {
                    return Ok(());
                }
                match role.forward(&mut peer.rtc, packet, now) {
                    Forwarded::Sent => peer.drain(io, now),
                    Forwarded::Waiting => {
                        somebody_waits = true;
                        Ok(())
                    }
                    Forwarded::Skipped => Ok(()),
                }
            });
        }
        if let Some(stream) = self.streams.get_mut(&id) {
            stream.viewers = viewers;
        }
        if somebody_waits {
            self.want_keyframe(id, now);
        }
    }

    /// Somebody needs a keyframe: asks for one now, or at the next tick that may.
    fn want_keyframe(&mut self, id: StreamId, now: Instant) {
        if let Some(stream) = self.streams.get_mut(&id) {
            stream.want_keyframe();
            self.ask_for_keyframe(id, now);
        }
    }

    fn ask_for_keyframe(&mut self, id: StreamId, now: Instant) {
        let Some(stream) = self.streams.get(&id) else { return };
        let Some(publisher) = stream.publisher.filter(|_| stream.should_ask(now)) else { return };
        let mut asked = false;
        self.drive(publisher, |peer, io| {
            if let Role::Publisher(role) = &peer.role {
                asked = role.ask_for_keyframe(&mut peer.rtc);
            }
            peer.drain(io, now)
        });
        if let Some(stream) = self.streams.get_mut(&id).filter(|_| asked) {
            stream.asked(now);
        }
    }

    /// What is done every few milliseconds rather than when something happens.
    pub(super) fn tick(&mut self, now: Instant) {
        let config = &self.config;
        let lost = self.peers.values().filter(|peer| peer.is_lost(config, now)).map(|peer| peer.key);
        self.gone.extend(lost);
        let ids: Vec<StreamId> = self.streams.keys().copied().collect();
        for id in ids {
            self.ask_for_keyframe(id, now);
            self.tell_audience(id, now);
        }
        self.settle(now);
        self.streams.retain(|_, stream| !stream.is_over());
        self.outbox.flush();
    }
}
