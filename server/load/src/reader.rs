//! One event stream: its socket, how far it is, and what came over it.

use crate::{
    args::Address,
    events::{Event, scan},
    http::{Body, Head, Malformed},
    marker::Marker,
    sequence::{Arrival, Sequence},
    start,
    tally::Tally,
};
use mio::net::TcpStream;
use socket2::{Domain, Socket, Type};
use std::{
    io::{self, ErrorKind, Read, Write},
    net::{Ipv4Addr, SocketAddr},
};

/// The longest event that is waited for.
const MAX_EVENT: usize = 1024 * 1024;
/// The longest position that is sent back.
const MAX_ID: usize = 256;
/// Who never reads gets the smallest buffer, so that the server notices soon.
const DEAD_BUFFER: usize = 2048;

/// What one read may bring. All readers of a thread share it.
pub struct Buffers {
    input: Vec<u8>,
    decoded: Vec<u8>,
}

impl Buffers {
    pub fn new() -> Self {
        Self { input: vec![0; 64 * 1024], decoded: Vec::new() }
    }
}

impl Default for Buffers {
    fn default() -> Self {
        Self::new()
    }
}

/// How far a reader is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Away,
    Connecting,
    /// The request is sent, and the head of the answer is not here.
    Asking,
    Open(Body),
    /// The request is sent, and nothing is read.
    Dead,
}

/// Why a connection is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It never was open.
    Refused,
    /// The server ended it, or it broke.
    Ended,
}

/// A reader. It remembers what it heard when it is away.
pub struct Reader {
    stream: Option<TcpStream>,
    stage: Stage,
    is_dead: bool,
    /// What came of a head or of an event that is not complete. Empty most of the time.
    rest: Vec<u8>,
    /// The id of the last event.
    position: Vec<u8>,
    sequence: Sequence,
    /// The last stream that went live, by the moment at which it did.
    started_ms: u64,
    /// When the connection began, and since when it is open.
    began_us: u64,
    open_us: u64,
    /// Attempts since it was last open.
    pub n_attempts: u8,
    pub was_ready: bool,
}

impl Reader {
    pub fn new(is_dead: bool) -> Self {
        Self {
            stream: None,
            stage: Stage::Away,
            is_dead,
            rest: Vec::new(),
            position: Vec::new(),
            sequence: Sequence::default(),
            started_ms: 0,
            began_us: 0,
            open_us: 0,
            n_attempts: 0,
            was_ready: false,
        }
    }

    pub fn is_dead(&self) -> bool {
        self.is_dead
    }

    /// Whether events arrive, or would.
    pub fn is_open(&self) -> bool {
        matches!(self.stage, Stage::Open(_) | Stage::Dead)
    }

    pub fn sequence(&self) -> &Sequence {
        &self.sequence
    }

    /// Begins a connection, and answers its socket, which is to be watched.
    pub fn connect(&mut self, source: Ipv4Addr, to: SocketAddr, now_us: u64) -> io::Result<&mut TcpStream> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        if self.is_dead {
            socket.set_recv_buffer_size(DEAD_BUFFER)?;
        }
        socket.bind(&SocketAddr::from((source, 0)).into())?;
        match socket.connect(&to.into()) {
            Err(error) if error.raw_os_error() != Some(rustix::io::Errno::INPROGRESS.raw_os_error()) => return Err(error),
            _ => {}
        }
        self.stage = Stage::Connecting;
        self.began_us = now_us;
        self.n_attempts = self.n_attempts.saturating_add(1);
        Ok(self.stream.insert(TcpStream::from_std(socket.into())))
    }

    /// Closes the connection.
    pub fn leave(&mut self) {
        self.stream = None;
        self.stage = Stage::Away;
        self.rest = Vec::new();
    }

    /// Sends the request when the connection is made.
    pub fn write(&mut self, address: &Address) -> Result<(), End> {
        let (Stage::Connecting, Some(stream)) = (self.stage, &mut self.stream) else { return Ok(()) };
        if !matches!(stream.take_error(), Ok(None)) {
            return Err(End::Refused);
        }
        if stream.peer_addr().is_err() {
            // Not yet.
            return Ok(());
        }
        let mut request =
            format!("GET {} HTTP/1.1\r\nhost: {}\r\naccept: text/event-stream\r\n", address.path, address.socket).into_bytes();
        if !self.position.is_empty() {
            request.extend_from_slice(b"last-event-id: ");
            request.extend_from_slice(&self.position);
            request.extend_from_slice(b"\r\n");
        }
        request.extend_from_slice(b"\r\n");
        // A fresh socket takes a few hundred bytes at once.
        match stream.write(&request) {
            Ok(n) if n == request.len() => {
                self.stage = if self.is_dead { Stage::Dead } else { Stage::Asking };
                Ok(())
            }
            _ => Err(End::Refused),
        }
    }

    /// Reads what is there. `is_last` says that the other side sends no more.
    pub fn read(&mut self, is_last: bool, buffers: &mut Buffers, tally: &mut Tally, now: impl Fn() -> u64) -> Result<(), End> {
        if !matches!(self.stage, Stage::Asking | Stage::Open(_)) {
            return Ok(());
        }
        let Buffers { input, decoded } = buffers;
        loop {
            let Some(stream) = &mut self.stream else { return Ok(()) };
            let n = match stream.read(input) {
                Ok(0) => return Err(self.end()),
                Ok(n) => n,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(_) => return Err(self.end()),
            };
            let bytes = input.get(..n).unwrap_or_default();
            self.take(bytes, decoded, tally, now()).map_err(|_malformed| self.end())?;
            // Less than was asked for is everything; what comes later is told again.
            if n < input.len() && !is_last {
                return Ok(());
            }
        }
    }

    /// Whether the server has ended the connection of a reader that never read.
    pub fn was_ended(&mut self, buffers: &mut Buffers) -> bool {
        let Some(stream) = &mut self.stream else { return true };
        // Its buffer is small, so this ends soon.
        loop {
            match stream.read(&mut buffers.input) {
                Ok(0) => return true,
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return error.kind() != ErrorKind::WouldBlock,
            }
        }
    }

    fn end(&self) -> End {
        if self.is_open() { End::Ended } else { End::Refused }
    }

    fn take(&mut self, bytes: &[u8], decoded: &mut Vec<u8>, tally: &mut Tally, now_us: u64) -> Result<(), Malformed> {
        let Stage::Open(body) = self.stage else {
            self.rest.extend_from_slice(bytes);
            let Some((head, length)) = Head::read(&self.rest)? else { return Ok(()) };
            if head.status != 200 {
                return Err(Malformed);
            }
            let text = std::mem::take(&mut self.rest);
            self.stage = Stage::Open(Body::new(head.framing));
            self.open_us = now_us;
            self.n_attempts = 0;
            tally.connecting.add(now_us.saturating_sub(self.began_us));
            return self.take(text.get(length..).unwrap_or_default(), decoded, tally, now_us);
        };
        decoded.clear();
        decoded.append(&mut self.rest);
        let mut body = body;
        body.decode(bytes, decoded)?;
        self.stage = Stage::Open(body);
        let taken = scan(decoded, |event| self.hear(&event, tally, now_us));
        tally.n_bytes += taken as u64;
        let rest = decoded.get(taken..).unwrap_or_default();
        if body == Body::Over || rest.len() > MAX_EVENT {
            return Err(Malformed);
        }
        // Nothing is allocated for what is complete.
        self.rest = rest.to_vec();
        Ok(())
    }

    fn hear(&mut self, event: &Event<'_>, tally: &mut Tally, now_us: u64) {
        match event.name {
            b"resync" if !self.position.is_empty() => tally.n_resyncs += 1,
            b"reconnect" => tally.n_asked_to_leave += 1,
            _ => {}
        }
        if let Some(id) = event.id.filter(|id| id.len() <= MAX_ID) {
            self.position.clear();
            self.position.extend_from_slice(id);
        }
        let Some(marker) = Marker::find(event.data).or_else(|| self.started(event, now_us)) else { return };
        let arrival = self.sequence.note(marker.sequence);
        match arrival {
            Arrival::Duplicate => tally.n_duplicates += 1,
            Arrival::New => tally.n_delivered += 1,
            Arrival::OutOfOrder => {
                tally.n_delivered += 1;
                tally.n_out_of_order += 1;
            }
        }
        if arrival != Arrival::Duplicate && marker.sent_us >= self.open_us {
            tally.delay.add(now_us.saturating_sub(marker.sent_us));
        }
    }

    /// The start of a stream as a marker. The number is this reader's own, so starts that follow each other count each.
    fn started(&mut self, event: &Event<'_>, now_us: u64) -> Option<Marker> {
        let started_ms = start::find(event.data)?;
        let is_another = std::mem::replace(&mut self.started_ms, started_ms) != started_ms;
        let sequence = self.sequence.newest() + u64::from(is_another);
        Some(Marker { sequence, sent_us: now_us.saturating_sub(start::elapsed_us(started_ms)) })
    }
}
