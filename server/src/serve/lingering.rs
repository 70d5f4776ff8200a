//! The end of a connection as RFC 9112 section 9.6 asks for it: the server says that it is done and reads on for a while.
//!
//! Without that, whoever is still sending when the answer leaves, such as a file that is too large, is told of a broken
//! connection instead of why.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};
use tokio_util::sync::CancellationToken;

/// How long is read on. Who reads the answer closes long before.
const TIME: Duration = Duration::from_secs(2);
/// How much is thrown away meanwhile, in bytes.
const MOST: usize = 8 * 1024 * 1024;

/// A connection that is closed without haste.
pub(super) struct Lingering<S> {
    stream: S,
    /// A server that stops waits for nobody who only listens.
    stopped: CancellationToken,
    /// From the moment on in which the server was done.
    end: Option<Pin<Box<Sleep>>>,
    thrown_away: usize,
}

impl<S> Lingering<S> {
    pub(super) fn new(stream: S, stopped: CancellationToken) -> Self {
        Self { stream, stopped, end: None, thrown_away: 0 }
    }

    pub(super) fn into_inner(self) -> S {
        self.stream
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Lingering<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Lingering<S> {
    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.end.is_none() {
            ready!(Pin::new(&mut this.stream).poll_shutdown(context))?;
        }
        let end = this.end.get_or_insert_with(|| Box::pin(sleep(TIME)));
        let mut space = [0; 8 * 1024];
        while this.thrown_away < MOST && !this.stopped.is_cancelled() && end.as_mut().poll(context).is_pending() {
            let mut buffer = ReadBuf::new(&mut space);
            let read = ready!(Pin::new(&mut this.stream).poll_read(context, &mut buffer));
            if read.is_err() || buffer.filled().is_empty() {
                break;
            }
            this.thrown_away += buffer.filled().len();
        }
        Poll::Ready(Ok(()))
    }

    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }
}
