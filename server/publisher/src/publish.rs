//! Publishing: one stream for as long as it shall be, through all interruptions.

use std::time::{Duration, Instant, SystemTime};

use http::Uri;
use media::client::{Client, ClientError, ClientEvent, Goal, MediaFrame, Offer, VideoCodec};
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use crate::encode::{EncodeError, VideoEncoder};
use crate::picture::{Painter, Style};
use crate::tone::{self, Tone, ToneError};
use crate::whip::{Accepted, Endpoint, Key, WhipError};

/// How long to wait before the first and any later attempt to come back.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(10));

/// A stream that lived this long was well: the next attempt starts with the short wait again.
const WELL: Duration = Duration::from_secs(10);

/// A connection that takes longer will not come about.
const CONNECT: Duration = Duration::from_secs(10);

/// What to publish, and how.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The WHIP endpoint.
    pub url: Uri,
    /// The stream key, sent as a bearer token.
    pub key: Key,
    /// What the picture shows.
    pub style: Style,
    /// In pixels.
    pub width: usize,
    /// In pixels.
    pub height: usize,
    /// Frames per second, 1 to 60.
    pub fps: u32,
    /// Bits per second of video, about.
    pub bitrate: u32,
    /// Whether to come back when the connection is lost.
    pub reconnect: bool,
}

/// A change that somebody may want to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// The offer is on its way.
    Connecting,
    /// Media flows.
    Live,
    /// It does not, for a reason; the next attempt comes after a while.
    Lost(String, Duration),
    /// The end, as wished.
    Ended,
}

/// Why publishing ended without anybody wishing it.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// HTTP.
    #[error(transparent)]
    Whip(#[from] WhipError),
    /// WebRTC.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The picture.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The sound.
    #[error(transparent)]
    Tone(#[from] ToneError),
    /// The server ended the session, or it broke.
    #[error("the connection was lost")]
    Lost,
    /// No media connection came about.
    #[error("no connection over UDP")]
    NoConnection,
}

impl PublishError {
    fn is_temporary(&self) -> bool {
        match self {
            Self::Whip(error) => error.is_temporary(),
            Self::Lost | Self::NoConnection => true,
            Self::Client(_) | Self::Encode(_) | Self::Tone(_) => false,
        }
    }
}

/// Publishes until `stop` becomes true. `told` hears every change of state.
pub async fn publish(
    settings: Settings,
    mut stop: watch::Receiver<bool>,
    mut told: impl FnMut(&State),
) -> Result<(), PublishError> {
    let endpoint = Endpoint::new(settings.url.clone(), Some(&settings.key))?;
    let tone = Tone::new()?;
    let (mut wait, longest) = BACKOFF;
    loop {
        told(&State::Connecting);
        let begun = Instant::now();
        let error = match session(&settings, &endpoint, &tone, &mut stop, &mut told).await {
            Ok(()) => {
                told(&State::Ended);
                return Ok(());
            }
            Err(error) => error,
        };
        if !settings.reconnect || !error.is_temporary() {
            return Err(error);
        }
        if begun.elapsed() >= WELL {
            wait = BACKOFF.0;
        }
        told(&State::Lost(error.to_string(), wait));
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = stopped(&mut stop) => {
                told(&State::Ended);
                return Ok(());
            }
        }
        wait = longest.min(wait * 2);
    }
}

/// One session, from the offer to the end.
async fn session(
    settings: &Settings,
    endpoint: &Endpoint,
    tone: &Tone,
    stop: &mut watch::Receiver<bool>,
    told: &mut impl FnMut(&State),
) -> Result<(), PublishError> {
    let offer = Offer::new(Goal::Publish, &[VideoCodec::H264], true)?;
    let Accepted { answer, resource } = tokio::select! {
        accepted = endpoint.offer(offer.sdp()) => accepted?,
        () = stopped(stop) => return Ok(()),
    };
    let mut client = offer.accept(&answer)?;
    let result = tokio::select! {
        result = send(settings, &mut client, tone, told) => result,
        () = stopped(stop) => Ok(()),
    };
    client.close();
    // The server notices the end of the connection, too.
    let _ = endpoint.end(&resource).await;
    result
}

/// Sends pictures and sound in real time, until the connection ends.
async fn send(settings: &Settings, client: &mut Client, tone: &Tone, told: &mut impl FnMut(&State)) -> Result<(), PublishError> {
    tokio::time::timeout(CONNECT, connected(client)).await.or(Err(PublishError::NoConnection))??;
    told(&State::Live);

    let mut painter = Painter::new(settings.style.clone(), settings.width, settings.height);
    let mut encoder = VideoEncoder::new(settings.fps, settings.bitrate)?;
    let mut pictures = tokio::time::interval(Duration::from_secs(1) / settings.fps.clamp(1, 60));
    // A machine that is too slow shows fewer pictures, not late ones.
    pictures.set_missed_tick_behavior(MissedTickBehavior::Skip);
    // Sound must not be left out; what is late is sent together.
    let mut sound = tokio::time::interval(tone::PACKET);
    sound.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut packet: u32 = 0;
    let start = Instant::now();
    loop {
        tokio::select! {
            event = client.next() => match event {
                ClientEvent::KeyframeRequest => encoder.force_keyframe(),
                ClientEvent::Closed => return Err(PublishError::Lost),
                _ => {}
            },
            _ = pictures.tick() => {
                let elapsed = start.elapsed();
                let frame = encoder.encode(painter.paint(time_of_day(), elapsed))?;
                client.send(MediaFrame::Video(frame), elapsed)?;
            }
            _ = sound.tick() => {
                if let Some(opus) = tone.packet(packet.into()) {
                    client.send(MediaFrame::Audio(opus), tone::PACKET * packet)?;
                }
                packet = packet.wrapping_add(1);
            }
        }
    }
}

async fn connected(client: &mut Client) -> Result<(), PublishError> {
    loop {
        match client.next().await {
            ClientEvent::Connected => return Ok(()),
            ClientEvent::Closed => return Err(PublishError::Lost),
            _ => {}
        }
    }
}

/// Waits until somebody wishes the end.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        // Nobody is left who could wish it.
        std::future::pending::<()>().await;
    }
}

/// Since 1970.
fn time_of_day() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}
