//! The command line.

use super::plan::Pace;
use crate::args::{Address, UsageError, address, header_value};
use lexopt::{Arg, Parser, ValueExt as _};
use std::{ffi::OsString, time::Duration};

/// What `--help` prints.
pub const HELP: &str = include_str!("help.txt");

const MAX_CONNECTIONS: usize = 10_000;
const MAX_RATE: u32 = 100_000;
/// An hour.
const MAX_SECONDS: u64 = 60 * 60;

/// Everything that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    pub url: Address,
    /// What every request says of who asks.
    pub cookie: Option<String>,
    pub pace: Pace,
    pub connections: usize,
    pub time: Duration,
    pub pids: Vec<u32>,
    pub database_pid: Option<u32>,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    Run(Settings),
    /// Print [`HELP`].
    Help,
}

/// Reads the arguments, without the program's name. `cookie` is what the environment says.
///
/// # Errors
/// When they make no sense.
pub fn parse(arguments: impl IntoIterator<Item = OsString>, cookie: Option<String>) -> Result<Command, UsageError> {
    let mut parser = Parser::from_args(arguments);
    let (mut url, mut pace, mut connections, mut seconds) = (None, Pace::Closed, 32, 20);
    let (mut pids, mut database_pid) = (Vec::new(), None);
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Long("url") => url = Some(parser.value()?.parse_with(address)?),
            Arg::Long("rate") => pace = Pace::PerSecond(parser.value()?.parse()?),
            Arg::Long("once") => pace = Pace::Once,
            Arg::Long("connections") => connections = parser.value()?.parse()?,
            Arg::Long("seconds") => seconds = parser.value()?.parse()?,
            Arg::Long("pid") => pids.push(parser.value()?.parse()?),
            Arg::Long("database-pid") => database_pid = Some(parser.value()?.parse()?),
            Arg::Long("help") | Arg::Short('h') => return Ok(Command::Help),
            other => return Err(other.unexpected().into()),
        }
    }
    let url = url.ok_or(UsageError::Wrong("--url is missing"))?;
    let cookie = cookie.map(|cookie| header_value(&cookie)).transpose().map_err(UsageError::Wrong)?;
    let is_rate_bounded = match pace {
        Pace::PerSecond(rate) => (1..=MAX_RATE).contains(&rate),
        Pace::Closed | Pace::Once => true,
    };
    if !(is_rate_bounded && (1..=MAX_CONNECTIONS).contains(&connections) && (1..=MAX_SECONDS).contains(&seconds)) {
        return Err(UsageError::Wrong("a number is too small or too large; see --help"));
    }
    Ok(Command::Run(Settings { url, cookie, pace, connections, time: Duration::from_secs(seconds), pids, database_pid }))
}

#[cfg(test)]
mod tests {
    use super::{Command, Pace, Settings, parse};
    use std::ffi::OsString;

    fn read(arguments: &str, cookie: Option<&str>) -> Option<Settings> {
        match parse(arguments.split_whitespace().map(OsString::from), cookie.map(str::to_owned)) {
            Ok(Command::Run(settings)) => Some(settings),
            _ => None,
        }
    }

    #[test]
    fn paces() {
        let url = "--url http://127.0.0.1:1/";
        let closed = read(url, Some("sid=x")).unwrap();
        assert_eq!((closed.pace, closed.connections, closed.cookie.as_deref()), (Pace::Closed, 32, Some("sid=x")));
        assert_eq!(read(&format!("{url} --rate 2500"), None).unwrap().pace, Pace::PerSecond(2500));
        assert_eq!(read(&format!("{url} --once"), None).unwrap().pace, Pace::Once);
    }

    #[test]
    fn nonsense_and_other_machines_are_refused() {
        for arguments in [
            "",
            "--url http://10.0.0.1:80/",
            "--url http://127.0.0.1:1/ --rate 0",
            "--url http://127.0.0.1:1/ --connections 10001",
            "--url http://127.0.0.1:1/ --seconds 3601",
            "--url http://127.0.0.1:1/ surprise",
        ] {
            assert_eq!(read(arguments, None), None, "{arguments}");
        }
        assert_eq!(read("--url http://127.0.0.1:1/", Some("a\r\nb: c")), None);
    }
}
