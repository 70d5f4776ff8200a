//! The numbers on a viewer's packets: one unbroken line, whoever publishes.
//!
//! A viewer has one RTP stream per medium for its whole session, while publishers come, go and restart with
//! sequence numbers and timestamps of their own. Each run of packets from one origin is shifted to follow the
//! previous run. Inside a run gaps stay gaps, so that the viewer asks for what is missing (NACK).

use std::time::{Duration, Instant};

/// Where a run of packets comes from: a publisher's session and the RTP stream in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    /// A number that no two publishers share.
    pub(crate) publisher: u64,
    /// The RTP stream (SSRC).
    pub(crate) ssrc: u32,
}

/// The numbers of one packet. `seq` is extended: it does not wrap at 16 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Numbers {
    pub(crate) seq: u64,
    pub(crate) time: u32,
}

#[derive(Clone, Copy, Debug)]
struct Run {
    origin: Origin,
    first: u64,
    seq_offset: u64,
    time_offset: u32,
}

#[derive(Clone, Copy, Debug)]
struct Last {
    /// The highest number sent and the time on the packet that carried it.
    sent: Numbers,
    at: Instant,
}

/// Shifts the packets of one medium for one viewer.
#[derive(Debug)]
pub(crate) struct Rewriter {
    /// Ticks per second: 90 000 for video, 48 000 for Opus.
    clock_rate: u32,
    run: Option<Run>,
    last: Option<Last>,
}

impl Rewriter {
    pub(crate) fn new(clock_rate: u32) -> Self {
        Self { clock_rate, run: None, last: None }
    }

    /// Whether a packet of this origin would go on the current run.
    pub(crate) fn continues(&self, origin: Origin) -> bool {
        self.run.is_some_and(|run| run.origin == origin)
    }

    /// Starts a run with this packet and gives its numbers. For video it must start a keyframe.
    pub(crate) fn begin(&mut self, origin: Origin, source: Numbers, now: Instant) -> Numbers {
        let first = match self.last {
            // The receiver starts to count rollovers at zero, so the first number must be below 2^16
            // (RFC 3711, section 3.3.1); half of that leaves room for packets that arrive out of order.
            None => Numbers { seq: source.seq & 0x7fff, time: source.time },
            Some(last) => {
                // Players pace by timestamps: the pause must be as long in them as it was. At least one
                // tick, because two frames with one timestamp would be taken for one.
                let pause = ticks(now.saturating_duration_since(last.at), self.clock_rate).max(1);
                Numbers { seq: last.sent.seq + 1, time: last.sent.time.wrapping_add(pause) }
            }
        };
        self.run = Some(Run {
            origin,
            first: source.seq,
            seq_offset: first.seq.wrapping_sub(source.seq),
            time_offset: first.time.wrapping_sub(source.time),
        });
        self.last = Some(Last { sent: first, at: now });
        first
    }

    /// The numbers of a packet of the current run; `None` for one of another origin, or one from before the
    /// start of the run, whose place the end of the previous run may have taken.
    pub(crate) fn next(&mut self, origin: Origin, source: Numbers, now: Instant) -> Option<Numbers> {
        let run = self.run.filter(|run| run.origin == origin && source.seq >= run.first)?;
        let numbers = Numbers { seq: source.seq.wrapping_add(run.seq_offset), time: source.time.wrapping_add(run.time_offset) };
        if self.last.is_none_or(|last| numbers.seq > last.sent.seq) {
            self.last = Some(Last { sent: numbers, at: now });
        }
        Some(numbers)
    }
}

fn ticks(duration: Duration, clock_rate: u32) -> u32 {
    let ticks = duration.as_micros() * u128::from(clock_rate) / 1_000_000;
    // Timestamps wrap; after a pause of half a day the remainder is as good as any other number.
    u32::try_from(ticks & u128::from(u32::MAX)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FIRST: Origin = Origin { publisher: 1, ssrc: 10 };
    const SECOND: Origin = Origin { publisher: 2, ssrc: 10 };

    fn numbers(seq: u64, time: u32) -> Numbers {
        Numbers { seq, time }
    }

    #[test]
    fn starts_below_the_first_rollover_whatever_the_source_counted() {
        let mut rewriter = Rewriter::new(90_000);
        let first = rewriter.begin(FIRST, numbers(9_999_999, 5), Instant::now());
        assert!(first.seq < 65_536);
    }

    #[test]
    fn gaps_and_disorder_inside_a_run_are_kept() {
        let now = Instant::now();
        let mut rewriter = Rewriter::new(90_000);
        let first = rewriter.begin(FIRST, numbers(1_000, 500), now).seq;
        let mut seq = |n| rewriter.next(FIRST, numbers(n, 500), now).map(|numbers| numbers.seq - first);
        assert_eq!([seq(1_001), seq(1_005), seq(1_003)], [Some(1), Some(5), Some(3)]);
    }

    #[test]
    fn packets_from_before_the_keyframe_are_dropped() {
        let now = Instant::now();
        let mut rewriter = Rewriter::new(90_000);
        rewriter.begin(FIRST, numbers(1_000, 500), now);
        assert_eq!(rewriter.next(FIRST, numbers(999, 400), now), None);
    }

    #[test]
    fn another_publisher_goes_on_where_the_last_one_stopped() {
        let now = Instant::now();
        let mut rewriter = Rewriter::new(90_000);
        rewriter.begin(FIRST, numbers(60_000, 1_000), now);
        let last = rewriter.next(FIRST, numbers(60_010, 4_000), now).unwrap();
        assert!(!rewriter.continues(SECOND));
        assert_eq!(rewriter.next(SECOND, numbers(7, 9), now), None);

        let later = now + Duration::from_secs(3);
        let next = rewriter.begin(SECOND, numbers(7, u32::MAX), later);
        assert_eq!(next.seq, last.seq + 1);
        assert_eq!(next.time.wrapping_sub(last.time), 3 * 90_000);
        assert_eq!(rewriter.next(FIRST, numbers(60_011, 4_001), later), None, "a late packet of the first");
        assert_eq!(rewriter.next(SECOND, numbers(8, 0), later), Some(numbers(next.seq + 1, next.time.wrapping_add(1))));
    }

    #[test]
    fn a_switch_without_a_pause_moves_the_time_on() {
        let now = Instant::now();
        let mut rewriter = Rewriter::new(48_000);
        let first = rewriter.begin(FIRST, numbers(1, 100), now);
        let second = rewriter.begin(SECOND, numbers(1, 100), now);
        assert_eq!(second.time, first.time.wrapping_add(1));
    }

    proptest! {
        /// Whatever publishers do, a viewer never sees a number twice and never a number below the first.
        #[test]
        fn numbers_are_unique_and_grow_over_runs(runs in proptest::collection::vec((0u64..1 << 40, any::<u32>(), 1u64..50), 1..20)) {
            let now = Instant::now();
            let mut rewriter = Rewriter::new(90_000);
            let mut highest = None;
            for (publisher, (start, time, length)) in (0u64..).zip(runs) {
                let origin = Origin { publisher, ssrc: 1 };
                for n in 0..length {
                    let source = numbers(start + n, time.wrapping_add(u32::try_from(n).unwrap()));
                    let sent = if n == 0 { rewriter.begin(origin, source, now) } else { rewriter.next(origin, source, now).unwrap() };
                    prop_assert!(highest.is_none_or(|highest| sent.seq == highest + 1));
                    highest = Some(sent.seq);
                }
            }
        }
    }
}
