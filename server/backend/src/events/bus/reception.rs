//! What is to be delivered of what the other servers say, and when readers must start anew: the decisions of the receiver,
//! without the ways on which words come.
//!
//! Of each server every word is delivered once and in order, or continuity is lost after it was said. To be sure of that,
//! something must follow: a word that shows a gap, or, where Redis may have lost the last of them, the proof of each server
//! that was alive that nothing of it is missing.

use super::{
    ledger::{Ledger, Verdict},
    message::{Message, Word},
    sender::BEAT_INTERVAL,
};
use std::{
    collections::{BTreeMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use uuid::Uuid;

#[cfg(test)]
mod tests;

/// Until when a server that was here before gives a sign of life: so long a silent one counts as gone.
const MEETING: Duration = Duration::from_secs(15);
/// In how many beats every server that is alive has been heard.
const BEATS: u32 = 3;

/// Who is told.
pub(super) trait Audience {
    fn deliver(&mut self, message: &Message);
    /// Everybody takes a new snapshot, from now on.
    fn lose_continuity(&mut self);
}

/// What Redis says after the channel was silent for this server alone.
pub(super) struct Remembered {
    /// Another one than before means that it has forgotten.
    pub(super) epoch: String,
    /// What its stream keeps, the oldest first.
    pub(super) kept: Vec<Message>,
    /// Whether that goes back to the beginning of its epoch.
    pub(super) is_whole: bool,
}

pub(super) struct Reception<A> {
    own: Uuid,
    audience: A,
    ledger: Arc<Mutex<Ledger>>,
    /// What Redis remembered when it was last asked.
    epoch: Option<String>,
    /// Until when the ledger is open.
    opened: Option<Instant>,
    /// When this server began, until it is known whether others were here before.
    begun: Option<Instant>,
    /// Servers that must still say that nothing of theirs is missing, and until when.
    unproven: HashSet<Uuid>,
    doubted: Instant,
    /// When the channel was last heard, be it with this server's own words.
    heard: Instant,
    /// The last event there: whatever the stream has behind it was missed, and nothing else if it still has it.
    last: Option<(Uuid, u64)>,
}

impl<A: Audience> Reception<A> {
    pub(super) fn new(own: Uuid, audience: A, ledger: Arc<Mutex<Ledger>>, now: Instant) -> Self {
        let (unproven, doubted, heard) = (HashSet::new(), now, now);
        Self { own, audience, ledger, epoch: None, opened: None, begun: None, unproven, doubted, heard, last: None }
    }

    /// A server spoke on the channel of Redis, and what it said was taken: nothing that it said before is missing. What is found
    /// in PostgreSQL proves no such thing, since more may have been said since.
    pub(super) fn channel_spoke(&mut self, message: &Message, now: Instant) {
        self.heard = now;
        self.unproven.remove(&message.origin);
        if let Word::Event { .. } = message.word {
            self.last = Some((message.origin, message.sequence));
        }
    }

    /// Takes a message. If something is missing before it, answers after which number of its server; the message then waits
    /// for [`Self::complete`].
    pub(super) fn hear(&mut self, message: &Message, now: Instant) -> Option<u64> {
        if message.origin == self.own {
            return None;
        }
        let is_gap = self.take(message, now) == Verdict::Gap;
        is_gap.then(|| self.ledger().position(message.origin))
    }

    /// Takes what was found of a server, by its numbers, and then the message that showed a gap. What is missing still is lost.
    pub(super) fn complete(&mut self, found: &BTreeMap<u64, Message>, message: &Message, now: Instant) {
        for found in found.values() {
            if self.take(found, now) == Verdict::Gap {
                break;
            }
        }
        if self.take(message, now) == Verdict::Gap {
            tracing::warn!(origin = %message.origin, "events of another server are lost; readers start anew");
            self.ledger().accept(message.origin, message.sequence, now);
            self.audience.lose_continuity();
            self.audience.deliver(message);
        }
    }

    /// Delivers a message if it is the next of its server.
    fn take(&mut self, message: &Message, now: Instant) -> Verdict {
        let verdict = self.ledger().judge(message, now);
        if verdict == Verdict::Next {
            self.audience.deliver(message);
        }
        verdict
    }

    /// Where the servers stand that left something in PostgreSQL. Without Redis, others may be there that left nothing.
    pub(super) fn begin(&mut self, positions: &[(Uuid, u64)], has_redis: bool, now: Instant) {
        for (origin, sequence) in positions {
            self.ledger().accept(*origin, *sequence, now);
        }
        self.opened.get_or_insert(now);
        self.begun = (!has_redis).then_some(now);
    }

    /// From here on the channel of Redis is heard. What was read before now may miss what was said before now.
    pub(super) fn subscribed(&mut self, epoch: Option<String>, now: Instant) {
        self.epoch = epoch;
        self.audience.lose_continuity();
        self.ledger().set_open(true);
        self.opened = Some(now);
    }

    /// Whether it is too early to tell what is old from what is missing.
    pub(super) fn is_beginning(&self) -> bool {
        self.opened.is_some()
    }

    /// Takes from the stream what was missed, and finds out whether that is all. None when Redis does not answer: another
    /// reconnection follows, and until then the beats show what is missing.
    pub(super) fn reconnected(&mut self, remembered: Option<Remembered>, now: Instant) {
        let Some(Remembered { epoch, kept, is_whole }) = remembered else { return self.doubt(now) };
        let is_whole = is_whole || kept.iter().any(|kept| self.last == Some((kept.origin, kept.sequence)));
        let remembers = self.epoch.as_ref().is_none_or(|known| *known == epoch);
        self.epoch = Some(epoch);
        if !(remembers && is_whole) {
            self.doubt(now);
        }
        self.last = kept.last().map(|newest| (newest.origin, newest.sequence)).or(self.last);
        let own = self.own;
        for message in kept.iter().filter(|kept| kept.origin != own) {
            if self.take(message, now) == Verdict::Gap {
                // What is missing before it is looked for at the next beat, unless the server is gone.
                self.unproven.insert(message.origin);
                self.doubted = now;
            }
        }
    }

    /// From now on every server that was just alive must prove that nothing of it is missing, and whoever had to already.
    fn doubt(&mut self, now: Instant) {
        let since = self.heard.checked_sub(BEAT_INTERVAL * BEATS).unwrap_or(self.heard);
        let alive = self.ledger().since(since);
        self.unproven.extend(alive);
        self.doubted = now;
    }

    /// To be called once in each interval between beats.
    pub(super) fn check(&mut self, is_redis_up: bool, has_met_peers: bool, now: Instant) {
        let is_over = |since: Instant| now.duration_since(since) > BEAT_INTERVAL * BEATS + Duration::from_millis(500);
        if self.opened.is_some_and(is_over) {
            self.opened = None;
            self.ledger().set_open(false);
        }
        // Without a channel to subscribe to, the others may have taken until now to notice this server, and told nobody what
        // happened meanwhile. A server that was killed before this one came is no other.
        if let Some(begun) = self.begun.filter(|begun| is_over(*begun)) {
            if has_met_peers {
                self.audience.lose_continuity();
            }
            if has_met_peers || now.duration_since(begun) > MEETING {
                self.begun = None;
            }
        }
        if !self.unproven.is_empty() && is_over(self.doubted) && is_redis_up {
            tracing::warn!("a server is gone with what it said last; readers start anew");
            // How far they were heard stays known, or what they left in PostgreSQL would be told again.
            self.unproven.clear();
            self.audience.lose_continuity();
        }
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
