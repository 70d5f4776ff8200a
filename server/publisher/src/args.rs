//! The command line.

use std::ffi::OsString;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::Read;
use std::time::Duration;

use http::Uri;
use lexopt::{Arg, Parser, ValueExt as _};
use serde::Deserialize;

use crate::picture::Style;
use crate::publish::Settings;
use crate::whip::Key;

/// What `--help` prints.
pub const HELP: &str = include_str!("help.txt");

/// What is to be done.
#[derive(Debug)]
pub enum Command {
    /// Publish these, for so long or until interrupted.
    Publish {
        /// At least one.
        streams: Vec<Settings>,
        /// For ever, if none.
        seconds: Option<Duration>,
    },
    /// Watch.
    Watch {
        /// The WHEP endpoint.
        url: Uri,
        /// A bearer token, if the server wants one.
        key: Option<Key>,
        /// For how long.
        seconds: Duration,
        /// In how many sessions at once; at least one.
        viewers: usize,
    },
    /// Print [`HELP`].
    Help,
}

/// The command line makes no sense.
#[derive(Debug, thiserror::Error)]
pub enum UsageError {
    /// An option is unknown, or its value is not what it should be.
    #[error(transparent)]
    Option(#[from] lexopt::Error),
    /// The list on the standard input.
    #[error("standard input: {0}")]
    Stdin(String),
    /// Something is missing or contradicts something else.
    #[error("{0}")]
    Wrong(&'static str),
}

/// One entry of the list on the standard input.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    key: String,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    seed: Option<u64>,
}

#[derive(Default)]
struct Options {
    watch: bool,
    url: Option<Uri>,
    key: Option<String>,
    seed: Option<u64>,
    entries: Vec<Entry>,
    width: Option<usize>,
    height: Option<usize>,
    fps: Option<u32>,
    kbps: Option<u32>,
    style: Style,
    seconds: Option<Duration>,
    viewers: Option<usize>,
    no_reconnect: bool,
}

/// Reads the arguments (without the program's name), the key from the environment, and, if told to, the input.
pub fn parse(
    arguments: impl IntoIterator<Item = OsString>,
    environment_key: Option<String>,
    input: impl Read,
) -> Result<Command, UsageError> {
    let mut parser = Parser::from_args(arguments);
    let mut options = Options { key: environment_key.filter(|key| !key.is_empty()), ..Options::default() };
    let mut stdin = Some(input);
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Value(word) if word == "watch" && !options.watch => options.watch = true,
            Arg::Long("url") => options.url = Some(parser.value()?.parse_with(http_url)?),
            Arg::Long("key") => options.key = Some(parser.value()?.string()?),
            Arg::Long("title") => options.style.title = parser.value()?.string()?,
            Arg::Long("seed") => options.seed = Some(parser.value()?.parse()?),
            Arg::Long("stream") => options.entries.push(parser.value()?.parse_with(entry)?),
            Arg::Long("stdin") => options.entries.extend(stdin.take().map(entries).transpose()?.unwrap_or_default()),
            Arg::Long("width") => options.width = Some(parser.value()?.parse_with(pixels)?),
            Arg::Long("height") => options.height = Some(parser.value()?.parse_with(pixels)?),
            Arg::Long("fps") => options.fps = Some(parser.value()?.parse_with(|text| between(text, 1, 60))?),
            Arg::Long("bitrate") => options.kbps = Some(parser.value()?.parse_with(|text| between(text, 10, 20_000))?),
            Arg::Long("bars") => options.style.bars = true,
            Arg::Long("marks") => options.style.marks = true,
            Arg::Long("seconds") => options.seconds = Some(Duration::from_secs(parser.value()?.parse()?)),
            Arg::Long("viewers") => options.viewers = Some(parser.value()?.parse()?),
            Arg::Long("no-reconnect") => options.no_reconnect = true,
            Arg::Long("help") | Arg::Short('h') => return Ok(Command::Help),
            other => return Err(other.unexpected().into()),
        }
    }
    options.command()
}

impl Options {
    fn command(mut self) -> Result<Command, UsageError> {
        let url = self.url.take().ok_or(UsageError::Wrong("--url is missing"))?;
        if self.watch {
            let seconds = self.seconds.unwrap_or(Duration::from_secs(10));
            return Ok(Command::Watch { url, key: self.key.map(Key::from), seconds, viewers: self.viewers.unwrap_or(1).max(1) });
        }
        if self.entries.is_empty() {
            let key = self.key.take().ok_or(UsageError::Wrong("--key, LEARNIFY_STREAM_KEY, --stream or --stdin is missing"))?;
            let title = Some(std::mem::take(&mut self.style.title)).filter(|title| !title.is_empty());
            self.entries.push(Entry { key, title, seed: self.seed });
        }
        let entries = std::mem::take(&mut self.entries);
        let streams = entries.into_iter().map(|entry| self.settings(&url, entry)).collect();
        Ok(Command::Publish { streams, seconds: self.seconds })
    }

    fn settings(&self, url: &Uri, entry: Entry) -> Settings {
        let title = entry.title.unwrap_or_else(|| "Learnify".to_owned());
        let seed = entry.seed.unwrap_or_else(|| {
            let mut hasher = DefaultHasher::new();
            title.hash(&mut hasher);
            hasher.finish()
        });
        Settings {
            url: url.clone(),
            key: entry.key.into(),
            style: Style { title, seed, ..self.style },
            width: self.width.unwrap_or(640),
            height: self.height.unwrap_or(360),
            fps: self.fps.unwrap_or(15),
            bitrate: self.kbps.unwrap_or(250) * 1_000,
            reconnect: !self.no_reconnect,
        }
    }
}

fn http_url(text: &str) -> Result<Uri, &'static str> {
    let url: Uri = text.parse().or(Err("not a URL"))?;
    if url.scheme_str() == Some("http") && url.host().is_some() { Ok(url) } else { Err("not an http URL") }
}

fn entry(text: &str) -> Result<Entry, &'static str> {
    let (key, title) = text.split_once('=').ok_or("not KEY=TITLE")?;
    Ok(Entry { key: key.to_owned(), title: Some(title.to_owned()), seed: None })
}

fn entries(mut input: impl Read) -> Result<Vec<Entry>, UsageError> {
    let mut text = String::new();
    input.read_to_string(&mut text).map_err(|error| UsageError::Stdin(error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| UsageError::Stdin(error.to_string()))
}

fn pixels(text: &str) -> Result<usize, &'static str> {
    text.parse().ok().filter(|pixels| (16..=3_840).contains(pixels)).ok_or("not between 16 and 3840")
}

fn between(text: &str, least: u32, most: u32) -> Result<u32, String> {
    text.parse().ok().filter(|n| (least..=most).contains(n)).ok_or_else(|| format!("not between {least} and {most}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &str, key: Option<&str>, input: &str) -> Result<Command, UsageError> {
        super::parse(arguments.split_whitespace().map(OsString::from), key.map(str::to_owned), input.as_bytes())
    }

    fn streams(arguments: &str, key: Option<&str>, input: &str) -> Vec<(Key, String)> {
        match parse(arguments, key, input).unwrap() {
            Command::Publish { streams, .. } => streams.into_iter().map(|stream| (stream.key, stream.style.title)).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_key_may_come_from_everywhere() {
        let pair = |key: &str, title: &str| (Key::from(key.to_owned()), title.to_owned());
        assert_eq!(streams("--url http://h/whip --key k", None, ""), [pair("k", "Learnify")]);
        assert_eq!(streams("--url http://h/whip --title T", Some("k"), ""), [pair("k", "T")]);
        assert_eq!(streams("--url http://h/whip --stream a=A --stream b=B=C", None, ""), [pair("a", "A"), pair("b", "B=C")]);
        let json = r#"[{"key": "a", "title": "A"}, {"key": "b", "seed": 5}]"#;
        assert_eq!(streams("--url http://h/whip --stdin", None, json), [pair("a", "A"), pair("b", "Learnify")]);
    }

    #[test]
    fn a_title_has_its_colour() {
        let seed = |arguments| match parse(arguments, Some("k"), "").unwrap() {
            Command::Publish { streams, .. } => streams[0].style.seed,
            other => panic!("{other:?}"),
        };
        assert_eq!(seed("--url http://h --title A"), seed("--url http://h --title A"));
        assert_ne!(seed("--url http://h --title A"), seed("--url http://h --title B"));
        assert_eq!(seed("--url http://h --title A --seed 3"), 3);
    }

    #[test]
    fn watching_has_defaults() {
        let Command::Watch { key, seconds, viewers, .. } = parse("watch --url http://h/whep/x", None, "").unwrap() else {
            panic!()
        };
        assert_eq!((key, seconds, viewers), (None, Duration::from_secs(10), 1));
    }

    #[test]
    fn nonsense_is_refused() {
        for arguments in [
            "",
            "--url http://h/whip",
            "--url https://h/whip --key k",
            "--url /whip --key k",
            "--url http://h --key k --fps 0",
            "--url http://h --key k --width 3",
            "--url http://h --stream key",
            "--url http://h --stdin",
            "--url http://h --key k surprise",
            "--url http://h --key k --surprise",
        ] {
            assert!(parse(arguments, None, "not json").is_err(), "{arguments}");
        }
        assert!(matches!(parse("--help", None, ""), Ok(Command::Help)));
    }
}
