//! The sending side of a stream: from a publisher's packets to packets for viewers.

use std::sync::Arc;
use std::time::Instant;

use str0m::format::{Codec, CodecSpec};
use str0m::media::{KeyframeRequestKind, Mid, Pt};
use str0m::rtp::{ExtensionValues, RtpPacket, Vp8Descriptor};
use str0m::{Rtc, bwe::Bitrate};

use crate::address::PeerKey;
use crate::bitrate::Meter;
use crate::clock::CaptureClock;
use crate::codec::Formats;
use crate::keyframe::starts_keyframe;
use crate::negotiate::{Medium, Negotiated};
use crate::rewrite::{Numbers, Origin};

/// Picture or voice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Video,
    Audio,
}

/// A packet on its way to the viewers. Its payload is shared, not copied.
#[derive(Debug)]
pub(crate) struct MediaPacket {
    pub(crate) kind: Kind,
    pub(crate) origin: Origin,
    pub(crate) numbers: Numbers,
    /// Whether a viewer's picture may begin here. Always so for audio.
    pub(crate) entry: bool,
    pub(crate) marker: bool,
    pub(crate) captured: Instant,
    pub(crate) payload: Arc<[u8]>,
    pub(crate) vp8: Option<Vp8Descriptor>,
    extensions: Extensions,
}

/// The header extensions that viewers get.
#[derive(Clone, Copy, Debug)]
struct Extensions {
    audio_level: Option<i8>,
    voice_activity: Option<bool>,
    orientation: Option<str0m::rtp::VideoOrientation>,
}

impl MediaPacket {
    /// The extensions as the library wants them, which is anew for every packet.
    pub(crate) fn extensions(&self) -> ExtensionValues {
        ExtensionValues {
            audio_level: self.extensions.audio_level,
            voice_activity: self.extensions.voice_activity,
            video_orientation: self.extensions.orientation,
            ..ExtensionValues::default()
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Track {
    mid: Mid,
    pt: Pt,
    spec: CodecSpec,
}

impl Track {
    fn new(medium: Option<&Medium>) -> Option<Self> {
        let medium = medium?;
        let params = medium.payloads.first()?;
        Some(Self { mid: medium.mid, pt: params.pt(), spec: params.spec() })
    }
}

/// The state of a WHIP session.
#[derive(Debug)]
pub(crate) struct Publisher {
    number: u64,
    video: Option<Track>,
    audio: Option<Track>,
    clock: CaptureClock,
    meter: Meter,
    packets: u64,
    max_bitrate: u64,
}

/// What a packet of a publisher comes to.
#[derive(Debug)]
pub(crate) enum Heard {
    /// Something to forward.
    Media(MediaPacket),
    /// Nothing of use.
    Nothing,
    /// Far too much, for far too long.
    Excess,
}

impl Publisher {
    pub(crate) fn new(key: PeerKey, negotiated: &Negotiated, max_bitrate: u64, now: Instant) -> Self {
        Self {
            number: key.0,
            video: Track::new(negotiated.video.as_ref()),
            audio: Track::new(negotiated.audio.as_ref()),
            clock: CaptureClock::default(),
            meter: Meter::new(max_bitrate, now),
            packets: 0,
            max_bitrate,
        }
    }

    /// What this publisher sends.
    pub(crate) fn formats(&self) -> Formats {
        Formats { video: self.video.map(|track| track.spec), audio: self.audio.map(|track| track.spec) }
    }

    /// Packets of media received.
    pub(crate) fn packets(&self) -> u64 {
        self.packets
    }

    /// Over the last second.
    pub(crate) fn bits_per_second(&self) -> u64 {
        self.meter.bits_per_second()
    }

    /// Takes a packet in.
    pub(crate) fn hear(&mut self, packet: RtpPacket, now: Instant) -> Heard {
        if self.meter.add(packet.payload.len() + packet.header.header_len, now) {
            return Heard::Excess;
        }
        let header = &packet.header;
        let is = |track: &Track| track.pt == header.payload_type;
        let (kind, track) = match (self.video.filter(is), self.audio.filter(is)) {
            (Some(track), _) => (Kind::Video, track),
            (None, Some(track)) => (Kind::Audio, track),
            (None, None) => return Heard::Nothing,
        };
        // Senders probe the network with packets that carry nothing.
        if packet.payload.is_empty() {
            return Heard::Nothing;
        }
        self.packets += 1;
        let captured = self.clock.captured(packet.last_sender_info.as_ref(), header.timestamp, track.spec.clock_rate.get(), now);
        let vp8 = (track.spec.codec == Codec::Vp8).then(|| Vp8Descriptor::parse(&packet.payload).ok()).flatten();
        Heard::Media(MediaPacket {
            kind,
            origin: Origin { publisher: self.number, ssrc: *header.ssrc },
            numbers: Numbers { seq: *packet.seq_no, time: header.timestamp },
            entry: kind == Kind::Audio || starts_keyframe(track.spec.codec, &packet.payload),
            marker: header.marker,
            captured,
            vp8,
            extensions: Extensions {
                audio_level: header.ext_vals.audio_level,
                voice_activity: header.ext_vals.voice_activity,
                orientation: header.ext_vals.video_orientation,
            },
            payload: packet.payload,
        })
    }

    /// Asks for a keyframe (PLI, RFC 4585, section 6.3.1); `false` when there is no video to ask for yet.
    pub(crate) fn ask_for_keyframe(&self, rtc: &mut Rtc) -> bool {
        let Some(track) = self.video else { return false };
        let mut api = rtc.direct_api();
        let Some(stream) = api.stream_rx_by_mid(track.mid, None) else { return false };
        stream.request_keyframe(KeyframeRequestKind::Pli);
        // The estimate of the sender's browser may not exceed what it may send.
        stream.request_remb(Bitrate::bps(self.max_bitrate));
        true
    }
}
