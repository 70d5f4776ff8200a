//! A WHIP publisher that needs no camera, and a WHEP viewer that needs no screen.
//!
//! What they are for: a demonstration with several teachers live at once, tests in a browser that look for a known
//! picture and a known tone, and load. They are real WebRTC peers and speak to the server as OBS or a browser
//! would, over HTTP and UDP.
//!
//! * [`publish`]: the picture ([`picture`]) encoded as H.264 ([`encode`]), with a [`tone`], sent by WHIP.
//! * [`watch`]: joins by WHEP and counts what comes.

pub mod args;
pub mod encode;
pub mod picture;
pub mod publish;
pub mod tone;
pub mod watch;
pub mod whip;
