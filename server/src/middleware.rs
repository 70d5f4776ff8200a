//! What stands before every route, one concern per file.

pub(crate) mod chrome;
pub(crate) mod client;
pub(crate) mod functions;
pub(crate) mod headers;
pub(crate) mod kept_pages;
pub(crate) mod limit;
pub(crate) mod measure;
pub(crate) mod pace;
pub(crate) mod panic;
pub(crate) mod redirects;
