//! Connections that are dropped, and go on where they were.

use crate::{
    harness::{Browser, PATIENCE, Site},
    process::saw,
};
use backend::testing::is_full_size;
use domain::{
    Category, UserId,
    event::{Event, Topic, Update},
};
use server::config::{Config, EventConnections};
use std::{sync::Arc, time::Duration};
use tokio::{sync::Barrier, task::JoinSet};
use uuid::Uuid;

const PATH: &str = "/api/stream-updates?topics=streams";
/// Between two events.
const PACE: Duration = Duration::from_millis(20);

fn event(n: u128) -> Event {
    Event::StreamEnded { channel: UserId(Uuid::from_u128(n)), category: Category::Study }
}

/// Hears some events, drops the connection, and comes back with the position of the last one. Answers how often it came.
async fn hear_all(guest: Browser, reader: usize, n_events: u128, all_are_here: Arc<Barrier>) -> usize {
    let (mut heard, mut last, mut n_connections) = (0, String::new(), 0);
    while heard < n_events {
        let mut browser = if last.is_empty() { guest.clone() } else { guest.with("last-event-id", &last) };
        let mut events = browser.get(PATH).await.events();
        let first = events.next().await.unwrap();
        if last.is_empty() {
            assert_eq!(first.name, "resync");
            all_are_here.wait().await;
        } else {
            assert_eq!(first.name, "heartbeat", "reader {reader} goes on");
        }
        last = first.id;
        n_connections += 1;
        let until = n_events.min(heard + 1 + (reader * 7 + n_connections * 13) as u128 % 20);
        while heard < until {
            let told = events.next().await.unwrap();
            if told.name == "message" {
                heard += 1;
                let update: Update = serde_json::from_str(&told.data).unwrap();
                assert_eq!(update.event, event(heard), "reader {reader} over connection {n_connections}");
                last = told.id;
            }
        }
    }
    n_connections
}

/// F01, over real sockets and over the ordinary body.
#[tokio::test(flavor = "multi_thread")]
async fn f01_who_drops_the_connection_again_and_again_hears_everything_once() {
    let (n_readers, n_events) = if is_full_size() { (500, 500) } else { (50, 100) };
    let most = EventConnections { per_address: 10 * n_readers, ..EventConnections::default() };
    for (way, site) in
        ["an ordinary body", "sockets"].iter().zip(Site::both_ways(|config| Config { event_connections: most, ..config }).await)
    {
        let all_are_here = Arc::new(Barrier::new(n_readers + 1));
        let mut readers = JoinSet::new();
        for reader in 0..n_readers {
            readers.spawn(hear_all(site.guest(), reader, n_events, Arc::clone(&all_are_here)));
        }
        tokio::time::timeout(PATIENCE, all_are_here.wait()).await.expect("all are here");
        let mut pace = tokio::time::interval(PACE);
        for n in 1..=n_events {
            pace.tick().await;
            site.backend.events.publish(&[Topic::Streams], &event(n));
        }
        let n_connections: usize =
            tokio::time::timeout(PATIENCE, readers.join_all()).await.expect("all hear the last").into_iter().sum();
        saw(&format!(
            "F01: over {way} {n_readers} readers with {n_connections} connections heard each of {n_events} events once, in order"
        ));
    }
}
