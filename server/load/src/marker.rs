//! The mark in every event: its number, and when it was sent.

use std::fmt;

/// What is looked for.
const SIGN: &[u8] = b"bench-";
const SEQUENCE_DIGITS: usize = 10;
const TIME_DIGITS: usize = 14;

/// `bench-<number>-<time>`, both with leading zeros, so that every event has the same length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marker {
    /// Counted from 1.
    pub sequence: u64,
    /// Microseconds since this program began.
    pub sent_us: u64,
}

impl Marker {
    /// Finds the first marker in the data of an event.
    pub fn find(data: &[u8]) -> Option<Self> {
        let at = data.windows(SIGN.len()).position(|window| window == SIGN)?;
        let rest = data.get(at + SIGN.len()..)?;
        let sequence = number(rest.get(..SEQUENCE_DIGITS)?)?;
        let rest = rest.get(SEQUENCE_DIGITS..)?.strip_prefix(b"-")?;
        Some(Self { sequence, sent_us: number(rest.get(..TIME_DIGITS)?)? })
    }
}

impl fmt::Display for Marker {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "bench-{:0SEQUENCE_DIGITS$}-{:0TIME_DIGITS$}", self.sequence, self.sent_us)
    }
}

fn number(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0, |number, digit| digit.is_ascii_digit().then(|| number * 10 + u64::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use super::Marker;

    #[test]
    fn it_is_found_where_it_was_put() {
        let marker = Marker { sequence: 12, sent_us: 3_456_789 };
        let text = marker.to_string();
        assert_eq!(text, "bench-0000000012-00000003456789");
        assert_eq!(Marker::find(format!("{{\"title\":\"{marker}\"}}").as_bytes()), Some(marker));
        for wrong in ["", "bench-", "bench-0000000012", "bench-000000001x-00000003456789", "bench-0000000012_00000003456789"] {
            assert_eq!(Marker::find(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
