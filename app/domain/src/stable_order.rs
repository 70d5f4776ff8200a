//! An order for lists that change under the reader's eyes: nothing that is on the screen changes places.

/// `current` in the order of `shown` as far as both go, then whatever is new, in its own order.
///
/// A list sorted anew with every change of a number would move under the pointer of whoever is about to choose.
pub fn keep_order<K: Copy + PartialEq>(shown: &[K], current: &[K]) -> Vec<K> {
    let kept = shown.iter().filter(|key| current.contains(key));
    let new = current.iter().filter(|key| !shown.contains(key));
    kept.chain(new).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::keep_order;
    use proptest::prelude::*;

    #[test]
    fn what_is_shown_stays_where_it_is() {
        assert_eq!(keep_order(&[], &[3, 1, 2]), [3, 1, 2]);
        assert_eq!(keep_order(&[1, 2, 3], &[3, 2, 1]), [1, 2, 3]);
        assert_eq!(keep_order(&[1, 2, 3], &[9, 3, 1, 8]), [1, 3, 9, 8]);
        assert_eq!(keep_order(&[1, 2], &[]), [] as [u8; 0]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_or_made_up(shown: std::collections::BTreeSet<u8>, current: std::collections::BTreeSet<u8>) {
            let (shown, current) = (Vec::from_iter(shown), Vec::from_iter(current));
            let mut ordered = keep_order(&shown, &current);
            ordered.sort_unstable();
            prop_assert_eq!(ordered, current);
        }
    }
}
