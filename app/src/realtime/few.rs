//! A map of a few entries.

/// Finds by looking at every entry: quick while there are few, and a fraction of the code of the standard maps,
/// which the browser would have to download.
#[derive(Debug)]
pub(crate) struct Few<K, V>(Vec<(K, V)>);

impl<K, V> Default for Few<K, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: Copy + PartialEq, V> Few<K, V> {
    pub(crate) fn get(&self, key: K) -> Option<&V> {
        self.0.iter().find(|(known, _)| *known == key).map(|(_, value)| value)
    }

    pub(crate) fn get_mut(&mut self, key: K) -> Option<&mut V> {
        self.0.iter_mut().find(|(known, _)| *known == key).map(|(_, value)| value)
    }

    /// Adds an entry as the last, instead of the one that had its key.
    pub(crate) fn insert(&mut self, key: K, value: V) {
        self.remove(key);
        self.0.push((key, value));
    }

    pub(crate) fn remove(&mut self, key: K) {
        self.0.retain(|(known, _)| *known != key);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// The entries, the one that was added first in front.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &(K, V)> {
        self.0.iter()
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut (K, V)> {
        self.0.iter_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::Few;

    #[test]
    fn keeps_one_value_for_each_key() {
        let mut few = Few::default();
        few.insert(1, "a");
        few.insert(2, "b");
        few.insert(1, "c");
        assert_eq!(few.iter().copied().collect::<Vec<_>>(), [(2, "b"), (1, "c")]);
        assert_eq!(few.get(1), Some(&"c"));
        few.remove(1);
        assert_eq!(few.get(1), None);
    }
}
