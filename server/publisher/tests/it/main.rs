//! The publisher and the viewer against a real media server, over HTTP and UDP.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail as tests do")]

mod host;

use std::time::Duration;

use host::Host;
use media::Event;
use publisher::picture::Style;
use publisher::publish::{PublishError, Settings, State, publish};
use publisher::watch::watch;
use publisher::whip::WhipError;
use tokio::sync::{mpsc, watch as signal};

fn settings(host: &Host, key: &str) -> Settings {
    Settings {
        url: host.url("/whip"),
        key: key.to_owned().into(),
        style: Style { title: "Algebra".to_owned(), seed: 1, bars: false, marks: true },
        width: 320,
        height: 180,
        fps: 15,
        bitrate: 200_000,
        reconnect: true,
    }
}

/// Publishes in the background: what it says, how to stop it, how it ended.
fn start(
    settings: Settings,
) -> (mpsc::UnboundedReceiver<State>, signal::Sender<bool>, tokio::task::JoinHandle<Result<(), PublishError>>) {
    let (stop, stopped) = signal::channel(false);
    let (told, heard) = mpsc::unbounded_channel();
    let task = tokio::spawn(publish(settings, stopped, move |state| told.send(state.clone()).unwrap_or_default()));
    (heard, stop, task)
}

#[tokio::test]
async fn a_viewer_gets_pictures_and_sound() {
    let mut host = Host::new("secret").await;
    let (mut states, stop, task) = start(settings(&host, "secret"));
    assert_eq!(states.recv().await, Some(State::Connecting));
    assert_eq!(states.recv().await, Some(State::Live));
    assert!(matches!(host.events.recv().await, Some(Event::Started { .. })));

    let report = watch(host.url("/whep"), None, Duration::from_secs(3)).await.unwrap();
    assert!(report.first_packet_ms.is_some_and(|ms| ms < 2_000), "{report:?}");
    assert!(report.packets > 30 && report.keyframes >= 1 && report.audio_packets > 50, "{report:?}");
    assert_eq!((report.lost, report.closed), (0, false));

    stop.send(true).unwrap();
    task.await.unwrap().unwrap();
    assert_eq!(states.recv().await, Some(State::Ended));
    while !matches!(host.events.recv().await, Some(Event::Interrupted { .. })) {}
    assert_eq!(host.server.totals().publishers, 0);
}

#[tokio::test]
async fn a_wrong_key_is_the_end() {
    let host = Host::new("secret").await;
    let (_, _stop, task) = start(settings(&host, "guess"));
    match task.await.unwrap() {
        Err(PublishError::Whip(WhipError::Refused { status, text })) => {
            assert_eq!((status.as_u16(), text.as_str()), (401, "wrong key"));
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn who_is_thrown_out_comes_back() {
    let host = Host::new("secret").await;
    let (mut states, stop, task) = start(settings(&host, "secret"));
    while states.recv().await != Some(State::Live) {}
    host.server.close_stream(host.stream).await;
    assert!(matches!(states.recv().await, Some(State::Lost(..))));
    while states.recv().await != Some(State::Live) {}
    stop.send(true).unwrap();
    task.await.unwrap().unwrap();
}

#[tokio::test]
async fn without_reconnecting_a_loss_is_the_end() {
    let host = Host::new("secret").await;
    let (mut states, _stop, task) = start(Settings { reconnect: false, ..settings(&host, "secret") });
    while states.recv().await != Some(State::Live) {}
    host.server.close_stream(host.stream).await;
    assert!(matches!(task.await.unwrap(), Err(PublishError::Lost)));
}

#[tokio::test]
async fn a_missing_server_is_waited_for() {
    let host = Host::new("secret").await;
    let nobody = Settings { url: "http://127.0.0.1:1/whip".parse().unwrap(), ..settings(&host, "secret") };
    let (mut states, stop, task) = start(nobody);
    while !matches!(states.recv().await, Some(State::Lost(..))) {}
    stop.send(true).unwrap();
    task.await.unwrap().unwrap();
}

#[tokio::test]
async fn there_is_nothing_to_watch_before() {
    let host = Host::new("secret").await;
    let error = watch(host.url("/whep"), None, Duration::from_secs(1)).await.unwrap_err();
    assert_eq!(error.to_string(), "404 Not Found: the stream is not live");
}
