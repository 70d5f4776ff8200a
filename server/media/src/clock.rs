//! When a packet was captured, on our clock: what keeps picture and voice together at the viewers.
//!
//! Viewers line up audio and video by the sender reports they get from us, and those say at which time a
//! timestamp was captured. Arrival times are a poor answer, as a large picture arrives later than the voice that
//! belongs to it. The publisher's own reports know better: both of its media are on one clock there.

use std::time::{Duration, Instant, SystemTime};

use str0m::rtp::rtcp::SenderInfo;

/// How far a publisher's clock may run away from ours before it is taken as set anew.
const MAX_DRIFT: Duration = Duration::from_millis(500);

/// One publisher's clock against ours.
#[derive(Debug, Default)]
pub(crate) struct CaptureClock {
    /// One moment on both clocks.
    anchor: Option<(SystemTime, Instant)>,
}

impl CaptureClock {
    /// The moment of capture of the packet with this timestamp; its arrival, as long as the publisher has sent
    /// no report for this medium.
    pub(crate) fn captured(&mut self, report: Option<&SenderInfo>, time: u32, clock_rate: u32, arrival: Instant) -> Instant {
        self.by_report(report, time, clock_rate, arrival).unwrap_or(arrival)
    }

    fn by_report(&mut self, report: Option<&SenderInfo>, time: u32, clock_rate: u32, arrival: Instant) -> Option<Instant> {
        let report = report?;
        // Timestamps wrap at 32 bits; the difference to a report of the last seconds does not.
        #[expect(clippy::cast_possible_truncation, reason = "the wire has the lower 32 bits")]
        let ticks = time.wrapping_sub(report.rtp_time.numer() as u32).cast_signed();
        let offset = Duration::from_secs(ticks.unsigned_abs().into()).checked_div(clock_rate)?;
        let theirs = shift(report.ntp_time, ticks >= 0, offset)?;
        let (their_anchor, our_anchor) = *self.anchor.get_or_insert((theirs, arrival));
        let ours = match theirs.duration_since(their_anchor) {
            Ok(later) => our_anchor.checked_add(later)?,
            Err(earlier) => our_anchor.checked_sub(earlier.duration())?,
        };
        let drift = ours.max(arrival).duration_since(ours.min(arrival));
        if drift > MAX_DRIFT {
            self.anchor = Some((theirs, arrival));
            return Some(arrival);
        }
        Some(ours)
    }
}

fn shift(time: SystemTime, later: bool, by: Duration) -> Option<SystemTime> {
    if later { time.checked_add(by) } else { time.checked_sub(by) }
}

#[cfg(test)]
mod tests {
    use str0m::media::MediaTime;

    use super::*;

    fn report(ntp: SystemTime, rtp: u32) -> SenderInfo {
        SenderInfo {
            ssrc: 1.into(),
            ntp_time: ntp,
            rtp_time: MediaTime::from_90khz(rtp.into()),
            sender_packet_count: 0,
            sender_octet_count: 0,
        }
    }

    #[test]
    fn without_reports_the_arrival_counts() {
        let now = Instant::now();
        assert_eq!(CaptureClock::default().captured(None, 5, 90_000, now), now);
    }

    #[test]
    fn media_captured_together_stay_together_though_one_arrives_late() {
        let (theirs, now) = (SystemTime::UNIX_EPOCH + Duration::from_secs(1_000), Instant::now());
        let mut clock = CaptureClock::default();
        let audio = clock.captured(Some(&report(theirs, 48_000)), 96_000, 48_000, now);
        let video = clock.captured(Some(&report(theirs, u32::MAX)), 89_999, 90_000, now + Duration::from_millis(80));
        assert_eq!(video, audio);
    }

    #[test]
    fn a_clock_that_jumps_is_taken_anew() {
        let (theirs, now) = (SystemTime::UNIX_EPOCH + Duration::from_secs(1_000), Instant::now());
        let mut clock = CaptureClock::default();
        clock.captured(Some(&report(theirs, 0)), 0, 90_000, now);
        let jumped = report(theirs + Duration::from_hours(1), 0);
        let later = now + Duration::from_secs(1);
        assert_eq!(clock.captured(Some(&jumped), 0, 90_000, later), later);
        assert_eq!(clock.captured(Some(&jumped), 9_000, 90_000, later), later + Duration::from_millis(100));
    }
}
