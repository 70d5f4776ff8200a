//! How quickly connections are accepted.
//!
//! When a crowd comes at once, those who are here already are served between its connections. The others wait in the system's
//! backlog meanwhile; when that is full too, TCP has them try again a second later.

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter, clock::Clock};
use std::{num::NonZeroU32, thread};

/// Connections in a second at most, over some time, for each processor. One that did nothing else accepted 7,000 to 10,000.
const RATE: NonZeroU32 = NonZeroU32::new(2500).unwrap();
/// So many may come at once.
const BURST: NonZeroU32 = NonZeroU32::new(50).unwrap();

/// The pace of one listener.
pub(super) struct Inflow(DefaultDirectRateLimiter);

impl Inflow {
    /// The pace for this machine.
    pub(super) fn new() -> Self {
        let n_processors = thread::available_parallelism().ok().and_then(|n| u32::try_from(n.get()).ok()).unwrap_or(1);
        Self::of(RATE.saturating_mul(NonZeroU32::new(n_processors).unwrap_or(NonZeroU32::MIN)))
    }

    fn of(rate: NonZeroU32) -> Self {
        Self(RateLimiter::direct(Quota::per_second(rate).allow_burst(BURST)))
    }

    /// Waits until another connection may be served.
    pub(super) async fn admit(&self) {
        while let Err(early) = self.0.check() {
            tokio::time::sleep(early.wait_time_from(self.0.clock().now())).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BURST, Inflow};
    use std::{
        num::NonZeroU32,
        time::{Duration, Instant},
    };

    #[tokio::test]
    async fn a_crowd_comes_in_at_the_pace() {
        let (inflow, began) = (Inflow::of(NonZeroU32::new(1000).unwrap()), Instant::now());
        for _ in 0..BURST.get() + 100 {
            inflow.admit().await;
        }
        assert!(began.elapsed() >= Duration::from_millis(99), "{:?}", began.elapsed());
    }
}
