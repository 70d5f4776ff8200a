//! The server functions, a file per noun. Each is a public endpoint under `/api/app/api/…` and says three things:
//! who asks, which service answers, and what is returned. Rules, rights and limits are the services'.

pub mod accounts;
pub mod blocks;
pub mod channels;
pub mod chat;
pub mod chrome;
pub mod community;
pub mod follows;
pub mod notifications;
pub mod performance;
pub mod personal_data;
pub mod profiles;
pub mod search;
pub mod streams;
