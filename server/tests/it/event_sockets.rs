//! Event streams over TCP, where the socket of a plain connection is handed over to the reactor.

use crate::{
    harness::{PATIENCE, Site},
    process::saw,
};
use axum::body::Body;
use domain::{
    Category, UserId,
    event::{Event, Topic},
};
use http_body_util::BodyExt;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use std::time::Instant;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use uuid::Uuid;

const PATH: &str = "/api/stream-updates?topics=streams";

fn ended(n: u128) -> Event {
    Event::StreamEnded { channel: UserId(Uuid::from_u128(n)), category: Category::Study }
}

fn request(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: 127.0.0.1:3000\r\n\r\n").into_bytes()
}

/// Reads until these words came, and answers everything up to there.
async fn read_until(stream: &mut TcpStream, words: &str) -> String {
    let (mut text, mut buffer) = (Vec::new(), vec![0; 64 * 1024]);
    let read = async {
        loop {
            let n = stream.read(&mut buffer).await.unwrap();
            assert!(n > 0, "{words} before the end of {}", String::from_utf8_lossy(&text));
            let new_at = text.len().saturating_sub(words.len());
            text.extend_from_slice(&buffer[..n]);
            if text[new_at..].windows(words.len()).any(|window| window == words.as_bytes()) {
                return String::from_utf8_lossy(&text).into_owned();
            }
        }
    };
    tokio::time::timeout(PATIENCE, read).await.unwrap_or_else(|_| panic!("{words} in time"))
}

/// Waits until so many read.
async fn readers(site: &Site, n: usize) {
    let counted = async {
        while site.backend.events.hub().n_readers() != n {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, counted).await.unwrap_or_else(|_| panic!("{n} readers"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_may_be_used_before_it_is_handed_over() {
    let site = Site::on_socket(|config| config).await;
    let mut stream = TcpStream::connect(site.address()).await.unwrap();
    stream.write_all(&request("/livez")).await.unwrap();
    let first = read_until(&mut stream, "\r\n\r\n").await;
    assert!(first.starts_with("HTTP/1.1 200"), "{first}");
    stream.write_all(&request(PATH)).await.unwrap();
    let head = read_until(&mut stream, "event: resync").await;
    assert!(head.to_lowercase().contains("transfer-encoding: chunked\r\n") && head.contains("x-content-type-options"), "{head}");
    assert!(head.contains("connection: close\r\n"), "the next request goes elsewhere: {head}");
    site.backend.events.publish(&[Topic::Streams], &ended(1));
    read_until(&mut stream, "stream_ended").await;
    drop(stream);
    readers(&site, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn http2_and_refusals_go_their_usual_way() {
    let site = Site::on_socket(|config| config).await;
    let client = Client::builder(TokioExecutor::new()).http2_only(true).build::<_, Body>(HttpConnector::new());
    let uri = format!("http://{}{PATH}", site.address());
    let mut body = client.get(uri.parse().unwrap()).await.unwrap().into_body();
    let mut next = async || {
        let frame = tokio::time::timeout(PATIENCE, body.frame()).await.expect("in time").unwrap().unwrap();
        String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap()
    };
    assert!(next().await.starts_with("event: resync"));
    site.backend.events.publish(&[Topic::Streams], &ended(1));
    assert!(next().await.contains("stream_ended"));

    let mut stream = TcpStream::connect(site.address()).await.unwrap();
    stream.write_all(&request("/api/stream-updates?topics=*")).await.unwrap();
    assert!(read_until(&mut stream, "\r\n\r\n").await.starts_with("HTTP/1.1 403"));
    stream.write_all(b"POST /livez HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n").await.unwrap();
    read_until(&mut stream, "HTTP/1.1 405").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "waits until a reader is given up; `make faults` runs it"]
async fn a_reader_whose_window_stays_shut_is_given_up() {
    let site = Site::on_socket(|config| config).await;
    let client: Client<HttpConnector, Body> =
        Client::builder(TokioExecutor::new()).http2_only(true).http2_initial_stream_window_size(10).build_http();
    let uri = format!("http://{}{PATH}", site.address()).parse().unwrap();
    // It is never read.
    let unread = client.get(uri).await.unwrap();
    let began = Instant::now();
    readers(&site, 1).await;
    for n in 0..5 {
        site.backend.events.publish(&[Topic::Streams], &ended(n));
    }
    readers(&site, 0).await;
    saw(&format!("F28: a reader that left its window shut was given up after {:?}", began.elapsed()));
    drop(unread);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_reader_is_asked_to_come_back_and_misses_nothing_before() {
    let site = Site::on_socket(|config| config).await;
    let mut slow = TcpStream::connect(site.address()).await.unwrap();
    slow.write_all(&request(PATH)).await.unwrap();
    read_until(&mut slow, "event: resync").await;
    let mut quick = site.guest().get(PATH).await.events();
    assert_eq!(quick.next().await.unwrap().name, "resync");
    let change = "x".repeat(100_000);
    let mut n_published = 0;
    while site.backend.events.hub().n_readers() == 2 {
        let event = Event::Chat { channel: UserId(Uuid::from_u128(n_published)), author: None, change: change.clone() };
        site.backend.events.publish(&[Topic::Streams], &event);
        n_published += 1;
        assert!(n_published < 1000, "what may wait for a reader is bounded");
        assert!(quick.next().await.unwrap().data.contains(&Uuid::from_u128(n_published - 1).to_string()), "others do not wait");
    }
    let text = read_until(&mut slow, r#""reason":"behind"}"#).await;
    let told: Vec<u128> = text
        .split("\"channel\":\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next()?.parse::<Uuid>().ok())
        .map(|channel| channel.as_u128())
        .collect();
    assert!(told.len() > 60, "{}", told.len());
    assert!(told.iter().copied().eq(0..told.len() as u128), "in order, and none is left out: {told:?}");
    readers(&site, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_ends_when_its_readers_were_asked_to_leave() {
    let site = Site::on_socket(|config| config).await;
    let mut streams = Vec::new();
    for _ in 0..50 {
        let mut stream = TcpStream::connect(site.address()).await.unwrap();
        stream.write_all(&request(PATH)).await.unwrap();
        read_until(&mut stream, "event: resync").await;
        streams.push(stream);
    }
    readers(&site, 50).await;
    site.draining.cancel();
    for stream in &mut streams {
        let last = read_until(stream, "\r\n0\r\n\r\n").await;
        assert!(last.contains("event: reconnect"), "{last}");
        assert_eq!(stream.read(&mut [0; 16]).await.unwrap(), 0, "the end");
    }
    readers(&site, 0).await;
}
