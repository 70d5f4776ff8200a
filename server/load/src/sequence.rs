//! Whether everything came, once and in order.

/// What one connection has seen of a sequence that begins with 1.
#[derive(Debug, Default, Clone, Copy)]
pub struct Sequence {
    newest: u64,
    /// Which of the 64 numbers before and with the newest came; the lowest bit is the newest.
    seen: u64,
    n_distinct: u64,
}

/// How a number came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// Later than all before.
    New,
    /// It came before.
    Duplicate,
    /// After one that was sent later.
    OutOfOrder,
}

impl Sequence {
    /// Notes a number. One that comes more than 64 numbers late counts as a duplicate.
    pub fn note(&mut self, number: u64) -> Arrival {
        if number > self.newest {
            let step = number - self.newest;
            self.seen = if step < 64 { self.seen << step } else { 0 } | 1;
            self.newest = number;
            self.n_distinct += 1;
            return Arrival::New;
        }
        let bit = u32::try_from(self.newest - number).ok().and_then(|late| 1u64.checked_shl(late)).unwrap_or(0);
        if bit == 0 || number == 0 || self.seen & bit != 0 {
            return Arrival::Duplicate;
        }
        self.seen |= bit;
        self.n_distinct += 1;
        Arrival::OutOfOrder
    }

    /// The greatest number that came.
    pub fn newest(&self) -> u64 {
        self.newest
    }

    /// How many of `total` numbers did not come.
    pub fn missing_of(&self, total: u64) -> u64 {
        total.saturating_sub(self.n_distinct)
    }
}

#[cfg(test)]
mod tests {
    use super::{
        Arrival::{Duplicate, New, OutOfOrder},
        Sequence,
    };

    #[test]
    fn each_number_counts_once() {
        let mut sequence = Sequence::default();
        let steps =
            [(1, New), (2, New), (2, Duplicate), (5, New), (3, OutOfOrder), (3, Duplicate), (1, Duplicate), (4, OutOfOrder)];
        for (number, expected) in steps {
            assert_eq!(sequence.note(number), expected, "{number}");
        }
        assert_eq!((sequence.newest(), sequence.missing_of(5), sequence.missing_of(7)), (5, 0, 2));
    }

    #[test]
    fn a_long_gap_is_missing() {
        let mut sequence = Sequence::default();
        assert_eq!(sequence.note(1000), New);
        assert_eq!(sequence.note(1), Duplicate, "too late to tell");
        assert_eq!(sequence.note(937), OutOfOrder);
        assert_eq!(sequence.missing_of(1000), 998);
    }
}
