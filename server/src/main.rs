//! The program: read the settings, start, say where, wait to be stopped.

use server::{config::Config, start::Server, telemetry};
use std::{io::Write, process::ExitCode};
use tikv_jemallocator::Jemalloc;
use tokio::signal::unix::{SignalKind, signal};

/// Event connections live long among requests that do not. The system's allocator spreads them over four times the memory.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

const USAGE: &str = "learnify [--demo]\n\n  --demo  add synthetic teachers, some of them live\n\nSettings come from the environment; see .env.example.";

#[tokio::main]
async fn main() -> ExitCode {
    match Box::pin(run()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            drop(writeln!(std::io::stderr(), "{message}"));
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let is_demo = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => false,
        ["--demo"] => true,
        _ => return Err(USAGE.to_owned()),
    };
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    let config = Config::read(&|name| std::env::var(name).ok()).map_err(|error| error.to_string())?;
    telemetry::start(&config);
    let mut terminate = signal(SignalKind::terminate()).map_err(|error| error.to_string())?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|error| error.to_string())?;

    let origin = config.public_origin.clone();
    let server = Server::start(config).await.map_err(|error| error.to_string())?;
    say(&format!("Learnify is ready at {origin}"));
    if let Some(token) = server.backend.accounts.owner_link().await.map_err(|error| error.to_string())? {
        say(&format!("Become the owner: {origin}/claim/{token}"));
    }
    let demo = if is_demo { Some(server::demo::start(&server).await?) } else { None };

    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    say("Stopping …");
    if let Some(demo) = demo {
        demo.stop().await;
    }
    server.stop().await.map_err(|error| error.to_string())
}

/// Tells the person at the terminal. That nobody listens is no reason to fail.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    drop(writeln!(out, "{line}").and_then(|()| out.flush()));
}
