//! WebRTC in the browser: publishing by WHIP and watching by WHEP.
//!
//! Both are futures that hold their connection: dropping one closes the connection and tells the server.

pub(crate) mod capture;
pub(crate) mod devices;
pub(crate) mod level;
mod peer;
pub(crate) mod publish;
mod sdp;
mod signaling;
pub(crate) mod viewing;
pub(crate) mod watch;

pub(crate) use signaling::Refusal;
