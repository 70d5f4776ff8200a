//! The receiving side of a stream: a viewer's payload types, numbers and first keyframe.

use std::sync::Arc;
use std::time::Instant;

use str0m::Rtc;
use str0m::format::{CodecSpec, PayloadParams};
use str0m::media::{Mid, Pt};
use str0m::rtp::RtpWrite;

use crate::codec::{self, Formats};
use crate::ids::ViewerId;
use crate::negotiate::{Medium, Negotiated};
use crate::publisher::{Kind, MediaPacket};
use crate::rewrite::Rewriter;
use crate::vp8::PictureNumbers;

const VIDEO_CLOCK: u32 = 90_000;
const AUDIO_CLOCK: u32 = 48_000;

/// One medium towards one viewer.
#[derive(Debug)]
struct Track {
    mid: Mid,
    payloads: Vec<PayloadParams>,
    /// The payload type of what the current publisher sends.
    pt: Option<Pt>,
    rewriter: Rewriter,
    pictures: PictureNumbers,
}

impl Track {
    fn new(medium: Option<&Medium>, clock_rate: u32) -> Option<Self> {
        let Medium { mid, payloads } = medium?.clone();
        Some(Self { mid, payloads, pt: None, rewriter: Rewriter::new(clock_rate), pictures: PictureNumbers::default() })
    }

    fn attach(&mut self, sent: Option<&CodecSpec>) {
        self.pt = sent.and_then(|sent| codec::payload_type(&self.payloads, sent));
    }
}

/// The state of a WHEP session.
#[derive(Debug)]
pub(crate) struct Viewer {
    pub(crate) id: ViewerId,
    pub(crate) counted: bool,
    video: Option<Track>,
    audio: Option<Track>,
}

/// What happened to a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Forwarded {
    /// It is on its way.
    Sent,
    /// This viewer waits for a keyframe, and this was none.
    Waiting,
    /// Not for this viewer.
    Skipped,
}

impl Viewer {
    pub(crate) fn new(id: ViewerId, counted: bool, negotiated: &Negotiated) -> Self {
        Self {
            id,
            counted,
            video: Track::new(negotiated.video.as_ref(), VIDEO_CLOCK),
            audio: Track::new(negotiated.audio.as_ref(), AUDIO_CLOCK),
        }
    }

    /// Prepares for what a publisher sends; `false` if this viewer cannot take its video, or nothing of it.
    /// A viewer who did not ask for the voice may do without it.
    pub(crate) fn attach(&mut self, sent: &Formats) -> bool {
        if let Some(track) = &mut self.video {
            track.attach(sent.video.as_ref());
        }
        if let Some(track) = &mut self.audio {
            track.attach(sent.audio.as_ref());
        }
        let ready = |track: &Option<Track>| track.as_ref().is_some_and(|track| track.pt.is_some());
        if sent.video.is_some() { ready(&self.video) } else { ready(&self.audio) }
    }

    /// Writes a packet for this viewer, if it is one that the viewer can use.
    pub(crate) fn forward(&mut self, rtc: &mut Rtc, packet: &MediaPacket, now: Instant) -> Forwarded {
        let track = match packet.kind {
            Kind::Video => &mut self.video,
            Kind::Audio => &mut self.audio,
        };
        let Some(track) = track else { return Forwarded::Skipped };
        let Some(pt) = track.pt else { return Forwarded::Skipped };

        let begins = !track.rewriter.continues(packet.origin);
        if begins && !packet.entry {
            return Forwarded::Waiting;
        }
        // Only after the stream to write to is known may the numbers move on.
        let mut api = rtc.direct_api();
        let Some(stream) = api.stream_tx_by_mid(track.mid, None) else { return Forwarded::Skipped };
        let numbers = if begins {
            track.rewriter.begin(packet.origin, packet.numbers, now)
        } else {
            match track.rewriter.next(packet.origin, packet.numbers, now) {
                Some(numbers) => numbers,
                None => return Forwarded::Skipped,
            }
        };
        let mut write = RtpWrite::new(pt, numbers.seq.into(), numbers.time, packet.captured, Arc::clone(&packet.payload))
            .marker(packet.marker)
            .ext_vals(packet.extensions())
            // A lost voice packet is too old when it comes again; the Opus decoder conceals it.
            .nackable(packet.kind == Kind::Video);
        if let Some(patch) = packet.vp8.as_ref().and_then(|descriptor| track.pictures.patch(descriptor, begins)) {
            write = write.vp8_patch(patch);
        }
        stream.write_rtp(write);
        Forwarded::Sent
    }
}
