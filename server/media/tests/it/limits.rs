//! What is refused.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::support::{Stage, soon, stream, viewer};
use media::client::{Client, ClientEvent, Goal, MediaFrame, Offer, VideoCodec};
use media::{Config, Error, Event};
use proptest::prelude::*;

const VP8: &[VideoCodec] = &[VideoCodec::Vp8];

#[tokio::test]
async fn publishers_are_limited_but_may_take_over() {
    let stage = Stage::with(Config { max_publishers: 1, ..Config::default() });
    let _publisher = stage.publish(stream(1)).await;
    assert_eq!(stage.try_publish(stream(2), VideoCodec::Vp8).await.err(), Some(Error::PublisherLimit));
    assert!(stage.try_publish(stream(1), VideoCodec::Vp8).await.is_ok());
}

#[tokio::test]
async fn viewers_are_limited_per_stream_and_over_all() {
    let stage = Stage::with(Config { max_viewers: 3, max_viewers_per_stream: 2, ..Config::default() });
    let _publishers = (stage.publish(stream(1)).await, stage.publish(stream(2)).await);
    let mut first = stage.watch(stream(1), viewer(1)).await;
    first.video().await;
    let _second = stage.watch(stream(1), viewer(2)).await;
    assert_eq!(stage.try_watch(stream(1), viewer(3), true, VP8).await.err(), Some(Error::ViewerLimit));
    let _third = stage.watch(stream(2), viewer(3)).await;
    assert_eq!(stage.try_watch(stream(2), viewer(4), true, VP8).await.err(), Some(Error::ViewerLimit));

    // Who is inside may come again; its older session makes room.
    let mut again = stage.watch(stream(1), viewer(1)).await;
    first.ended().await;
    again.video().await;
}

#[tokio::test]
async fn one_viewer_has_a_few_sessions() {
    let stage = Stage::with(Config { max_sessions_per_viewer: 2, ..Config::default() });
    let _publisher = stage.publish(stream(1)).await;
    let mut sessions = Vec::new();
    for _ in 0..3 {
        let mut watching = stage.watch(stream(1), viewer(1)).await;
        watching.video().await;
        sessions.push(watching);
    }
    let [oldest, middle, newest] = &mut sessions[..] else { panic!() };
    oldest.ended().await;
    middle.video().await;
    newest.video().await;
}

#[tokio::test]
async fn who_cannot_decode_the_stream_is_told() {
    let stage = Stage::new();
    let refused = stage.try_watch(stream(1), viewer(1), true, VP8).await;
    assert_eq!(refused.err(), Some(Error::NotLive));
    let _publisher = stage.publish(stream(1)).await;
    let refused = stage.try_watch(stream(1), viewer(1), true, &[VideoCodec::H264]).await;
    assert_eq!(refused.err(), Some(Error::UnsupportedCodec));
    let sound_only = stage.try_watch(stream(1), viewer(1), true, &[]).await;
    assert_eq!(sound_only.err(), Some(Error::UnsupportedCodec));
}

#[tokio::test]
async fn a_publisher_that_sends_too_much_is_ended() {
    let mut stage = Stage::with(Config { max_publisher_bitrate: 100_000, ..Config::default() });
    let offer = Offer::new(Goal::Publish, VP8, false).unwrap();
    let answer = stage.server.publish(stream(1), offer.sdp(), None).await.unwrap();
    assert!(answer.sdp.contains("b=TIAS:100000\r\n"), "{}", answer.sdp);
    let client = offer.accept(&answer.sdp).unwrap();
    soon("the server has enough", flood(client)).await;
    stage.expect(Event::Started { stream: stream(1) }).await;
    stage.expect(Event::Interrupted { stream: stream(1) }).await;
}

/// Sends 2 Mbit/s until the server closes.
async fn flood(mut client: Client) {
    let mut beat = tokio::time::interval(std::time::Duration::from_millis(20));
    let mut time = std::time::Duration::ZERO;
    loop {
        tokio::select! {
            event = client.next() => if event == ClientEvent::Closed { return },
            _ = beat.tick() => {
                client.send(MediaFrame::Video(&[0x10; 5_000]), time).unwrap();
                time += std::time::Duration::from_millis(20);
            }
        }
    }
}

#[tokio::test]
async fn answers_hold_the_candidates_and_the_start_bitrate() {
    let stage = Stage::new();
    let offer = Offer::new(Goal::Publish, VP8, true).unwrap();
    let host = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));
    let sdp = stage.server.publish(stream(1), offer.sdp(), Some(host)).await.unwrap().sdp;
    let listed = stage.server.local_candidates();
    assert!(listed.iter().any(|candidate| candidate.ip().is_loopback()));
    for candidate in listed {
        assert!(sdp.contains(&format!(" {} {} typ host", candidate.ip(), candidate.port())), "{candidate} in {sdp}");
    }
    assert!(sdp.contains(" 192.0.2.7 "), "the address that the peer used");
    assert!(sdp.contains("a=ice-lite\r\n"));
    assert!(sdp.contains("x-google-start-bitrate=2000\r\n"));
}

#[tokio::test]
async fn a_server_behind_an_address_that_is_not_its_own_is_reached() {
    let outside: IpAddr = "203.0.113.5".parse().unwrap();
    let mut stage = Stage::with(Config { public_addresses: vec![outside], ..Config::default() });
    assert!(stage.server.local_candidates().iter().all(|candidate| candidate.ip() == outside));

    let offer = Offer::new(Goal::Publish, VP8, false).unwrap();
    let answer = stage.server.publish(stream(1), offer.sdp(), None).await.unwrap();
    // What an address translator does to the packets, the test does to the answer.
    let client = offer.accept(&answer.sdp.replace("203.0.113.5", "127.0.0.1")).unwrap();
    let publishing = tokio::spawn(flood(client));
    stage.expect(Event::Started { stream: stream(1) }).await;
    stage.server.close_stream(stream(1)).await;
    soon("the publisher is told", publishing).await.unwrap();
}

#[tokio::test]
async fn one_codec_is_accepted_of_many() {
    let stage = Stage::new();
    let offer = Offer::new(Goal::Publish, &[VideoCodec::H264, VideoCodec::Vp8], true).unwrap();
    let answer = stage.server.publish(stream(1), offer.sdp(), None).await.unwrap();
    assert_eq!(stage.server.stats(stream(1)).await.unwrap().video_codec, Some("H264"));
    assert!(answer.sdp.contains("H264/90000") && !answer.sdp.contains("VP8/90000"), "{}", answer.sdp);
}

#[tokio::test]
async fn what_is_not_an_offer_is_refused() {
    let stage = Stage::new();
    let good = Offer::new(Goal::Publish, VP8, true).unwrap().sdp().to_owned();
    let receiving = Offer::new(Goal::Watch, VP8, true).unwrap().sdp().to_owned();
    let refused = [
        String::new(),
        "v=0".to_owned(),
        "{\"type\":\"offer\"}".to_owned(),
        good.replace("a=fingerprint", "a=x-fingerprint"),
        good.replace("a=ice-ufrag", "a=x-ice-ufrag"),
        good.replace("m=audio", "m=application"),
        format!("{good}{}", "a=x\r\n".repeat(40_000)),
        receiving,
    ];
    for offer in refused {
        assert_eq!(stage.server.publish(stream(1), &offer, None).await.err(), Some(Error::MalformedOffer), "{offer}");
    }
    let unknown = good.replace("VP8/90000", "VP7/90000");
    assert_eq!(stage.server.publish(stream(1), &unknown, None).await.err(), Some(Error::UnsupportedCodec));
    assert!(stage.server.publish(stream(1), &good, None).await.is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// An offer with lines left out, doubled, swapped and cut short is refused or answered, and nothing else.
    #[test]
    fn damaged_offers_do_no_damage(damage in proptest::collection::vec((0u8..5, any::<prop::sample::Index>(), any::<prop::sample::Index>()), 1..12)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let stage = Stage::new();
            let mut lines: Vec<String> =
                Offer::new(Goal::Publish, &[VideoCodec::Vp8, VideoCodec::H264], true).unwrap().sdp().lines().map(str::to_owned).collect();
            for (kind, at, other) in damage {
                let (at, other) = (at.index(lines.len()), other.index(lines.len()));
                match kind {
                    0 => drop(lines.remove(at)),
                    1 => lines.insert(at, lines[other].clone()),
                    2 => lines.swap(at, other),
                    3 => {
                        let length = other.min(lines[at].len());
                        lines[at].truncate(length);
                    }
                    _ => lines[at] = lines[at].replace(|c: char| c.is_ascii_digit(), "9"),
                }
                if lines.is_empty() {
                    break;
                }
            }
            let offer = lines.join("\r\n");
            let answer = stage.server.publish(stream(1), &offer, None).await;
            prop_assert!(matches!(answer, Ok(_) | Err(Error::MalformedOffer | Error::UnsupportedCodec)), "{answer:?}");
            // Whatever it was, the server is well.
            prop_assert!(stage.server.publish(stream(2), Offer::new(Goal::Publish, VP8, true).unwrap().sdp(), None).await.is_ok());
            Ok(())
        })?;
    }
}

#[tokio::test]
async fn garbage_on_the_port_is_ignored() {
    let stage = Stage::new();
    let _publisher = stage.publish(stream(1)).await;
    let mut watching = stage.watch(stream(1), viewer(1)).await;
    watching.video().await;
    let target = stage.server.local_candidates().into_iter().find(SocketAddr::is_ipv4).unwrap();
    let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for first in 0..=u8::MAX {
        for length in [1, 2, 12, 20, 21, 200, 1_400] {
            socket.send_to(&vec![first; length], target).await.unwrap();
        }
    }
    soon("the garbage arrives", async {
        while stage.server.totals().packets_unknown < 256 {
            watching.video().await;
        }
    })
    .await;
    watching.video().await;
    assert_eq!(stage.server.totals().failures, 0);
}
