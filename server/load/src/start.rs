//! The start of a stream, as the server tells it to everybody who sees what is live.

use crate::shared::micros;
use std::time::{Duration, UNIX_EPOCH};

const EVENT: &[u8] = b"\"stream_started\"";
const MOMENT: &[u8] = b"\"started_at\":";

/// When the stream began that this event is about, in milliseconds of Unix time. None of other events.
pub fn find(data: &[u8]) -> Option<u64> {
    let rest = after(data, EVENT)?;
    let rest = after(rest, MOMENT)?;
    let n_digits = rest.iter().take_while(|digit| digit.is_ascii_digit()).count();
    std::str::from_utf8(rest.get(..n_digits)?).ok()?.parse().ok()
}

/// How long ago a moment of this machine's clock was, in microseconds.
pub fn elapsed_us(unix_ms: u64) -> u64 {
    (UNIX_EPOCH + Duration::from_millis(unix_ms)).elapsed().map_or(0, micros)
}

fn after<'a>(data: &'a [u8], words: &[u8]) -> Option<&'a [u8]> {
    let at = data.windows(words.len()).position(|window| window == words)?;
    data.get(at + words.len()..)
}

#[cfg(test)]
mod tests {
    use super::{elapsed_us, find};

    #[test]
    fn only_the_start_of_a_stream_counts() {
        let live = r#"{"stream":{"title":"x","live":{"started_at":1732960000123,"viewers":0}}}"#;
        assert_eq!(find(format!(r#"{{"topics":[],"event":{{"stream_started":{live}}}}}"#).as_bytes()), Some(1_732_960_000_123));
        assert_eq!(find(format!(r#"{{"topics":[],"event":{{"stream_updated":{live}}}}}"#).as_bytes()), None);
        assert_eq!(find(br#"{"event":{"stream_started":{"started_at":}}}"#), None);
    }

    #[test]
    fn what_is_yet_to_come_is_no_time_ago() {
        assert_eq!(elapsed_us(u64::MAX / 1_000_000), 0);
        assert!(elapsed_us(1_732_960_000_123) > 0);
    }
}
