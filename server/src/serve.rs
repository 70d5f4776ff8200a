//! The accept loop: hyper with limits that `axum::serve` does not have.
//!
//! A connection must send its first byte and its head in time, a dead peer is noticed, and at the end everything that
//! runs may finish while streams are asked to leave.

mod lingering;

use crate::PeerAddress;
use axum::{Router, body::Body, http::Request};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
};
use lingering::Lingering;
use socket2::{SockRef, TcpKeepalive};
use std::{io, net::SocketAddr, time::Duration};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// Until when the first byte, and then the whole head, must be here.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// The largest head of a request.
const MAX_HEAD: usize = 16 * 1024;
/// How long running requests may take to finish at the end.
const DRAIN_TIME: Duration = Duration::from_secs(8);
/// After how long unacknowledged data means that the peer is gone.
const PEER_TIMEOUT: Duration = Duration::from_secs(20);

/// Serves until `stopped`, then lets what runs finish.
pub async fn serve(listener: TcpListener, router: Router, stopped: CancellationToken) {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIME).max_buf_size(MAX_HEAD);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(PEER_TIMEOUT)
        .keep_alive_timeout(PEER_TIMEOUT)
        .max_concurrent_streams(128)
        .max_header_list_size(16 * 1024);
    let graceful = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            () = stopped.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, most often: wait for some connection to end rather than spin.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        if let Err(error) = configure(&stream) {
            tracing::debug!(%error, "a connection was gone at once");
            continue;
        }
        let (builder, router, watcher, stopped) = (builder.clone(), router.clone(), graceful.watcher(), stopped.clone());
        tokio::spawn(async move {
            // hyper starts its own clock only after it has seen which protocol is spoken.
            let mut first_byte = [0];
            let first = tokio::select! {
                // A browser opens connections that it may never use.
                () = stopped.cancelled() => return,
                first = tokio::time::timeout(HEAD_TIME, stream.peek(&mut first_byte)) => first,
            };
            if !matches!(first, Ok(Ok(1))) {
                return;
            }
            let service = hyper::service::service_fn(move |request| answer(router.clone(), request, address));
            let connection = builder.serve_connection_with_upgrades(TokioIo::new(Lingering::new(stream, stopped)), service);
            if let Err(error) = watcher.watch(connection.into_owned()).await {
                tracing::debug!(%error, "a connection ended early");
            }
        });
    }
    drop(listener);
    if tokio::time::timeout(DRAIN_TIME, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests did not finish in time");
    }
}

async fn answer(
    router: Router,
    request: Request<Incoming>,
    address: SocketAddr,
) -> Result<axum::response::Response, std::convert::Infallible> {
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(PeerAddress(address.ip()));
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
