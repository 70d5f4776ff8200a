//! Publishes events, one after the other over one connection.

use crate::{
    args::Publishing,
    http::{Body, Framing, Head, MAX_HEAD, Malformed},
    marker::Marker,
};
use std::{
    io::{self, Read, Write},
    net::TcpStream,
    time::Duration,
};

/// How long the server may take to accept an event.
const PATIENCE: Duration = Duration::from_secs(20);

/// An event was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    #[error("the server cannot be told an event: {0}")]
    Io(#[from] io::Error),
    #[error("the answer to an event is {0}")]
    Malformed(#[from] Malformed),
    #[error("an event was refused with status {status}: {body}")]
    Refused { status: u16, body: String },
}

/// Where events are published. Connects when there is something to publish.
pub struct Publisher<'a> {
    publishing: &'a Publishing,
    stream: Option<TcpStream>,
}

impl<'a> Publisher<'a> {
    pub fn new(publishing: &'a Publishing) -> Self {
        Self { publishing, stream: None }
    }

    /// Publishes an event and waits until it is accepted.
    pub fn publish(&mut self, marker: Marker) -> Result<(), PublishError> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => connect(self.publishing)?,
        };
        stream.write_all(&request(self.publishing, marker))?;
        let (head, body) = answer(&mut stream)?;
        if !(200..300).contains(&head.status) {
            let body = String::from_utf8_lossy(&body).into_owned();
            return Err(PublishError::Refused { status: head.status, body });
        }
        self.stream = Some(stream);
        Ok(())
    }
}

fn connect(publishing: &Publishing) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&publishing.to.socket, PATIENCE)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

fn request(Publishing { to, body, media_type, token }: &Publishing, marker: Marker) -> Vec<u8> {
    let body = body.replace("{marker}", &marker.to_string());
    let authorization = token.as_ref().map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
    format!(
        "POST {} HTTP/1.1\r\nhost: {}\r\n{authorization}content-type: {media_type}\r\ncontent-length: {}\r\n\r\n{body}",
        to.path,
        to.socket,
        body.len()
    )
    .into_bytes()
}

/// Reads one whole answer, so that the connection can be used again.
fn answer(stream: &mut TcpStream) -> Result<(Head, Vec<u8>), PublishError> {
    let (mut text, mut buffer) = (Vec::new(), [0; 4096]);
    let mut more = |text: &mut Vec<u8>| match stream.read(&mut buffer)? {
        0 => Err(io::Error::from(io::ErrorKind::UnexpectedEof)),
        n => {
            text.extend_from_slice(buffer.get(..n).unwrap_or_default());
            Ok(())
        }
    };
    let (head, length) = loop {
        if let Some(read) = Head::read(&text)? {
            break read;
        }
        more(&mut text)?;
    };
    let mut raw = text.split_off(length);
    if head.framing == Framing::Plain {
        let length = head.length.unwrap_or(0).min(MAX_HEAD);
        while raw.len() < length {
            more(&mut raw)?;
        }
        return Ok((head, raw));
    }
    let (mut body, mut decoded) = (Body::new(head.framing), Vec::new());
    loop {
        body.decode(&raw, &mut decoded)?;
        if body == Body::Over {
            return Ok((head, decoded));
        }
        raw.clear();
        more(&mut raw)?;
    }
}

#[cfg(test)]
mod tests {
    use super::request;
    use crate::{
        args::{Address, Publishing},
        marker::Marker,
    };

    #[test]
    fn the_marker_is_in_the_body() {
        let to = Address { socket: ([127, 0, 0, 1], 80).into(), path: "/x".to_owned() };
        let body = "<{marker}>".to_owned();
        let publishing = Publishing { to, body, media_type: "text/plain".to_owned(), token: Some("t".to_owned()) };
        let text = String::from_utf8(request(&publishing, Marker { sequence: 1, sent_us: 2 })).unwrap();
        assert!(text.starts_with("POST /x HTTP/1.1\r\nhost: 127.0.0.1:80\r\nauthorization: Bearer t\r\n"), "{text}");
        assert!(text.ends_with("content-length: 33\r\n\r\n<bench-0000000001-00000000000002>"), "{text}");
    }
}
