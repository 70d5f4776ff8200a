//! What this tab has been told of which topic: who reads what, from where to go on, and whether something is missing.
//!
//! Pure, so that the promise "no silent gap" can be tested without a browser. It never decides by guess: what cannot be
//! proved complete is reported, and its readers take a new snapshot.

use super::few::Few;
use domain::event::{Heartbeat, MAX_TOPICS, Position, Topic, TopicSequence, Update};

/// Names one reader.
pub(crate) type ReaderId = u32;

/// One part of the page that shows what its topics say.
#[derive(Debug)]
struct Reader {
    topics: Vec<Topic>,
    /// Everything up to here has been delivered to it, or was in its snapshot.
    position: Position,
    /// Whether the open connection delivers all that follows `position`.
    is_covered: bool,
}

#[derive(Debug, Clone, Copy)]
struct Track {
    /// The topic's own sequence. Unknown until the connection has said where it begins.
    sequence: Option<u64>,
    /// The last event of the topic, or where the connection began.
    heard: Position,
    /// Whether this tab read it when the connection began.
    is_own: bool,
}

/// What to do after something arrived.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// Who gets the event.
    pub(crate) deliver: Vec<ReaderId>,
    /// Who needs a new snapshot.
    pub(crate) resync: Vec<ReaderId>,
}

/// What to ask the server for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) topics: Vec<Topic>,
    pub(crate) after: Position,
}

impl Request {
    /// Asks for what another asks for, too, as far as the server takes so many topics.
    /// Where the positions are of different epochs, the other's readers are told to resync by the first answer.
    pub(crate) fn include(&mut self, other: Self) {
        for topic in other.topics {
            if !self.topics.contains(&topic) && self.topics.len() < MAX_TOPICS {
                self.topics.push(topic);
            }
        }
        self.after = other.after.not_after(self.after);
    }
}

#[derive(Debug, Default)]
pub(crate) struct Ledger {
    readers: Few<ReaderId, Reader>,
    next_reader: ReaderId,
    /// The topics of the open connection.
    tracks: Few<Topic, Track>,
    /// The last heartbeat of the open connection.
    claim: Option<Heartbeat>,
}

impl Ledger {
    /// Adds a reader whose snapshot was taken at `position`.
    pub(crate) fn add(&mut self, topics: Vec<Topic>, position: Position) -> ReaderId {
        self.next_reader += 1;
        let is_covered = topics.iter().all(|topic| {
            let heard = self.tracks.get(*topic).map(|track| track.heard);
            heard.is_some_and(|heard| heard.epoch == position.epoch && heard.sequence <= position.sequence)
        });
        self.readers.insert(self.next_reader, Reader { topics, position, is_covered });
        self.next_reader
    }

    pub(crate) fn remove(&mut self, reader: ReaderId) {
        self.readers.remove(reader);
    }

    /// Whether a reader waits for something that the open connection does not deliver.
    /// Topics that nobody reads any more are no reason; they are left out the next time. See also [`Self::lingers`].
    pub(crate) fn needs_opening(&self) -> bool {
        self.readers.iter().any(|(_, reader)| !reader.is_covered)
    }

    /// Whether this tab reads a channel, where its reader counts as present.
    pub(crate) fn reads_a_channel(&self) -> bool {
        self.readers.iter().any(|(_, reader)| reader.topics.iter().any(|topic| matches!(topic, Topic::Channel(_))))
    }

    /// Whether the open connection still reads for this page a channel that it shows no more: there its reader counts as present.
    pub(crate) fn lingers(&self) -> bool {
        let is_left = |topic: &Topic| !self.readers.iter().any(|(_, reader)| reader.topics.contains(topic));
        self.tracks.iter().any(|(topic, track)| track.is_own && matches!(topic, Topic::Channel(_)) && is_left(topic))
    }

    /// Whether the open connection reads a channel for other tabs only: there its reader counts as present as long as it does.
    pub(crate) fn reads_a_channel_for_others(&self) -> bool {
        self.tracks.iter().any(|(topic, track)| !track.is_own && matches!(topic, Topic::Channel(_)))
    }

    /// What a new connection must deliver: all topics that are read, from the earliest position that any reader needs.
    /// `None` when nobody reads anything.
    pub(crate) fn request(&self) -> Option<Request> {
        // The newest reader has the newest snapshot. One of another epoch is told to resync by the first answer.
        let epoch = self.readers.iter().next_back()?.1.position.epoch;
        let positions = self.readers.iter().map(|(_, reader)| reader.position).filter(|position| position.epoch == epoch);
        let after = positions.min_by_key(|position| position.sequence)?;
        let mut topics = Vec::new();
        for topic in self.readers.iter().flat_map(|(_, reader)| &reader.topics) {
            if !topics.contains(topic) {
                topics.push(*topic);
            }
        }
        Some(Request { topics, after })
    }

    /// Begins a new connection, which was asked for this: perhaps also for others, or without some reader of this tab.
    pub(crate) fn open(&mut self, request: &Request) {
        self.tracks.clear();
        self.claim = None;
        for topic in &request.topics {
            let is_own = self.readers.iter().any(|(_, reader)| reader.topics.contains(topic));
            self.tracks.insert(*topic, Track { sequence: None, heard: request.after, is_own });
        }
        for (_, reader) in self.readers.iter_mut() {
            reader.is_covered =
                reader.topics.iter().all(|topic| request.topics.contains(topic)) && !reader.position.is_before(request.after);
        }
    }

    /// Notes that the connection is gone.
    pub(crate) fn close(&mut self) {
        self.tracks.clear();
        self.claim = None;
        for (_, reader) in self.readers.iter_mut() {
            reader.is_covered = false;
        }
    }

    /// Takes an event in.
    pub(crate) fn update(&mut self, position: Position, update: &Update) -> Outcome {
        let mut outcome = Outcome { deliver: Vec::new(), resync: self.readers_of_other_epoch(position) };
        let mut lost = Vec::new();
        for TopicSequence { topic, sequence } in &update.topics {
            let Some(track) = self.tracks.get_mut(*topic) else { continue };
            if track.sequence.is_some_and(|known| *sequence > known + 1) {
                lost.push(*topic);
            }
            if track.sequence.is_none_or(|known| *sequence > known) {
                *track = Track { sequence: Some(*sequence), heard: position, ..*track };
            }
        }
        for (id, reader) in self.readers.iter_mut() {
            if !reader.is_covered || position.sequence <= reader.position.sequence {
                continue;
            }
            // The connection is in order, so whatever the reader's topics had before this event has been delivered too.
            reader.position = position;
            if reader.topics.iter().any(|topic| lost.contains(topic)) && !outcome.resync.contains(id) {
                outcome.resync.push(*id);
            } else if update.topics.iter().any(|published| reader.topics.contains(&published.topic)) {
                outcome.deliver.push(*id);
            }
        }
        outcome
    }

    /// Takes a heartbeat in.
    ///
    /// The first of a connection says where its topics begin. A later one may overtake events that are on their way, so
    /// what it claims is only held against a topic when the next one comes and the events still have not.
    pub(crate) fn heartbeat(&mut self, heartbeat: Heartbeat) -> Outcome {
        let mut outcome = Outcome { deliver: Vec::new(), resync: self.readers_of_other_epoch(heartbeat.position) };
        let Some(claim) = self.claim.replace(heartbeat) else {
            self.begin_at_claim();
            return outcome;
        };
        let mut lost = Vec::new();
        for TopicSequence { topic, sequence } in &claim.topics {
            let Some(track) = self.tracks.get_mut(*topic) else { continue };
            if track.sequence.is_none_or(|known| known < *sequence) {
                *track = Track { sequence: Some(*sequence), heard: claim.position, ..*track };
                lost.push(*topic);
            }
        }
        for (id, reader) in self.readers.iter_mut().filter(|(_, reader)| reader.is_covered) {
            if claim.position.sequence > reader.position.sequence {
                reader.position = claim.position;
            }
            if reader.topics.iter().any(|topic| lost.contains(topic)) {
                outcome.resync.push(*id);
            }
        }
        outcome
    }

    /// The server could not prove continuity: every reader starts anew from here.
    pub(crate) fn resync(&mut self, heartbeat: Heartbeat) -> Outcome {
        let position = heartbeat.position;
        self.claim = Some(heartbeat);
        for (_, track) in self.tracks.iter_mut() {
            track.heard = position;
        }
        self.begin_at_claim();
        for (_, reader) in self.readers.iter_mut() {
            reader.position = position;
        }
        Outcome { deliver: Vec::new(), resync: self.readers.iter().map(|(id, _)| *id).collect() }
    }

    fn begin_at_claim(&mut self) {
        for TopicSequence { topic, sequence } in self.claim.iter().flat_map(|claim| &claim.topics) {
            if let Some(track) = self.tracks.get_mut(*topic) {
                track.sequence = Some(*sequence);
            }
        }
    }

    /// Positions of different epochs cannot be compared, so these readers start anew from here.
    fn readers_of_other_epoch(&mut self, position: Position) -> Vec<ReaderId> {
        let others = self.readers.iter_mut().filter(|(_, reader)| reader.is_covered && reader.position.epoch != position.epoch);
        others
            .map(|(id, reader)| {
                reader.position = position;
                *id
            })
            .collect()
    }
}

#[cfg(test)]
mod tests;
