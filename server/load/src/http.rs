//! What a reader needs of HTTP/1.1 (RFC 9112): the head of a response, and its body with or without chunks.

/// The longest head that is waited for.
pub const MAX_HEAD: usize = 16 * 1024;

/// The server does not speak HTTP as expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not HTTP/1.1")]
pub struct Malformed;

/// The head of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    pub status: u16,
    pub framing: Framing,
    /// Of the body, where it was said.
    pub length: Option<usize>,
    /// Whether the body is compressed by gzip or Brotli.
    pub is_compressed: bool,
}

/// How the end of a body is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Framing {
    /// By its length, or by the end of the connection.
    #[default]
    Plain,
    Chunked,
}

impl Head {
    /// Reads a head, and how many bytes it takes. None while it is incomplete.
    pub fn read(bytes: &[u8]) -> Result<Option<(Self, usize)>, Malformed> {
        let mut headers = [httparse::EMPTY_HEADER; 64];
        let mut response = httparse::Response::new(&mut headers);
        let parsed = response.parse(bytes).map_err(|_refused| Malformed)?;
        let httparse::Status::Complete(length_of_head) = parsed else {
            return if bytes.len() > MAX_HEAD { Err(Malformed) } else { Ok(None) };
        };
        let value = |name: &str| {
            let header = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
            header.and_then(|header| std::str::from_utf8(header.value).ok())
        };
        let is_chunked = value("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked"));
        let length = value("content-length").and_then(|value| value.trim().parse().ok());
        let framing = if is_chunked { Framing::Chunked } else { Framing::Plain };
        let is_compressed = value("content-encoding").is_some_and(|value| matches!(value.trim(), "gzip" | "br"));
        Ok(Some((Self { status: response.code.ok_or(Malformed)?, framing, length, is_compressed }, length_of_head)))
    }
}

/// Takes the frames off a body that comes in pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Body {
    #[default]
    Plain,
    /// Within the size of a chunk.
    Size(u32),
    /// So many bytes of a chunk are to come.
    Data(u32),
    /// Within the line break after a chunk.
    DataEnd,
    /// The last chunk came.
    Over,
}

impl Body {
    pub fn new(framing: Framing) -> Self {
        match framing {
            Framing::Plain => Self::Plain,
            Framing::Chunked => Self::Size(0),
        }
    }

    /// Appends what the next bytes of a connection hold of the body.
    pub fn decode(&mut self, mut input: &[u8], output: &mut Vec<u8>) -> Result<(), Malformed> {
        while let Some((&first, rest)) = input.split_first() {
            match *self {
                Self::Plain => {
                    output.extend_from_slice(input);
                    return Ok(());
                }
                Self::Over => return Ok(()),
                Self::Size(size) => {
                    input = rest;
                    *self = match (first, char::from(first).to_digit(16)) {
                        (_, Some(digit)) => Self::Size(size.checked_mul(16).ok_or(Malformed)? + digit),
                        (b'\r', None) => Self::Size(size),
                        (b'\n', None) if size == 0 => Self::Over,
                        (b'\n', None) => Self::Data(size),
                        _ => return Err(Malformed),
                    };
                }
                Self::Data(left) => {
                    let n = input.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                    let (data, after) = input.split_at(n);
                    output.extend_from_slice(data);
                    input = after;
                    let left = left - u32::try_from(n).unwrap_or(left);
                    *self = if left == 0 { Self::DataEnd } else { Self::Data(left) };
                }
                Self::DataEnd => {
                    input = rest;
                    match first {
                        b'\r' => {}
                        b'\n' => *self = Self::Size(0),
                        _ => return Err(Malformed),
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Body, Framing, Head, Malformed};

    #[test]
    fn heads() {
        let text = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\nrest";
        let head = Head { status: 200, framing: Framing::Chunked, length: None, is_compressed: false };
        assert_eq!(Head::read(text), Ok(Some((head, text.len() - 4))));
        assert_eq!(Head::read(b"HTTP/1.1 200 OK\r\n"), Ok(None));
        assert_eq!(Head::read(b"SSH-2.0-x\r\n\r\n"), Err(Malformed));
        let (head, _) =
            Head::read(b"HTTP/1.1 202 Accepted\r\ncontent-length: 7\r\ncontent-encoding: br\r\n\r\n").unwrap().unwrap();
        assert_eq!((head.status, head.framing, head.length, head.is_compressed), (202, Framing::Plain, Some(7), true));
    }

    #[test]
    fn chunks_come_in_any_pieces() {
        let text = b"4\r\nWiki\r\nA\r\npedia in \n\r\n1\r\n!\r\n0\r\n\r\n";
        for length in 1..text.len() {
            let (mut body, mut output) = (Body::new(Framing::Chunked), Vec::new());
            for piece in text.chunks(length) {
                body.decode(piece, &mut output).unwrap();
            }
            assert_eq!((body, output.as_slice()), (Body::Over, b"Wikipedia in \n!".as_slice()), "{length}");
        }
        let wrong = |text: &[u8]| Body::new(Framing::Chunked).decode(text, &mut Vec::new());
        assert_eq!(wrong(b"x\r\n"), Err(Malformed));
        assert_eq!(wrong(b"1\r\nab"), Err(Malformed));
        assert_eq!(wrong(b"fffffffff\r\n"), Err(Malformed));
    }
}
