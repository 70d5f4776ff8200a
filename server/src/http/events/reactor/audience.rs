//! Who is connected, and who hears what.
//!
//! The connections lie side by side in memory, and each topic knows the places of its readers: to tell a frame to ten
//! thousand is a walk over a sorted list of numbers.

use super::entry::{Entry, Want};
use backend::events::Frame;
use domain::event::Topic;
use slab::Slab;
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

#[derive(Default)]
pub(super) struct Audience {
    entries: Slab<Entry>,
    /// Where the reader of this number has its place.
    places: HashMap<u64, usize>,
    /// The places of those who hear of a topic.
    readers: HashMap<Topic, BTreeSet<usize>>,
}

impl Audience {
    /// Makes room for a reader, who hears of its topics from now on.
    pub(super) fn join(&mut self, reader: u64, topics: Arc<[Topic]>) {
        let place = self.entries.vacant_key();
        for topic in topics.iter() {
            self.readers.entry(*topic).or_default().insert(place);
        }
        self.entries.insert(Entry::new(reader, topics));
        self.places.insert(reader, place);
    }

    pub(super) fn get(&self, reader: u64) -> Option<&Entry> {
        self.entries.get(*self.places.get(&reader)?)
    }

    pub(super) fn get_mut(&mut self, reader: u64) -> Option<&mut Entry> {
        self.entries.get_mut(*self.places.get(&reader)?)
    }

    /// The numbers of all readers.
    pub(super) fn all(&self) -> Vec<u64> {
        self.places.keys().copied().collect()
    }

    /// Gives a frame to everybody who reads one of its topics, once, and answers what they want.
    pub(super) fn tell(&mut self, frame: &Frame, mut tell: impl FnMut(&mut Entry) -> Want) -> Vec<(u64, Want)> {
        let mut wants = Vec::new();
        for topic in frame.topics() {
            for place in self.readers.get(&topic).into_iter().flatten() {
                let Some(entry) = self.entries.get_mut(*place) else { continue };
                let want = if entry.is_new(frame) { tell(entry) } else { Want::Nothing };
                if !matches!(want, Want::Nothing) {
                    wants.push((entry.reader, want));
                }
            }
        }
        wants
    }

    /// The reader hears of nothing more, and keeps its place.
    pub(super) fn deafen(&mut self, reader: u64) -> Option<&mut Entry> {
        let place = *self.places.get(&reader)?;
        let entry = self.entries.get_mut(place)?;
        for topic in std::mem::take(&mut entry.topics).iter() {
            if let Some(readers) = self.readers.get_mut(topic) {
                readers.remove(&place);
                if readers.is_empty() {
                    self.readers.remove(topic);
                }
            }
        }
        Some(entry)
    }

    pub(super) fn remove(&mut self, reader: u64) -> Option<Entry> {
        self.deafen(reader)?;
        self.entries.try_remove(self.places.remove(&reader)?)
    }
}
