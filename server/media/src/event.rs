//! What the media plane tells the rest of the application.

use crate::ids::StreamId;

/// A change of state of a stream.
///
/// Events are facts about now, not a log. If the receiver falls behind, older news of a stream is replaced by
/// newer news of the same stream; the last word of each stream always arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The first media packet of a publisher arrived. Not repeated when another publisher takes over a stream
    /// that is already live.
    Started {
        /// The stream that is live now.
        stream: StreamId,
    },
    /// The publisher of a started stream is gone: it closed, was closed by its session, fell silent or sent too
    /// much. Its viewers stay connected and wait. Neither a takeover nor
    /// [`close_stream`](crate::MediaServer::close_stream) emits it.
    Interrupted {
        /// The stream that lost its publisher.
        stream: StreamId,
    },
    /// The number of different counted viewers who are connected has changed. The first change is told at once,
    /// later ones at most every 250 ms per stream.
    Viewers {
        /// The stream that is watched.
        stream: StreamId,
        /// How many people, not how many sessions.
        viewers: u32,
    },
}
