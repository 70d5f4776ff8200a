//! Load for event streams: thousands of connections from one process, each of them checked.
//!
//! It knows nothing of the server but HTTP and server-sent events, so that the same load can be put on others. What is
//! published carries a number and the time at which it was sent ([`marker`]); every connection looks whether each number
//! comes once and in order ([`sequence`]), and how long it took ([`histogram`]).
//!
//! * [`run`]: the course of a measurement. * [`crowd`]: the connections of one thread. * [`reader`]: one of them.
//! * [`pages`]: besides, load for pages.

pub mod args;
pub mod crowd;
pub mod events;
pub mod histogram;
pub mod http;
pub mod marker;
pub mod pages;
pub mod process;
pub mod program;
pub mod publish;
pub mod reader;
pub mod report;
pub mod run;
pub mod sequence;
pub mod shared;
pub mod start;
pub mod tally;
