//! The program: reads the command line, runs, and prints the report.

use load::{
    pages::{
        args::{self, Command},
        crowd::run,
    },
    program,
};
use std::process::ExitCode;

fn main() -> ExitCode {
    #[expect(clippy::disallowed_methods, reason = "a session on the command line would show in the list of processes")]
    let cookie = std::env::var("LOAD_COOKIE").ok().filter(|cookie| !cookie.is_empty());
    match args::parse(std::env::args_os().skip(1), cookie) {
        Ok(Command::Run(settings)) => program::report(run(&settings)),
        Ok(Command::Help) => program::help(args::HELP),
        Err(error) => program::refuse(&error, args::HELP),
    }
}
