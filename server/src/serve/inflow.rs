//! How quickly connections are accepted.
//!
//! When a crowd comes at once, those who are here already are served between its connections, which wait in the system's
//! backlog meanwhile. Nobody is refused for it.

use governor::{
    DefaultDirectRateLimiter, Quota, RateLimiter,
    clock::{Clock, DefaultClock},
};
use std::num::NonZeroU32;

/// Connections in a second at most, over some time: what two cores accept takes half of one then.
const RATE: NonZeroU32 = NonZeroU32::new(5000).unwrap();
/// So many may come at once, which is a hundredth of a second's.
const BURST: NonZeroU32 = NonZeroU32::new(50).unwrap();

/// The pace of one listener.
pub(super) struct Inflow {
    limiter: DefaultDirectRateLimiter,
    clock: DefaultClock,
}

impl Default for Inflow {
    fn default() -> Self {
        Self { limiter: RateLimiter::direct(Quota::per_second(RATE).allow_burst(BURST)), clock: DefaultClock::default() }
    }
}

impl Inflow {
    /// Waits until another connection may be served.
    pub(super) async fn admit(&self) {
        while let Err(early) = self.limiter.check() {
            tokio::time::sleep(early.wait_time_from(self.clock.now())).await;
        }
    }
}
