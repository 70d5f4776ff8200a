//! The requests of a connection, by which it is told that nobody uses it any more.
//!
//! HTTP/1.1 is waited for as long as for any head. A client that speaks HTTP/2 answers pings by itself and could stay for
//! good without ever asking.

use axum::{body::Body, response::Response};
use http_body_util::BodyExt;
use std::{sync::Arc, time::Duration};
use tokio::sync::Notify;
use tokio_util::task::{TaskTracker, task_tracker::TaskTrackerToken};

/// What runs over one connection. Cheap to clone.
#[derive(Clone)]
pub(super) struct Requests {
    running: TaskTracker,
    began: Arc<Notify>,
}

/// A request that is not yet answered in full.
pub(super) struct Running(TaskTrackerToken);

impl Requests {
    pub(super) fn new() -> Self {
        let running = TaskTracker::new();
        // Only so can it be waited for.
        running.close();
        Self { running, began: Arc::default() }
    }

    pub(super) fn begin(&self) -> Running {
        let running = Running(self.running.token());
        self.began.notify_one();
        running
    }

    /// Ends when nothing has run for so long.
    pub(super) async fn idle(&self, time: Duration) {
        loop {
            self.running.wait().await;
            tokio::select! {
                () = tokio::time::sleep(time) => return,
                () = self.began.notified() => {}
            }
        }
    }
}

impl Running {
    /// It runs until the body of its answer is written, or given up.
    pub(super) fn until_written(self, response: Response) -> Response {
        let keep = move |error| {
            let _running = &self.0;
            error
        };
        response.map(|body| Body::new(body.map_err(keep)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Server;
    use axum::{
        Router,
        body::{Body, Bytes},
        routing::get,
    };
    use futures::channel::mpsc;
    use http_body_util::{BodyExt, Empty};
    use hyper::{Request, client::conn::http2};
    use hyper_util::rt::{TokioExecutor, TokioIo};
    use std::{
        convert::Infallible,
        net::Ipv4Addr,
        sync::{Arc, Mutex},
        time::Duration,
    };
    use tokio::net::{TcpListener, TcpStream};
    use tokio_util::sync::CancellationToken;

    const IDLE_TIME: Duration = Duration::from_millis(200);

    /// Serves one connection and speaks HTTP/2 over it. The second future ends with the connection.
    async fn connect(router: Router) -> (http2::SendRequest<Empty<Bytes>>, impl Future<Output = ()>) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (accepted, address) = listener.accept().await.unwrap();
        let server = Server { idle_time: IDLE_TIME, ..Server::new(router, None, CancellationToken::new()) };
        tokio::spawn(async move { server.serve(accepted, address).await });
        let (requests, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
        let connection = tokio::spawn(connection);
        (requests, async move { connection.await.unwrap().unwrap() })
    }

    #[tokio::test]
    async fn a_connection_that_nobody_uses_is_closed() {
        let (mut requests, ended) = connect(Router::new().route("/", get(async || "answer"))).await;
        let answer = requests.send_request(Request::new(Empty::new())).await.unwrap();
        assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "answer");
        ended.await;
    }

    #[tokio::test]
    async fn a_connection_that_is_asked_nothing_at_all_is_closed() {
        let (_requests, ended) = connect(Router::new()).await;
        ended.await;
    }

    #[tokio::test]
    async fn a_stream_that_is_silent_for_long_is_no_idle_connection() {
        let (words, said) = mpsc::unbounded::<Result<&str, Infallible>>();
        let said = Arc::new(Mutex::new(Some(said)));
        let stream = async move || Body::from_stream(said.lock().unwrap().take().unwrap());
        let (mut requests, ended) = connect(Router::new().route("/", get(stream))).await;
        let mut answer = requests.send_request(Request::new(Empty::new())).await.unwrap().into_body();
        tokio::time::sleep(5 * IDLE_TIME).await;
        words.unbounded_send(Ok("still here")).unwrap();
        assert_eq!(answer.frame().await.unwrap().unwrap().into_data().unwrap(), "still here");
        drop(words);
        assert!(answer.collect().await.unwrap().to_bytes().is_empty(), "and it may end as it should");
        ended.await;
    }
}
