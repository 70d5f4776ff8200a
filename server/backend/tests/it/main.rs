//! The services on a real PostgreSQL, a database per test.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::string_slice, reason = "what fails here is the test")]

mod accounts;
mod broadcasts;
mod bus;
mod cache;
mod chat;
mod chat_moderation;
mod chat_support;
mod faults;
mod listener;
mod migrations;
mod notifications;
mod outbox;
mod people;
mod personal_data;
mod pictures;
mod plans;
mod presence;
mod profiles;
mod search;
mod servers;
mod stream_keys;
mod way;
