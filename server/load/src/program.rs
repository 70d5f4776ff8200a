//! What the programs of this crate have in common: they print a report, or say what was wrong.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line program speaks")]

use serde::Serialize;
use std::{fmt::Display, process::ExitCode};

/// Wrong usage, as opposed to a run that failed.
const USAGE: u8 = 2;

/// Prints how the program is used.
pub fn help(text: &str) -> ExitCode {
    print!("{text}");
    ExitCode::SUCCESS
}

/// Says what is wrong with the command line, and how it should be.
pub fn refuse(error: &impl Display, help: &str) -> ExitCode {
    eprintln!("{error}\n\n{help}");
    ExitCode::from(USAGE)
}

/// Prints the report of a run as JSON, or why there is none.
pub fn report(run: Result<impl Serialize, impl Display>) -> ExitCode {
    let json = run
        .map_err(|error| error.to_string())
        .and_then(|report| serde_json::to_string(&report).map_err(|error| error.to_string()));
    match json {
        Ok(json) => {
            println!("{json}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
