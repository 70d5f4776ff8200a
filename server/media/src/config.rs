//! What the operator chooses, and the bound on everything that could grow.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::time::Duration;

/// The settings of a [`MediaServer`](crate::MediaServer).
#[derive(Clone, Debug)]
pub struct Config {
    /// The one UDP port that all peers use. `[::]:0` takes IPv4 and IPv6 and a free port; where the system has
    /// no IPv6, the same port is opened for IPv4 only.
    pub bind: SocketAddr,
    /// The addresses that peers reach this server by, when they are not those of its interfaces (1:1 NAT,
    /// containers, most clouds). They replace the interface addresses in answers. Empty: the interfaces'.
    pub public_addresses: Vec<IpAddr>,
    /// Publishers at one time. Beyond it: [`Error::PublisherLimit`](crate::Error::PublisherLimit).
    pub max_publishers: usize,
    /// Viewer sessions at one time, over all streams. Beyond it: [`Error::ViewerLimit`](crate::Error::ViewerLimit).
    pub max_viewers: usize,
    /// Viewer sessions of one stream. Beyond it: [`Error::ViewerLimit`](crate::Error::ViewerLimit).
    pub max_viewers_per_stream: usize,
    /// Sessions of one viewer in one stream (tabs, reconnections not yet noticed). Beyond it the oldest of
    /// them is closed, so that a viewer who lost the connection is never locked out by its own ghosts.
    pub max_sessions_per_viewer: usize,
    /// Bits per second that a publisher may send, all media together. Announced to the publisher (`b=TIAS`,
    /// RFC 3890, and REMB); one who sends more than a quarter above it for five seconds in a row is closed, as
    /// if it had left.
    pub max_publisher_bitrate: u64,
    /// The bit rate, in kbit/s, at which a browser starts to send. Browsers start at 300 kbit/s otherwise and
    /// show a small picture for ten seconds and more.
    pub start_bitrate_kbps: u32,
    /// A peer that was silent for this long is gone. Closed browser tabs do not always say goodbye.
    pub silence: Duration,
    /// A session that is not connected (ICE and DTLS) after this long is gone.
    pub setup: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            bind: SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), 0),
            public_addresses: Vec::new(),
            max_publishers: 50,
            max_viewers: 1_000,
            max_viewers_per_stream: 500,
            max_sessions_per_viewer: 4,
            max_publisher_bitrate: 8_000_000,
            start_bitrate_kbps: 2_000,
            silence: Duration::from_secs(8),
            setup: Duration::from_secs(15),
        }
    }
}
