//! One connection of the reactor: what it is told, and how far its socket took it.
//!
//! It holds no bytes but the rest of one write that the socket did not take. What follows waits as frames, of which there
//! are no more than of any reader of the hub.

use super::super::{
    Place,
    standing::Standing,
    words::{self, Reason},
};
use backend::events::{Frame, Membership, hub::QUEUE_LENGTH};
use bytes::Bytes;
use domain::event::Topic;
use mio::net::TcpStream;
use std::{
    collections::VecDeque,
    io::{self, ErrorKind, Read, Write},
    net::Shutdown,
    sync::Arc,
};

/// The last chunk (RFC 9112 section 7.1).
const END: &[u8] = b"0\r\n\r\n";
/// A reader has nothing to say. Whoever sends more than this is cut off.
const MAX_READ: usize = 64 * 1024;

/// What a connection does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Its socket is not here yet.
    Arriving,
    Telling,
    /// Something is being looked up, and nothing is told until it is known.
    Asking,
    /// Nothing more is told. It is closed when the socket took everything.
    Leaving,
}

/// What an entry wants to be done for it.
#[derive(Debug)]
pub(super) enum Want {
    Nothing,
    /// Who is hidden from it now?
    Hidden,
    /// Did its session end, which this frame says of some session?
    Session(Arc<Frame>),
    /// It is too far behind to hear more.
    LetGo,
    /// It is over.
    Close,
}

pub(super) struct Entry {
    /// The number that the hub gave it.
    pub(super) reader: u64,
    /// What it hears of.
    pub(super) topics: Arc<[Topic]>,
    pub(super) stage: Stage,
    pub(super) stream: Option<TcpStream>,
    pub(super) membership: Option<Membership>,
    pub(super) standing: Standing,
    pub(super) place: Option<Box<Place>>,
    /// Seconds of the reactor's clock: when its last heartbeat was; when to leave; when to be closed at last.
    pub(super) beat_at: u32,
    pub(super) ends_at: u32,
    pub(super) closed_at: Option<u32>,
    /// What came before it was here, told first.
    missed: Option<Box<std::vec::IntoIter<Arc<Frame>>>>,
    frames: VecDeque<Arc<Frame>>,
    /// The sequence of the last frame that came.
    last: u64,
    /// Whether no more frames come.
    is_let_go: bool,
    unsent: Bytes,
}

/// The bytes of a frame as a chunk, which most connections share.
#[derive(Default)]
pub(super) struct Shared(Option<(Bytes, Bytes)>);

impl Shared {
    fn chunk(&mut self, bytes: &Bytes) -> Bytes {
        match &self.0 {
            Some((known, chunk)) if known.as_ptr() == bytes.as_ptr() && known.len() == bytes.len() => chunk.clone(),
            _ => {
                let made = chunk(bytes);
                self.0 = Some((bytes.clone(), made.clone()));
                made
            }
        }
    }
}

/// A chunk with these bytes.
fn chunk(bytes: &[u8]) -> Bytes {
    [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat().into()
}

impl Entry {
    pub(super) fn new(reader: u64, topics: Arc<[Topic]>) -> Self {
        Self {
            reader,
            topics,
            stage: Stage::Arriving,
            stream: None,
            membership: None,
            standing: Standing(None),
            place: None,
            beat_at: 0,
            ends_at: u32::MAX,
            closed_at: None,
            missed: None,
            frames: VecDeque::new(),
            last: 0,
            is_let_go: false,
            unsent: Bytes::new(),
        }
    }

    /// Whether the socket took everything and nothing waits.
    pub(super) fn is_idle(&self) -> bool {
        self.stage == Stage::Telling && self.unsent.is_empty() && self.missed.is_none() && self.frames.is_empty()
    }

    /// Whether a frame did not come yet, by way of another topic; it comes now.
    pub(super) fn is_new(&mut self, frame: &Frame) -> bool {
        std::mem::replace(&mut self.last, frame.position.sequence) != frame.position.sequence
    }

    /// Takes a frame, and tells it as soon as it can be told.
    pub(super) fn take(&mut self, frame: &Arc<Frame>, shared: &mut Shared) -> Want {
        match self.stage {
            Stage::Leaving => Want::Nothing,
            _ if self.is_idle() => self.tell(frame, shared),
            _ if self.frames.len() == QUEUE_LENGTH => Want::LetGo,
            _ => {
                self.frames.push_back(Arc::clone(frame));
                Want::Nothing
            }
        }
    }

    /// No more comes, but what is here is told.
    pub(super) fn let_go(&mut self, shared: &mut Shared) -> Want {
        self.is_let_go = true;
        if let Some(membership) = &self.membership {
            membership.leave();
        }
        if self.stage == Stage::Arriving {
            // It is told so when its socket is here.
            return Want::Nothing;
        }
        self.pump(shared)
    }

    /// Tells what waits, as far as the socket takes it.
    pub(super) fn pump(&mut self, shared: &mut Shared) -> Want {
        if self.flush().is_err() {
            return Want::Close;
        }
        while self.unsent.is_empty() && self.stage == Stage::Telling {
            if let Some(frame) = self.missed.as_mut().and_then(Iterator::next) {
                if self.write_frame(&frame, shared).is_err() {
                    return Want::Close;
                }
                continue;
            }
            self.missed = None;
            let Some(frame) = self.frames.pop_front() else {
                if !self.is_let_go {
                    return Want::Nothing;
                }
                return self.leave(&words::reconnect(Reason::Behind));
            };
            match self.tell(&frame, shared) {
                Want::Nothing => {}
                want => return want,
            }
        }
        if self.stage == Stage::Leaving && self.unsent.is_empty() { Want::Close } else { Want::Nothing }
    }

    /// Tells a frame now, unless something must be looked up for it.
    fn tell(&mut self, frame: &Arc<Frame>, shared: &mut Shared) -> Want {
        let Some(membership) = &self.membership else { return Want::Close };
        if membership.is_outdated_by(frame) {
            self.stage = Stage::Asking;
            return Want::Hidden;
        }
        if frame.ends_session {
            if self.standing.is_guest() {
                return Want::Nothing;
            }
            self.stage = Stage::Asking;
            return Want::Session(Arc::clone(frame));
        }
        if self.write_frame(frame, shared).is_err() { Want::Close } else { Want::Nothing }
    }

    fn write_frame(&mut self, frame: &Frame, shared: &mut Shared) -> io::Result<()> {
        let bytes = self.membership.as_ref().map(|membership| membership.bytes(frame)).unwrap_or_default();
        // A chunk without content would be the last one.
        if bytes.is_empty() { Ok(()) } else { self.write(shared.chunk(&bytes)) }
    }

    /// Says something between two frames.
    pub(super) fn say(&mut self, words: &Bytes) -> Want {
        if self.write(chunk(words)).is_err() { Want::Close } else { Want::Nothing }
    }

    /// Says a last word and ends. What waits is not told: the reader comes back and asks for it.
    pub(super) fn leave(&mut self, words: &[u8]) -> Want {
        if self.stage == Stage::Leaving {
            return Want::Nothing;
        }
        self.stage = Stage::Leaving;
        self.missed = None;
        self.frames = VecDeque::new();
        self.membership = None;
        let last = if words.is_empty() { Bytes::from_static(END) } else { [&chunk(words)[..], END].concat().into() };
        if self.write(last).is_err() || self.unsent.is_empty() { Want::Close } else { Want::Nothing }
    }

    /// The first words, and what it missed.
    pub(super) fn begin(&mut self, words: &Bytes, missed: Vec<Arc<Frame>>) -> Want {
        self.stage = Stage::Telling;
        self.missed = (!missed.is_empty()).then(|| Box::new(missed.into_iter()));
        self.say(words)
    }

    /// Reads what nobody expects, to see whether the reader is gone.
    pub(super) fn is_gone(&mut self) -> bool {
        let Some(stream) = &mut self.stream else { return false };
        let (mut buffer, mut n_read) = ([0; 4096], 0);
        loop {
            match stream.read(&mut buffer) {
                Ok(0) => return true,
                Ok(n) => n_read += n,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return error.kind() != ErrorKind::WouldBlock,
            }
            if n_read > MAX_READ {
                return true;
            }
        }
    }

    /// Closes the socket so that what was written arrives.
    pub(super) fn close(&mut self) {
        if let Some(stream) = self.stream.take() {
            // It may be gone already.
            drop(stream.shutdown(Shutdown::Write));
        }
    }

    fn write(&mut self, bytes: Bytes) -> io::Result<()> {
        self.unsent = if self.unsent.is_empty() { bytes } else { [&self.unsent[..], &bytes[..]].concat().into() };
        self.flush()
    }

    fn flush(&mut self) -> io::Result<()> {
        let Some(stream) = &mut self.stream else { return Ok(()) };
        while !self.unsent.is_empty() {
            match stream.write(&self.unsent) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(n) => drop(self.unsent.split_to(n)),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        // Nothing that was sent is held on to.
        self.unsent = Bytes::new();
        Ok(())
    }
}
