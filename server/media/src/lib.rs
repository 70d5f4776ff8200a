//! The embedded media plane: WHIP in, WHEP out, one UDP port, no other service.
//!
//! One [`MediaServer`] takes a picture and a voice from each publisher by WHIP (RFC 9725) and forwards the
//! packets, undecoded, to every viewer who joined by WHEP. It knows neither users, nor SQL, nor an HTTP
//! framework: the caller authenticates, hands in an SDP offer and sends back the SDP answer.
//!
//! # Shape
//!
//! ```text
//! caller's tasks                        media thread
//!   publish / watch                       one UDP socket, all peers
//!   SDP offer -> answer (about 2 ms)  ->  commands (bounded)
//!                                         Stream: one publisher -> viewers
//!   Event receiver (bounded)          <-  Started, Interrupted, Viewers
//! ```
//!
//! # What it promises
//!
//! * **A viewer outlives the publisher.** When a publisher goes and another comes for the same stream, the
//!   viewers' sessions stay, their sequence numbers and timestamps go on, and the picture returns with the
//!   next keyframe. Only a change of codec ends a viewer's session (it joins again).
//! * **Viewers never get half a picture.** Video starts at a keyframe; until it came, the publisher is asked again.
//! * **Everything is bounded**: publishers, viewers, sessions per viewer, the size of an offer, addresses per
//!   session, the command and event queues and the publisher's bit rate. See [`Config`] for the limits and
//!   what happens at each.
//! * **Input from the network cannot end the process.** A session in which the WebRTC library fails is
//!   discarded; the others go on.
//!
//! # What it leaves out
//!
//! No transcoding (one codec per stream, for everybody), no simulcast, no TURN, no ICE over TCP, no trickle ICE.
//! DTLS certificates of peers must be ECDSA, which is what browsers, OBS and ffmpeg use.

mod address;
mod audience;
mod bitrate;
mod candidates;
#[cfg(feature = "client")]
pub mod client;
mod clock;
mod codec;
mod command;
mod config;
mod engine;
mod error;
mod event;
mod ids;
mod keyframe;
mod negotiate;
mod outbox;
mod peer;
mod publisher;
mod random;
mod rewrite;
mod sdp;
mod server;
mod socket;
mod stats;
mod stream;
mod viewer;
mod vp8;

pub use config::Config;
pub use error::Error;
pub use event::Event;
pub use ids::{ParseSessionIdError, SessionId, StreamId, ViewerId};
pub use server::{Answer, MediaServer};
pub use stats::{StreamStats, Totals};
