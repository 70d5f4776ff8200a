//! The pace of changes: what follows closely is merged, so that a busy stream costs each reader few events.
//!
//! Of one stream the first change goes out at once, and what changes within an interval after it goes out at its end, as the
//! newest state. Viewer counts are one event per topic and interval. Everything else goes out at once, and what waits of a
//! stream goes before its start and its end, so that nothing about one stream is told out of order.
//!
//! A state machine without a clock: whoever uses it says what time it is.

use domain::{
    UserId,
    event::{Event, Topic, ViewerCount},
};
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

/// How often a reader hears of one stream, and of the viewers in one topic, at most.
const INTERVAL: Duration = Duration::from_millis(250);

/// An event, and whom it concerns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) topics: Vec<Topic>,
    pub(super) event: Event,
}

/// What keeps a pace of its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Subject {
    Stream(UserId),
    Viewers(Vec<Topic>),
}

impl Subject {
    /// What an event is paced with, unless it goes out at once.
    fn of(topics: &[Topic], event: &Event) -> Option<Self> {
        match event {
            Event::StreamUpdated { stream, .. } => Some(Self::Stream(stream.channel)),
            Event::Viewers { .. } => {
                let mut topics = topics.to_vec();
                topics.sort_unstable();
                Some(Self::Viewers(topics))
            }
            _ => None,
        }
    }
}

/// The time after something was told, in which more of the same waits.
#[derive(Debug)]
struct Window {
    ends: Instant,
    waiting: Option<Told>,
}

/// What was told lately, and what waits. It holds what changed within one interval, and nothing else.
#[derive(Debug, Default)]
pub(super) struct Pace {
    windows: BTreeMap<Subject, Window>,
}

impl Pace {
    /// What must be told before this event, because it is about the same stream and came earlier.
    pub(super) fn overtaken_by(&mut self, event: &Event) -> Option<Told> {
        let channel = match event {
            Event::StreamStarted { stream } => stream.channel,
            Event::StreamEnded { channel, .. } => {
                self.forget_viewers(*channel);
                *channel
            }
            Event::ChannelUpdated { channel, .. } => {
                return self.windows.get_mut(&Subject::Stream(*channel)).and_then(|window| window.waiting.take());
            }
            _ => return None,
        };
        self.windows.remove(&Subject::Stream(channel)).and_then(|window| window.waiting)
    }

    /// Whether an event is to be told now. If not, it waits from here on, merged with what waits already.
    pub(super) fn admit(&mut self, topics: &[Topic], event: &Event, now: Instant) -> bool {
        if let Event::Viewers { counts } = event {
            self.update_cards(counts);
        }
        let Some(subject) = Subject::of(topics, event) else { return true };
        let window = self.windows.get_mut(&subject).filter(|window| window.waiting.is_some() || now < window.ends);
        if let Some(window) = window {
            let newer = Told { topics: topics.to_vec(), event: event.clone() };
            window.waiting = Some(match window.waiting.take() {
                None => newer,
                Some(older) => merge(older, newer),
            });
            return false;
        }
        self.windows.retain(|_, window| window.waiting.is_some() || now < window.ends);
        self.windows.insert(subject, Window { ends: now + INTERVAL, waiting: None });
        true
    }

    /// What has waited long enough.
    pub(super) fn due(&mut self, now: Instant) -> Vec<Told> {
        let mut due = Vec::new();
        for window in self.windows.values_mut().filter(|window| window.ends <= now) {
            if let Some(told) = window.waiting.take() {
                window.ends = now + INTERVAL;
                due.push(told);
            }
        }
        due
    }

    /// When something is due next, if anything waits.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.windows.values().filter(|window| window.waiting.is_some()).map(|window| window.ends).min()
    }

    /// A card that waits must not bring an older count after a newer one was told.
    fn update_cards(&mut self, counts: &[ViewerCount]) {
        for count in counts {
            let window = self.windows.get_mut(&Subject::Stream(count.channel));
            if let Some(Told { event: Event::StreamUpdated { stream, .. }, .. }) =
                window.and_then(|window| window.waiting.as_mut())
            {
                stream.live.viewers = count.viewers;
            }
        }
    }

    /// A broadcast that follows begins with nobody.
    fn forget_viewers(&mut self, channel: UserId) {
        for window in self.windows.values_mut() {
            let Some(Told { event: Event::Viewers { counts }, .. }) = &mut window.waiting else { continue };
            counts.retain(|count| count.channel != channel);
            if counts.is_empty() {
                window.waiting = None;
            }
        }
    }
}

/// The newest state in place of two changes, for everybody whom one of them concerns.
fn merge(older: Told, newer: Told) -> Told {
    let Told { mut topics, event } = newer;
    topics.extend(older.topics);
    topics.sort_unstable();
    topics.dedup();
    let event = match (older.event, event) {
        // Lists have it where it was before the first of the two.
        (Event::StreamUpdated { previous_category, .. }, Event::StreamUpdated { stream, .. }) => {
            Event::StreamUpdated { stream, previous_category }
        }
        (Event::Viewers { counts: older }, Event::Viewers { counts: newer }) => {
            let counts: BTreeMap<UserId, ViewerCount> =
                older.into_iter().chain(newer).map(|count| (count.channel, count)).collect();
            Event::Viewers { counts: counts.into_values().collect() }
        }
        (_, newer) => newer,
    };
    Told { topics, event }
}

#[cfg(test)]
mod tests;
