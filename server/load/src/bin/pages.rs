//! The program: reads the command line, runs, and prints the report.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line program speaks")]

use load::pages::{
    args::{self, Command},
    crowd::run,
};
use std::process::ExitCode;

/// Wrong usage, as opposed to a run that failed.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    #[expect(clippy::disallowed_methods, reason = "a session on the command line would show in the list of processes")]
    let cookie = std::env::var("LOAD_COOKIE").ok().filter(|cookie| !cookie.is_empty());
    let settings = match args::parse(std::env::args_os().skip(1), cookie) {
        Ok(Command::Run(settings)) => settings,
        Ok(Command::Help) => {
            print!("{}", args::HELP);
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("{error}\n\n{}", args::HELP);
            return ExitCode::from(USAGE);
        }
    };
    let printed = run(&settings).and_then(|report| Ok(serde_json::to_string(&report)?));
    match printed {
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
