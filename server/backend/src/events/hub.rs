//! Delivery within this process: topics with a bounded history, and readers, each with a bounded queue or in a [`Crowd`].
//!
//! Contract. Every event has one [`Position`]: the hub's epoch and a sequence over all topics; in each of its topics it has
//! a sequence of that topic besides, one more than the topic's last. A reader that names the position it has seen gets
//! exactly what its topics had since, in order, and then what follows; where that cannot be proved it gets
//! [`Start::Resync`] and never a part. A reader whose queue is full is let go. An event is encoded once and shared.
//!
//! From a reader some people may be hidden. It gets the same frames, and writes something else instead of those that are
//! about them, see [`Membership::bytes`]; the sequences stay without a gap, and publishing knows nothing of it.

use super::changes::Changes;
use crate::Result;
use bytes::Bytes;
use domain::{
    UserId,
    event::{Event, Heartbeat, Position, Topic, TopicSequence, Update},
};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque},
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::{Duration, Instant},
};
use tokio::sync::mpsc;

/// Events kept per topic.
const HISTORY_LENGTH: usize = 1000;
/// How long an event is kept, and how long a topic that nobody reads.
const HISTORY_AGE: Duration = Duration::from_mins(5);
/// How many readers at most are to come back within a second, should all lose this server.
const RETURNS_PER_SECOND: usize = 1250;
/// Over how many milliseconds readers come back at most.
const LONGEST_SPREAD: u32 = 30_000;
/// Events that may wait for one reader.
pub const QUEUE_LENGTH: usize = 64;

/// An event, ready to be written.
#[derive(Debug)]
pub struct Frame {
    pub position: Position,
    /// The whole server-sent event, with its `id` and the empty line at the end.
    pub bytes: Bytes,
    /// Whether a session was ended, which a connection must look into.
    pub ends_session: bool,
    changes_blocks: bool,
    people: Vec<UserId>,
    topics: Vec<TopicSequence>,
    published: Instant,
}

impl Frame {
    /// The topics in which it happened.
    pub fn topics(&self) -> impl Iterator<Item = Topic> {
        self.topics.iter().map(|known| known.topic)
    }

    fn sequence_in(&self, topic: Topic) -> Option<u64> {
        self.topics.iter().find(|known| known.topic == topic).map(|known| known.sequence)
    }

    /// The event, read back from its bytes: only readers from whom somebody is hidden need it.
    fn event(&self) -> Option<Event> {
        let text = std::str::from_utf8(&self.bytes).ok()?;
        let json = text.lines().find_map(|line| line.strip_prefix("data: "))?;
        serde_json::from_str::<Update>(json).ok().map(|update| update.event)
    }

    /// Whether somebody was hidden from the member whose topic is among these, or is no longer.
    fn changes_blocks_of(&self, topics: &[Topic]) -> bool {
        let is_theirs = |known: &TopicSequence| matches!(known.topic, Topic::Member(_)) && topics.contains(&known.topic);
        self.changes_blocks && self.topics.iter().any(is_theirs)
    }
}

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

/// A reader with a queue of its own. It leaves the hub when dropped.
pub struct Subscription {
    pub start: Start,
    /// Ends when the reader was too slow, or when the hub lost continuity.
    pub frames: mpsc::Receiver<Arc<Frame>>,
    membership: Membership,
}

impl Deref for Subscription {
    type Target = Membership;

    fn deref(&self) -> &Membership {
        &self.membership
    }
}

impl DerefMut for Subscription {
    fn deref_mut(&mut self) -> &mut Membership {
        &mut self.membership
    }
}

/// A reader, wherever its frames go. It leaves the hub when dropped.
pub struct Membership {
    hub: Hub,
    reader: u64,
    topics: Arc<[Topic]>,
    hidden: HashSet<UserId>,
}

impl Membership {
    /// Hides these people from this reader, and no others. Find them out after subscribing: a change since then is among
    /// the frames.
    pub fn hide(&mut self, hidden: impl IntoIterator<Item = UserId>) {
        self.hidden = hidden.into_iter().collect();
    }

    /// Whether exactly these people are hidden.
    pub fn hides(&self, hidden: &[UserId]) -> bool {
        self.hidden.len() == hidden.len() && hidden.iter().all(|person| self.hidden.contains(person))
    }

    /// Whether other people are hidden from this reader from here on, so that it must begin anew.
    pub fn is_outdated_by(&self, frame: &Frame) -> bool {
        frame.changes_blocks_of(&self.topics)
    }

    /// What is written for this reader: the event, or what is left of it without the people hidden from it.
    pub fn bytes(&self, frame: &Frame) -> Bytes {
        if self.hidden.is_empty() {
            return frame.bytes.clone();
        }
        let topics = &self.topics;
        let own = || frame.topics.iter().filter(move |known| topics.contains(&known.topic));
        let is_hidden = |person: UserId| self.hidden.contains(&person);
        let is_silent = own().all(|known| known.topic.owner().is_some_and(is_hidden));
        if !is_silent && !frame.people.iter().any(|person| is_hidden(*person)) {
            return frame.bytes.clone();
        }
        let event = if is_silent { None } else { frame.event() };
        let event = event.map_or(Event::Hidden, |event| event.without(is_hidden));
        let topics: Vec<TopicSequence> = own().copied().collect();
        encode(frame.position, &topics, &event).unwrap_or_default()
    }

    /// Leaves the hub now. What came before can still be written.
    pub fn leave(&self) {
        self.hub.lock().let_go(self.reader);
    }

    /// Over how many milliseconds all readers are to come back should they lose this server, each at a moment of its own
    /// choice.
    pub fn spread_ms(&self) -> u32 {
        spread_ms(self.hub.n_readers())
    }

    /// Where the reader's topics stand now.
    pub fn heartbeat(&self) -> Heartbeat {
        self.hub.lock().heartbeat(&self.topics)
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        self.leave();
    }
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

struct TopicState {
    sequence: u64,
    history: VecDeque<Arc<Frame>>,
    /// The position of the last event that fell out of the history, or at which the topic began.
    forgotten_through: u64,
    /// Those with a queue.
    readers: BTreeSet<u64>,
    n_in_crowds: usize,
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

    /// Delivers an event to the readers of its topics and of [`Topic::All`], each of them once.
    pub fn publish(&self, topics: &[Topic], event: &Event) {
        let mut state = self.lock();
        state.sequence += 1;
        // While the lock is held, so that nobody can read the position and miss the change.
        self.changes.note(state.position(), topics, event);
        let mut sequences = Vec::with_capacity(topics.len() + 1);
        for topic in topics.iter().copied().chain([Topic::All]) {
            let state = state.topic_mut(topic);
            state.sequence += 1;
            sequences.push(TopicSequence { topic, sequence: state.sequence });
        }
        let position = state.position();
        let Some(bytes) = encode(position, &sequences, event) else { return };
        let frame = Arc::new(Frame {
            position,
            bytes,
            ends_session: matches!(event, Event::SessionEnded),
            changes_blocks: matches!(event, Event::BlocksChanged),
            people: event.people(),
            topics: sequences,
            published: Instant::now(),
        });
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
        state.sweep();
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
        (start, Membership { hub: self.clone(), reader, topics, hidden: HashSet::new() })
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
        self.topics.entry(topic).or_insert_with(|| TopicState {
            sequence,
            history: VecDeque::new(),
            forgotten_through,
            readers: BTreeSet::new(),
            n_in_crowds: 0,
        })
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
            let newer = topic.history.iter().rev().take_while(|frame| frame.position.sequence > after.sequence);
            for frame in newer {
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

    /// Drops old events, and topics that are neither read nor remembered, at most once a second.
    fn sweep(&mut self) {
        if self.swept.elapsed() < Duration::from_secs(1) {
            return;
        }
        self.swept = Instant::now();
        let mut dropped_through = self.dropped_through;
        self.topics.retain(|_, topic| {
            topic.forget_old();
            let is_used = topic.n_in_crowds > 0 || !topic.readers.is_empty() || !topic.history.is_empty();
            if !is_used {
                dropped_through = dropped_through.max(topic.forgotten_through);
            }
            is_used
        });
        self.dropped_through = dropped_through;
    }
}

impl TopicState {
    fn remember(&mut self, frame: &Arc<Frame>) {
        self.history.push_back(Arc::clone(frame));
        if self.history.len() > HISTORY_LENGTH {
            self.forget_first();
        }
    }

    fn forget_old(&mut self) {
        while self.history.front().is_some_and(|frame| frame.published.elapsed() > HISTORY_AGE) {
            self.forget_first();
        }
    }

    fn forget_first(&mut self) {
        if let Some(frame) = self.history.pop_front() {
            self.forgotten_through = frame.position.sequence;
        }
    }
}

/// A server-sent event. JSON has no line breaks of its own, so one `data` line is enough.
fn encode(position: Position, topics: &[TopicSequence], event: &Event) -> Option<Bytes> {
    let update = Update { topics: topics.to_vec(), event: event.clone() };
    match serde_json::to_string(&update) {
        Ok(json) => Some(format!("id: {position}\ndata: {json}\n\n").into()),
        Err(error) => {
            tracing::error!(%error, "an event cannot be encoded");
            None
        }
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
