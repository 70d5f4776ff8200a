//! A WebRTC peer for tests, demonstrations and load: publishes by WHIP or watches by WHEP.
//!
//! The other side of what this crate serves. How the SDP travels is up to the caller, so that tests need no HTTP:
//! [`Offer::new`], hand over [`Offer::sdp`], [`Offer::accept`] the answer, then drive the [`Client`] by
//! [`Client::next`]. Panics nowhere, trusts its server.

mod drive;
mod loss;
mod offer;
mod session;

pub use drive::{Client, ClientEvent, MediaFrame};
pub use offer::{ClientError, Goal, Offer, VideoCodec};
