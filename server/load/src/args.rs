//! The command line.

use lexopt::{Arg, Parser, ValueExt as _};
use std::{
    ffi::OsString,
    net::{SocketAddr, SocketAddrV4},
    time::Duration,
};

/// What `--help` prints.
pub const HELP: &str = include_str!("help.txt");

/// Connections at most; each takes a file descriptor here and one at the server.
const MAX_CONNECTIONS: usize = 60_000;
/// A day.
const MAX_SECONDS: u64 = 24 * 60 * 60;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Deliver,
    Storm,
    Dead,
    Soak,
    GoLive,
}

/// An address on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    pub socket: SocketAddr,
    /// With the query.
    pub path: String,
}

/// How events are published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publishing {
    pub to: Address,
    /// With `{marker}` in it.
    pub body: String,
    pub media_type: String,
    pub token: Option<String>,
}

/// Which connections are dropped, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dropping {
    pub percent: usize,
    /// Once, at half time, if none.
    pub every: Option<Duration>,
    pub away: Duration,
}

/// Everything that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    pub mode: Mode,
    pub url: Address,
    /// None in a storm, and where streams go live by themselves.
    pub publishing: Option<Publishing>,
    pub pids: Vec<u32>,
    pub connections: usize,
    pub dead: usize,
    pub time: Duration,
    pub interval: Duration,
    /// How many streams go live while it is measured how soon that is known.
    pub starts: u64,
    pub dropping: Option<Dropping>,
    pub threads: usize,
    pub addresses: u8,
    pub at_once: usize,
    pub patience: Duration,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    Run(Box<Settings>),
    /// Print [`HELP`].
    Help,
}

/// The command line makes no sense.
#[derive(Debug, thiserror::Error)]
pub enum UsageError {
    #[error(transparent)]
    Option(#[from] lexopt::Error),
    #[error("{0}")]
    Wrong(&'static str),
}

#[derive(Default)]
struct Options {
    mode: Option<Mode>,
    url: Option<Address>,
    publish_url: Option<Address>,
    body: Option<String>,
    media_type: Option<String>,
    pids: Vec<u32>,
    connections: Option<usize>,
    dead: Option<usize>,
    seconds: Option<u64>,
    interval_ms: Option<u64>,
    starts: Option<u64>,
    drop_percent: Option<usize>,
    drop_every: Option<u64>,
    away_ms: Option<u64>,
    threads: Option<usize>,
    addresses: Option<u8>,
    at_once: Option<usize>,
    patience: Option<u64>,
}

/// Reads the arguments, without the program's name. `token` is what the environment says.
pub fn parse(arguments: impl IntoIterator<Item = OsString>, token: Option<String>) -> Result<Command, UsageError> {
    let mut parser = Parser::from_args(arguments);
    let mut options = Options::default();
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Value(word) if options.mode.is_none() => options.mode = Some(word.parse_with(mode)?),
            Arg::Long("url") => options.url = Some(parser.value()?.parse_with(address)?),
            Arg::Long("publish-url") => options.publish_url = Some(parser.value()?.parse_with(address)?),
            Arg::Long("publish-body") => options.body = Some(parser.value()?.string()?),
            Arg::Long("publish-type") => options.media_type = Some(parser.value()?.parse_with(header_value)?),
            Arg::Long("pid") => options.pids.push(parser.value()?.parse()?),
            Arg::Long("connections") => options.connections = Some(parser.value()?.parse()?),
            Arg::Long("dead") => options.dead = Some(parser.value()?.parse()?),
            Arg::Long("seconds") => options.seconds = Some(parser.value()?.parse()?),
            Arg::Long("interval-ms") => options.interval_ms = Some(parser.value()?.parse()?),
            Arg::Long("starts") => options.starts = Some(parser.value()?.parse()?),
            Arg::Long("drop") => options.drop_percent = Some(parser.value()?.parse()?),
            Arg::Long("drop-every") => options.drop_every = Some(parser.value()?.parse()?),
            Arg::Long("away-ms") => options.away_ms = Some(parser.value()?.parse()?),
            Arg::Long("threads") => options.threads = Some(parser.value()?.parse()?),
            Arg::Long("addresses") => options.addresses = Some(parser.value()?.parse()?),
            Arg::Long("at-once") => options.at_once = Some(parser.value()?.parse()?),
            Arg::Long("patience") => options.patience = Some(parser.value()?.parse()?),
            Arg::Long("help") | Arg::Short('h') => return Ok(Command::Help),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Command::Run(Box::new(options.settings(token)?)))
}

impl Options {
    fn settings(self, token: Option<String>) -> Result<Settings, UsageError> {
        let mode = self.mode.ok_or(UsageError::Wrong("the mode is missing: deliver, storm, dead, soak or golive"))?;
        let is_soak = mode == Mode::Soak;
        let url = self.url.ok_or(UsageError::Wrong("--url is missing"))?;
        let publishing = match (mode, self.publish_url) {
            (Mode::Storm | Mode::GoLive, _) => None,
            (_, None) => return Err(UsageError::Wrong("--publish-url is missing")),
            (_, Some(to)) => {
                // With the marker it has 300 bytes.
                let body = self.body.unwrap_or_else(|| format!("{{marker}}{}", ".".repeat(269)));
                if !body.contains("{marker}") {
                    return Err(UsageError::Wrong("--publish-body has no {marker}"));
                }
                let media_type = self.media_type.unwrap_or_else(|| "text/plain".to_owned());
                Some(Publishing { to, body, media_type, token })
            }
        };
        let percent = self.drop_percent.unwrap_or(if is_soak { 50 } else { 0 });
        let every = self.drop_every.or(is_soak.then_some(60)).map(Duration::from_secs);
        let away = Duration::from_millis(self.away_ms.unwrap_or(1000));
        let seconds = self.seconds.unwrap_or(if is_soak { 60 * 60 } else { 20 });
        let settings = Settings {
            mode,
            url,
            publishing,
            pids: self.pids,
            connections: self.connections.unwrap_or(1000),
            dead: self.dead.unwrap_or(if mode == Mode::Dead { 200 } else { 0 }),
            time: Duration::from_secs(seconds),
            interval: Duration::from_millis(self.interval_ms.unwrap_or(250)),
            starts: self.starts.unwrap_or(5),
            dropping: (percent > 0).then_some(Dropping { percent, every, away }),
            threads: self.threads.unwrap_or(1),
            addresses: self.addresses.unwrap_or(8),
            at_once: self.at_once.unwrap_or(256),
            patience: Duration::from_secs(self.patience.unwrap_or(60)),
        };
        let is_bounded = (1..=MAX_CONNECTIONS).contains(&settings.connections.saturating_add(settings.dead))
            && (1..=MAX_SECONDS).contains(&seconds)
            && (1..=60_000).contains(&settings.interval.as_millis())
            && (1..=1000).contains(&settings.starts)
            && percent <= 100
            && (1..=16).contains(&settings.threads)
            && (1..=200).contains(&settings.addresses)
            && (1..=4096).contains(&settings.at_once)
            && (1..=600).contains(&settings.patience.as_secs())
            && settings.dropping.is_none_or(|dropping| dropping.every.is_none_or(|every| every > dropping.away))
            && away.as_secs() <= 600;
        if is_bounded { Ok(settings) } else { Err(UsageError::Wrong("a number is too small or too large; see --help")) }
    }
}

fn mode(word: &str) -> Result<Mode, &'static str> {
    match word {
        "deliver" => Ok(Mode::Deliver),
        "storm" => Ok(Mode::Storm),
        "dead" => Ok(Mode::Dead),
        "soak" => Ok(Mode::Soak),
        "golive" => Ok(Mode::GoLive),
        _ => Err("not a mode"),
    }
}

/// Reads an `http` address on the loopback network, with a port.
pub(crate) fn address(text: &str) -> Result<Address, &'static str> {
    let rest = text.strip_prefix("http://").ok_or("not an http URL")?;
    let (host, path) = match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, "/"),
    };
    let socket: SocketAddrV4 = host.parse().map_err(|_malformed| "not an address with a port, such as 127.0.0.1:3000")?;
    if !socket.ip().is_loopback() {
        return Err("not an address of this machine");
    }
    Ok(Address { socket: socket.into(), path: header_value(path)? })
}

/// Reads what may stand in the head of a request.
pub(crate) fn header_value(text: &str) -> Result<String, &'static str> {
    if text.bytes().all(|byte| byte.is_ascii_graphic()) { Ok(text.to_owned()) } else { Err("has spaces or other signs") }
}

#[cfg(test)]
mod tests {
    use super::{Command, Mode, Settings, parse};
    use std::{ffi::OsString, time::Duration};

    fn read(arguments: &str) -> Option<Settings> {
        match parse(arguments.split_whitespace().map(OsString::from), Some("t".to_owned())) {
            Ok(Command::Run(settings)) => Some(*settings),
            _ => None,
        }
    }

    #[test]
    fn modes_have_defaults() {
        let to = "--url http://127.0.0.1:1/events?topics=streams --publish-url http://127.0.0.1:1/publish";
        let deliver = read(&format!("deliver {to}")).unwrap();
        assert_eq!((deliver.mode, deliver.connections, deliver.dead), (Mode::Deliver, 1000, 0));
        assert_eq!(deliver.url.path, "/events?topics=streams");
        let publishing = deliver.publishing.unwrap();
        assert_eq!((publishing.token.as_deref(), publishing.body.len()), (Some("t"), 300 - 31 + 8));
        assert_eq!(read(&format!("dead {to}")).unwrap().dead, 200);
        let soak = read(&format!("soak {to}")).unwrap();
        assert_eq!(soak.dropping.unwrap().every, Some(Duration::from_mins(1)));
        assert_eq!(read("storm --url http://127.0.0.1:1/").unwrap().publishing, None);
        let golive = read("golive --url http://127.0.0.1:1/ --starts 3").unwrap();
        assert_eq!((golive.publishing, golive.starts), (None, 3));
    }

    #[test]
    fn nonsense_and_other_machines_are_refused() {
        for arguments in [
            "",
            "deliver",
            "deliver --url http://127.0.0.1:1/",
            "other --url http://127.0.0.1:1/",
            "storm --url https://127.0.0.1:1/",
            "storm --url http://127.0.0.1/",
            "storm --url http://10.0.0.1:80/",
            "storm --url http://example.org:80/",
            "storm --url http://127.0.0.1:1/ --connections 0",
            "storm --url http://127.0.0.1:1/ --connections 60001",
            "storm --url http://127.0.0.1:1/ --threads 17",
            "storm --url http://127.0.0.1:1/ surprise",
            "golive --url http://127.0.0.1:1/ --starts 0",
            "deliver --url http://127.0.0.1:1/ --publish-url http://127.0.0.1:1/ --publish-body x",
            "deliver --url http://127.0.0.1:1/ --publish-url http://127.0.0.1:1/ --seconds 86401",
            "deliver --url http://127.0.0.1:1/ --publish-url http://127.0.0.1:1/ --drop 101",
        ] {
            assert_eq!(read(arguments), None, "{arguments}");
        }
    }
}
