//! What is to be delivered of what the other servers say, and when readers must start anew: the decisions of the receiver,
//! without the ways on which words come.
//!
//! Of each server every word is delivered once and in order, or continuity is lost after it was said. To be sure of that,
//! something must follow: a word that shows a gap, or, where Redis may have lost the last of them, the proof of each server
//! that was alive that nothing of it is missing. Only who begins, speaks and dies while nothing is heard, and then Redis
//! forgets it, is known to nobody.

use super::{
    ledger::{Ledger, Verdict},
    message::Message,
    sender::BEAT_INTERVAL,
};
use std::{
    collections::{BTreeMap, HashMap},
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

/// What Redis says when its channel is heard, at first or again.
#[derive(Default)]
pub(super) struct Remembered {
    /// Another one than before means that it has forgotten. None when it did not say.
    pub(super) epoch: Option<String>,
    /// What its stream keeps, the oldest first.
    pub(super) kept: Vec<Message>,
    /// Whether that goes back to the beginning of its epoch.
    pub(super) is_whole: bool,
}

/// The end of a cut.
struct Mended {
    at: Instant,
    /// Until when everybody had been heard before it.
    everybody_until: Instant,
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
    /// Servers that must still say that nothing of theirs is missing, how far they are known to have spoken, and since when
    /// they could have said so.
    unproven: HashMap<Uuid, u64>,
    doubted: Instant,
    /// When the channel was last heard, be it with this server's own words.
    heard: Instant,
    mended: Option<Mended>,
    /// The last event that is known to be in the stream: while it is still there, nothing behind it was trimmed.
    last: Option<(Uuid, u64)>,
}

impl<A: Audience> Reception<A> {
    pub(super) fn new(own: Uuid, audience: A, ledger: Arc<Mutex<Ledger>>, now: Instant) -> Self {
        let (unproven, doubted, heard) = (HashMap::new(), now, now);
        Self { own, audience, ledger, epoch: None, opened: None, begun: None, unproven, doubted, heard, mended: None, last: None }
    }

    /// A server spoke on the channel of Redis, and what it said was taken: nothing that it said before is missing. What is found
    /// in PostgreSQL proves no such thing, since more may have been said since.
    pub(super) fn channel_spoke(&mut self, message: &Message, now: Instant) {
        self.heard = now;
        self.unproven.remove(&message.origin);
        if !message.word.is_beat() {
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
        self.accept(positions.iter().copied(), now);
        self.opened.get_or_insert(now);
        self.begun = (!has_redis).then_some(now);
    }

    /// From here on the channel of Redis is heard. What was read before now may miss what was said before now.
    pub(super) fn subscribed(&mut self, remembered: Option<Remembered>, now: Instant) {
        let Remembered { epoch, kept, .. } = remembered.unwrap_or_default();
        self.epoch = epoch;
        // Of each server the last remains.
        let newest: HashMap<Uuid, u64> = kept.iter().map(|message| (message.origin, message.sequence)).collect();
        self.accept(newest, now);
        self.note_newest(&kept);
        self.audience.lose_continuity();
        self.ledger().set_open(true);
        self.opened = Some(now);
    }

    fn accept(&self, positions: impl IntoIterator<Item = (Uuid, u64)>, now: Instant) {
        let mut ledger = self.ledger();
        for (origin, sequence) in positions {
            ledger.accept(origin, sequence, now);
        }
    }

    fn note_newest(&mut self, kept: &[Message]) {
        self.last = kept.last().map(|newest| (newest.origin, newest.sequence)).or(self.last);
    }

    /// Whether it is too early to tell what is old from what is missing, or Redis could not be asked at the beginning.
    pub(super) fn is_beginning(&self) -> bool {
        self.opened.is_some() || self.epoch.is_none()
    }

    /// Takes from the stream what was missed, and finds out whether that is all. None when Redis does not answer: then the beats
    /// show what is missing.
    pub(super) fn reconnected(&mut self, remembered: Option<Remembered>, now: Instant) {
        let Some(Remembered { epoch, kept, is_whole }) = remembered else { return self.doubt(now) };
        let everybody_until = self.everybody_until();
        let last = kept.iter().position(|kept| self.last == Some((kept.origin, kept.sequence)));
        let remembers = epoch.is_some() && self.epoch == epoch;
        self.epoch = epoch;
        // Those who had to prove something before could not.
        self.doubted = now;
        // One that was restored from a copy remembers less than this server knows.
        if !(remembers && (last.is_some() || (is_whole && self.last.is_none()))) {
            self.doubt(now);
        }
        self.mended = Some(Mended { at: now, everybody_until });
        if !remembers {
            self.last = None;
        }
        self.note_newest(&kept);
        let own = self.own;
        for (place, message) in kept.iter().enumerate().filter(|(_, kept)| kept.origin != own) {
            let is_old = last.is_some_and(|last| place <= last);
            if self.ledger().judge_kept(message, is_old, now) {
                self.audience.deliver(message);
            } else if self.ledger().position(message.origin) < message.sequence {
                // What is missing before it is looked for at the next beat, unless the server is gone.
                self.unproven.insert(message.origin, message.sequence);
            }
        }
    }

    /// From now on every server that was just alive must prove that nothing of it is missing, and whoever had to already.
    fn doubt(&mut self, now: Instant) {
        let until = self.everybody_until();
        let alive = self.ledger().since(until.checked_sub(BEAT_INTERVAL * BEATS).unwrap_or(until));
        for (origin, sequence) in alive {
            self.unproven.entry(origin).or_insert(sequence);
        }
        self.doubted = now;
    }

    /// Until when everybody was heard who was alive: after a cut not all have spoken yet.
    fn everybody_until(&self) -> Instant {
        let has_time = |mended: &&Mended| self.heard.saturating_duration_since(mended.at) < BEAT_INTERVAL * BEATS;
        self.mended.as_ref().filter(has_time).map_or(self.heard, |mended| mended.everybody_until)
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
        let is_deaf = now.duration_since(self.heard) > BEAT_INTERVAL * BEATS;
        if !is_redis_up || is_deaf {
            // Nobody can prove anything; of its own words this server hears one in each interval.
            self.doubted = now;
        } else if !self.unproven.is_empty() && is_over(self.doubted) {
            tracing::warn!("a server is gone with what it said last; readers start anew");
            for (origin, sequence) in std::mem::take(&mut self.unproven) {
                // How far it is known to have spoken is over and done with, or what it left would be told later.
                self.ledger().skip_to(origin, sequence);
            }
            self.audience.lose_continuity();
        }
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
