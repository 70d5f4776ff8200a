//! Does this packet begin a picture that needs no earlier one?
//!
//! Only the first packet of a keyframe may be the first that a viewer gets, so what is asked is where a keyframe
//! *starts*, not whether a packet belongs to one.

use str0m::format::Codec;
use str0m::rtp::Vp8Descriptor;

/// Whether this RTP payload starts a keyframe of that codec. Malformed payloads do not.
pub(crate) fn starts_keyframe(codec: Codec, payload: &[u8]) -> bool {
    match codec {
        Codec::Vp8 => Vp8Descriptor::parse(payload).is_ok_and(|descriptor| descriptor.starts_keyframe(payload)),
        Codec::Vp9 => vp9(payload),
        Codec::H264 => h264(payload),
        Codec::Av1 => av1(payload),
        _ => false,
    }
}

/// RFC 9628, section 4.2: P (inter-picture predicted) clear and B (start of a frame) set; with layers, the
/// lowest spatial one.
fn vp9(payload: &[u8]) -> bool {
    const SPATIAL_LAYER: u8 = 0b0000_1110;
    let Some((&flags, rest)) = payload.split_first() else { return false };
    let (picture_id, predicted, layered, start) = (flags & 0x80 != 0, flags & 0x40 != 0, flags & 0x20 != 0, flags & 0x08 != 0);
    if predicted || !start {
        return false;
    }
    if !layered {
        return true;
    }
    let id_bytes = match (picture_id, rest.first()) {
        (false, _) => 0,
        (true, Some(first)) => 1 + usize::from(first >> 7),
        (true, None) => return false,
    };
    rest.get(id_bytes).is_some_and(|layer| layer & SPATIAL_LAYER == 0)
}

/// The N bit: the first packet of a coded video sequence (AV1 RTP payload format, section 4.4).
fn av1(payload: &[u8]) -> bool {
    payload.first().is_some_and(|header| header & 0x08 != 0)
}

/// RFC 6184: a sequence parameter set, which precedes the picture it belongs to, or the start of an IDR picture;
/// alone (section 5.6), aggregated (STAP-A, 5.7.1) or fragmented (FU-A, 5.8).
fn h264(payload: &[u8]) -> bool {
    const STAP_A: u8 = 24;
    const FU_A: u8 = 28;
    let Some((&header, rest)) = payload.split_first() else { return false };
    match header & 0x1f {
        STAP_A => {
            let mut units = rest;
            while let Some((&[high, low], tail)) = units.split_first_chunk::<2>() {
                let Some((unit, next)) = tail.split_at_checked(usize::from(u16::from_be_bytes([high, low]))) else {
                    return false;
                };
                if unit.first().is_some_and(|&unit| starts_picture(unit)) {
                    return true;
                }
                units = next;
            }
            false
        }
        FU_A => rest.first().is_some_and(|&fragment| fragment & 0x80 != 0 && starts_picture(fragment)),
        _ => starts_picture(header),
    }
}

/// The type of a NAL unit: 5 is a slice of an IDR picture, 7 a sequence parameter set.
fn starts_picture(header: u8) -> bool {
    matches!(header & 0x1f, 5 | 7)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn vp8_first_packet_of_a_keyframe() {
        assert!(starts_keyframe(Codec::Vp8, &[0x10, 0x00, 0, 0]));
        assert!(starts_keyframe(Codec::Vp8, &[0x90, 0x80, 0x81, 0x23, 0x00, 0]), "with a picture id");
        assert!(!starts_keyframe(Codec::Vp8, &[0x10, 0x01, 0, 0]), "an inter frame");
        assert!(!starts_keyframe(Codec::Vp8, &[0x00, 0x00, 0, 0]), "a later packet");
    }

    #[test]
    fn h264_parameter_sets_and_idr_slices() {
        assert!(starts_keyframe(Codec::H264, &[0x67, 1, 2]), "SPS alone");
        assert!(starts_keyframe(Codec::H264, &[0x65, 1, 2]), "IDR alone");
        assert!(starts_keyframe(Codec::H264, &[0x78, 0, 2, 0x67, 1, 0, 1, 0x68]), "SPS in a STAP-A");
        assert!(starts_keyframe(Codec::H264, &[0x78, 0, 1, 0x09, 0, 1, 0x65]), "IDR behind a delimiter");
        assert!(starts_keyframe(Codec::H264, &[0x7c, 0x85, 1]), "first fragment of an IDR");
        assert!(!starts_keyframe(Codec::H264, &[0x7c, 0x45, 1]), "last fragment of an IDR");
        assert!(!starts_keyframe(Codec::H264, &[0x41, 1]), "a slice of another picture");
        assert!(!starts_keyframe(Codec::H264, &[0x78, 0xff, 0xff, 0x67]), "a lie about the length");
    }

    #[test]
    fn vp9_start_of_an_independent_frame_of_the_lowest_layer() {
        assert!(starts_keyframe(Codec::Vp9, &[0x08, 0]));
        assert!(starts_keyframe(Codec::Vp9, &[0xa8, 0x81, 0x23, 0x00]), "15-bit picture id, layer 0");
        assert!(!starts_keyframe(Codec::Vp9, &[0xa8, 0x81, 0x23, 0x02]), "layer 1");
        assert!(!starts_keyframe(Codec::Vp9, &[0x48, 0]), "predicted");
        assert!(!starts_keyframe(Codec::Vp9, &[0x00, 0]), "not the start");
    }

    #[test]
    fn av1_new_sequence() {
        assert!(starts_keyframe(Codec::Av1, &[0x18, 0]));
        assert!(!starts_keyframe(Codec::Av1, &[0x10, 0]));
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_answer(payload in proptest::collection::vec(any::<u8>(), 0..64)) {
            for codec in [Codec::Vp8, Codec::Vp9, Codec::H264, Codec::Av1, Codec::Opus] {
                let _ = starts_keyframe(codec, &payload);
            }
        }
    }
}
