//! A run: connect, publish, wait for what is on its way, and look what it cost.

use crate::{
    args::{Mode, Settings},
    crowd::Crowd,
    marker::Marker,
    process::{allow_files, kernel_tcp_kib, own_usage, usage},
    publish::{PublishError, Publisher},
    report::{Measured, Report},
    shared::{Phase, Shared},
    tally::Tally,
};
use std::{
    io,
    thread::{self, ScopedJoinHandle},
    time::{Duration, Instant},
};

/// How long nothing happens after connecting, so that memory and time of connecting are not counted as those of events.
const SETTLE: Duration = Duration::from_secs(1);
/// How often is looked how far the threads are.
const LOOK: Duration = Duration::from_millis(20);
/// How often the server's memory is looked at.
const LOOK_AT_MEMORY: Duration = Duration::from_secs(1);
/// Files that are open besides the connections.
const OTHER_FILES: usize = 100;

/// A run came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error("only {0} files may be open here, which is too few; raise the limit (ulimit -n)")]
    Files(u64),
    #[error("the sockets cannot be watched: {0}")]
    Io(#[from] io::Error),
    #[error(transparent)]
    Publish(#[from] PublishError),
    #[error("a thread failed")]
    Thread,
}

/// Runs as chosen, and ends by itself.
pub fn run(settings: &Settings) -> Result<Report, RunError> {
    let n = settings.connections + settings.dead;
    let n_files = (n + OTHER_FILES) as u64;
    let allowed = allow_files(n_files);
    if allowed < n_files {
        return Err(RunError::Files(allowed));
    }
    let shared = Shared::new();
    let mut measured = Measured { mode: name(settings.mode), connections: n, ..Measured::default() };
    measured.before = usage(&settings.pids);
    measured.kernel_before_kib = kernel_tcp_kib();
    let mut crowds = Vec::with_capacity(settings.threads);
    let mut first = 0;
    for index in 0..settings.threads {
        let (n, n_dead) = (part(settings.connections, settings.threads, index), part(settings.dead, settings.threads, index));
        crowds.push(Crowd::new(settings, &shared, first, n, n_dead)?);
        first += n + n_dead;
    }
    thread::scope(|scope| {
        let crowds = crowds.into_iter().map(|crowd| scope.spawn(move || crowd.run())).collect();
        let outcome = direct(settings, &shared, &mut measured);
        // Whatever happened, the threads end, and with them the run.
        shared.enter(Phase::Over);
        let tally = collect(crowds)?;
        outcome?;
        Ok(Report::new(&measured, &tally))
    })
}

fn direct(settings: &Settings, shared: &Shared, measured: &mut Measured) -> Result<(), RunError> {
    wait(settings.patience, || shared.n_ready() + shared.n_given_up() >= measured.connections);
    measured.connecting_us = shared.now_us();
    measured.not_connected = measured.connections.saturating_sub(shared.n_ready());
    thread::sleep(SETTLE);
    measured.connected = usage(&settings.pids);
    measured.after = measured.connected;
    measured.kernel_connected_kib = kernel_tcp_kib();
    if settings.mode == Mode::Storm {
        return Ok(());
    }
    measured.own_before = own_usage();
    let began_us = shared.now_us();
    let published = if let Some(publishing) = &settings.publishing {
        publish_all(settings, &mut Publisher::new(publishing), shared, measured)
    } else {
        measured.events = settings.starts;
        shared.set_published(settings.starts);
        Ok(())
    };
    shared.enter(Phase::Ending);
    if published.is_ok() {
        wait(settings.patience, || shared.n_complete() >= settings.threads);
    }
    measured.running_us = shared.now_us() - began_us;
    measured.after = usage(&settings.pids);
    measured.own_after = own_usage();
    published
}

/// Publishes at an even pace, whether or not the server keeps up, and has connections dropped in between.
fn publish_all(
    settings: &Settings,
    publisher: &mut Publisher<'_>,
    shared: &Shared,
    measured: &mut Measured,
) -> Result<(), RunError> {
    let begin = Instant::now();
    let end = begin + settings.time;
    let mut next_drop = settings.dropping.map(|dropping| begin + dropping.every.unwrap_or(settings.time / 2));
    let (mut next, mut next_look) = (begin, begin);
    while next < end {
        thread::sleep(next.saturating_duration_since(Instant::now()));
        let sequence = measured.events + 1;
        publisher.publish(Marker { sequence, sent_us: shared.now_us() })?;
        shared.set_published(sequence);
        measured.events = sequence;
        next += settings.interval;
        let now = Instant::now();
        if next_drop.is_some_and(|drop| drop <= now) {
            shared.drop_some();
            next_drop = settings.dropping.and_then(|dropping| dropping.every).map(|every| now + every);
        }
        if next_look <= now {
            next_look = now + LOOK_AT_MEMORY;
            measured.most_kib = measured.most_kib.max(usage(&settings.pids).map_or(0, |usage| usage.resident_kib));
        }
    }
    Ok(())
}

/// Waits until it holds, or as long as there is patience.
fn wait(patience: Duration, holds: impl Fn() -> bool) {
    let end = Instant::now() + patience;
    while !holds() && Instant::now() < end {
        thread::sleep(LOOK);
    }
}

fn collect(crowds: Vec<ScopedJoinHandle<'_, io::Result<Tally>>>) -> Result<Tally, RunError> {
    let mut sum = Tally::default();
    for crowd in crowds {
        sum.add(&crowd.join().map_err(|_panicked| RunError::Thread)??);
    }
    Ok(sum)
}

/// An even share; the first ones get what is left over.
fn part(n: usize, parts: usize, index: usize) -> usize {
    n / parts + usize::from(index < n % parts)
}

fn name(mode: Mode) -> &'static str {
    match mode {
        Mode::Deliver => "deliver",
        Mode::Storm => "storm",
        Mode::Dead => "dead",
        Mode::Soak => "soak",
        Mode::GoLive => "golive",
    }
}
