//! What the user sees, and the server functions it calls.
//!
//! Renders on the server with the feature `ssr` and hydrates in the browser with `hydrate`; never with both.

// A page is one nested type; the default depth is less than the deepest page has.
#![recursion_limit = "512"]
#![allow(unreachable_pub, reason = "the component macro always makes a public function")]
#![allow(clippy::needless_pass_by_value, reason = "the properties of a component are owned values")]

pub mod api;
pub mod backoff;
mod channel;
mod chat;
mod chrome;
mod components;
mod document;
mod dom;
pub mod error;
mod format;
mod media;
mod page_data;
mod pages;
mod paths;
pub mod performance;
mod platform;
pub mod realtime;
pub mod root;
mod state;
pub mod stream_list;
pub mod theme;

pub use error::ApiError;
