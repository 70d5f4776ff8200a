//! Operations, a file per noun. Each does everything that matters, in one order: rule, transaction, commit, publish. What must be told is put
//! into the outbox within the transaction.

pub mod accounts;
pub mod blocks;
pub mod broadcasts;
pub mod channels;
pub mod chat;
pub mod community;
pub mod demo;
pub mod follows;
pub mod notifications;
pub mod outbox;
pub mod performance;
pub mod personal_data;
pub mod pictures;
pub mod profiles;
pub mod search;
pub mod stream_keys;
pub mod streams;
pub mod surroundings;
