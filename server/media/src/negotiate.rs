//! From an offer to an answer and a WebRTC peer that is ready to be reached.
//!
//! Happens on the caller's task, not on the media thread: it takes about 2 ms.

use std::net::{IpAddr, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use str0m::change::SdpOffer;
use str0m::config::{CryptoProvider, DtlsCert};
use str0m::format::{CodecConfig, CodecSpec, PayloadParams};
use str0m::media::{Direction, Media, MediaKind, Mid, Pt};
use str0m::rtp::{Extension, ExtensionMap};
use str0m::{Candidate, IceCreds, Rtc, RtcConfig};

use crate::candidates;
use crate::codec::Formats;
use crate::config::Config;
use crate::error::Error;
use crate::random;
use crate::sdp::{self, Role};

/// One medium of a session, as agreed.
#[derive(Clone, Debug)]
pub(crate) struct Medium {
    pub(crate) mid: Mid,
    /// The agreed payloads, the peer's favourite first; never empty.
    pub(crate) payloads: Vec<PayloadParams>,
}

/// An answered session that the media thread does not know yet.
pub(crate) struct Negotiated {
    pub(crate) rtc: Box<Rtc>,
    /// The user fragment by which STUN requests name the session.
    pub(crate) fragment: String,
    pub(crate) candidates: Vec<SocketAddr>,
    pub(crate) video: Option<Medium>,
    pub(crate) audio: Option<Medium>,
    pub(crate) answer: String,
}

impl Negotiated {
    /// The favourite payload of each medium.
    pub(crate) fn formats(&self) -> Formats {
        let favourite = |medium: &Option<Medium>| medium.as_ref()?.payloads.first().map(PayloadParams::spec);
        Formats { video: favourite(&self.video), audio: favourite(&self.audio) }
    }
}

/// What all sessions have in common.
pub(crate) struct Negotiator {
    crypto: Arc<CryptoProvider>,
    /// Made once: a certificate per session would cost 80 ms and more.
    certificate: DtlsCert,
    bound: SocketAddr,
    config: Config,
}

impl Negotiator {
    pub(crate) fn new(bound: SocketAddr, config: Config) -> Option<Self> {
        let crypto = str0m::crypto::from_feature_flags();
        let certificate = crypto.dtls_provider.generate_certificate()?;
        Some(Self { crypto: Arc::new(crypto), certificate, bound, config })
    }

    /// The addresses that an answer would give.
    pub(crate) fn candidates(&self, host: Option<IpAddr>) -> Vec<SocketAddr> {
        let interfaces =
            if self.config.public_addresses.is_empty() { candidates::interfaces().unwrap_or_default() } else { Vec::new() };
        candidates::list(self.bound, &self.config.public_addresses, &interfaces, host)
    }

    /// Answers a WHIP offer. Of each medium only the publisher's favourite codec is accepted, so that it is
    /// known from the start what viewers must be able to decode.
    pub(crate) fn publish(&self, offer: &str, host: Option<IpAddr>) -> Result<Negotiated, Error> {
        let offer = sdp::prepare(offer, Role::Publish)?;
        let mut all = CodecConfig::empty();
        all.enable_opus(true, false);
        all.enable_vp8(true);
        all.enable_h264(true);
        all.enable_vp9(true);
        all.enable_av1(true);
        let extensions = ExtensionMap::standard;

        let formats = self.answer(&offer, all, extensions(), Direction::RecvOnly, &[])?;
        let mut favourites = CodecConfig::empty();
        for medium in [&formats.audio, &formats.video].into_iter().flatten() {
            let Some(params) = medium.payloads.first() else { continue };
            let CodecSpec { codec, clock_rate, channels, format } = params.spec();
            favourites.add_config(params.pt(), params.resend(), codec, clock_rate, channels, format);
        }
        let mut negotiated = self.answer(&offer, favourites, extensions(), Direction::RecvOnly, &self.candidates(host))?;
        let (start, max) = (self.config.start_bitrate_kbps, self.config.max_publisher_bitrate);
        negotiated.answer = sdp::shape_publisher_answer(&negotiated.answer, start, max);
        Ok(negotiated)
    }

    /// Answers a WHEP offer with what is sent, and nothing else.
    pub(crate) fn watch(&self, offer: &str, host: Option<IpAddr>, sent: &Formats) -> Result<Negotiated, Error> {
        let offer = sdp::prepare(offer, Role::Watch { video: sent.video.is_some() })?;
        let mut codecs = CodecConfig::empty();
        codecs.enable_opus(true, false);
        match sent.video {
            Some(spec) if spec.codec == str0m::format::Codec::H264 => codecs.enable_h264(true),
            // The numbers are ours until the viewer's own replace them.
            Some(CodecSpec { codec, clock_rate, channels, format }) => {
                codecs.add_config(96.into(), Some(97.into()), codec, clock_rate, channels, format);
            }
            None => codecs.enable_vp8(true),
        }
        // Feedback per packet (TWCC) would be of no use, as viewers get what the publisher sends.
        let mut extensions = ExtensionMap::empty();
        extensions.set(1, Extension::AudioLevel);
        extensions.set(4, Extension::RtpMid);
        extensions.set(13, Extension::VideoOrientation);
        self.answer(&offer, codecs, extensions, Direction::SendOnly, &self.candidates(host))
    }

    fn answer(
        &self,
        offer: &str,
        codecs: CodecConfig,
        extensions: ExtensionMap,
        direction: Direction,
        candidates: &[SocketAddr],
    ) -> Result<Negotiated, Error> {
        let credentials = IceCreds { ufrag: random::hex::<8>()?, pass: random::hex::<16>()? };
        // The library panics on some offers that contradict themselves; that must stay the peer's problem.
        catch_unwind(AssertUnwindSafe(|| {
            let mut config = RtcConfig::new()
                .set_crypto_provider(Arc::clone(&self.crypto))
                .set_dtls_cert(self.certificate.clone())
                .set_local_ice_credentials(credentials.clone())
                .set_ice_lite(true)
                .set_rtp_mode(true)
                .set_extension_map(extensions);
            *config.codec_config() = codecs;
            accept(config.build(Instant::now()), offer, credentials.ufrag, direction, candidates)
        }))
        .unwrap_or(Err(Error::MalformedOffer))
    }
}

fn accept(rtc: Rtc, offer: &str, fragment: String, direction: Direction, candidates: &[SocketAddr]) -> Result<Negotiated, Error> {
    let mut rtc = Box::new(rtc);
    for address in candidates {
        if let Ok(candidate) = Candidate::host(*address, "udp") {
            rtc.add_local_candidate(candidate);
        }
    }
    let refuse = |error: &dyn std::fmt::Display| {
        tracing::debug!(%error, "offer refused");
        Error::MalformedOffer
    };
    let parsed = SdpOffer::from_sdp_string(offer).map_err(|error| refuse(&error))?;
    let answer = rtc.sdp_api().accept_offer(parsed).map_err(|error| refuse(&error))?;

    // The library tells of the media only when the peer is connected; the offer names them now.
    let (mut video, mut audio) = (None, None);
    for mid in sdp::mids(offer) {
        let Some(media) = rtc.media(mid.into()) else { continue };
        if media.direction() == Direction::Inactive {
            continue;
        }
        if media.direction() != direction {
            return Err(Error::MalformedOffer);
        }
        let medium = Medium { mid: media.mid(), payloads: payloads(&rtc, media) };
        if medium.payloads.is_empty() {
            return Err(Error::UnsupportedCodec);
        }
        match media.kind() {
            MediaKind::Video => video = Some(medium),
            MediaKind::Audio => audio = Some(medium),
        }
    }
    if video.is_none() && audio.is_none() {
        return Err(Error::MalformedOffer);
    }
    Ok(Negotiated { rtc, fragment, candidates: candidates.to_vec(), video, audio, answer: answer.to_sdp_string() })
}

fn payloads(rtc: &Rtc, media: &Media) -> Vec<PayloadParams> {
    let known = rtc.codec_config().params();
    let find = |pt: &Pt| known.iter().find(|params| params.pt() == *pt).copied();
    media.remote_pts().iter().filter_map(find).collect()
}
