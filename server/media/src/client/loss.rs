//! A bad network, on purpose.

/// Decides which packets are lost. Only those of media: losing the others would only make connecting slower.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Loss {
    every: u32,
    count: u32,
}

impl Loss {
    pub(super) fn every(every: u32) -> Self {
        Self { every, count: 0 }
    }

    /// Whether this datagram is lost.
    pub(super) fn takes(&mut self, datagram: &[u8]) -> bool {
        // RFC 7983, section 7: 128 to 191 are RTP and RTCP. RFC 5761, section 4: RTCP has 64 to 95 in the second.
        let is_media = matches!(datagram, [128..=191, second, ..] if !(64..96).contains(&(second & 0x7f)));
        if self.every == 0 || !is_media {
            return false;
        }
        self.count += 1;
        self.count.is_multiple_of(self.every)
    }
}
