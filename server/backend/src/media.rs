//! The media server as the services see it: the embedded one, or another behind the same few verbs.

use async_trait::async_trait;
use domain::UserId;
use std::net::IpAddr;
use uuid::Uuid;

/// The answer to an offer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Names the session in its address; unguessable, so that it may serve as the right to end it.
    pub session: String,
    /// The SDP.
    pub sdp: String,
}

/// Who watches, as far as counting goes.
#[derive(Debug, Clone, Copy)]
pub struct Audience {
    /// The person: several players of one person count once.
    pub viewer: Uuid,
    /// Whether the person counts at all. A streamer's own preview does not.
    pub is_counted: bool,
}

/// A refused offer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("The offer is not a usable session description.")]
    MalformedOffer,
    #[error("Your browser cannot play the format of this stream.")]
    UnsupportedCodec,
    #[error("This stream is not live.")]
    NotLive,
    #[error("This server is full. Please try again later.")]
    Full,
    #[error("The media server is not available.")]
    Unavailable,
}

/// Takes media from publishers and gives it to viewers. A stream is named by the channel it belongs to.
#[async_trait]
pub trait MediaServer: Send + Sync {
    /// Accepts a publisher; an earlier one of the same channel is replaced.
    /// `host` is the address by which the caller reached us, if it is one.
    async fn publish(&self, channel: UserId, offer: &str, host: Option<IpAddr>) -> Result<Answer, Refusal>;

    /// Accepts a viewer.
    async fn watch(&self, channel: UserId, audience: Audience, offer: &str, host: Option<IpAddr>) -> Result<Answer, Refusal>;

    /// Ends one session. False when there is none of that name.
    async fn close(&self, session: &str) -> bool;

    /// Ends everything that a viewer watches of one channel.
    async fn close_viewer(&self, channel: UserId, viewer: Uuid);

    /// Ends the publisher and all viewers of a channel.
    async fn close_stream(&self, channel: UserId);

    /// How much it carries just now, at this server.
    fn load(&self) -> MediaLoad;
}

/// Sessions of a media server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MediaLoad {
    pub publishers: u64,
    pub viewers: u64,
}

/// What the media server reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaEvent {
    /// The first media of a publisher arrived.
    Started { channel: UserId },
    /// The publisher is gone.
    Interrupted { channel: UserId },
    /// The number of unique viewers changed.
    Viewers { channel: UserId, viewers: u32 },
}
