//! The log.

use crate::config::Config;
use tracing_subscriber::EnvFilter;

/// Writes the log to standard error, so that standard output holds what a person waits for.
pub fn start(config: &Config) {
    let filter = EnvFilter::try_new(&config.log_filter).unwrap_or_else(|_malformed| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second start, as tests make, keeps the first log.
    let started = if config.log_as_json { log.json().try_init() } else { log.with_target(false).try_init() };
    drop(started);
}
