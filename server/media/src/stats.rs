//! Numbers for an operator.

use std::sync::atomic::{AtomicU64, Ordering};

/// One stream, now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamStats {
    /// Whether a publisher is connected and sends.
    pub live: bool,
    /// The publisher's video codec: `VP8`, `H264`, `VP9` or `AV1`.
    pub video_codec: Option<&'static str>,
    /// The publisher's audio codec: `Opus`.
    pub audio_codec: Option<&'static str>,
    /// What the publisher sends, all media together, over the last second.
    pub bits_per_second: u64,
    /// Packets received from the current publisher.
    pub packets: u64,
    /// Different counted viewers who are connected.
    pub viewers: u32,
    /// Viewer sessions, connected or not, counted or not.
    pub sessions: usize,
    /// Keyframes asked of publishers since the stream began.
    pub keyframe_requests: u64,
}

/// The whole server, since it started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Publisher sessions, now.
    pub publishers: u64,
    /// Viewer sessions, now.
    pub viewers: u64,
    /// Datagrams received.
    pub packets_in: u64,
    /// Bytes received, without IP and UDP headers.
    pub bytes_in: u64,
    /// Datagrams sent.
    pub packets_out: u64,
    /// Bytes sent, without IP and UDP headers.
    pub bytes_out: u64,
    /// Datagrams that the system did not take, because its buffer was full or the address unreachable.
    pub packets_dropped: u64,
    /// Datagrams that belonged to nobody.
    pub packets_unknown: u64,
    /// Sessions discarded because the WebRTC library failed in them. Should stay zero.
    pub failures: u64,
}

/// The same, being counted.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) publishers: AtomicU64,
    pub(crate) viewers: AtomicU64,
    pub(crate) packets_in: AtomicU64,
    pub(crate) bytes_in: AtomicU64,
    pub(crate) packets_out: AtomicU64,
    pub(crate) bytes_out: AtomicU64,
    pub(crate) packets_dropped: AtomicU64,
    pub(crate) packets_unknown: AtomicU64,
    pub(crate) failures: AtomicU64,
}

/// Adds to a counter that only the media thread writes and anybody reads.
pub(crate) fn add(counter: &AtomicU64, n: usize) {
    counter.fetch_add(n as u64, Ordering::Relaxed);
}

impl Counters {
    pub(crate) fn totals(&self) -> Totals {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Totals {
            publishers: read(&self.publishers),
            viewers: read(&self.viewers),
            packets_in: read(&self.packets_in),
            bytes_in: read(&self.bytes_in),
            packets_out: read(&self.packets_out),
            bytes_out: read(&self.bytes_out),
            packets_dropped: read(&self.packets_dropped),
            packets_unknown: read(&self.packets_unknown),
            failures: read(&self.failures),
        }
    }
}
