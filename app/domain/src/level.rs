//! Levels: what experience points amount to.

use serde::{Deserialize, Serialize};

/// Points that the second level takes; level L begins at (L - 1)² times as many.
const STEP: u64 = 100;

/// A level, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Level(u32);

impl Level {
    /// floor(sqrt(xp / 100)) + 1. There are no negative points.
    pub fn of_xp(xp: i64) -> Self {
        // The root of what can be stored fits with room to spare.
        let root = (u64::try_from(xp).unwrap_or(0) / STEP).isqrt();
        Self(u32::try_from(root).unwrap_or(u32::MAX - 1).saturating_add(1))
    }

    pub const fn number(self) -> u32 {
        self.0
    }

    /// The points at which it begins.
    pub fn starts_at(self) -> u64 {
        let steps = u64::from(self.0.saturating_sub(1));
        steps.saturating_mul(steps).saturating_mul(STEP)
    }

    /// The tier of its badge, from 1 to 6.
    pub const fn tier(self) -> u32 {
        match self.0 {
            0..10 => 1,
            10..25 => 2,
            25..50 => 3,
            50..75 => 4,
            75..100 => 5,
            _ => 6,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Level;
    use proptest::prelude::*;

    #[test]
    fn levels_follow_the_square_of_the_points() {
        for (xp, level) in [
            (i64::MIN, 1),
            (0, 1),
            (99, 1),
            (100, 2),
            (399, 2),
            (400, 3),
            (8_099, 9),
            (8_100, 10),
            (980_099, 99),
            (980_100, 100),
            (i64::MAX, 303_700_050),
        ] {
            assert_eq!(Level::of_xp(xp).number(), level, "{xp}");
        }
    }

    #[test]
    fn badges_have_six_tiers() {
        for (level, tier) in
            [(1, 1), (9, 1), (10, 2), (24, 2), (25, 3), (49, 3), (50, 4), (74, 4), (75, 5), (99, 5), (100, 6), (900, 6)]
        {
            assert_eq!(Level(level).tier(), tier, "{level}");
        }
    }

    proptest! {
        #[test]
        fn a_level_holds_the_points_between_its_start_and_the_next(xp in 0_i64..i64::MAX) {
            let level = Level::of_xp(xp);
            let points = u64::try_from(xp).unwrap();
            prop_assert!(level.starts_at() <= points);
            prop_assert!(points < Level(level.number() + 1).starts_at());
        }
    }
}
