//! The event streams of plain HTTP/1.1: one thread writes to all their sockets.
//!
//! axum routes and authorises such a request like any other, and hyper writes the head of the answer. Then the socket is
//! taken from hyper (see `serve::handover`) and comes here. A connection costs a few hundred bytes instead of a task with
//! two buffers, and an event is encoded once and written with one call per socket. What must be looked up is looked up by
//! tasks of the runtime; the thread never waits for anything but sockets and its inbox.
//!
//! Over HTTP/2, and where hyper keeps the socket for another reason, the same is told by the body in `events`.

mod arrival;
mod audience;
mod entry;
mod inbox;
mod wheel;

use super::{
    Place,
    standing::Standing,
    words::{self, Reason},
};
pub(crate) use arrival::Arrival;
use arrival::Newcomer;
use audience::Audience;
use backend::{
    Backend,
    events::{Frame, Hub, Start},
};
use domain::{
    UserId,
    event::{HEARTBEAT_SECONDS, Position, Topic},
};
use entry::{Shared, Stage, Want};
use inbox::{Inbox, Message};
use mio::{Events, Interest, Poll, Token, Waker};
use std::{
    collections::VecDeque,
    io,
    sync::{
        Arc, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::runtime::Handle;
use wheel::{Wheel, seconds};

/// The token of the inbox; readers count from 1 and never come near it.
const INBOX: Token = Token(usize::MAX);
/// How long a connection that ends may take to read the last word, in seconds.
const LAST_WORD: u32 = 20;
/// Over how many seconds the first heartbeats of those who came together are spread, each that much earlier.
const FIRST_SPREAD: u64 = HEARTBEAT_SECONDS / 3;
/// How many connections are looked at before events are looked for again, which must not wait for thousands of heartbeats.
const LOOKED_AT_TOGETHER: usize = 64;
/// How often the stop of the server looks whether everybody has left.
const LOOK: Duration = Duration::from_millis(20);

/// What was looked up for a connection.
enum Answer {
    /// The session is good, and these people are hidden, as far as the database says.
    Beat(Option<Vec<UserId>>),
    /// The session is over.
    Gone,
    Hidden(Option<Vec<UserId>>),
    Session {
        frame: Arc<Frame>,
        is_over: bool,
    },
}

/// The handle to the reactor. Cheap to clone.
#[derive(Clone)]
pub struct Reactor {
    inbox: Arc<Inbox>,
    hub: Hub,
    n_open: Arc<AtomicUsize>,
}

impl Reactor {
    /// Starts the thread. It ends when the server has stopped.
    ///
    /// # Errors
    /// When the operating system gives no thread, or nothing to watch sockets with.
    pub fn start(backend: Backend) -> io::Result<Self> {
        let poll = Poll::new()?;
        let inbox = Arc::new(Inbox::new(Waker::new(poll.registry(), INBOX)?));
        let n_open = Arc::new(AtomicUsize::new(0));
        let hub = backend.events.hub().clone();
        let crowd: Weak<Inbox> = Arc::downgrade(&inbox);
        hub.gather(crowd);
        let circle = Circle {
            poll,
            inbox: Arc::clone(&inbox),
            n_open: Arc::clone(&n_open),
            audience: Audience::default(),
            wheel: Wheel::new(),
            due: VecDeque::new(),
            shared: Shared::default(),
            began: Instant::now(),
            is_draining: false,
            backend,
            runtime: Handle::current(),
        };
        std::thread::Builder::new().name("events".to_owned()).spawn(move || circle.run())?;
        Ok(Self { inbox, hub, n_open })
    }

    /// Lets a reader join the hub, after the position that it has seen. Frames wait until it arrives.
    pub(super) fn join(&self, topics: Vec<Topic>, after: Option<Position>, standing: Standing, place: Place) -> Arrival {
        let mut number = 0;
        let (start, membership) = self.hub.join(topics, after, |reader, topics| {
            number = reader;
            self.inbox.push(Message::Join(reader, Arc::clone(topics)));
        });
        let newcomer = Some(Newcomer { start, membership, standing, place, is_of_another_build: false, stream: None });
        Arrival { reader: number, inbox: Arc::clone(&self.inbox), newcomer }
    }

    /// Asks everybody to come back later, who arrives from now on too, and waits until they left, or for so long.
    pub(crate) async fn drain(&self, patience: Duration) {
        self.inbox.push(Message::Drain);
        let left = async {
            while self.n_open.load(Ordering::Acquire) > 0 {
                tokio::time::sleep(LOOK).await;
            }
        };
        if tokio::time::timeout(patience, left).await.is_err() {
            tracing::warn!("some event connections did not leave in time");
        }
    }

    /// Ends the thread. Whoever is still there is cut off.
    pub(crate) fn stop(&self) {
        self.inbox.push(Message::Stop);
    }
}

/// What the thread has.
struct Circle {
    poll: Poll,
    inbox: Arc<Inbox>,
    n_open: Arc<AtomicUsize>,
    audience: Audience,
    wheel: Wheel,
    /// Whose time has come, each of them once.
    due: VecDeque<u64>,
    shared: Shared,
    began: Instant,
    is_draining: bool,
    backend: Backend,
    runtime: Handle,
}

impl Circle {
    fn run(mut self) {
        let mut events = Events::with_capacity(1024);
        let mut messages = Vec::new();
        loop {
            let to_next_second = Duration::from_millis(1000 - u64::from(self.began.elapsed().subsec_millis()));
            let patience = if self.due.is_empty() { to_next_second } else { Duration::ZERO };
            match self.poll.poll(&mut events, Some(patience)) {
                Err(error) if error.kind() != io::ErrorKind::Interrupted => {
                    tracing::error!(%error, "the sockets of event streams cannot be watched");
                    std::thread::sleep(Duration::from_millis(100));
                }
                _ => {}
            }
            for event in &events {
                if event.token() != INBOX {
                    let is_gone = event.is_read_closed() || event.is_error();
                    self.serve(event.token().0 as u64, event.is_readable(), event.is_writable(), is_gone);
                }
            }
            // Also without a sign from it: a sign may come together with others.
            messages = self.inbox.take(messages);
            for message in messages.drain(..) {
                if matches!(message, Message::Stop) {
                    return;
                }
                self.receive(message);
            }
            self.tick();
        }
    }

    fn now(&self) -> u32 {
        seconds(self.began.elapsed())
    }

    fn serve(&mut self, reader: u64, is_readable: bool, is_writable: bool, is_gone: bool) {
        let now = self.now();
        let Some(entry) = self.audience.get_mut(reader) else { return };
        let want = if is_gone || is_readable && entry.is_gone() {
            Want::Close
        } else if is_writable {
            entry.pump(&mut self.shared)
        } else {
            Want::Nothing
        };
        self.fulfil(reader, want, now);
    }

    fn receive(&mut self, message: Message) {
        let now = self.now();
        match message {
            Message::Join(reader, topics) => self.audience.join(reader, topics),
            Message::Arrive(reader, newcomer) => self.welcome(reader, *newcomer, now),
            Message::Leave(reader) => drop(self.audience.remove(reader)),
            Message::Frame(frame) => {
                let Self { audience, shared, .. } = self;
                for (reader, want) in audience.tell(&frame, |entry| entry.take(&frame, shared)) {
                    self.fulfil(reader, want, now);
                }
            }
            Message::LoseContinuity => {
                for reader in self.audience.all() {
                    self.let_go(reader, now);
                }
            }
            Message::Answer(reader, answer) => self.go_on(reader, answer, now),
            Message::Drain => {
                self.is_draining = true;
                for reader in self.audience.all() {
                    self.send_away(reader, Reason::Stopping, now);
                }
            }
            Message::Stop => {}
        }
    }

    /// Takes the socket, and says the first words.
    fn welcome(&mut self, reader: u64, newcomer: Newcomer, now: u32) {
        let Newcomer { start, membership, standing, place, is_of_another_build, stream } = newcomer;
        let (Some(mut stream), Some(entry)) = (stream, self.audience.get_mut(reader)) else { return };
        if let Err(error) = self.poll.registry().register(&mut stream, token(reader), Interest::READABLE | Interest::WRITABLE) {
            tracing::warn!(%error, "an event stream cannot be watched");
            return drop(self.audience.remove(reader));
        }
        let first = words::first(&start, membership.spread_ms(), is_of_another_build);
        let missed = if let Start::Continues { missed, .. } = start { missed } else { Vec::new() };
        entry.stream = Some(stream);
        entry.membership = Some(membership);
        entry.standing = standing;
        // Who came together does not have each heartbeat together.
        entry.beat_at = now.saturating_sub(u32::try_from(reader % FIRST_SPREAD).unwrap_or(0));
        entry.ends_at = now.saturating_add(seconds(place.lifetime));
        entry.place = Some(Box::new(place));
        self.n_open.fetch_add(1, Ordering::AcqRel);
        let mut want = entry.begin(&first, missed);
        if matches!(want, Want::Nothing) {
            want = entry.pump(&mut self.shared);
        }
        self.wheel.put(reader, entry.ends_at.min(entry.beat_at + heartbeat_seconds()));
        self.fulfil(reader, want, now);
        if self.is_draining {
            self.send_away(reader, Reason::Stopping, now);
        }
    }

    /// Does what a connection wants, and gives one that leaves a time until which it must be gone.
    fn fulfil(&mut self, reader: u64, want: Want, now: u32) {
        match want {
            Want::Nothing => {}
            Want::LetGo => return self.let_go(reader, now),
            Want::Close => return self.close(reader),
            Want::Hidden => self.ask(reader, |backend, standing| async move { Answer::Hidden(standing.hidden(&backend).await) }),
            Want::Session(frame) => self.ask(reader, |backend, standing| async move {
                Answer::Session { frame, is_over: !standing.is_signed_in_still(&backend).await }
            }),
        }
        if let Some(entry) = self.audience.get_mut(reader).filter(|entry| entry.stage == Stage::Leaving) {
            entry.closed_at.get_or_insert(now + LAST_WORD);
        }
    }

    /// It hears nothing more: what waits is told, and that it should come back.
    fn let_go(&mut self, reader: u64, now: u32) {
        let Some(entry) = self.audience.deafen(reader) else { return };
        entry.closed_at.get_or_insert(now + LAST_WORD);
        let want = entry.let_go(&mut self.shared);
        self.fulfil(reader, want, now);
    }

    /// Has something looked up. The connection is told nothing until the answer is here.
    fn ask<F>(&self, reader: u64, question: impl FnOnce(Backend, Standing) -> F)
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        let Some(entry) = self.audience.get(reader) else { return };
        let (answer, inbox) = (question(self.backend.clone(), entry.standing.clone()), Arc::clone(&self.inbox));
        self.runtime.spawn(async move { inbox.push(Message::Answer(reader, answer.await)) });
    }

    fn go_on(&mut self, reader: u64, answer: Answer, now: u32) {
        let Some(entry) = self.audience.get_mut(reader).filter(|entry| entry.stage == Stage::Asking) else { return };
        let Some(membership) = &mut entry.membership else { return };
        entry.stage = Stage::Telling;
        let mut want = match answer {
            Answer::Gone => entry.leave(&words::reconnect(Reason::Session)),
            Answer::Beat(Some(hidden)) if !membership.hides(&hidden) => {
                membership.hide(hidden);
                let words = words::anew(membership);
                entry.say(&words)
            }
            Answer::Beat(_) => {
                let words = words::heartbeat(membership);
                entry.say(&words)
            }
            Answer::Hidden(Some(hidden)) => {
                membership.hide(hidden);
                let words = words::anew(membership);
                entry.say(&words)
            }
            // Nothing is said until it is known of whom.
            Answer::Hidden(None) => entry.leave(&words::reconnect(Reason::Unavailable)),
            Answer::Session { is_over: false, .. } => Want::Nothing,
            Answer::Session { is_over: true, frame } => {
                let words = membership.bytes(&frame);
                entry.leave(&words)
            }
        };
        if matches!(want, Want::Nothing) {
            want = entry.pump(&mut self.shared);
        }
        self.fulfil(reader, want, now);
    }

    fn send_away(&mut self, reader: u64, reason: Reason, now: u32) {
        let Some(entry) = self.audience.get_mut(reader).filter(|entry| entry.stage != Stage::Arriving) else { return };
        let want = entry.leave(&words::reconnect(reason));
        self.fulfil(reader, want, now);
    }

    /// Looks at some of those whose time has come.
    fn tick(&mut self) {
        let now = self.now();
        self.due.extend(self.wheel.turn(now));
        for _ in 0..LOOKED_AT_TOGETHER {
            let Some(reader) = self.due.pop_front() else { return };
            self.look_at(reader, now);
        }
    }

    fn look_at(&mut self, reader: u64, now: u32) {
        let Some(entry) = self.audience.get_mut(reader) else { return };
        if entry.closed_at.is_some_and(|closed_at| closed_at <= now) {
            return self.close(reader);
        }
        if entry.ends_at <= now && entry.stage != Stage::Leaving {
            self.send_away(reader, Reason::Lifetime, now);
        } else if entry.is_idle() && entry.beat_at + heartbeat_seconds() <= now {
            self.beat(reader, now);
        }
        if let Some(entry) = self.audience.get(reader) {
            let next = (entry.beat_at + heartbeat_seconds()).min(entry.ends_at).min(entry.closed_at.unwrap_or(u32::MAX));
            self.wheel.put(reader, next);
        }
    }

    /// Says where the topics stand, to a member only after a look at what holds for them.
    fn beat(&mut self, reader: u64, now: u32) {
        let Some(entry) = self.audience.get_mut(reader) else { return };
        entry.beat_at = now;
        let Some(membership) = entry.membership.as_ref().filter(|_| entry.standing.is_guest()) else {
            entry.stage = Stage::Asking;
            return self.ask(reader, |backend, standing| async move {
                if standing.is_signed_in_still(&backend).await {
                    Answer::Beat(standing.hidden(&backend).await)
                } else {
                    Answer::Gone
                }
            });
        };
        let words = words::heartbeat(membership);
        let want = entry.say(&words);
        self.fulfil(reader, want, now);
    }

    fn close(&mut self, reader: u64) {
        if let Some(mut entry) = self.audience.remove(reader) {
            entry.close();
            if entry.place.is_some() {
                self.n_open.fetch_sub(1, Ordering::AcqRel);
            }
        }
    }
}

fn heartbeat_seconds() -> u32 {
    u32::try_from(HEARTBEAT_SECONDS).unwrap_or(u32::MAX)
}

fn token(reader: u64) -> Token {
    Token(usize::try_from(reader).unwrap_or(usize::MAX - 1))
}
