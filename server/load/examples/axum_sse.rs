//! A server as axum's documentation shows it: `Sse` on a broadcast channel of tokio. `make bench-events` compares with it.
//!
//! `axum_sse 127.0.0.1:4001`: events at `/events`, published at `/publish`.

use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::{
        Sse,
        sse::{Event, KeepAlive},
    },
    routing::{get, post},
    serve::ListenerExt,
};
use futures::{Stream, stream};
use std::{
    convert::Infallible,
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::{
    net::TcpListener,
    sync::broadcast::{self, error::RecvError},
};

/// Events that may wait for one reader.
const QUEUE_LENGTH: usize = 64;

#[derive(Clone)]
struct Channel {
    events: broadcast::Sender<(u64, Arc<str>)>,
    sequence: Arc<AtomicU64>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:4001".to_owned());
    load::process::allow_files(65_000);
    let channel = Channel { events: broadcast::Sender::new(QUEUE_LENGTH), sequence: Arc::default() };
    let router = Router::new().route("/events", get(read)).route("/publish", post(publish)).with_state(channel);
    let listener = TcpListener::bind(address).await?.tap_io(|stream| drop(stream.set_nodelay(true)));
    Ok(axum::serve(listener, router).await?)
}

async fn read(State(channel): State<Channel>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let events = stream::unfold(channel.events.subscribe(), async |mut events| {
        loop {
            match events.recv().await {
                Ok((sequence, data)) => return Some((Ok(Event::default().id(sequence.to_string()).data(data)), events)),
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
        }
    });
    Sse::new(events).keep_alive(KeepAlive::default())
}

async fn publish(State(channel): State<Channel>, body: String) -> StatusCode {
    let sequence = channel.sequence.fetch_add(1, Ordering::Relaxed) + 1;
    // That nobody reads is no error.
    drop(channel.events.send((sequence, body.into())));
    StatusCode::ACCEPTED
}
