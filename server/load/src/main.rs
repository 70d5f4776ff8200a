//! The program: reads the command line, runs, and prints the report.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line program speaks")]

use load::{
    args::{self, Command},
    run::run,
};
use std::process::ExitCode;

/// Wrong usage, as opposed to a run that failed.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    #[expect(clippy::disallowed_methods, reason = "a token on the command line would show in the list of processes")]
    let token = std::env::var("LOAD_PUBLISH_TOKEN").ok().filter(|token| !token.is_empty());
    let settings = match args::parse(std::env::args_os().skip(1), token) {
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
    match run(&settings).map(|report| serde_json::to_string(&report)) {
        Ok(Ok(json)) => {
            println!("{json}");
            ExitCode::SUCCESS
        }
        Ok(Err(error)) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
