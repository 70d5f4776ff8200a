//! Sessions that begin and end.

use std::sync::atomic::Ordering;
use std::time::Instant;

use crate::address::{Paths, PeerKey};
use crate::command::{Opening, Side};
use crate::error::Error;
use crate::event::Event;
use crate::ids::{StreamId, ViewerId};
use crate::peer::{Io, Peer, Role};
use crate::publisher::Publisher;
use crate::stream::Stream;
use crate::viewer::Viewer;

use super::Engine;

/// Why a session ends, as far as it matters to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// By itself, or by its own wish. A stream whose publisher ends so is interrupted.
    Left,
    /// Another publisher takes its place, or its stream is closed on purpose.
    Expected,
}

impl Engine {
    /// Puts a negotiated session to work. The limits are checked here, where nobody can come in between.
    pub(super) fn open(&mut self, opening: Opening, now: Instant) -> Result<(), Error> {
        let Opening { session, stream, side, negotiated } = opening;
        let key = PeerKey(self.next_key);
        let role = match side {
            Side::Publish => {
                self.admit_publisher(stream)?;
                Role::Publisher(Publisher::new(key, &negotiated, self.config.max_publisher_bitrate, now))
            }
            Side::Watch { viewer, counted } => {
                let mut role = Viewer::new(viewer, counted, &negotiated);
                let sent = self.publisher(stream).ok_or(Error::NotLive)?.formats();
                if !role.attach(&sent) {
                    return Err(Error::UnsupportedCodec);
                }
                for ghost in self.admit_viewer(stream, viewer)? {
                    self.end(ghost, Ending::Left, now);
                }
                Role::Viewer(role)
            }
        };
        self.next_key += 1;
        self.sessions.insert(session, key);
        self.directory.add(negotiated.fragment.clone(), key);
        let formats = negotiated.formats();
        let peer = Peer {
            key,
            session,
            stream,
            role,
            fragment: negotiated.fragment,
            candidates: negotiated.candidates,
            paths: Paths::default(),
            connected: false,
            created: now,
            seen: now,
            deadline: now,
            rtc: negotiated.rtc,
        };
        self.peers.insert(key, peer);
        self.count_sessions(side, 1);
        match side {
            Side::Publish => self.take_over(stream, key, &formats, now),
            Side::Watch { .. } => self.streams.entry(stream).or_default().viewers.push(key),
        }
        self.tick = self.tick.min(now + super::TICK);
        self.drive(key, |peer, io| peer.advance(io, now));
        self.settle(now);
        Ok(())
    }

    /// May somebody publish this stream? Who replaces a publisher adds none.
    pub(super) fn admit_publisher(&self, stream: StreamId) -> Result<(), Error> {
        let taken = self.counters.publishers.load(Ordering::Relaxed);
        let replaces = self.publisher(stream).is_some();
        if !replaces && taken >= self.config.max_publishers as u64 { Err(Error::PublisherLimit) } else { Ok(()) }
    }

    /// May this viewer watch this stream? The result is which of its own sessions must end for it, oldest first:
    /// those beyond what one viewer may have, or one of them when there is no other room. So who lost the
    /// connection is never kept out by a session that it cannot use any more.
    pub(super) fn admit_viewer(&self, stream: StreamId, viewer: ViewerId) -> Result<Vec<PeerKey>, Error> {
        let here = self.streams.get(&stream).map_or(0, |stream| stream.viewers.len());
        let everywhere = self.counters.viewers.load(Ordering::Relaxed);
        let is_full = here >= self.config.max_viewers_per_stream || everywhere >= self.config.max_viewers as u64;

        let mut own = self.sessions_of(stream, viewer);
        let kept = self.config.max_sessions_per_viewer.max(1) - 1;
        let excess = own.len().saturating_sub(kept).max(usize::from(is_full));
        if excess > own.len() {
            return Err(Error::ViewerLimit);
        }
        own.truncate(excess);
        Ok(own)
    }

    /// The publisher of a stream.
    pub(super) fn publisher(&self, stream: StreamId) -> Option<&Publisher> {
        match &self.peers.get(&self.streams.get(&stream)?.publisher?)?.role {
            Role::Publisher(publisher) => Some(publisher),
            Role::Viewer(_) => None,
        }
    }

    /// The sessions of one viewer in one stream, the oldest first.
    pub(super) fn sessions_of(&self, stream: StreamId, viewer: ViewerId) -> Vec<PeerKey> {
        let is_theirs = |key: &&PeerKey| {
            self.peers.get(key).is_some_and(|peer| matches!(&peer.role, Role::Viewer(role) if role.id == viewer))
        };
        self.streams.get(&stream).map_or_else(Vec::new, |stream| stream.viewers.iter().filter(is_theirs).copied().collect())
    }

    /// Puts a publisher in the place of the last one. Viewers who cannot decode it must join again.
    fn take_over(&mut self, stream: StreamId, key: PeerKey, sent: &crate::codec::Formats, now: Instant) {
        let entry = self.streams.entry(stream).or_default();
        let replaced = entry.publisher.take();
        entry.published_by(key);
        let viewers = entry.viewers.clone();
        if let Some(replaced) = replaced {
            self.end(replaced, Ending::Expected, now);
        }
        for viewer in viewers {
            let fits = match self.peers.get_mut(&viewer) {
                Some(Peer { role: Role::Viewer(role), .. }) => role.attach(sent),
                _ => true,
            };
            if !fits {
                self.end(viewer, Ending::Left, now);
            }
        }
    }

    /// A peer cannot go on.
    pub(super) fn lose(&mut self, key: PeerKey, now: Instant) {
        self.end(key, Ending::Left, now);
    }

    /// Ends a session and tells its stream.
    pub(super) fn end(&mut self, key: PeerKey, ending: Ending, now: Instant) {
        let Some(mut peer) = self.peers.remove(&key) else { return };
        self.sessions.remove(&peer.session);
        self.directory.remove(&peer.fragment, &peer.paths, key);
        let mut unheard = std::collections::VecDeque::new();
        let mut io = Io { socket: &self.socket, counters: &self.counters, events: &mut unheard };
        // What it still says is of no interest any more.
        let _ = peer.guard(&mut io, |peer, io| {
            peer.close(io, now);
            Ok(())
        });
        match &peer.role {
            Role::Publisher(_) => self.count_sessions(Side::Publish, -1),
            Role::Viewer(viewer) => self.count_sessions(Side::Watch { viewer: viewer.id, counted: viewer.counted }, -1),
        }
        let Some(stream) = self.streams.get_mut(&peer.stream) else { return };
        match &peer.role {
            Role::Publisher(_) if stream.publisher == Some(key) => {
                stream.publisher = None;
                if ending == Ending::Left && stream.announced {
                    self.outbox.push(Event::Interrupted { stream: peer.stream });
                }
                stream.announced = false;
            }
            Role::Publisher(_) => {}
            Role::Viewer(viewer) => {
                stream.viewers.retain(|other| *other != key);
                if viewer.counted && peer.connected {
                    stream.audience.leave(viewer.id);
                }
            }
        }
        self.tell_audience(peer.stream, now);
        if self.streams.get(&peer.stream).is_some_and(Stream::is_over) {
            self.streams.remove(&peer.stream);
        }
        tracing::debug!(stream = %peer.stream, ?ending, "session ended");
    }

    /// Says how many people watch, if that changed and may be said.
    pub(super) fn tell_audience(&mut self, id: StreamId, now: Instant) {
        if let Some(viewers) = self.streams.get_mut(&id).and_then(|stream| stream.audience.news(now)) {
            self.outbox.push(Event::Viewers { stream: id, viewers });
        }
    }

    /// Ends everything.
    pub(super) fn close_all(&mut self) {
        let now = Instant::now();
        let keys: Vec<PeerKey> = self.peers.keys().copied().collect();
        for key in keys {
            self.end(key, Ending::Expected, now);
        }
    }

    fn count_sessions(&self, side: Side, change: i64) {
        let counter = match side {
            Side::Publish => &self.counters.publishers,
            Side::Watch { .. } => &self.counters.viewers,
        };
        if change > 0 {
            counter.fetch_add(1, Ordering::Relaxed);
        } else {
            counter.fetch_sub(1, Ordering::Relaxed);
        }
    }
}
