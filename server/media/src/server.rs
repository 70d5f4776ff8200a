//! The handle that the rest of the application holds.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use crate::command::{self, Command, Opening, Side};
use crate::config::Config;
use crate::engine;
use crate::error::Error;
use crate::event::Event;
use crate::ids::{SessionId, StreamId, ViewerId};
use crate::negotiate::{Negotiated, Negotiator};
use crate::outbox;
use crate::socket;
use crate::stats::{Counters, StreamStats, Totals};

/// An accepted session.
#[derive(Clone, Debug)]
pub struct Answer {
    /// What ends the session again; belongs into the `Location` header.
    pub session: SessionId,
    /// The SDP answer; the body of the `201 Created`. It holds all candidates: there is no trickle ICE.
    pub sdp: String,
}

/// The media plane. Cheap to clone; the media thread ends when the last clone is dropped.
#[derive(Clone)]
pub struct MediaServer {
    commands: mpsc::Sender<Command>,
    negotiator: Arc<Negotiator>,
    counters: Arc<Counters>,
}

impl MediaServer {
    /// Opens the port and starts the media thread.
    ///
    /// The receiver must be read. When it ends although the server was not shut down, the media thread has died of
    /// a bug; every call then gives [`Error::Stopped`].
    pub fn start(config: Config) -> io::Result<(Self, mpsc::Receiver<Event>)> {
        let socket = socket::bind(config.bind)?;
        let bound = socket.local_addr()?;
        let negotiator =
            Negotiator::new(bound, config.clone()).ok_or_else(|| io::Error::other("cannot make a DTLS certificate"))?;
        let (commands, inbox) = mpsc::channel(command::CAPACITY);
        let (outgoing, events) = mpsc::channel(outbox::CAPACITY);
        let counters = Arc::new(Counters::default());
        engine::spawn(socket, config, inbox, outgoing, Arc::clone(&counters))?;
        let server = Self { commands, negotiator: Arc::new(negotiator), counters };
        tracing::info!(candidates = ?server.local_candidates(), "media server started");
        Ok((server, events))
    }

    /// Answers a WHIP offer (RFC 9725): the peer will publish `stream`, instead of whoever does so now.
    ///
    /// `host` is the address by which the peer reached the HTTP server, if it named one as a literal.
    pub async fn publish(&self, stream: StreamId, offer: &str, host: Option<IpAddr>) -> Result<Answer, Error> {
        self.ask(|reply| Command::Admit { stream, reply }).await??;
        let negotiated = self.negotiator.publish(offer, host)?;
        self.open(stream, Side::Publish, negotiated).await
    }

    /// Answers a WHEP offer: the peer will receive `stream`, which must have a publisher now.
    ///
    /// A viewer who is not `counted` (the preview of the one who publishes) does not show in
    /// [`Event::Viewers`]. For `host` see [`publish`](Self::publish).
    pub async fn watch(
        &self,
        stream: StreamId,
        viewer: ViewerId,
        counted: bool,
        offer: &str,
        host: Option<IpAddr>,
    ) -> Result<Answer, Error> {
        let sent = self.ask(|reply| Command::Formats { stream, viewer, reply }).await??;
        let negotiated = self.negotiator.watch(offer, host, &sent)?;
        self.open(stream, Side::Watch { viewer, counted }, negotiated).await
    }

    /// Ends one session, as its owner's DELETE asks for. `false`: there is no such session, any more.
    pub async fn close(&self, session: SessionId) -> bool {
        self.ask(|reply| Command::Close { session, reply }).await.unwrap_or(false)
    }

    /// Ends the publisher and all viewers of a stream. Emits [`Event::Viewers`] if there were any, but no
    /// [`Event::Interrupted`]: the caller knows.
    pub async fn close_stream(&self, stream: StreamId) {
        // A stopped server has no streams.
        let _ = self.ask(|reply| Command::CloseStream { stream, reply }).await;
    }

    /// Ends all sessions in which this viewer watches this stream.
    pub async fn close_viewer(&self, stream: StreamId, viewer: ViewerId) {
        // A stopped server has no viewers.
        let _ = self.ask(|reply| Command::CloseViewer { stream, viewer, reply }).await;
    }

    /// How a stream is doing; `None` if nobody publishes or watches it.
    pub async fn stats(&self, stream: StreamId) -> Option<StreamStats> {
        self.ask(|reply| Command::Stats { stream, reply }).await.ok().flatten()
    }

    /// How the whole server is doing, without asking the media thread.
    pub fn totals(&self) -> Totals {
        self.counters.totals()
    }

    /// The addresses that answers give to peers.
    pub fn local_candidates(&self) -> Vec<SocketAddr> {
        self.negotiator.candidates(None)
    }

    /// Ends all sessions and the media thread.
    pub async fn shutdown(&self) {
        // Twice is not an error.
        let _ = self.ask(|reply| Command::Shutdown { reply }).await;
    }

    async fn open(&self, stream: StreamId, side: Side, mut negotiated: Negotiated) -> Result<Answer, Error> {
        let session = SessionId::new()?;
        let sdp = std::mem::take(&mut negotiated.answer);
        let opening = Opening { session, stream, side, negotiated: Box::new(negotiated) };
        self.ask(|reply| Command::Open { opening, reply }).await??;
        Ok(Answer { session, sdp })
    }

    async fn ask<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Result<T, Error> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(command(reply)).await.or(Err(Error::Stopped))?;
        answer.await.or(Err(Error::Stopped))
    }
}

impl std::fmt::Debug for MediaServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MediaServer").field("totals", &self.totals()).finish_non_exhaustive()
    }
}
