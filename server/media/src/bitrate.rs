//! Catches a publisher who keeps sending more than it may.

use std::time::{Duration, Instant};

const WINDOW: Duration = Duration::from_secs(1);
const STRIKES: u32 = 5;

/// Counts bytes in windows of a second.
#[derive(Debug)]
pub(crate) struct Meter {
    /// Bytes per window at which it is too much: the limit and a quarter, because keyframes and
    /// retransmissions make an honest sender's rate uneven.
    threshold: u64,
    window: Instant,
    bytes: u64,
    strikes: u32,
    last: u64,
}

impl Meter {
    /// A meter for a limit in bits per second.
    pub(crate) fn new(bits_per_second: u64, now: Instant) -> Self {
        let threshold = (bits_per_second / 8).saturating_mul(5) / 4;
        Self { threshold, window: now, bytes: 0, strikes: 0, last: 0 }
    }

    /// Counts a packet. `true`: the limit was exceeded in five windows in a row.
    #[must_use]
    pub(crate) fn add(&mut self, bytes: usize, now: Instant) -> bool {
        let elapsed = now.saturating_duration_since(self.window);
        if elapsed >= WINDOW {
            // A pause makes the window longer: what counts is the rate over it.
            let milliseconds = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
            self.last = self.bytes.saturating_mul(1_000) / milliseconds;
            self.strikes = if self.last > self.threshold { self.strikes + 1 } else { 0 };
            self.window = now;
            self.bytes = 0;
        }
        self.bytes += bytes as u64;
        self.strikes >= STRIKES
    }

    /// Bits per second in the last full window.
    pub(crate) fn bits_per_second(&self) -> u64 {
        self.last.saturating_mul(8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends at `rate` bit/s for `seconds`; the second in which the meter had enough.
    fn caught(meter: &mut Meter, start: Instant, rate: u64, seconds: u32) -> Option<u32> {
        let packet = (rate / 8 / 100) as usize;
        (0..seconds * 100).find(|n| meter.add(packet, start + Duration::from_millis(u64::from(*n) * 10))).map(|n| n / 100)
    }

    #[test]
    fn a_sender_at_the_limit_may_go_on() {
        let now = Instant::now();
        assert_eq!(caught(&mut Meter::new(1_000_000, now), now, 1_000_000, 60), None);
    }

    #[test]
    fn a_sender_far_above_it_is_caught_after_five_seconds() {
        let now = Instant::now();
        assert_eq!(caught(&mut Meter::new(1_000_000, now), now, 2_000_000, 60), Some(5));
    }

    #[test]
    fn a_burst_is_forgiven() {
        let now = Instant::now();
        let mut meter = Meter::new(1_000_000, now);
        assert_eq!(caught(&mut meter, now, 2_000_000, 4), None);
        assert_eq!(caught(&mut meter, now + Duration::from_secs(4), 500_000, 3), None);
        assert_eq!(caught(&mut meter, now + Duration::from_secs(7), 2_000_000, 4), None);
    }
}
