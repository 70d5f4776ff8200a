//! Why a session was not opened.

use crate::random::NoRandomness;

/// A refusal of [`MediaServer::publish`](crate::MediaServer::publish) or
/// [`MediaServer::watch`](crate::MediaServer::watch).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The offer is not SDP, is too long, lacks ICE or DTLS attributes, or has the wrong media.
    #[error("the offer cannot be understood")]
    MalformedOffer,
    /// The two sides have no codec in common.
    #[error("no common codec")]
    UnsupportedCodec,
    /// Nobody publishes this stream.
    #[error("the stream is not live")]
    NotLive,
    /// The server has as many publishers as it may have.
    #[error("too many publishers")]
    PublisherLimit,
    /// The server or this stream has as many viewers as it may have.
    #[error("too many viewers")]
    ViewerLimit,
    /// The server was stopped.
    #[error("the media server is stopped")]
    Stopped,
}

impl From<NoRandomness> for Error {
    /// A server without randomness cannot open a session, now or later.
    fn from(_: NoRandomness) -> Self {
        Self::Stopped
    }
}
