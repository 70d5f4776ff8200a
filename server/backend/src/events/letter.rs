//! Events that outlive a crash between their commit and their delivery.

use domain::event::{Event, Topic};
use std::{
    collections::{HashSet, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};
use uuid::Uuid;

/// Letters of which a server remembers that it delivered them.
const MEMORY: usize = 20_000;

/// An event in the outbox. Nobody is told before `Events::send`.
#[derive(Debug)]
#[must_use = "it is told when it is sent"]
pub struct Letter {
    pub(crate) id: Uuid,
    pub(crate) topics: Vec<Topic>,
    pub(crate) event: Event,
}

/// Letters that were delivered here, so that one that comes twice is told once. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Delivered(Arc<Mutex<Memory>>);

#[derive(Default)]
struct Memory {
    ids: HashSet<Uuid>,
    order: VecDeque<Uuid>,
}

impl Delivered {
    /// False when it was delivered before.
    pub(super) fn note(&self, letter: Uuid) -> bool {
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !memory.ids.insert(letter) {
            return false;
        }
        memory.order.push_back(letter);
        if memory.order.len() > MEMORY
            && let Some(oldest) = memory.order.pop_front()
        {
            memory.ids.remove(&oldest);
        }
        true
    }
}

/// Letters that every server can hear of, so that their rows may go. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Settled(Arc<Mutex<Vec<Uuid>>>);

impl Settled {
    pub(super) fn add(&self, letters: impl IntoIterator<Item = Uuid>) {
        let mut settled = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        settled.extend(letters);
        // Nobody clears them away. Their rows stay, which costs no more than telling them again.
        let surplus = settled.len().saturating_sub(MEMORY);
        settled.drain(..surplus);
    }

    pub(super) fn take(&self) -> Vec<Uuid> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
