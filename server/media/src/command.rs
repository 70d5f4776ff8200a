//! What the handle asks of the media thread.

use tokio::sync::oneshot;

use crate::codec::Formats;
use crate::error::Error;
use crate::ids::{SessionId, StreamId, ViewerId};
use crate::negotiate::Negotiated;
use crate::stats::StreamStats;

/// How many commands may wait. The tasks that have more to ask wait, too.
pub(crate) const CAPACITY: usize = 256;

/// A new session and what it is for.
pub(crate) struct Opening {
    pub(crate) session: SessionId,
    pub(crate) stream: StreamId,
    pub(crate) side: Side,
    pub(crate) negotiated: Box<Negotiated>,
}

/// Which side of the stream a new session is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Publish,
    Watch { viewer: ViewerId, counted: bool },
}

/// Each is answered once; who has stopped listening is no error.
pub(crate) enum Command {
    /// May another publisher come? Asked before the work of negotiating.
    Admit {
        stream: StreamId,
        reply: oneshot::Sender<Result<(), Error>>,
    },
    /// What is sent in this stream, for who wants to watch it?
    Formats {
        stream: StreamId,
        viewer: ViewerId,
        reply: oneshot::Sender<Result<Formats, Error>>,
    },
    Open {
        opening: Opening,
        reply: oneshot::Sender<Result<(), Error>>,
    },
    Close {
        session: SessionId,
        reply: oneshot::Sender<bool>,
    },
    CloseStream {
        stream: StreamId,
        reply: oneshot::Sender<()>,
    },
    CloseViewer {
        stream: StreamId,
        viewer: ViewerId,
        reply: oneshot::Sender<()>,
    },
    Stats {
        stream: StreamId,
        reply: oneshot::Sender<Option<StreamStats>>,
    },
    Shutdown {
        reply: oneshot::Sender<()>,
    },
}
