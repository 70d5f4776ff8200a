//! The program: reads the command line, says what happens, and how it ended.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line program speaks")]

use std::process::ExitCode;
use std::time::Duration;

use publisher::args::{self, Command};
use publisher::publish::{self, Settings, State};
use publisher::watch;
use tokio::sync::watch as signal;
use tokio::task::JoinSet;

/// Wrong usage, as opposed to a refusal.
const USAGE: u8 = 2;

#[tokio::main]
async fn main() -> ExitCode {
    #[expect(clippy::disallowed_methods, reason = "a key on the command line would show in the list of processes")]
    let key = std::env::var("LEARNIFY_STREAM_KEY").ok();
    match args::parse(std::env::args_os().skip(1), key, std::io::stdin()) {
        Ok(Command::Help) => {
            print!("{}", args::HELP);
            ExitCode::SUCCESS
        }
        Ok(Command::Publish { streams, seconds }) => publish_all(streams, seconds).await,
        Ok(Command::Watch { url, key, seconds, viewers }) => {
            let mut sessions = JoinSet::new();
            for _ in 0..viewers {
                let (url, key) = (url.clone(), key.clone());
                sessions.spawn(async move { watch::watch(url, key.as_ref(), seconds).await });
            }
            report(sessions).await
        }
        Err(error) => {
            eprintln!("{error}\n\n{}", args::HELP);
            ExitCode::from(USAGE)
        }
    }
}

/// Publishes until the time is over or somebody interrupts.
async fn publish_all(streams: Vec<Settings>, seconds: Option<Duration>) -> ExitCode {
    let (stop, stopped) = signal::channel(false);
    let mut tasks = JoinSet::new();
    for settings in streams {
        let title = settings.style.title.clone();
        let stopped = stopped.clone();
        tasks.spawn(async move {
            let told = |state: &State| match state {
                State::Connecting => println!("{title}: connecting"),
                State::Live => println!("{title}: live"),
                State::Lost(reason, wait) => println!("{title}: {reason}; again in {} ms", wait.as_millis()),
                State::Ended => println!("{title}: ended"),
            };
            let result = publish::publish(settings, stopped, told).await;
            if let Err(error) = &result {
                println!("{title}: failed: {error}");
            }
            result.is_ok()
        });
    }
    let ending = tokio::spawn(async move {
        let over = async {
            match seconds {
                Some(seconds) => tokio::time::sleep(seconds).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = over => {}
            () = interrupted() => {}
        }
        // Nobody left to tell is no error.
        let _ = stop.send(true);
        // Keeps the channel open for streams that ask later.
        std::future::pending::<()>().await;
    });
    let mut all_well = true;
    while let Some(ended) = tasks.join_next().await {
        all_well &= ended.unwrap_or(false);
    }
    ending.abort();
    if all_well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Waits for Ctrl-C or, where there is such a thing, SIGTERM.
async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminated) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminated.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
    }
    // Without signals there is no early end.
    let _ = tokio::signal::ctrl_c().await;
}

/// Prints what each viewer saw, a line of JSON each.
async fn report(mut sessions: JoinSet<Result<watch::Report, watch::WatchError>>) -> ExitCode {
    let mut all_well = true;
    while let Some(ended) = sessions.join_next().await {
        match ended {
            Ok(Ok(report)) => println!("{}", serde_json::to_string(&report).unwrap_or_default()),
            Ok(Err(error)) => {
                eprintln!("failed: {error}");
                all_well = false;
            }
            Err(_) => all_well = false,
        }
    }
    if all_well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
