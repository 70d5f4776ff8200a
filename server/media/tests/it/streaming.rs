//! What viewers see: pictures from the first keyframe on, whoever publishes.

use crate::support::{Stage, Watching, stream, viewer};
use media::Event;
use media::client::VideoCodec;

#[tokio::test]
async fn a_viewer_sees_and_hears_the_publisher() {
    let mut stage = Stage::new();
    let id = stream(1);
    let _publisher = stage.publish(id).await;
    stage.expect(Event::Started { stream: id }).await;

    let mut watching = stage.watch(id, viewer(1)).await;
    watching.connected().await;
    stage.expect(Event::Viewers { stream: id, viewers: 1 }).await;
    for _ in 0..50 {
        watching.video().await;
    }
    watching.audio().await;

    let stats = stage.server.stats(id).await.unwrap();
    assert!(stats.live && stats.packets > 0 && stats.keyframe_requests > 0, "{stats:?}");
    assert_eq!((stats.video_codec, stats.audio_codec), (Some("VP8"), Some("Opus")));
    assert_eq!((stats.viewers, stats.sessions), (1, 1));
    let totals = stage.server.totals();
    assert_eq!((totals.publishers, totals.viewers, totals.failures), (1, 1, 0));
}

#[tokio::test]
async fn h264_is_forwarded_too() {
    let stage = Stage::new();
    let _publisher = stage.try_publish(stream(1), VideoCodec::H264).await.unwrap();
    let codecs = [VideoCodec::Vp8, VideoCodec::H264];
    let mut watching = stage.try_watch(stream(1), viewer(1), true, &codecs).await.unwrap();
    for _ in 0..50 {
        watching.video().await;
    }
    assert_eq!(stage.server.stats(stream(1)).await.unwrap().video_codec, Some("H264"));
}

#[tokio::test]
async fn what_is_lost_on_the_way_is_sent_again() {
    let stage = Stage::new();
    let _publisher = stage.publish_losing(stream(1), VideoCodec::Vp8, 11).await.unwrap();
    let mut watching = stage.watch(stream(1), viewer(1)).await;
    watching.lose_every(13);
    // Far longer than either network goes without a loss.
    watching.gapless(100).await;
}

#[tokio::test]
async fn many_who_join_together_all_get_a_keyframe() {
    let stage = Stage::new();
    let _publisher = stage.publish(stream(1)).await;
    let mut viewers = Vec::new();
    for n in 0..12 {
        viewers.push(stage.watch(stream(1), viewer(n)).await);
    }
    let watch = |mut watching: Watching| tokio::spawn(async move { watching.video().await.keyframe });
    let firsts: Vec<_> = viewers.into_iter().map(watch).collect();
    for first in firsts {
        assert!(first.await.unwrap());
    }
}

#[tokio::test]
async fn a_viewer_survives_the_publisher() {
    let mut stage = Stage::new();
    let id = stream(1);
    let first = stage.publish(id).await;
    stage.expect(Event::Started { stream: id }).await;
    let mut watching = stage.watch(id, viewer(1)).await;
    let before = watching.video().await;
    stage.expect(Event::Viewers { stream: id, viewers: 1 }).await;

    first.leave().await;
    stage.expect(Event::Interrupted { stream: id }).await;
    let _second = stage.publish(id).await;
    stage.expect(Event::Started { stream: id }).await;

    let after = watching.keyframe().await;
    assert!(after.seq > before.seq);
    watching.audio().await;
    stage.expect_silence();
}

#[tokio::test]
async fn a_takeover_is_seamless_and_silent() {
    let mut stage = Stage::new();
    let id = stream(1);
    let first = stage.publish(id).await;
    stage.expect(Event::Started { stream: id }).await;
    let mut watching = stage.watch(id, viewer(1)).await;
    watching.video().await;
    stage.expect(Event::Viewers { stream: id, viewers: 1 }).await;

    // The first one is still sending; a broken connection looks just like that.
    let _second = stage.publish(id).await;
    first.ended().await;
    watching.keyframe().await;
    stage.expect_silence();
    assert_eq!(stage.server.totals().publishers, 1);
}

#[tokio::test]
async fn a_vanished_publisher_can_be_replaced_at_once() {
    let mut stage = Stage::new();
    let id = stream(1);
    let first = stage.publish(id).await;
    stage.expect(Event::Started { stream: id }).await;
    let mut watching = stage.watch(id, viewer(1)).await;
    watching.video().await;
    stage.expect(Event::Viewers { stream: id, viewers: 1 }).await;

    first.vanish().await;
    let _second = stage.publish(id).await;
    watching.keyframe().await;
    stage.expect_silence();
}

#[tokio::test]
async fn a_change_of_codec_ends_the_sessions_that_cannot_follow() {
    let stage = Stage::new();
    let _first = stage.try_publish(stream(1), VideoCodec::Vp8).await.unwrap();
    let mut watching = stage.try_watch(stream(1), viewer(1), true, &[VideoCodec::Vp8, VideoCodec::H264]).await.unwrap();
    watching.video().await;

    let _second = stage.try_publish(stream(1), VideoCodec::H264).await.unwrap();
    watching.ended().await;
    assert!(!stage.server.close(watching.session).await);
    let mut again = stage.try_watch(stream(1), viewer(1), true, &[VideoCodec::Vp8, VideoCodec::H264]).await.unwrap();
    again.video().await;
}

#[tokio::test]
async fn streams_do_not_mix() {
    let mut stage = Stage::new();
    let _one = stage.try_publish(stream(1), VideoCodec::Vp8).await.unwrap();
    stage.expect(Event::Started { stream: stream(1) }).await;
    let two = stage.try_publish(stream(2), VideoCodec::H264).await.unwrap();
    stage.expect(Event::Started { stream: stream(2) }).await;
    let mut watching = stage.watch(stream(1), viewer(1)).await;
    watching.video().await;
    stage.expect(Event::Viewers { stream: stream(1), viewers: 1 }).await;

    two.leave().await;
    stage.expect(Event::Interrupted { stream: stream(2) }).await;
    assert_eq!(stage.server.stats(stream(2)).await, None);
    for _ in 0..10 {
        watching.video().await;
    }
}
