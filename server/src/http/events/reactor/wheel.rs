//! One clock for all connections: whoever is due within the same second is looked at together.

use std::time::Duration;

/// Seconds until everybody was looked at once.
const TURN: u32 = 16;

/// Numbers of connections, by the second in which to look at them.
pub(super) struct Wheel {
    slots: Vec<Vec<u64>>,
    /// The last second that was handed out.
    now: u32,
}

impl Wheel {
    pub(super) fn new() -> Self {
        Self { slots: vec![Vec::new(); TURN as usize], now: 0 }
    }

    /// Hands a connection out at this second, or a turn from now if that is sooner.
    pub(super) fn put(&mut self, key: u64, second: u32) {
        let second = second.clamp(self.now + 1, self.now + TURN - 1);
        if let Some(slot) = self.slots.get_mut((second % TURN) as usize) {
            slot.push(key);
        }
    }

    /// Everybody who is due up to this second.
    pub(super) fn turn(&mut self, until: u32) -> Vec<u64> {
        let mut due = Vec::new();
        while self.now < until {
            self.now += 1;
            if let Some(slot) = self.slots.get_mut((self.now % TURN) as usize) {
                due.append(slot);
            }
        }
        due
    }
}

/// Whole seconds.
pub(super) fn seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_secs()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::{TURN, Wheel};

    #[test]
    fn everybody_is_handed_out_once_and_never_late() {
        let mut wheel = Wheel::new();
        wheel.put(1, 1);
        wheel.put(2, 3);
        wheel.put(3, 1000);
        wheel.put(4, 0);
        assert_eq!(wheel.turn(2), [1, 4]);
        assert!(wheel.turn(2).is_empty());
        assert_eq!(wheel.turn(10), [2]);
        wheel.put(5, 10);
        assert_eq!(wheel.turn(11), [5]);
        assert_eq!(wheel.turn(11 + TURN), [3], "it waits a turn at most");
        assert!(wheel.turn(100).is_empty());
    }
}
