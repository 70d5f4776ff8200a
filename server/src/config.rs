//! The settings, read from the environment once, before anything else. `.env.example` describes each.

use secrecy::SecretString;
use std::{
    collections::BTreeSet,
    net::{IpAddr, SocketAddr},
    num::NonZeroU32,
    path::PathBuf,
    str::FromStr,
};

/// Everything that can be set.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen.
    pub address: SocketAddr,
    /// The address that people use, without a slash at the end.
    pub public_origin: String,
    /// A PostgreSQL that runs already; without it a private one is started.
    pub database_url: Option<SecretString>,
    pub database_pool_size: usize,
    /// The folder with PostgreSQL's programs, for the private one.
    pub postgres_programs: backend::cluster::Programs,
    /// Without it events reach other servers on the same database a little later.
    pub redis_url: Option<SecretString>,
    /// Keeps installations on one Redis apart.
    pub redis_prefix: String,
    pub data_folder: PathBuf,
    /// The folder of uploaded pictures.
    pub pictures_folder: PathBuf,
    /// The folder that the build of the site wrote.
    pub site_root: PathBuf,
    pub media: media::Config,
    /// Where other servers reach this one; without it, where this one listens.
    pub node_address: Option<String>,
    /// Addresses whose `X-Forwarded-For` is believed.
    pub trusted_proxies: BTreeSet<IpAddr>,
    /// Widens every rate limit.
    pub limit_factor: NonZeroU32,
    pub event_connections: EventConnections,
    /// With which trusted services publish events; without it they cannot.
    pub publish_token: Option<SecretString>,
    /// What to log, in the syntax of `tracing_subscriber::EnvFilter`.
    pub log_filter: String,
    /// One JSON object a line, for machines to read.
    pub log_as_json: bool,
}

/// How many event connections may be open.
#[derive(Debug, Clone, Copy)]
pub struct EventConnections {
    pub total: usize,
    pub per_address: usize,
    pub per_member: usize,
}

/// The shortest token of a trusted service: 32 characters cannot be guessed at the rate at which they may be tried.
const MIN_TOKEN: usize = 32;

/// Every name that is read, so that a test can hold `.env.example` against them.
pub const NAMES: &[&str] = &[
    "LEARNIFY_ADDRESS",
    "PUBLIC_ORIGIN",
    "DATABASE_URL",
    "DATABASE_POOL_SIZE",
    "PG_BIN",
    "REDIS_URL",
    "REDIS_PREFIX",
    "DATA_DIR",
    "PICTURES_DIR",
    "SITE_ROOT",
    "MEDIA_PORT",
    "MEDIA_PUBLIC_ADDRESSES",
    "MEDIA_MAX_PUBLISHERS",
    "MEDIA_MAX_VIEWERS",
    "MEDIA_MAX_BITRATE",
    "NODE_ADDRESS",
    "TRUSTED_PROXIES",
    "RATE_LIMIT_FACTOR",
    "EVENT_CONNECTIONS",
    "EVENT_CONNECTIONS_PER_ADDRESS",
    "EVENT_CONNECTIONS_PER_MEMBER",
    "PUBLISH_TOKEN",
    "RUST_LOG",
    "LOG_FORMAT",
];

/// All settings that are not valid, each with what is wrong.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("These settings are not valid:\n{}", .0.join("\n"))]
pub struct InvalidSettings(Vec<String>);

struct Reader<'a> {
    read: &'a dyn Fn(&str) -> Option<String>,
    problems: Vec<String>,
}

impl Reader<'_> {
    fn text(&mut self, name: &str) -> Option<String> {
        (self.read)(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    fn parsed<T: FromStr>(&mut self, name: &str, default: T, expected: &str) -> T {
        let Some(text) = self.text(name) else { return default };
        text.parse().unwrap_or_else(|_malformed| {
            self.problems.push(format!("  {name} is {text:?}, but must be {expected}."));
            default
        })
    }

    fn addresses(&mut self, name: &str) -> Vec<IpAddr> {
        let text = self.text(name).unwrap_or_default();
        let mut addresses = Vec::new();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            match part.parse() {
                Ok(address) => addresses.push(address),
                Err(_malformed) => self.problems.push(format!("  {name} holds {part:?}, which is not an IP address.")),
            }
        }
        addresses
    }
}

impl Config {
    /// Reads the settings through `read`, which answers the value of a variable.
    pub fn read(read: &dyn Fn(&str) -> Option<String>) -> Result<Self, InvalidSettings> {
        let mut reader = Reader { read, problems: Vec::new() };
        let address = reader.parsed(
            "LEARNIFY_ADDRESS",
            SocketAddr::from(([127, 0, 0, 1], 3000)),
            "an address with a port, such as 0.0.0.0:3000",
        );
        let public_origin = reader.text("PUBLIC_ORIGIN").unwrap_or_else(|| format!("http://{address}"));
        let is_origin = public_origin
            .split_once("://")
            .is_some_and(|(scheme, host)| matches!(scheme, "http" | "https") && !host.is_empty() && !host.contains('/'));
        if !is_origin {
            reader.problems.push(format!(
                "  PUBLIC_ORIGIN is {public_origin:?}, but must be a scheme and a host only, such as https://learn.example.org."
            ));
        }
        let media_defaults = media::Config::default();
        let port: u16 = reader.parsed("MEDIA_PORT", 8189, "a port number");
        let media = media::Config {
            bind: SocketAddr::from((std::net::Ipv6Addr::UNSPECIFIED, port)),
            public_addresses: reader.addresses("MEDIA_PUBLIC_ADDRESSES"),
            max_publishers: reader.parsed("MEDIA_MAX_PUBLISHERS", media_defaults.max_publishers, "a number"),
            max_viewers: reader.parsed("MEDIA_MAX_VIEWERS", media_defaults.max_viewers, "a number"),
            max_publisher_bitrate: reader.parsed("MEDIA_MAX_BITRATE", media_defaults.max_publisher_bitrate, "bits per second"),
            ..media_defaults
        };
        let data_folder: PathBuf = reader.text("DATA_DIR").unwrap_or_else(|| "data".to_owned()).into();
        let log_format = reader.text("LOG_FORMAT").unwrap_or_else(|| "text".to_owned());
        if !matches!(log_format.as_str(), "text" | "json") {
            reader.problems.push(format!("  LOG_FORMAT is {log_format:?}, but must be text or json."));
        }
        let publish_token = reader.text("PUBLISH_TOKEN");
        let is_token = |token: &String| token.len() >= MIN_TOKEN && token.bytes().all(|byte| byte.is_ascii_graphic());
        if !publish_token.as_ref().is_none_or(is_token) {
            // It is a secret, so it is not shown.
            reader.problems.push(format!("  PUBLISH_TOKEN must be at least {MIN_TOKEN} letters, digits and signs."));
        }
        let config = Self {
            node_address: reader.text("NODE_ADDRESS"),
            address,
            public_origin,
            database_url: reader.text("DATABASE_URL").map(Into::into),
            database_pool_size: reader.parsed("DATABASE_POOL_SIZE", 16, "a number"),
            postgres_programs: backend::cluster::Programs {
                folder: reader.text("PG_BIN").map(Into::into),
                path: reader.text("PATH").map(Into::into),
                home: reader.text("HOME").map(Into::into),
            },
            redis_url: reader.text("REDIS_URL").map(Into::into),
            redis_prefix: reader.text("REDIS_PREFIX").unwrap_or_else(|| "learnify".to_owned()),
            pictures_folder: reader.text("PICTURES_DIR").map_or_else(|| data_folder.join("pictures"), Into::into),
            data_folder,
            site_root: reader.text("SITE_ROOT").unwrap_or_else(|| "target/site".to_owned()).into(),
            media,
            trusted_proxies: reader.addresses("TRUSTED_PROXIES").into_iter().collect(),
            limit_factor: reader.parsed("RATE_LIMIT_FACTOR", NonZeroU32::MIN, "a number above 0"),
            event_connections: EventConnections {
                total: reader.parsed("EVENT_CONNECTIONS", 20_000, "a number"),
                per_address: reader.parsed("EVENT_CONNECTIONS_PER_ADDRESS", 200, "a number"),
                per_member: reader.parsed("EVENT_CONNECTIONS_PER_MEMBER", 20, "a number"),
            },
            publish_token: publish_token.map(Into::into),
            log_filter: reader
                .text("RUST_LOG")
                .unwrap_or_else(|| "warn,server=info,backend=info,media=info,audit=info".to_owned()),
            log_as_json: log_format == "json",
        };
        if reader.problems.is_empty() { Ok(config) } else { Err(InvalidSettings(reader.problems)) }
    }

    /// Whether people come over https.
    pub fn is_https(&self) -> bool {
        self.public_origin.starts_with("https://")
    }
}

#[cfg(test)]
mod tests {
    use super::{Config, NAMES};
    use std::collections::BTreeSet;

    #[test]
    fn nothing_needs_to_be_set() {
        let config = Config::read(&|_| None).unwrap();
        assert_eq!(config.public_origin, "http://127.0.0.1:3000");
        assert!(config.database_url.is_none() && config.redis_url.is_none());
    }

    #[test]
    fn all_problems_are_named_at_once() {
        let wrong = |name: &str| match name {
            "LEARNIFY_ADDRESS" => Some("here".to_owned()),
            "PUBLIC_ORIGIN" => Some("https://example.org/path".to_owned()),
            "TRUSTED_PROXIES" => Some("10.0.0.1, proxy".to_owned()),
            "RATE_LIMIT_FACTOR" => Some("0".to_owned()),
            "PUBLISH_TOKEN" => Some("short".to_owned()),
            "LOG_FORMAT" => Some("xml".to_owned()),
            _ => None,
        };
        let message = Config::read(&wrong).unwrap_err().to_string();
        for name in ["LEARNIFY_ADDRESS", "PUBLIC_ORIGIN", "\"proxy\"", "RATE_LIMIT_FACTOR", "PUBLISH_TOKEN", "LOG_FORMAT"] {
            assert!(message.contains(name), "{name} is missing from: {message}");
        }
        assert!(!message.contains("short"), "a secret is not repeated");
    }

    #[test]
    fn the_example_describes_every_setting() {
        let read = std::cell::RefCell::new(BTreeSet::new());
        let note = |name: &str| {
            read.borrow_mut().insert(name.to_owned());
            None
        };
        Config::read(&note).unwrap();
        let system: BTreeSet<String> = ["PATH", "HOME"].map(str::to_owned).into();
        let names: BTreeSet<String> = read.borrow().difference(&system).cloned().collect();
        assert_eq!(names, NAMES.iter().map(|name| (*name).to_owned()).collect());
        let example = include_str!("../../.env.example");
        let described =
            example.lines().filter_map(|line| line.trim_start_matches("# ").split_once('=')).map(|(name, _)| name.to_owned());
        let described: BTreeSet<String> =
            described.filter(|name| name.chars().all(|c| c.is_ascii_uppercase() || c == '_')).collect();
        assert_eq!(described, names);
    }
}
