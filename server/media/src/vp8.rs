//! Picture numbers inside VP8 packets (RFC 7741, section 4.2), kept unbroken per viewer like sequence numbers.
//!
//! Without this a player may hold the first pictures of a returning publisher for reordering and freeze.

use str0m::rtp::{Vp8Descriptor, Vp8Patch};

/// `PictureID` and `TL0PICIDX` of one packet; a sender may leave out either.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Indices {
    picture: Option<u16>,
    base: Option<u8>,
}

/// Shifts the picture numbers of one viewer.
#[derive(Debug, Default)]
pub(crate) struct PictureNumbers {
    last: Indices,
    picture_offset: u16,
    base_offset: u8,
}

impl PictureNumbers {
    /// The change to this packet. `begins`: it is the first one of a run.
    pub(crate) fn patch(&mut self, descriptor: &Vp8Descriptor, begins: bool) -> Option<Vp8Patch> {
        let source = Indices { picture: descriptor.picture_id(), base: descriptor.tl0_pic_idx() };
        if begins {
            self.picture_offset = offset(self.last.picture, source.picture, u16::wrapping_sub, |n| n.wrapping_add(1));
            self.base_offset = offset(self.last.base, source.base, u8::wrapping_sub, |n| n.wrapping_add(1));
        }
        let mut patch = descriptor.patch();
        if let Some(picture) = source.picture {
            let shifted = picture.wrapping_add(self.picture_offset) & 0x7fff;
            self.last.picture = Some(shifted);
            patch = patch.picture_id(shifted);
        }
        if let Some(base) = source.base {
            let shifted = base.wrapping_add(self.base_offset);
            self.last.base = Some(shifted);
            patch = patch.tl0_pic_idx(shifted);
        }
        if self.picture_offset == 0 && self.base_offset == 0 {
            return None;
        }
        // A 7-bit number may not fit any more. Leaving the packet as it was is the lesser harm.
        patch.build().ok()
    }
}

fn offset<N: Copy + Default>(last: Option<N>, source: Option<N>, sub: fn(N, N) -> N, next: fn(N) -> N) -> N {
    match (last, source) {
        (Some(last), Some(source)) => sub(next(last), source),
        _ => N::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn descriptor(picture: u16, base: u8) -> Vp8Descriptor {
        let [high, low] = picture.to_be_bytes();
        Vp8Descriptor::parse(&[0x90, 0xe0, 0x80 | high, low, base, 0x00, 0x00, 0x00]).unwrap()
    }

    #[test]
    fn the_first_run_is_left_alone() {
        let mut numbers = PictureNumbers::default();
        assert_eq!(numbers.patch(&descriptor(700, 3), true), None);
        assert_eq!(numbers.patch(&descriptor(701, 4), false), None);
    }

    #[test]
    fn the_next_run_goes_on() {
        let mut numbers = PictureNumbers::default();
        numbers.patch(&descriptor(0x7fff, 255), true);
        let source = descriptor(1_234, 77);
        let expected = source.patch().picture_id(0).tl0_pic_idx(0).build().unwrap();
        assert_eq!(numbers.patch(&source, true), Some(expected));
        let source = descriptor(1_235, 78);
        let expected = source.patch().picture_id(1).tl0_pic_idx(1).build().unwrap();
        assert_eq!(numbers.patch(&source, false), Some(expected));
    }

    #[test]
    fn packets_without_numbers_pass() {
        let plain = Vp8Descriptor::parse(&[0x10, 0x00, 0x00]).unwrap();
        assert_eq!(PictureNumbers::default().patch(&plain, true), None);
    }
}
