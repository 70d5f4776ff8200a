//! How sessions begin and end, and who is told.

use std::time::Duration;

use crate::support::{Stage, soon, stream, viewer};
use media::client::VideoCodec;
use media::{Config, Error, Event, SessionId};

#[tokio::test]
async fn closing_the_session_interrupts_the_stream() {
    let mut stage = Stage::new();
    let publisher = stage.publish(stream(1)).await;
    stage.expect(Event::Started { stream: stream(1) }).await;
    let session = publisher.session;

    assert!(stage.server.close(session).await);
    stage.expect(Event::Interrupted { stream: stream(1) }).await;
    publisher.ended().await;
    assert!(!stage.server.close(session).await, "twice");
    assert!(!stage.server.close("00000000000000000000000000000000".parse::<SessionId>().unwrap()).await, "unknown");
}

#[tokio::test]
async fn silence_interrupts_the_stream() {
    let mut stage = Stage::with(Config { silence: Duration::from_millis(700), ..Config::default() });
    let publisher = stage.publish(stream(1)).await;
    stage.expect(Event::Started { stream: stream(1) }).await;
    publisher.vanish().await;
    stage.expect(Event::Interrupted { stream: stream(1) }).await;
    assert_eq!(stage.server.stats(stream(1)).await, None);
}

#[tokio::test]
async fn who_never_connects_is_forgotten_and_never_announced() {
    let mut stage = Stage::with(Config { setup: Duration::from_millis(100), ..Config::default() });
    stage.server.publish(stream(1), &offer(), None).await.unwrap();
    soon("the session is forgotten", async {
        while stage.server.totals().publishers > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    stage.expect_silence();
}

#[tokio::test]
async fn closing_a_stream_ends_everybody() {
    let mut stage = Stage::new();
    let publisher = stage.publish(stream(1)).await;
    stage.expect(Event::Started { stream: stream(1) }).await;
    let mut watching = stage.watch(stream(1), viewer(1)).await;
    watching.connected().await;
    stage.expect(Event::Viewers { stream: stream(1), viewers: 1 }).await;

    stage.server.close_stream(stream(1)).await;
    publisher.ended().await;
    watching.ended().await;
    stage.expect(Event::Viewers { stream: stream(1), viewers: 0 }).await;
    stage.expect_silence();
    let refused = stage.try_watch(stream(1), viewer(1), true, &[VideoCodec::Vp8]).await;
    assert_eq!(refused.err(), Some(Error::NotLive));
}

#[tokio::test]
async fn closing_a_viewer_ends_all_its_sessions_and_no_others() {
    let stage = Stage::new();
    let _publisher = stage.publish(stream(1)).await;
    let mut first = stage.watch(stream(1), viewer(1)).await;
    let mut second = stage.watch(stream(1), viewer(1)).await;
    let mut other = stage.watch(stream(1), viewer(2)).await;
    first.video().await;
    second.video().await;
    other.video().await;

    stage.server.close_viewer(stream(1), viewer(1)).await;
    first.ended().await;
    second.ended().await;
    other.video().await;
    assert_eq!(stage.server.totals().viewers, 1);
}

#[tokio::test]
async fn people_are_counted_and_not_sessions() {
    let mut stage = Stage::new();
    let id = stream(1);
    let _publisher = stage.publish(id).await;
    stage.expect(Event::Started { stream: id }).await;

    let mut preview = stage.try_watch(id, viewer(9), false, &[VideoCodec::Vp8]).await.unwrap();
    preview.video().await;
    let mut first = stage.watch(id, viewer(1)).await;
    first.video().await;
    stage.expect(Event::Viewers { stream: id, viewers: 1 }).await;
    let mut again = stage.watch(id, viewer(1)).await;
    again.video().await;
    let mut second = stage.watch(id, viewer(2)).await;
    second.video().await;
    stage.expect(Event::Viewers { stream: id, viewers: 2 }).await;

    again.leave();
    second.leave();
    stage.expect(Event::Viewers { stream: id, viewers: 1 }).await;
    first.leave();
    stage.expect(Event::Viewers { stream: id, viewers: 0 }).await;
    preview.leave();
}

#[tokio::test]
async fn a_shut_down_server_says_so() {
    let mut stage = Stage::new();
    let publisher = stage.publish(stream(1)).await;
    stage.expect(Event::Started { stream: stream(1) }).await;
    stage.server.shutdown().await;
    stage.server.shutdown().await;
    publisher.ended().await;
    assert_eq!(stage.try_publish(stream(1), VideoCodec::Vp8).await.err(), Some(Error::Stopped));
    assert!(!stage.server.close("00000000000000000000000000000000".parse::<SessionId>().unwrap()).await);
}

fn offer() -> String {
    use media::client::{Goal, Offer};
    Offer::new(Goal::Publish, &[VideoCodec::Vp8], true).unwrap().sdp().to_owned()
}
