//! The settings, read from the environment once, before anything else. `.env.example` describes each.

use backend::pictures::{Bucket, Place};
use secrecy::SecretString;
use std::{
    collections::BTreeSet,
    net::{IpAddr, SocketAddr},
    num::NonZeroU32,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
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
    pub database_limits: backend::database::Limits,
    /// The folder with PostgreSQL's programs, for the private one.
    pub postgres_programs: backend::cluster::Programs,
    /// Without it events reach other servers on the same database a little later, and presence does not.
    pub redis_url: Option<SecretString>,
    /// Keeps installations on one Redis apart.
    pub redis_prefix: String,
    /// How long what visitors read is kept.
    pub cache: backend::cache::Settings,
    /// How long a rendered page is kept for visitors of whom nothing is known; zero for not at all.
    pub page_lifetime: Duration,
    pub data_folder: PathBuf,
    /// Where uploaded pictures are kept.
    pub pictures: Place,
    /// The folder that the build of the site wrote.
    pub site_root: PathBuf,
    /// Where pages hear that they are to load anew, while cargo-leptos watches the sources. It says so itself.
    pub reload_port: Option<u16>,
    pub media: media::Config,
    /// Where other servers reach this one; without it, where this one listens.
    pub node_address: Option<String>,
    /// Addresses whose `X-Forwarded-For` is believed.
    pub trusted_proxies: BTreeSet<IpAddr>,
    /// Widens every rate limit.
    pub limit_factor: NonZeroU32,
    pub event_connections: EventConnections,
    /// Who names it may read `/metrics`; without it nobody may.
    pub metrics_token: Option<SecretString>,
    /// With which trusted services publish events and read all of them; without it they cannot.
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
    pub per_session: usize,
    /// How long each may be open, give or take a tenth.
    pub lifetime: Duration,
}

impl Default for EventConnections {
    fn default() -> Self {
        Self { total: 20_000, per_address: 200, per_member: 20, per_session: 10, lifetime: Duration::from_hours(1) }
    }
}

/// The shortest token: 32 characters cannot be guessed at the rate at which they may be tried.
const MIN_TOKEN: usize = 32;

/// Every name that is read, so that a test can hold `.env.example` against them.
pub const NAMES: &[&str] = &[
    "LEARNIFY_ADDRESS",
    "PUBLIC_ORIGIN",
    "DATABASE_URL",
    "DATABASE_POOL_SIZE",
    "DATABASE_WAIT_MILLIS",
    "DATABASE_CREATE_MILLIS",
    "DATABASE_RECYCLE_MILLIS",
    "DATABASE_STATEMENT_MILLIS",
    "PG_BIN",
    "REDIS_URL",
    "REDIS_PREFIX",
    "CACHE_ENTRIES",
    "CACHE_STREAMS_MILLIS",
    "CACHE_CHANNEL_MILLIS",
    "CACHE_RECOMMENDED_MILLIS",
    "CACHE_SESSIONS_MILLIS",
    "CACHE_STALE_MILLIS",
    "CACHE_KEEP_MILLIS",
    "PAGE_LIFETIME_MILLIS",
    "DATA_DIR",
    "PICTURES_DIR",
    "PICTURES_URL",
    "AWS_ENDPOINT_URL",
    "AWS_REGION",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
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
    "EVENT_CONNECTIONS_PER_SESSION",
    "EVENT_CONNECTION_LIFETIME_MILLIS",
    "METRICS_TOKEN",
    "PUBLISH_TOKEN",
    "RUST_LOG",
    "LOG_FORMAT",
];

/// All settings that are not valid, each with what is wrong.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("These settings are not valid:\n{}", .0.join("\n"))]
pub struct InvalidSettings(Vec<String>);

/// A number above 0.
struct Positive(usize);

impl FromStr for Positive {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse::<std::num::NonZeroUsize>().map(|number| Self(number.get()))
    }
}

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

    /// A time that may be 0.
    fn millis_or_none(&mut self, name: &str, default: Duration) -> Duration {
        let default = u64::try_from(default.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(self.parsed(name, default, "milliseconds"))
    }

    /// A time of at least a millisecond.
    fn millis(&mut self, name: &str, default: Duration) -> Duration {
        let default = usize::try_from(default.as_millis()).unwrap_or(usize::MAX);
        let Positive(millis) = self.parsed(name, Positive(default), "milliseconds, above 0");
        Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
    }

    fn event_connections(&mut self) -> EventConnections {
        let EventConnections { total, per_address, per_member, per_session, lifetime } = EventConnections::default();
        EventConnections {
            total: self.parsed("EVENT_CONNECTIONS", total, "a number"),
            per_address: self.parsed("EVENT_CONNECTIONS_PER_ADDRESS", per_address, "a number"),
            per_member: self.parsed("EVENT_CONNECTIONS_PER_MEMBER", per_member, "a number"),
            per_session: self.parsed("EVENT_CONNECTIONS_PER_SESSION", per_session, "a number"),
            lifetime: self.millis("EVENT_CONNECTION_LIFETIME_MILLIS", lifetime),
        }
    }

    fn database_limits(&mut self) -> backend::database::Limits {
        let limits = backend::database::Limits::default();
        backend::database::Limits {
            pool_size: self.parsed("DATABASE_POOL_SIZE", Positive(limits.pool_size), "a number above 0").0,
            wait: self.millis("DATABASE_WAIT_MILLIS", limits.wait),
            create: self.millis("DATABASE_CREATE_MILLIS", limits.create),
            recycle: self.millis("DATABASE_RECYCLE_MILLIS", limits.recycle),
            statement: self.millis("DATABASE_STATEMENT_MILLIS", limits.statement),
        }
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

    /// A token that whoever is to be trusted sends. It is a secret, so it is not shown when it is not valid.
    fn token(&mut self, name: &str) -> Option<SecretString> {
        let token = self.text(name)?;
        if token.len() < MIN_TOKEN || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            self.problems.push(format!("  {name} must be at least {MIN_TOKEN} letters, digits and signs."));
        }
        Some(token.into())
    }

    /// How long what visitors read is kept, and how much of it.
    fn cache(&mut self) -> backend::cache::Settings {
        let kept = backend::cache::Settings::default();
        backend::cache::Settings {
            entries: self.parsed("CACHE_ENTRIES", kept.entries, "a number"),
            streams: self.millis_or_none("CACHE_STREAMS_MILLIS", kept.streams),
            channel: self.millis_or_none("CACHE_CHANNEL_MILLIS", kept.channel),
            recommended: self.millis_or_none("CACHE_RECOMMENDED_MILLIS", kept.recommended),
            sessions: self.millis_or_none("CACHE_SESSIONS_MILLIS", kept.sessions),
            stale: self.millis_or_none("CACHE_STALE_MILLIS", kept.stale),
            keep: self.millis_or_none("CACHE_KEEP_MILLIS", kept.keep),
        }
    }

    /// Where pictures are kept: a bucket if one is named, else a folder.
    fn pictures(&mut self, data_folder: &Path) -> Place {
        let folder = self.text("PICTURES_DIR").map_or_else(|| data_folder.join("pictures"), PathBuf::from);
        let (url, endpoint) = (self.text("PICTURES_URL"), self.text("AWS_ENDPOINT_URL"));
        let region = self.text("AWS_REGION").unwrap_or_else(|| "us-east-1".to_owned());
        let mut secret = |name| self.text(name).map(SecretString::from);
        let (access_key_id, secret_access_key) = (secret("AWS_ACCESS_KEY_ID"), secret("AWS_SECRET_ACCESS_KEY"));
        let Some(url) = url else { return Place::Folder(folder) };
        let path = url.strip_prefix("s3://").unwrap_or_default();
        let (name, prefix) = path.split_once('/').unwrap_or((path, ""));
        if name.is_empty() {
            self.problems.push(format!("  PICTURES_URL is {url:?}, but must be a bucket, such as s3://name/prefix."));
        }
        Place::Bucket(Bucket {
            name: name.to_owned(),
            prefix: prefix.to_owned(),
            endpoint,
            region,
            access_key_id,
            secret_access_key,
        })
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
        let config = Self {
            node_address: reader.text("NODE_ADDRESS"),
            address,
            public_origin,
            database_url: reader.text("DATABASE_URL").map(Into::into),
            database_limits: reader.database_limits(),
            cache: reader.cache(),
            page_lifetime: reader.millis_or_none("PAGE_LIFETIME_MILLIS", Duration::from_secs(1)),
            postgres_programs: backend::cluster::Programs {
                folder: reader.text("PG_BIN").map(Into::into),
                path: reader.text("PATH").map(Into::into),
                home: reader.text("HOME").map(Into::into),
            },
            redis_url: reader.text("REDIS_URL").map(Into::into),
            redis_prefix: reader.text("REDIS_PREFIX").unwrap_or_else(|| "learnify".to_owned()),
            pictures: reader.pictures(&data_folder),
            data_folder,
            site_root: reader.text("SITE_ROOT").unwrap_or_else(|| "target/site".to_owned()).into(),
            reload_port: reader.text("LEPTOS_WATCH").map(|_on| reader.parsed("LEPTOS_RELOAD_PORT", 3001, "a port number")),
            media,
            trusted_proxies: reader.addresses("TRUSTED_PROXIES").into_iter().collect(),
            limit_factor: reader.parsed("RATE_LIMIT_FACTOR", NonZeroU32::MIN, "a number above 0"),
            event_connections: reader.event_connections(),
            metrics_token: reader.token("METRICS_TOKEN"),
            publish_token: reader.token("PUBLISH_TOKEN"),
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
    use super::{Config, NAMES, Place};
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
            "LOG_FORMAT" => Some("xml".to_owned()),
            "PICTURES_URL" => Some("https://example.org".to_owned()),
            "METRICS_TOKEN" | "PUBLISH_TOKEN" => Some("short".to_owned()),
            "RATE_LIMIT_FACTOR" | "DATABASE_POOL_SIZE" | "DATABASE_WAIT_MILLIS" => Some("0".to_owned()),
            _ => None,
        };
        let message = Config::read(&wrong).unwrap_err().to_string();
        let names = ["LEARNIFY_ADDRESS", "PUBLIC_ORIGIN", "\"proxy\"", "RATE_LIMIT_FACTOR", "LOG_FORMAT", "PICTURES_URL"];
        for name in names.into_iter().chain(["DATABASE_POOL_SIZE", "DATABASE_WAIT_MILLIS", "METRICS_TOKEN", "PUBLISH_TOKEN"]) {
            assert!(message.contains(name), "{name} is missing from: {message}");
        }
        assert!(!message.contains("short"), "a secret is not repeated");
    }

    #[test]
    fn pictures_are_in_a_folder_or_in_a_bucket() {
        assert!(matches!(Config::read(&|_| None).unwrap().pictures, Place::Folder(folder) if folder.ends_with("data/pictures")));
        let bucket = |name: &str| match name {
            "PICTURES_URL" => Some("s3://learn/some/pictures".to_owned()),
            "AWS_ENDPOINT_URL" => Some("http://127.0.0.1:9000".to_owned()),
            _ => None,
        };
        let Place::Bucket(bucket) = Config::read(&bucket).unwrap().pictures else { panic!("it is a folder") };
        assert_eq!((bucket.name.as_str(), bucket.prefix.as_str()), ("learn", "some/pictures"));
        assert_eq!(bucket.endpoint.as_deref(), Some("http://127.0.0.1:9000"));
    }

    #[test]
    fn the_example_describes_every_setting() {
        let read = std::cell::RefCell::new(BTreeSet::new());
        let note = |name: &str| {
            read.borrow_mut().insert(name.to_owned());
            None
        };
        Config::read(&note).unwrap();
        let system: BTreeSet<String> = ["PATH", "HOME", "LEPTOS_WATCH"].map(str::to_owned).into();
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
