//! A plain HTTP/1.1 connection whose socket may be taken from hyper in the middle of an answer.
//!
//! The answer to hand over has a body that never says anything. When hyper asks for the body it has put the head into its
//! buffer, and it flushes the socket only when that buffer is empty: the flush after the question means that the head is
//! written. Then hyper has nothing left to do, and the socket is taken from it. All other answers go their usual way.

use super::lingering::Lingering;
use crate::http::events::reactor::Arrival;
use bytes::Bytes;
use http_body::Frame;
use hyper::{
    Request, Response,
    body::{Body, Incoming},
    rt::{Read, ReadBufCursor, Write},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use std::{
    convert::Infallible,
    future::{Future, poll_fn},
    io::{self, IoSlice},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

/// The place in which an answer leaves what the socket is handed over to. One for each connection; cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Handover(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// The head is in hyper's buffer.
    arrival: Option<Arrival>,
    /// It is written.
    is_written: bool,
}

impl Handover {
    /// The body of an answer whose socket is to be handed over.
    pub(crate) fn body(&self, arrival: Arrival) -> axum::body::Body {
        axum::body::Body::new(Silence { arrival: Some(arrival), handover: self.clone() })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_written(&self) -> bool {
        self.state().is_written
    }
}

/// A body that says nothing. Dropped before hyper asks for it, it takes the reader along.
struct Silence {
    arrival: Option<Arrival>,
    handover: Handover,
}

impl Body for Silence {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(arrival) = self.arrival.take() {
            self.handover.state().arrival = Some(arrival);
        }
        Poll::Pending
    }
}

/// A socket that notices when everything is written.
struct Watched {
    io: TokioIo<Lingering<TcpStream>>,
    handover: Handover,
}

impl Read for Watched {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(context, buffer)
    }
}

impl Write for Watched {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.io).poll_flush(context);
        if matches!(flushed, Poll::Ready(Ok(()))) {
            let mut state = self.handover.state();
            state.is_written = state.arrival.is_some();
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(context, parts)
    }
}

/// Serves a connection until it ends or an answer uses `handover`. After `stopped` it ends with the request that runs.
pub(super) async fn serve<F, A>(
    builder: &http1::Builder,
    stream: Lingering<TcpStream>,
    handover: Handover,
    answer: F,
    stopped: CancellationToken,
) where
    F: Fn(Request<Incoming>) -> A + Unpin,
    A: Future<Output = Result<Response<axum::body::Body>, Infallible>> + Send + 'static,
{
    let service = service_fn(move |request| Box::pin(answer(request)));
    let io = Watched { io: TokioIo::new(stream), handover: handover.clone() };
    let mut connection = builder.serve_connection(io, service);
    let mut stopping = Some(Box::pin(stopped.cancelled_owned()));
    let ended = poll_fn(|context| {
        if stopping.as_mut().is_some_and(|stopped| stopped.as_mut().poll(context).is_ready()) {
            stopping = None;
            Pin::new(&mut connection).graceful_shutdown();
        }
        match Pin::new(&mut connection).poll(context) {
            Poll::Ready(result) => Poll::Ready(Some(result)),
            Poll::Pending if handover.is_written() => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    });
    match ended.await {
        Some(Ok(())) => {}
        Some(Err(error)) => tracing::debug!(%error, "a connection ended early"),
        None => {
            let arrival = handover.state().arrival.take();
            let socket = connection.into_parts().io.io.into_inner().into_inner().into_std();
            match (arrival, socket) {
                (Some(arrival), Ok(socket)) => arrival.arrive(socket),
                (_, Err(error)) => tracing::debug!(%error, "a connection could not be handed over"),
                (None, Ok(_)) => {}
            }
        }
    }
}
