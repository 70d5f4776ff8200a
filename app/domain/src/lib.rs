//! The vocabulary that the server and the browser share: every noun of Learnify, its rules and its limits.
//!
//! Nothing here performs I/O or reads a clock: whatever depends on time takes `now`.

pub mod account;
pub mod block;
pub mod category;
pub mod channel;
pub mod channel_page;
pub mod chat;
pub mod chrome;
pub mod community;
pub mod error;
pub mod event;
pub mod follow;
pub mod following_page;
pub mod ids;
pub mod level;
pub mod notification;
pub mod person;
pub mod picture;
pub mod profile;
pub mod rich_text;
pub mod schedule;
pub mod search;
pub mod social;
pub mod stable_order;
pub mod stream;
pub mod stream_list;
pub mod time;
pub mod user;

pub use category::Category;
pub use error::{Error, Problem};
pub use ids::{BroadcastId, ClientId, GuestId, LogEntryId, MessageId, NotificationId, PictureId, SessionId, UserId};
pub use time::Timestamp;
