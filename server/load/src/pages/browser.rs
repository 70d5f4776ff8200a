//! One browser: its connection, which it keeps, and how far the answer is.

use crate::http::{Body, Framing, Head, Malformed};
use mio::net::TcpStream;
use std::{
    io::{self, ErrorKind, Read, Write},
    net::SocketAddr,
};

/// What one read may bring. All browsers share it.
pub struct Buffers {
    input: Vec<u8>,
    decoded: Vec<u8>,
}

impl Default for Buffers {
    fn default() -> Self {
        Self { input: vec![0; 256 * 1024], decoded: Vec::new() }
    }
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Away,
    Connecting,
    Idle,
    /// The head of the answer is not here.
    Asking,
    /// So many bytes of the body are here.
    Reading {
        head: Head,
        body: Body,
        length: usize,
    },
}

/// A whole answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub is_compressed: bool,
    /// Bytes of the body as they came.
    pub length: usize,
}

/// The connection broke, or the server does not speak HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Broken;

impl From<io::Error> for Broken {
    fn from(_: io::Error) -> Self {
        Self
    }
}

impl From<Malformed> for Broken {
    fn from(_: Malformed) -> Self {
        Self
    }
}

/// A browser. It connects when it first asks.
pub struct Browser {
    stream: Option<TcpStream>,
    stage: Stage,
    /// What came of a head that is not complete.
    rest: Vec<u8>,
    /// When it was to ask, in microseconds since the beginning; none while it asks for nothing.
    pub asked_us: Option<u64>,
}

impl Default for Browser {
    fn default() -> Self {
        Self { stream: None, stage: Stage::Away, rest: Vec::new(), asked_us: None }
    }
}

impl Browser {
    /// Asks over the connection that there is, or begins one and answers its socket, which is to be watched.
    pub fn ask(&mut self, to: SocketAddr, request: &[u8], planned_us: u64) -> Result<Option<&mut TcpStream>, Broken> {
        self.asked_us = Some(planned_us);
        if self.stage == Stage::Idle {
            self.send(request)?;
            return Ok(None);
        }
        self.stage = Stage::Connecting;
        Ok(Some(self.stream.insert(TcpStream::connect(to)?)))
    }

    /// Sends the request when the connection is made.
    pub fn write(&mut self, request: &[u8]) -> Result<(), Broken> {
        let (Stage::Connecting, Some(stream)) = (self.stage, &mut self.stream) else { return Ok(()) };
        if let Some(error) = stream.take_error()? {
            return Err(error.into());
        }
        match stream.peer_addr() {
            Err(error) if error.kind() == ErrorKind::NotConnected => Ok(()),
            Err(error) => Err(error.into()),
            Ok(_) => {
                stream.set_nodelay(true)?;
                self.send(request)
            }
        }
    }

    /// It fits into the socket's buffer, which is empty.
    fn send(&mut self, request: &[u8]) -> Result<(), Broken> {
        self.stage = Stage::Asking;
        let stream = self.stream.as_mut().ok_or(Broken)?;
        if stream.write(request)? == request.len() { Ok(()) } else { Err(Broken) }
    }

    /// Reads what is there. Answers the answer when it is whole.
    pub fn read(&mut self, buffers: &mut Buffers) -> Result<Option<Answer>, Broken> {
        let mut answer = None;
        loop {
            let Some(stream) = &mut self.stream else { return Ok(answer) };
            if self.stage == Stage::Connecting {
                return Ok(None);
            }
            let n = match stream.read(&mut buffers.input) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(answer),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Ok(0) | Err(_) if self.stage == Stage::Idle => {
                    // A connection that nobody uses may be closed; the next request makes another.
                    self.leave();
                    return Ok(answer);
                }
                Ok(0) => return Err(Broken),
                result => result?,
            };
            let input = buffers.input.get(..n).unwrap_or_default();
            answer = answer.or(Self::take(&mut self.stage, &mut self.rest, input, &mut buffers.decoded)?);
        }
    }

    fn take(stage: &mut Stage, rest: &mut Vec<u8>, input: &[u8], decoded: &mut Vec<u8>) -> Result<Option<Answer>, Broken> {
        match *stage {
            // The line break behind the last chunk.
            Stage::Idle if input.iter().all(|byte| matches!(byte, b'\r' | b'\n')) => Ok(None),
            Stage::Idle | Stage::Away | Stage::Connecting => Err(Broken),
            Stage::Asking => {
                rest.extend_from_slice(input);
                let Some((head, at)) = Head::read(rest)? else { return Ok(None) };
                let (body, input) = (Body::new(head.framing), rest.split_off(at));
                rest.clear();
                *stage = Stage::Reading { head, body, length: 0 };
                Self::take(stage, rest, &input, decoded)
            }
            Stage::Reading { head, mut body, mut length } => {
                decoded.clear();
                body.decode(input, decoded)?;
                length += decoded.len();
                let is_whole = match head.framing {
                    Framing::Chunked => body == Body::Over,
                    // Without a length the end of the connection would be the end of the answer, and a broken one looks the same.
                    Framing::Plain => length >= head.length.ok_or(Broken)?,
                };
                *stage = if is_whole { Stage::Idle } else { Stage::Reading { head, body, length } };
                Ok(is_whole.then_some(Answer { status: head.status, is_compressed: head.is_compressed, length }))
            }
        }
    }

    /// Closes the connection.
    pub fn leave(&mut self) {
        self.stream = None;
        self.stage = Stage::Away;
        self.rest.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::{Answer, Broken, Browser, Stage};

    fn take(pieces: &[&[u8]]) -> Result<Vec<Answer>, Broken> {
        let (mut stage, mut rest, mut decoded, mut answers) = (Stage::Asking, Vec::new(), Vec::new(), Vec::new());
        for piece in pieces {
            if let Some(answer) = Browser::take(&mut stage, &mut rest, piece, &mut decoded)? {
                answers.push(answer);
            }
        }
        Ok(answers)
    }

    #[test]
    fn answers_come_in_any_pieces() {
        let chunked =
            b"HTTP/1.1 200 OK\r\ncontent-encoding: br\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
        let plain = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 4\r\n\r\nlate";
        for length in 1..chunked.len() {
            let pieces: Vec<&[u8]> = chunked.chunks(length).collect();
            assert_eq!(take(&pieces), Ok(vec![Answer { status: 200, is_compressed: true, length: 5 }]), "{length}");
            let pieces: Vec<&[u8]> = plain.chunks(length).collect();
            assert_eq!(take(&pieces), Ok(vec![Answer { status: 503, is_compressed: false, length: 4 }]), "{length}");
        }
    }

    #[test]
    fn what_breaks_off_is_no_answer() {
        assert_eq!(take(&[b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nlat"]), Ok(vec![]));
        assert_eq!(take(&[b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n"]), Ok(vec![]));
        assert_eq!(take(&[b"HTTP/1.1 200 OK\r\n\r\nuntil the end"]), Err(Broken));
        assert_eq!(take(&[b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\na", b"more"]), Err(Broken));
    }
}
