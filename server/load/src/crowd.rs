//! The readers of one thread: made, watched, dropped and resumed.

use crate::{
    args::Settings,
    reader::{Buffers, End, Reader},
    shared::{Phase, Shared, micros},
    tally::Tally,
};
use mio::{Events, Interest, Poll, Token};
use std::{collections::VecDeque, io, net::Ipv4Addr, thread, time::Duration};

/// How often to look what arrived, which is how exact delays are. Who waits for it in the kernel is woken by the writing
/// server, on the server's core, and no server across a network pays for that.
const LOOK: Duration = Duration::from_micros(200);
/// How long to wait before connecting again.
const RETRY: Duration = Duration::from_millis(300);
/// After as many attempts a reader is given up.
const MAX_ATTEMPTS: u8 = 10;

/// The readers, and the thread's part of the counts.
pub struct Crowd<'a> {
    settings: &'a Settings,
    shared: &'a Shared,
    poll: Poll,
    readers: Vec<Reader>,
    /// The first reader's number in the whole run.
    first: usize,
    to_connect: VecDeque<usize>,
    n_connecting: usize,
    /// Who is away, and until when, in microseconds. Not sorted: there are two lengths of absence.
    away: VecDeque<(u64, usize)>,
    n_drops: usize,
    is_complete: bool,
    buffers: Buffers,
    tally: Tally,
}

impl<'a> Crowd<'a> {
    /// A crowd of as many readers, of whom some never read.
    pub fn new(settings: &'a Settings, shared: &'a Shared, first: usize, n: usize, n_dead: usize) -> io::Result<Self> {
        let readers: Vec<Reader> = (0..n + n_dead).map(|index| Reader::new(index >= n)).collect();
        Ok(Self {
            settings,
            shared,
            poll: Poll::new()?,
            to_connect: (0..readers.len()).collect(),
            readers,
            first,
            n_connecting: 0,
            away: VecDeque::new(),
            n_drops: 0,
            is_complete: false,
            buffers: Buffers::new(),
            tally: Tally::default(),
        })
    }

    /// Reads until the run is over.
    pub fn run(mut self) -> io::Result<Tally> {
        let mut events = Events::with_capacity(1024);
        loop {
            match self.shared.phase() {
                Phase::Over => return Ok(self.finish()),
                Phase::Ending => self.look_whether_complete(),
                Phase::Running => self.drop_some(),
            }
            self.return_some();
            self.connect_some();
            thread::sleep(LOOK);
            match self.poll.poll(&mut events, Some(Duration::ZERO)) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                result => result?,
            }
            for event in &events {
                self.serve(event.token().0, event.is_writable(), event.is_readable() || event.is_error(), event.is_read_closed());
            }
        }
    }

    fn connect_some(&mut self) {
        while self.n_connecting < self.settings.at_once {
            let Some(index) = self.to_connect.pop_front() else { return };
            let source = self.source(index);
            let now_us = self.shared.now_us();
            let Some(reader) = self.readers.get_mut(index) else { continue };
            let connected = reader.connect(source, self.settings.url.socket, now_us);
            let watched = connected
                .and_then(|stream| self.poll.registry().register(stream, Token(index), Interest::READABLE | Interest::WRITABLE));
            self.n_connecting += 1;
            if watched.is_err() {
                self.end(index, End::Refused);
            }
        }
    }

    /// 127.0.0.2 and so on, in turn.
    fn source(&self, index: usize) -> Ipv4Addr {
        let n = (self.first + index) % usize::from(self.settings.addresses);
        Ipv4Addr::new(127, 0, 0, u8::try_from(n).unwrap_or(0).saturating_add(2))
    }

    fn serve(&mut self, index: usize, is_writable: bool, is_readable: bool, is_last: bool) {
        let Some(reader) = self.readers.get_mut(index) else { return };
        let was_open = reader.is_open();
        let mut result = if is_writable { reader.write(&self.settings.url) } else { Ok(()) };
        if is_readable && result.is_ok() {
            result = reader.read(is_last, &mut self.buffers, &mut self.tally, || self.shared.now_us());
        }
        if !was_open && reader.is_open() {
            self.n_connecting -= 1;
            if !std::mem::replace(&mut reader.was_ready, true) {
                self.shared.add_ready();
            }
        }
        if let Err(end) = result {
            self.end(index, end);
        }
    }

    /// Comes back soon, as a browser does.
    fn end(&mut self, index: usize, end: End) {
        match end {
            End::Refused => {
                self.n_connecting = self.n_connecting.saturating_sub(1);
                self.tally.n_failed += 1;
            }
            End::Ended => self.tally.n_ended += 1,
        }
        let Some(reader) = self.readers.get_mut(index) else { return };
        reader.leave();
        if reader.n_attempts < MAX_ATTEMPTS {
            self.away.push_back((self.shared.now_us() + micros(RETRY), index));
        } else {
            self.shared.add_given_up();
        }
    }

    /// Drops a share of those who are open, others each time.
    fn drop_some(&mut self) {
        let Some(dropping) = self.settings.dropping.filter(|_| self.n_drops < self.shared.n_drops()) else { return };
        self.n_drops += 1;
        let until = self.shared.now_us() + micros(dropping.away);
        for (index, reader) in self.readers.iter_mut().enumerate() {
            let is_chosen = (self.first + index + 37 * self.n_drops) % 100 < dropping.percent;
            if is_chosen && reader.is_open() && !reader.is_dead() {
                reader.leave();
                self.tally.n_dropped += 1;
                self.away.push_back((until, index));
            }
        }
    }

    fn return_some(&mut self) {
        let now_us = self.shared.now_us();
        let to_connect = &mut self.to_connect;
        self.away.retain(|(until, index)| {
            let stays = *until > now_us;
            if !stays {
                to_connect.push_back(*index);
            }
            stays
        });
    }

    fn look_whether_complete(&mut self) {
        let total = self.shared.published();
        if !self.is_complete && self.readers.iter().all(|reader| reader.is_dead() || reader.sequence().newest() == total) {
            self.is_complete = true;
            self.shared.add_complete();
        }
    }

    fn finish(mut self) -> Tally {
        let total = self.shared.published();
        for reader in &mut self.readers {
            if reader.is_dead() {
                self.tally.n_dead += 1;
                self.tally.n_dead_ended += u64::from(reader.was_ended(&mut self.buffers));
            } else {
                self.tally.n_missing += reader.sequence().missing_of(total);
            }
        }
        self.tally
    }
}
