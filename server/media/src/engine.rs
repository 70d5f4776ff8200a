//! The media thread: one loop that owns the socket, the peers and the streams.
//!
//! No locks and no tasks per peer. A packet comes in, its peer is found, what follows from it is done, down to the
//! sending of the copies, and then the next one is taken.

mod forward;
mod requests;
mod sessions;

use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use str0m::Event as RtcEvent;
use tokio::sync::{mpsc, oneshot};

use crate::address::{Directory, Learned, PeerKey};
use crate::command::Command;
use crate::config::Config;
use crate::event::Event;
use crate::ids::{SessionId, StreamId};
use crate::outbox::Outbox;
use crate::peer::{Gone, Io, Peer};
use crate::socket::{Buffers, Datagram, MediaSocket};
use crate::stats::{self, Counters};
use crate::stream::Stream;

/// Batches to receive before commands and timers get their turn.
const BATCHES: usize = 8;

/// How often lost peers are looked for, keyframes asked for again and viewer counts told.
const TICK: Duration = Duration::from_millis(50);

/// The shortest sleep. Timers of hundreds of peers fall together, and a millisecond is nothing to any of them.
const SHORTEST_SLEEP: Duration = Duration::from_millis(1);

/// Long enough to cost nothing.
const IDLE: Duration = Duration::from_hours(1);

/// Starts the thread.
pub(crate) fn spawn(
    socket: std::net::UdpSocket,
    config: Config,
    commands: mpsc::Receiver<Command>,
    events: mpsc::Sender<Event>,
    counters: Arc<Counters>,
) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    let socket = {
        let _context = runtime.enter();
        MediaSocket::new(socket)?
    };
    let engine = Engine::new(socket, config, events, counters);
    std::thread::Builder::new().name("media".to_owned()).spawn(move || runtime.block_on(engine.run(commands)))?;
    Ok(())
}

/// Everything the media thread owns.
struct Engine {
    config: Config,
    socket: MediaSocket,
    counters: Arc<Counters>,
    outbox: Outbox,
    peers: HashMap<PeerKey, Peer>,
    streams: HashMap<StreamId, Stream>,
    sessions: HashMap<SessionId, PeerKey>,
    directory: Directory,
    next_key: u64,
    /// What peers said and nobody has acted on yet.
    events: VecDeque<(PeerKey, RtcEvent)>,
    /// Peers that cannot go on.
    gone: Vec<PeerKey>,
    /// Not later than the earliest deadline of any peer.
    deadline: Instant,
    tick: Instant,
}

impl Engine {
    fn new(socket: MediaSocket, config: Config, events: mpsc::Sender<Event>, counters: Arc<Counters>) -> Self {
        let now = Instant::now();
        Self {
            config,
            socket,
            counters,
            outbox: Outbox::new(events),
            peers: HashMap::new(),
            streams: HashMap::new(),
            sessions: HashMap::new(),
            directory: Directory::default(),
            next_key: 0,
            events: VecDeque::new(),
            gone: Vec::new(),
            deadline: now + IDLE,
            tick: now + IDLE,
        }
    }

    async fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        let mut buffers = Buffers::new();
        let mut stopped: Option<oneshot::Sender<()>> = None;
        while stopped.is_none() {
            let now = Instant::now();
            let wake = self.deadline.min(self.tick).max(now + SHORTEST_SLEEP);
            tokio::select! {
                readable = self.socket.readable() => {
                    if readable.is_err() {
                        // Keeps a broken socket from taking the whole processor.
                        tokio::time::sleep(TICK).await;
                    }
                    self.receive(&mut buffers);
                }
                command = commands.recv() => match command {
                    Some(command) => stopped = self.obey(command),
                    None => break,
                },
                () = tokio::time::sleep_until(wake.into()) => {}
            }
            self.run_timers();
        }
        // From here on every call fails instead of waiting for an answer.
        drop(commands);
        self.close_all();
        if let Some(stopped) = stopped {
            // Whoever asked may have left.
            let _ = stopped.send(());
        }
    }

    fn receive(&mut self, buffers: &mut Buffers) {
        for _ in 0..BATCHES {
            match self.socket.receive(buffers) {
                Ok(true) => {
                    let now = Instant::now();
                    for datagram in buffers.datagrams() {
                        self.take(&datagram, now);
                    }
                }
                Ok(false) => break,
                Err(error) => {
                    tracing::warn!(%error, "receiving failed");
                    break;
                }
            }
        }
    }

    fn take(&mut self, datagram: &Datagram<'_>, now: Instant) {
        stats::add(&self.counters.packets_in, 1);
        stats::add(&self.counters.bytes_in, datagram.bytes.len());
        let Some(key) = self.directory.find(datagram.source, datagram.bytes) else {
            stats::add(&self.counters.packets_unknown, 1);
            return;
        };
        let mut learned = Learned::Known;
        self.drive(key, |peer, io| {
            learned = peer.receive(io, datagram, now)?;
            Ok(())
        });
        if let Learned::New(forgotten) = learned {
            self.directory.learn(datagram.source, key);
            if let Some(forgotten) = forgotten {
                self.directory.forget(forgotten, key);
            }
        }
        self.settle(now);
    }

    fn run_timers(&mut self) {
        let now = Instant::now();
        if now >= self.deadline {
            let due: Vec<PeerKey> = self.peers.values().filter(|peer| peer.deadline <= now).map(|peer| peer.key).collect();
            for key in due {
                self.drive(key, |peer, io| peer.advance(io, now));
            }
            self.settle(now);
            self.deadline = self.peers.values().map(|peer| peer.deadline).min().unwrap_or(now + IDLE);
        }
        if now >= self.tick {
            self.tick(now);
            let idle = self.peers.is_empty() && self.streams.is_empty() && self.outbox.is_empty();
            self.tick = now + if idle { IDLE } else { TICK };
        }
    }

    /// Changes one peer and takes note of what follows.
    fn drive(&mut self, key: PeerKey, change: impl FnOnce(&mut Peer, &mut Io<'_>) -> Result<(), Gone>) {
        let Some(peer) = self.peers.get_mut(&key) else { return };
        let mut io = Io { socket: &self.socket, counters: &self.counters, events: &mut self.events };
        match peer.guard(&mut io, change) {
            Ok(()) => self.deadline = self.deadline.min(peer.deadline),
            Err(Gone) => self.gone.push(key),
        }
    }

    /// Acts on everything that peers said, until nothing is left.
    fn settle(&mut self, now: Instant) {
        loop {
            if let Some((key, event)) = self.events.pop_front() {
                self.heed(key, event, now);
            } else if let Some(key) = self.gone.pop() {
                self.lose(key, now);
            } else {
                return;
            }
        }
    }
}
