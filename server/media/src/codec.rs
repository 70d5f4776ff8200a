//! Which codecs there are, and when what one peer sends is what another can decode.

use str0m::format::{Codec, CodecSpec, FormatParams, PayloadParams};
use str0m::media::Pt;

/// What a publisher sends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Formats {
    pub(crate) video: Option<CodecSpec>,
    pub(crate) audio: Option<CodecSpec>,
}

/// The payload type by which a viewer takes what the publisher sends; `None` if it cannot.
///
/// Payload types are each peer's own choice: Firefox numbers VP8 120, Chromium 96.
pub(crate) fn payload_type(offered: &[PayloadParams], sent: &CodecSpec) -> Option<Pt> {
    let mut best: Option<(u8, Pt)> = None;
    for params in offered {
        let Some(fitness) = fitness(sent, &params.spec()) else { continue };
        // The first of equals: an offer lists what its peer prefers first.
        if best.is_none_or(|(other, _)| fitness > other) {
            best = Some((fitness, params.pt()));
        }
    }
    best.map(|(_, pt)| pt)
}

/// How well a receiver of `received` decodes `sent`; higher is better, `None` is not at all.
fn fitness(sent: &CodecSpec, received: &CodecSpec) -> Option<u8> {
    if sent.codec != received.codec {
        return None;
    }
    let (ours, theirs) = (&sent.format, &received.format);
    match sent.codec {
        Codec::H264 => h264(ours, theirs),
        Codec::Vp9 => (ours.profile_id.unwrap_or(0) == theirs.profile_id.unwrap_or(0)).then_some(1),
        Codec::Av1 => (ours.profile.unwrap_or(0) == theirs.profile.unwrap_or(0)).then_some(1),
        _ => Some(1),
    }
}

/// The exact profile if there is one, else any: the stream itself says what it is (its parameter sets), and
/// decoders take more than they list. A receiver of single packets (mode 0) cannot take fragments (mode 1);
/// the other way round works (RFC 6184, section 6).
fn h264(sent: &FormatParams, received: &FormatParams) -> Option<u8> {
    let mode = |format: &FormatParams| format.packetization_mode.unwrap_or(0);
    let profile = |format: &FormatParams| format.profile_level_id.map(|id| id >> 8);
    if mode(received) < mode(sent) {
        return None;
    }
    Some(1 + 2 * u8::from(profile(sent) == profile(received)) + u8::from(mode(sent) == mode(received)))
}

/// The name of a codec, for logs and statistics.
pub(crate) fn name(codec: Codec) -> &'static str {
    match codec {
        Codec::Opus => "Opus",
        Codec::H264 => "H264",
        Codec::Vp8 => "VP8",
        Codec::Vp9 => "VP9",
        Codec::Av1 => "AV1",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use str0m::format::CodecConfig;

    use super::*;

    fn h264(mode: bool, profile: u32, pt: u8) -> PayloadParams {
        let mut config = CodecConfig::empty();
        config.add_h264(pt.into(), None, mode, profile);
        config.params()[0]
    }

    #[test]
    fn the_exact_profile_wins() {
        let offered = [h264(true, 0x42_001f, 1), h264(false, 0x42_e01f, 2), h264(true, 0x42_e01f, 3), h264(true, 0x64_001f, 4)];
        let sent = h264(true, 0x42_e02a, 99).spec();
        assert_eq!(payload_type(&offered, &sent), Some(3.into()));
        let unknown = h264(true, 0x4d_001f, 99).spec();
        assert_eq!(payload_type(&offered, &unknown), Some(1.into()), "else the preferred one of the same mode");
    }

    #[test]
    fn fragments_are_not_sent_to_who_cannot_join_them() {
        let sent = h264(true, 0x42_e01f, 99).spec();
        assert_eq!(payload_type(&[h264(false, 0x42_e01f, 1)], &sent), None);
        let simple = h264(false, 0x42_e01f, 99).spec();
        assert_eq!(payload_type(&[h264(true, 0x42_e01f, 1)], &simple), Some(1.into()));
    }

    #[test]
    fn another_codec_is_no_match() {
        let mut vp8 = CodecConfig::empty();
        vp8.enable_vp8(true);
        let sent = vp8.params()[0].spec();
        assert_eq!(payload_type(&[h264(true, 0x42_e01f, 1)], &sent), None);
        assert_eq!(payload_type(vp8.params(), &sent), Some(96.into()));
    }
}
