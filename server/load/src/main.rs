//! The program: reads the command line, runs, and prints the report.

use load::{
    args::{self, Command},
    program,
    run::run,
};
use std::process::ExitCode;

fn main() -> ExitCode {
    #[expect(clippy::disallowed_methods, reason = "a token on the command line would show in the list of processes")]
    let token = std::env::var("LOAD_PUBLISH_TOKEN").ok().filter(|token| !token.is_empty());
    match args::parse(std::env::args_os().skip(1), token) {
        Ok(Command::Run(settings)) => program::report(run(&settings)),
        Ok(Command::Help) => program::help(args::HELP),
        Err(error) => program::refuse(&error, args::HELP),
    }
}
