//! Who is where, as one server knows it: its own connections, and what the other servers said last.
//!
//! A state machine without a clock and without a network: whoever uses it says what time it is, and carries what it says.
//!
//! A server says of a channel all that it knows, never a difference: what is lost, doubled or late is put right by what is
//! said next, and nothing can be counted twice or fall below zero. People are the union over all servers. A server names at
//! most [`SAMPLE`] people of a channel, those with the lowest names. Names are as good as random, so where a server has more
//! people than it names, the share of people who are at several servers is known to about three percent; below that, and
//! wherever nobody is at two servers, the count is exact.

use domain::UserId;
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::{Duration, Instant},
};
use uuid::Uuid;

/// People of a channel whom a server names to the others at most.
pub(super) const SAMPLE: usize = 1024;
/// Channels that may wait to be said. One that has no place is said when it is due again, or forgotten by the others.
const UNSAID: usize = 20_000;

/// Somebody on one channel: a keyed hash, which tells nobody who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Person(pub(super) u64);

/// What one server says of one channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Said {
    pub(super) channel: UserId,
    /// How many are there.
    n: u32,
    /// The lowest of them, in their order.
    people: Vec<Person>,
}

impl Said {
    pub(super) fn channel(&self) -> UserId {
        self.channel
    }

    /// How many people it names.
    pub(super) fn n_named(&self) -> usize {
        self.people.len()
    }
}

/// How long what was said counts, and how often it is said again although nothing changed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Validity {
    pub(super) repeat: Duration,
    pub(super) lifetime: Duration,
}

#[derive(Debug)]
pub(super) struct Census {
    validity: Validity,
    /// Where somebody is connected here: no more than there are topics of open connections.
    rooms: HashMap<UserId, Room>,
    /// What the other servers said: as bounded as it is there, and it expires.
    others: HashMap<Uuid, Server>,
    /// What the others must be told.
    unsaid: BTreeSet<UserId>,
    /// The rooms whose readers may see an old count.
    unshown: BTreeSet<UserId>,
}

/// The people who are connected here to one channel.
#[derive(Debug)]
struct Room {
    /// With the connections of each.
    people: BTreeMap<Person, u32>,
    /// The count that its readers were told; 0 before the first.
    shown: u32,
    /// When the others are told again.
    repeat_at: Instant,
}

/// Another server.
#[derive(Debug)]
struct Server {
    /// The number of its last word, and until when an earlier one might still come.
    last: u64,
    until: Instant,
    rooms: HashMap<UserId, Heard>,
}

#[derive(Debug)]
struct Heard {
    n: u32,
    people: Vec<Person>,
    until: Instant,
}

impl Census {
    pub(super) fn new(validity: Validity) -> Self {
        let (rooms, others) = (HashMap::new(), HashMap::new());
        Self { validity, rooms, others, unsaid: BTreeSet::new(), unshown: BTreeSet::new() }
    }

    /// Somebody opened a connection here.
    pub(super) fn enter(&mut self, channel: UserId, person: Person, now: Instant) {
        let room = self.rooms.entry(channel).or_insert_with(|| Room { people: BTreeMap::new(), shown: 0, repeat_at: now });
        let connections = room.people.entry(person).or_default();
        *connections += 1;
        if *connections == 1 {
            self.changed_here(channel);
        }
    }

    /// A connection that was entered here is closed.
    pub(super) fn leave(&mut self, channel: UserId, person: Person) {
        let Some(room) = self.rooms.get_mut(&channel) else { return };
        let Some(connections) = room.people.get_mut(&person) else { return };
        *connections -= 1;
        if *connections > 0 {
            return;
        }
        room.people.remove(&person);
        if room.people.is_empty() {
            self.rooms.remove(&channel);
        }
        self.changed_here(channel);
    }

    fn changed_here(&mut self, channel: UserId) {
        self.owe([channel]);
        self.touch([channel]);
    }

    /// The counts may be others now. Where nobody is connected here there is nobody to be told.
    fn touch(&mut self, channels: impl IntoIterator<Item = UserId>) {
        for channel in channels {
            if self.rooms.contains_key(&channel) {
                self.unshown.insert(channel);
            } else {
                self.unshown.remove(&channel);
            }
        }
    }

    /// Another server says what it knows of some channels.
    pub(super) fn hear(&mut self, server: Uuid, sequence: u64, said: Vec<Said>, now: Instant) {
        let until = now + self.validity.lifetime;
        let Some(server) = self.speaker(server, sequence, now) else { return };
        let mut touched = Vec::with_capacity(said.len());
        for Said { channel, n, mut people } in said {
            people.truncate(SAMPLE);
            if n == 0 {
                server.rooms.remove(&channel);
            } else {
                server.rooms.insert(channel, Heard { n, people, until });
            }
            touched.push(channel);
        }
        self.touch(touched);
    }

    /// Another server stops, and takes its connections with it.
    pub(super) fn hear_leaving(&mut self, server: Uuid, sequence: u64, now: Instant) {
        let Some(server) = self.speaker(server, sequence, now) else { return };
        let rooms = std::mem::take(&mut server.rooms);
        self.touch(rooms.into_keys());
    }

    /// The server that says something, unless it said something else since.
    fn speaker(&mut self, server: Uuid, sequence: u64, now: Instant) -> Option<&mut Server> {
        let until = now + self.validity.lifetime;
        let server = self.others.entry(server).or_insert_with(|| Server { last: 0, until, rooms: HashMap::new() });
        if sequence <= server.last {
            return None;
        }
        (server.last, server.until) = (sequence, until);
        Some(server)
    }

    /// Forgets what was not said again in time: its server is gone, or cannot be heard.
    pub(super) fn expire(&mut self, now: Instant) {
        let mut over = Vec::new();
        for server in self.others.values_mut() {
            over.extend(server.rooms.extract_if(|_, heard| heard.until <= now).map(|(channel, _)| channel));
        }
        self.others.retain(|_, server| server.until > now);
        self.touch(over);
    }

    /// Lets the others be told of everything.
    pub(super) fn repeat(&mut self) {
        let now_here: Vec<UserId> = self.rooms.keys().copied().collect();
        self.owe(now_here);
    }

    /// Lets the others be told of these, as of what did not reach them.
    pub(super) fn owe(&mut self, channels: impl IntoIterator<Item = UserId>) {
        let n_free = UNSAID.saturating_sub(self.unsaid.len());
        self.unsaid.extend(channels.into_iter().take(n_free));
    }

    /// What the others are to be told now: what changed, and what they would forget.
    pub(super) fn say(&mut self, now: Instant) -> Vec<Said> {
        let mut due = std::mem::take(&mut self.unsaid);
        due.extend(self.rooms.iter().filter(|(_, room)| room.repeat_at <= now).map(|(channel, _)| *channel));
        let mut said = Vec::with_capacity(due.len());
        for channel in due {
            let (n, people) = match self.rooms.get_mut(&channel) {
                Some(room) => {
                    room.repeat_at = now + self.validity.repeat.mul_f64(spread(channel));
                    (count(room.people.len()), room.people.keys().take(SAMPLE).copied().collect())
                }
                None => (0, Vec::new()),
            };
            said.push(Said { channel, n, people });
        }
        said
    }

    /// The counts that are others than readers here were told, who are told now.
    pub(super) fn show(&mut self) -> Vec<(UserId, u32)> {
        let mut changed = Vec::new();
        for channel in std::mem::take(&mut self.unshown) {
            let present = self.count(channel);
            if let Some(room) = self.rooms.get_mut(&channel)
                && room.shown != present
            {
                room.shown = present;
                changed.push((channel, present));
            }
        }
        changed
    }

    /// What the page of a channel begins with. Where it has readers here it is what they were told, so that whatever
    /// changes after it is told.
    pub(super) fn present(&self, channel: UserId) -> u32 {
        match self.rooms.get(&channel) {
            Some(room) if room.shown > 0 => room.shown,
            _ => self.count(channel),
        }
    }

    /// How many different people there are, over all servers.
    pub(super) fn count(&self, channel: UserId) -> u32 {
        let mut total: u64 = 0;
        let mut named: Vec<Person> = Vec::new();
        // Up to here every server names everybody.
        let mut end = Person(u64::MAX);
        let mut add = |n: usize, people: &mut dyn Iterator<Item = Person>| {
            total += u64::try_from(n).unwrap_or(u64::MAX);
            let before = named.len();
            named.extend(people);
            if let Some(last) = named.last().filter(|_| named.len() - before < n) {
                end = end.min(*last);
            }
        };
        if let Some(room) = self.rooms.get(&channel) {
            add(room.people.len(), &mut room.people.keys().take(SAMPLE).copied());
        }
        for heard in self.others.values().filter_map(|server| server.rooms.get(&channel)) {
            add(usize::try_from(heard.n).unwrap_or(usize::MAX), &mut heard.people.iter().copied());
        }
        named.retain(|person| *person <= end);
        named.sort_unstable();
        let n_named = named.len();
        named.dedup();
        let (distinct, with_repeats) = (number(named.len()), number(n_named).max(1));
        let estimate = (u128::from(total) * u128::from(distinct) + u128::from(with_repeats / 2)) / u128::from(with_repeats);
        u32::try_from(estimate).unwrap_or(u32::MAX)
    }
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn number(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

/// Three quarters to all of the time, different for each channel, so that they drift apart.
fn spread(channel: UserId) -> f64 {
    0.75 + f64::from(channel.0.as_bytes()[15]) / 1024.0
}

#[cfg(test)]
mod tests;
