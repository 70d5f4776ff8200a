//! The accept loop: hyper with limits that `axum::serve` does not have.
//!
//! Connections that begin like HTTP/1.1 are served so that their socket can be handed over to the event reactor, see
//! `handover`; what begins with P may be either, HTTP/2 or a POST, and is served by what knows both.
//!
//! A connection must send its first byte and its head in time, and is closed when nobody uses it. A dead peer is noticed, and
//! at the end everything that runs may finish while streams are asked to leave.

pub(crate) mod handover;
mod inflow;
mod lingering;
mod opening;
mod outage;
mod requests;

use crate::{PeerAddress, Reactor};
use axum::{
    Router,
    body::Body,
    http::{Method, Request, Version},
};
use handover::Handover;
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use inflow::Inflow;
use lingering::Lingering;
use opening::Opening;
use outage::Outage;
use requests::Requests;
use socket2::{SockRef, TcpKeepalive};
use std::{
    io,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;

/// Until when the first byte, and then the whole head, must be here. Over HTTP/1.1 so must be that of each further request.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// How long an HTTP/2 connection may be without any request; for proxies and browsers, opening another costs something.
const IDLE_TIME: Duration = Duration::from_mins(5);
/// The largest head of a request.
const MAX_HEAD: usize = 16 * 1024;
/// Connections that wait to be accepted; the system may allow fewer. Of more than that, each is a second late.
const BACKLOG: u32 = 4096;
/// How long running requests may take to finish at the end.
const DRAIN_TIME: Duration = Duration::from_secs(8);
/// After how long unacknowledged data means that the peer is gone.
const PEER_TIMEOUT: Duration = Duration::from_secs(18);

/// Listens, with room for a crowd that comes at once, as it does after a restart.
///
/// # Errors
/// When the address is taken or not allowed.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // Or a restarted server would have to wait for the connections of the former to be forgotten.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Serves until `stopped`, then lets what runs finish. With a reactor, event streams are handed over to it.
pub async fn serve(listener: TcpListener, router: Router, reactor: Option<Reactor>, stopped: CancellationToken) {
    let server = Arc::new(Server::new(router, reactor.clone(), stopped.clone()));
    let (running, inflow, mut outage) = (TaskTracker::new(), Inflow::new(), Outage::default());
    loop {
        let accepted = tokio::select! {
            () = stopped.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) if is_of_the_connection(&error) => continue,
            Err(error) => {
                outage.failed(&error, Instant::now());
                // Wait for some connection to end rather than spin.
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        outage.accepted(Instant::now());
        inflow.admit().await;
        if let Err(error) = configure(&stream) {
            tracing::debug!(%error, "a connection was gone at once");
            continue;
        }
        let server = Arc::clone(&server);
        running.spawn(async move { server.serve(stream, address).await });
    }
    drop(listener);
    running.close();
    let left = async {
        if let Some(reactor) = &reactor {
            reactor.drain(DRAIN_TIME).await;
        }
    };
    let (finished, ()) = tokio::join!(tokio::time::timeout(DRAIN_TIME, running.wait()), left);
    if finished.is_err() {
        tracing::warn!("some requests did not finish in time");
    }
    if let Some(reactor) = reactor {
        reactor.stop();
    }
}

/// Whether only this one connection failed, before it was accepted.
fn is_of_the_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// What every connection needs.
struct Server {
    plain: http1::Builder,
    both: auto::Builder<TokioExecutor>,
    router: Router,
    reactor: Option<Reactor>,
    stopped: CancellationToken,
    idle_time: Duration,
}

fn plain() -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_TIME).max_buf_size(MAX_HEAD);
    builder
}

fn both() -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIME).max_buf_size(MAX_HEAD);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(PEER_TIMEOUT)
        .keep_alive_timeout(PEER_TIMEOUT)
        .max_concurrent_streams(128)
        .max_header_list_size(16 * 1024);
    builder
}

impl Server {
    fn new(router: Router, reactor: Option<Reactor>, stopped: CancellationToken) -> Self {
        Self { plain: plain(), both: both(), router, reactor, stopped, idle_time: IDLE_TIME }
    }

    async fn serve(&self, stream: TcpStream, address: SocketAddr) {
        // hyper starts its own clock only after it has seen which protocol is spoken.
        let mut first_byte = [0];
        let first = tokio::select! {
            // A browser opens connections that it may never use.
            () = self.stopped.cancelled() => return,
            first = tokio::time::timeout(HEAD_TIME, stream.peek(&mut first_byte)) => first,
        };
        if !matches!(first, Ok(Ok(1))) {
            return;
        }
        let stream = Lingering::new(stream, self.stopped.clone());
        let router = self.router.clone();
        if first_byte != *b"P" {
            let handover = Handover::default();
            let offer = self.reactor.clone().map(|reactor| (handover.clone(), reactor));
            let answer = move |request| answer(router.clone(), request, address, offer.clone());
            return handover::serve(&self.plain, stream, handover, answer, self.stopped.clone()).await;
        }
        let requests = Requests::new();
        let service = {
            let requests = requests.clone();
            hyper::service::service_fn(move |request| {
                let (running, answer) = (requests.begin(), answer(router.clone(), request, address, None));
                async move { answer.await.map(|response| running.until_written(response)) }
            })
        };
        let mut connection =
            std::pin::pin!(self.both.serve_connection_with_upgrades(TokioIo::new(Opening::new(stream)), service));
        let leave = async {
            tokio::select! {
                () = self.stopped.cancelled() => {}
                () = requests.idle(self.idle_time) => {}
            }
        };
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = leave => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection ended early");
        }
    }
}

async fn answer(
    router: Router,
    request: Request<Incoming>,
    address: SocketAddr,
    offer: Option<(Handover, Reactor)>,
) -> Result<axum::response::Response, std::convert::Infallible> {
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(PeerAddress(address.ip()));
    // Earlier versions have no chunks, and the answer to another method may have no body.
    let can_be_handed_over = request.version() == Version::HTTP_11 && request.method() == Method::GET;
    if let Some(offer) = offer.filter(|_| can_be_handed_over) {
        request.extensions_mut().insert(offer);
    }
    router.oneshot(request).await
}

fn configure(stream: &TcpStream) -> io::Result<()> {
    let socket = SockRef::from(stream);
    socket.set_tcp_nodelay(true)?;
    let keepalive = TcpKeepalive::new().with_time(Duration::from_secs(15)).with_interval(Duration::from_secs(5)).with_retries(3);
    socket.set_tcp_keepalive(&keepalive)?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(PEER_TIMEOUT))?;
    Ok(())
}
