//! Publishing the own channel by WHIP.

use super::{
    Refusal,
    peer::{Draft, Peer, Purpose},
};
use crate::{
    backoff::Backoff,
    dom::{self, sleep},
};
use js_sys::{Array, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    MediaStream, MediaStreamTrack, RtcPeerConnection, RtcRtpEncodingParameters, RtcRtpSender, RtcRtpTransceiver,
    RtcRtpTransceiverDirection, RtcRtpTransceiverInit,
};

/// Enough for sharp text at 720p and 30 frames a second.
const MAX_VIDEO_BITS: u32 = 2_500_000;
/// Speech and music, in stereo.
const MAX_AUDIO_BITS: u32 = 128_000;

/// How the broadcast stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    Connecting,
    Sending,
    Reconnecting,
}

/// Publishes what `current` answers, reconnecting whenever the connection is lost, for as long as it is polled.
/// Returns only when refused: at first for any reason, later, when the broadcast is under way, only for good.
pub(crate) async fn publish(
    current: impl Fn() -> Option<MediaStream>,
    tell: impl Fn(Progress),
    hold: impl Fn(Option<RtcPeerConnection>),
) -> Refusal {
    let mut backoff = Backoff::default();
    let mut is_under_way = false;
    tell(Progress::Connecting);
    loop {
        let Some(stream) = current() else { return Refusal::local("There is no picture to send.") };
        let mut wait = None;
        match begin(&stream).await {
            Ok(mut peer) => {
                is_under_way = true;
                let began = dom::now();
                hold(Some(peer.connection().clone()));
                peer.until_lost(|| tell(Progress::Sending)).await;
                hold(None);
                if dom::now() - began > 20_000.0 {
                    backoff.reset();
                }
            }
            // While the server still holds the lost connection it says that the channel is live already.
            Err(refusal) if is_under_way && refusal.may_pass() => wait = refusal.retry_after_seconds,
            Err(refusal) => return refusal,
        }
        tell(Progress::Reconnecting);
        let jittered = backoff.next(js_sys::Math::random());
        sleep(jittered.max(wait.unwrap_or(0).saturating_mul(1000))).await;
    }
}

async fn begin(stream: &MediaStream) -> Result<Peer, Refusal> {
    let draft = Draft::new()?;
    let connection = draft.connection().ok_or_else(|| Refusal::local("The connection is closed."))?;
    let video = stream.get_video_tracks().get(0).dyn_into::<MediaStreamTrack>().ok();
    let audio = stream.get_audio_tracks().get(0).dyn_into::<MediaStreamTrack>().ok();
    if let Some(track) = &video {
        let transceiver = send_track(connection, track, stream, MAX_VIDEO_BITS);
        prefer_vp8(&transceiver);
        keep_resolution(&transceiver.sender());
    }
    if let Some(track) = &audio {
        send_track(connection, track, stream, MAX_AUDIO_BITS);
    }
    draft.offer(Purpose::Publishing, "/whip", str::to_owned).await
}

fn send_track(
    connection: &RtcPeerConnection,
    track: &MediaStreamTrack,
    stream: &MediaStream,
    max_bits: u32,
) -> RtcRtpTransceiver {
    let encoding = RtcRtpEncodingParameters::new();
    encoding.set_max_bitrate(max_bits);
    let init = RtcRtpTransceiverInit::new();
    init.set_direction(RtcRtpTransceiverDirection::Sendonly);
    init.set_send_encodings(&Array::of1(&encoding));
    init.set_streams(&Array::of1(stream));
    connection.add_transceiver_with_media_stream_track_and_init(track, &init)
}

/// Puts VP8 first: every browser decodes it, which cannot be said of the others.
fn prefer_vp8(transceiver: &RtcRtpTransceiver) {
    let Some(capabilities) = RtcRtpSender::get_capabilities("video") else { return };
    let is_vp8 = |codec: &JsValue| {
        let name = dom::property(codec, "mimeType").and_then(|name| name.as_string());
        name.is_some_and(|name| name.eq_ignore_ascii_case("video/VP8"))
    };
    let (first, rest): (Vec<JsValue>, Vec<JsValue>) = capabilities.get_codecs().iter().partition(is_vp8);
    if !first.is_empty() {
        let ordered: Array = first.into_iter().chain(rest).collect();
        // Called by name: an old browser without it keeps its own order instead of failing.
        if let Some(prefer) = dom::method(transceiver, "setCodecPreferences") {
            let _is_set = prefer.call1(transceiver, &ordered);
        }
    }
}

/// Without this a browser starts with a stamp-sized picture and takes long to dare a larger one.
fn keep_resolution(sender: &RtcRtpSender) {
    let parameters = sender.get_parameters();
    if Reflect::set(&parameters, &"degradationPreference".into(), &"maintain-resolution".into()).is_ok() {
        dom::let_run(sender.set_parameters_with_parameters(&parameters));
    }
}

/// Sends other tracks over a connection that is open, without a new offer.
pub(crate) async fn replace(connection: &RtcPeerConnection, stream: &MediaStream) {
    for sender in connection.get_senders().iter().filter_map(|sender| sender.dyn_into::<RtcRtpSender>().ok()) {
        let Some(kind) = sender.track().map(|track| track.kind()) else { continue };
        let tracks = if kind == "video" { stream.get_video_tracks() } else { stream.get_audio_tracks() };
        let track = tracks.get(0).dyn_into::<MediaStreamTrack>().ok();
        if track.is_some() || kind == "audio" {
            let _result = JsFuture::from(sender.replace_track(track.as_ref())).await;
        }
    }
}
