//! A tone of 440 Hz, as Opus packets.
//!
//! Encoded once, ahead of time: every Opus encoder for Rust needs either `cmake` or `unsafe` to call, for a sound
//! that never changes. `assets/README.md` has the recipe.

use std::io::Cursor;
use std::time::Duration;

use ogg::{OggReadError, PacketReader};

/// How much sound one packet holds.
pub const PACKET: Duration = Duration::from_millis(20);

/// The packets before these contain the encoder finding its way.
const SETTLED: usize = 25;

/// One second: 440 whole waves, so that the end fits the beginning.
const LOOP: usize = 50;

/// The packets of one second of the tone, to be repeated for ever.
#[derive(Clone, Debug)]
pub struct Tone {
    packets: Vec<Vec<u8>>,
}

/// The tone could not be read.
#[derive(Debug, thiserror::Error)]
#[error("the built-in tone: {0}")]
pub struct ToneError(#[from] OggReadError);

impl Tone {
    /// Reads the built-in tone.
    pub fn new() -> Result<Self, ToneError> {
        let mut reader = PacketReader::new(Cursor::new(include_bytes!("../assets/tone.opus").as_slice()));
        let mut packets = Vec::new();
        while let Some(packet) = reader.read_packet()? {
            // The first two packets are headers (RFC 7845, section 5).
            if !packet.data.starts_with(b"Opus") {
                packets.push(packet.data);
            }
        }
        Ok(Self { packets: packets.into_iter().skip(SETTLED).take(LOOP).collect() })
    }

    /// The packet at this place in an endless tone.
    pub fn packet(&self, n: u64) -> Option<&[u8]> {
        let place = n % u64::try_from(self.packets.len()).ok().filter(|length| *length > 0)?;
        self.packets.get(usize::try_from(place).ok()?).map(Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_second_that_repeats() {
        let tone = Tone::new().unwrap();
        assert_eq!(tone.packets.len(), LOOP);
        assert_eq!(tone.packet(0), tone.packet(50));
        for packet in &tone.packets {
            // RFC 6716, section 3.1: one frame of 20 ms, mono.
            let toc = packet[0];
            assert_eq!(toc & 0x07, 0);
            assert!(matches!(toc >> 3, 1 | 5 | 9 | 13 | 15 | 19 | 23 | 27 | 31), "{toc:#x}");
        }
    }
}
