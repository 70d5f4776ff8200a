//! The routes that are not pages: events, media signalling, pictures, downloads, health, performance.

mod bearer;
pub(crate) mod events;
pub(crate) mod guest;
pub(crate) mod health;
pub(crate) mod node_client;
pub(crate) mod performance;
pub(crate) mod personal_data;
pub(crate) mod pictures;
pub(crate) mod problem;
pub(crate) mod signalling;
pub(crate) mod whep;
pub(crate) mod whip;
