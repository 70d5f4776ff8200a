//! Delivery within this process: topics with a bounded history, and readers, each with a bounded queue or in a [`Crowd`].
//!
//! Contract. Every event has one [`Position`]: the hub's epoch and a sequence over all topics; in each of its topics it has
//! a sequence of that topic besides, one more than the topic's last. A reader that names the position it has seen gets
//! exactly what its topics had since, in order, and then what follows; where that cannot be proved it gets
//! [`Start::Resync`] and never a part. A reader whose queue is full is let go. An event is encoded once and shared.
//!
//! From a reader some people may be hidden. It gets the same frames, and writes something else instead of those that are
//! about them, see [`Membership::bytes`]; the sequences stay without a gap, and publishing knows nothing of it.

mod frame;
mod membership;
mod topic;

pub use frame::Frame;
pub use membership::{Membership, Subscription};

use super::changes::Changes;
use crate::Result;
use domain::event::{Event, Heartbeat, Position, Topic, TopicSequence};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::{Duration, Instant},
};
use tokio::sync::mpsc;
use topic::TopicState;

/// How many readers at most are to come back within a second, should all lose this server.
const RETURNS_PER_SECOND: usize = 1250;
/// Over how many milliseconds readers come back at most.
const LONGEST_SPREAD: u32 = 30_000;
/// Topics that nobody reads and whose events are remembered all the same, for who may come back, at most.
const MOST_UNREAD_TOPICS: usize = 50_000;
/// Events that may wait for one reader.
pub const QUEUE_LENGTH: usize = 64;

/// How a subscription begins.
#[derive(Debug)]
pub enum Start {
    /// With everything since the position that the reader named. The heartbeat says where its topics stood before that.
    Continues { from: Heartbeat, missed: Vec<Arc<Frame>> },
    /// Anew: what the reader knows may be out of date.
    Resync { from: Heartbeat },
}

/// Many readers who are given each frame by somebody else, so that the hub says it once however many they are.
/// It is told while the hub is locked, so it must be quick and must not ask the hub anything.
pub trait Crowd: Send + Sync {
    /// An event in topics of which somebody reads one, perhaps somebody of another crowd.
    fn tell(&self, frame: &Arc<Frame>);

    /// Everybody who has joined has missed something, hears nothing more, and must begin anew.
    fn lose_continuity(&self);
}

/// The hub. Cheap to clone.
#[derive(Clone)]
pub struct Hub {
    state: Arc<Mutex<State>>,
    changes: Changes,
}

struct State {
    epoch: u64,
    sequence: u64,
    next_reader: u64,
    readers: HashMap<u64, Reader>,
    crowds: Vec<Weak<dyn Crowd>>,
    topics: HashMap<Topic, TopicState>,
    /// The last event of any topic that was dropped as a whole: before it, such a topic cannot be proved complete.
    dropped_through: u64,
    swept: Instant,
}

struct Reader {
    /// None when it is in a crowd.
    queue: Option<mpsc::Sender<Arc<Frame>>>,
    topics: Arc<[Topic]>,
}

impl Hub {
    pub fn new() -> Result<Self> {
        let state = State {
            epoch: random_epoch()?,
            sequence: 0,
            next_reader: 0,
            readers: HashMap::new(),
            crowds: Vec::new(),
            topics: HashMap::new(),
            dropped_through: 0,
            swept: Instant::now(),
        };
        let changes = Changes::new(state.position());
        Ok(Self { state: Arc::new(Mutex::new(state)), changes })
    }

    /// Says that an event will be published a little later, to those who keep what they read.
    pub(super) fn announce(&self, topics: &[Topic], event: &Event) {
        let state = self.lock();
        self.changes.note_ahead(state.position(), topics, event);
    }

    /// What changed last, for those who keep what they read.
    pub(crate) fn changes(&self) -> &Changes {
        &self.changes
    }

    pub fn position(&self) -> Position {
        self.lock().position()
    }

    /// Readers at present.
    pub fn n_readers(&self) -> usize {
        self.lock().readers.len()
    }

    /// Delivers an event to the readers of its topics and of [`Topic::All`], each of them once. That [`Topic::All`] is among
    /// its topics says that it may be about anything that was read before.
    pub fn publish(&self, topics: &[Topic], event: &Event) {
        let mut state = self.lock();
        state.sequence += 1;
        // While the lock is held, so that nobody can read the position and miss the change.
        self.changes.note(state.position(), topics, event);
        let mut sequences = Vec::with_capacity(topics.len() + 1);
        for topic in topics.iter().copied().filter(|topic| *topic != Topic::All).chain([Topic::All]) {
            let state = state.topic_mut(topic);
            state.sequence += 1;
            sequences.push(TopicSequence { topic, sequence: state.sequence });
        }
        let position = state.position();
        let Some(frame) = Frame::new(position, sequences, event).map(Arc::new) else { return };
        let (mut concerned, mut is_for_crowds) = (BTreeSet::new(), false);
        for TopicSequence { topic, .. } in &frame.topics {
            let topic = state.topic_mut(*topic);
            topic.remember(&frame);
            concerned.extend(&topic.readers);
            is_for_crowds |= topic.n_in_crowds > 0;
        }
        if is_for_crowds {
            state.tell_crowds(|crowd| crowd.tell(&frame));
        }
        for reader in concerned {
            let queue = state.readers.get(&reader).and_then(|reader| reader.queue.as_ref());
            if queue.is_none_or(|queue| queue.try_send(Arc::clone(&frame)).is_err()) {
                state.let_go(reader);
            }
        }
        state.sweep(Instant::now());
    }

    /// Adds a reader with a queue. `after` is the position it has seen, if any.
    pub fn subscribe(&self, topics: Vec<Topic>, after: Option<Position>) -> Subscription {
        let (queue, frames) = mpsc::channel(QUEUE_LENGTH);
        let (start, membership) = self.add(topics, after, Some(queue), |_, _| {});
        Subscription { start, frames, membership }
    }

    /// Tells a crowd from now on, as long as it is there.
    pub fn gather(&self, crowd: Weak<dyn Crowd>) {
        self.lock().crowds.push(crowd);
    }

    /// Adds a reader to a crowd that was gathered. `join` is given its number and topics before the first frame that comes
    /// after its start, while the hub is locked.
    pub fn join(
        &self,
        topics: Vec<Topic>,
        after: Option<Position>,
        join: impl FnOnce(u64, &Arc<[Topic]>),
    ) -> (Start, Membership) {
        self.add(topics, after, None, join)
    }

    fn add(
        &self,
        mut topics: Vec<Topic>,
        after: Option<Position>,
        queue: Option<mpsc::Sender<Arc<Frame>>>,
        join: impl FnOnce(u64, &Arc<[Topic]>),
    ) -> (Start, Membership) {
        topics.sort_unstable();
        topics.dedup();
        let topics: Arc<[Topic]> = topics.into();
        let mut state = self.lock();
        let start = state.start(&topics, after);
        state.next_reader += 1;
        let reader = state.next_reader;
        for topic in topics.iter() {
            let topic = state.topic_mut(*topic);
            if queue.is_some() {
                topic.readers.insert(reader);
            } else {
                topic.n_in_crowds += 1;
            }
        }
        state.readers.insert(reader, Reader { queue, topics: Arc::clone(&topics) });
        join(reader, &topics);
        drop(state);
        (start, Membership::new(self.clone(), reader, topics))
    }

    /// Begins a new epoch: what was missed is unknown, so every reader is let go and must start anew.
    pub fn lose_continuity(&self) {
        let Ok(epoch) = random_epoch() else { return };
        let mut state = self.lock();
        state.epoch = epoch;
        state.topics.clear();
        state.readers.clear();
        state.tell_crowds(|crowd| crowd.lose_continuity());
        state.dropped_through = state.sequence;
        self.changes.begin(state.position());
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn position(&self) -> Position {
        Position { epoch: self.epoch, sequence: self.sequence }
    }

    /// A topic that is new, or was dropped, goes on counting from the hub's own sequence, which is never behind.
    fn topic_mut(&mut self, topic: Topic) -> &mut TopicState {
        let (sequence, forgotten_through) = (self.sequence, self.dropped_through);
        self.topics.entry(topic).or_insert_with(|| TopicState::new(sequence, forgotten_through))
    }

    fn heartbeat(&self, topics: &[Topic]) -> Heartbeat {
        let sequence_of = |topic: Topic| self.topics.get(&topic).map_or(self.sequence, |state| state.sequence);
        let topics = topics.iter().map(|topic| TopicSequence { topic: *topic, sequence: sequence_of(*topic) }).collect();
        Heartbeat { position: self.position(), topics }
    }

    fn start(&mut self, topics: &[Topic], after: Option<Position>) -> Start {
        for topic in topics {
            self.topic_mut(*topic);
        }
        let mut from = self.heartbeat(topics);
        let Some(after) = after else { return Start::Resync { from } };
        let is_provable = after.epoch == self.epoch
            && after.sequence <= self.sequence
            && topics.iter().filter_map(|topic| self.topics.get(topic)).all(|topic| topic.forgotten_through <= after.sequence);
        if !is_provable {
            return Start::Resync { from };
        }
        let mut missed = BTreeMap::new();
        for known in &mut from.topics {
            let Some(topic) = self.topics.get(&known.topic) else { continue };
            for frame in topic.since(after.sequence) {
                known.sequence = frame.sequence_in(known.topic).map_or(known.sequence, |sequence| sequence - 1);
                missed.insert(frame.position.sequence, Arc::clone(frame));
            }
        }
        // What the reader knows is about people who may be hidden from it now, or leaves out some who are not.
        if missed.values().any(|frame| frame.changes_blocks_of(topics)) {
            return Start::Resync { from: self.heartbeat(topics) };
        }
        from.position = after;
        Start::Continues { from, missed: missed.into_values().collect() }
    }

    /// Forgets a reader. Its queue closes, which tells its connection.
    fn let_go(&mut self, reader: u64) {
        let Some(Reader { topics, queue }) = self.readers.remove(&reader) else { return };
        for topic in topics.iter() {
            match self.topics.get_mut(topic) {
                Some(topic) if queue.is_none() => topic.n_in_crowds -= 1,
                Some(topic) => drop(topic.readers.remove(&reader)),
                None => {}
            }
        }
    }

    fn tell_crowds(&mut self, tell: impl Fn(&dyn Crowd)) {
        self.crowds.retain(|crowd| crowd.upgrade().inspect(|crowd| tell(&**crowd)).is_some());
    }

    /// Drops old events, and topics that are neither read nor remembered, at most once a second. Of too many that nobody reads
    /// the half in which the last event is longest ago is not remembered.
    fn sweep(&mut self, now: Instant) {
        if now.duration_since(self.swept) < Duration::from_secs(1) {
            return;
        }
        self.swept = now;
        self.topics.values_mut().for_each(|topic| topic.forget_old(now));
        let unread = self.topics.values().filter(|topic| !topic.is_read() && topic.is_remembered());
        let mut unread: Vec<u64> = unread.map(TopicState::newest).collect();
        let middle = unread.len() / 2;
        let remembered_from = if unread.len() > MOST_UNREAD_TOPICS { *unread.select_nth_unstable(middle).1 } else { 0 };
        let mut dropped_through = self.dropped_through;
        self.topics.retain(|_, topic| {
            let stays = topic.is_read() || topic.is_remembered() && topic.newest() >= remembered_from;
            if !stays {
                dropped_through = dropped_through.max(topic.newest());
            }
            stays
        });
        self.dropped_through = dropped_through;
    }
}

/// Over how long so many readers come back.
fn spread_ms(n_readers: usize) -> u32 {
    u32::try_from(n_readers.saturating_mul(1000) / RETURNS_PER_SECOND).unwrap_or(u32::MAX).min(LONGEST_SPREAD)
}

fn random_epoch() -> Result<u64> {
    Ok(u64::from_ne_bytes(crate::tokens::random_bytes()?))
}

#[cfg(test)]
mod tests;
