//! How quickly a request must arrive: one rule for all routes, so that nobody holds a connection with one that never ends.
//!
//! - The head must be here within ten seconds (`serve`).
//! - The body must bring [`LEAST`] in every [`STEP`], or its end.
//! - And all in all a request has the time of its route, its answer included: ten seconds, or for pictures, which a slow
//!   connection may need longer for, ninety (`router`).
//!
//! Whoever is waited for in vain is told so with status 408, instead of that the server is busy.

use crate::http::problem::Problem;
use axum::{
    body::{Body, Bytes, HttpBody},
    extract::Request,
    http::StatusCode,
    middleware::Next,
    response::{IntoResponse, Response},
};
use http_body::{Frame, SizeHint};
use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};
use tokio::time::{Instant, Sleep, sleep};

/// As long as a mobile connection may be without a signal.
const STEP: Duration = Duration::from_secs(10);
/// 4 KiB a second, in bytes. A picture of the largest size that came no quicker would not be here in time anyway.
const LEAST: usize = 40 * 1024;

pub(crate) async fn require(request: Request, next: Next) -> Response {
    require_in(STEP, request, next).await
}

async fn require_in(step: Duration, request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let is_awaited = Arc::new(AtomicBool::new(false));
    let response = next.run(request.map(|body| Body::new(Paced::new(body, step, Arc::clone(&is_awaited))))).await;
    if is_awaited.load(Ordering::Relaxed) { too_slow() } else { response }
}

fn too_slow() -> Response {
    let error = domain::Error::invalid("body", "What you sent came too slowly. Please try again.");
    let mut response = Problem(error).into_response();
    *response.status_mut() = StatusCode::REQUEST_TIMEOUT;
    response
}

/// A body that must go on.
struct Paced {
    body: Body,
    /// Whether somebody waits for more, or gave up while waiting.
    is_awaited: Arc<AtomicBool>,
    /// How much came in this step.
    arrived: usize,
    step: Duration,
    /// When this step ends. The first begins when there is something to wait for.
    end: Option<Pin<Box<Sleep>>>,
}

impl Paced {
    fn new(body: Body, step: Duration, is_awaited: Arc<AtomicBool>) -> Self {
        Self { body, is_awaited, arrived: 0, step, end: None }
    }
}

impl HttpBody for Paced {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = &mut *self;
        let polled = Pin::new(&mut this.body).poll_frame(context);
        this.is_awaited.store(polled.is_pending(), Ordering::Relaxed);
        if let Poll::Ready(frame) = polled {
            let data = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref());
            this.arrived += data.map_or(0, Bytes::len);
            return Poll::Ready(frame);
        }
        let end = this.end.get_or_insert_with(|| Box::pin(sleep(this.step)));
        while end.as_mut().poll(context).is_ready() {
            if this.arrived < LEAST {
                return Poll::Ready(Some(Err(axum::Error::new(io::Error::from(io::ErrorKind::TimedOut)))));
            }
            this.arrived = 0;
            end.as_mut().reset(Instant::now() + this.step);
        }
        Poll::Pending
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::{LEAST, require_in};
    use axum::{
        Router,
        body::{Body, Bytes},
        extract::Request,
        http::StatusCode,
        middleware::from_fn,
        routing::post,
    };
    use futures::{Stream, StreamExt, stream};
    use std::{convert::Infallible, time::Duration};
    use tower::ServiceExt;

    const STEP: Duration = Duration::from_millis(200);

    /// So many bytes, twenty times in a step.
    fn beats(bytes: usize) -> impl Stream<Item = Bytes> {
        stream::repeat(Bytes::from(vec![b'x'; bytes])).then(async |bytes| {
            tokio::time::sleep(STEP / 20).await;
            bytes
        })
    }

    async fn status(path: &str, body: impl Stream<Item = Bytes> + Send + 'static) -> StatusCode {
        let pace = from_fn(|request, next| require_in(STEP, request, next));
        let router = Router::new().route("/read", post(async |_: Bytes| ())).route("/leave", post(async || ())).layer(pace);
        let body = Body::from_stream(body.map(Ok::<_, Infallible>));
        router.oneshot(Request::post(path).body(body).unwrap()).await.unwrap().status()
    }

    #[tokio::test]
    async fn what_goes_on_may_take_long() {
        assert_eq!(status("/read", beats(LEAST / 2).take(60)).await, StatusCode::OK);
        assert_eq!(status("/read", beats(1).take(2)).await, StatusCode::OK, "or is short");
    }

    #[tokio::test]
    async fn what_does_not_is_given_up() {
        assert_eq!(status("/read", stream::pending()).await, StatusCode::REQUEST_TIMEOUT);
        assert_eq!(status("/read", beats(1)).await, StatusCode::REQUEST_TIMEOUT);
        assert_eq!(status("/read", beats(LEAST).take(1).chain(stream::pending())).await, StatusCode::REQUEST_TIMEOUT);
    }

    #[tokio::test]
    async fn an_answer_that_waits_for_no_body_is_given() {
        assert_eq!(status("/leave", stream::pending()).await, StatusCode::OK);
    }
}
