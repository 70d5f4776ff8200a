//! What changed last about which topic, so that what was read before is not taken for current.
//!
//! The hub notes every event here before its position can be read. So whoever reads a position, then data, and finds no
//! change of its topics after that position, has data that is right as of now.

use domain::{
    UserId,
    event::{Event, Position, Topic},
};
use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Topics that are remembered one by one. Of the others it is known that nothing came after the floor.
const MEMORY: usize = 20_000;
/// How far back positions can be told from times, and how finely.
const MOMENTS: usize = 600;
const MOMENT: Duration = Duration::from_millis(100);

/// The changes that this server knows of. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Changes(Arc<Mutex<Log>>);

struct Log {
    position: Position,
    /// Every topic that is not remembered had its last change at or before this one.
    floor: u64,
    /// The sequence of a topic's last change.
    topics: HashMap<Topic, u64>,
    /// What was read before this moment is to be forgotten, whatever it is about.
    forgotten_at: Option<Instant>,
    /// When positions were reached, the oldest first.
    moments: VecDeque<(Instant, u64)>,
    newest: (Instant, u64),
}

impl Changes {
    pub(super) fn new(position: Position) -> Self {
        Self(Arc::new(Mutex::new(Log::new(position, Instant::now()))))
    }

    /// Notes an event that is about to be published at this position.
    pub(super) fn note(&self, position: Position, topics: &[Topic], event: &Event) {
        self.lock().note(position, topics, event, Instant::now());
    }

    /// Notes an event that will be published after this position.
    pub(super) fn note_ahead(&self, position: Position, topics: &[Topic], event: &Event) {
        self.lock().note_ahead(position, topics, event);
    }

    /// Forgets everything: what was missed is unknown, so that nothing that was read before holds.
    pub(super) fn begin(&self, position: Position) {
        let mut log = self.lock();
        *log = Log { forgotten_at: log.forgotten_at, ..Log::new(position, Instant::now()) };
    }

    /// The position of the last event. Read it before the data, never after.
    pub(crate) fn position(&self) -> Position {
        self.lock().position
    }

    /// Whether what was read at this position about these topics is still right.
    pub(crate) fn holds(&self, read_at: Position, topics: &[Topic]) -> bool {
        self.lock().holds(read_at, topics)
    }

    /// Whether what began to be read at this moment is to be forgotten, even where there is nothing newer.
    pub(crate) fn is_forgotten(&self, since: Instant) -> bool {
        self.lock().forgotten_at.is_some_and(|forgotten_at| since <= forgotten_at)
    }

    /// Where the last change of these topics stands or will stand.
    pub(crate) fn changed_at(&self, topics: &[Topic]) -> Position {
        self.lock().changed_at(topics)
    }

    /// The newest position of which the same can be said. It is that of the last event when these topics had none since:
    /// then a reader need not be told what came in between.
    pub(crate) fn advance(&self, read_at: Position, topics: &[Topic]) -> Position {
        self.lock().advance(read_at, topics)
    }

    /// The last position that was certainly reached before this moment; none when that is too long ago to be known.
    pub(crate) fn position_at(&self, moment: Instant) -> Option<Position> {
        self.lock().position_at(moment)
    }

    fn lock(&self) -> MutexGuard<'_, Log> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Log {
    fn new(position: Position, now: Instant) -> Self {
        let newest = (now, position.sequence);
        let (topics, moments) = (HashMap::new(), VecDeque::new());
        Self { position, floor: position.sequence, topics, forgotten_at: None, moments, newest }
    }

    fn note(&mut self, position: Position, topics: &[Topic], event: &Event, now: Instant) {
        self.position = position;
        if topics.contains(&Topic::All) {
            self.floor = position.sequence;
            self.topics.clear();
            self.forgotten_at = Some(now);
        }
        for topic in outdated(topics, event) {
            self.topics.insert(topic, position.sequence);
        }
        if self.topics.len() > MEMORY {
            self.forget_half();
        }
        let (reached, _) = self.newest;
        if self.moments.back().is_none_or(|(last, _)| reached.duration_since(*last) >= MOMENT) {
            self.moments.push_back(self.newest);
            if self.moments.len() > MOMENTS {
                self.moments.pop_front();
            }
        }
        self.newest = (now, position.sequence);
    }

    /// Until it is published nothing holds that is read about its topics: of what is read meanwhile nobody knows whether it was
    /// before the change or after.
    fn note_ahead(&mut self, position: Position, topics: &[Topic], event: &Event) {
        for topic in outdated(topics, event) {
            self.topics.insert(topic, position.sequence + 1);
        }
    }

    /// Forgets the topics that were quiet for longest. It is as if they had changed when the last of them did.
    fn forget_half(&mut self) {
        let mut sequences: Vec<u64> = self.topics.values().copied().collect();
        sequences.sort_unstable();
        let median = sequences.get(sequences.len() / 2).copied().unwrap_or(self.floor);
        self.floor = self.floor.max(median);
        self.topics.retain(|_, last| *last > median);
    }

    fn last_change(&self, topic: Topic) -> u64 {
        self.topics.get(&topic).copied().unwrap_or_default().max(self.floor)
    }

    fn changed_at(&self, topics: &[Topic]) -> Position {
        let sequence = topics.iter().map(|topic| self.last_change(*topic)).max().unwrap_or(self.floor);
        Position { epoch: self.position.epoch, sequence }
    }

    fn holds(&self, read_at: Position, topics: &[Topic]) -> bool {
        read_at.epoch == self.position.epoch && topics.iter().all(|topic| self.last_change(*topic) <= read_at.sequence)
    }

    fn advance(&self, read_at: Position, topics: &[Topic]) -> Position {
        if self.holds(read_at, topics) { self.position } else { read_at }
    }

    fn position_at(&self, moment: Instant) -> Option<Position> {
        let mut reached = std::iter::once(&self.newest).chain(self.moments.iter().rev());
        let (_, sequence) = reached.find(|(reached, _)| *reached < moment)?;
        Some(Position { epoch: self.position.epoch, sequence: *sequence })
    }
}

/// Whether something is read and kept about such a topic.
const fn is_read_about(topic: Topic) -> bool {
    matches!(topic, Topic::Streams | Topic::Category(_) | Topic::Channel(_))
}

/// The topics about which what was read before the event is out of date.
fn outdated(topics: &[Topic], event: &Event) -> Vec<Topic> {
    match event {
        // Lists of all streams also name channels that are not live.
        Event::ChannelUpdated { channel, .. } => vec![Topic::Channel(*channel), Topic::Streams],
        // Whoever writes gains experience, and so does whoever follows; their own page shows the level.
        Event::Chat { author, .. } => author.iter().copied().map(Topic::Channel).collect(),
        Event::FollowingChanged { .. } => topics.iter().filter_map(|topic| member(*topic)).map(Topic::Channel).collect(),
        Event::StreamStarted { .. }
        | Event::Viewers { .. }
        | Event::StreamUpdated { .. }
        | Event::StreamEnded { .. }
        | Event::FollowersChanged { .. }
        | Event::Hidden => topics.iter().copied().filter(|topic| is_read_about(*topic)).collect(),
        // Who is present is never kept.
        Event::PresenceChanged { .. } | Event::BlocksChanged | Event::Notified { .. } | Event::Sampled | Event::SessionEnded => {
            Vec::new()
        }
    }
}

const fn member(topic: Topic) -> Option<UserId> {
    match topic {
        Topic::Member(member) => Some(member),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Log, MEMORY, MOMENT};
    use domain::{
        Category, UserId,
        event::{Event, Position, Topic},
    };
    use std::time::{Duration, Instant};
    use uuid::Uuid;

    fn at(sequence: u64) -> Position {
        Position { epoch: 1, sequence }
    }

    fn user(n: u64) -> UserId {
        UserId(Uuid::from_u128(n.into()))
    }

    fn ended(n: u64) -> Event {
        Event::StreamEnded { channel: user(n), category: Category::Study }
    }

    #[test]
    fn what_was_read_before_a_change_does_not_hold() {
        let now = Instant::now();
        let mut log = Log::new(at(10), now);
        assert!(log.holds(at(10), &[Topic::Streams]));
        log.note(at(11), &[Topic::Streams, Topic::Channel(user(1))], &ended(1), now);
        assert!(!log.holds(at(10), &[Topic::Streams]) && !log.holds(at(10), &[Topic::Channel(user(1))]));
        assert!(log.holds(at(10), &[Topic::Channel(user(2))]) && log.holds(at(11), &[Topic::Streams]));
        assert!(!log.holds(Position { epoch: 2, sequence: 99 }, &[Topic::Streams]), "of another epoch nothing is known");
    }

    #[test]
    fn nothing_holds_while_a_change_waits_to_be_published() {
        let now = Instant::now();
        let mut log = Log::new(at(10), now);
        log.note_ahead(at(10), &[Topic::Streams], &ended(1));
        assert!(!log.holds(at(10), &[Topic::Streams]));
        assert!(log.holds(at(10), &[Topic::Channel(user(2))]));
        log.note(at(11), &[Topic::Chat(user(2))], &Event::Hidden, now);
        assert!(log.holds(at(11), &[Topic::Streams]), "whoever read at this position read after the change");
        log.note(at(12), &[Topic::Streams], &ended(1), now);
        assert!(!log.holds(at(11), &[Topic::Streams]) && log.holds(at(12), &[Topic::Streams]));
    }

    #[test]
    fn what_does_not_concern_a_topic_moves_it_on() {
        let now = Instant::now();
        let mut log = Log::new(at(0), now);
        log.note(at(1), &[Topic::Chat(user(1))], &Event::Hidden, now);
        assert_eq!(log.advance(at(0), &[Topic::Streams]), at(1), "nothing happened to the streams");
        log.note(at(2), &[Topic::Streams], &Event::Viewers { counts: Vec::new() }, now);
        log.note(at(3), &[Topic::Chat(user(1))], &Event::Hidden, now);
        assert_eq!(log.advance(at(1), &[Topic::Streams]), at(1), "the reader must hear the counts");
        assert_eq!(log.advance(at(2), &[Topic::Streams]), at(3));
    }

    #[test]
    fn each_event_outdates_what_shows_it() {
        let (ana, ben) = (user(1), user(2));
        let updated = Event::ChannelUpdated {
            channel: ana,
            display_name: "Ana".to_owned(),
            title: "A title".to_owned(),
            category: Category::Study,
            presentation: None,
        };
        let chat = |author| Event::Chat { channel: ana, author, change: String::new() };
        for (topics, event, expected) in [
            (vec![Topic::Channel(ana)], updated, vec![Topic::Channel(ana), Topic::Streams]),
            (vec![Topic::Chat(ana)], chat(Some(ben)), vec![Topic::Channel(ben)]),
            (vec![Topic::Chat(ana)], chat(None), vec![]),
            (vec![Topic::Member(ben)], Event::FollowingChanged { channel: ana, is_following: true }, vec![Topic::Channel(ben)]),
            (vec![Topic::Channel(ana)], Event::FollowersChanged { channel: ana, followers: 1 }, vec![Topic::Channel(ana)]),
            (vec![Topic::Channel(ana)], Event::PresenceChanged { channel: ana, present: 1 }, vec![]),
            (vec![Topic::Member(ana)], Event::BlocksChanged, vec![]),
        ] {
            assert_eq!(super::outdated(&topics, &event), expected, "{event:?}");
        }
    }

    #[test]
    fn after_what_may_be_about_anything_nothing_holds() {
        let now = Instant::now();
        let mut log = Log::new(at(0), now);
        log.note(at(1), &[Topic::Channel(user(1))], &ended(1), now);
        log.note(at(2), &[Topic::All], &Event::Hidden, now);
        for topic in [Topic::Streams, Topic::Category(Category::Study), Topic::Channel(user(1)), Topic::Channel(user(2))] {
            assert!(!log.holds(at(1), &[topic]) && log.holds(at(2), &[topic]), "{topic}");
        }
    }

    #[test]
    fn forgetting_topics_makes_nothing_hold_that_does_not() {
        let now = Instant::now();
        let mut log = Log::new(at(0), now);
        let n = u64::try_from(MEMORY).unwrap() + 1;
        for n in 1..=n {
            log.note(at(n), &[Topic::Channel(user(n))], &ended(n), now);
        }
        assert!(log.topics.len() <= MEMORY / 2 + 1);
        assert!(!log.holds(at(0), &[Topic::Channel(user(1))]), "it changed and is forgotten");
        assert!(log.holds(at(n), &[Topic::Channel(user(1))]) && log.holds(at(n), &[Topic::Channel(user(n))]));
        assert!(!log.holds(at(n - 1), &[Topic::Channel(user(n))]));
    }

    #[test]
    fn a_moment_is_told_as_a_position_that_was_reached_before_it() {
        let start = Instant::now();
        let mut log = Log::new(at(0), start);
        let after = |millis| start + Duration::from_millis(millis);
        assert_eq!(log.position_at(start), None);
        assert_eq!(log.position_at(after(1)), Some(at(0)));
        for n in 1..=5_u64 {
            log.note(at(n), &[Topic::Streams], &ended(n), start + MOMENT * u32::try_from(n).unwrap());
        }
        log.note(at(6), &[Topic::Streams], &ended(6), after(501));
        log.note(at(7), &[Topic::Streams], &ended(7), after(502));
        assert_eq!(log.position_at(after(250)), Some(at(2)));
        assert_eq!(log.position_at(after(502)), Some(at(5)), "what came within a tenth of a second is taken together");
        assert_eq!(log.position_at(after(503)), Some(at(7)), "but the last is known");
    }
}
