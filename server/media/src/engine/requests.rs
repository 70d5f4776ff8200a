//! What the handle asks for.

use std::time::Instant;

use tokio::sync::oneshot;

use crate::codec;
use crate::command::Command;
use crate::error::Error;
use crate::ids::StreamId;
use crate::publisher::Publisher;
use crate::stats::StreamStats;

use super::Engine;
use super::sessions::Ending;

impl Engine {
    /// Does what is asked. The result is whom to tell when the thread has stopped, if it shall.
    pub(super) fn obey(&mut self, command: Command) -> Option<oneshot::Sender<()>> {
        let now = Instant::now();
        match command {
            Command::Admit { stream, reply } => answer(reply, self.admit_publisher(stream)),
            Command::Formats { stream, viewer, reply } => {
                let formats = self.publisher(stream).map(Publisher::formats).ok_or(Error::NotLive);
                let room = self.admit_viewer(stream, viewer);
                answer(reply, formats.and_then(|formats| room.map(|_| formats)));
            }
            Command::Open { opening, reply } => {
                let session = opening.session;
                if reply.send(self.open(opening, now)).is_err() {
                    // Nobody will ever use this session.
                    if let Some(key) = self.sessions.get(&session) {
                        self.end(*key, Ending::Left, now);
                    }
                }
            }
            Command::Close { session, reply } => {
                let found = self.sessions.get(&session).copied();
                if let Some(key) = found {
                    self.end(key, Ending::Left, now);
                }
                answer(reply, found.is_some());
            }
            Command::CloseStream { stream, reply } => {
                let keys = self.streams.get(&stream).map(|stream| (stream.publisher, stream.viewers.clone()));
                let (publisher, viewers) = keys.unwrap_or_default();
                for key in publisher.into_iter().chain(viewers) {
                    self.end(key, Ending::Expected, now);
                }
                answer(reply, ());
            }
            Command::CloseViewer { stream, viewer, reply } => {
                for key in self.sessions_of(stream, viewer) {
                    self.end(key, Ending::Left, now);
                }
                answer(reply, ());
            }
            Command::Stats { stream, reply } => answer(reply, self.stats(stream)),
            Command::Shutdown { reply } => return Some(reply),
        }
        None
    }

    fn stats(&self, id: StreamId) -> Option<StreamStats> {
        let stream = self.streams.get(&id)?;
        let publisher = self.publisher(id);
        let formats = publisher.map(Publisher::formats).unwrap_or_default();
        Some(StreamStats {
            live: publisher.is_some_and(|publisher| publisher.packets() > 0),
            video_codec: formats.video.map(|spec| codec::name(spec.codec)),
            audio_codec: formats.audio.map(|spec| codec::name(spec.codec)),
            bits_per_second: publisher.map_or(0, Publisher::bits_per_second),
            packets: publisher.map_or(0, Publisher::packets),
            viewers: stream.audience.count(),
            sessions: stream.viewers.len(),
            keyframe_requests: stream.keyframe_requests,
        })
    }
}

/// Nobody listening is not an error: the peer that wanted to know may have hung up.
fn answer<T>(reply: oneshot::Sender<T>, value: T) {
    let _ = reply.send(value);
}
