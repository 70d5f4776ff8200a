//! The least that a server can do for an event: one thread that writes ready bytes to every socket.
//! `make bench-events` compares with it. It knows no history, no limits and no people.
//!
//! `floor 127.0.0.1:4002`: events at any address that is read, published at any that is posted to.

use mio::{
    Events, Interest, Poll, Token,
    net::{TcpListener, TcpStream},
};
use std::{
    error::Error,
    io::{self, ErrorKind, Read, Write},
};

const LISTENER: Token = Token(usize::MAX);
/// Whoever is further behind is let go.
const MAX_PENDING: usize = 64 * 1024;
const MAX_REQUEST: usize = 64 * 1024;
const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-store\r\n\r\n";
const ACCEPTED: &[u8] = b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n";

struct Connection {
    stream: TcpStream,
    /// What came of a request.
    request: Vec<u8>,
    /// What the socket did not take yet.
    pending: Vec<u8>,
    is_reader: bool,
}

impl Connection {
    /// Writes, or keeps for later what is not taken. An error ends the connection.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if !self.pending.is_empty() {
            self.pending.extend_from_slice(bytes);
            return self.flush();
        }
        let n = match self.stream.write(bytes) {
            Ok(n) => n,
            Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
            Err(error) => return Err(error),
        };
        self.pending.extend_from_slice(bytes.get(n..).unwrap_or_default());
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        while !self.pending.is_empty() {
            match self.stream.write(&self.pending) {
                Ok(n) => drop(self.pending.drain(..n)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        if self.pending.len() > MAX_PENDING { Err(ErrorKind::OutOfMemory.into()) } else { Ok(()) }
    }

    /// Reads what is there, and answers the body of a publication, if one is complete.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Option<Vec<u8>>> {
        loop {
            match self.stream.read(buffer) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(n) => self.request.extend_from_slice(buffer.get(..n).unwrap_or_default()),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        if self.request.len() > MAX_REQUEST {
            return Err(ErrorKind::InvalidData.into());
        }
        let mut headers = [httparse::EMPTY_HEADER; 32];
        let mut request = httparse::Request::new(&mut headers);
        let parsed = request.parse(&self.request).map_err(|_malformed| ErrorKind::InvalidData)?;
        let httparse::Status::Complete(head) = parsed else { return Ok(None) };
        if request.method == Some("GET") {
            self.request = Vec::new();
            self.is_reader = true;
            self.write(HEAD)?;
            return Ok(None);
        }
        let length = request.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
        let length = length.and_then(|header| std::str::from_utf8(header.value).ok()?.parse::<usize>().ok()).unwrap_or(0);
        let end = head.saturating_add(length);
        let Some(body) = self.request.get(head..end).map(<[u8]>::to_vec) else { return Ok(None) };
        self.request.drain(..end);
        Ok(Some(body))
    }
}

/// The connections, each at the place that its token names.
#[derive(Default)]
struct Connections {
    places: Vec<Option<Connection>>,
    free: Vec<usize>,
}

impl Connections {
    fn accept(&mut self, listener: &TcpListener, poll: &Poll) -> io::Result<()> {
        loop {
            let mut stream = match listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            };
            stream.set_nodelay(true)?;
            let place = self.free.pop().unwrap_or(self.places.len());
            poll.registry().register(&mut stream, Token(place), Interest::READABLE | Interest::WRITABLE)?;
            let connection = Connection { stream, request: Vec::new(), pending: Vec::new(), is_reader: false };
            match self.places.get_mut(place) {
                Some(free) => *free = Some(connection),
                None => self.places.push(Some(connection)),
            }
        }
    }

    fn act(&mut self, place: usize, act: impl FnOnce(&mut Connection) -> io::Result<Option<Vec<u8>>>) -> Option<Vec<u8>> {
        let slot = self.places.get_mut(place)?;
        if let Ok(body) = act(slot.as_mut()?) {
            return body;
        }
        *slot = None;
        self.free.push(place);
        None
    }

    fn publish(&mut self, event: &[u8]) {
        for place in 0..self.places.len() {
            self.act(place, |connection| if connection.is_reader { connection.write(event).map(|()| None) } else { Ok(None) });
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:4002".to_owned());
    load::process::allow_files(65_000);
    let mut listener = TcpListener::bind(address.parse()?)?;
    let mut poll = Poll::new()?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let (mut events, mut connections) = (Events::with_capacity(1024), Connections::default());
    let (mut buffer, mut sequence) = (vec![0; 64 * 1024], 0_u64);
    loop {
        poll.poll(&mut events, None)?;
        for event in &events {
            let place = event.token().0;
            if event.token() == LISTENER {
                connections.accept(&listener, &poll)?;
                continue;
            }
            if event.is_writable() {
                connections.act(place, |connection| connection.flush().map(|()| None));
            }
            if !event.is_readable() {
                continue;
            }
            if let Some(body) = connections.act(place, |connection| connection.read(&mut buffer)) {
                sequence += 1;
                connections.publish(&[format!("id: {sequence}\ndata: ").as_bytes(), &body, b"\n\n"].concat());
                connections.act(place, |connection| connection.write(ACCEPTED).map(|()| None));
            }
        }
    }
}
