//! A run: browsers on one thread, what they saw, and what it cost.

use super::{
    args::Settings,
    browser::{Answer, Broken, Browser, Buffers},
    plan::Plan,
    report::{Measured, Report},
};
use crate::{
    process::{allow_files, family_cpu_us, own_usage, usage},
    shared::micros,
};
use mio::{Events, Interest, Poll, Token};
use std::{
    collections::VecDeque,
    io,
    time::{Duration, Instant},
};

/// How long to wait for a socket at most.
const PAUSE: Duration = Duration::from_millis(100);
/// How long to wait at the end for answers that are on their way.
const PATIENCE: Duration = Duration::from_secs(20);
/// Answers that may be wrong before the run ends.
const MAX_FAULTS: u64 = 1000;
/// Files that are open besides the connections.
const OTHER_FILES: usize = 100;

struct Crowd<'a> {
    settings: &'a Settings,
    request: Vec<u8>,
    poll: Poll,
    browsers: Vec<Browser>,
    /// Those who ask for nothing, who waits longest first.
    idle: VecDeque<usize>,
    began: Instant,
    buffers: Buffers,
    measured: Measured,
}

/// Runs as chosen, and ends by itself.
///
/// # Errors
/// When sockets cannot be watched. A server that is not there is told by the report.
pub fn run(settings: &Settings) -> io::Result<Report> {
    allow_files((settings.connections + OTHER_FILES) as u64);
    let mut crowd = Crowd {
        settings,
        request: request(settings),
        poll: Poll::new()?,
        browsers: (0..settings.connections).map(|_| Browser::default()).collect(),
        idle: (0..settings.connections).collect(),
        began: Instant::now(),
        buffers: Buffers::default(),
        measured: Measured::default(),
    };
    let cpu = || (usage(&settings.pids), settings.database_pid.and_then(family_cpu_us), own_usage());
    let before = cpu();
    crowd.began = Instant::now();
    crowd.run()?;
    let mut measured = crowd.measured;
    measured.took_us = micros(crowd.began.elapsed());
    let after = cpu();
    let between = |before: Option<u64>, after: Option<u64>| Some(after?.saturating_sub(before?));
    measured.server_us = between(before.0.map(|usage| usage.cpu_us), after.0.map(|usage| usage.cpu_us));
    measured.database_us = between(before.1, after.1);
    measured.own_us = between(before.2.map(|usage| usage.cpu_us), after.2.map(|usage| usage.cpu_us));
    Ok(Report::new(settings, &measured))
}

fn request(Settings { url, cookie, .. }: &Settings) -> Vec<u8> {
    let cookie = cookie.as_ref().map(|cookie| format!("cookie: {cookie}\r\n")).unwrap_or_default();
    let (path, host) = (&url.path, url.socket);
    format!("GET {path} HTTP/1.1\r\nhost: {host}\r\naccept: text/html\r\naccept-encoding: gzip, br\r\n{cookie}\r\n").into_bytes()
}

impl Crowd<'_> {
    fn run(&mut self) -> io::Result<()> {
        let mut plan = Plan::new(self.settings.pace, self.settings.time, self.settings.connections);
        let end_us = micros(self.settings.time + PATIENCE);
        let mut events = Events::with_capacity(1024);
        loop {
            let now_us = self.now_us();
            while let Some(planned_us) = plan.due(now_us) {
                let Some(index) = self.idle.pop_front() else { break };
                plan.begin();
                self.ask(index, planned_us);
            }
            let is_idle = self.idle.len() == self.browsers.len();
            let next_us = plan.next(now_us);
            if is_idle && next_us.is_none() || now_us > end_us || self.measured.n_faults() > MAX_FAULTS {
                let n_asking = self.browsers.len() - self.idle.len();
                self.measured.n_unanswered = plan.n_left() + n_asking as u64;
                return Ok(());
            }
            let until_next =
                next_us.filter(|_| !self.idle.is_empty()).map(|next| Duration::from_micros(next.saturating_sub(now_us)));
            match self.poll.poll(&mut events, Some(until_next.unwrap_or(PAUSE).min(PAUSE))) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                result => result?,
            }
            for event in &events {
                self.serve(event.token().0, event.is_writable());
            }
        }
    }

    fn now_us(&self) -> u64 {
        micros(self.began.elapsed())
    }

    fn ask(&mut self, index: usize, planned_us: u64) {
        let Some(browser) = self.browsers.get_mut(index) else { return };
        let is_broken = match browser.ask(self.settings.url.socket, &self.request, planned_us) {
            Ok(None) => false,
            Ok(Some(stream)) => {
                self.poll.registry().register(stream, Token(index), Interest::READABLE | Interest::WRITABLE).is_err()
            }
            Err(Broken) => true,
        };
        if is_broken {
            self.end(index);
        }
    }

    fn serve(&mut self, index: usize, is_writable: bool) {
        let Some(browser) = self.browsers.get_mut(index) else { return };
        let written = if is_writable { browser.write(&self.request) } else { Ok(()) };
        match written.and_then(|()| browser.read(&mut self.buffers)) {
            Ok(None) => {}
            Ok(Some(answer)) => self.take(index, answer),
            Err(Broken) => self.end(index),
        }
    }

    fn take(&mut self, index: usize, answer: Answer) {
        let now_us = self.now_us();
        let Some(asked_us) = self.browsers.get_mut(index).and_then(|browser| browser.asked_us.take()) else { return };
        self.measured.add(answer, now_us.saturating_sub(asked_us));
        self.idle.push_back(index);
    }

    /// Notes an answer that does not come.
    fn end(&mut self, index: usize) {
        let Some(browser) = self.browsers.get_mut(index) else { return };
        browser.leave();
        if browser.asked_us.take().is_some() {
            self.measured.n_broken += 1;
            self.idle.push_back(index);
        }
    }
}
