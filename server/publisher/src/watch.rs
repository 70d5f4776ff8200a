//! Watching: joins by WHEP and counts what comes.

use std::time::{Duration, Instant};

use http::Uri;
use media::client::{ClientError, ClientEvent, Goal, Offer, VideoCodec};
use serde::Serialize;

use crate::whip::{Endpoint, Key, WhipError};

/// What a viewer saw.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// From the offer to the first packet of video, in milliseconds; `null` if there was none.
    pub first_packet_ms: Option<u64>,
    /// Packets of video.
    pub packets: u64,
    /// Keyframes that began.
    pub keyframes: u64,
    /// Bytes of video, without headers.
    pub bytes: u64,
    /// Packets of video that did not come by the end.
    pub lost: u64,
    /// Packets of sound.
    pub audio_packets: u64,
    /// Whether the server ended the session before the time was over.
    pub closed: bool,
}

/// Why there is nothing to report.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// HTTP.
    #[error(transparent)]
    Whip(#[from] WhipError),
    /// WebRTC.
    #[error(transparent)]
    Client(#[from] ClientError),
}

/// Watches for so long. `key`, if any, is sent as a bearer token.
pub async fn watch(url: Uri, key: Option<&Key>, duration: Duration) -> Result<Report, WatchError> {
    let endpoint = Endpoint::new(url, key)?;
    let begun = Instant::now();
    let offer = Offer::new(Goal::Watch, &[VideoCodec::H264, VideoCodec::Vp8], true)?;
    let accepted = endpoint.offer(offer.sdp()).await?;
    let mut client = offer.accept(&accepted.answer)?;

    let mut report = Report::default();
    let mut range: Option<(u64, u64)> = None;
    // Running out of time is how this ends.
    let _ = tokio::time::timeout(duration, async {
        loop {
            match client.next().await {
                ClientEvent::Packet { video: true, keyframe, seq, payload, .. } => {
                    report.first_packet_ms.get_or_insert_with(|| milliseconds(begun.elapsed()));
                    report.packets += 1;
                    report.keyframes += u64::from(keyframe);
                    report.bytes += payload.len() as u64;
                    let (first, last) = range.unwrap_or((seq, seq));
                    range = Some((first.min(seq), last.max(seq)));
                }
                ClientEvent::Packet { video: false, .. } => report.audio_packets += 1,
                ClientEvent::Closed => {
                    report.closed = true;
                    break;
                }
                _ => {}
            }
        }
    })
    .await;
    report.lost = range.map_or(0, |(first, last)| (last - first + 1).saturating_sub(report.packets));
    client.close();
    // The server notices the end of the connection, too.
    let _ = endpoint.end(&accepted.resource).await;
    Ok(report)
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
