//! The media server against real WebRTC peers, over loopback UDP.
#![expect(clippy::unwrap_used, reason = "helpers of tests may fail as tests do")]

mod limits;
mod sessions;
mod streaming;
mod support;
