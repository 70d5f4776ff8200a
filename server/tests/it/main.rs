//! The whole site through its real router, on a real PostgreSQL, a database per test; and as a process, where it is to break.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::string_slice, reason = "what fails here is the test")]
#![allow(unreachable_pub, reason = "the files of a test share what they make public")]

mod accounts;
mod authorization;
mod chat;
mod chat_load;
mod crowd;
mod event_sockets;
mod events;
mod faults;
mod harness;
mod headers;
mod hygiene;
mod kept_pages;
mod pages;
mod people;
mod performance;
mod pictures;
mod presence;
mod process;
mod refusals;
mod search;
mod settings;
