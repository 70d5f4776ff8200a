//! The event streams of plain HTTP/1.1: one thread writes to all their sockets.
//!
//! axum routes and authorises such a request like any other, and hyper writes the head of the answer. Then the socket is
//! taken from hyper (see `serve::handover`) and comes here. A connection costs a few hundred bytes instead of a task with
//! two buffers, and an event is encoded once and written with one call per socket. What must be looked up is looked up by
//! tasks of the runtime; the thread never waits for anything but sockets and its inbox.
//!
//! Over HTTP/2, and where hyper keeps the socket for another reason, the same is told by the body in `events`.

mod entry;
mod inbox;
mod wheel;

use super::{Place, standing::Standing, words};
use backend::{
    Backend,
    events::{Frame, Membership, Sink, Start},
};
use domain::{UserId, event::HEARTBEAT_SECONDS};
use entry::{Entry, Shared, Stage, Want};
use inbox::{Inbox, Message, Outlet};
use mio::{Events, Interest, Poll, Token, Waker};
use socket2::SockRef;
use std::{
    collections::HashMap,
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::runtime::Handle;
use wheel::{Wheel, seconds};

/// The token of the inbox; connections count from 0 and never come near it.
const INBOX: Token = Token(usize::MAX);
/// How long a connection that ends may take to read the last word, in seconds.
const LAST_WORD: u32 = 20;
/// What the kernel keeps for a reader that is behind, in bytes: some hundred events.
const SEND_BUFFER: usize = 64 * 1024;
/// How often the stop of the server looks whether everybody has left.
const LOOK: Duration = Duration::from_millis(20);

/// What a connection brings along. Dropped before it arrives, it leaves the hub and gives its place back.
pub(crate) struct Arrival {
    key: u64,
    reactor: Reactor,
    start: Start,
    membership: Membership,
    standing: Standing,
    place: Place,
    stream: Option<mio::net::TcpStream>,
}

impl Arrival {
    /// Hides these people from the reader.
    pub(super) fn hide(&mut self, hidden: Vec<UserId>) {
        self.membership.hide(hidden);
    }

    /// Brings the socket, which is not blocking, and to which the head of the answer was written.
    pub(crate) fn arrive(mut self, stream: std::net::TcpStream) {
        // The kernel would let a reader that does not read have megabytes. It keeps its own size when it refuses this one.
        drop(SockRef::from(&stream).set_send_buffer_size(SEND_BUFFER));
        self.stream = Some(mio::net::TcpStream::from_std(stream));
        let inbox = Arc::clone(&self.reactor.inbox);
        inbox.push(Message::Arrive(self.key, Box::new(self)));
    }
}

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
    next: Arc<AtomicU64>,
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
        let circle = Circle {
            poll,
            inbox: Arc::clone(&inbox),
            n_open: Arc::clone(&n_open),
            entries: HashMap::new(),
            wheel: Wheel::new(),
            shared: Shared::default(),
            began: Instant::now(),
            is_draining: false,
            backend,
            runtime: Handle::current(),
        };
        std::thread::Builder::new().name("events".to_owned()).spawn(move || circle.run())?;
        Ok(Self { inbox, next: Arc::default(), n_open })
    }

    /// Lets a reader join the hub. Frames wait until it arrives.
    pub(super) fn join(
        &self,
        join: impl FnOnce(Box<dyn Sink>) -> (Start, Membership),
        standing: Standing,
        place: Place,
    ) -> Arrival {
        let key = self.next.fetch_add(1, Ordering::Relaxed);
        let n_waiting = Arc::new(AtomicUsize::new(0));
        self.inbox.push(Message::Open(key, Arc::clone(&n_waiting)));
        let (start, membership) = join(Box::new(Outlet::new(key, Arc::clone(&self.inbox), n_waiting)));
        Arrival { key, reactor: self.clone(), start, membership, standing, place, stream: None }
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
    entries: HashMap<u64, Box<Entry>>,
    wheel: Wheel,
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
            match self.poll.poll(&mut events, Some(to_next_second)) {
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

    fn serve(&mut self, key: u64, is_readable: bool, is_writable: bool, is_gone: bool) {
        let now = self.now();
        let Some(entry) = self.entries.get_mut(&key) else { return };
        let want = if is_gone || is_readable && entry.is_gone() {
            Want::Close
        } else if is_writable {
            entry.pump(now, &mut self.shared)
        } else {
            Want::Nothing
        };
        self.fulfil(key, want);
    }

    fn receive(&mut self, message: Message) {
        let now = self.now();
        match message {
            Message::Open(key, n_waiting) => {
                self.entries.insert(key, Box::new(Entry::new(n_waiting)));
            }
            Message::Arrive(key, arrival) => self.welcome(key, *arrival, now),
            Message::Frame(frame, keys) => {
                for key in keys {
                    let Some(entry) = self.entries.get_mut(&key) else { continue };
                    let want = entry.take(Arc::clone(&frame), now, &mut self.shared);
                    self.fulfil(key, want);
                }
            }
            Message::LetGo(key) => {
                let Some(entry) = self.entries.get_mut(&key) else { return };
                if entry.stage == Stage::Arriving {
                    self.entries.remove(&key);
                    return;
                }
                entry.closed_at = Some(now + LAST_WORD);
                let want = entry.let_go(now, &mut self.shared);
                self.fulfil(key, want);
            }
            Message::Answer(key, answer) => self.go_on(key, answer, now),
            Message::Drain => {
                self.is_draining = true;
                let keys: Vec<u64> = self.entries.keys().copied().collect();
                for key in keys {
                    self.send_away(key, words::DRAIN_SPREAD, now);
                }
            }
            Message::Stop => {}
        }
    }

    /// Takes the socket, and says the first words.
    fn welcome(&mut self, key: u64, arrival: Arrival, now: u32) {
        let Arrival { start, membership, standing, place, stream, .. } = arrival;
        let Some(mut stream) = stream else { return };
        let is_let_go = !self.entries.contains_key(&key);
        if let Err(error) = self.poll.registry().register(&mut stream, token(key), Interest::READABLE | Interest::WRITABLE) {
            tracing::warn!(%error, "an event stream cannot be watched");
            return;
        }
        let (first, missed) = match start {
            Start::Continues { from, missed } => (words::heartbeat(&from), missed),
            Start::Resync { from } => (words::resync(&from), Vec::new()),
        };
        let entry = self.entries.entry(key).or_insert_with(|| Box::new(Entry::new(Arc::default())));
        entry.stream = Some(stream);
        entry.membership = Some(membership);
        entry.standing = standing;
        entry.place = Some(place);
        (entry.told_at, entry.ends_at) = (now, now + seconds(words::lifetime()));
        self.n_open.fetch_add(1, Ordering::AcqRel);
        let mut want = entry.begin(&first, missed, now);
        if matches!(want, Want::Nothing) {
            want = if is_let_go { entry.let_go(now, &mut self.shared) } else { entry.pump(now, &mut self.shared) };
        }
        self.wheel.put(key, now + heartbeat_seconds());
        self.settle(key, want, now);
        if self.is_draining {
            self.send_away(key, words::DRAIN_SPREAD, now);
        }
    }

    /// Does what a connection wants.
    fn fulfil(&mut self, key: u64, want: Want) {
        match want {
            Want::Nothing => {}
            Want::Close => self.close(key),
            Want::Hidden => self.ask(key, |backend, standing| async move { Answer::Hidden(standing.hidden(&backend).await) }),
            Want::Session(frame) => self.ask(key, |backend, standing| async move {
                Answer::Session { frame, is_over: !standing.is_signed_in_still(&backend).await }
            }),
        }
    }

    /// Has something looked up. The connection is told nothing until the answer is here.
    fn ask<F>(&self, key: u64, question: impl FnOnce(Backend, Standing) -> F)
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        let Some(entry) = self.entries.get(&key) else { return };
        let (answer, inbox) = (question(self.backend.clone(), entry.standing.clone()), Arc::clone(&self.inbox));
        self.runtime.spawn(async move { inbox.push(Message::Answer(key, answer.await)) });
    }

    fn go_on(&mut self, key: u64, answer: Answer, now: u32) {
        let Some(entry) = self.entries.get_mut(&key).filter(|entry| entry.stage == Stage::Asking) else { return };
        let Some(membership) = &mut entry.membership else { return };
        entry.stage = Stage::Telling;
        let mut want = match answer {
            Answer::Gone => entry.leave(&words::reconnect(0), now),
            Answer::Beat(Some(hidden)) if !membership.hides(&hidden) => {
                membership.hide(hidden);
                let words = words::resync(&membership.heartbeat());
                entry.say(&words, now)
            }
            Answer::Beat(_) => {
                let words = words::heartbeat(&membership.heartbeat());
                entry.say(&words, now)
            }
            Answer::Hidden(Some(hidden)) => {
                membership.hide(hidden);
                let words = words::resync(&membership.heartbeat());
                entry.say(&words, now)
            }
            // Nothing is said until it is known of whom.
            Answer::Hidden(None) => entry.leave(&words::reconnect(words::RETURN_SPREAD), now),
            Answer::Session { is_over: false, .. } => Want::Nothing,
            Answer::Session { is_over: true, frame } => {
                let words = membership.bytes(&frame);
                entry.leave(&words, now)
            }
        };
        if matches!(want, Want::Nothing) {
            want = entry.pump(now, &mut self.shared);
        }
        self.settle(key, want, now);
    }

    fn send_away(&mut self, key: u64, spread: u64, now: u32) {
        let Some(entry) = self.entries.get_mut(&key).filter(|entry| entry.stage != Stage::Arriving) else { return };
        let want = entry.leave(&words::reconnect(spread), now);
        self.settle(key, want, now);
    }

    /// Like `fulfil`, and gives a connection that leaves a time until which it must be gone.
    fn settle(&mut self, key: u64, want: Want, now: u32) {
        if let Some(entry) = self.entries.get_mut(&key).filter(|entry| entry.stage == Stage::Leaving) {
            entry.closed_at.get_or_insert(now + LAST_WORD);
        }
        self.fulfil(key, want);
    }

    /// Looks at everybody whose time has come.
    fn tick(&mut self) {
        let now = self.now();
        for key in self.wheel.turn(now) {
            self.look_at(key, now);
        }
    }

    fn look_at(&mut self, key: u64, now: u32) {
        let Some(entry) = self.entries.get_mut(&key) else { return };
        if entry.closed_at.is_some_and(|closed_at| closed_at <= now) {
            return self.close(key);
        }
        if entry.ends_at <= now && entry.stage != Stage::Leaving {
            self.send_away(key, words::RETURN_SPREAD, now);
        } else if entry.is_idle() && entry.told_at + heartbeat_seconds() <= now {
            self.beat(key, now);
        }
        if let Some(entry) = self.entries.get(&key) {
            let next = (entry.told_at + heartbeat_seconds()).min(entry.ends_at).min(entry.closed_at.unwrap_or(u32::MAX));
            self.wheel.put(key, next);
        }
    }

    /// Says where the topics stand, to a member only after a look at what holds for them.
    fn beat(&mut self, key: u64, now: u32) {
        let Some(entry) = self.entries.get_mut(&key) else { return };
        let Some(membership) = entry.membership.as_ref().filter(|_| entry.standing.is_guest()) else {
            (entry.stage, entry.told_at) = (Stage::Asking, now);
            return self.ask(key, |backend, standing| async move {
                if standing.is_signed_in_still(&backend).await {
                    Answer::Beat(standing.hidden(&backend).await)
                } else {
                    Answer::Gone
                }
            });
        };
        let words = words::heartbeat(&membership.heartbeat());
        let want = entry.say(&words, now);
        self.fulfil(key, want);
    }

    fn close(&mut self, key: u64) {
        if let Some(mut entry) = self.entries.remove(&key) {
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

fn token(key: u64) -> Token {
    Token(usize::try_from(key).unwrap_or(usize::MAX - 1))
}
